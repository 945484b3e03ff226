"""Whether a prompt that names the subject of a question asks that question."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from mucpt_utils.pipeline.asking import (
    AUXILIARY,
    Manner,
    Prompt,
    asking_rules,
    is_card,
    without_field,
)
from mucpt_utils.pipeline.question_parts import ANY, ARTICLES, YEAR, QuestionParts
from mucpt_utils.pipeline.question_signs import opens_clause
from mucpt_utils.pipeline.question_vocabulary import is_common, vocabulary
from mucpt_utils.pipeline.question_words import Words, is_term, stem, words
from mucpt_utils.pipeline.relation_spellings import respelt
from mucpt_utils.pipeline.subject_hints import goes_on, is_proved
from mucpt_utils.pipeline.subject_names import (
    Match,
    has_category,
    is_called_so,
    states,
)

LONGEST_VERDICT = 24  # characters of `True or false?`
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
OPEN_WORDS = frozenset(
    stem(w)
    for w in ("what", "which", "whats", "name", "identify", "tell", "give", "state", "how", "wat")
)


class Asked(NamedTuple):
    """What a prompt says besides the subject.

    stems, where: its other words, and their places in the prompt. strong: kinds of answer that
    `who`, `when` and `where` ask for. nouns: kinds that its nouns may ask for. is_open: whether a
    word such as `which` asks.
    """

    stems: tuple[str, ...]
    where: tuple[int, ...]
    strong: frozenset[str]
    nouns: frozenset[str]
    is_open: bool
    places: frozenset[int]

    @classmethod
    def of(cls, match: Match, prompt: Prompt, places: frozenset[int]) -> "Asked":
        """What a prompt says besides the words of a match, which are at `places`."""
        rules, forms = vocabulary(), prompt.words.forms
        # the title's own function words, such as its `where`, ask nothing
        title = words(match.subject.questions[0].subject) if places else []
        small = Counter(w for w in title if stem(w) in rules.empty)
        rest: list[str] = []
        where: list[int] = []
        nouns: set[str] = set()
        for index, word in enumerate(forms):
            if index in places:
                continue
            if small[word] > 0:
                small[word] -= 1
                continue
            rest.append(stem(respelt(word) if prompt.posed else word))
            where.append(index)
            # what you land on is no land
            is_verb = index > 0 and forms[index - 1] in SPEAKING
            if (
                is_noun(word)
                and not is_verb
                and not is_category(index, forms, places)
                and not bids(index, forms)
            ):
                nouns |= rules.kinds_of.get(rest[-1], frozenset())
            if is_of_a_people(index, forms) or names_somebody(index, forms):
                nouns.add("person")
        # `what does it become when ...` asks what, not when, and so does `... is called what`
        first = next((i for i, s in enumerate(rest) if s in ("what", "which")), len(rest))
        first = 0 if 1 < first + 1 == len(rest) or bids_for_a_thing(rest) else first
        clause = 1 if opens_clause(prompt.text) else 0
        strong = frozenset(rules.strong[s] for s in rest[clause:first] if s in rules.strong)
        if asks_by_whom(rest, prompt):
            strong, nouns = strong | {"person"}, set()
        elif prompt.manner is Manner.GAP or prompt.choices and not strong:
            nouns = nouns & {"time"} if "year" in rest else set()
        is_open = not OPEN_WORDS.isdisjoint(rest)
        return cls(tuple(rest), tuple(where), strong, frozenset(nouns), is_open, places)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of answer that the prompt may ask for; empty if no word tells."""
        if self.strong and not self.is_open:
            return self.strong
        return self.strong | self.nouns


BY_WHOM = frozenset(("which", "what", "whom", "who"))


def asks_by_whom(rest: Sequence[str], prompt: Prompt) -> bool:
    """Whether `by` asks for a name: `by which band`, `by whom`, `who is that by`, `by ___`."""
    if any(a == "by" and b in BY_WHOM for a, b in zip(rest, rest[1:], strict=False)):
        return True
    ends = rest[-1:] == ["by"] or (rest[-2:-1] == ["by"] and rest[-1] == "again")
    return ends or (prompt.manner is Manner.GAP and BY_GAP.search(prompt.text) is not None)


BY_GAP = re.compile(r"\bby\W{1,6}(?:blank|mask|gap|answer|_|\?|$)", re.IGNORECASE)


def is_noun(word: str) -> bool:
    """Whether a word may name a kind of answer: not `recorded`, nor a word that asks by itself."""
    return not word.endswith(("ed", "ing")) and stem(word) not in vocabulary().strong


SPEAKING = frozenset(("i", "you", "we", "they", "to"))
BIDDING = frozenset(("name", "state"))
BIDDEN = ARTICLES | {"which", "what", "who", "whose", "when", "where", "how", "it", "their", "his"}


def bids(index: int, forms: Sequence[str]) -> bool:
    """Whether a word is a request, not a noun: `State the city`, but not `in which state`."""
    asks = index > 0 and stem(forms[index - 1]) in OPEN_WORDS
    return (
        forms[index] in BIDDING and not asks and not BIDDEN.isdisjoint(forms[index + 1 : index + 2])
    )


def bids_for_a_thing(told: Sequence[str]) -> bool:
    """Whether a demand says what is wanted, and `when` opens a clause: `Name the key that ...`"""
    wanted = next((s for s in told[1:3] if s not in ARTICLES), "")
    rules = vocabulary()
    names_one = wanted in rules.categories or wanted in rules.kinds_of
    return OPEN_WORDS.issuperset(told[:1]) and names_one and wanted not in rules.strong


def is_of_a_people(index: int, forms: Sequence[str]) -> bool:
    """Whether a word names a person by nationality: `the work of which American?`."""
    asks = index > 0 and forms[index - 1] in ("which", "what")
    alone = index + 1 == len(forms) or stem(forms[index + 1]) in vocabulary().empty
    return asks and alone and stem(forms[index]) in vocabulary().describing


def names_somebody(index: int, forms: Sequence[str]) -> bool:
    """Whether a word behind `which` is one for a person by its ending: `which lutenist`."""
    word = forms[index]
    is_short = len(word) <= SHORTEST_PERSON or stem(word) in vocabulary().describing
    if is_short or not word.endswith(("ist", "man", "men", "woman", "women", "smith", "ian")):
        return False
    return not {"which", "what", "this"}.isdisjoint(forms[max(0, index - LONGEST_WANTED) : index])


def is_category(index: int, forms: Sequence[str], places: frozenset[int]) -> bool:
    """Whether a word beside the subject says what the subject is: `the album Marquee Moon`."""
    beside = index + 1 in places or index - 1 in places
    asks = index > 0 and stem(forms[index - 1]) in OPEN_WORDS
    return beside and not asks and stem(forms[index]) in vocabulary().categories


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
    end = prompt.text[-LONGEST_VERDICT:]
    return prompt.manner is Manner.WHETHER and asking_rules().verdict.search(end) is not None


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
MUSIC = frozenset(map(stem, ("score", "music", "soundtrack")))


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


HOUSES = frozenset(
    map(stem, ("studio", "hall", "venue", "theatre", "house", "stage", "museum", "gallery"))
)


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
    if cues or is_plain(question, asked, prompt):
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
    others -= those_asked_for(question, asked)
    if question.kind in ("place", "time") and not NO_PLAYING.isdisjoint(question.meanings):
        # who conducted, or what somebody was, says nothing about where and when
        others -= {"conduct", "arrang", "direct"} | rules.players.keys()
    elif question.column in ("artist", "performer") and asks_for_a_player(asked.stems):
        others -= rules.players.keys()
    if is_of_another_number(question, asked):
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


NO_PLAYING = frozenset(("premiere", "birth"))
PLAYING = frozenset(map(stem, ("play", "played", "plays", "heard", "featured", "solo", "on")))


def asks_for_a_player(told: Sequence[str]) -> bool:
    """Whether who is asked for is called a player, and not asked to play: `Name the pianist`."""
    first = [s for s in told if s not in ARTICLES][:3]
    asked_for = any(a in OPEN_WORDS and b in vocabulary().players for a, b in pairwise(first))
    return asked_for and PLAYING.isdisjoint(told)


AUXILIARIES = frozenset(map(stem, words("is was are were did does do has had should can")))
SORTS = frozenset(map(stem, ("type", "kind", "sort", "style", "genre")))
# what no person, place, time or title is
THINGS = frozenset(map(stem, ("instrument", "award", "prize", "interval", "animal", "planet")))
SHORTEST_PERSON = 5  # letters
# words of a noun phrase behind `which`, endings of words for people
LONGEST_WANTED = 4
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


PLAYED = frozenset(("origin", "inventor", "family", "first_soloist"))


def played_music(told: Sequence[str]) -> set[str]:
    """Instruments that say what kind of music it is, not who plays: the drum score."""
    return {a for a, b in zip(told, told[1:], strict=False) if b in MUSIC}


def told_apart(told: Sequence[str]) -> set[str]:
    """`solo` if it says what a record is, not what somebody plays: his solo debut."""
    things = vocabulary().categories | {"debut", "career", "effort", "outing"}
    return {a for a, b in zip(told, told[1:], strict=False) if a == "solo" and b in things}


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
    if "many" not in asked.stems or "many" in question.explained:
        return False
    behind = asked.stems[asked.stems.index("many") + 1 :][:1]
    counted = [s for s in behind if s not in vocabulary().empty]
    return bool(counted) and not question.cues.keys() & set(counted)


def is_put(question: QuestionParts, prompt: Prompt, has_cue: bool, strange: int) -> bool:
    """Whether the manner of a prompt fits: `was it X?` must have the answer, bare words a cue."""
    answered = question.is_answered_in(prompt.words.forms)
    if prompt.manner is Manner.WHETHER:
        if is_verdict(prompt):
            return answered and has_cue
        if "or" in prompt.words.forms and (prompt.posed or not AUXILIARY.match(prompt.text)):
            return answered
        return answered and has_cue and not strange
    if prompt.manner is Manner.BARE:
        if is_card(prompt.text):  # may have both sides
            return has_cue or prompt.posed
        return not answered and (prompt.posed or (has_cue and not strange))
    return True


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
