"""Whether a prompt about the subject of a question asks for something else: `who conducted`."""

from collections.abc import Sequence
from itertools import pairwise

from mucpt_utils.pipeline.questions.asked_words import (
    AUXILIARIES,
    HOUSES,
    LONGEST_WANTED,
    OPEN_WORDS,
    Asked,
    asks_by_whom,
)
from mucpt_utils.pipeline.questions.asking import Prompt
from mucpt_utils.pipeline.questions.parts import ARTICLES, QuestionParts
from mucpt_utils.pipeline.questions.subject_hints import is_proved
from mucpt_utils.pipeline.questions.subject_names import ASIDE
from mucpt_utils.pipeline.questions.vocabulary import is_common, vocabulary
from mucpt_utils.pipeline.questions.words import stem

MUSIC = frozenset(map(stem, ("score", "music", "soundtrack")))


def asks_otherwise(question: QuestionParts, asked: Asked, prompt: Prompt) -> bool:
    """Whether a prompt has a word of another relation than the question's: `who conducted`."""
    rules = vocabulary()
    own = question.cues.keys() | question.wording_stems | question.alike | question.answer_stems
    # words between those of the subject tell which one is meant: X's cover of Y
    ends = min(asked.places, default=0), max(asked.places, default=0)
    outside = [
        s for s, i in zip(asked.stems, asked.where, strict=True) if not ends[0] < i < ends[1]
    ]
    # `backing` has the same stem as `back`
    others = rules.elsewhere.intersection(outside) - own - rules.wrapping - rules.empty
    others -= told_apart(asked.stems) | said_of_who_is_asked_for(question, asked.stems)
    if question.column == "player":
        others -= {"solo"}
    elif question.column in PLAYED or asks_by_whom(asked.stems, prompt):
        # talking drums are an instrument, a soloist was at the piano; by which saxophonist
        others -= rules.players.keys()
    else:
        others -= played_music(asked.stems)
    if question.kind in ("time", "label", "title") and question.kind in asked.kinds:
        # whoever plays it, a bass line says nothing of when it came out, and on what
        others -= rules.players.keys() | set().union(*rules.players.values())
    others -= those_asked_for(question, asked) | done_with(question, asked)
    if question.kind in ("place", "time") and not NO_PLAYING.isdisjoint(question.meanings):
        # who conducted, or what somebody was, says nothing about where and when
        others -= {"conduct", "arrang", "direct"} | rules.players.keys()
    elif question.column in ("artist", "performer") and asks_for_a_player(asked.stems):
        others -= rules.players.keys()
    if is_of_another_number(question, asked) or is_of_a_loser(question, asked):
        return True
    if is_set_aside(asked, prompt):
        return True
    if asks_for_another_thing(question, asked) and not is_proved(question, prompt):
        return True
    return bool(others) or (counts_others(question, asked) and question.kind != "time")


def those_asked_for(question: QuestionParts, asked: Asked) -> set[str]:
    """What only says who is asked for, where a telling verb follows: `which engineer produced`."""
    if question.kind != "person":
        return set()
    told = asked.stems
    start = next((i for i, s in enumerate(told) if s in ("which", "what")), len(told))
    phrase = told[start + 1 : start + 1 + LONGEST_WANTED]
    verbs = set(told[start + 2 :]) & (question.cues.keys() - vocabulary().light)
    return set(phrase) - verbs if verbs - set(phrase) else set()


THEIRS = ARTICLES | {"his", "her", "their", "it"}
NO_PERFORMING = ("produce", "paint", "invent", "words")
MEANS, CLAUSES = ("with", "into"), ("who", "that")


def done_with(question: QuestionParts, asked: Asked) -> set[str]:
    """What performers did with their work: `Name the band who turned a tin into X`; or nothing.

    Whatever it is, it says that the work is theirs.
    """
    rules = vocabulary()
    first = min(asked.places, default=0)
    told = [s for s, i in zip(asked.stems, asked.where, strict=True) if i < first]
    while told and (told[-1] in THEIRS or told[-1] in rules.categories):
        told.pop()
    clause = next((i for i, s in enumerate(told) if s in CLAUSES), 0)
    is_of_them = question.column in ("artist", "performer") and OPEN_WORDS.issuperset(told[:1])
    if not clause or not is_of_them or told[-1] not in MEANS:
        return set()
    wanted = [s for s in told[1:clause] if "person" in rules.kinds_of.get(s, ())]
    others = rules.elsewhere.union(*(rules.concepts[name] for name in NO_PERFORMING))
    others -= question.cues.keys() | rules.players.keys()
    return set(told[clause:]) if wanted and others.isdisjoint(wanted) else set()


NO_PLAYING = frozenset(("premiere", "birth"))
PLAYING = frozenset(map(stem, ("play", "played", "plays", "heard", "featured", "solo", "on")))


def asks_for_a_player(told: Sequence[str]) -> bool:
    """Whether who is asked for is called a player, and not asked to play: `Name the pianist`."""
    first = [s for s in told if s not in ARTICLES][:3]
    asked_for = any(a in OPEN_WORDS and b in vocabulary().players for a, b in pairwise(first))
    return asked_for and PLAYING.isdisjoint(told)


SORTS = frozenset(map(stem, ("type", "kind", "sort", "style", "genre")))
# what no person, place, time or title is
THINGS = frozenset(map(stem, ("instrument", "award", "prize", "interval", "animal", "planet")))
# endings of words for people
OF_PEOPLE = ("man", "men", "ist", "ian", "woman", "women", "ese", "ish")


def asks_for_another_thing(question: QuestionParts, asked: Asked) -> bool:
    """Whether `which` asks for a thing of another kind: `which studio did`, `what size should`.

    A word for a person, which may be any, is none.
    """
    rules = vocabulary()
    for index, word in enumerate(asked.stems):
        if word not in ("which", "what"):
            continue
        wanted = asked.stems[index + 1 : index + 2 + LONGEST_WANTED]
        if wanted and wanted[0] in THINGS:
            return wanted[0] not in question.cues and wanted[0] not in question.wording_stems
        end = next((i for i, s in enumerate(wanted) if s in AUXILIARIES), 0)
        if not end:
            continue
        head = wanted[end - 1]
        if wanted[0] in SORTS and "of" in wanted:
            return question.cues.keys().isdisjoint((wanted[0], head))
        if head in HOUSES:
            return question.kind not in ("place", "label")
        is_known = head in rules.kinds_of or head in question.explained or is_common(head)
        is_known = is_known or head in rules.describing or head in question.answer_stems
        is_known = is_known or head in question.subject_stems or head in rules.concepts_of
        return not (is_known or head.endswith(OF_PEOPLE) or head.isdigit())
    return False


# movements that are not the second
FINALES = frozenset(map(stem, ("finale", "rondo")))
LAST = frozenset(map(stem, ("final", "last", "closing", "outer")))


def is_of_last_movement(told: Sequence[str]) -> bool:
    """Whether a prompt is about a finale: no second movement."""
    last = any(a in LAST and b == stem("movement") for a, b in pairwise(told))
    return last or not FINALES.isdisjoint(told)


def is_of_another_number(question: QuestionParts, asked: Asked) -> bool:
    """Whether a prompt asks for another one of a row: the third movement, not the second."""
    own = {word for word in question.meanings if word.isdigit()}
    if not own:
        return False
    if own == {"2"} and is_of_last_movement(asked.stems):
        return True
    told = pairwise(zip(asked.stems, asked.where, strict=True))
    counted = {
        a for (a, i), (b, k) in told if k == i + 1 and a.isdigit() and b in question.meanings
    }
    return bool(counted) and counted.isdisjoint(own)


RANKED = frozenset(map(stem, ("came", "come", "finished", "placed")))
LOST = frozenset((*map(stem, ("last", "bottom")), *"23456789"))


def is_of_a_loser(question: QuestionParts, asked: Asked) -> bool:
    """Whether a prompt about a prize asks for another than the winner: `which came last`."""
    if "win" not in question.meanings:
        return False
    return any(a in RANKED and b in LOST for a, b in pairwise(asked.stems))


def is_set_aside(asked: Asked, prompt: Prompt) -> bool:
    """Whether the subject opens a prompt that then asks of another: `After D major, name ...`."""
    first = min(asked.places, default=0)
    opening = set(prompt.words.forms[:first])
    return bool(opening & ASIDE) and opening <= ASIDE | ARTICLES


PLAYED = frozenset(("origin", "inventor", "family", "first_soloist"))


def played_music(told: Sequence[str]) -> set[str]:
    """Instruments that say what kind of music it is, not who plays: the drum score."""
    return {a for a, b in zip(told, told[1:], strict=False) if b in MUSIC}


MIXING, DESKS = stem("mixing"), frozenset(map(stem, ("desk", "console", "board", "booth")))


def told_apart(told: Sequence[str]) -> set[str]:
    """`solo` if it says what a record is, not what somebody plays: a solo debut; a mixing desk."""
    things = vocabulary().categories | {"debut", "career", "effort", "outing"}
    pairs = [*pairwise(told)]
    solos = {a for a, b in pairs if a == "solo" and b in things}
    return solos | {a for a, b in pairs if a == MIXING and b in DESKS}


KIN = frozenset(map(stem, ("brother", "brothers", "sister", "sisters")))
BESIDE = frozenset(("and", "or"))


def said_of_who_is_asked_for(question: QuestionParts, told: Sequence[str]) -> set[str]:
    """What only says who somebody is: by which conductor and composer; which sisters sang it."""
    first = {a for w, a in zip(told, told[1:], strict=False) if w in ("which", "what") and a in KIN}
    people = vocabulary().kinds["person"] & question.cues.keys()
    pairs = [(a, b) for a, w, b in zip(told, told[1:], told[2:], strict=False) if w in BESIDE]
    return first.union(a for a, b in pairs if b in people).union(b for a, b in pairs if a in people)


def counts_others(question: QuestionParts, asked: Asked) -> bool:
    """Whether a prompt counts something that is not part of the question: `how many tracks`."""
    told = asked.stems
    counts = (("how", "many"), (stem("number"), "of"))
    places = [i for i, pair in enumerate(pairwise(told)) if pair in counts]
    if not places or not question.explained.isdisjoint(("many", stem("number"))):
        return False
    counted = [s for s in told[places[0] + 2 :][:1] if s not in vocabulary().empty]
    return bool(counted) and not question.cues.keys() & set(counted)
