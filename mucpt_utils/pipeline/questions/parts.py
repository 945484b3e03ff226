"""The parts of a benchmark question: all names of its subject, what is asked, in which words.

A question is looked for by these parts and not by its wording: `In what year was the album Marquee
Moon released?` is the subject `marquee moon`, an answer of the kind `time`, and the meaning
`release`, which `come out` and `hit the shops` have too.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product

from mucpt_utils.errors import MuCPTError
from mucpt_utils.knowledge.relations import Relation, load_relations
from mucpt_utils.pipeline.questions.vocabulary import inverted, is_common, vocabulary
from mucpt_utils.pipeline.questions.words import CARDINALS, fold, is_term, stem, without, words

# the kind of an answer if no asking word tells it
ANY = "any"


class QuestionError(MuCPTError, ValueError):
    """A benchmark question that lacks what is needed to look for it."""


# --- names --------------------------------------------------------------------------------------

BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
NICKNAME = re.compile(r"\([\"“]([^\"”()]{7,40})[\"”]\)")
POSSESSIVE = re.compile(r"^(?P<author>[^'’()\"]+?)(?:['’]s|s['’]) (?P<title>.+)$")
ANY_NICKNAME = re.compile(r"\([\"“]([^\"”()]{3,40})[\"”]\)")
# for whom a work is written, where its number in a catalogue tells which one it is
FOR_WHAT = re.compile(r" for [A-Z][^,()]+(?=, [A-Z][A-Za-z]*\. ?\d)")
CATALOGUE = re.compile(r", (?P<number>[A-Z][A-Za-z]*\. ?\d+(?:,? No\. \d+)?)$")
SUBTITLE = re.compile(r": (?P<title>\w[^:()]{6,})(?= \(|$)")
QUOTED = re.compile(r'^"(?P<title>.+)" by (?P<author>.+)$')
KEY_ALONE = re.compile(r"(?:the key of )?(?P<key>[A-G](?:-flat|-sharp)) major")
LEADING_NOUNS = re.compile(r"^the (?P<nouns>(?:[a-z-]+ ){1,3})(?=[\W]?[^\sa-z])")
# whose two last figures stand for it, as in `Eurovision 72`
LATE_YEAR = re.compile(r"19[5-9]\d")
YEAR = re.compile(r"1[5-9]\d\d|20\d\d")
# a number of a catalogue that tells a work together with its author
IN_CATALOGUE = re.compile(r"[1-9]\d{2}")
STRONG_LETTERS, STRONG_WORDS = 13, 3
ARTICLES = frozenset(("a", "an", "the"))
# fewest letters of a part of a name that can stand for the whole, such as a title without author
SHORTEST_PART = 5
# the same for a family name, for one of a band's member, and for the last word of a band's name
SHORTEST_FAMILY, SHORTEST_MEMBER, SHORTEST_LAST = 4, 6, 8
# the same for a work named without its form
SHORTEST_NICKNAME = 7
DEGREES = ("note", "step", "tone")
DEGREE_OF = re.compile(r"(?P<number>\w+) degree of the major scale")
# what stands beside the number of a degree whose scale is not named, none a word of a relation
BESIDE_DEGREES = tuple(product(("degree", "step", "note"), ("scale", "tonic", "mi")))
# small numbers in words
SPELT = {figures: word for word, figures in CARDINALS.items()}
DROPPED_G = re.compile(r"(?<=\w)in['’](?!\w)")
BEFORE_THE_END = frozenset(("von", "di", "de", "du", "to", "of", "from"))


@dataclass(frozen=True)
class Name:
    """One name of a subject, for looking it up: the words that must be there, in any order.

    phrase: its words in sequence; for a weak name all but articles. capitals: those that begin with
    a capital letter. weak: whether the words alone do not show that the subject is meant
    (`Yesterday`, `Joy Division`). partial: a family name alone.
    """

    text: str
    phrase: tuple[str, ...]
    weak: bool
    partial: bool

    @classmethod
    def of(cls, text: str, tokens: Sequence[str], partial: bool = False) -> "Name":
        """The name with these words, as they are in `text`."""
        phrase = telling(tokens)
        letters = sum(map(len, phrase))
        told = any(YEAR.fullmatch(w) for w in phrase) or any(map(is_term, phrase))
        told = told or any(IN_CATALOGUE.fullmatch(w) for w in phrase)
        long = len(set(phrase)) >= STRONG_WORDS or letters >= STRONG_LETTERS
        weak = not ((told and len(phrase) > 1) or any(map(is_term, phrase)))
        weak = weak and not (long and len(phrase) > 1)
        if weak:
            phrase = tuple(w for w in tokens if w not in ARTICLES) or tuple(tokens)
        return cls(text, phrase, weak, partial)

    @cached_property
    def needed(self) -> frozenset[str]:
        """The words that must be there."""
        return frozenset(self.phrase)

    @cached_property
    def capitals(self) -> frozenset[str]:
        """Its words that begin with a capital letter."""
        raw = [part for part in self.text.split() if part.lstrip("\"'“‘(")[:1].isupper()]
        return self.needed.intersection(words(" ".join(raw)))


def names_of(subject: str, aliases: Iterable[str] = (), relation: str = "") -> list[Name]:
    """The names that a subject goes by; for artists also the last word, if it is long enough."""
    names: dict[tuple[str, ...], Name] = {}
    # `Shinin' On` as most people type it
    plain = [DROPPED_G.sub("in", t) for t in (subject, *aliases) if DROPPED_G.search(t)]
    # a degree of a scale is also called its note or its step
    plain += [subject.replace("degree of", f"{w} of") for w in DEGREES if "degree of" in subject]
    plain += [text.replace("the major scale", "the scale") for text in plain]
    plain += [
        f"{m['number']} {w} {beside}"
        for m in DEGREE_OF.finditer(subject)
        for w, beside in BESIDE_DEGREES
    ]
    for text in (subject, *aliases, *plain):
        for tokens in forms_of(text):
            name = Name.of(text, tokens)
            names.setdefault(name.phrase, name)
    whole = telling(words(BRACKETS.sub(" ", without_noun(subject))))
    least = SHORTEST_FAMILY if "birth" in relation else SHORTEST_LAST
    if relation == "artist.band":
        least = SHORTEST_MEMBER
    # not John French, nor the Yellow Magic Orchestra
    untold = vocabulary().describing | vocabulary().kinds_of.keys()
    is_told = bool(whole) and stem(whole[-1]) not in untold
    if relation.startswith("artist.") and len(whole) > 1 and len(whole[-1]) >= least and is_told:
        names.setdefault(whole[-1:], Name.of(subject, whole[-1:], partial=True))
    if relation.startswith("theory.") and (key := KEY_ALONE.fullmatch(without_noun(subject))):
        tokens = tuple(words(key["key"]))  # a key named by its note alone is major
        names.setdefault(tokens, Name.of(key["key"], tokens, partial=True))
    if relation.startswith(("game.", "film.")) and (match := SUBTITLE.search(subject)):
        tokens = tuple(words(match["title"]))
        names.setdefault(tokens, Name.of(match["title"], tokens, partial=True))
    if relation.startswith(("classical.", "opera.")):
        for tokens in cut_short(subject):
            names.setdefault(telling(tokens), Name.of(subject, tokens, partial=True))
    return [name for name in names.values() if name.phrase]


def telling(tokens: Sequence[str]) -> tuple[str, ...]:
    """The words that a name cannot lack: no articles, prepositions and the like."""
    return tuple(w for w in tokens if stem(w) not in vocabulary().empty)


def without_noun(text: str) -> str:
    """`the album "Unity"` without the nouns that only say what it is."""
    match = LEADING_NOUNS.match(text)
    nouns = [stem(w) for w in words(match["nouns"])] if match else []
    rules = vocabulary()
    if match and (nouns[-1] in rules.categories or rules.empty.isdisjoint(nouns)):
        return text[match.end() :]
    return text


def forms_of(text: str) -> list[tuple[str, ...]]:
    """The words of a name: as it is, without optional parts, and with its parts in other forms."""
    text = without_noun(text).strip(" ,")
    forms = [tuple(words(text))]
    outside = BRACKETS.sub(" ", text).strip()
    rest = tuple(words(outside))
    letters = sum(len(w) for w in rest if w not in ARTICLES)
    if rest != forms[0] and telling(rest) and letters >= SHORTEST_PART:
        forms.append(rest)
    forms += dated(text, rest)
    if match := QUOTED.match(outside):
        title, author = tuple(words(match["title"])), telling(words(match["author"]))
        forms += [title, author + title, author[-1:] + title]
    elif match := POSSESSIVE.match(outside):
        titles = {match["title"]: 0, without_noun(f"the {match['title']}").removeprefix("the "): 0}
        titles |= {FOR_WHAT.sub("", title): 0 for title in titles}
        forms += [form for title in titles for form in authored(match["author"], title)]
        author = telling(words(match["author"]))
        forms += nicknamed(author, tuple(words(match["title"])), text)
        if number := CATALOGUE.search(match["title"]):
            forms.append((*author[-1:], *words(number["number"])))
    return forms


def dated(text: str, outside: Sequence[str]) -> list[tuple[str, ...]]:
    """An award with only its name and its year, or the number of its ceremony; a key alone.

    outside: the words of `text` that are not in brackets.
    """
    rest = telling(outside)
    needed = tuple(w for w in rest if stem(w) not in vocabulary().optional)
    if any(YEAR.fullmatch(w) for w in needed) and len(needed) > 1:
        numbers = [w for part in BRACKETS.findall(text) for w in words(part) if w.isdigit()]
        # `the album Grammy of 1989` is the Grammy for Album of the Year
        plain = tuple(w.removesuffix(":year") for w in needed)
        short = () if numbers else tuple(w[2:] if LATE_YEAR.fullmatch(w) else w for w in needed)
        return [needed, plain, *([short] if short != needed and short else [])] + [
            tuple(number if YEAR.fullmatch(w) else w for w in form)
            for number in numbers
            for form in (needed, plain)
        ]
    return [needed] if any(map(is_term, rest)) and needed else []


def cut_short(title: str) -> Iterator[tuple[str, ...]]:
    """A work without its form or its end, or by its nickname alone.

    The Pathétique (Sonata), Die Meistersinger (von Nürnberg), the "Jeunehomme".
    """
    rules = vocabulary()
    for nickname in NICKNAME.findall(title):
        # `American` may describe a work as well as identify it
        if not all(stem(w) in rules.describing for w in words(nickname)):
            yield tuple(words(nickname))
    whole = tuple(words(BRACKETS.sub(" ", title)))
    own = telling(whole)
    if len(own) > 1 and own[-1] in rules.forms and not POSSESSIVE.match(title):
        rest = own[:-1]
        plain = any(stem(w) in rules.forms or stem(w) in rules.describing for w in rest)
        if not plain and len(rest) == 1 and len(rest[0]) >= SHORTEST_NICKNAME:
            yield rest
    for index, word in enumerate(whole):
        head = whole[:index]
        if word in BEFORE_THE_END and sum(map(len, head)) >= STRONG_LETTERS:
            if any(stem(w) not in rules.forms for w in telling(head)):
                yield tuple(w for w in head if w not in ARTICLES)
            return


def authored(author: str, title: str) -> list[tuple[str, ...]]:
    """A work without its author if its title identifies it; its author and number if not."""
    own, work = telling(words(author)), tuple(words(title))
    rules = vocabulary()
    special = [w for w in telling(work) if stem(w) not in rules.forms and not w.isdigit()]
    forms = [own[-1:] + work] if len(own) > 1 else []
    if len(special) > 1 or (special and len(special[0]) >= SHORTEST_PART and len(own) > 1):
        forms.append(work)
    if "symphony" in work and any(w.isdigit() for w in work):
        forms.append(own[-1:] + tuple(w for w in work if w != "symphony"))
    return forms


def nicknamed(author: Sequence[str], work: Sequence[str], text: str) -> list[tuple[str, ...]]:
    """A work by its author, its nickname and what it is: `Saint-Saëns's "Organ" Symphony`.

    A long nickname does without what it is: `Haydn's Surprise`, `Dvořák's New World`.
    """
    kinds = [w for w in work if w in vocabulary().forms][-1:]
    names = [tuple(words(name)) for name in ANY_NICKNAME.findall(text)]
    alone = [telling(name) for name in names if is_nickname(name)]
    return [(*author[-1:], *name, *kinds) for name in names if kinds] + [
        (*author[-1:], *name) for name in alone
    ]


def is_nickname(name: Sequence[str]) -> bool:
    """Whether words name a work, and do not only say of what kind it is, as `American` does."""
    own = telling(name)
    plain = vocabulary().describing | vocabulary().forms
    return sum(map(len, own)) >= SHORTEST_NICKNAME and not all(
        stem(w) in plain or w in plain for w in own
    )


# --- questions ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """What facts say about a subject: its other names, and words that often occur with it."""

    aliases: tuple[str, ...] = ()
    beside: frozenset[str] = frozenset()


@dataclass(frozen=True)
class QuestionParts:
    """What a question is recognised by.

    kind: of its answer. meanings: what its relation is about, as concepts and, where a word belongs
    to none, as stems. cues: the stems that have one of the meanings. explained: stems that can be
    in any wording of it. wording: its own telling words, by which it is found if no
    subject is given. given: its answers as they are spelt. alike: stems for what its own say of a
    player or an instrument. column: the last part of its relation's name.
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
    given: tuple[str, ...]
    wording: frozenset[str]
    alike: frozenset[str]
    column: str

    @classmethod
    def of(cls, question: Mapping, number: int = 0, known: Known | None = None) -> "QuestionParts":
        """A question of any benchmark: only its wording is needed.

        number: used if no id is given. known: what facts say about its subject. Raises
        QuestionError, which names the question and what it lacks.
        """
        key, known = str(question.get("id") or number), known or Known()
        text, subject = question.get("question"), str(question.get("subject") or "")
        if not isinstance(text, str) or not words(text):
            raise QuestionError(f"question {key!r} has no 'question'")
        if subject and not words(subject):
            raise QuestionError(f"question {key!r}: no word in its subject")
        relation = relation_of(question)
        own = [stem(w) for w in without(words(text), words(subject))]
        meanings = meanings_of(relation, (*asked_as(relation), own))
        cues = cues_of(meanings)
        players = vocabulary().players
        called = {other for s in own for other in players.get(s, ())}
        # a saxophonist's instrument is called a sax, too
        alike = frozenset(called.union(*(players.get(other, ()) for other in called)))
        alike -= set(own)
        kind = kind_of(relation, str(question.get("answer_type") or ""), own)
        return cls(
            id=key,
            subject=subject,
            names=tuple(names_of(subject, known.aliases, relation)) if subject else (),
            kind=kind,
            places=meanings & {"city", "country"},
            meanings=meanings,
            cues=cues,
            explained=frozenset(own)
            | alike
            | cues.keys()
            | vocabulary().kinds.get(kind, frozenset())
            | known.beside,
            answers=answers_of(question),
            given=given_answers(question),
            wording=frozenset(telling(words(text))),
            alike=alike,
            column=relation.rpartition(".")[2],
        )

    @cached_property
    def wording_stems(self) -> frozenset[str]:
        """The stems of its own telling words."""
        return frozenset(map(stem, self.wording))

    @cached_property
    def answer_stems(self) -> frozenset[str]:
        """The stems of all its answers."""
        return frozenset(stem(word) for answer in self.answers for word in answer)

    @cached_property
    def bare_answers(self) -> frozenset[tuple[str, ...]]:
        """Answers of small words, such as the band Can, which count only where they stand alone."""
        return frozenset(tuple(words(text)) for text in self.given) - set(self.answers) - {()}

    @cached_property
    def brief_answers(self) -> tuple[tuple[str, ...], ...]:
        """Answers in forms that count only where nothing else stands: a key by its note alone."""
        single = [answer[0] for answer in self.answers if len(answer) == 1]
        keys = [w.rpartition(":")[0] for w in single if w.endswith((":major", ":minor"))]
        years = [w[2:] for w in single if LATE_YEAR.fullmatch(w)]
        spelt = [SPELT[w] for w in single if w in SPELT]
        people = [answer for answer in self.answers if self.kind == "person" and len(answer) > 1]
        initials = [(answer[0][0], *answer[1:]) for answer in people]
        families = [answer[-1] for answer in people if is_family_name(answer[-1])]
        return (*((form,) for form in keys + years + spelt + families), *initials)

    @cached_property
    def subject_stems(self) -> frozenset[str]:
        """The stems of its subject's whole name."""
        return frozenset(map(stem, words(self.subject)))

    def is_answered_in(self, tokens: Sequence[str]) -> bool:
        """Whether one of the answers is among the words."""
        return any(stands_in(answer, tokens) for answer in self.answers)

    def is_named_in(self, tokens: Sequence[str]) -> bool:
        """Whether the family name of a person who is an answer is among the words."""
        return self.kind == "person" and not self.families.isdisjoint(tokens)

    @cached_property
    def families(self) -> frozenset[str]:
        """The last words of its answers, if long enough for a family name."""
        return frozenset(a[-1] for a in self.answers if len(a[-1]) >= SHORTEST_PART)


def is_family_name(word: str) -> bool:
    """Whether the last word of a name may stand for it: long enough, and no usual word."""
    return len(word) >= SHORTEST_PART and word.isalpha() and not is_common(stem(word))


def relation_of(question: Mapping) -> str:
    """`artist.birth_year` of a question about the fact `m:artist.birth_year:name`, else ""."""
    facts = question.get("fact_ids") or [""]
    return str(question.get("relation") or (str(facts[0]).split(":") + ["", ""])[1])


@cache
def asked_as(relation: str) -> tuple[tuple[str, ...], ...]:
    """The wordings of questions about a relation of the facts, as stems; empty for others."""
    known = wordings().get(relation)
    questions = known.questions if known else ()
    return tuple(tuple(stem(w) for w in words(text.replace("{s}", " "))) for text in questions)


@cache
def wordings() -> dict[str, Relation]:
    """The relations of the facts."""
    return load_relations()


def meanings_of(relation: str, asked: Iterable[Sequence[str]]) -> frozenset[str]:
    """Concepts of a relation's name and of the words of its questions; stems without a concept too.

    asked: the stems of wordings, without a subject, in sequence.
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
    if column == "player":
        names -= {"represent"}  # credited with the saxophone, not with the song
    return frozenset(names) | plain


def named_concepts(name: str) -> Sequence[str]:
    """The concepts that a part of a relation's name means."""
    rules = vocabulary()
    return rules.relations.get(name) or ([name] if name in rules.concepts else ())


# function words that tell a relation: where somebody is from, on which album
PREPOSITIONS = frozenset(("from", "on"))


def cues_of(meanings: Iterable[str]) -> dict[str, frozenset[str]]:
    """The stems that have any of the meanings, each with the ones it has."""
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


def given_answers(question: Mapping) -> tuple[str, ...]:
    """The answers of a question with their other forms, as they are; empty if none is given."""
    given: list[object] = [question.get("answer"), question.get("aliases")]
    given.append(question.get("answers"))
    texts = [t for item in given for t in (item if isinstance(item, list | tuple) else [item])]
    return tuple(str(t) for t in texts if t is not None)


def answers_of(question: Mapping) -> tuple[tuple[str, ...], ...]:
    """The answers of a question with their other forms, as words."""
    given = given_answers(question)
    forms = {tuple(words(text)) for text in given}
    forms |= {(people,) for text in given for people in vocabulary().peoples.get(fold(text), ())}
    # `US` is the word `us` in a text
    return tuple(form for form in forms if form and not vocabulary().empty.issuperset(form))


def stands_in(phrase: Sequence[str], tokens: Sequence[str]) -> bool:
    """Whether the words of a phrase are consecutive among the tokens."""
    size = len(phrase)
    if size == 1:
        return phrase[0] in tokens
    return any(
        tokens[i] == phrase[0] and tuple(tokens[i : i + size]) == tuple(phrase)
        for i in range(len(tokens) - size + 1)
    )
