"""Where the subjects of the benchmark's questions are named in a text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mucpt_utils.pipeline.questions.asking import Manner, Prompt, asks_at_the_end, is_card
from mucpt_utils.pipeline.questions.parts import ARTICLES, Name, QuestionParts
from mucpt_utils.pipeline.questions.signs import opens_or_ends_asking
from mucpt_utils.pipeline.questions.vocabulary import is_common, vocabulary
from mucpt_utils.pipeline.questions.words import Words, is_small, is_term, stem, words

# the most words over which a name may be spread
WIDEST_NAME = 14
SHORTEST_THING = 5  # letters of a name that is a noun of its own
# the most words of a question that leaves its subject to the sentence before
ELLIPTIC = 4


@dataclass
class Subject:
    """A subject with its names and the questions about it."""

    names: tuple[Name, ...]
    questions: list[QuestionParts]


class Match(NamedTuple):
    """A name that is in a prompt, and the places of its words."""

    subject: Subject
    name: Name
    places: frozenset[int]

    def is_meant_in(self, prompt: Prompt) -> bool:
        """Whether the words mean the subject in the prompt, see `is_meant`."""
        if prompt.posed and is_thing(self.name) and self.places:
            before = min(self.places) - 1
            if before >= 0 and not ARTICLES.isdisjoint(prompt.words.forms[before : before + 1]):
                return True  # `the gralla`
        return is_meant(self.name, prompt.words, self.places)


# --- subject ------------------------------------------------------------------------------------


def places_of(name: Name, tokens: Words) -> frozenset[int]:
    """The places of a name's words among the tokens; empty if it is not named.

    An unmistakable name may have its words in any order; a weak one must be there as it is.
    """
    positions = tokens.positions
    if not name.needed <= positions.keys():
        return frozenset()
    if len(name.phrase) == 1:
        return frozenset(positions[name.phrase[0]][:1])
    for start in positions[name.phrase[0]]:
        if row := in_a_row(name, tokens.forms, start):
            return frozenset(row)
    if len(name.phrase) == 2 and is_small(name.phrase[1]):
        return of_his_works(name, tokens)
    if name.weak or name.partial or len(name.phrase) < 3 and not is_dated(name):
        return frozenset()
    places = frozenset(first_of(word, tokens) for word in name.needed)
    is_near = min(places) >= 0 and max(places) - min(places) <= WIDEST_NAME
    return places if is_near else frozenset()


def of_his_works(name: Name, tokens: Words) -> frozenset[int]:
    """The places of an author and a number of his: `Bruckner sketched the end of his Seventh`."""
    author, number = (tokens.positions[word] for word in name.phrase)
    for place in number:
        near = [i for i in author if 0 < place - i <= WIDEST_NAME]
        if near and tokens.forms[place - 1] in ("his", "her"):
            return frozenset((near[-1], place))
    return frozenset()


# what is numbered inside a work: the third movement is not of the third symphony
NUMBERED_PARTS = frozenset(("movement", "act", "scene"))


def first_of(word: str, tokens: Words) -> int:
    """The first place of a word; of a number, the first that counts no part of a work."""
    places = tokens.positions[word]
    if word.isdigit():
        own = [i for i in places if NUMBERED_PARTS.isdisjoint(tokens.forms[i + 1 : i + 2])]
        return own[0] if own else -1
    return places[0]


def is_dated(name: Name) -> bool:
    """Whether a name has a year, a number or a term that identifies it in any order."""
    return any(":" in word or (word.isdigit() and len(word) >= 3) for word in name.phrase)


def in_a_row(name: Name, forms: Sequence[str], start: int) -> list[int]:
    """The places of a name from `start` on, with only function words between its words.

    Between the words of a weak name, only articles may come; between two that are no weak name,
    such as author and work, also words that describe the second: `Vivaldi's well-known Gloria`.
    """
    small = ARTICLES if name.weak else vocabulary().empty
    if len(name.phrase) == 2 and not name.weak:
        small = vocabulary().between_two
    places, wanted = [], 0
    for index in range(start, min(len(forms), start + 3 * len(name.phrase) + 3)):
        if forms[index] == name.phrase[wanted]:
            places.append(index)
            wanted += 1
            if wanted == len(name.phrase):
                return places
        elif stem(forms[index]) not in small:
            return []
    return []


def widest(matches: Iterable[Match]) -> list[Match]:
    """The matches that are not part of another subject's longer name; one for each subject."""
    best: dict[int, Match] = {}
    for match in matches:
        other = best.get(id(match.subject))
        if other is None or (match.name.partial, -len(match.places)) < (
            other.name.partial,
            -len(other.places),
        ):
            best[id(match.subject)] = match
    chosen = list(best.values())
    return [m for m in chosen if not any(is_part_of(m, other) for other in chosen)]


def is_part_of(match: Match, other: Match) -> bool:
    """Whether a name is inside a longer one that adds more than the kind of thing it is.

    `Ainadamar` in `opera Ainadamar` may be the same work, and so may a concerto in its key.
    """
    more = set(other.name.phrase) - set(match.name.phrase)
    is_same = more and all(is_term(w) or stem(w) in vocabulary().categories for w in more)
    # `"Night Ferry" by Tom Ayres` goes by its title alone, too
    phrase = match.name.phrase
    is_same = is_same or any(phrase == name.phrase for name in other.subject.names)
    # so may `Pathétique Sonata` be in `Beethoven's Pathétique Sonata`
    is_same = is_same or (len(phrase) > 1 and other.name.phrase[1:] == phrase)
    return match.places < other.places and not is_same


def is_meant(name: Name, tokens: Words, places: Iterable[int] = ()) -> bool:
    """Whether a name's words mean the subject: they are unmistakable, or have its capitals.

    A single word that opens a sentence has its capital letter anyway.
    """
    if not name.weak:
        return True
    if not name.capitals:  # a common noun, such as `cornet`
        stands_here = name.needed <= set(tokens.forms)
        return stands_here and is_called_so(places, tokens.forms)
    if not (tokens.cased and name.capitals <= tokens.capitals):
        return False
    return len(name.phrase) > 1 or min(places, default=1) > 0 or tokens.is_quoted


def is_beyond_doubt(match: Match, prompt: Prompt) -> bool:
    """Whether a whole name is meant, or some words of it where nothing has capital letters.

    A single word that may be any must be in a question that is nothing else; there it may open it.
    """
    name, is_meant_here = match.name, match.is_meant_in(prompt)
    if name.partial:
        return False
    if len(name.phrase) > 1 or not name.weak:
        return is_meant_here or not prompt.words.cased
    has_capital = name.capitals and name.capitals <= prompt.words.capitals
    if has_capital and min(match.places, default=1) == 0:
        return asks_at_the_end(prompt.text.strip())
    return is_meant_here and opens_or_ends_asking(prompt.text)


NAMING = ARTICLES | {"called", "named", "titled", "known", "as", "musical"}


def is_called_so(places: Iterable[int], forms: Sequence[str]) -> bool:
    """Whether a noun says what the words are: `the instrument called the kobyz, a fiddle`."""
    places = sorted(places)
    if not places or places[-1] >= len(forms):
        return False
    before, behind = places[0] - 1, places[-1] + 1
    while before >= 0 and forms[before] in NAMING:
        before -= 1
    while behind < len(forms) and forms[behind] in NAMING:
        behind += 1
    near = [index for index in (before, behind) if 0 <= index < len(forms)]
    return any(stem(forms[index]) in vocabulary().categories for index in near)


def has_category(places: frozenset[int], forms: Sequence[str]) -> bool:
    """Whether a noun beside the words of a name says what they are: `the song jump`."""
    around = {place + step for place in places for step in (-1, 1)} - places
    return any(
        0 <= index < len(forms) and stem(forms[index]) in vocabulary().categories
        for index in around
    )


def refers(prompt: Prompt) -> bool:
    """Whether a prompt refers to something named before: `it`, `the album`."""
    rules = vocabulary()
    pairs = pairs_of(prompt)
    by_noun = any(w in ("the", "this", "that") and f in rules.categories for w, f in pairs)
    is_elliptic = "?" in prompt.text and len(pairs) <= ELLIPTIC  # `Country of origin?`
    return (
        by_noun or is_elliptic or any(w in rules.pronouns and not has_noun(w, f) for w, f in pairs)
    )


# what they open with is not asked about: `After D major, name the next key`
ASIDE = frozenset(("after", "before", "unlike", "besides"))


def points_elsewhere(prompt: Prompt) -> bool:
    """Whether a prompt asks about something of its own: `Who composed in this period?`"""
    return not ASIDE.isdisjoint(prompt.words.forms[:1]) or any(
        has_noun(word, following) for word, following in pairs_of(prompt)
    )


def pairs_of(prompt: Prompt) -> list[tuple[str, str]]:
    """The words of a prompt, each with the stem of the next one."""
    forms = prompt.words.forms
    return list(zip(forms, [*map(stem, forms[1:]), ""], strict=False))


def has_noun(word: str, following: str) -> bool:
    """Whether `this` or its like is no pronoun, since a noun foreign to questions follows."""
    return word in DETERMINERS and not is_known_word(following)


DETERMINERS = frozenset(words("this that these those"))


def is_known_word(word: str) -> bool:
    """Whether a stem is one that questions have, or is empty."""
    rules = vocabulary()
    if not word or word.isdigit():  # that second movement
        return True
    return is_common(word) or word in rules.concepts_of or word in rules.kinds_of


def states(prompt: Prompt) -> bool:
    """Whether a prompt is bare words, such as a line of a table, without a question mark."""
    return prompt.manner is Manner.BARE and "?" not in prompt.text and not is_card(prompt.text)


def is_thing(name: Name) -> bool:
    """Whether a name is a common noun, such as `sarrusophone`: long, and in lower case."""
    return not name.capitals and max(map(len, name.phrase)) >= SHORTEST_THING


SAID_OF = frozenset(map(stem, words("is was has had sounds features")))


def opens_with(match: Match, prompt: Prompt) -> bool:
    """Whether the text before a prompt begins with the name: `Myst has a fine score.`"""
    tokens = prompt.context
    behind = tokens.forms[max(match.places) + 1 : max(match.places) + 2]
    is_first = min(match.places) == 0 and match.name.capitals <= tokens.capitals
    return is_first and tokens.cased and not SAID_OF.isdisjoint(map(stem, behind))


def may_be_referred_to(match: Match, prompt: Prompt, names_other: bool) -> bool:
    """Whether a prompt may refer to a subject that is named before it, or partly before it.

    names_other: whether it names a subject itself.
    """
    is_named = prompt.posed and not names_other and match.name.capitals <= prompt.context.capitals
    if (match.name.partial and not is_named) or (names_other and not refers(prompt)):
        return False
    if prompt.posed and match.places and (not match.name.weak or is_thing(match.name)):
        return True
    if prompt.posed and match.name.capitals and opens_with(match, prompt):
        return True
    return is_meant(match.name, prompt.context) or (
        prompt.posed and is_meant(match.name, prompt.both, match.places)
    )
