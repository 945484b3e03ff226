"""Short replies graded at once: only another year, or only another name.

Most replies to a few-shot prompt are a bare answer that shares nothing with the key. `is_another`
recognises such a reply by a few look-ups, while the full procedure (`commitment.answer_to`) would
mark and weigh its answers. They agree because a reply of capitalised words, none of which any rule
knows, is marked as one name: it can then be the key only through a mention of the key, every
word of which would be in the reply, or through a slip of the pen, for which the key is asked.
`tests/musicsimpleqa/test_short_replies.py` compares the two.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from mucpt_utils.musicsimpleqa.grader.given import refuses_whole
from mucpt_utils.musicsimpleqa.grader.keys import Key
from mucpt_utils.musicsimpleqa.grader.names import NameKey
from mucpt_utils.musicsimpleqa.grader.no_names import PRIZES
from mucpt_utils.musicsimpleqa.grader.persons import PersonKey
from mucpt_utils.musicsimpleqa.grader.places import OF_COUNTRY, PlaceKey
from mucpt_utils.musicsimpleqa.grader.rules import RULES
from mucpt_utils.musicsimpleqa.grader.spelling import one_spelling, romanised
from mucpt_utils.musicsimpleqa.grader.terms import TermKey
from mucpt_utils.musicsimpleqa.grader.values import YearKey
from mucpt_utils.musicsimpleqa.grader.words import ARTICLES, normal

BARE_YEAR = re.compile(r"1\d{3}|20\d\d")
BARE_NAME = re.compile(r"(The )?([A-Z][A-Za-z]+(?:[ -][A-Z][A-Za-z]+){0,5})")
# words that a rule treats specially wherever they are in a name
SPECIAL = frozenset().union(
    *(RULES.function_words, RULES.openers, RULES.interjections, RULES.suffixes, ARTICLES),
)
# words that do not make a name by themselves
OF_A_KIND = RULES.kind_words | RULES.honorifics


class BareName(NamedTuple):
    """A reply that is a name, whatever is asked.

    name: without its article. forms: its words. joined: the whole reply without spaces.
    """

    name: str
    forms: tuple[str, ...]
    joined: str


def is_another(key: Key, reply: str) -> str:
    """The words of a reply that is only a year or name and plainly not the key; else "".

    With "" the reply may be anything, the key included.
    """
    if isinstance(key, YearKey):
        plain = BARE_YEAR.fullmatch(reply) and is_another_year(key, reply)
        return reply if plain else ""
    if isinstance(key, TermKey) or not isinstance(key, NameKey):
        return ""
    bare = bare_name(reply)
    if bare is None or not is_another_name(key, bare):
        return ""
    # the article is part of a title
    return reply if key.asked.role == "title" else bare.name


def is_another_year(key: YearKey, year: str) -> bool:
    """Whether a year is neither the key nor in the question, not even in a title (`1979`)."""
    return year != key.year and year not in key.asked.text


@lru_cache(maxsize=65536)
def bare_name(reply: str) -> BareName | None:
    """The name if a reply is a name and nothing else, whatever is asked; else None."""
    match = BARE_NAME.fullmatch(reply) if len(reply) <= 60 else None
    if match is None:
        return None
    small, name = reply.lower(), match[2]
    forms = tuple(name.lower().replace("-", " ").split())
    if not SPECIAL.isdisjoint(forms) or OF_A_KIND.issuperset(forms):
        return None
    if (
        any(normal(form) != form for form in forms)
        or OF_COUNTRY.search(reply)
        or small in RULES.adjectives
    ):
        return None
    if RULES.lead_in.match(small) or refuses_whole(small) or RULES.refusals.is_in(small):
        return None
    if RULES.no_names_in_ascii.search(small):
        return None
    return BareName(name, forms, ("the" if match[1] else "") + "".join(forms))


def is_another_name(key: NameKey, bare: BareName) -> bool:
    """Whether a name shares no word with question and key, and is no slip of the pen for it."""
    if not key.asked.forms.isdisjoint(bare.forms):
        return False
    if key.asked.prize and bare.forms[-1] in PRIZES:
        return False
    if any(name in bare.joined for name in (*key.compact, *key.whole, *key.asked.subjects)):
        return False
    if isinstance(key, PersonKey) and any(
        form in key.families
        or romanised(form) in key.families
        or one_spelling(form) in key.spelled_families
        for form in bare.forms
    ):
        return False
    may_slip = bare.forms[0][0] in key.initial_letters or isinstance(key, PlaceKey)
    return not (may_slip and key.is_misspelt(bare.name))
