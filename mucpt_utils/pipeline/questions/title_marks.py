"""Reads titles with their own marks, such as `(What's the Story) Morning Glory?`, as plain names.

The mark of a title neither asks nor ends a sentence: "Owen Morris produced (What's the Story)
Morning Glory?" states, and `who sang "Moi... Lolita"?` is one question.
"""

import re
from collections.abc import Iterable, Mapping

from mucpt_utils.pipeline.questions.asking import AUXILIARY, asking_rules, body_of
from mucpt_utils.pipeline.questions.parts import QUOTED, without_noun
from mucpt_utils.pipeline.questions.signs import is_told

# marks after a word: `?`, `!`, `...`
MARKS = re.compile(r"[?!….](?<=[\w)].)(?:(?<=[?!…])|\.)[?!….]*(?!\w)")
SHORTEST_TITLE = 6  # letters
# characters of the clause before a title, which tells whether its mark also ends a question
LONGEST_CLAUSE = 240
CLAUSE_END = re.compile(r"[.?!:;—]\s|\n")
OPENING, CLOSING = "\"“‘'*_", re.compile(r"[\"”’'*_]+")
# what follows a title in the middle of a sentence
GOES_ON = re.compile(r"[,;:—–-]|[ ]+[a-z(\d&—–-]|['’]s")


class TitleMarks:
    """The titles with marks in questions and their answers, for reading texts without them."""

    def __init__(self, questions: Iterable[Mapping]) -> None:
        titles = {title for question in questions for title in marked_titles(question)}
        # longer ones first, since they may contain shorter ones
        self.patterns = {
            title.lower(): re.compile(re.escape(title).replace("'", "['’]"), re.IGNORECASE)
            for title in sorted(titles, key=lambda t: (-len(t), t))
        }

    def read(self, text: str) -> str:
        """The text with these titles stripped of their marks, except those that end a question."""
        if not self.patterns or not MARKS.search(text):
            return text
        small = text.lower().replace("’", "'")
        for title, pattern in self.patterns.items():
            if title in small:
                text = pattern.sub(plain_title, text)
        return text


def marked_titles(question: Mapping) -> set[str]:
    """The titles of a question's subject and answers that have marks of their own."""
    aliases = question.get("aliases") or ()
    given = [question.get("subject"), question.get("answer"), *aliases]
    titles = {without_noun(str(text)) for text in given if text}
    titles = {match["title"] if (match := QUOTED.match(title)) else title for title in titles}
    return {
        title
        for title in titles
        if MARKS.search(title) and sum(map(str.isalpha, title)) >= SHORTEST_TITLE
    }


def plain_title(match: re.Match) -> str:
    """A title without its marks, except a final one that also ends a sentence."""
    title, text = match.group(), match.string
    marks = MARKS.search(title, len(title.rstrip("?!….")))
    end = marks.group() if marks else ""
    plain = MARKS.sub("", title)
    if not end or goes_on(match):
        return plain
    if "?" not in end:
        return plain + end
    return plain + (
        "?" if asks(text[max(0, match.start() - LONGEST_CLAUSE) : match.start()]) else "."
    )


def goes_on(match: re.Match) -> bool:
    """Whether the sentence goes on after a title, or after the quotation marks around it."""
    text, behind = match.string, match.end()
    if match.start() and text[match.start() - 1] in OPENING and (c := CLOSING.match(text, behind)):
        behind = c.end()
    return GOES_ON.match(text, behind) is not None


def asks(before: str) -> bool:
    """Whether the words before a title begin a question that ends with it."""
    clause = body_of(CLAUSE_END.split(before)[-1]).strip()
    if not clause:
        return False
    return bool(asking_rules().asking.match(clause) or AUXILIARY.match(clause)) or is_told(clause)
