"""Where a short text gives an answer, and what it shows of one: slots, lengths, single letters.

An answer that stands by itself - behind a question mark, a label, a dash, in brackets, among
options, in a cell - is in a slot; one inside a sentence is not. `(4,7)`, `19__` and `J___` show
how the answer is spelt without giving it.
"""

import re
from collections.abc import Sequence
from itertools import chain, dropwhile
from typing import NamedTuple

from mucpt_utils.pipeline.questions.asking import Prompt
from mucpt_utils.pipeline.questions.vocabulary import is_common
from mucpt_utils.pipeline.questions.words import CARDINALS, Words, fold, is_term, stem, words

# what ends a slot: line ends, marks, brackets, strokes, arrows, the marks of options
BORDER = re.compile(
    r"[\n\t|?!;=…→⇒➜✓✔{}»~•○●◯◉□☐☑☒■▲△◆◇\"“”()]|(?<!\\):|\[|\]|[-=]>|\.{2,}|(?<=\s)[-–—]+(?=\s)"
    r"|(?<![A-Z])(?<!\bOp)(?<!\bop)(?<!\bNo)(?<!\bSt)(?<!\bDr)(?<!\bMr)\.(?=\s|$)"
    r"|,(?=\S)|(?<=['’]),(?= ['‘])"
    r"|(?<!\d)/|/(?!\d)|(?:^|(?<=\s))(?:[a-hA-H]|[ivx]{1,4}|\d{1,2})[).](?=\s)"
    r"|(?:^|(?<=\s))[oO](?=\s[A-Z])"
)
# options counted by bare figures: 1 Paris 2 Rome 3 Milan
COUNTED = re.compile(r"(?<!\S)[1-6](?= [A-Z])")
FEWEST_COUNTED = 3
# who speaks is no answer: `Lena Raine: Well, ...`
SPEAKER = re.compile(r"^[ \t>*-]*[A-Z][\w.'’]*(?: [A-Z][\w.'’]*){0,3}:", re.MULTILINE)
# small words of a slot before the answer, and how many; the most words of any kind behind it
LEADING = frozenset(
    words(
        "it it's its was is that that's the a an answer ans key model by in on at he she they "
        "think i guess hint say id i'd be would why well oh um probably of course them sir dude "
        "mate lol thanks cheers"
    )
)
RESPONSE = (frozenset(words("what who where when")), frozenset(words("is was are were")))
# what makes a sentence of an answer in other languages
VERBS = frozenset(words("est ist sont sind es era war"))
LONGEST_LISTED = 4  # words of one of the parts of a list
LONGEST_LEAD, LONGEST_TAIL = 4, 3
LENGTHS = re.compile(r"\((\d{1,2}(?:[ ,.-]{1,2}\d{1,2}){0,7})\)|\((\d{1,2}) letters?\)")
# a year of which two or three figures are given; a name of which some letters are
YEAR_BEGUN = re.compile(r"(?<![\w.])(1[5-9]\d?|20\d?)(?:_{1,4}\??|\?{1,2}|\.{2,3})(?![\w?])")
NAME_BEGUN = re.compile(r"(?<!\w)[A-Z](?:_{2,}|(?: _){2,}|\.{3,}| ?-{3,})")
# a title of which some words are given: `S___ in the N___`
TITLE_BEGUN = re.compile(r"(?<!\w)[A-Z]_{2,}(?:(?: [A-Za-z]{1,6}){0,3} [A-Z]_{2,})+")
LETTERS_GIVEN = re.compile(r"(?<![\w])[A-Z_](?: ?[A-Z_]){2,}(?!\w)")
# the end of a name behind a gap: `in __ major`
NAME_ENDED = re.compile(r"(?<!\w)_{2,}[ -]([A-Za-z]{4,})")
SURE = 2  # the weight of what hardly fits by chance, unlike the length of one word
LABEL = re.compile(
    r"^\W*(?:(?:the|model|correct|right|mark) )*"
    r"(?:a|ans|answers?|key|solution|response|scheme|reply|réponse|respuesta|antwort|risposta"
    r"|resposta|svar|odpowiedź)\d{0,2}\s{0,2}[.:=)>-]",
    re.IGNORECASE,
)
# words of the longest answer that is compared with the key
LONGEST_ANSWER = 8


def slots(text: str) -> list[tuple[str, ...]]:
    """The words of each piece of a text that stands by itself, also of those between commas."""
    parts = pieces(SPEAKER.sub("\n", text))
    every = {piece: None for part in parts for piece in (part, *between_commas(part))}
    return [tuple(found) for piece in every if (found := words(piece))]


def pieces(text: str) -> list[str]:
    """The pieces of a text between borders, in order."""
    parts = BORDER.split(text)
    if len(COUNTED.findall(text)) >= FEWEST_COUNTED:
        parts = list(chain.from_iterable(map(COUNTED.split, parts)))
    return [part for part in parts if part.strip()]


def between_commas(piece: str) -> list[str]:
    """The parts of a list; of a sentence only what stands before its first comma."""
    parts = piece.split(", ")
    return parts if max(len(part.split()) for part in parts) <= LONGEST_LISTED else parts[:1]


def fills(answer: Sequence[str], slot: Sequence[str]) -> bool:
    """Whether a slot has the answer, and hardly anything else."""
    size = len(answer)
    lead = 2 if len(slot) > 2 and slot[0] in RESPONSE[0] and slot[1] in RESPONSE[1] else 0
    for start in range(lead, min(LONGEST_LEAD + 1, len(slot) - size + 1)):
        if tuple(slot[start : start + size]) == tuple(answer):
            tail = [*dropwhile(LEADING.__contains__, slot[start + size :])]
            goes_on = any(is_common(stem(w)) or w in VERBS for w in tail)
            return len(tail) <= LONGEST_TAIL and not goes_on
        if slot[start] not in LEADING:
            return False
    return False


class Spelling(NamedTuple):
    """What a text shows of how an answer is spelt: a pattern of its small letters, a weight."""

    pattern: re.Pattern
    weight: int


def spellings(text: str) -> list[Spelling]:
    """What a text shows of how an answer is spelt."""
    lengths = [re.findall(r"\d+", m.group()) for m in LENGTHS.finditer(text)]
    found = [(by_length(row), min(len(row), SURE)) for row in lengths]
    found += [(rf"{m[1]}\d*", SURE) for m in YEAR_BEGUN.finditer(text)]
    found += [(rf"[^ ].* {m[1].lower()}", SURE) for m in NAME_ENDED.finditer(text)]
    begun = [m.group()[0].lower() for m in NAME_BEGUN.finditer(text)]
    if begun:
        found.append((" ".join(rf"{letter}\w*" for letter in begun), SURE))
    for match in TITLE_BEGUN.finditer(text):
        title = re.sub("_+", r"\\w*", match.group().lower())
        found.append((title, SURE))
    for match in LETTERS_GIVEN.finditer(text):
        letters = match.group().replace(" ", "")
        if "_" in letters and any(map(str.isalpha, letters)):
            found.append((letters.lower().replace("_", r"\w"), SURE))
    return [Spelling(re.compile(pattern), weight) for pattern, weight in found]


def by_length(lengths: Sequence[str]) -> str:
    """The pattern of a crossword's answer; that of a single word may be of a family name."""
    pattern = " ?".join(rf"[^\W\d_]{{{int(length)}}}" for length in lengths)
    return rf"(?:[^\d]+ )?{pattern}" if len(lengths) == 1 else pattern


def spelt_so(given: Sequence[str], shown: Sequence[Spelling]) -> int:
    """The greatest weight of what is shown and fits one of the answers; 0 for none."""
    plain = [" ".join(re.findall(r"[^\W_]+", fold(text).replace("'", ""))) for text in given]
    fitting = (s.weight for s in shown for text in plain if s.pattern.fullmatch(text))
    return max(fitting, default=0)


# --- other answers ------------------------------------------------------------------------------

# what a question is worth in an exam: `[2 marks]`
MARKS = re.compile(r"\A[(\[]\d{1,2}(?: (?:marks?|points?|pts?))?[)\]]\s*")
# the next question of a list
NEXT_ITEM = re.compile(r"\s{0,9}[Qq]?\d{1,3}[.)] {1,3}[^\n?]{3,200}\?")
ANSWER_END = re.compile(r"[\n.!](?=\s|$)|\n|[;(\[]")


def other_answer(prompt: Prompt) -> tuple[str, ...]:
    """The words of the short answer right behind a prompt; empty if none is given.

    One with a label is an answer whatever it is; another must be a name, a number or a title, and
    no paragraph of its own: that may be the heading of what comes next.
    """
    behind = MARKS.sub("", prompt.after.lstrip(" \n\t"), count=1)
    if NEXT_ITEM.match(prompt.after):
        return ()
    label = LABEL.match(behind)
    piece = behind[label.end() :] if label else behind.lstrip("-–—→=>|([ ")
    piece = ANSWER_END.split(piece.strip(), 1)[0]
    given = words(piece)
    if not given or len(given) > LONGEST_ANSWER or "?" in piece or "__" in piece:
        return ()
    if label is None and (prompt.closes or not is_name(piece)):
        return ()
    return tuple(given)


# what is said instead of an answer
SAID_ONLY = frozenset(
    words("hm hmm um uh er nope yep yes dunno sorry thanks thx ty cheers please ta lol well good")
    + words("great nice ha haha wow edit update right wrong exactly discuss silence pause nobody")
    + words("tia tyvm tysm aita iirc afaik afaict merci danke gracias grazie regards best sent")
    + words("fact fiction t f")
    + words("asking posted signed solved bump round question next hint clue source")
)


def is_name(piece: str) -> bool:
    """Whether a piece may be an answer by its form: capital letters or a number, no phrase."""
    tokens = Words.of(piece)
    # `Cheers, Dave`, `Round 3`
    if tokens.forms[0] in SAID_ONLY and ("," in piece or tokens.forms[-1].isdigit()):
        return False
    telling = [w for w in tokens.forms if not is_common(stem(w)) or w in CARDINALS]
    return not SAID_ONLY.issuperset(telling) and all(
        w in tokens.capitals or w[:1].isdigit() or w in CARDINALS or is_term(w) for w in telling
    )
