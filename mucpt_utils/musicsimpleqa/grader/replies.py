"""What a model itself says: its reply without thoughts, later turns and markup.

A chat model writes its thoughts, headings, tables, LaTeX or JSON; a base model runs on into the
next question. `own_words` leaves one line of plain text, in which sentences and names are as they
were written.
"""

import html
import json
import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from urllib.parse import unquote

from mucpt_utils.musicsimpleqa.grader.readings import forms_of
from mucpt_utils.musicsimpleqa.grader.words import FORMS, QUOTES

# --- thoughts and turns ---------------------------------------------------------------------------

TAGS = "think|thinking|thoughts?|reasoning|reflection|scratchpad|analysis"
THOUGHTS_BEGIN = re.compile(
    rf"<(?:{TAGS})>|<\|begin_of_thought\|>|\[THINK\]|◁think▷", re.IGNORECASE
)
THOUGHTS_END = re.compile(rf"</(?:{TAGS})>|<\|end_of_thought\|>|\[/THINK\]|◁/think▷", re.IGNORECASE)
FINAL_CHANNEL = re.compile(r"<\|channel\|>\s*final[^<]*<\|message\|>|\bassistantfinal(?=\S)")
CHANNEL = re.compile(r"<\|channel\|>|\Aanalysis(?=[A-Z])")
ANSWER_TAG = re.compile(
    r"<(?:answer|final_answer|response|output)>(.*?)(?:</(?:answer|final_answer|response|output)>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
SPECIAL_TOKEN = re.compile(
    r"<\|[a-z_]+\|>(?:(?:assistant|model|final|system|user)\b(?:<\|[a-z_]+\|>)?)?"
    r"|</?s>|<(?:eos|bos|pad|unk)>|<(?:start|end)_of_turn>(?:model\b)?|\[/?INST\]"
)
ROLE = re.compile(r"\s*(?:assistant|model|ai|bot|chatgpt|gpt)\s*(?::|\n)\s*", re.IGNORECASE)
LABELS = "question|query|user|human|student|instruction|input|prompt|problem|exercise|example|q"
# a question in lower case: "Where Do We Go?" is a title
QUESTION = (
    r"(?=(?:\S{1,40}\s+){1,6}(?-i:(?!the\b|and\b|for\b)[a-z]{3}))"
    r"(?:(?:In|On|To|From|Of|At|By|For) )?(?:wh(?:ich|o|at|en|ere|ose)|How)\b[^\n?]{8,240}\?"
)
NEXT_TURN = re.compile(
    rf"(?:\A|\n)[ \t>*#_]*(?:next |new |another )?(?:{LABELS})"
    rf"(?:[ \t]*#?\d+[ \t]*[*_]*[:.)]|[ \t]*[*_]*:)"
    r"|(?<=\S)[ \t]+(?:Question|Q)[ \t]?\d*:[ \t]"
    rf"|\n[ \t]*(?:#+ *|\*\*)?{QUESTION}",
    re.IGNORECASE,
)
ECHO = re.compile(rf"\W{{0,8}}{QUESTION}\s+(?=\S)", re.IGNORECASE)
ANSWER_LABEL = re.compile(r"(?:\A|\n|\s)[ \t>*#_]*(?:answer|a)[ \t]*[*_]*:[*_]*\s*", re.IGNORECASE)
NOTHING_BUT_LABELS = re.compile(
    r"(?:\W|\b(?:answer|question|in a full sentence)\b)*", re.IGNORECASE
)
# how a page of an encyclopedia or a blog ends
APPENDIX = re.compile(
    r"(?:\n|(?<=[.!?]) )[ \t#*=]*(?:See also|References|External links|Further reading)[ \t*:=]*\n"
    r"|(?<=\S)\s*\n[ \t#*_]*(?:Tags?|Track ?list(?:ing)?|Related(?: \w+)?|Categories"
    r"|Filed under|Posted (?:by|in|on)|Share(?: this)?|Comments?|Read (?:more|also)"
    r"|You (?:may|might) also like)[ \t*_]*:"
)
# "The original text is: The original text is: The orig"
LOOP = re.compile(r"(?:[^:\n]{2,40}:\s*)?([^:\n]{3,40} is:)\s*(?:\1\s*)+[^:\n]{0,40}")
ANSWER_AGAIN = re.compile(
    r"(\s*[^\n]{2,200}?[^\n:])\n\s*Answer:|[\s:]*\bA:[ \t]*(\S[^\n]{0,200})\n\s*A:"
)


INTRODUCED = re.compile(r"[^\n.!?\d]{0,40}:[\s\"'“‘«*]{0,4}")
RESTATED_WITHIN = 44  # characters before a question that a reply repeats
LONGEST = 8000  # characters of a reply that are read, half of them from its beginning


def without_thoughts(reply: str) -> str:
    """The reply after its thoughts, however these are marked; empty if they never end."""
    if channels := list(FINAL_CHANNEL.finditer(reply)):
        return reply[channels[-1].end() :]
    if CHANNEL.search(reply):
        return ""
    ends = list(THOUGHTS_END.finditer(reply))
    if ends and reply[ends[-1].end() :].strip():
        reply = reply[ends[-1].end() :]
    begin = THOUGHTS_BEGIN.search(reply)
    return reply[: begin.start()] if begin else reply


def ends_of(reply: str) -> str:
    """The beginning and the end of a very long reply, one of which has the answer.

    This bounds the time that a reply takes, even if a model repeats itself for megabytes.
    """
    if len(reply) <= LONGEST:
        return reply
    return reply[: LONGEST // 2] + "\n" + reply[-LONGEST // 2 :]


def own_turn(reply: str, question: str) -> str:
    """The reply up to where the model continues with another turn or another question.

    question: what was asked; if a reply begins by repeating it, the repetition is cut.
    """
    if "<" in reply or "[" in reply:
        if answers := ANSWER_TAG.findall(reply):
            return str(answers[-1])
        pieces = [piece for piece in SPECIAL_TOKEN.split(reply) if piece.strip()]
        reply = pieces[0] if pieces else ""
    reply = ROLE.sub("", reply, count=1) if ROLE.match(reply) else reply
    reply = without_restated(reply, question)
    if echo := ECHO.match(reply):
        reply = reply[echo.end() :]
    if "\n" in reply and (appendix := APPENDIX.search(reply)):
        reply = reply[: appendix.start()]
    turn = NEXT_TURN.search(reply) if ":" in reply or "\n" in reply else None
    if turn and not reply[: turn.start()].strip():  # "Question: ...? Answer: Nirvana"
        label = ANSWER_LABEL.search(reply, turn.end())
        if not label or question.casefold() not in reply[: label.start()].casefold():
            return ""  # another question
        reply = reply[label.end() :]
        turn = NEXT_TURN.search(reply)
    reply = reply[: turn.start()] if turn else reply
    if reply.count(":") > 2 and LOOP.fullmatch(reply):
        return ""
    labels = reply.rstrip().endswith(":") or reply.count("nswer") > 1
    if labels and NOTHING_BUT_LABELS.fullmatch(reply):
        return ""
    # a base model answers once more: its first answer counts
    again = ANSWER_AGAIN.match(reply)
    return (again[1] or again[2]) if again else reply


def without_restated(reply: str, question: str) -> str:
    """What follows the question where a reply begins by repeating it: `You asked: "..."`."""
    if len(reply) <= len(question):
        return reply
    at = reply[: len(question) + RESTATED_WITHIN].casefold().find(question.casefold())
    if at < 0 or (at and not INTRODUCED.fullmatch(reply, 0, at)):
        return reply
    return ANSWER_LABEL.sub("", reply[at + len(question) :].lstrip("\"'”’»* "), count=1)


# --- markup ---------------------------------------------------------------------------------------

ANSWER_FIELDS = ("answer", "final_answer", "finalanswer", "response", "result", "output", "value")
JSON_ANSWER = re.compile(
    r'["\'](?:final_?)?answer["\']\s*:\s*(?:"((?:[^"\\]|\\.|"(?!\s{0,4}[,}]))*)"|([\d.]+))', re.I
)
BOXED = re.compile(r"\\boxed\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
LATEX_TEXT = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mathit)\s*\{([^{}]*)\}")
LATEX_SIGN = {r"\flat": "♭", r"\sharp": "♯", r"\natural": "", r"\ ": " ", r"\,": " ", r"\&": "&"}
FENCE = re.compile(r"^[ \t]*```.*$", re.MULTILINE)
HEADING = re.compile(r"^[ \t]*#{1,6}[ \t]+(.*?)[ \t#]*$", re.MULTILINE)
# a name in Latin letters inside a text without spaces
SCRIPTS = re.compile(
    r"(?<=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])(?=[A-Za-z])|(?<=[A-Za-z])(?=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])"
)
MARK = r"[-•+*][ \t]+|>[ \t]*"  # before an item of a list or a quoted line
ITEM = re.compile(rf"(?:\A|(?<=\n))[ \t>]*(?:{MARK}|(?:Step )?\d{{1,2}}[.):][ \t]+)(?=\S)")
BULLET = re.compile(rf"[ \t>]*(?:{MARK})(?=\S)")
# "HOST: ...", a line of a conversation
SPEAKER = re.compile(
    r"^[ \t>*_]{0,4}([A-Z][\w. ]{0,24}?)[*_]{0,2}:[*_]{0,2}[ \t]+(?=\S)", re.MULTILINE
)
# where something was read, in a line of its own, and addresses of pages
SOURCE = re.compile(
    r"(?<=\n)[ \t>#*_(\[]{0,8}(?:Sources?|References?|Citations?|Retrieved from|See|Via)\b"
    r"[ \t*_]{0,4}:[^\n]*"
)
ADDRESS = re.compile(r"\(?<?\b(?:https?://|www\.)[^\s<>()]{1,300}>?\)?")
# the page of an encyclopedia, where a reply is an address and nothing else
PAGE = re.compile(r"(?:https?://|www\.)[^\s<>?#]{1,200}/(?:wiki|artists?)/([^\s/<>?#]{1,100})/?\Z")
PAGE_KIND = re.compile(r" \([a-z][\w ]*\)\Z")  # "The Clash (band)"
# pictures that say nothing, and signs that say right or wrong
PICTURES = re.compile("[\U0001f000-\U0001faff\u200d\ufe0e\ufe0f\u2640\u2642]+")
VERDICT_BEHIND = re.compile(r"[ \t:|–—-]{0,6}([✅✔✓☑❌✗✘✖])[ \t|*]{0,6}(?=$|[,;.(])", re.MULTILINE)
VERDICT_BEFORE = re.compile(r"(^|[,;])[ \t>*-]{0,6}([✅✔✓☑❌✗✘✖])[ \t:]{0,6}(?=\S)", re.MULTILINE)
VERDICT = re.compile(r"\W*(?:is )?(?:right|wrong|correct|incorrect|true|false|yes|no)\W*", re.I)
RIGHT = "✅✔✓☑"
EMPHASIS = re.compile(r"(?<![\w*])\*([^\s*](?:[^*\n]{0,80}[^\s*])?)\*(?![\w*])")
UNDERLINE = re.compile(r"(?<![\w_])_([^\s_](?:[^_\n]{0,80}[^\s_])?)_(?![\w_])")
STRUCK = re.compile(r"~~[^~\n]{1,200}~~|<(s|del|strike)>[^<]{1,200}</\1>")
BREAK_TAG = re.compile(r"</?(?:p|br|li|div|tr|h[1-6])\b[^<>]{0,80}>", re.IGNORECASE)
TAG = re.compile(
    r"</?(?:b|i|u|em|strong|span|a|code|cite|ul|ol|table|tbody|td|th|html|body)\b[^<>]{0,80}>", re.I
)
# "B) Nirvana" in a line, and a letter at the end
OPTION = re.compile(r"(?:\A|\n)[ \t*_(]*([A-Ha-h])[).:][*_]*[ \t]+(\S[^\n]{0,120})")
CHOSEN = re.compile(
    r"(?:(?<![\w'])(?=[A-H])|\(|\b(?:is|answer|choice|option|say|with) )([A-Ha-h])[)*_.!]*\s*\Z"
)
# options in a row: "(a) Hole (b) Nirvana", "Option 1: Hole. Option 2: Nirvana", and the chosen one
LABEL = re.compile(
    r"(?:\A|(?<=[\s,;]))(?:\(([A-Ha-h]|\d)\)|([A-Ha-h]|\d)\)|(?:Option|Choice) ([A-H]|\d)[:.)]?)"
    r"[ \t]+(?=\S)"
)
CHOSEN_LABEL = re.compile(
    r"\b(?:it'?s|is|answer|choice|choose|pick|option|number|say|with|for)[ :]{1,3}"
    r"(?:option |number |choice )?\(?([A-Ha-h]|\d)\)?[.!]{0,3}\s*\Z"
)
OPTION_END = re.compile(r"\s[-–—]+\s|(?<!\b[A-Z])(?<!\bNo)(?<!\bOp)[.;!]\s|\n")
# letters of options without options: "a) b) c) d)"; "A.B.C." is a name
NEXT_LETTER = r"(?:[):]\W*|\.\s+\(?)"
LETTERS_IN_ROW = rf"[:\s(]*A(?:{NEXT_LETTER}[B-H]){{2,}}[).:]?"
ONLY_LETTERS = re.compile(
    rf"(?:{LETTERS_IN_ROW}\s*(?:answer:?)?\s*)+(?:A(?:{NEXT_LETTER}[B-H])*[).:]?)?", re.IGNORECASE
)
STEM = 6  # letters that a label shares with the question: `Producer`, "produced"
TABLE_RULE = re.compile(r"^(?=[\s:|-]*-)[\s:|-]*$")
# "2nd" and "2" -> "second"
ORDINALS = {form: word for word, form in FORMS["ordinal_words"].items()}
ORDINALS |= {form[:-2]: word for form, word in ORDINALS.items()}
MOVEMENT = re.compile(
    r"\b(first|second|third|fourth|fifth|sixth|seventh)[ -](?:movement|degree)", re.IGNORECASE
)
# the beginning of an item of a list by number: "II. Andante", "2nd movement: ...", "Movement 2"
IN_SERIES = re.compile(
    r"[ \t>*_#-]{0,6}(?:(?:movement|mvt\.?) )?(\d|[IV]{1,3})(?:st|nd|rd|th)?(?: movement\b)?"
    r"[*_]{0,2}(?:[.):]| [-–—])[*_]{0,2}[ \t]+(?=\S)",
    re.IGNORECASE,
)
VERB = re.compile(r"\b(?:is|are|was|were|has|have|it's)\b", re.IGNORECASE)
# an item in bold type, and what is between the items of a list
BOLD = re.compile(r"\*\*[^*\n]{1,60}\*\*")
LIST_SIGN = re.compile(r", |\s+(?:[-–—/|→]|->)\s+")
ITEM_LENGTH = 4  # words of an item of a bare list, at most


# signs, one of which thoughts, later turns and markup need
WRITTEN = re.compile(r"[\n<\[{\\*`_#|:?~]")
WRITTEN_FIRST = re.compile(r"\s*(?:[-+>\d]|\(?[Aa][):.]|Option|Choice)|analysis")
ENTITY = re.compile(r"&#?\w{2,8};")


def own_words(reply: str, question: str, number: bool = False) -> str:
    """The reply in plain words on one line, in NFKC and with straight quotes.

    Lines become sentences; a line that ends in a colon, like a heading, introduces the next one.
    number: whether a number is asked for, so that "3. I'm sure" is no third item.
    """
    if len(reply) <= LONGEST and reply.isascii() and not is_written(reply):
        return reply.strip()
    text = own_turn(ends_of(without_thoughts(reply)), question).strip()
    if not text.isascii():
        # NFKC turns accents into spaces and combining marks, and some symbols into letters
        text = unicodedata.normalize("NFKC", without_pictures(text)).translate(QUOTES)
        text = SCRIPTS.sub(" ", text).strip()
    if "://" in text or "www." in text:
        text = page_named(text) or ADDRESS.sub("", SOURCE.sub("", text)).strip()
    if ONLY_LETTERS.fullmatch(text):
        return ""
    if "~~" in text or "</" in text:
        text = STRUCK.sub("", text)
    if "<" in text or "&" in text:
        text = from_html(text)
    if "{" in text:
        text = from_json(text, question)
    if "\\" in text:
        text = from_latex(text)
    if text.count("**") == 2:
        text = set_off(text)
    if "\n" in text:
        text = from_lines(asked_of_series(chosen_option(text), question), question)
    elif option := option_in_row(text):
        text = option
    elif item := (BULLET if number else ITEM).match(text):
        text = text[item.end() :]
    text = text.replace("**", "").replace("`", "").replace("__", "")
    if "*" in text:
        text = EMPHASIS.sub(r'"\1"', text)
    if "_" in text:
        text = UNDERLINE.sub(r'"\1"', text)
    return (HEADING.sub(r"\1", text) if "#" in text else text).strip()


def is_written(reply: str) -> bool:
    """Whether a reply has a sign that thoughts, later turns and markup need."""
    if WRITTEN.search(reply) or WRITTEN_FIRST.match(reply):
        return True
    return "&" in reply and bool(ENTITY.search(reply))


def without_pictures(text: str) -> str:
    """A text without pictures, and with words for signs that say right or wrong.

    The sign is beside an answer: `X ❌` says that X is wrong, `❌ X` that it is not X.
    """
    text = VERDICT_BEHIND.sub(lambda m: " is right." if m[1] in RIGHT else " is wrong.", text)
    text = VERDICT_BEFORE.sub(lambda m: m[1] + ("" if m[2] in RIGHT else "not "), text)
    return PICTURES.sub("", text)


def page_named(address: str) -> str:
    """The name of the page that an address leads to: `.../wiki/The_Clash_(band)`."""
    page = PAGE.match(address)
    name = unquote(page[1]) if page else ""
    return "" if name.islower() else PAGE_KIND.sub("", name.replace("_", " "))


def without_speakers(text: str) -> str:
    """The lines of a conversation without their speakers, who take turns in it."""
    speakers = SPEAKER.findall(text)
    lines = [line for line in text.split("\n") if line.strip()]
    if not len(lines) == len(speakers) > len(set(speakers)) > 1:
        return text
    in_turns = all(one != other for one, other in pairwise(speakers))
    return SPEAKER.sub("", text) if in_turns else text


def from_html(text: str) -> str:
    """A text without the tags and entities of HTML."""
    text = TAG.sub("", BREAK_TAG.sub("\n", text))
    return html.unescape(text).replace("\xa0", " ").strip()


def chosen_option(text: str) -> str:
    """What follows a list of options, with the chosen letter replaced by its option."""
    options = list(OPTION.finditer(text))
    named = {option[1].upper(): option[2] for option in options}
    if len(named) < 2:
        return text
    behind = text[options[-1].end() :]
    letter = CHOSEN.search(behind)
    if not letter or letter[1].upper() not in named:
        return text
    return behind[: letter.start(1)] + named[letter[1].upper()] + behind[letter.end() :]


def set_off(text: str) -> str:
    """The one item of a bare list that is in bold type: `do, **re**, mi`; any other text as it is.

    Not its first one, which may be the first step of `**Aston**, Birmingham, England`.
    """
    items = [] if ":" in text else LIST_SIGN.split(text.strip(" .!"))
    bold = [item for item in items[1:] if BOLD.fullmatch(item)]
    bare = all(len(item.split()) <= ITEM_LENGTH for item in items)
    return bold[0] if len(items) > 2 and len(bold) == 1 and bare else text


def asked_of_series(text: str, question: str) -> str:
    """A numbered list with the one item only that the question asks for: the second movement."""
    nth = MOVEMENT.search(question)
    if not nth:
        return text
    lines = text.split("\n")
    numbers = {place: IN_SERIES.match(line) for place, line in enumerate(lines)}
    found = {place: nth_of(match[1]) for place, match in numbers.items() if match}
    names = list(found.values())
    if len(names) < 2 or names.count(nth[1].lower()) != 1 or len(set(names)) < len(names):
        return text
    if any(VERB.search(lines[place]) for place in found):  # steps of an argument
        return text
    other = {place for place, name in found.items() if name != nth[1].lower()}
    return "\n".join(line for place, line in enumerate(lines) if place not in other)


def nth_of(number: str) -> str:
    """`II` and `2` as the ordinal `second`, "" if there is none."""
    value = "1" if number in "iI" else str(FORMS["roman"].get(number.lower(), number))
    return ORDINALS.get(value, "")


def option_in_row(text: str) -> str:
    """The chosen one of several options in a line; "" if there are none or none is chosen."""
    labels = list(LABEL.finditer(text)) if ")" in text or "ption" in text else []
    if len(labels) < 2 or not (chosen := CHOSEN_LABEL.search(text, labels[-1].end())):
        return ""
    ends = [label.start() for label in labels[1:]]
    last = OPTION_END.search(text, labels[-1].end())
    ends.append(last.start() if last else len(text))
    for label, end in zip(labels, ends, strict=True):
        if (label[1] or label[2] or label[3]).lower() == chosen[1].lower():
            return text[label.end() : end].strip(" ,;.")
    return ""


def from_json(text: str, question: str) -> str:
    """The answer in a reply that is a JSON object; any other reply unchanged.

    The field is the one named `answer` or the like, or named after what the question asks for.
    """
    begin, end = text.find("{"), text.rfind("}")
    try:
        fields = json.loads(text[begin : end + 1])
    except (ValueError, RecursionError):  # RecursionError: brackets nested too deeply
        match = JSON_ANSWER.search(text)
        return (match[1] or match[2] or "") if match else text
    if not isinstance(fields, dict) or not fields:
        return text
    fields = {str(name).lower(): value for name, value in fields.items()}
    wording = question.casefold()
    asked = [n for n in fields if n in wording and str(fields[n]).casefold() not in wording]
    named = [fields[name] for name in (*ANSWER_FIELDS, *asked) if name in fields]
    if not named:  # several labels; the question says which one is asked for
        return ". ".join(f"{name.replace('_', ' ')}: {value}" for name, value in fields.items())
    value = named[0]
    return " and ".join(map(str, value)) if isinstance(value, list) else str(value)


def from_latex(text: str) -> str:
    """The content of the last box, or the text without commands."""
    boxes = BOXED.findall(text)
    text = LATEX_TEXT.sub(r"\1", boxes[-1] if boxes else text)
    for command, sign in LATEX_SIGN.items():
        text = text.replace(command, sign)
    return re.sub(r"\\[()\[\]]|\^", "", text).replace("$", "" if boxes else "$")


def from_lines(text: str, question: str) -> str:
    """Several lines joined into one, as sentences."""
    if "```" in text:
        text = FENCE.sub("", text)
    text = without_speakers(text) if ":" in text else text
    if "|" in text:
        text = "\n".join(table_free(text.split("\n"), question))
    text = HEADING.sub(r"\1:", text)
    text = ITEM.sub("", text)
    text = re.sub(r"(?<=[:,])([*_]*)[ \t]*\s*\n\s*", r"\1 ", text.strip())
    text = re.sub(r"::(?=\s)", ":", text)
    return re.sub(r"[.]?[ \t]*\n\s*", ". ", text).rstrip(":")


def table_free(lines: list[str], question: str) -> list[str]:
    """Lines in which a table row is `cell - cell`, without the table's column headings.

    Of several rows, only the one that is about what the question asks.
    """
    rules = {index for index, line in enumerate(lines) if "|" in line and TABLE_RULE.match(line)}
    plain: list[str] = []
    rows: dict[int, list[str]] = {}  # by the place among the plain lines
    for index, line in enumerate(lines):
        if index in rules or index + 1 in rules:
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) > 1:
            rows[len(plain)] = cells
        plain.append(" - ".join(filter(None, cells)) if len(cells) > 1 else line)
    asked = asked_row(list(rows.values()), question) if rules and len(rows) > 1 else None
    if asked is None:
        return plain
    best = list(rows)[asked]
    return [line for index, line in enumerate(plain) if index == best or index not in rows]


def asked_row(rows: Sequence[Sequence[str]], question: str) -> int | None:
    """The number of the row that a question asks for; None if no row stands out.

    Its first cell is in the question, or numbers the movement that is asked about, or any of its
    cells is in the question, or it shares most words with it.
    """
    if any(VERDICT.fullmatch(cell) for cells in rows for cell in cells):
        return None  # candidates, of which none is what the question names
    asked = forms_of(question)

    def is_named(cell: str) -> int:
        forms = forms_of(cell)
        starts = range(len(asked) - len(forms) + 1) if forms else ()
        return int(any(asked[start : start + len(forms)] == forms for start in starts))

    def is_label(cell: str) -> bool:
        stems = {form[:STEM] for form in forms_of(cell) if len(form) >= STEM}
        return not stems.isdisjoint(form[:STEM] for form in asked)

    def tells(cells: Sequence[str]) -> bool:
        """Whether a row says more than the question does: `Album | S` repeats it."""
        return any(form not in asked for cell in cells[1:] for form in forms_of(cell))

    movement = MOVEMENT.search(question)
    nth = movement[1].lower() if movement else ""
    tellings: list[list[int]] = [
        [int(bool(nth) and numbering(cells[0]) == nth) for cells in rows],
        [is_named(cells[0]) and tells(cells) for cells in rows],
        [len(cells) == 2 and is_label(cells[0]) and tells(cells) for cells in rows],
        [max(map(is_named, cells)) for cells in rows],
        [len(set(asked).intersection(forms_of(" - ".join(cells)))) for cells in rows],
    ]
    for telling in tellings:
        if telling.count(max(telling)) == 1:
            return telling.index(max(telling))
    return None


def numbering(cell: str) -> str:
    """Which one of a series a cell names: `II`, `II. Adagio`, `2nd` and `2.` give `second`."""
    forms = forms_of(cell)
    first = forms[0] if forms else ""
    numbered = FORMS["roman"].get(first, 1) if first == "i" or first in FORMS["roman"] else first
    whole = len(forms) == 1 or first != str(numbered)  # "2 Adagio" may count anything
    return ORDINALS.get(str(numbered), "") if whole else ""
