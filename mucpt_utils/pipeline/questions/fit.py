"""Whether a prompt that names the subject of a question asks that question."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

from mucpt_utils.pipeline.questions.asked_words import (
    AUXILIARIES,
    HOUSES,
    OPEN_WORDS,
    Asked,
    asks_by_whom,
)
from mucpt_utils.pipeline.questions.asking import (
    AUXILIARY,
    Manner,
    Prompt,
    ends_in_verdict,
    is_card,
    without_field,
)
from mucpt_utils.pipeline.questions.other_questions import asks_otherwise, done_with
from mucpt_utils.pipeline.questions.parts import ANY, ARTICLES, YEAR, QuestionParts
from mucpt_utils.pipeline.questions.subject_hints import goes_on, is_proved
from mucpt_utils.pipeline.questions.subject_names import (
    Match,
    has_category,
    is_called_so,
    states,
)
from mucpt_utils.pipeline.questions.vocabulary import is_common, vocabulary
from mucpt_utils.pipeline.questions.words import Words, is_term, stem, words

# words of an answer that stands alone
SHORT_ANSWER = 15
# words of a prompt that need not belong to any part of the question: if the subject is named in
# unmistakable words, in words with its capital letters, or only referred to
MOST_STRONG, MOST_MEANT, MOST_REFERRING = 5, 2, 1
# this many more in a text that is posed as a question, not part of a page
MORE_POSED = 4
# and if its kind of answer and a telling word of its relation are there
MORE_CERTAIN = 5
# and this many if the answer stands behind it
MORE_PROVED = 8
# this many fewer if only words like `come` and `get` tell the relation
LIGHT_COSTS = 2
# meanings that say what kind of answer is wanted, but not how it relates to the subject
KIND_MEANINGS = frozenset(("city", "country", "year"))


def asked_about(match: Match, prompt: Prompt, places: frozenset[int]) -> list[QuestionParts]:
    """The questions that a prompt asks about a subject: of each kind of answer the best fitting."""
    asked = Asked.of(match, prompt, places)
    scores: dict[str, list[tuple[int, QuestionParts]]] = defaultdict(list)
    for question in match.subject.questions:
        if is_field_name(match, prompt) or is_of_a_part(match, prompt):
            continue
        loose = prompt.posed and (
            is_proved(question, prompt) or not asks_for_a_noun(question, asked)
        )
        if not is_verdict(prompt) and not may_ask_for(question, asked, loose):
            continue
        score = fit(question, asked, match, prompt)
        if score is not None:
            scores[question.kind].append((score, question))
    return [
        question
        for group in scores.values()
        for score, question in group
        if score == max(s for s, _ in group)
    ]


def is_verdict(prompt: Prompt) -> bool:
    """Whether a prompt asks if a statement is true: `... in 1975. True or false?`"""
    return prompt.manner is Manner.WHETHER and ends_in_verdict(prompt.text)


def is_field_name(match: Match, prompt: Prompt) -> bool:
    """Whether the words of a name are the label of a field: `question: he appears`."""
    head = prompt.text[: len(prompt.text) - len(without_field(prompt.text))]
    return bool(head) and match.name.needed <= set(words(head))


# a title in quotation marks behind a possessive
OWNED = re.compile(r"(?:['’]s|s['’]) (?:\w+ ){0,2}[\"“](?P<title>[^\"“”]{2,80})[\"”]")


def is_of_a_part(match: Match, prompt: Prompt) -> bool:
    """Whether the words only lead to another name: `Blade Runner`, `Kid A's "Idioteque"`."""
    places, tokens = match.places, prompt.words
    if not places:
        return False
    is_one_word = len(match.name.phrase) == 1 and match.name.weak and match.name.capitals
    # before a family name alone no other first name stands
    sides = (-1, 1) if match.name.partial else (1,)
    if is_one_word and tokens.cased and goes_on(match, tokens, sides):
        return True
    owned = OWNED.search(prompt.text)
    if owned is None:
        return False
    before = Words.of(prompt.text[: owned.start()]).forms[-1:]
    title = Words.of(owned["title"]).forms
    is_owner = before == tokens.forms[max(places) : max(places) + 1]
    return is_owner and match.name.needed.isdisjoint(title)


PLAYERS = frozenset(("player", "soloist", "solo", "part", "accompanist", "virtuoso"))


FORMS = frozenset(("concerto", "sonata", "quartet", "quintet", "trio", "duet", "suite", "etude"))
WORKS = frozenset(("score", "music", "piece", "work", "version", "reduction", "arrangement"))


def is_of_a_player(match: Match, tokens: Words) -> bool:
    """Whether an instrument only says who or which work is meant: `name the piano player`."""
    name = match.name
    if (
        len(name.phrase) > 1
        or not name.weak
        or (name.capitals and name.capitals <= tokens.capitals)
    ):
        return False
    following = tokens.forms[max(match.places) + 1 : max(match.places) + 2]
    return plays(following) or (not name.capitals and not WORKS.isdisjoint(following))


def plays(following: Sequence[str]) -> bool:
    """Whether the word after an instrument is a player or a work."""
    return any(w in PLAYERS or w in FORMS for w in following)


def may_ask_for(question: QuestionParts, asked: Asked, loose: bool = False) -> bool:
    """Whether the question's kind of answer is among those that a prompt may ask for.

    loose: whether no word need tell the kind.
    """
    kinds = asked.kinds
    if question.kind in kinds:
        return question.kind != "place" or is_place(question, asked)
    if question.kind in (ANY, "number"):
        return (not asked.strong or asked.is_open) and kinds.isdisjoint(("time", "place"))
    if not kinds:
        return loose or not asked.is_open or question.kind not in ("time", "place")
    won = "win" in question.meanings and "win" in asked_meanings(question, asked)
    if won and asked.strong == {"person"}:
        return True
    return question.kind == "label" and "person" in asked.strong


def asks_for_a_noun(question: QuestionParts, asked: Asked) -> bool:
    """Whether `which` has a noun behind it that is not the question's: `which member of X`."""
    return any(
        a in ("which", "what")
        and not (b in AUXILIARIES or is_common(b) or b in question.cues or b in question.explained)
        for a, b in pairwise(asked.stems)
    )


def is_place(question: QuestionParts, asked: Asked) -> bool:
    """Whether the places asked for are of the question's size: a city is no country."""
    if "place" in asked.strong:
        return True
    if question.places and asks_for_a_house(asked):
        return False
    concepts = vocabulary().concepts
    sizes = {size for size in ("city", "country") if not concepts[size].isdisjoint(asked.stems)}
    return not sizes or not question.places or not sizes.isdisjoint(question.places)


def asks_for_a_house(asked: Asked) -> bool:
    """Whether `which` asks for a hall or the like, although the answer is a city."""
    pairs = zip(asked.stems, asked.stems[1:], strict=False)
    return any(a in ("which", "what") and b in HOUSES for a, b in pairs)


def asked_meanings(question: QuestionParts, asked: Asked) -> set[str]:
    """The question's meanings that a prompt has a word for."""
    return {meaning for s in asked.stems for meaning in question.cues.get(s, ())}


def cues_in(question: QuestionParts, asked: Asked) -> set[str]:
    """Stems of a prompt that have one of the question's meanings, the kind of answer aside.

    Other words for its player or instrument count too: the drummer, for the drums.
    """
    return {
        s
        for s in asked.stems
        if question.cues.get(s, frozenset()) - KIND_MEANINGS or s in question.alike
    }


def fit(question: QuestionParts, asked: Asked, match: Match, prompt: Prompt) -> int | None:
    """How many of the question's meanings a prompt has; None if it does not ask the question."""
    cues = cues_in(question, asked)
    strange = len(unexplained(question, asked, match.is_meant_in(prompt)))
    if asks_otherwise(question, asked, prompt):
        return None
    most = most_strange(match, prompt, asked.places)
    if question.kind == "number" and cues and all(map(is_term, cues)) and asked.stems[0] == "what":
        return None  # such as half notes and quarter notes
    poses = prompt.posed and bool(asked.places) and not is_sentence(prompt)
    proved = poses and is_proved(question, prompt)
    if proved:
        most += MORE_PROVED
    elif is_certain(question, asked, match, prompt, cues):
        most += MORE_CERTAIN
    elif cues and cues <= vocabulary().light and not prompt.posed:
        most -= LIGHT_COSTS
    if cues and cues <= vocabulary().light and states(prompt):
        return None
    if strange > (max(most, 0) if prompt.posed else most) or (
        match.name.partial and strange and not prompt.posed
    ):
        return None
    if not is_put(question, prompt, bool(cues), strange):
        return None
    if cues or is_verdict(prompt) or is_plain(question, asked, prompt):
        return len(cues)
    # without a word of the relation, only a short answer shows what was asked
    short = prompt.following.forms[: None if prompt.choices else SHORT_ANSWER]
    return 0 if not states(prompt) and question.is_answered_in(short) else None


ASKING = OPEN_WORDS - frozenset(map(stem, ("give", "state", "tell")))


def asks_plainly(stems: Iterable[str]) -> bool:
    """Whether a word asks without a doubt: `give` may be followed by anything."""
    return any(s in ASKING or s in vocabulary().strong for s in stems)


def is_certain(
    question: QuestionParts, asked: Asked, match: Match, prompt: Prompt, cues: set[str]
) -> bool:
    """Whether subject, kind of answer and relation are all told plainly in a posed question."""
    return (
        prompt.posed
        and asks_plainly(asked.stems)
        and match.is_meant_in(prompt)
        and question.kind in asked.kinds
        and not cues <= vocabulary().light
    )


def is_sentence(prompt: Prompt) -> bool:
    """Whether bare words are a whole sentence, which what follows goes on from."""
    return states(prompt) and prompt.text.rstrip().endswith(".")


def is_put(question: QuestionParts, prompt: Prompt, has_cue: bool, strange: int) -> bool:
    """Whether the manner of a prompt fits: `was it X?` must have the answer, bare words a cue."""
    answered = question.is_answered_in(prompt.words.forms)
    if prompt.manner is Manner.WHETHER:
        answered = answered or (prompt.posed and question.is_named_in(prompt.words.forms))
        if is_verdict(prompt):
            # what is false is put right behind the verdict
            answered = answered or (prompt.posed and is_proved(question, prompt))
            return answered and (has_cue or is_said_to_be_by(question, prompt))
        if "or" in prompt.words.forms and (prompt.posed or not AUXILIARY.match(prompt.text)):
            return answered
        return answered and has_cue and not strange
    if prompt.manner is Manner.BARE:
        if is_card(prompt.text):  # may have both sides
            return has_cue or prompt.posed
        return not answered and (prompt.posed or (has_cue and not strange))
    return True


def is_said_to_be_by(question: QuestionParts, prompt: Prompt) -> bool:
    """Whether a statement says by whom a work is, without a verb: `Night Ferry is by X`."""
    is_of_work = not question.meanings.isdisjoint(("create", "perform"))
    return is_of_work and "by" in prompt.words.forms


def most_strange(match: Match, prompt: Prompt, places: frozenset[int]) -> int:
    """How many words of a prompt may belong to no part of the question; negative: never a match.

    places: of the subject in the prompt; empty if the prompt only refers to it.
    """
    name, tokens = match.name, prompt.words
    more = MORE_POSED if prompt.posed and prompt.manner is not Manner.BARE else 0
    if not places:
        return MOST_REFERRING
    if len(name.phrase) == 1 and prompt.manner is Manner.BARE and not prompt.posed:
        return -1
    if not name.weak:
        return MOST_STRONG + more
    if match.is_meant_in(prompt):
        told = len(name.phrase) > 1 or is_called_so(places, tokens.forms)
        return more + (MOST_MEANT if told else 1)
    # lower case means nothing in a text, or for a name, that has nothing else
    cased = tokens.cased or (not prompt.posed and prompt.context.cased)
    if name.capitals and cased:
        return more // 2 if prompt.posed else -1
    return more + (1 if has_category(places, tokens.forms) else 0)


# meanings that are of somebody, who does other things as well at some time and place
LIVES = frozenset(("birth", "form", "origin"))


def is_plain(question: QuestionParts, asked: Asked, prompt: Prompt) -> bool:
    """Whether a prompt says only what kind of answer it wants: `Who is Nevermind by?`"""
    rules = vocabulary()
    telling = [s for s in asked.stems if s not in rules.empty and s not in rules.categories]
    kinds = rules.kinds.get(question.kind, frozenset())
    asks_which = "which" in asked.stems or asked.stems[-1:] == ("what",)
    if prompt.posed and not asked.kinds and "win" in question.meanings and asks_which:
        # of a year's prize: `Which one was it?`
        return all(s.isdigit() for s in telling)
    if prompt.posed and (prompt.choices or prompt.manner is Manner.GAP):
        return not unexplained(question, asked, True)
    if question.kind not in asked.kinds:
        return False
    if prompt.posed and done_with(question, asked):
        return True
    if prompt.posed and (is_whose(question, asked) or is_by_whom(question, asked, prompt)):
        return True
    if prompt.posed:
        # when and where somebody is, or does something, is no question about their origin
        is_meant = question.kind not in ("time", "place") or LIVES.isdisjoint(question.meanings)
        return not unexplained(question, asked, is_meant)
    return all(s in kinds for s in telling)


# meanings that change what `by whom` asks: the words by whom, on a label by whom
PARTS = frozenset(("words", "produce", "label", "player", "win"))


def is_by_whom(question: QuestionParts, asked: Asked, prompt: Prompt) -> bool:
    """Whether `by whom` alone tells what is asked: `a best of by whom`, without a word of PARTS."""
    if question.meanings.isdisjoint(("create", "perform")):
        return False
    told = vocabulary().concepts_of
    strange = unexplained(question, asked, True)
    is_of_a_part = any(not PARTS.isdisjoint(told.get(s, ())) for s in strange)
    return asks_by_whom(asked.stems, prompt) and not is_of_a_part


WHO, WHOSE = stem("whose"), 4  # words at most between it and the verb
LIKED = frozenset(map(stem, ("favourite", "favorite", "turn", "idea")))


def is_whose(question: QuestionParts, asked: Asked) -> bool:
    """Whether a prompt asks whose something is, whatever it calls it: `Whose swan song was X?`"""
    first = min(asked.places, default=0)
    told = [s for s, i in zip(asked.stems, asked.where, strict=True) if i < first]
    head = tuple(s for s in told if s not in ARTICLES)
    if question.meanings.isdisjoint(("create", "perform")) or head[-1:] not in (("is",), ("was",)):
        return False
    thing = head[head.index(WHO) + 1 : -1] if WHO in head else ()
    return 0 < len(thing) <= WHOSE and LIKED.isdisjoint(thing)


def unexplained(question: QuestionParts, asked: Asked, is_meant: bool) -> list[str]:
    """Stems in the part that asks that belong to neither question, subject nor answer.

    is_meant: whether the subject is certainly meant; if not, the whole prompt must fit.
    """
    rules = vocabulary()
    stretch = asking_stretch(question, asked)
    first, last = stretch if is_meant else (0, max(asked.where, default=0))
    return [
        s
        for s, index in zip(asked.stems, asked.where, strict=True)
        if first <= index <= last
        and not is_common(s)
        and s not in rules.describing
        and s not in question.explained
        and s not in question.answer_stems
        and s not in question.subject_stems
        and s not in rules.strong
        and not YEAR.fullmatch(s)
    ]


def asking_stretch(question: QuestionParts, asked: Asked) -> tuple[int, int]:
    """The first and last place of the part that asks: subject, asking word and nearest cue.

    The whole prompt if the subject is not in it, or if no word asks.
    """
    whole = (0, max(asked.where, default=0))
    asking = [i for s, i in zip(asked.stems, asked.where, strict=True) if asks(s)]
    if not asked.places or not asking:
        return whole
    cues = cues_in(question, asked)
    told = [i for s, i in zip(asked.stems, asked.where, strict=True) if s in cues]
    subject = (min(asked.places), max(asked.places))
    near = [min(at, key=lambda i: distance(i, subject)) for at in (asking, told) if at]
    return min(*near, *subject), max(*near, *subject)


def asks(word: str) -> bool:
    """Whether a stem is that of a word that asks."""
    return word in OPEN_WORDS or word in vocabulary().strong


def distance(index: int, stretch: tuple[int, int]) -> int:
    """How far a place is from a range of places; 0 inside."""
    return max(stretch[0] - index, index - stretch[1], 0)
