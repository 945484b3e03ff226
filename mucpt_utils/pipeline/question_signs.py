"""The last proof that something asks: a sign of it that no statement of the fact has.

Knowledge in short lines ("Remember: the album was released in 1997", "Title = Cloudbusting") has
the parts of a question too. Without a sign of asking it stays: a corpus is there to state facts.
"""

import re

from mucpt_utils.pipeline.asking import (
    CLOSING,
    Manner,
    Prompt,
    asking_rules,
    asks_at_the_end,
    body_of,
    is_card,
    is_request,
    without_field,
)

LEAD = r"(?:(?:and|so|ok|okay|now|please|pls|next|then|quick (?:one|question))\W+)?"
PLACE = r"(?:in|on|of|for|at|by|from|to|with) (?:which|what|whom)"
OPENING = re.compile(
    rf"^\W*{LEAD}(?:who|whom|whose|what|which|when|where|how|{PLACE}|is|are|was|were|did|does|do)\b",
    re.IGNORECASE,
)
REQUEST = re.compile(
    rf"^\W*{LEAD}(?:name|give|tell|identify|guess|state|complete|fill|list|specify|determine"
    r"|write(?: down)? (?:the|its) (?:number|names?|years?|titles?|keys?|letters?))\b",
    re.IGNORECASE,
)
# what nobody is to answer, or everybody for himself
RHETORIC = re.compile(
    r"^\W*(?:and |but )?who (?:would|could|might) (?:ever |then )?(?:have|not|dare|deny|doubt)\b"
    r"|\bwhere (?:(?:you|they|we|s?he|I) (?:were|was)|(?:were|was) (?:you|they|we|s?he|I)) when\b"
    r"|^\W*guess (?:what\b(?=[:!,])|who(?:['’]s| is| was)? (?:back|here|came|comes|coming|just)\b)",
    re.IGNORECASE,
)
# a clause that another one follows: "When the lamp is lit, press ..."
CLAUSE = re.compile(
    r"^\W*(?:when|where)\s+(?!(?:is|was|did|do|does|were|are|has|had|would|will|in|on|exactly)\b)"
    r"[^,?]{1,120},",
    re.IGNORECASE,
)
# `.. _artist_sort_name:` is a mark of a manual, no words
IDENTIFIER = re.compile(r"(?<!\S)\S{0,40}?[^\W_]_[^\W_]\S*")
LETTER = re.compile(r"[^\W\d_]|__|[.…]{3}|…")
LETTERS = re.compile(r"[\W_]+")


def has_sign(prompt: Prompt, subject: str) -> bool:
    """Whether a prompt that has the parts of a question about `subject` also looks like one."""
    text = prompt.text.strip()
    if letters(text) == letters(subject):
        return prompt.choices
    if RHETORIC.search(text) or not LETTER.search(IDENTIFIER.sub("", text)):
        return False
    if prompt.manner is Manner.GAP:
        return True
    if prompt.choices or asking_rules().blank.search(text) or is_card(text):
        return True
    if "?" in text:
        return True
    body = body_of(without_field(text))
    if REQUEST.match(body) or is_told(text) or (prompt.posed and is_request(body)):
        return True
    if asking_rules().answered_at_once.search(body):
        return True
    is_small = not any(character.isupper() for character in text)
    if text.rstrip(CLOSING).endswith((".", "!")):  # a sentence that tells
        return is_small and bool(OPENING.match(body))
    if is_small or asks_at_the_end(body):
        return True
    if letters(body).startswith(letters(subject)):  # the asking word is the title's own
        return False
    return OPENING.match(body) is not None and not CLAUSE.match(body)


def letters(text: str) -> str:
    """The letters and figures of a text in small letters."""
    return LETTERS.sub("", text).lower()


def is_told(text: str) -> bool:
    """Whether a question is told in reported words: "I wonder in what year ...".

    "Stevie Wonder who recorded" is a name, "forgotten, when" two clauses.
    """
    match = asking_rules().indirect.search(text)
    if match is None or "," in match.group():
        return False
    return match.start() == 0 or match.group()[0].islower()
