"""What a question asks: about which subject, for which relation, in which place of a sentence."""

import re

from mucpt_utils.musicsimpleqa.readings import forms_of, words
from mucpt_utils.musicsimpleqa.rules import RULES
from mucpt_utils.musicsimpleqa.words import Word, without_article

ROLES = {
    **{"person": "agent", "group": "agent", "title": "title", "place": "place", "term": "term"},
    **{"year": "value", "number": "value", "date": "value"},
}
# relations that a question mentions only by the way, by the role of its answer
UNASKED = {
    "agent": frozenset({"album", "instrument", "complete"}),
    "title": frozenset({"act", "instrument"}),
    "term": frozenset({"act", "album"}),
    "place": frozenset({"act", "album", "instrument"}),
    "value": frozenset({"act", "album", "instrument", "origin"}),
}
# relations of an artist to his work
MAKING = frozenset({"act", "record", "perform", "release"})
POSSESSOR = re.compile(r"^.{1,60}?'s? (?=\S)")


class Asked:
    """A question as the grader reads it.

    text: its wording. forms: its words in normal form. subjects: the names of what it asks about,
    each run together. relations: the families of verbs (born, produced) that it asks by. role:
    where its answer stands in a sentence: agent ("by X"), place ("in X"), title, value or term.
    """

    def __init__(self, text: str, kind: str, subject: str = ""):
        self.text = text
        self.words = words(text)
        self.forms = frozenset(word.form for word in self.words)
        self.role = ROLES.get(kind, "title")
        self.subjects = frozenset(compact_names(subject) if subject else names_in(self.words, text))
        self.longest = max(map(len, self.subjects), default=0)
        self.first_letters = frozenset(name[0] for name in self.subjects)
        told = text.replace(subject, " ") if subject else text  # "the composer Joan Tower"
        relations = RULES.relations_in(without_names(words(told), told), tuple(RULES.relations))
        relations -= UNASKED[self.role]
        if self.role == "agent" and relations & MAKING:  # who recorded it is who released it
            relations |= MAKING
        self.relations = relations
        self.genre = bool(RULES.genre_questions.search(text))
        self.coarse = bool(RULES.coarse_places.search(text))

    def said_in(self, text: str) -> frozenset[str]:
        """The asked relations that a text speaks of."""
        return RULES.relations_in(text, self.relations)


def compact_names(subject: str) -> set[str]:
    """The ways to write a subject, run together: also without its owner and what is in brackets."""
    ways = {subject, re.sub(r"\s*\([^)]*\)\s*", " ", subject), POSSESSOR.sub("", subject)}
    compact = {"".join(without_article(forms_of(way), way)) for way in ways}
    return {name for name in compact if len(name) > 1}


def names_in(question: tuple[Word, ...], text: str) -> set[str]:
    """The names in a question, run together: runs of capitals behind its first word."""
    names, run = set(), ""
    for index, word in enumerate(question[1:], 1):
        apart = text[question[index - 1].end : word.start].strip(" '.") != ""
        if run and (apart or not word.capital):
            names.add(run)
            run = ""
        if word.capital or word.form.isdigit():
            run += word.form
    return {name for name in names | {run} if len(name) > 1 and name not in RULES.function_words}


def without_names(question: tuple[Word, ...], text: str) -> str:
    """The words of a question in lower case, which carry its relation."""
    plain = [w.raw.lower() for i, w in enumerate(question) if not i or not w.capital]
    return " ".join(plain)
