"""Which answers a reply really gives: not denied, attributed to others, withdrawn or refused."""

import re
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from mucpt_utils.musicsimpleqa.grader.asked import MAKING, Asked
from mucpt_utils.musicsimpleqa.grader.clauses import ANSWER, DEAD, PUNCTUATION, Clause, is_bare
from mucpt_utils.musicsimpleqa.grader.gates import Gated, sub_each
from mucpt_utils.musicsimpleqa.grader.relevance import BARE, Relevance, without_lead_in
from mucpt_utils.musicsimpleqa.grader.rules import RULES, A, C, K, N, S
from mucpt_utils.musicsimpleqa.grader.words import lower

RETRACTION = re.compile(
    r"\b(?:wrong|incorrect|not (?:right|correct)|mistaken?|take (?:that|it) back|can'?t be)\b",
    re.IGNORECASE,
)

OF_SUBJECT = re.compile(rf"{S}[\"')]* (?:is|was|were|are) \Z")
MADE = re.compile(r" (?:own )?(?:brainchild|concept|creation|doing|idea|invention|job|work)\b")
HOLDER = re.compile(rf" (?:[\w-]+ ){{1,4}}?[\w-]*(?:or|er|ist|man|ian),? [\"']?{A}")
WITHIN = re.compile(r"[^,.;:!?]{0,80}")
NTH = {"first": 0, "former": 0, "second": 1, "third": 2, "fourth": 3}  # others are the last
OPEN_CHOICE = re.compile(
    rf"\W*(?:the )?{A}[\"']?,? or (?:the )?[\"']?{A}", re.IGNORECASE
)  # "X or Y"


# "(6 February 1945 - 11 May 1981)"
LIFESPAN = re.compile(rf"\([^(){K}{C}]{{0,24}}{A} ?[-–—][^(){K}{C}]{{0,24}}{A}(?=\))")
# "X 92 %", and "92 % X"
SHARE_BEHIND = re.compile(rf"({A})[^{K}{C};%]{{0,40}}?\b(\d{{1,3}}) ?(?:%|per ?cent\b)")
SHARE_BEFORE = re.compile(rf"\b(\d{{1,3}}) ?(?:%|per ?cent\b)[^{K}{C};%]{{0,24}}({A})")
ALSO = re.compile(r" (?:as well|too|also)\b")  # "and X's as well"

# "Wasn't that X?", "It's X, isn't it?", "surprised if it wasn't X" deny nothing
NO_DENIAL = re.compile(
    r"\A\W*(?:wasn't|isn't|weren't|aren't|didn't|doesn't) [^.;!?]{1,80}\?"
    r"|, (?:is|was|were|are|has|have|had|do|does|did|ca|wo|would|could|must)n't"
    r" (?:it|that|this|they|he|she|there)\?"
    r"|\b(?:surprised|shocked|amazed|astonished|astounded|odd|strange|eat my hat) if"
    r" (?:it|that|they|he|she) (?:wasn't|isn't|weren't|didn't)",
    re.IGNORECASE,
)
BESIDE = str.maketrans("()", ", ")  # a second name in brackets is no aside


# "X? I think so": what follows a question and affirms it; "Y it is", "Y must be the one"
AGREES = re.compile(
    r"\W*(?:oh |ah |well |hmm?,? )?(?:yes|yeah|yep|sure|indeed|of course|right|correct|exactly"
    r"|definitely|certainly|probably|that'?s (?:right|it|the one|him|her|them)|i(?:'d| would)? "
    r"(?:think|believe|guess|suppose|reckon|say|bet)|i'?m (?:\w+ )?(?:sure|certain|confident)"
    r"|it (?:is|was|must be)\b|must be)\b"
)
IS_THE_ONE = re.compile(
    rf"{A}[\"']?,? (?:it (?:is|was|must be)|(?:is|was|must be) (?:it|the one|right|correct))\b"
    rf"|\b(?:it|that|this)(?:'s| is| was| must be| has to be)(?: \w+ly)? (?:the )?[\"']?{A}\W*$"
)


# a clause that is an answer and nothing else; what is said of an answer that is dropped for it
LAST = re.compile(
    rf"\W*(?:so |then |hence )?(?:the )?[\"']?{A}[\"']?"
    r"(?:,? (?:then|instead|it is|surely|rather))?\W*"
)
DISMISSES = re.compile(
    r"\W*(?:(?:oh|ah|hmm?|er|or|but|bah|no),? )*(?:(?:no|sorry|wrong|nearly|almost|close)\b"
    r"|(?:that|this|they|he|she|it)(?:'s|'d| is| was| would| were| did| had| lost| came| wrote"
    r"| made| sang| [a-z]{2,}ed)\b(?! (?:right|correct)))"
)
# who took part beside somebody else
ALONGSIDE = re.compile(r"\W*(?:featuring|feat|ft|with|and|produced|written)\b")
PERFORMING = MAKING | {"voice", "win"}  # relations of who performs, not of who produces


class Given(NamedTuple):
    """A marked text with the answers that are not given turned into N.

    refused, denied: whether it says that it cannot decide, and that an answer is wrong or of
    another kind than the one asked for.
    """

    marks: str
    refused: bool
    denied: bool


def set_aside(marks: str, asked: Asked, careful: bool = True) -> Given:
    """The text with answers set aside that are denied, believed by others, compared or only owners.

    careful: False for a text without any word that denials and the like consist of.
    """
    if "n't" in marks:
        marks = NO_DENIAL.sub(lambda m: m[0].replace("n't", "   "), marks)
    if " or " in marks or "?" in marks:
        marks = of_two(marks)
    if "%" in marks or "cent" in marks:
        marks = of_shares(marks)
    if "born" in asked.relations and (lived := LIFESPAN.search(marks)):
        marks = marks[: lived.end() - 1] + N + marks[lived.end() :]
    marks = RULES.of_list.sub(one_of_list, marks) if careful else marks
    given, denied = not_given(marks) if careful else (marks, False)
    given, another = without_other_kinds(given, asked)
    if asked.role == "agent":
        given = RULES.other_name.sub(one_of_two_names, given)
        given = RULES.work_of.sub(N, given) if asked.prize else given
    if asked.role == "place":
        given = RULES.part_of_place.sub(lambda match: " " * len(match[0]), given)
        given = RULES.renamed.sub(lambda match: one_of_two_names(match).translate(BESIDE), given)
    if asked.relations & MAKING and asked.role != "place":
        # somebody's album was made by them
        given = RULES.owner_of_no_work.sub(dead_but_of_subject, given)
    elif len(ANSWER.findall(given)) > 1:
        left = RULES.owner.sub(partial(dead_owner, asked=asked), given)
        # "Górecki's Third": nobody else did it
        given = left if asked.role != "agent" or ANSWER.search(left) else given
    refused = careful and bool(RULES.undecided.search(lower(marks)))
    return Given(given, refused, denied or another)


def of_two(marks: str) -> str:
    """`X or Y? The latter.` with the other one set aside."""
    marks = RULES.latter.sub(rf"{N}\1", marks)
    return RULES.former.sub(rf"\1{N}\2", marks)


def of_shares(marks: str) -> str:
    """`X 92 %, Y 5 %` with all set aside but the likeliest, if one is."""
    first = marks.partition("%")[0]
    if ANSWER.search(first):
        shares = [(int(match[2]), match.start(1)) for match in SHARE_BEHIND.finditer(marks)]
    else:
        shares = [(int(match[1]), match.start(2)) for match in SHARE_BEFORE.finditer(marks)]
    if len(shares) < 2 or sum(share == max(shares)[0] for share, _ in shares) > 1:
        return marks
    likeliest = max(shares)[1]
    return (
        marks[:likeliest].translate(DEAD)
        + marks[likeliest]
        + marks[likeliest + 1 :].translate(DEAD)
    )


def one_of_list(match: re.Match[str]) -> str:
    """`X, Y and Z: the last one is right` with the others set aside."""
    places = [answer.start() for answer in ANSWER.finditer(match[1])]
    which = NTH.get(match[2].lower(), len(places) - 1)
    if which >= len(places):
        return match[0]
    kept, text = places[which], dead(match)
    return text[:kept] + match[0][kept] + text[kept + 1 :]


def not_given(marks: str) -> tuple[str, bool]:
    """The text with denied, others' and compared answers set aside; whether one was denied."""
    small = lower(marks)
    undecided = RULES.undecided.sub(dead, small)
    given = sub_each(RULES.denied, dead, undecided)
    denied = given != undecided
    given = sub_each(RULES.set_aside, dead, given)
    left = sub_each(RULES.outweighed, dead, given)
    if left != given and ANSWER.search(left):
        given = left
    return with_dead(marks, given), denied


def with_dead(marks: str, small: str) -> str:
    """A marked text with the answers set aside that are so in its lower case."""
    if N not in small:
        return marks
    return "".join(N if new == N else old for old, new in zip(marks, small, strict=True))


def without_other_kinds(marks: str, asked: Asked) -> tuple[str, bool]:
    """The text with names set aside that cannot be what is asked for, and whether there were any.

    A person where a work is asked for, a source where an author is, the key of the whole work
    where that of a movement is; some of them only if another answer is left.
    """
    if C not in marks:
        return marks, False
    small = lower(marks)
    another, beside = kinds_excluded(asked)
    given = sub_each(another, dead_names, small)
    left = sub_each(beside, dead, given) if len(ANSWER.findall(given)) > 1 else given
    if left != given and ANSWER.search(left):
        return with_dead(marks, left), True
    return with_dead(marks, given), given != small


@lru_cache(maxsize=16384)
def kinds_excluded(asked: Asked) -> tuple[tuple[Gated, ...], tuple[Gated, ...]]:
    """The patterns of names of another kind than asked for, and of those of less weight."""
    kinds = ["any", asked.role]
    if not asked.relations.isdisjoint(("libretto", "write")):
        kinds.append("author")
    kinds += [kind for kind in ("label", "movement") if kind in asked.forms]
    if "libretto" in asked.relations:
        kinds.append("libretto")
    if asked.solo:
        kinds.append("solo")
    kinds.append("band" if asked.band else "no band")
    if asked.role == "agent" and not (asked.band or asked.act):
        kinds.append("person")
    if asked.role == "term" and "key" in asked.relations and "movement" not in asked.forms:
        kinds.append("whole")
    if asked.role == "agent" and "perform" in asked.relations <= PERFORMING:
        kinds.append("performer")
    return (
        tuple(pattern for kind in kinds for pattern in RULES.another_kind.get(kind, ())),
        tuple(pattern for kind in kinds for pattern in RULES.beside_another.get(kind, ())),
    )


def dead_names(match: re.Match[str]) -> str:
    """What a pattern matched, with its names set aside, but for the key."""
    return match[0].replace(C, N)


def dead(match: re.Match[str]) -> str:
    """What a pattern matched, with its answers set aside."""
    return match[0].translate(DEAD)


def dead_but_of_subject(match: re.Match[str]) -> str:
    """An owner set aside, unless it is the subject that is theirs: `"S" was X's entry in 1987`."""
    return match[0] if OF_SUBJECT.search(match.string, 0, match.start()) else dead(match)


def dead_owner(match: re.Match[str], asked: Asked) -> str:
    """An owner set aside, unless the thing owned is asked about: `John Cale's production`."""
    owned = match.string[match.end() : match.end() + 30]
    if HOLDER.match(owned):  # "Fellini's regular composer, Nino Rota"
        return dead(match)
    if ALSO.match(owned):
        return match[0]
    if OF_SUBJECT.search(match.string, 0, match.start()) and MADE.match(owned):
        return match[0]  # "the piano was Cristofori's idea"
    if asked.role == "place" and K in match[0] and C in owned[:2]:  # "Vienna's Burgtheater"
        return match[0]
    if "win" in asked.relations:  # "Bolcom's Etudes took the prize"
        stretch = WITHIN.match(match.string, match.end())
        owned = stretch[0] if stretch else ""
    return match[0] if asked.said_in(owned) else dead(match)


def one_of_two_names(match: re.Match[str]) -> str:
    """`Reginald Dwight, known as Elton John` with one of the two names set aside."""
    if len(set(ANSWER.findall(match[0]))) == 2:
        return match[0].replace(C, N, 1)
    head, last, tail = match[0].rpartition(ANSWER.findall(match[0])[-1])
    return head + (N if last else "") + tail


# --- second thoughts ------------------------------------------------------------------------------


def last_word(clauses: Sequence[Clause], relevance: Relevance) -> list[Clause]:
    """The clauses from the last second thought that names another answer.

    Empty if a second thought only takes the answer back.
    """
    parts = [part for clause in clauses for part in inner_parts(clause)]
    for index in range(len(parts) - 1, 0, -1):
        part = parts[index]
        if not is_second_thought(part):
            continue
        if any(other.answers and relevance.is_answering(other) for other in parts[index:]):
            return parts[index:]
        denied = any(N in other.text for other in parts[index : index + 2])
        if denied or RETRACTION.search(part.text):
            return []
    return parts


def stated(clauses: list[Clause], relevance: Relevance) -> list[Clause]:
    """The clauses behind an answer that is only asked, if another one is stated there.

    "X? Too early for him. Y it is." gives Y; "X? I think so, with Y" gives X.
    """
    asked = [
        index
        for index, clause in enumerate(clauses)
        if clause.answers and relevance.marks.startswith("?", clause.end_of_answer)
    ]
    if not asked:
        return clauses
    behind = clauses[asked[-1] + 1 :]
    if behind and AGREES.match(behind[0].small):
        return clauses
    if relevance.asked.role == "place":  # "Aston? In Birmingham, I mean"
        behind = [clause for clause in behind if not clause.small.startswith(" in ")]
    return behind if any(map(is_stated, behind)) else clauses


def without_dismissed(clauses: list[Clause]) -> list[Clause]:
    """The last answer alone, if what is said of an earlier one lies between: `X. That's Y's. Z.`"""
    if len(clauses) < 3 or not LAST.fullmatch(clauses[-1].small):
        return clauses
    comment = clauses[-2]
    if not DISMISSES.match(comment.small) or AGREES.match(comment.small):
        return clauses
    return clauses[-1:] if any(map(is_bare, clauses[:-2])) else clauses


def is_stated(clause: Clause) -> bool:
    """Whether a clause is an answer and little else: `Boston, at Tanglewood`, `Boston it is`."""
    if not clause.answers or clause.side or clause.small.lstrip().startswith("or "):
        return False
    bare = is_bare(clause) or bool(BARE.match(without_lead_in(clause.text)))
    bare = bare and not ALONGSIDE.match(clause.small)
    return bool(bare or IS_THE_ONE.search(clause.small))


def is_second_thought(part: Clause) -> bool:
    """Whether a clause takes back what comes before it."""
    if part.opener == "no" or RULES.correction.match(part.small):
        return True
    return not part.answers and bool(RULES.taken_back.search(part.small))


def inner_parts(clause: Clause) -> list[Clause]:
    """A clause, split where a second thought interrupts it."""
    matches = list(RULES.inner_correction.finditer(clause.small))
    if not matches or not ANSWER.search(clause.text[matches[-1].end() :]):
        return [clause]
    end = matches[-1].end()
    first = Clause(clause.text[:end], clause.start, clause.opener, clause.side, clause.sentence)
    second = Clause(clause.text[end:], clause.start + end, "no", False, clause.sentence)
    return [first, second]


def final_answer(clauses: list[Clause]) -> list[Clause]:
    """What follows the last "the answer is", if that names an answer."""
    for clause in reversed(clauses):
        for match in reversed(list(RULES.final_answer.finditer(clause.small))):
            tail = clause.text[match.end() :]
            if ANSWER.search(tail):
                return [Clause(tail, clause.start + match.end(), "", False, clause.sentence)]
    return clauses


# --- refusals -------------------------------------------------------------------------------------


def without_refusals(clauses: Sequence[Clause], relevance: Relevance) -> tuple[list[Clause], bool]:
    """The clauses that give an answer, and whether others refuse one.

    Beside a refusal, only a guess counts: `I don't know. Maybe X?`, `He is Irish. I can't say who.`
    """
    clauses = [part for clause in clauses for part in refusal_apart(clause)]
    refusing = [RULES.refusals.is_in(c.small) or is_refusal(c) for c in clauses]
    answering = [
        c
        for c, refuses in zip(clauses, refusing, strict=True)
        if c.answers and (not refuses or OPEN_CHOICE.match(c.text))
    ]
    if not any(refusing):
        return answering, False
    asked_for = [c for c, refuses in zip(clauses, refusing, strict=True) if refuses]
    if any(relevance.names_asked(c.text) for c in asked_for):
        last = max(c.start for c in asked_for if relevance.names_asked(c.text))
        answering = [
            c for c in answering if K in c.text or c.start > last or RULES.guess.search(c.small)
        ]
    guesses = [
        clause
        for clause in answering
        if OPEN_CHOICE.match(clause.text) or (not clause.side and relevance.is_guess(clause))
    ]
    return guesses, True


def refusal_apart(clause: Clause) -> list[Clause]:
    """A clause, split where a guess follows a refusal in it: `not sure, X maybe?`"""
    cut = clause.text.rfind(",", 0, clause.places[0]) + 1 if clause.answers else 0
    head, tail = clause.text[:cut], clause.text[cut:]
    if not cut or not (RULES.refusals.is_in(lower(head)) or refuses_whole(head)):
        return [clause]
    if RULES.refusals.is_in(lower(tail)):
        return [clause]
    before = Clause(head, clause.start, clause.opener, clause.side, clause.sentence)
    return [before, Clause(tail, clause.start + cut, "", False, clause.sentence)]


def is_refusal(clause: Clause) -> bool:
    """Whether a clause is a refusal and nothing else: `Pass!`, `formed: null`."""
    return refuses_whole(clause.text.rpartition(":")[2])


def refuses_whole(text: str) -> bool:
    """Whether a text is one of the short refusals, whatever punctuation is around it."""
    return bool(RULES.refusal_whole.pattern.fullmatch(lower(text.strip(PUNCTUATION))))


def is_gap(text: str) -> bool:
    """Whether a text is a place left for an answer, or a shrug: `[Name]`."""
    return bool(RULES.gap.fullmatch(lower(text.strip())))


def is_courtesy(text: str) -> bool:
    """Whether a text only praises the question: `Good one!`"""
    return bool(RULES.courtesy.fullmatch(lower(text.strip(PUNCTUATION))))
