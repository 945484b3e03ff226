"""The last proof that something asks: a sign of it that no statement of the fact has.

Knowledge in short lines ("Remember: the album was released in 1997", "Title = Cloudbusting") has
the parts of a question too. Without a sign of asking it stays: a corpus is there to state facts.
"""

import re

from mucpt_utils.pipeline.asking import CLOSING, Prompt, asking_rules, body_of

LEAD = r"(?:(?:and|so|ok|okay|now|please|pls|next|then|quick (?:one|question))\W+)?"
PLACE = r"(?:in|on|of|for|at|by|from|to|with) (?:which|what|whom)"
OPENING = re.compile(
    rf"^\W*{LEAD}(?:who|whom|whose|what|which|when|where|how|{PLACE}|is|are|was|were|did|does|do)\b",
    re.IGNORECASE,
)
REQUEST = re.compile(
    rf"^\W*{LEAD}(?:name|give|tell|identify|guess|state|complete|fill|list)\b", re.IGNORECASE
)
CARD = re.compile(
    r"^\W*(?:q|question|prompt|query|front|ask(?:ed)?|clue|quiz|trivia)\w*\W", re.IGNORECASE
)
LETTERS = re.compile(r"[\W_]+")


def has_sign(prompt: Prompt, subject: str) -> bool:
    """Whether a prompt that has the parts of a question about `subject` also looks like one.

    A question mark that belongs to the subject's title, as in "(What's the Story) Morning Glory?",
    is none.
    """
    text = prompt.text.strip()
    if LETTERS.sub("", text).lower() == LETTERS.sub("", subject).lower():
        return prompt.choices
    if prompt.choices or asking_rules().blank.search(text) or CARD.match(text):
        return True
    if "?" in text.replace(subject, "").replace(subject.replace("'", "’"), ""):
        return True
    body = body_of(text)
    if REQUEST.match(body) or is_told(text):
        return True
    if "?" in text and OPENING.match(body):  # of the title, behind a word that asks
        return True
    if text.rstrip(CLOSING).endswith((".", "!")):  # a sentence that tells
        return False
    return bool(OPENING.match(body)) or not any(character.isupper() for character in text)


def is_told(text: str) -> bool:
    """Whether a question is told in reported words: "I wonder in what year ...".

    "Stevie Wonder who recorded" is a name, "forgotten, when" two clauses.
    """
    match = asking_rules().indirect.search(text)
    if match is None or "," in match.group():
        return False
    return match.start() == 0 or match.group()[0].islower()
