"""The final proof that something asks: a sign that no statement of the fact has.

Knowledge in short lines ("Remember: the album was released in 1997", "Title = Cloudbusting") has
the parts of a question too. Without a sign of asking it is kept: a corpus is there to state facts.
"""

import re

from mucpt_utils.pipeline.questions.asking import (
    CLOSING,
    Manner,
    Prompt,
    asking_rules,
    asks_at_the_end,
    body_of,
    is_card,
    is_request,
    names_kind,
    without_field,
)

LEAD = (
    r"(?:(?:and|so|ok|okay|now|please|pls|next|then|quick (?:one|question)|ftp"
    r"|for (?:\w+ ){1,2}points?)\W+)?"
)
PLACE = r"(?:in|on|of|for|at|by|from|to|with) (?:which|what|whom)"
OPENING = re.compile(
    rf"^\W*{LEAD}(?:who|whom|whose|what|which|when|where|how|{PLACE}|is|are|was|were|did|does|do)\b",
    re.IGNORECASE,
)
REQUEST = re.compile(
    rf"^\W*{LEAD}(?:name|give|tell|identify|guess|state|complete|fill|list|specify|determine"
    r"|find|work out|express|convert|calculate|compute|count|invert|tick|circle"
    r"|underline|insert"
    r"|(?:supply|provide) (?:the|its|their|his|her)"
    r"|(?:(?:put|note|jot) down|write(?: down| out)?)"
    r" (?:the|its|his|her|their|what|which|who|where|when))\b",
    re.IGNORECASE,
)
# questions that nobody is meant to answer, or everybody differently
RHETORIC = re.compile(
    r"^\W*(?:and |but )?(?:what if\b|what(?: is|['’]s| was) it about\b)"
    r"|^\W*(?:and |but )?who (?:would|could|might) (?:ever |then )?(?:have|not|dare|deny|doubt)\b"
    r"|^\W*(?:and |but )?who (?:did|does|has|had|would|could|can?)(?: ?not|n['’]t)\b"
    r"|\bwho cares\b"
    r"|\bwhere (?:(?:you|they|we|s?he|I) (?:were|was)|(?:were|was) (?:you|they|we|s?he|I)) when\b"
    r"|^\W*guess (?:what\b(?=[:!,])|who(?:['’]s| is| was)? (?:back|here|came|comes|coming|just)\b)",
    re.IGNORECASE,
)
# questions about the reader, opinions, methods and current events, which ask for no fact
OF_NO_FACT = re.compile(
    r"\breasons? (?:why|for|that)\b|"
    r"\bwhat (?:\w+ ){1,3}would you (?:give|recommend|suggest|choose|pick|bring|take)\b"
    r"|\bwhat (?:did|do|does|would|have|has) (?:[\w'’]+ ){1,6}"
    r"(?:(?:say|said|think|thought|feel|make) (?:of|about)|do)\b"
    r"|\bwhere (?:can|could|should|may|might|shall) (?:I|we|you|one) (?:\w+ )?(?:hear|see|buy|get"
    r"|order|watch|download|stream|rent|listen|learn|practi[sc]e|play)\b"
    r"|\b(?:do|would|should|could|can) (?:I|we|you|one) (?:\w+ )?(?:prefer|recommend|like|want"
    r"|take|choose|bring|practi[sc]e|own|lend)\b"
    r"|\b(?:tonight|tomorrow|(?:this|next) (?:week|weekend|month|season|(?:mon|tues|wednes|thurs"
    r"|fri|satur|sun)day))\W*$",
    re.IGNORECASE,
)
WAY = re.compile(
    r"^\W*(?:(?:and|but|so) )?how (?:did|does|do|has|have|was|were|can|could|should|to|come)\b"
    r"(?!.{0,200}\b(?:call\w*|nam\w+|known|spell\w*|writ\w+|wrote|titled?"
    r"|who\w*|what|which|when|where|many|much|old)\b)",
    re.IGNORECASE | re.DOTALL,
)
# a clause that another one follows: "When the lamp is lit, press ..."
CLAUSE = re.compile(
    r"^\W*(?:when|where)\s+(?!(?:is|was|did|do|does|were|are|has|had|would|will|in|on|exactly)\b)"
    r"[^,?]{1,120},",
    re.IGNORECASE,
)
ASKS_BEHIND = re.compile(r"\b(?:who|whom|whose|what|which|where|how)\b", re.IGNORECASE)
# `.. _artist_sort_name:` is a mark in a manual, not words
IDENTIFIER = re.compile(r"(?<!\S)\S{0,40}?[^\W_]_[^\W_]\S*")
LETTER = re.compile(r"[^\W\d_]|__|[.…]{3}|…")
LETTERS = re.compile(r"[\W_]+")
LONGEST_NOUN = 3  # words of what somebody asks for, before it is said of what


def has_sign(prompt: Prompt, subject: str = "") -> bool:
    """Whether a prompt that has the parts of a question about `subject` also looks like one."""
    text = prompt.text.strip()
    if letters(text) == letters(subject):
        return prompt.choices
    if asks_no_fact(text):
        return False
    if not LETTER.search(IDENTIFIER.sub("", text)):
        return False
    if prompt.manner is Manner.GAP:
        return True
    if prompt.choices or asking_rules().blank.search(text) or is_card(text):
        return True
    if "?" in text:
        return True
    body = body_of(without_field(text))
    if REQUEST.match(body) or is_told(text):
        return True
    if prompt.posed and (is_request(body) or is_asked_for(text)):
        return True
    if asking_rules().answered_at_once.search(body):
        return True
    is_small = not any(character.isupper() for character in text)
    if text.rstrip(CLOSING).endswith((".", "!")):  # a statement
        return is_small and bool(OPENING.match(body))
    if is_small or asks_at_the_end(body):
        return True
    if subject and letters(body).startswith(
        letters(subject)
    ):  # the asking word belongs to the title
        return False
    return OPENING.match(body) is not None and not CLAUSE.match(body)


def opens_or_ends_asking(text: str) -> bool:
    """Whether a sentence is a question as a whole, not only in a clause behind others."""
    body = body_of(without_field(text))
    return bool(OPENING.match(body) or REQUEST.match(body) or asks_at_the_end(body))


def asks_no_fact(text: str) -> bool:
    """Whether a question is rhetorical, or one of taste, method or the reader's own affairs."""
    return any(sign.search(text) for sign in (RHETORIC, OF_NO_FACT, WAY))


def opens_clause(text: str) -> bool:
    """Whether `when` or `where` opens a clause, and the question follows it."""
    clause = CLAUSE.match(text)
    return clause is not None and ASKS_BEHIND.search(text, clause.end()) is not None


def letters(text: str) -> str:
    """The letters and digits of a text, in lower case."""
    return LETTERS.sub("", text).lower()


def is_asked_for(text: str) -> bool:
    """Whether somebody asks for a kind of answer by its noun: `the card asked for the label`."""
    match = asking_rules().by_noun.search(text)
    wanted = text[match.end() :].split(None, LONGEST_NOUN)[:LONGEST_NOUN] if match else ()
    return names_kind(" ".join(wanted))


def is_told(text: str) -> bool:
    """Whether a question is in reported speech: "I wonder in what year ...".

    "Stevie Wonder who recorded" is a name, "forgotten, when" two clauses.
    """
    match = asking_rules().indirect.search(text)
    if match is None or "," in match.group():
        return False
    return match.start() == 0 or match.group()[0].islower()
