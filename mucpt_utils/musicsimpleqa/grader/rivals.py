"""Whether a reply gives one answer or several: lists, open choices, places in steps."""

import re
from collections.abc import Sequence

from mucpt_utils.musicsimpleqa.grader.clauses import (
    ANSWER,
    ARTICLE,
    PUNCTUATION,
    Clause,
    Marked,
    is_bare,
)
from mucpt_utils.musicsimpleqa.grader.keys import Key
from mucpt_utils.musicsimpleqa.grader.persons import is_person
from mucpt_utils.musicsimpleqa.grader.rules import RULES, A, C, K, S
from mucpt_utils.musicsimpleqa.grader.words import lower

Stretch = tuple[int, int]  # start and end of something in a marked text
# "a minim a half note": about the subject alone
GLOSSED = re.compile(rf"{A}[\"']?,? (?:(?:is|means|for) )?(?:an? |the )?{S}")
FRONTED = re.compile(r" (?:and|&|with) (the|his|her|their) \S.*", re.IGNORECASE)
# "The Soft Machine, the Canterbury group"
OF_KIND = re.compile(rf" (?:{'|'.join(sorted(RULES.kind_words))})\b")
# what happens once: "He was born in X", of the subject
ONCE = re.compile(
    rf"[ \"']{{0,3}}(?:{S}|it|he|she|they|the (?:band|group|duo|trio|singer|musician))[\"']?"
    r" (?:was|were) (born|formed|founded)\b"
)


def undecided_at(
    marks: str, key: Key, clauses: Sequence[Clause], chosen: Clause, caseless: bool
) -> Stretch | None:
    """Where the reply leaves the choice open: `either X or Y`, `1990-91`; None if it does not.

    marks: without the answers set aside. clauses: those that count; what comes before the sentence
    with the chosen one does not count, if that one is about the question. caseless: whether the
    reply has no capitals, so that a name may be any word.
    """
    start, end = clauses[0].start, clauses[-1].start + len(clauses[-1].text)
    if chosen.sentence > clauses[0].sentence and not chosen.small.lstrip().startswith("or "):
        start = chosen.start
    whole = lower(marks[clauses[0].start : end])
    for pattern in RULES.left_open:
        if match := pattern.search(whole):
            return clauses[0].start + match.start(), clauses[0].start + match.end()
    text = whole[start - clauses[0].start :]
    patterns = [*RULES.undecided_between, RULES.word_or_answer, RULES.slash]
    if caseless:
        patterns.append(RULES.lower_list)
    if key.asked.role == "value" and any(p.search(chosen.small) for p in RULES.range):
        patterns += RULES.range
    if key.has_loose_terms:
        patterns += RULES.lower_terms
    for pattern in patterns:
        match = pattern.search(text)
        if match and pattern is RULES.slash and is_aside(clauses, chosen, start + match.start()):
            continue  # "Mute in the UK (Sire/Reprise in America)"
        if match and pattern is RULES.word_or_answer and key.asked.role == "value":
            match = match if len(ANSWER.findall(match[0])) > 1 else None
        # "15 to 18 August" is one month
        if match and not (match[0].count(K) > 1 and C not in match[0]):
            return start + match.start(), start + match.end()
    return None


def is_aside(clauses: Sequence[Clause], chosen: Clause, place: int) -> bool:
    """Whether a place of the marked text lies in an aside and the chosen answer in none."""
    asides = (c for c in clauses if c.side and not chosen.side)
    return any(c.start <= place < c.start + len(c.text) for c in asides)


def contradiction(reply: Marked, clauses: Sequence[Clause], is_value: bool) -> Stretch | None:
    """Where a sentence is repeated with a different answer; None if none is.

    "It was released in 1969. It was released in 1991." settles on neither. is_value: whether a
    year or number is asked for, of which what happens once has one, however it is put.
    """
    said: dict[str, int] = {}  # each sentence without its answer -> where its answer is
    for clause in clauses:
        if len(clause.places) != 1:
            continue
        at = clause.start + clause.places[0]
        sentence = ANSWER.sub(K, clause.text).strip(PUNCTUATION).casefold()
        if is_value and (once := ONCE.match(clause.small)):
            sentence = f"it was {once[1]}"
        if len(sentence.split()) > 2 and differ(reply, said.setdefault(sentence, at), at):
            return said[sentence], at + 1
    return None


def rivals(
    reply: Marked, kind: str, clauses: Sequence[Clause], chosen: Clause, position: int
) -> Stretch | None:
    """Where another answer is beside the chosen one as its equal; None if there is none.

    position: of the chosen answer in its clause.
    """
    pattern = RULES.joined.get(kind, RULES.joined["title"])
    for place in chosen.places:
        match = pattern.match(chosen.small, place)
        if match is None:
            continue
        start, end = chosen.start + match.start(), chosen.start + match.end()
        beside = match.start() <= position < match.end() and not GLOSSED.match(
            chosen.text, position
        )
        apposed = OF_KIND.match(chosen.text, match.end()) and ", the " in match[0]
        if apposed or not beside or is_fronted(reply, start, end):
            continue
        if differ(reply, start, end - 1):
            return start, end
    if not is_bare(chosen):
        return None
    one = chosen.start + position
    for clause in clauses:
        beside = clause.sentence == chosen.sentence or clause.side
        if beside or ":" in clause.text or not is_bare(clause):
            continue
        other = clause.start + clause.places[0]
        if differ(reply, one, other):
            return min(one, other), max(one, other) + 1
    return None


def differ(reply: Marked, one: int, other: int) -> bool:
    """Whether the answers at two places of a marked text differ."""
    if reply.marks[one] == reply.marks[other] == K:
        return False
    names = [ARTICLE.sub("", reply.words_at(at, at + 1)).casefold() for at in (one, other)]
    short, long = sorted(names, key=len)
    return not long.startswith(short) and not long.endswith(f" {short}")


def is_fronted(reply: Marked, start: int, end: int) -> bool:
    """Whether two answers are a band with its front man: `Jim Morrison & the Doors`."""
    joined = FRONTED.fullmatch(reply.words_at(start + 1, end))
    if joined is None:
        return False
    return joined[1].lower() != "the" or is_person(reply.words_at(start, start + 1))


def steps(clause: Clause, position: int) -> Stretch:
    """Where a place begins and ends in the marked text, with the places around it."""
    for match in RULES.steps.finditer(clause.small):
        if match.start() <= position < match.end():
            return clause.start + match.start(), clause.start + match.end()
    return clause.start + position, clause.start + position + 1
