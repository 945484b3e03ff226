"""What a reply commits to: of all answers in it, the one that it finally gives, if any.

`committed` marks the answers of the asked kind, the key and others, and the subject of the
question; sets aside what is denied, believed by others or only compared (`given`); splits the reply
into clauses; takes the last word if the reply corrects itself; and of what is left the answer
with the most evidence (`evidence`). Two answers side by side count as none (`rivals`).
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mucpt_utils.musicsimpleqa.grader.answer_keys import key_of
from mucpt_utils.musicsimpleqa.grader.attempts import no_attempt
from mucpt_utils.musicsimpleqa.grader.clauses import ANSWER, Marked, clauses_of
from mucpt_utils.musicsimpleqa.grader.evidence import (
    Evidence,
    only_answer_behind,
    speaks_of_another_part,
)
from mucpt_utils.musicsimpleqa.grader.given import (
    final_answer,
    is_courtesy,
    is_gap,
    is_refusal,
    last_word,
    refuses_whole,
    set_aside,
    stated,
    without_dismissed,
    without_refusals,
)
from mucpt_utils.musicsimpleqa.grader.keys import Key, Span
from mucpt_utils.musicsimpleqa.grader.no_names import is_national
from mucpt_utils.musicsimpleqa.grader.readings import words
from mucpt_utils.musicsimpleqa.grader.relevance import Relevance, without_lead_in
from mucpt_utils.musicsimpleqa.grader.replies import own_words
from mucpt_utils.musicsimpleqa.grader.rivals import (
    contradiction,
    rivals,
    steps,
    undecided_at,
)
from mucpt_utils.musicsimpleqa.grader.rules import RULES, A, C, K, N
from mucpt_utils.musicsimpleqa.grader.words import lower

ONE, SEVERAL, DENIED, NOTHING = "one answer", "several answers", "denied", "nothing"
# a title that begins like a denial: "Not Ready to Make Nice"
TITLE_CASE = re.compile(
    r"[A-Z][\w'-]*(?: (?:[A-Z][\w'-]*|of|the|a|an|in|to|for|from|with|as|at|on|&))* [A-Z][\w'-]*"
)
# "I give up", "My training data doesn't cover this"
SPEAKER = re.compile(r"\b(?:I|I'm|I'll|I'd|I've|[Mm]y|me)\b")
LIKES = re.compile(r"\bI(?:'ve)? (?:\w+ ){0,2}(?:like|love|loved|enjoy|adore|prefer)\b")
SIGNS = re.compile(rf"[?/;=]|n't|\.\.|…|[{K}{C}]'")
LISTED = re.compile(r",|&| and ")
DASH = re.compile(r"[-–—]")
# words in other scripts; "(1942-2018)"; "Hometown: X"
NO_LATIN_WORDS = re.compile(rf"[\u0370-\u9fff\uac00-\ud7af]|\({A}\s?[-–]|{C}:")
ASKS_BACK = re.compile(
    r"(?:(?:in|on|to|from|of|by|for) )?(?:what|which|who|whose|when|where|why|how|do you|did you"
    r"|are you|can you|could you|can i|could i|may i) [^?.!]{8,}\?",
    re.IGNORECASE,
)
# what follows a question: "Let me know and I'll help."
OFFER = re.compile(
    r"(?:(?:please )?(?:let me know|tell me|clarify|specify)|if so|happy to"
    r"|(?:then |and |so )?(?:perhaps |maybe )?i(?:'ll| will| can|'d))\b[^?]{0,80}",
    re.IGNORECASE,
)
SHORT = 16  # characters of a reply such as "It was by X.", counting one for the name
FEW = 8  # names of a reply that may be words of a refusal
REFUSAL_OPENING = re.compile(
    r"(?:beats|stumps|stumped|escapes|eludes|search|blanking|drawing|unable|incapable|dunno|haven|pass)"
    r" (?:me|to|on|a|the)\b|(?:pass|dunno|blank|stumped|clueless)(?=[.!,]|\Z)"
)
# "Her husband at the time", "One of the singers", "Some town up north"
SOMEBODY = re.compile(
    r"\W*(?:her|his|their|its|some|one of (?:her|his|their|the|its)|an?|two|three|four|five"
    r"|several|the [a-z]+'s)"
    r" (?:[a-z'-]+ ){0,3}?(?:husband|wife|boyfriend|girlfriend|partner|friend|mate|brother|sister"
    r"|father|mother|son|daughter|uncle|aunt|cousin|neighbou?r|colleague|pupil|teacher|student"
    r"|m[ae]n|wom[ae]n|guy|girl|boy|lady|fellow|chap|person|people|kid|band|group|singer|musician"
    r"|composer|producer|rapper|duo|trio|choir|drummer|guitarist|pianist|poet|writer|librettist"
    r"|town|city|village|place|country|port|island|region|hometown)s?\b"
)
# a reply that breaks off before its answer: "It was composed by", and a clause that does not
CUT_OFF = re.compile(
    r"\b(?:by|in|at|of|is|was|are|were|called|named|titled|an?|the"
    rf"|(?:by|is|was) (?:the|an?) (?:{'|'.join(sorted(RULES.kind_words))})) ?\Z"
)
BEGUN = re.compile(
    r"[\"')*]{0,4},? (?:(?:and|but) )?(?:(?:it|he|she|they|its|the|this|that) (?:\w+ )?)?"
    r"(?:was|is|were|are)\b"
)
LAST_SENTENCE = re.compile(rf"[.!?;\n]\s|{A}|[{N}]")
WHICH_ONE = re.compile(r"\b(?:who|whom|whose|what|which|where|when|that)\b")
QUOTED = re.compile(r'"[^"]*"')
WINNER = re.compile(
    r"(?:[A-Z][\w'.-]* ){2,4}(?:won|took|received)(?: (?:it|that year|the (?:prize|award)))?[.!]?"
)
A_NATIONAL = re.compile(r"An? [A-Z]")
PLAIN_WORDS = re.compile(r"[a-z'-]+")  # a compound is one word


class Commitment(NamedTuple):
    """What a reply commits to (ONE), or that it gives SEVERAL answers, DENIED ones or NOTHING.

    text: the words of the reply that give the answer. reason: how it was found, in a few words.
    """

    state: str
    text: str
    reason: str


def committed(reply: str, question: Mapping) -> Commitment:
    """The span of a reply that answers the question.

    question: as for `key_of`; its key serves to recognise a name that is written without capitals
    or made of ordinary words, and has some weight if a reply names several answers. Raises
    KeyError for a missing field.
    """
    return answer_to(key_of(question), reply)


def answer_to(key: Key, reply: str) -> Commitment:
    """The span of a reply that answers a key's question."""
    text = own_words(reply, key.asked.text, key.kind == "number")
    if text.isupper() and len(words(text)) > 3 and RULES.refusals.is_in(lower(text)):
        text = text.lower()  # all capitals mark no names
    if not text:
        return Commitment(NOTHING, "", "empty")
    if bare := bare_answer(text, key):
        return bare
    marked = marked_reply(key, text)
    answers = ANSWER.findall(marked.marks)
    if not answers:
        return unmarked(marked, key)
    if answers in ([K], [C]) and is_plain(marked.marks, key):
        at = marked.marks.index(answers[0])
        return Commitment(ONE, marked.words_at(at, at + 1), "its answer")
    return choice(marked, key)


def bare_answer(text: str, key: Key) -> Commitment | None:
    """A reply that is a name or a refusal and nothing else; None for one that says more.

    A bare name is an answer, whatever it might mean as a sentence: `Don't Know Why`.
    """
    bare = without_lead_in(text)
    for whole in (text, bare) if bare != text else (text,):
        if key.is_whole(whole):
            return Commitment(ONE, whole, "is a bare answer")
    if len(bare) < 80 and (refuses_whole(bare) or is_courtesy(bare) or is_gap(text)):
        return Commitment(NOTHING, "", "refuses")
    if key.asked.role == "title" and TITLE_CASE.fullmatch(bare) and not no_names_in(bare):
        return Commitment(ONE, bare, "is a bare answer")
    return None


def marked_reply(key: Key, text: str) -> Marked:
    """A reply with its answers marked; a refusal in another language names none."""
    text, spans = key.marked(text)
    if any(span.mark == C for span in spans):
        stretches = no_names_in(text)
        if "[" in text or "<" in text or "{" in text:
            stretches += [match.span() for match in RULES.gap_within.finditer(lower(text))]
        stretches += refusing_words(text, spans)
        spans = [
            span
            for span in spans
            if span.mark != C or not any(a < span.end and span.start < b for a, b in stretches)
        ]
    return Marked(text, spans)


def refusing_words(text: str, spans: Sequence[Span]) -> list[tuple[int, int]]:
    """The single words among spans with which a sentence refuses: `Beats me`, `Unable to say`."""
    small, found = lower(text), []
    for span in spans[:FEW]:
        single = (
            span.mark == C and span.start + 1 < span.end and " " not in text[span.start : span.end]
        )
        if single and REFUSAL_OPENING.match(small, span.start):
            found.append((span.start, span.end))
    return found


def no_names_in(text: str) -> list[tuple[int, int]]:
    """Where a text refuses or says that it is sorry in another language than English."""
    pattern = RULES.no_names_in_ascii if text.isascii() else RULES.no_names
    return [match.span() for match in pattern.finditer(lower(text))]


def needs_care(marks: str) -> bool:
    """Whether a text has a word or sign that denials and second thoughts consist of."""
    return bool(
        SIGNS.search(marks) or NO_LATIN_WORDS.search(marks)
    ) or not RULES.caution.isdisjoint(PLAIN_WORDS.findall(marks.lower()))


def is_plain(marks: str, key: Key) -> bool:
    """Whether a text with one answer surely gives that answer.

    A shortcut: without any of the words that denials, refusals, second thoughts and choices consist
    of, the search for them finds nothing.
    """
    if K not in marks and (len(marks) > SHORT or key.asked.role == "title"):
        # it may be about the subject only
        return False
    if K not in marks and RULES.tells_relation(marks) and not key.asked.said_in(marks):
        return False  # "X directed it"
    if key.kind == "term" and LISTED.search(marks):
        return False
    if key.asked.role == "value" and DASH.search(marks):
        return False
    lower = marks.lower()
    if lower == marks and LISTED.search(lower):
        return False
    return not needs_care(marks)


def choice(reply: Marked, key: Key) -> Commitment:
    """The one answer of a reply that names some, or why there is none."""
    # which answers are given
    careful = needs_care(reply.marks)
    whole = reply.marks if K in reply.marks else without_cut_off(reply.marks)
    marks, refused, denied = set_aside(whole, key.asked, careful)
    clauses = clauses_of(marks)
    relevance = Relevance(key.asked, marks, clauses)
    answering, refuses = [clause for clause in clauses if clause.answers], False
    if careful:
        clauses = without_dismissed(stated(last_word(clauses, relevance), relevance))
        clauses = final_answer(clauses)
        answering, refuses = without_refusals(clauses, relevance)
        if refuses:  # "Sardou wrote the play; the composer I'd rather not guess"
            answering = [c for c in answering if not speaks_of_another_part(c, key.asked)]
    if not answering and whole != reply.marks:
        return Commitment(NOTHING, "", "breaks off before its answer")
    if not answering:
        return none_given(reply, bool(clauses) and (refused or refuses), denied)
    # which of them answers the question
    evidence = Evidence(reply, answering, relevance)
    clause, position = evidence.strongest()
    if K not in reply.marks:
        # "Where Do We Go?" is a title
        if asks_back(reply.text) and not (reply.text.istitle() or reply.text.isupper()):
            return Commitment(NOTHING, "", "asks back")
        if nothing := no_attempt(evidence, clause, position):
            return Commitment(NOTHING, "", nothing)
    alone = len(answering) == len(clause.places) == 1
    is_value = key.asked.role == "value"
    undecided = undecided_at(marks, key, clauses, clause, reply.text.islower())
    undecided = undecided or (None if alone else contradiction(reply, answering, is_value))
    several = undecided
    if not (undecided or alone or evidence.is_singled_out(clause, position)):
        several = rivals(reply, key.kind, answering, clause, position)
    if several:
        behind = only_answer_behind(answering, clause, relevance)
        if behind is None:
            reason = "leaves it between several" if undecided else "gives several answers"
            return Commitment(SEVERAL, reply.words_at(*several), reason)
        clause, position = behind, relevance.likeliest(behind)
    start, end = clause.start + position, clause.start + position + 1
    if key.asked.role == "place":
        start, end = steps(clause, position)
    reason = "its last word" if clauses[0].start else "its answer"
    return Commitment(ONE, reply.words_at(start, end), reason)


def without_cut_off(marks: str) -> str:
    """A marked reply without an ending that breaks off before its answer: `It was composed by`."""
    if not CUT_OFF.search(marks, max(0, len(marks) - 30)):
        return marks
    begin = 0
    for end in LAST_SENTENCE.finditer(marks):
        begin = end.end()
    answer = begin and marks[begin - 1] in (K, C, N)
    ending = marks[begin:]
    goes_on = BEGUN.match(ending) if answer else None
    if WHICH_ONE.search(ending) or (answer and not goes_on):
        return marks
    return marks[: begin + (goes_on.end() if goes_on else 0)].rstrip()


def none_given(reply: Marked, refused: bool, denied: bool) -> Commitment:
    """A reply whose answers are all set aside.

    Saying what the answer is not is no attempt, unless the key is denied.
    """
    if refused:
        return Commitment(NOTHING, "", "refuses")
    if K not in reply.marks and (denied or LIKES.search(reply.marks)):
        return Commitment(NOTHING, "", "only says what it is not, or what it likes")
    return Commitment(DENIED, "", "denies its answer, takes it back or names it in passing")


def unmarked(marked: Marked, key: Key) -> Commitment:
    """A reply in which no answer of the kind asked for was found: a refusal, or other words."""
    text, marks = marked.text, marked.marks
    if not (words(text) or (key.symbols and text.strip("?. "))):
        return Commitment(NOTHING, "", "no words")
    if asks_back(text):
        return Commitment(NOTHING, "", "asks back")
    small = lower(marks)
    refuses = RULES.refusals.is_in(small) or (
        RULES.refusal_whole.may_be_in(small) and any(map(is_refusal, clauses_of(marks)))
    )
    guesses = text.islower() and RULES.guess.search(RULES.refusal.sub("", small))
    if refuses and not guesses:
        return Commitment(NOTHING, "", "refuses")
    if RULES.gap_within.search(small):
        return Commitment(NOTHING, "", "leaves a gap")
    if is_declared(marked, key):
        return Commitment(ONE, text, "declares another answer")
    if len(words(text)) > 5 and not text.islower() and not key.names_its_kind(text):
        return Commitment(NOTHING, "", "names no answer")
    clauses = clauses_of(marks)
    if not clauses:  # words that only tie clauses together: `, while`
        return Commitment(NOTHING, "", "names no answer")
    if any(speaks_of_another_part(clause, key.asked) for clause in clauses):
        return Commitment(NOTHING, "", "names who did something else")
    if describes(text, key):
        return Commitment(NOTHING, "", "only describes")
    if key.asked.prize and WINNER.fullmatch(text):
        return Commitment(NOTHING, "", "names who won, not with what")
    if SPEAKER.search(text) and not RULES.guess.search(small) and len(words(text)) > 2:
        return Commitment(NOTHING, "", "speaks of itself and names no answer")
    if repeats_question(text, key) and not key.names_its_kind(text):
        return Commitment(NOTHING, "", "repeats the question")
    first = marked.words_at(0, clauses[0].start + len(clauses[0].text))
    return Commitment(ONE, without_lead_in(first), "its first words")


def describes(text: str, key: Key) -> bool:
    """Whether a few words say of what kind somebody or something is and name nothing.

    `Her husband at the time`, `A Welshman`; `Sweden won` does not name the singer.
    """
    if key.asked.role not in ("agent", "place"):
        return False
    text = QUOTED.sub("", text)
    capitals = [word for word in words(text)[1:] if word.capital and word.raw != "I"]
    if any(not is_national(w.raw.lower()) and w.form not in RULES.levels for w in capitals):
        return False
    if "win" in key.asked.relations and any(is_country(word.form) for word in words(text)):
        return True
    if SOMEBODY.match(lower(text)) and not (text.islower() and text[:2].lower() in ("a ", "an")):
        return True
    return key.asked.role == "agent" and bool(
        A_NATIONAL.match(text) and is_national(words(text)[1].raw.lower())
    )


def is_country(form: str) -> bool:
    """Whether a word is the name of a country."""
    return RULES.levels.get(form) == "country"


def is_declared(marked: Marked, key: Key) -> bool:
    """Whether a reply without a name of the kind asked for still declares an answer.

    `The answer is: Eurovision 2012`, or the subject itself as the band that is asked for.
    """
    small = lower(marked.marks)
    for match in RULES.declared.finditer(small):
        if any(word.form not in RULES.function_words for word in words(small[match.end() :])):
            return True
    return key.asked.act and bool(RULES.subject_as_act.search(small))


def asks_back(text: str) -> bool:
    """Whether every sentence of a reply asks for something, but for an offer at its end."""
    if "?" not in text and text.strip():
        return False
    sentences = [sentence.strip() for sentence in re.findall(r"[^?]+\??", text.strip())]
    if len(sentences) > 1 and OFFER.fullmatch(sentences[-1]):
        sentences.pop()
    return all(map(ASKS_BACK.fullmatch, sentences))


def repeats_question(text: str, key: Key) -> bool:
    """Whether a sentence only repeats the question: `It was released in the year it came out.`

    Or begins to ask it once more.
    """
    begun = text.strip(" .…").casefold()
    if len(words(text)) > 2 and key.asked.text.casefold().startswith(begun):
        return True
    own = [word for word in words(text) if word.form not in key.asked.forms]
    if len(words(text)) < 5 or any(word.form not in RULES.function_words for word in own):
        return False
    return not any(word.capital and word.start and word.raw != "I" for word in own)
