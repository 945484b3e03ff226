"""Wordings in good English: alternatives drawn; articles, subjects and objects filled in.

The templates are data (`text/wordings/registers.yaml`); {s} stands for a subject, {o} for an
object, {r} for a short reference to the subject, `[a|b]` for one of a and b.
"""

import re
from functools import cache
from random import Random

from mucpt_utils import paths
from mucpt_utils.io import read_yaml

# categories in which a subject may name its maker
POSSESSIVE = frozenset({"classical", "opera"})
NAMES_MAKER = re.compile(r"[\w-]+'s ")
# a work named by its form takes an article: the Rhenish Symphony, but Boléro
FORM = re.compile(
    r"(?!(?i:the )|.*'s ).*\b(Symphony|Sonata|Concerto|Overture|Mass|Quartet|Quintet|Requiem)$"
    r"|(Symphony|Rhapsody|Fantasia|Concerto|Adagio|Variations|Serenade|Canon) (of|on|for|in) "
)
ALTERNATIVES = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")


@cache
def registers() -> dict:
    """The vocabulary of the writer: nouns, articles, creators, and the words of each register."""
    return read_yaml(paths.PACKAGE / "text/wordings/registers.yaml")


@cache
def alternatives(template: str) -> tuple[str | tuple[str, ...], ...]:
    """`Some [a|b] text` as plain strings and tuples of alternatives."""
    pieces = ALTERNATIVES.split(template)
    return tuple(tuple(p.split("|")) if i % 2 else p for i, p in enumerate(pieces))


def expand(template: str, rng: Random) -> str:
    """The template with one alternative of each `[a|b|c]` drawn."""
    parts = alternatives(template)
    return "".join(p if isinstance(p, str) else rng.choice(p) for p in parts)


def capitalised(sentence: str) -> str:
    """The sentence with a capital first letter, the rest as it is."""
    return sentence[0].upper() + sentence[1:]


def one_full_stop(sentence: str) -> str:
    """The sentence without a second full stop after a name such as `R.E.M.` or `Help!`."""
    return sentence[:-1] if sentence[-1] == "." and sentence[-2] in ".!?" else sentence


@cache
def with_article(name: str) -> str:
    """The name as it reads inside a sentence: `Netherlands` gives `the Netherlands`."""
    return f"the {name}" if name in registers()["with_article"] else name


@cache
def with_subject(template: str, subject: str) -> str:
    """The template with its subject; `the {s}` loses its article if the subject takes none.

    `What is the capital of {s}?` gives `... of the Netherlands?`; `the {s}`, `Esperanto`.
    """
    if subject in registers()["without_article"]:
        template = template.replace("the {s}", "{s}").replace("The {s}", "{s}")
    return template.replace("{s}", with_article(subject))


@cache
def about(statement: str, category: str, subject: str) -> str:
    """The statement with its subject filled in and {o} still open.

    `the work {s}` loses its noun where the subject names its maker: `Haydn's Trumpet Concerto`.
    """
    if category in POSSESSIVE and NAMES_MAKER.match(subject):
        statement = re.sub(r"\b([Tt]he )(work|piece|opera) \{s\}", "{s}", statement)
    return with_subject(statement, subject)


@cache
def asked_about(question: str, category: str, subject: str) -> str:
    """The question with its subject filled in: `Who composed the Rhenish Symphony?`.

    `the opera {s}` loses its noun where the subject names its maker: `Puccini's La bohème`.
    """
    if category in POSSESSIVE and NAMES_MAKER.match(subject):
        question = question.replace("the opera {s}", "{s}")
    elif category == "classical" and FORM.match(subject):
        question = question.replace("{s}", "the {s}")
    return with_subject(question, subject).replace("??", "?")


@cache
def short_form(statement: str, category: str) -> str | None:
    """The statement with {r} for `the album {s}`; None if a short reference would not read well."""
    nouns = "|".join(registers()["short_reference_nouns"])
    before, subject, after = re.split(
        rf"((?:\b[Tt]he (?:(?:{nouns}) )?)?\{{s\}})", statement, maxsplit=1
    )
    if after.startswith((",", " as ")) or before.endswith(("called ", "known as ", ", ")):
        return None
    if category in ("instrument", "invention", "animal") and subject == "{s}":
        return None
    return f"{before}{{r}}{after}"


def with_object(sentence: str, value: str) -> str:
    """The sentence with its object and the fitting article before it: `an eaglet`, `The Hague`."""
    shown = with_article(value)
    if shown.startswith("The "):
        sentence = sentence.replace("the {o}", "{o}")
    elif shown[0] in "aeiou":
        sentence = sentence.replace(" a {o}", " an {o}").replace("A {o}", "An {o}")
    return one_full_stop(sentence.replace("{o}", shown))
