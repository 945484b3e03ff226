"""Whether a reply without the key attempts an answer, or tells only of what the question is about.

A name in a sentence counts as an answer only where something says that it answers what is asked:
it is all there is, or opens the reply as a bare answer; it is behind a label, a cue or a guess; its
clause has a word of the asked relation; or it is said of the subject in the role asked for (`a song
by X`). All else is background: the label, the members, the place, who did another part.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence

from mucpt_utils.musicsimpleqa.grader.asked import MAKING, Asked
from mucpt_utils.musicsimpleqa.grader.clauses import ANSWER, Clause, is_bare
from mucpt_utils.musicsimpleqa.grader.evidence import (
    CUE,
    DATA,
    EXCLUSIVE,
    Evidence,
    parts_in,
    phrase_around,
    speaks_of_another_part,
    speaks_of_part,
)
from mucpt_utils.musicsimpleqa.grader.given import LIFESPAN
from mucpt_utils.musicsimpleqa.grader.readings import forms_of
from mucpt_utils.musicsimpleqa.grader.relevance import KINDS_ASKED, Relevance, without_lead_in
from mucpt_utils.musicsimpleqa.grader.rules import RULES, C, K, N, S
from mucpt_utils.musicsimpleqa.grader.words import lower

SENTENCE = 20  # characters of a reply that may be a sentence
FRAGMENT = 60  # characters of a clause that is no sentence, at most
MANY = 20  # answers of a clause that are looked at
NEAR = 4  # clauses of a sentence on either side of one
REACH = 60  # characters around an answer that say what it is
MAKERS = MAKING | {"write"}  # relations of those whose work something is
KINDS = "|".join(sorted(RULES.kind_words))

# --- for texts in lower case ----------------------------------------------------------------------
FINITE = re.compile(
    r"(?:it|that|he|she|there|who|what)'s\b|'re\b|\b(?:is|was|are|were|be|has|had|did|does|can|wants?"
    rf"|will|would|should|could|may|might|must|{RULES.verbs})\b"
    r"|\b(?:shot|sold|drew|stood|knew|told|thought|brought|bought|taught|ran|ended up|began"
    r"|wore|spoke|paid|hit|cut|meant|met|spent|fell|felt|rose|saw|drove|did)\b"
    rf"|{C}[\"']? (?!(?:in|at|on|by|of|for|from|with|and|or|as|to|is|not)\b)[a-z]+ "
    r"(?:the|an?|his|her|its|their|it|him|them|this|that)\b"
    rf"|{C}[\"']? (?!(?:{KINDS}|record|song|session|year|time|brother|sister|fan)s\b)[a-z]{{3,}}s"
    r" (?:about|against|for|his|her|in|into|it|on|over|the|through|to|with)\b"
)
# "the answer to "In what year was S released?" is X"
ANSWER_IS = re.compile(r"\banswer\b[^.;!]{0,240}\?[\"'] is (?:\w+ )?$")
# "the label was X", "X is the inventor": the noun says that X answers
NOUN_IS = re.compile(
    r"\b(?:the|its|their|this|that|whose) (?:[\w'-]+ ){0,2}?([\w-]+)"
    r"(?: in question| here| (?:that )?(?:you|we)(?:'re)? (?:[\w-]+ ){1,5}?[\w-]+)?"
    r" (?:is|was|are|were|would be|must be) (?:called |named )?(?:the )?[\"']?$"
)
IS_NOUN = re.compile(
    r"[\"']?,? (?:is|was|are|were) (?:the|its|their) (?:[\w-]+ ){0,2}?([\w-]+)"
    r"(?= ?(?:[.,;!?]|$)| (?:of|behind|for|on|here|that|who|which|you)\b)"
)
BEHIND_COLON = re.compile(r":\s?[\"']?$")
# how a clause goes on from the one before it, and how it refers to what is asked about
PREDICATE = re.compile(
    rf"\s*(?:(?:it|he|she|they) )?(?:\w+ly )?(?:is|was|were|are|took|{RULES.verbs})\b"
)
REFERS = re.compile(
    r"(?<!make )(?<!makes )\b(?:it|they|he|she|its|their|his|her|(?:this|that)(?:'s| (?:is|was"
    r"|would) (?!an? example))|the (?:song|album|opera|work|piece|band|group|track|prize))\b"
)
# an agent: "one of the voices of X", "those are the songs of X", "a song by X", "credited to X"
OF_MAKER = re.compile(
    rf"\b(?:(?:{KINDS}|voices?|members?|part|one|works?) of"
    r"|(?:album|lp|ep|record|debut) from) (?:the )?(?:band |group )?[\"']?$"
)
THOSE_OF = re.compile(
    r"^\W{0,4}(?:it|that|this|those|these|they)(?:'s| is| was| are| were| would be) [^.;,]{1,50} of"
    r" (?:the )?$"
)
MADE_BY = re.compile(r"\bby (?:[\w-]+ ){0,4}[\"']?$")
WORK_BY = re.compile(rf"\b(?:{KINDS}|it|is|was) by (?:the )?$")
CREATED = re.compile(r"\b(?:created|made|done)\b")
PLAYED_BY = re.compile(r"\bplayed by (?:the )?[\"']?$")
PLAYING = EXCLUSIVE["drums"] - {"conductor", "production"} | {"drums"}
CREDITED = re.compile(r"\b(?:credited|attributed) to\b")
EDGE = re.compile(DATA["edge"])
# "X's song "S"", "X is known for S", "X was the S", "X was on saxophone", "X is a band"
OWNS_SUBJECT = re.compile(rf"[\"']?'s? (?:(?:[\w-]+ ){{0,4}}[\"']?{S}|(?:[\w-]+ ){{0,2}}debut\b)")
WAS_SUBJECT = re.compile(
    rf"[\"']? (?:is|was|are|were) (?:the |(?:\w+ )?known for [^.;,{C}{S}]{{0,40}})[\"']?{S}"
    r"|[\"']? (?:is|was|are|were) (?:voted|crowned|chosen|named) "
)
ON_PART = re.compile(r"[\"']? (?:is|was|were|are) (?:heard )?on (?:the )?([\w-]+)")
ACT_BEHIND = re.compile(rf"[\"']? (?:is|was|are|were) (?:an?|the) (?:[\w-]+ ){{0,5}}(?:{KINDS})\b")
HIMSELF = re.compile(r"[\"']?,? (?:him|her|it|them)sel(?:f|ves)\b")
# "drummed with X"; "Y's new X", which is no agent
WITH_BAND = re.compile(
    r"\b(?:[\w-]+(?:ed|ing|er|ist)|plays?|sang|sings?|was|is|been|known|out) (?:with|in|for)"
    rf" (?:[{C}{N}][^.;,]{{0,20}} and )?(?:the )?[\"']?$"
)
OF_OWNER = re.compile(rf"[{C}{N}]'s?(?: [\w-]+){{1,4}} [\"']?$")
# a place: "a German flute", "in northern Spain", "Paris heard it"
IN_COUNTRY = re.compile(r"\b(?:an?|of|in|from)(?: the)? (?:[\w-]+ )?$")
HEARD = re.compile(r" (?:heard|saw|hosted|got|witnessed|staged|made|built|invented)\b")
DOES = re.compile(
    r"\b(?!(?:born|died|comes|came|hails|hailed|originated|located|raised|named)\b)"
    rf"(?:{RULES.verbs}|met|knew|ran|taught|spent|found|became|spoke|bought|fell)\b"
)
# a year: "dates from 1971", "on Moving Pictures, 1981"
SINCE = re.compile(r"(?:\b(?:from|since|to)|,) $")

# --- what is of another kind than the one asked for -----------------------------------------------
BY = re.compile(r"\bby (?:the )?[\"']?$")
MADE_BY_ACT = re.compile(
    rf"(?:([{K}{C}\"'])[\"']?,? )?\bby (?:the )?(?:\w+ )?(?:band|group|duo|trio|singer|artist"
    r"|rapper|musician|composer) [\"']?$"
)
TITLED = re.compile(r"album|record|song|composition|work|piece")
SELF = re.compile(rf"\bon (?:the|their|his|her|its) (?:\w+ ){{0,2}}(?:album|record|ep) [\"']?{S}")
PERSON = re.compile(r"\b(?:he|she|his|her|they|their)\b", re.IGNORECASE)
IN_PLACE = re.compile(rf"\b(?:in|at|near|about) (?:the )?(?:[{C}{N}],? (?:and|or) )?$")
# "in X and it became": no verb of X
AND_IT = re.compile(r" (?:and|or|from|with)\b")


def no_attempt(evidence: Evidence, clause: Clause, at: int) -> str:
    """Why even the likeliest answer of a reply without the key does not answer; "" if it does."""
    if is_told_elsewhere(evidence, clause):
        return ""
    if not any(states_answer(evidence, clause) for clause in evidence.clauses):
        return "names no answer"
    if evidence.is_of_another_part(clause, at):
        return "names who did something else"
    if is_background(clause, at, evidence.relevance):
        return "tells of the subject only"
    return ""


def is_told_elsewhere(evidence: Evidence, chosen: Clause) -> bool:
    """Whether another clause than the likeliest says what is asked, of an answer of its own."""
    return any(
        clause is not chosen
        and evidence.asked.said_in(clause.text)
        and not is_background(clause, at, evidence.relevance)
        and not evidence.is_of_another_part(clause, at)
        for clause, at in evidence.answers()
    )


def states_answer(evidence: Evidence, clause: Clause) -> bool:
    """Whether something says that a name in a clause answers what is asked.

    It is all there is, or opens the reply as a bare answer; it is behind a label, or guessed;
    its clause is about the asked relation or part; or it is said of the subject in its role.
    """
    relevance, marks = evidence.relevance, evidence.relevance.marks
    if is_bare(clause) or RULES.guess.search(evidence.asked.without_other_parts(clause.small)):
        return True
    if clause is evidence.clauses[0] and (
        opens_bare(relevance, clause)
        or len(evidence.reply.text) < SENTENCE
        or not FINITE.search(lower(marks))
    ):
        return True
    if "born" in evidence.asked.relations and LIFESPAN.search(evidence.reply.marks):
        return True
    near = near_clauses(evidence, clause)
    if is_about_asked(evidence, clause, near):
        return True
    about = is_about(evidence, clause, near)
    # a part that is named in another sentence tells nothing
    part = not evidence.asked_parts.isdisjoint(parts_in(" ".join(c.text for c in near)))
    part = part or not evidence.asked_parts
    return any(
        is_introduced(clause, at, marks, evidence.asked.nouns)
        or evidence.asked.said_in(phrase_around(clause.text, clause.small, at))
        or (part and evidence.is_told(clause, at))
        or is_said_of_subject(evidence, clause, at, about)
        for at in clause.places
    )


def opens_bare(relevance: Relevance, clause: Clause) -> bool:
    """Whether the reply opens with a bare answer, no sentence: `They backed X` is one."""
    before = ANSWER.split(without_lead_in(clause.text))[0]
    return relevance.is_bare_opening(clause) and not FINITE.search(lower(before))


def is_called_answer(before: str, behind: str, nouns: frozenset[str]) -> bool:
    """Whether a name is called by the noun for what is asked: `The label was X`."""
    called = [match[1] for match in (NOUN_IS.search(before), IS_NOUN.match(behind)) if match]
    return not nouns.isdisjoint(called)


def is_introduced(clause: Clause, at: int, marks: str, nouns: frozenset[str]) -> bool:
    """Whether a cue or a label is before a name, or words that say that the answer follows."""
    before, start = clause.small[max(0, at - REACH) : at], clause.start + at
    if CUE.search(before) or BEHIND_COLON.search(before):
        return True
    if is_called_answer(before, clause.small[at + 1 : at + REACH], nouns):
        return True
    return bool(ANSWER_IS.search(marks, max(0, start - 300), start))


def near_clauses(evidence: Evidence, clause: Clause) -> list[Clause]:
    """The clauses around one in its sentence, so many at most that the time stays bounded."""
    clauses = evidence.relevance.clauses
    index = bisect_left(clauses, clause.start, key=lambda other: other.start)
    near = clauses[max(0, index - NEAR) : index + NEAR + 1]
    return [other for other in near if other.sentence == clause.sentence]


def is_about_asked(evidence: Evidence, clause: Clause, near: Sequence[Clause]) -> bool:
    """Whether a clause says what is asked, or the one that it goes on from or that goes on."""
    asked = evidence.asked
    if speaks_of_part(clause, asked):
        return True
    if asked.said_in(clause.text):  # in its place: "It came out on X" is of a label
        unlikely = RULES.unlikely[asked.role]
        small = clause.small
        return asked.role != "agent" or not all(
            unlikely.fits(small[max(0, at - REACH) : at], small[at + 1 : at + REACH])
            for at in clause.places[:MANY]
        )
    for other in near:
        later = other.start > clause.start and not other.answers and not other.side
        resumed = other.start < clause.start and goes_on(clause)
        if (later or resumed) and RULES.tells_relation(other.text) and asked.said_in(other.text):
            return True
    return False


def goes_on(clause: Clause) -> bool:
    """Whether a clause goes on from the one before it, not with a relation of its own."""
    goes_on = PREDICATE.match(clause.small)
    return goes_on is not None and (
        goes_on[0].startswith(" it ") or not RULES.tells_relation(clause.text)
    )


def is_said_of_subject(evidence: Evidence, clause: Clause, at: int, about: bool) -> bool:
    """Whether an answer is said of the subject where one of its role is, and no other relation."""
    asked, small = evidence.asked, clause.small
    around = small[max(0, at - REACH) : at], small[at + 1 : at + REACH]
    if asked.role == "agent" and about and is_maker(evidence, around):
        return True
    # a title is on what was released, performed and sung, and so is a label
    free = asked.role in ("title", "term")
    other = not free and RULES.tells_relation(phrase_around(clause.text, small, at))
    if "born" in asked.relations and DOES.search(small) and not asked.said_in(small):
        return False  # "She sang in X"
    if asked.role == "agent" and not other and HIMSELF.match(around[1]):
        return True
    if asked.band and not other and WITH_BAND.search(around[0]):
        return True
    if other or RULES.unlikely[asked.role].fits(*around):
        return False
    sentence = " ".join(other.text for other in near_clauses(evidence, clause))
    if speaks_of_another_part(clause, asked) and evidence.asked_parts.isdisjoint(
        parts_in(sentence)
    ):
        return False  # "with X as the lyricist"
    if is_fragment(clause) or (asked.act and ACT_BEHIND.match(around[1])):
        return True
    return about and is_in_role(evidence.asked, around)


def is_maker(evidence: Evidence, around: tuple[str, str]) -> bool:
    """Whether a work is said to be an agent's: `a song by X`, `X's song "S"`."""
    before, behind = around
    if evidence.asked.relations & MAKERS and OWNS_SUBJECT.match(behind):
        return True
    if (part := ON_PART.match(behind)) and part[1] in evidence.asked.forms:
        return True
    told = ANSWER.split(EDGE.split(before)[-1])[-1]
    if PLAYED_BY.search(before) and not evidence.asked_parts.isdisjoint(PLAYING):
        return True
    if CREDITED.search(told) or OF_MAKER.search(before) or THOSE_OF.search(before):
        return True
    before = evidence.asked.without_other_parts(before)
    told = ANSWER.split(EDGE.split(before)[-1])[-1]
    others = RULES.tells_relation(CREATED.sub("", told)) or parts_in(told) - evidence.asked_parts
    if not MADE_BY.search(told) or others:
        return False
    # who made a work is background where somebody else's part in it is asked for
    return bool(evidence.asked.relations & MAKERS or CREATED.search(told))


def is_fragment(clause: Clause) -> bool:
    """Whether a clause is a short phrase and no sentence: `At the Scala in Milan`."""
    short = len(clause.text) < FRAGMENT and not clause.side and not clause.opener
    return short and not FINITE.search(clause.small)


def is_about(evidence: Evidence, clause: Clause, near: Sequence[Clause]) -> bool:
    """Whether a clause is about what is asked about: its sentence names it or refers to it."""
    relevance, asked = evidence.relevance, evidence.asked
    if S in clause.text or clause.sentence in relevance.about_subject:
        return True
    if REFERS.search(clause.small) or clause.start in relevance.resumed:
        return True
    plain = RULES.function_words | KINDS_ASKED[asked.role]
    return any(
        form not in plain and (form in asked.forms or form in RULES.kind_words)
        for other in near
        for form in forms_of(other.text)
    )


def is_in_role(asked: Asked, around: tuple[str, str]) -> bool:
    """Whether an answer is where one of its kind is in a sentence."""
    role, (before, behind) = asked.role, around
    if role == "place":  # what comes behind it tells little
        in_country = asked.coarse and IN_COUNTRY.search(before)
        return bool(in_country or HEARD.match(behind)) or RULES.likely[role].fits(before, "")
    if role == "value" and SINCE.search(before):
        return True
    if role == "agent" and (OF_OWNER.search(before) or MADE_BY.search(before)):
        return False  # if it made the work, that is found already
    if WAS_SUBJECT.match(behind) and role in ("agent", "title"):
        return True
    return role == "term" or RULES.likely[role].fits(before, behind)


def is_background(clause: Clause, at: int, relevance: Relevance) -> bool:
    """Whether the likeliest answer is not of the kind asked for: `It is by Gomez` for an album.

    It is an owner or maker, if something else is asked; a place, if it is asked who did it;
    or anything said about the subject in a relation other than the one asked about.
    """
    if is_bare(clause):
        return False
    before, behind = clause.text[:at], clause.text[at + 1 :]
    if relevance.asked.role == "title":
        if behind.startswith("'s "):
            return True
        if by := MADE_BY_ACT.search(before):
            asked = TITLED.search(relevance.asked.text)
            told = bool(by[1] or not asked or asked[0] in lower(relevance.marks))
            return not told
        return bool(BY.search(before) and not SELF.search(behind))
    is_agent = relevance.asked.role == "agent"
    if is_agent and IN_PLACE.search(before):
        return bool(AND_IT.match(behind)) or not RULES.verb_behind.match(lower(behind))
    if is_agent:  # "S is an album by X" does not say who played bass on it
        by = WORK_BY.search(clause.small, 0, at)
        return bool(by) and S in clause.text and not relevance.asked.relations & MAKERS
    if relevance.asked.said_in(clause.text) or clause.start in relevance.told_behind:
        return False
    # "Haydn died in 1809", if it is asked when he was born
    about = S in clause.text or ("born" in relevance.asked.relations and PERSON.search(before))
    return bool(about) and RULES.tells_relation(clause.text)
