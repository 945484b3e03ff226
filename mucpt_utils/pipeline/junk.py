"""Junk in a text: spam sentences and boilerplate lines, recognised by more than one sign.

The rules are data (`rules/cleaning.yaml`). They run on RE2, which reads a text once for all its
patterns, in time linear in its length. A sign that is quoted, or part of a name ("Viagra
Boys", "No Strings Attached"), does not count.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import re2
from datatrove.data import Document
from datatrove.pipeline.filters.base_filter import BaseFilter

from mucpt_utils import paths
from mucpt_utils.io import read_yaml
from mucpt_utils.pipeline.edits import Edit, apply_edits

RULES = paths.PACKAGE / "pipeline/rules/cleaning.yaml"
KINDS = ("boilerplate", "spam")
Span = tuple[int, int]

LONG_SENTENCE = 30  # words
LONGEST_INTERFACE = 30  # words in a sentence of a page's interface
LONGEST_ENDING = 3  # words
LONGEST_JUDGED = 2000  # characters; no sentence of spam is that long


class Verdict(NamedTuple):
    """What a sentence is (`boilerplate`, `spam` or None), and the parts of it that show it."""

    kind: str | None
    triggers: tuple[Span, ...] = ()


class Segment(NamedTuple):
    """A line or sentence of a text with what it is; triggers are offsets in the text."""

    start: int
    end: int
    kind: str | None
    triggers: tuple[Span, ...] = ()


class Sign(NamedTuple):
    """A part of a sentence that matches a rule of this kind (`call`, `price`, ...)."""

    kind: str
    start: int
    end: int


class JunkFilter(BaseFilter):
    """Drops documents that are mostly boilerplate or spam, and cuts junk out of the others.

    share: of words in junk above which a document is dropped. cut: whether junk is cut out. What is
    cut is written to the rejected pile sentence by sentence, with the words that gave it away.
    """

    name = "🧹 boilerplate and spam"

    def __init__(self, share: float, cut: bool) -> None:
        super().__init__()
        self.share, self.cut = share, cut

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        junk = [s for s in segment(doc.text) if s.kind] if may_be_junk(doc.text) else []
        if not junk:
            return True
        words = dict.fromkeys(KINDS, 0)
        for piece in junk:
            words[str(piece.kind)] += len(doc.text[piece.start : piece.end].split())
        share = sum(words.values()) / max(1, len(doc.text.split()))
        if share > self.share:
            triggers = [list(span) for piece in junk for span in piece.triggers]
            doc.metadata["filter_detail"] = {"junk_share": round(share, 3), "triggers": triggers}
            return False, max(KINDS, key=lambda kind: words[kind])
        if self.cut:
            if hasattr(self.exclusion_writer, "write_cut"):
                for piece in junk:
                    reason = f"{piece.kind} sentence"
                    self.exclusion_writer.write_cut(
                        doc, piece.start, piece.end, reason, piece.triggers
                    )
            apply_edits(doc, [Edit(s.start, s.end, "") for s in junk])
            apply_edits(doc, edge_edits(doc.text))
        return True


def edge_edits(text: str) -> list[Edit]:
    """The deletions of white space at both ends of a text."""
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    edges = [(0, start), (end, len(text))] if start < end else [(0, len(text))]
    return [Edit(a, b, "") for a, b in edges if a < b]


# --- the rules ------------------------------------------------------------------------------------


class Rules:
    """The rules of `rules/cleaning.yaml`, compiled.

    signs: (kind, pattern) of spam. interface: patterns that are a whole line of boilerplate.
    """

    def __init__(self, content: dict) -> None:
        spam = content["spam"]
        self.needed, self.weights = spam["needed"], spam["weights"]
        self.added = {name: spam[name] for name in ("long_sentence", "story", "title_case")}
        self.signs = [
            (kind, re2.compile(pattern, options()))
            for kind, patterns in spam["kinds"].items()
            for pattern in patterns
        ]
        self.interface = [re2.compile(pattern, options()) for pattern in content["boilerplate"]]
        self.any_sign = pattern_set(pattern.pattern for _, pattern in self.signs)
        self.any_interface = pattern_set(pattern.pattern for pattern in self.interface)
        self.any_story = pattern_set(content["story"])
        self.any_clause = pattern_set(content["clause"])
        self.edge_lines = frozenset(content["edge_lines"])
        self.navigation = frozenset(content["navigation"])
        # a menu has a word of navigation after one of its separators
        words = "|".join(map(re2.escape, sorted(self.navigation)))
        menu = f"(?:{SEPARATOR.pattern})[{MENU_EDGES}]*(?:{words})|{TRAIL.pattern}"
        self.menu = re2.compile(menu, options())


@cache
def rules() -> Rules:
    """The rules, read once."""
    return Rules(read_yaml(RULES))


@cache
def options() -> Any:
    """RE2's options: case is ignored; `^` and `$` match the ends of what is searched."""
    chosen = re2.Options()
    chosen.case_sensitive = False
    chosen.log_errors = False
    chosen.max_mem = 1 << 27  # bytes for the automaton of a set
    return chosen


def pattern_set(patterns: Sequence[str] | Iterator[str]) -> Any:
    """All patterns as one automaton, which finds in one pass which of them match."""
    together = re2.Set.SearchSet(options())
    for pattern in patterns:
        together.Add(pattern)
    together.Compile()
    return together


def matching(together: Any, text: str) -> Sequence[int]:
    """The numbers of the patterns of a set that match in a text."""
    return together.Match(text) or ()


# --- segments -------------------------------------------------------------------------------------

LINE = re.compile(r"[^\n]+")
TOKEN = re.compile(r"\S+")
MARKS = ".!?"
CLOSING = "\"'”’)]"
# initials and short titles, after which a full stop ends no sentence
SHORT_TITLE = re.compile(
    r"[A-Z]|Mr|Mrs|Ms|Dr|Jr|Sr|St|Ste|Mt|Op|Nos?|Rev|Gen|Col|Lt|Sgt|Ed|Vol|Fr|Mme|Mlle|Ch|Ph|Th"
)
ADDRESS = re.compile(r"[\w.-]{0,80}\w\.[a-z]{2,10}/")
CALL = re.compile(r"\W*\w+(?: \w+)?!+\s*")


def may_be_junk(text: str) -> bool:
    """Whether any line of `text` can be junk; most texts have too few signs to be read again."""
    of = rules()
    signs = {of.signs[number][0] for number in matching(of.any_sign, text)}
    if sum(of.weights[kind] for kind in signs) >= of.needed:
        return True
    lines = text.strip().split("\n")
    has_edge = {lines[0].strip(), lines[-1].strip()} & of.edge_lines
    return bool(has_edge or matching(of.any_interface, text) or of.menu.search(text))


def segment(text: str) -> list[Segment]:
    """The lines of `text`, or the sentences of lines that have several, each judged.

    Segments are in order and do not overlap. A line of several sentences is junk as a whole, with
    its line break, when all of them are.
    """
    segments: list[Segment] = []
    end = len(text.rstrip())
    for line in LINE.finditer(text):
        # the first or the last of a text of several lines
        is_at_edge = (line.start() == 0) != (line.end() >= end)
        sentences = judged_line(line.group(), line.start(), is_at_edge)
        # a line that goes as a whole takes its line break with it
        if sentences and all(s.kind for s in sentences) and text[line.end() : line.end() + 1]:
            sentences[-1] = sentences[-1]._replace(end=line.end() + 1)
        segments += sentences
    return segments


def judged_line(line: str, offset: int, is_at_edge: bool) -> list[Segment]:
    """The sentences of a line, judged. offset: of the line in its text."""
    whole = line_kind(line, is_at_edge)
    sentences = []
    for start, end in sentence_spans(line):
        verdict = whole or junk_verdict(line[start:end])
        triggers = tuple((offset + start + a, offset + start + b) for a, b in verdict.triggers)
        if whole:
            triggers = ((offset + start, offset + end),)
        sentences.append(Segment(offset + start, offset + end, verdict.kind, triggers))
    return with_calls(line, offset, sentences)


def with_calls(line: str, offset: int, sentences: list[Segment]) -> list[Segment]:
    """The sentences of a line, with the calls beside spam as spam.

    Before it stands "Attention!", behind it "Order now!" or the address alone.
    """
    joined = list(sentences)
    for number, (sentence, following) in enumerate(pairwise(sentences)):
        is_call = CALL.fullmatch(line, sentence.start - offset, sentence.end - offset)
        if following.kind == "spam" and not sentence.kind and is_call:
            joined[number] = as_spam(sentence)
    for number, sentence in enumerate(joined[1:], 1):
        is_behind = joined[number - 1].kind == "spam" and not sentence.kind
        if is_behind and is_ending(line[sentence.start - offset : sentence.end - offset]):
            joined[number] = as_spam(sentence)
    return joined


def as_spam(sentence: Segment) -> Segment:
    """The sentence as spam, all of it a sign."""
    return sentence._replace(kind="spam", triggers=((sentence.start, sentence.end),))


def is_ending(sentence: str) -> bool:
    """Whether a sentence is no more than a call to do something, or an address."""
    words = sentence.split()
    signs = spam_signs(sentence) if len(words) <= LONGEST_ENDING else []
    return any(
        sign.kind in ("call", "link") and not is_mention(sentence, sign, words) for sign in signs
    )


def line_kind(line: str, is_at_edge: bool) -> Verdict | None:
    """Boilerplate if a line is navigation, or a mark at a document's edge; else None."""
    is_mark = is_at_edge and line.strip() in rules().edge_lines
    return Verdict("boilerplate") if is_mark or is_navigation(line) else None


def sentence_spans(line: str) -> Iterator[Span]:
    """Start and end of each sentence of a line, trailing white space included, in one pass.

    A sentence ends at its mark, but not after initials and short titles, or after an address.
    """
    start, previous = 0, None
    for token in TOKEN.finditer(line):
        if previous is not None and ends_sentence(previous, token.group()):
            yield start, token.start()
            start = token.start()
        previous = token.group()
    if start < len(line):
        yield start, len(line)


def ends_sentence(token: str, following: str) -> bool:
    """Whether a sentence ends between two words of a line."""
    bare = token.rstrip(CLOSING)
    if bare[-1:] in MARKS and bare:
        word = bare.rstrip(MARKS)
        return not SHORT_TITLE.fullmatch(word.lstrip("\"'“‘(["))
    return bool(following[0].isupper() and ADDRESS.match(token))


# --- what a sentence is ---------------------------------------------------------------------------


def junk_kind(sentence: str) -> str | None:
    """`boilerplate`, `spam` or None for a sentence."""
    return junk_verdict(sentence).kind


def junk_verdict(sentence: str) -> Verdict:
    """What a sentence is, and which parts of it show it."""
    sentence = sentence.rstrip()
    words = sentence[: LONGEST_JUDGED + 1].split()
    if len(sentence) > LONGEST_JUDGED or not words:
        return Verdict(None)
    if len(words) <= LONGEST_INTERFACE and is_interface(sentence):
        return Verdict("boilerplate", ((0, len(sentence)),))
    of = rules()
    signs = [
        sign
        for sign in spam_signs(sentence)
        if not is_mention(sentence, sign, words) and not is_reference(sentence, sign)
    ]
    weights = [of.weights[kind] for kind in sorted({sign.kind for sign in signs})]
    needed = of.needed
    needed += of.added["long_sentence"] * (len(words) > LONG_SENTENCE)
    needed += of.added["title_case"] * is_title_case(words)
    if sum(weights) >= needed:
        needed += of.added["story"] * bool(matching(of.any_story, sentence))
    if sum(weights) < needed or weights.count(1) < 2:
        return Verdict(None)
    return Verdict("spam", tuple(sorted({(sign.start, sign.end) for sign in signs})))


def is_interface(sentence: str) -> bool:
    """Whether a whole sentence is a phrase of a page's interface, or navigation."""
    if is_navigation(sentence):
        return True
    of, bare = rules(), sentence.strip().strip(".!*-–—•> \t")
    matches = (of.interface[n].fullmatch(bare) for n in matching(of.any_interface, bare))
    return any(match is not None and not goes_on_as_prose(match) for match in matches)


VERB = re.compile(r"[\s\"”’]*(?:was|were|is|had|has|became|remain(?:s|ed)|means?|meant)\b")
LONGEST_BUTTONS = 4  # words behind a phrase that begin with a capital: `Accept`, `Learn more`


def goes_on_as_prose(match: Any) -> bool:
    """Whether prose stands in the open part of an interface's wording, see `rules/cleaning.yaml`.

    Another sentence begins with a capital, and most of its words have none. Behind a wording that
    is what a sentence is about stands its verb: `Follow us on Twitter was the title`.
    """
    parts = match.groupdict()
    told = parts.get("told") or ""
    if VERB.match(told or parts.get("more") or ""):
        return True
    if told and matching(rules().any_clause, told):
        return True
    words = WORD.findall(told or parts.get("more") or "")
    capitals = sum(word[0].isupper() for word in words)
    return len(words) > LONGEST_BUTTONS and words[0][0].isupper() and 2 * capitals < len(words)


def spam_signs(sentence: str) -> list[Sign]:
    """The signs of spam in a sentence: the first match of each rule."""
    of, signs = rules(), []
    for number in matching(of.any_sign, sentence):
        kind, pattern = of.signs[number]
        match = pattern.search(sentence)
        signs.append(Sign(kind, *match.span()))
    return signs


QUOTED = re.compile(r"“[^“”]*”|\"[^\"]*\"|(?<!\w)_[^_]+_(?!\w)|\*[^*]+\*|‘[^‘’]*’")
WORD = re.compile(r"[^\W\d_][\w'’]*")


def is_mention(sentence: str, sign: Sign, words: Sequence[str]) -> bool:
    """Whether a sign is in quotation marks or part of a name, so that it is only mentioned.

    A name has capitals inside a sentence, or, at its beginning, is followed by a capital.
    """
    if any(m.start() < sign.end and sign.start < m.end() for m in QUOTED.finditer(sentence)):
        return True
    own = WORD.findall(sentence[sign.start : sign.end])
    if not own or is_title_case(words) or not all(word[0].isupper() for word in own):
        return False
    following = WORD.match(sentence[sign.end :].lstrip())
    is_first = not WORD.search(sentence[: sign.start])
    goes_on = following is not None and following.group()[0].isupper()
    return goes_on if is_first else not all(word.isupper() and len(word) > 1 for word in own)


# an address after its name, as texts refer to others; a mail address
REFERENCE = re.compile(r"\[[^\[\]]*\]\([^()\s]*\)|<[^<>\s]+>|[\w.+-]{1,64}@[\w.-]+")


def is_reference(sentence: str, sign: Sign) -> bool:
    """Whether a link only says where to find what a sentence names, or is a mail address."""
    return sign.kind == "link" and any(
        m.start() < sign.end and sign.start < m.end() for m in REFERENCE.finditer(sentence)
    )


def is_title_case(words: Sequence[str]) -> bool:
    """Whether nearly all longer words begin with capitals."""
    long = [word for word in (w.strip("\"'“”‘’([") for w in words) if word[:1].isalpha()]
    counted = [word for word in long if len(word) > 3]
    return len(counted) > 2 and sum(word[0].isupper() for word in counted) >= 0.8 * len(counted)


# --- navigation -----------------------------------------------------------------------------------

STRONG_SEPARATOR = re.compile(r"[|»›·•>→]|::")
SEPARATORS = re.compile(r"[|»›·•>→:]| [/–-] ")
SEPARATOR = re.compile(r" / | – | - |::|[|»›·•>→:]")
PIECE_EDGES = " \t\r\f\v0123456789.[]"
MENU_EDGES = r" \t\r\f\v0-9.\[\]"
LONGEST_NAVIGATION = 400  # characters
# the way to a page: Home » Composers » Bach
TRAIL = re.compile(r"\bhome ?[»›>→]", re.IGNORECASE)
LEAST_STEPS = 3


def is_navigation(line: str) -> bool:
    """Short pieces between separators, most of which are words of navigation.

    Two are enough between bars and arrows, which prose does not use; slashes need three,
    colons and dashes four. Arrows that lead from the home page need no other.
    """
    if len(line) > LONGEST_NAVIGATION or not SEPARATORS.search(line):
        return False
    pieces = [piece.strip(PIECE_EDGES).lower() for piece in SEPARATOR.split(line)]
    pieces = [piece for piece in pieces if piece]
    words = sum(piece in rules().navigation for piece in pieces)
    least = 2 if STRONG_SEPARATOR.search(line) else 3 if " / " in line else 4
    are_short = all(len(piece.split()) <= 4 for piece in pieces)
    is_trail = len(pieces) >= LEAST_STEPS and TRAIL.match(line.lstrip(PIECE_EDGES)) is not None
    is_menu = words >= least and words >= 0.6 * len(pieces)
    return are_short and (is_trail or is_menu)
