"""Which of several answers a reply gives: the evidence for each, weighed.

Each answer that is not set aside is described by some twenty observations: whether its clause
mentions the subject and the asked relation, whether the phrase around it does, whether a label
or a part ("on drums") beside it is the asked one, whether the reply opens, ends or concludes with
it. Each observation has a weight, fitted to labelled replies (a conditional logit over the answers
of a reply, McFadden 1974; `tests/benchmarks/fit_evidence.py`), so a new kind of reply needs only
cases, no new exception. The answer with the most evidence counts as given.

The key has a weight of its own, because right names are rarely written by accident.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache

from mucpt_utils import paths
from mucpt_utils.io import read_yaml
from mucpt_utils.musicsimpleqa.grader.asked import Asked
from mucpt_utils.musicsimpleqa.grader.clauses import ANSWER, Clause, Marked, is_bare
from mucpt_utils.musicsimpleqa.grader.readings import forms_of, words
from mucpt_utils.musicsimpleqa.grader.relevance import SUBJECT_WORDS, Relevance
from mucpt_utils.musicsimpleqa.grader.rules import RULES, A, C, K, N, S, level
from mucpt_utils.musicsimpleqa.grader.words import lower

DATA = read_yaml(paths.PACKAGE / "musicsimpleqa/grader/evidence.yaml")
WEIGHTS: dict[str, float] = DATA["weights"]
# all parts in one pattern, each a group with the part's number; like the next patterns, for
# texts in lower case
PARTS = tuple(DATA["parts"])
PART = re.compile(rf"\b(?:{'|'.join(f'({p})' for p in DATA['parts'].values())})(?!\w)")
# things of which the question may mean one and the reply another
THINGS = {name: re.compile(rf"\b(?:{pattern})\b") for name, pattern in DATA["things"].items()}
ANOTHER = "another"  # a thing that is not the one asked about, whatever that is
CUE, LABEL, AFFIRMED, HUNG = (
    re.compile(DATA[name].replace("{A}", A).replace("{M}", f"{K}{C}{N}{S}"))
    for name in ("cue", "label", "affirmed", "hung")
)
PHRASE_END = re.compile(f"{A}|{DATA['edge']}")
BEHIND_SUBJECT = re.compile(rf"{S}[\"')]*(?:'s)?(?: \(|,|:| [-–—]|(?: is| was)?(?: in)?)? $")
# "Diamond Dogs '74": a name right before a value
NAMED_BEFORE = re.compile(
    r"(?:^|[,;:(] ?|\band )((?:[A-Z][\w'-]*|of|the|a|in)(?: (?:[A-Z][\w'-]*|of|the|a|in)){0,5})"
    r"(?: (?:was|is|in|of|from|(?:(?:was|is) )?(?:[a-z]{3,}ed|made|came out|out|dates|goes)"
    r" (?:in|from|back to|to))|:| \(|,| [-–—])? $"
)
# "wrote X": an agent and their work
DID_ANOTHER = re.compile(
    rf"[\"']?,? (?:\w+ly )?(?:{RULES.verbs}|did|scored) (?:the )?"
    rf"(?:[\"'][^\"'{S}]{{3,60}}[\"']|[\"']?[{C}{N}])"
)
# what somebody did who did not do what is asked
DID_PART = re.compile(
    r"\b(?:direct(?:ed|s)|conduct(?:ed|s)|s[aiu]ng|sings|play(?:ed|s)?|starr?(?:ed|s)"
    r"|design(?:ed|s)"
    r"|(?:is|was|are|were) (?:the|its|his|her) (?:\w+ )?(?:director|designer|developer|conductor"
    r"|producer|star|librettist|lyricist|hero|heroine|dedicatee)s?|star (?:in|as)|developed"
    r"|produced|wr(?:ote|itten)|composed|choreographed|painted|dedicated)\b"
)
# what is written beside the music
OTHER_TEXT = re.compile(
    r"\b(?:wrote|written|writing) (?:the|its|his|her) (?:libretto|words|text|lyrics|story|script"
    r"|screenplay|plays?|novels?|books?)\b"
)
DID = re.compile(rf"[\"']? (?:\w+ly |also |later |only )?(?:{RULES.verbs})\b")
NUMERAL = re.compile(r"\d")
NUMBERED = re.compile(r"\bNo\. ?(\d+)")
# "the Atlanta trio TLC": the first name says what kind the second one is
ATTRIBUTE = re.compile(rf"{A} (?:{'|'.join(sorted(RULES.kind_words))}) [\"']?{A}")
# one statement of a reply that makes several: a thing, and what is said about it
STATEMENT = re.compile(
    r"(?:(?!\s(?:but|while|whereas|though|although)\b)"
    rf"(?!,? and (?=[\w\s]{{0,24}}[{S}{K}{C}]))[^;.!?,]|,(?! ))+"
)
IS = re.compile(r"\b(?:is|was|are|were) (?:really |actually )?$")
OWNER = re.compile(
    r"'s?(?: (?:own )?(?:brainchild|concept|creation|doing|idea|invention|job|work))?\W*\Z"
)
REACH = 45  # characters from an answer to a part beside it
PHRASE = 400  # characters of a phrase on either side of an answer
BEYOND = 12  # a part after a comma counts as this many characters further away
MOVEMENTS = frozenset({"i", "ii", "iii", "iv", "v"})  # what such a numeral counts comes after it
STOP = re.compile(r"[,;.]|\b(?:and|but|while)\b")
Answer = tuple[Clause, int]  # an answer: its clause, and its place in it


def exclusive_parts() -> dict[str, frozenset[str]]:
    """For each part, those that it excludes."""
    others: dict[str, set[str]] = {part: set() for part in PARTS}
    for group in DATA["exclusive"]:
        for part in group:
            others[part] |= set(group) - {part}
    return {part: frozenset(names) for part, names in others.items()}


EXCLUSIVE = exclusive_parts()


def parts_in(text: str) -> frozenset[str]:
    """The parts that a text names."""
    return frozenset(PARTS[(match.lastindex or 1) - 1] for match in PART.finditer(lower(text)))


@lru_cache(maxsize=16384)
def asked_parts(asked: Asked) -> frozenset[str]:
    """The parts that a question names outside its names."""
    if "born" in asked.relations:  # "the birthplace of the composer"
        return frozenset()
    told = words(asked.told)  # without what is asked about, such as "the symphonic poem"
    plain = (word for index, word in enumerate(told) if not index or not word.capital)
    parts = parts_in(" ".join(word.raw for word in plain))
    # whoever "played drums" did not act
    return parts if parts.isdisjoint(EXCLUSIVE["drums"] | {"drums"}) else parts - {"acting"}


@lru_cache(maxsize=16384)
def asked_things(asked: Asked) -> frozenset[str]:
    """The things that a question names outside its names: the album, the song."""
    plain = " ".join(word.raw for word in asked.words if not word.capital)
    return frozenset(name for name, pattern in THINGS.items() if pattern.search(plain))


def speaks_of_part(clause: Clause, asked: Asked) -> bool:
    """Whether a clause names a part, and the question is who did that one."""
    return asked.role == "agent" and not asked_parts(asked).isdisjoint(parts_in(clause.text))


def speaks_of_another_part(clause: Clause, asked: Asked) -> bool:
    """Whether a clause names parts, all of them other than the one that is asked for."""
    parts = parts_in(clause.text)
    excluded = frozenset().union(*(EXCLUSIVE[part] for part in asked_parts(asked)))
    return bool(parts) and parts <= excluded - asked_parts(asked)


class Evidence:
    """The evidence for each answer of a reply.

    reply: with its answers marked. clauses: those that give an answer. relevance: what makes a
    clause relevant to the question.
    """

    def __init__(self, reply: Marked, clauses: Sequence[Clause], relevance: Relevance):
        self.reply, self.clauses, self.relevance = reply, clauses, relevance
        self.asked = relevance.asked
        self.subject_named = any(S in clause.text for clause in clauses)
        self.asked_parts = asked_parts(self.asked)
        self.of_clauses: dict[int, dict[str, float]] = {}  # by the start of the clause

    def strongest(self) -> Answer:
        """The answer with the most evidence; the first of equals."""
        answers = list(self.answers())
        if len(answers) == 1:
            return answers[0]
        return max(answers, key=lambda answer: self.of(*answer))

    @cached_property
    def paired(self) -> frozenset[int]:
        """Places of the answers that are nearest to the subject within its own statement.

        In "Satyagraha opened in Rotterdam; Akhnaten in Stuttgart" it is the one after Akhnaten. An
        answer about which another relation is stated is not among them.
        """
        paired: set[int] = set()
        marks = self.relevance.marks
        for statement in STATEMENT.finditer(marks) if S in marks else ():
            text = statement[0]
            if S not in text:
                continue
            answers = [match.start() for match in ANSWER.finditer(text)]
            subjects = [at for at, sign in enumerate(text) if sign == S] if answers else []
            for subject in subjects:
                at = self.nearest(text, answers, subject)
                if attribute := ATTRIBUTE.match(text, at):
                    at = attribute.end() - 1
                if self.may_be_paired(text, at):
                    paired.add(statement.start() + at)
                    if text[at + 1 : at + 2] == " " and at + 2 in answers:  # "Lower Brittany"
                        paired.add(statement.start() + at + 2)
        return frozenset(paired)

    def nearest(self, text: str, answers: Sequence[int], subject: int) -> int:
        """The answer next to the subject: after it, or before it if that did what is asked."""
        before = [at for at in answers if at < subject]
        behind = [at for at in answers if at > subject]
        if not before or not behind:
            return behind[0] if behind else before[-1]
        did_it = bool(self.asked.said_in(text[before[-1] + 1 : subject]))
        if did_it and not self.asked.said_in(text[subject + 1 : behind[0]]):
            return before[-1]
        return behind[0]

    def may_be_paired(self, text: str, at: int) -> bool:
        """Whether the words around an answer mention no relation but the one asked about."""
        phrase = phrase_around(text, lower(text), at)
        before, behind = text[max(0, at - 60) : at], text[at + 1 : at + 60]
        if RULES.unlikely[self.asked.role].fits(lower(before), lower(behind)):
            return self.is_owner(before, behind)
        return bool(self.asked.said_in(phrase)) or not RULES.tells_relation(phrase)

    def is_owner(self, before: str, behind: str) -> bool:
        """Whether something is said to be an agent's: `the album was Joe Zawinul's`."""
        return self.asked.role == "agent" and bool(IS.search(before) and OWNER.match(behind))

    def is_singled_out(self, clause: Clause, at: int) -> bool:
        """Whether this answer alone has the part asked for: `I. ...; II. ...; III. ...`."""
        mine = self.part_beside(clause.start + at)
        if mine not in self.asked_parts:
            return False
        part = None  # "III. A minor - A major": both are of the third
        for other, place in self.answers():
            part = self.part_beside(other.start + place) or part
            if other.start + place != clause.start + at and (not part or part in self.asked_parts):
                return False
        return True

    def is_told(self, clause: Clause, at: int) -> bool:
        """Whether the phrase around an answer, or what follows, says what is asked."""
        if self.part_beside(clause.start + at) in self.asked_parts:
            return True
        if clause.start in self.relevance.told_behind:
            return True
        return bool(self.asked.said_in(phrase_around(clause.text, clause.small, at)))

    def answers(self) -> Iterator[Answer]:
        """Every answer, in order."""
        for clause in self.clauses:
            for place in clause.places:
                yield clause, place

    def of(self, clause: Clause, at: int) -> float:
        """The evidence for an answer: the weights of what is observed about it."""
        seen = self.observed(clause, at)
        return sum([WEIGHTS.get(name, 0.0) * value for name, value in seen.items() if value])

    def observed(self, clause: Clause, at: int) -> dict[str, float]:
        """The observations about an answer, each from 0 (False) to 1 (True)."""
        if clause.start not in self.of_clauses:
            self.of_clauses[clause.start] = self.about_clause(clause)
        seen = self.of_clauses[clause.start] | self.about_phrase(clause, at)
        seen |= self.about_position(clause, at)
        colon = clause.text.rfind(":")
        if at < colon and not ANSWER.fullmatch(clause.text[:colon].strip("\"' ")):
            # only what is behind it is bare
            seen |= dict.fromkeys(("bare", "bare at the end", "opens alone"), False)
        if part := self.part_beside(clause.start + at):
            seen["asked part"] = part in self.asked_parts
            seen["other part"] = not EXCLUSIVE[part].isdisjoint(self.asked_parts - {part})
        return seen

    def about_clause(self, clause: Clause) -> dict[str, float]:
        """Whether a clause is about the subject, the asked relation, or said in passing."""
        relevance, asked = self.relevance, self.asked.said_in(clause.text)
        if not asked and clause.start in relevance.told_behind:
            asked = self.asked.relations
        subject = S in clause.text or clause.sentence in relevance.about_subject
        subject = subject or clause.start in relevance.resumed
        return {
            "subject": subject,
            "subject elsewhere": bool(asked) and not subject and self.subject_named,
            "pronoun": not subject and bool(SUBJECT_WORDS.search(clause.small)),
            "asked relation in clause": bool(asked),
            "other relation in clause": not asked and RULES.tells_relation(clause.text),
            "aside": clause.side,
            "bare": is_bare(clause),
            "bare at the end": is_bare(clause) and clause is self.clauses[-1],
        }

    def about_phrase(self, clause: Clause, at: int) -> dict[str, float]:
        """What the words right around an answer say."""
        text, small = clause.text, clause.small
        phrase = phrase_around(text, small, at)
        asked = self.asked.said_in(phrase)
        if not asked and clause.start in self.relevance.told_behind:
            agent = self.asked.role == "agent"  # somebody before it, or the last time or place
            asked = self.asked.relations if at == clause.places[-(not agent)] else asked
        before, behind = text[max(0, at - 60) : at], text[at + 1 : at + 60]
        owns = self.owns_asked(behind)
        other_thing = self.is_of_another_thing(phrase) or self.is_of_another_number(before)
        if self.did_another_work(text, behind):
            other_thing, asked = True, frozenset()  # it is said of another work
        other_thing = other_thing or self.is_of_another_name(clause, before)
        if self.is_owner(before, behind):
            asked, owns = self.asked.relations, True
        around, role = (small[max(0, at - 60) : at], small[at + 1 : at + 60]), self.asked.role
        label = LABEL.search(around[0]) if ":" in before else None
        own = label is not None and self.is_asked_label(before[slice(*label.span(1))])
        return {
            "asked relation": bool(asked),
            "share of asked relations": len(asked) / max(1, len(self.asked.relations)),
            "other relation": not asked and RULES.tells_relation(phrase),
            "likely position": RULES.likely[role].fits(*around),
            "unlikely position": RULES.unlikely[role].fits(*around) and not owns,
            "asked label": own,
            "other label": bool(label) and not own,
            "behind the subject": S in before and bool(BEHIND_SUBJECT.search(before)),
            "another thing": other_thing,
            "hung on another": role != "place" and bool(HUNG.search(around[0])),
            "conclusion": bool(CUE.search(around[0])),
        }

    def about_position(self, clause: Clause, at: int) -> dict[str, float]:
        """Where an answer is, how often, and whether it is the key."""
        marks = self.relevance.marks
        behind = marks[clause.start + at + 1 : clause.start + at + 30]
        name = self.reply.words_at(clause.start + at, clause.start + at + 1)
        is_key = clause.text[at] == K
        times = marks.count(K) if is_key else self.reply.text.count(name)
        opens = clause is self.clauses[0] and not ANSWER.search(clause.text, 0, at)
        bare = opens and self.relevance.is_bare_opening(clause)
        place = next(i for i, other in enumerate(self.clauses) if other is clause)
        return {
            "paired": clause.start + at in self.paired,
            "unpaired": bool(self.paired)
            and clause.start + at not in self.paired
            and not (bare and not NUMERAL.search(clause.text, 0, at)),
            "no such place": not is_key and self.asked.coarse and self.is_no_place(name),
            "key": is_key,
            "opens": bare,
            "opens alone": opens and not clause.side and is_bare(clause) and self.ends(clause),
            "late": place / max(1, len(self.clauses) - 1),
            "repeated": min(2, times - 1) / 2,
            "asked back": behind.lstrip("\"') ").startswith("?"),
            "affirmed": bool(AFFIRMED.match(lower(behind))),
            "one word": not is_key and " " not in name and self.asked.role in ("agent", "title"),
        }

    def is_of_another_number(self, before: str) -> bool:
        """Whether the words before an answer are about another of a series: `No. 2 is ...`."""
        told = NUMBERED.findall(before.rpartition(S)[2]) if self.asked.number else []
        return bool(told) and told[-1] != self.asked.number

    def is_of_another_name(self, clause: Clause, before: str) -> bool:
        """Whether a value comes right after another name, although the subject has its own.

        It is named, or referred to in another clause: "They met in X. Their Debut is from Y."
        """
        if self.asked.role != "value":
            return False
        stretch = ANSWER.split(before)[-1]
        named = NAMED_BEFORE.search(stretch)
        if not named:
            return False
        if not self.subject_named:
            at, marks = clause.start + clause.text.find(before) + len(before), self.relevance.marks
            elsewhere = marks[: at - len(stretch)] + marks[at + 1 :]
            if not (SUBJECT_WORDS.search(lower(elsewhere)) or self.asked.said_in(elsewhere)):
                return False
        forms = forms_of(named[1])
        plain = RULES.function_words | self.asked.forms | RULES.openers
        return any(form not in plain and not form.endswith("ed") for form in forms)

    def did_another_work(self, text: str, behind: str) -> bool:
        """Whether somebody is said to have made something other than the subject."""
        later = self.subject_named or text != self.clauses[0].text
        elsewhere = later and S not in text and self.asked.role == "agent"
        return elsewhere and bool(DID_ANOTHER.match(lower(behind)))

    def is_of_another_thing(self, phrase: str) -> bool:
        """Whether a phrase is about another thing: the album, if the song is asked about."""
        things = asked_things(self.asked)
        if S in phrase or self.asked.role not in ("value", "title"):
            return False
        told = {name for name, pattern in THINGS.items() if pattern.search(lower(phrase))}
        if ANOTHER in told or self.asked.role == "title":
            return ANOTHER in told and ANOTHER not in things
        return bool(told and things) and things.isdisjoint(told)

    def is_no_place(self, name: str) -> bool:
        """Whether a name is not a known country's, if one is asked for and another name may be."""
        regions = "region" in self.asked.forms  # of which there is no list
        if self.asked.role != "place" or regions or level(name) in RULES.levels:
            return False
        marks = self.relevance.marks
        return K in marks or any(
            level(self.reply.words_at(c.start + at, c.start + at + 1)) in RULES.levels
            for c, at in self.answers()
        )

    def ends(self, clause: Clause) -> bool:
        """Whether a sentence ends with a clause."""
        behind = self.relevance.marks[clause.start + len(clause.text) :]
        return not behind or behind[0] in ".!\n" or behind.startswith((", I ", ", I'm "))

    def owns_asked(self, behind: str) -> bool:
        """Whether the thing asked about is said to be the answer's: `John Cale's production`."""
        return behind.startswith("'s ") and bool(self.asked.said_in(behind[:30]))

    def is_asked_label(self, label: str) -> bool:
        """Whether a label names what is asked: `Produced by:`, `Bass:`, `Answer:`."""
        relations = self.asked.said_in(label)
        if "ey" not in label:  # "relative minor: E minor"
            relations -= {"key"}
        if relations or "nswer" in label:
            return True
        return not parts_in(label).isdisjoint(self.asked_parts) or any(
            form in self.asked.forms and form not in RULES.function_words
            for form in forms_of(label)
        )

    def parts_within(self, text: str) -> Iterator[re.Match[str]]:
        """Where a text names the part that is asked for, or one that this excludes."""
        for match in PART.finditer(text):
            part = PARTS[(match.lastindex or 1) - 1]
            if part in self.asked_parts or not EXCLUSIVE[part].isdisjoint(self.asked_parts):
                yield match

    def is_of_another_part(self, clause: Clause, at: int) -> bool:
        """Whether somebody did another part, and nobody is said to have done the one asked for."""
        if self.asked.role != "agent" or self.relevance.is_bare_opening(clause):
            return False
        marks = lower(self.relevance.marks)
        if "words" not in self.asked_parts:
            marks = OTHER_TEXT.sub(" ", marks)
        if self.asked.said_in(marks) or not parts_in(marks).isdisjoint(self.asked_parts):
            return False
        if DID.match(clause.small, at + 1) and RULES.tells_relation(clause.text):
            return True
        # "Lars Ulrich, the drummer" is an answer
        parts = any(True for _ in self.parts_within(clause.small))
        return parts and bool(DID_PART.search(clause.small))

    def part_beside(self, at: int) -> str | None:
        """The part named nearest to an answer, up to the next answer: `X (bass)`, `drums: X`."""
        if not self.asked_parts:
            return None
        marks = self.relevance.marks
        before, between = ANSWER.split(marks[max(0, at - REACH) : at])[-2:], True
        if len(before) == 1:
            before, between = ["", *before], False
        behind = ANSWER.split(marks[at + 1 : at + REACH])
        near = [
            (distance_behind(before[1], m), m)
            for m in self.parts_within(lower(before[1]))
            if not between
            or m[0] in MOVEMENTS
            or distance_behind(before[1], m) <= distance_before(before[1], m)
        ]
        near += [
            (distance_before(behind[0], m), m)
            for m in self.parts_within(lower(behind[0]))
            if m[0] not in MOVEMENTS
            and (len(behind) == 1 or distance_before(behind[0], m) <= distance_behind(behind[0], m))
        ]
        if not near:
            return None
        # "III. Largo": the number says which one
        near = [pair for pair in near if pair[1][0] in MOVEMENTS] or near
        return PARTS[(min(near, key=lambda pair: pair[0])[1].lastindex or 1) - 1]


def distance_before(text: str, part: re.Match[str]) -> int:
    """How far a part is from the beginning of a text; a sign between adds to it."""
    return part.start() + BEYOND * bool(STOP.search(text, 0, part.start()))


def distance_behind(text: str, part: re.Match[str]) -> int:
    """How far a part is from the end of a text."""
    return len(text) - part.end() + BEYOND * bool(STOP.search(text, part.end()))


def phrase_around(text: str, small: str, at: int) -> str:
    """The words around an answer up to the next sign, conjunction or answer on either side.

    small: the text in lower case.
    """
    before, behind = text[max(0, at - PHRASE) : at], text[at + 1 : at + PHRASE]
    begin, end = 0, len(behind)
    for match in PHRASE_END.finditer(small[max(0, at - PHRASE) : at]):
        begin = match.end()
    if first := PHRASE_END.search(small[at + 1 : at + PHRASE]):
        end = first.start()
    return before[begin:] + " " + behind[:end]


def only_answer_behind(
    clauses: Sequence[Clause], chosen: Clause, relevance: Relevance
) -> Clause | None:
    """A clause after a list that gives one answer: `do, re, mi - the second one is re`.

    Or a conclusion of the reply: `1935, 1936, 1937: of those, 1936`.
    """
    for clause in clauses:
        alternative = clause.small.lstrip().startswith("or ")
        later = clause.start > chosen.start and not alternative
        if later and not is_bare(clause) and len(clause.places) == 1:
            fit, at = next(relevance.fits(clause)), clause.places[0]
            if fit > 0 or CUE.search(clause.small[max(0, at - 60) : at]):
                return clause
    return None
