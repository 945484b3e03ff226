"""What a question asks: its subject, its relation, and the role of the answer in a sentence."""

import re

from mucpt_utils.musicsimpleqa.grader.readings import forms_of, words
from mucpt_utils.musicsimpleqa.grader.rules import RULES
from mucpt_utils.musicsimpleqa.grader.words import Word, lower, without_article

ROLES = {
    **{"person": "agent", "group": "agent", "title": "title", "place": "place", "term": "term"},
    **{"year": "value", "number": "value", "date": "value"},
}
# relations that a question mentions only in passing, by the role of its answer
UNASKED = {
    "agent": frozenset({"album", "instrument", "complete"}),
    "title": frozenset({"act", "instrument"}),
    "term": frozenset({"act", "album"}),
    "place": frozenset({"act", "album", "instrument"}),
    "value": frozenset({"act", "album", "instrument", "origin"}),
}
# relations of artists to their works
MAKING = frozenset({"act", "record", "perform", "release"})
# "the album", "the video game": words before the name of a subject
KIND_BEFORE = re.compile(r"\A(?:the|an?) (?:[a-zà-ÿ][\w-]* ){1,3}(?=[^a-z])")
PRIZE = re.compile(r"\b(?:Prize|Award|Contest)\b")
YEAR_WITHIN = re.compile(r"\b(?:19|20)\d\d\b")
# "the Rhenish" for a symphony, "Walküre" for "Die Walküre"
KIND_BEHIND = re.compile(r"(?<=[a-zà-ÿ]{4}) (?:Symphony|Sonata|Overture|Suite)$")
FOREIGN_ARTICLE = re.compile(
    rf"\A(?:{'|'.join(name.capitalize() for name in sorted(RULES.foreign_articles))}) (?=\w{{5}})"
)
TITLE_WITHIN = re.compile(r'"([^"]{3,})"')
NUMBER_WITHIN = re.compile(r"(?<= )No\. (\d+)$")
ACT_ASKED = re.compile(
    r"\AWhich (?:artist|band|group|singer)(?: or \w+)? (?!did|is the|was the)|\AWho recorded\b"
)
# an article or preposition joined to a name: "d'Alain", "l'Orfeo"
ELISION = re.compile(r"\b(d|l|qu|dell|all|nell|sull)'(?=[A-ZÀ-Ý])")
# a musician by calling and name, who may be called by the family name alone
PERSON = re.compile(
    r"\b(?:musician|singer|rapper|songwriter|composer|producer|drummer|player|guitarist|[a-z]{3,}ist)"
    r" (?:[A-ZÀ-Þ][\w.'-]* ){1,3}([A-ZÀ-Þ][\w'-]{3,})(?=[ ?,])"
)
COMMON = RULES.function_words | RULES.common_words | RULES.suffixes.keys()
# "its photography is by", "with lighting devised by", where the music is asked for
PART_BY = re.compile(
    r"\b(?:(?:the|its|his|her|their) (?:[a-z]+ ){0,2}?(?P<part>[a-z]+)"
    r"(?: (?:behind|for|of|on|in|to) [a-z]+)? (?:is|was|are|were)"
    r"|(?:with|and) (?:[a-z]+ ){0,2}?(?P<beside>[a-z]+) (?:[a-z]+ed|made|written|drawn)) by\b",
    re.IGNORECASE,
)
# "an opera by X", "composed by X": not who wrote its words
COMPOSED_BY = re.compile(
    r"\b(?:opera|operetta|oratorio|cantata|score|musical|ballet|work|piece)s?(?: [\w-]+){0,3} by\b"
    r"|\bcompos(?:ed|er)(?: by)?\b|\bmusic(?: is| was)? by\b"
)
# of a film's author, not of its composer
WROTE_FILM = re.compile(
    r"\bwrote(?=,? (?:and )?(?:directed|produced|edited|filmed|narrated|starred|shot)\b)"
    r"|(?<=directed and )wrote\b"
)
# "Which record label", "Who was the librettist": the noun for what is asked
NOUNS = re.compile(
    r"\b(?:which|what|whose|who (?:is|was) the) "
    r"((?:(?!(?:of|is|was|did|does|in|for|on|at|to|the)\b)[a-z-]+ ){1,4})",
    re.IGNORECASE,
)
PERFORMERS = frozenset({"artist", "singer", "band", "group", "act", "performer", "musician"})
WHOLE = frozenset(
    {"score", "tune", "tunes", "melody", "composition", "original", "recording", "version", "hit"}
    | {"theme", "whole", "lot", "one", "thing", "lp", "release", "performance", "film", "game"}
)
BRACKETS = re.compile(r"\s*\([^)]*\)\s*")
POSSESSOR = re.compile(r"^.{1,60}?'s? (?=\S)")


class Asked:
    """A question as seen by the grader.

    text: its wording. told: that without the subject. forms: its words in normal form. subjects:
    the names of what it asks about, each written as one word. family: the family name of the person
    it asks about. number: of a symphony or the like.
    relations: the families of verbs (born, produced) in it. role: that of its answer
    in a sentence: agent ("by X"), place ("in X"), title, value or term. act: whether it asks for a
    band or artist, band: for a band only, solo: for a soloist.
    prize: whether it asks about a prize. nouns: what it and a reply call the answer.
    """

    def __init__(self, text: str, kind: str, subject: str = ""):
        self.text = text
        self.words = words(text)
        self.forms = frozenset(word.form for word in self.words)
        if "'" in text and ELISION.search(text):
            self.forms |= set(forms_of(ELISION.sub(r"\1e ", text)))
        self.role = ROLES.get(kind, "title")
        self.subjects = frozenset(compact_names(subject) if subject else names_in(self.words, text))
        person = PERSON.search(text) if subject else None
        is_subject = person is not None and person[0].endswith(subject[-6:])
        family = forms_of(person[1]) if person and is_subject else []
        self.family = frozenset(family) - COMMON
        self.subjects |= self.family
        self.longest = max(map(len, self.subjects), default=0)
        numbered = NUMBER_WITHIN.search(without_brackets(subject))
        self.number = numbered[1] if numbered else ""  # of a symphony
        self.first_letters = frozenset(name[0] for name in self.subjects)
        # without "the composer Joan Tower"
        self.told = told = text.replace(subject, " ") if subject else text
        relations = RULES.relations_in(without_names(words(told), told), tuple(RULES.relations))
        relations -= UNASKED[self.role]
        if "born" in relations:  # "the birthplace of the composer"
            relations &= {"born"}
        if self.role == "agent" and relations & MAKING:  # whoever recorded it also released it
            relations |= MAKING
        if "kind" in relations:  # "the family of instruments"
            relations -= {"instrument"}
        self.relations = relations
        self.prize = not self.forms.isdisjoint(("award", "prize"))
        self.act = bool(ACT_ASKED.search(text)) and f"band {subject}" not in text
        self.solo = not self.forms.isdisjoint(("soloist", "solo"))
        forms = frozenset(forms_of(told))
        self.band = "band" in forms and forms.isdisjoint(("artist", "singer", "song"))
        self.nouns = self.nouns_for_answer()
        self.genre = bool(RULES.genre_questions.search(text))
        self.coarse = bool(RULES.coarse_places.search(text))

    def nouns_for_answer(self) -> frozenset[str]:
        """What a reply may call its answer: `the label`, or of a song's artist `the singer`."""
        asked = NOUNS.search(self.text)
        nouns = set(asked[1].split() if asked else ())
        if self.role == "agent" and not self.relations.isdisjoint(MAKING | {"win"}):
            nouns |= PERFORMERS
        return frozenset(nouns | ({"winner"} if "win" in self.relations else set()))

    def said_in(self, text: str) -> frozenset[str]:
        """The asked relations that a text mentions; all of them if it says who did it."""
        text = self.without_other_parts(text)
        if "film" in self.forms and "wrote" in text:
            text = WROTE_FILM.sub(" ", text)
        said = RULES.relations_in(text, self.relations)
        if not said and self.role == "agent" and RULES.did_it.search(lower(text)):
            return self.relations
        return said

    def without_other_parts(self, text: str) -> str:
        """A text without what says by whom parts are that the question does not ask about."""
        if self.role != "agent":
            return text
        if " by" in text:
            text = PART_BY.sub(self.without_other_part, text)
        return COMPOSED_BY.sub(" ", text) if "libretto" in self.relations else text

    def without_other_part(self, match: re.Match[str]) -> str:
        """What says by whom something is, unless that is only a part that is not asked about."""
        part = (match["part"] or match["beside"]).lower()
        if part in self.forms or part in RULES.kind_words or part in WHOLE:
            return match[0]
        return match[0] if RULES.relations_in(f"{part} by", self.relations) else " "


def without_brackets(subject: str) -> str:
    """A subject without what is in brackets."""
    return BRACKETS.sub(" ", subject).strip()


def compact_names(subject: str) -> set[str]:
    """The ways to write a subject, each as one word.

    Also without its owner, brackets and its kind, the title within it, and
    its number: `The Tempest` of `Thomas Adès's opera "The Tempest"`, `No. 4` of a symphony.
    """
    plain = without_brackets(subject)
    ways = {subject, plain, POSSESSOR.sub("", subject), POSSESSOR.sub("", plain)}
    ways |= {KIND_BEFORE.sub("", way) for way in ways}
    ways |= {KIND_BEHIND.sub("", way) for way in ways}
    ways |= {FOREIGN_ARTICLE.sub("", way) for way in ways}
    ways |= {match[1] for way in ways for match in TITLE_WITHIN.finditer(way)}
    ways |= {match[0] for way in ways for match in NUMBER_WITHIN.finditer(way)}
    if PRIZE.search(subject):  # "2016 went to ..."
        ways |= set(YEAR_WITHIN.findall(subject))
    compact = {"".join(without_article(forms_of(way), way)) for way in ways}
    return {name for name in compact if len(name) > 1}


def names_in(question: tuple[Word, ...], text: str) -> set[str]:
    """The names in a question, each as one word: runs of capitals after its first word."""
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
