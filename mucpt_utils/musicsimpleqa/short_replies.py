"""Short replies graded at once: the year or the name of somebody else, and nothing else.

Most replies of a few-shot prompt are a bare answer that shares nothing with the key. `is_another`
knows such a reply by a few look-ups, where the whole way (`commitment.answer_to`) would mark its
answers and weigh them; it says yes only where that way gives another answer than the key, which
`tests/musicsimpleqa/test_short_replies.py` holds over every committed reply.
"""

import re
from functools import lru_cache

from mucpt_utils.musicsimpleqa.given import refuses_whole
from mucpt_utils.musicsimpleqa.keys import Key
from mucpt_utils.musicsimpleqa.names import NameKey
from mucpt_utils.musicsimpleqa.persons import PersonKey
from mucpt_utils.musicsimpleqa.rules import RULES
from mucpt_utils.musicsimpleqa.spelling import romanised
from mucpt_utils.musicsimpleqa.terms import TermKey
from mucpt_utils.musicsimpleqa.values import YearKey
from mucpt_utils.musicsimpleqa.words import ARTICLES, LINKS, normal

BARE_YEAR = re.compile(r"1\d{3}|20\d\d")
BARE_NAME = re.compile(r"[A-Z][a-z]+(?: [A-Z][a-z]+){0,3}")
# words that a name may hold and that some rule treats in a way of its own
SPECIAL = frozenset().union(
    *(RULES.function_words, RULES.kind_words, RULES.openers, RULES.common_words, ARTICLES, LINKS),
    *(RULES.honorifics, RULES.foreign_articles, RULES.interjections, RULES.suffixes),
    *(RULES.place_prefixes, RULES.place_parts),
)


def is_another(key: Key, reply: str) -> bool:
    """Whether a reply is a year or name alone that is plainly not the key.

    False says nothing: the reply may be anything then.
    """
    if isinstance(key, YearKey):
        return bool(BARE_YEAR.fullmatch(reply)) and is_another_year(key, reply)
    if isinstance(key, TermKey) or not isinstance(key, NameKey):
        return False
    forms = forms_of_name(reply)
    return bool(forms) and is_another_name(key, forms)


def is_another_year(key: YearKey, year: str) -> bool:
    """Whether a year is neither the key nor in the question, be it in a title (`1979`)."""
    return year != key.year and year not in key.asked.text


@lru_cache(maxsize=65536)
def forms_of_name(reply: str) -> tuple[str, ...]:
    """The words of a reply that is a name whatever is asked, in normal form; else nothing."""
    if len(reply) > 60 or not BARE_NAME.fullmatch(reply):
        return ()
    small = reply.lower()
    forms = tuple(small.split())
    if not SPECIAL.isdisjoint(forms) or any(normal(form) != form for form in forms):
        return ()
    if RULES.lead_in.match(small) or refuses_whole(small) or RULES.refusal.search(small):
        return ()
    return () if RULES.no_names_in_ascii.search(small) else forms


def is_another_name(key: NameKey, forms: tuple[str, ...]) -> bool:
    """Whether a name shares no word with question and key, and is no slip of the pen for it."""
    if not key.asked.forms.isdisjoint(forms) or forms[0][0] in key.initial_letters:
        return False
    joined = "".join(forms)
    if any(name in joined for name in (*key.compact, *key.whole, *key.asked.subjects)):
        return False
    if not isinstance(key, PersonKey):
        return True
    return not any(form in key.families or romanised(form) in key.families for form in forms)
