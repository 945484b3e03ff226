"""Subjects named in part: `Led Zep`, `the Chili Peppers`, `Miles on "Jack Johnson"`.

A part of a name alone is no proof. It counts in a text that is posed as a question, where the
answer stands behind it, or where most of the name is there.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import NamedTuple

from mucpt_utils.pipeline.questions.asking import Prompt
from mucpt_utils.pipeline.questions.parts import (
    POSSESSIVE,
    QUOTED,
    YEAR,
    Name,
    QuestionParts,
    without_noun,
)
from mucpt_utils.pipeline.questions.subject_names import Match, Subject
from mucpt_utils.pipeline.questions.vocabulary import is_common, vocabulary
from mucpt_utils.pipeline.questions.words import Words, is_term, stem, words

# share of a name's letters that must be there: with the answer behind it; without it, if they are
# its first or last words, as in `Ziggy Stardust`; and else
ANSWERED_SHARE, END_SHARE, SHARE = 0.3, 0.3, 0.55
# subjects at most that may have a word that hints at one of them
MOST_SUBJECTS = 8
# letters of a clipped word, and of one that may be clipped: Rach, Zep
SHORTEST_CLIP, LONGEST_CLIP, CLIPPED = 3, 6, 7
INITIALS = frozenset("abcdefghijklmnopqrstuvwxyz")


class Hint(NamedTuple):
    """A part of a subject's name. is_most: whether it can do without the answer behind it."""

    match: Match
    is_most: bool


class Hints:
    """Subjects by the rarer words of their names, for finding those that are named in part.

    is_everyday: whether a word is in many texts.
    """

    def __init__(self, subjects: Iterable[Subject], is_everyday: Callable[[str], bool]) -> None:
        self.by_part: dict[str, list[tuple[Subject, list[Name]]]] = defaultdict(list)
        for subject in subjects:
            names = of_the_title(subject)
            rare = {w for name in names for w in name.phrase if not (is_everyday(w) or is_term(w))}
            for part in rare.union(*map(clips, rare)):
                self.by_part[part].append((subject, names))

    def named_in(self, prompt: Prompt, taken: frozenset[int]) -> Iterator[Hint]:
        """The subjects that a prompt names in part.

        taken: places of the words of subjects that it names in full.
        """
        tokens = prompt.words
        seen: set[int] = set()
        for word in tokens.positions:
            for subject, names in self.by_part.get(word, ())[:MOST_SUBJECTS]:
                if id(subject) not in seen:
                    seen.add(id(subject))
                    hint = best_part(subject, names, tokens, taken)
                    if hint and not is_of_another_year(subject, tokens):
                        yield hint


def of_the_title(subject: Subject) -> list[Name]:
    """The names of a subject; of a title with its author, those that are of the title alone."""
    titles = QUOTED.match(without_noun(subject.questions[0].subject))
    own = set(words(titles["title"])) if titles else None
    return [n for n in subject.names if own is None or n.needed <= own]


def is_of_author(match: Match) -> bool:
    """Whether words name only the author of a work: `Stravinsky` of his Requiem."""
    subject = without_noun(match.subject.questions[0].subject)
    owner = POSSESSIVE.match(subject) or QUOTED.match(subject)
    if owner is None:
        return False
    title = set(words(owner["title"]))
    return title.isdisjoint(match.name.phrase) and not any(
        is_clipped(word, title) for word in match.name.phrase
    )


def is_clipped(word: str, title: Iterable[str]) -> bool:
    """Whether a word is the short form of one of the others."""
    return any(word in clips(other) for other in title)


def best_part(
    subject: Subject, names: Iterable[Name], tokens: Words, taken: frozenset[int]
) -> Hint | None:
    """The largest part of one of a subject's names that is among the tokens."""
    parts = [part for name in names if (part := part_of(name, tokens, taken))]
    if not parts:
        return None
    part = max(parts, key=lambda part: part.share)
    match = Match(subject, part.name, frozenset(part.places))
    if part.share < ANSWERED_SHARE or goes_on(match, tokens):
        return None
    least = END_SHARE if part.is_end else SHARE
    is_most = part.share >= least and len(part.places) > 1
    is_most = is_most and list(part.places) == sorted(part.places)
    # a concerto without its number may be another
    numbers = {
        word for word in words(part.name.text) if word.isdigit() and not YEAR.fullmatch(word)
    }
    is_most = is_most and numbers <= tokens.positions.keys()
    return Hint(match, is_most)


@cache
def clips(word: str) -> tuple[str, ...]:
    """The short forms of a long word."""
    longest = min(LONGEST_CLIP, len(word) - 3) if len(word) >= CLIPPED else 0
    short = (word[:size] for size in range(SHORTEST_CLIP, longest + 1))
    return tuple(clip for clip in short if not is_of_questions(stem(clip)))


class Part(NamedTuple):
    """Some words of a name: their share of its letters, the name they make, and where they are.

    is_end: whether they are its first or its last words.
    """

    share: float
    name: Name
    places: tuple[int, ...]
    is_end: bool


def part_of(name: Name, tokens: Words, taken: frozenset[int]) -> Part | None:
    """The words of a name that are among the tokens, in full or clipped; None for none."""
    places: dict[str, int] = {}
    for word in name.phrase:
        for form in (word, *clips(word)):
            free = [i for i in tokens.positions.get(form, ()) if i not in taken]
            if free:
                places[word] = free[0]
                break
    if not places:
        return None
    own = [w for w in name.phrase if not YEAR.fullmatch(w)] or list(name.phrase)
    share = sum(len(w) for w in own if w in places) / sum(map(len, own))
    phrase = tuple(tokens.forms[i] for i in places.values())
    there = tuple(places)
    is_end = there in (name.phrase[: len(there)], name.phrase[-len(there) :])
    return Part(share, Name(name.text, phrase, True, False), tuple(places.values()), is_end)


def goes_on(match: Match, tokens: Words, steps: Iterable[int] = (-1, 1)) -> bool:
    """Whether the words belong to a longer name that is another's: `Led Zeppelin III`.

    steps: on which sides of them to look, -1 before and 1 behind.
    """
    own = match.subject.questions[0]
    beside = {place + step for place in match.places for step in steps} - match.places
    for place in beside:
        if 0 <= place < len(tokens.forms):
            word = tokens.forms[place]
            root = stem(word)
            is_own = root in own.explained or root in own.subject_stems or word in INITIALS
            is_own = is_own or is_of_questions(root)
            # `first` is a number, too, but none of a name; nor is a year before it
            is_date = YEAR.fullmatch(word) and (
                place < min(match.places) or root in own.subject_stems
            )
            is_number = word.isdigit() and word in tokens.text and not is_date
            is_number = is_number and not in_catalogue(place, tokens)
            if not is_own and (word in tokens.capitals or is_number):
                return True
    return False


IN_CATALOGUE = frozenset(("op", "bwv", "k", "kv", "hob", "rv", "hwv", "woo", "d"))


def in_catalogue(place: int, tokens: Words) -> bool:
    """Whether a number says where a work is listed, before its nickname: `Op. 57 "Moonrise"`."""
    return not IN_CATALOGUE.isdisjoint(tokens.forms[max(0, place - 1) : place])


def is_of_another_year(subject: Subject, tokens: Words) -> bool:
    """Whether a year is given, and it is not the one that the subject's name has."""
    own = {stem for stem in subject.questions[0].subject_stems if YEAR.fullmatch(stem)}
    given = {word for word in tokens.forms if YEAR.fullmatch(word)}
    return bool(own and given) and own.isdisjoint(given)


def is_of_questions(root: str) -> bool:
    """Whether a stem is one that questions have."""
    rules = vocabulary()
    return (
        is_common(root)
        or root in rules.concepts_of
        or root in rules.kinds_of
        or root in rules.describing
    ) and not root.isdigit()


def names_another(match: Match, question: QuestionParts, prompt: Prompt) -> bool:
    """Whether a prompt has a word of another name: one with a capital letter, if it has any."""
    tokens = prompt.words
    own = question.explained | question.subject_stems | question.answer_stems
    own |= set(map(stem, match.name.phrase))
    if tokens.cased:
        kinds = vocabulary().describing | vocabulary().categories
        capital = {stem(w) for w in tokens.forms[1:] if w in tokens.capitals}
        return not capital <= own | kinds
    return any(stem(w) not in own and not is_of_questions(stem(w)) for w in tokens.forms)


def is_proved(question: QuestionParts, prompt: Prompt) -> bool:
    """Whether the answer of a question, or the family name of a person, is behind a prompt."""
    tokens = prompt.following.forms
    return question.is_answered_in(tokens) or question.is_named_in(tokens)
