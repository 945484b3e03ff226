"""The parts of a benchmark question: its subject in all its names, what is asked, in which words.

A question is looked for by these parts and not by its wording: `In what year was the album Marquee
Moon released?` is the subject `marquee moon`, an answer of the kind `time`, and the meaning
`release`, which `come out` and `hit the shops` have too.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from mucpt_utils import paths
from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import read_yaml
from mucpt_utils.knowledge.relations import Relation, load_relations
from mucpt_utils.pipeline.question_words import is_term, stem, without, words

RULES = paths.PACKAGE / "pipeline/rules/decontamination.yaml"
# the kind of an answer that is told by no word that asks
ANY = "any"


class QuestionError(MuCPTError, ValueError):
    """A benchmark question that lacks what it must have to be looked for."""


@dataclass(frozen=True)
class Vocabulary:
    """The rules of what parts may be called: stems of words, by meaning and by kind."""

    empty: frozenset[str]
    wrapping: frozenset[str]
    categories: frozenset[str]
    optional: frozenset[str]
    forms: frozenset[str]
    pronouns: frozenset[str]
    strong: Mapping[str, str]
    kinds: Mapping[str, frozenset[str]]
    answer_types: Mapping[str, str]
    concepts: Mapping[str, frozenset[str]]
    heads: Mapping[tuple[str, ...], str]
    relations: Mapping[str, Sequence[str]]

    @cached_property
    def kinds_of(self) -> Mapping[str, frozenset[str]]:
        """The kinds of answer that a stem asks for."""
        return inverted(self.kinds)

    @cached_property
    def concepts_of(self) -> Mapping[str, frozenset[str]]:
        """The meanings that a stem has."""
        return inverted(self.concepts)


def inverted(groups: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """The groups that each member belongs to."""
    members: dict[str, set[str]] = {}
    for name, group in groups.items():
        for member in group:
            members.setdefault(member, set()).add(name)
    return {member: frozenset(names) for member, names in members.items()}


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary of the rules, word by word in the form in which words are compared."""
    content = read_yaml(RULES)
    names = ("empty", "wrapping", "categories", "optional", "forms", "pronouns")
    return Vocabulary(
        **{name: stems(content[name]) for name in names},
        strong={stem(words(word)[0]): kind for word, kind in content["strong"].items()},
        kinds={kind: stems(group) for kind, group in content["kinds"].items()},
        answer_types=content["answer_types"],
        concepts={
            name: stems(group) - stems(content["strong"])
            for name, group in content["concepts"].items()
        },
        heads={tuple(map(stem, words(phrase))): c for phrase, c in content["heads"].items()},
        relations=content["relations"],
    )


def stems(texts: Iterable[str]) -> frozenset[str]:
    """The stems of all words of some texts."""
    return frozenset(stem(word) for text in texts for word in words(text))


# --- names --------------------------------------------------------------------------------------

BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
POSSESSIVE = re.compile(r"^(?P<author>[^'’()]+?)(?:['’]s|s['’]) (?P<title>.+)$")
YEAR = re.compile(r"1[5-9]\d\d|20\d\d")
STRONG_LETTERS, STRONG_WORDS = 13, 3


@dataclass(frozen=True)
class Name:
    """One name of a subject as it is looked for: the words that must be there, in any order.

    phrase: its words in a row. capitals: those that begin with a capital letter. weak: whether the
    words alone do not show that the subject is meant (`Yesterday`, `Joy Division`).
    """

    text: str
    needed: frozenset[str]
    phrase: tuple[str, ...]
    capitals: frozenset[str]
    weak: bool
    partial: bool

    @classmethod
    def of(cls, text: str, phrase: Sequence[str], partial: bool = False) -> "Name":
        """The name of these words, as they stand in `text`."""
        capitals = frozenset(w for raw in text.split() if raw[:1].isupper() for w in words(raw))
        letters = sum(len(w) for w in phrase)
        telling = any(YEAR.fullmatch(w) for w in phrase) or any(map(is_term, phrase))
        long = len(set(phrase)) >= STRONG_WORDS or letters >= STRONG_LETTERS
        weak = not (telling or (long and len(phrase) > 1))
        return cls(text, frozenset(phrase), tuple(phrase), capitals & set(phrase), weak, partial)


def names_of(subject: str, aliases: Iterable[str] = (), person: bool = False) -> list[Name]:
    """The names that a subject goes by; person: whether its family name alone is one too."""
    names: dict[tuple[str, ...], Name] = {}

    def add(text: str, phrase: Sequence[str], partial: bool = False) -> None:
        if phrase and tuple(phrase) not in names:
            names[tuple(phrase)] = Name.of(text, phrase, partial)

    for text in (subject, *aliases):
        add(text, telling(words(text)) or tuple(words(text)))
        for shorter in shorter_forms(text):
            add(text, shorter)
    whole = telling(words(subject))
    if person and len(whole) > 1 and len(whole[-1]) >= 5:
        add(subject, whole[-1:], partial=True)
    return list(names.values())


def telling(tokens: Sequence[str]) -> tuple[str, ...]:
    """The words that a name cannot lack: no articles, prepositions and the like."""
    return tuple(w for w in tokens if stem(w) not in vocabulary().empty)


def shorter_forms(text: str) -> list[tuple[str, ...]]:
    """A name without its brackets, without the words that say what it is, without its author."""
    forms = []
    outside = BRACKETS.sub(" ", text)
    rest = telling(words(outside))
    if rest != telling(words(text)) and sum(map(len, rest)) >= 6:
        forms.append(rest)
    needed = tuple(w for w in rest if stem(w) not in vocabulary().optional)
    if any(YEAR.fullmatch(w) for w in needed) and len(needed) > 1:
        forms.append(needed)
        # the number of the ceremony stands for its year
        inside = [w for part in BRACKETS.findall(text) for w in words(part) if w.isdigit()]
        forms += [tuple(n if YEAR.fullmatch(w) else w for w in needed) for n in inside]
    elif any(map(is_term, rest)) and len(rest) > len(needed) >= 1:
        forms.append(needed)
    if match := POSSESSIVE.match(text):
        forms += authored(match["author"], match["title"])
    return forms


def authored(author: str, title: str) -> list[tuple[str, ...]]:
    """A work without its author where its title tells it; its author and number where not."""
    own, work = telling(words(author)), telling(words(title))
    special = [w for w in work if stem(w) not in vocabulary().forms and not w.isdigit()]
    forms = [own[-1:] + work] if len(own) > 1 else []
    if special and sum(map(len, special)) >= 5:
        forms.append(work)
    if "symphony" in work and any(w.isdigit() for w in work):
        forms.append(own[-1:] + tuple(w for w in work if w != "symphony"))
    return forms


# --- questions ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """What facts say of a subject: its other names, and words that often stand beside it."""

    aliases: tuple[str, ...] = ()
    beside: frozenset[str] = frozenset()


@dataclass(frozen=True)
class QuestionParts:
    """What a question is told by.

    kind: of its answer. meanings: what its relation is about, as concepts and, where a word belongs
    to none, as stems. cues: the stems that have one of the meanings. explained: stems that may
    stand in any wording of it. wording: its own telling words, by which it is found where no
    subject is given.
    """

    id: str
    subject: str
    names: tuple[Name, ...]
    kind: str
    places: frozenset[str]
    meanings: frozenset[str]
    cues: Mapping[str, frozenset[str]]
    explained: frozenset[str]
    answers: tuple[tuple[str, ...], ...]
    wording: frozenset[str]

    @classmethod
    def of(cls, question: Mapping, number: int = 0, known: Known | None = None) -> "QuestionParts":
        """A question of any benchmark: only its wording is needed.

        number: stands for an id that is not given. known: what facts say of its subject. Raises
        QuestionError that names the question and what it lacks.
        """
        key, known = str(question.get("id") or number), known or Known()
        text, subject = question.get("question"), str(question.get("subject") or "")
        if not isinstance(text, str) or not words(text):
            raise QuestionError(f"question {key!r} has no 'question'")
        if subject and not words(subject):
            raise QuestionError(f"question {key!r}: no word in its subject")
        relation = relation_of(question)
        own = [stem(w) for w in without(words(text), words(subject))]
        meanings = meanings_of(relation, asked_as(relation) or (own,))
        cues = cues_of(meanings)
        kind = kind_of(relation, str(question.get("answer_type") or ""), own)
        return cls(
            id=key,
            subject=subject,
            names=tuple(names_of(subject, known.aliases, "birth" in relation)) if subject else (),
            kind=kind,
            places=meanings & {"city", "country"},
            meanings=meanings,
            cues=cues,
            explained=frozenset(own)
            | cues.keys()
            | vocabulary().kinds.get(kind, frozenset())
            | known.beside,
            answers=answers_of(question),
            wording=frozenset(telling(words(text))),
        )

    @cached_property
    def wording_stems(self) -> frozenset[str]:
        """The stems of its own telling words."""
        return frozenset(map(stem, self.wording))

    def is_answered_in(self, tokens: Sequence[str]) -> bool:
        """Whether one of the answers stands among the words."""
        return any(stands_in(answer, tokens) for answer in self.answers)


def relation_of(question: Mapping) -> str:
    """`artist.birth_year` of a question about the fact `m:artist.birth_year:name`, else nothing."""
    facts = question.get("fact_ids") or [""]
    return str(question.get("relation") or (str(facts[0]).split(":") + ["", ""])[1])


@cache
def asked_as(relation: str) -> tuple[tuple[str, ...], ...]:
    """The wordings in which a relation of the facts is asked about, as stems; none for another."""
    known = wordings().get(relation)
    questions = known.questions if known else ()
    return tuple(tuple(stem(w) for w in words(text.replace("{s}", " "))) for text in questions)


@cache
def wordings() -> dict[str, Relation]:
    """The relations of the facts."""
    return load_relations()


def meanings_of(relation: str, asked: Iterable[Sequence[str]]) -> frozenset[str]:
    """Concepts of a relation's name and of the words it is asked with; stems that have no concept.

    asked: the stems of wordings, without a subject, in a row.
    """
    rules = vocabulary()
    column = relation.rpartition(".")[2]
    names = {*named_concepts(relation), *named_concepts(column)}
    names = names or {name for part in column.split("_") for name in named_concepts(part)}
    told: set[str] = set()
    for own in asked:
        heads = {concept for phrase, concept in rules.heads.items() if stands_in(phrase, own)}
        # `first performed` is no singer's performing
        names |= heads - {"perform"} if "premiere" in heads else heads
        told |= {s for s in own if not is_common(s)}
    plain = {s for s in told if s not in rules.concepts_of and s not in rules.kinds_of}
    if not names and not plain:
        names = {name for s in told for name in rules.concepts_of.get(s, ())}
    return frozenset(names) | plain


def named_concepts(name: str) -> Sequence[str]:
    """The concepts that a part of a relation's name stands for."""
    rules = vocabulary()
    return rules.relations.get(name) or ([name] if name in rules.concepts else ())


def is_common(word: str) -> bool:
    """Whether a stem says nothing of what a question asks."""
    rules = vocabulary()
    return word in rules.empty or word in rules.wrapping or word in rules.categories


# small words that tell a relation: where somebody is from, on which album
PREPOSITIONS = frozenset(("from", "on"))


def cues_of(meanings: Iterable[str]) -> dict[str, frozenset[str]]:
    """The stems that have one of the meanings, with those that they have."""
    rules = vocabulary()
    silent = rules.empty - PREPOSITIONS
    return inverted({name: set(rules.concepts.get(name, (name,))) - silent for name in meanings})


def kind_of(relation: str, answer_type: str, own: Sequence[str]) -> str:
    """The kind of the answer: by the relation's name, the type of answer, or the asking word."""
    rules = vocabulary()
    column = relation.rpartition(".")[2]
    if column in rules.kinds:
        return column
    if answer_type:
        return rules.answer_types.get(answer_type, ANY)
    return next((rules.strong[s] for s in own if s in rules.strong), ANY)


def answers_of(question: Mapping) -> tuple[tuple[str, ...], ...]:
    """The answers of a question with their other forms, in words; none where none is given."""
    given: list[object] = [question.get("answer"), question.get("aliases")]
    given.append(question.get("answers"))
    texts = [t for item in given for t in (item if isinstance(item, list | tuple) else [item])]
    return tuple({tuple(words(str(t))) for t in texts if t is not None and words(str(t))})


def stands_in(phrase: Sequence[str], tokens: Sequence[str]) -> bool:
    """Whether the words of a phrase stand in a row among the tokens."""
    size = len(phrase)
    if size == 1:
        return phrase[0] in tokens
    return any(
        tokens[i] == phrase[0] and tuple(tokens[i : i + size]) == tuple(phrase)
        for i in range(len(tokens) - size + 1)
    )
