"""Short replies graded at once: the year or the name of somebody else, and nothing else.

Most replies of a few-shot prompt are a bare answer that shares nothing with the key. `is_another`
knows such a reply by a few look-ups, where the whole way (`commitment.answer_to`) would mark its
answers and weigh them. The two agree because a reply of capitalised words, none of which any rule
knows, is marked as one name: it can then be the key only by a mention of the key, of which every
word would stand in the reply, or by a slip of the pen, which is asked of the key itself.
`tests/musicsimpleqa/test_short_replies.py` holds the two ways against each other.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from mucpt_utils.musicsimpleqa.given import refuses_whole
from mucpt_utils.musicsimpleqa.keys import Key
from mucpt_utils.musicsimpleqa.names import PRIZES, NameKey
from mucpt_utils.musicsimpleqa.persons import PersonKey
from mucpt_utils.musicsimpleqa.places import OF_COUNTRY, PlaceKey
from mucpt_utils.musicsimpleqa.rules import RULES
from mucpt_utils.musicsimpleqa.spelling import romanised
from mucpt_utils.musicsimpleqa.terms import TermKey
from mucpt_utils.musicsimpleqa.values import YearKey
from mucpt_utils.musicsimpleqa.words import ARTICLES, normal

BARE_YEAR = re.compile(r"1\d{3}|20\d\d")
BARE_NAME = re.compile(r"(The )?([A-Z][A-Za-z]+(?:[ -][A-Z][A-Za-z]+){0,5})")
# words that a rule treats in a way of its own wherever they stand in a name
SPECIAL = frozenset().union(
    *(RULES.function_words, RULES.openers, RULES.interjections, RULES.suffixes, ARTICLES),
)
# words of which a name must have others, too
OF_A_KIND = RULES.kind_words | RULES.honorifics


class BareName(NamedTuple):
    """A reply that is a name whatever is asked.

    name: without its article. forms: its words. joined: all of the reply, run together.
    """

    name: str
    forms: tuple[str, ...]
    joined: str


def is_another(key: Key, reply: str) -> str:
    """The words of a reply that is a year or name alone and plainly not the key; else nothing.

    Nothing says nothing: the reply may be anything then.
    """
    if isinstance(key, YearKey):
        plain = BARE_YEAR.fullmatch(reply) and is_another_year(key, reply)
        return reply if plain else ""
    if isinstance(key, TermKey) or not isinstance(key, NameKey):
        return ""
    bare = bare_name(reply)
    if bare is None or not is_another_name(key, bare):
        return ""
    # of a title, the article is a part
    return reply if key.asked.role == "title" else bare.name


def is_another_year(key: YearKey, year: str) -> bool:
    """Whether a year is neither the key nor in the question, be it in a title (`1979`)."""
    return year != key.year and year not in key.asked.text


@lru_cache(maxsize=65536)
def bare_name(reply: str) -> BareName | None:
    """The name that a reply is and nothing else, whatever is asked; else None."""
    match = BARE_NAME.fullmatch(reply) if len(reply) <= 60 else None
    if match is None:
        return None
    small, name = reply.lower(), match[2]
    forms = tuple(name.lower().replace("-", " ").split())
    if not SPECIAL.isdisjoint(forms) or OF_A_KIND.issuperset(forms):
        return None
    if any(normal(form) != form for form in forms) or OF_COUNTRY.search(reply):
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
        form in key.families or romanised(form) in key.families for form in bare.forms
    ):
        return False
    may_slip = bare.forms[0][0] in key.initial_letters or isinstance(key, PlaceKey)
    return not (may_slip and key.is_misspelt(bare.name))
