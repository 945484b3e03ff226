"""Where a text asks: the sentences, prompts and fields that call for an answer, as `Prompt`s.

A question may be a sentence with or without a question mark, be in reported speech, leave
a gap to fill in, or be a line of a quiz, one side of a card, or a field of a record. A sentence
that states something is none of these.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache, cached_property

from mucpt_utils import paths
from mucpt_utils.io import read_yaml
from mucpt_utils.pipeline.questions.asking_sentences import (
    cut_at_ends,
    last_of_paragraphs,
    without_bare_ends,
)
from mucpt_utils.pipeline.questions.vocabulary import vocabulary
from mucpt_utils.pipeline.questions.words import FORM, Words, raw_words, stem

RULES = paths.PACKAGE / "pipeline/rules/decontamination.yaml"
# words of the longest single question; longer sentences are split into overlapping pieces
LONGEST_QUESTION, STEP = 60, 40
# sentences before a question in which its subject may be named
CONTEXT_SENTENCES = 2
# words after a question in which its answer counts as given
ANSWER_WORDS = 40
# words of the longest line that can be a prompt without any sign of a question
LONGEST_PROMPT = 14


class Manner(Enum):
    """How a piece of text asks.

    open: with a word that says what for. gap: by a gap, which any answer could fill. whether: the
    answer is in the question. bare: by its words alone, as search terms and cards do.
    """

    OPEN = "open"
    GAP = "gap"
    WHETHER = "whether"
    BARE = "bare"


@dataclass(frozen=True)
class Prompt:
    """A piece of text that asks, with the text before and after it.

    posed: whether it is posed as a question, not part of a page of prose: a field, a line of a
    quiz, a turn of a chat, a very short text. choices: whether answers to choose from follow.
    headings: the first sentences of a short text, of those before it. closes: whether it is the
    last of a paragraph. is_part: whether the text is one paragraph of a longer one.
    """

    text: str
    manner: Manner
    before: str
    after: str
    posed: bool = False
    choices: bool = False
    headings: tuple[str, ...] = ()
    closes: bool = False
    is_part: bool = False

    @cached_property
    def words(self) -> Words:
        """The words of the prompt itself."""
        return Words.of(self.text)

    @cached_property
    def context(self) -> Words:
        """The words of the sentences before it."""
        return Words.of(self.before)

    @cached_property
    def both(self) -> Words:
        """The words of the sentences before it and of the prompt, as if of one sentence."""
        return Words.of(f"{self.before} {self.text}")

    @property
    def surroundings(self) -> str:
        """The prompt with the sentences before it and behind it."""
        return f"{self.before} {self.text} {self.after}"

    @cached_property
    def with_what_stands_before(self) -> "Prompt":
        """The prompt and the sentences before it as one: "Two notes are named. Which ones?"."""
        return replace(self, text=f"{self.before} {self.text}", before="")

    @cached_property
    def following(self) -> Words:
        """The first words after it, where an answer would be."""
        return Words.of(" ".join(self.after.split(None, ANSWER_WORDS)[:ANSWER_WORDS]))


@dataclass(frozen=True)
class AskingRules:
    """Compiled patterns for the ways in which a text asks."""

    asking: re.Pattern
    indirect: re.Pattern
    by_noun: re.Pattern
    blank: re.Pattern
    open_end: re.Pattern
    asked_last: re.Pattern
    response: re.Pattern
    quiz: re.Pattern
    verdict: re.Pattern
    answered_at_once: re.Pattern


@cache
def asking_rules() -> AskingRules:
    """The patterns of the rules; all are tried on one sentence at a time, never on a whole text."""
    content = read_yaml(RULES)
    told = content["indirect"]
    names = ("blank", "open_end", "asked_last", "response", "quiz", "verdict", "answered_at_once")
    compiled = {name: re.compile(content[name], re.IGNORECASE) for name in names}
    return AskingRules(
        asking=re.compile("|".join(content["asking"]), re.IGNORECASE),
        indirect=re.compile(
            rf"\b(?:{told['before']})(?: {told['long']})?,? (?:exactly |just )?{told['after']}",
            re.I,
        ),
        by_noun=re.compile(
            rf"\b{told['noun']} (?:the|its|his|her|their|an?|\w+['’]s) ", re.IGNORECASE
        ),
        **compiled,
    )


# --- prompts ------------------------------------------------------------------------------------

# every sentence that asks has at least one of these signs or of the words that ask
SIGN = re.compile(
    r"[?…]|__|\.\.\.|\*\*\*|---|[\[<(]\s*(?:blank|mask|gap|answer|extra|[\])_])|\{\{c\d|[aA1][).:]",
    re.IGNORECASE,
)


# every gap has one of these; a text without them is not searched for one
GAP_SIGN = re.compile(r"__|[\[<({…–—]|\?\?|[=:] ?\?|\.\.\.|\*\*\*|---|blank", re.IGNORECASE)


def listed(names: str) -> frozenset[str]:
    """The words of a list."""
    return frozenset(names.split())


ASKING_WORDS = listed(
    "who whom whose whos which what whats when whens where wheres wat wut how name identify "
    "tell give guess state say specify provide find determine recall remember remind"
)
TRIGGERS = ASKING_WORDS | listed(
    "confirm clarify verify "
    "work figure supply list write complete fill enter choose pick select match spell point "
    "look looking search searching indicate cite mention return output extract answer define "
    "need trying blank true t trivia quiz quizze quizzes question prompt query instruction "
    "input clue front human user q forget forgot forgotten any anyone anybody idea wonder "
    "wondering wondered curious stumped bonus help exam worksheet flashcard flash jeopardy "
    "anki homework revision riddle task exercise problem card back"
)
# words that call for an answer in a short text, and are usual in others
TRIGGERS_OF_SHORT = TRIGGERS | listed(
    "express convert calculate compute count invert jot note tick circle underline insert ftp"
)
# one of these comes before a question in reported speech
TELLING = listed(
    "know knew known learn find finding found hear say said tell told name remember "
    "remembered recall recalled figure figuring work wonder wondered wondering curious ask "
    "asked asking idea clue puzzled unsure sure certain uncertain clueless forget forgot "
    "forgotten debated debating argued arguing disagree disagreed disagreeing bickered "
    "bickering dispute disputed bet quizzed quizze question guess guessed look looked looking "
    "check checked checking google googled googling search searched searching answer settle "
    "settled explain explained identify identified specify determine decide decided state "
    "stated remind need trying"
)
QUIZ_WORDS = listed(
    "quiz quizze trivia flash flashcard q worksheet exam test fill jeopardy clue study "
    "multiple brain brainteaser anki question answer match homework revision front back"
)

BULLET = re.compile(
    r"^[\s>*#•\-–—.)(:\"'“”‘\[_~`|,]*(?:(?:\d{1,2} ?\()?"
    r"(?:\(?\d{1,3}|[ivxIVX]{1,4}|[a-hA-H])\s*[.):\]]\s*)?[\s\"'“”‘*_\-]*"
)
CLOSING = "\"'”’)]*_~` \t\n|,;}>"
SEPARATORS = ("\t", "::", "->", "=>", "→", "⇒", ">>", "|", "»", "~", "==")
HINT = re.compile(r"^\W*(?:in )?(?:this|these|it|he|she)\b|\bthis [a-z]", re.IGNORECASE)
THIS = FORM["this"]
# words of the longest text that is a prompt with its answer, not a page of prose
LONGEST_POSED = 80
# a field of a record, a side of a card, a turn of a chat
FIELD = re.compile(
    r"\W{0,4}(?:q|question|quiz|trivia|prompt|query|instruction|input|clue|front|human|user|student"
    r"|body|stem|text|content|value|message|ask|exercise|task|problem|title|input_text|\w{0,12}_?question\w{0,8})"
    r"\W{0,4}[:=>]",
    re.IGNORECASE,
)
# a side of a card that is labelled as one
CARD = re.compile(
    r"^\W*(?:q|(?:question|prompt|query|front|ask|clue|quiz|trivia|flash ?card)[a-z]*)[\d_]*"
    r"(?:(?<=_)[a-z]{1,12})?\W",
    re.IGNORECASE,
)
# answers to choose from: a) ... b) ...; A. ... B. ...; 1965? 1966? 1968?
CHOICES = re.compile(
    r"(?:(?<=[\s:,])|^)\W{0,3}"
    r"(?:[aA][).:]|[(\[][aA1][)\]]|A(?! (?:major|minor|flat|sharp)\b)|1[).]) "
    r"\S(?:[^\n]|\n(?!\n)){0,80}?"
    r"[\s,;/(\[](?:[bB2][).:\]]|B) \S"
    r"|(?:\b(?:1\d|20)\d\d\W{1,4}){2,}(?:1\d|20)\d\d\b"
)
# the first character comes first, so that few places are tried
FIRST_CHOICE = re.compile(
    r"[aA\d](?<!\w.)(?:(?<=[aA1])[).:\]]|(?<=A) (?!major|minor|flat|sharp)|(?<=\d)\d{3})", re.DOTALL
)
LONGEST_CHOICE = 160
TOLD_END = re.compile(r"(?<!\.)\.\s*\Z")
AUXILIARY = re.compile(
    r"(?:(?:and|so|but|or|well|wait|ok|hey|um|now|then),? )?(?:is|isn.?t|was|wasn.?t|are|were|did"
    r"|didn.?t|do|does|has|have|had|can|could|would|will|should|may|might|shall|must|am)\b"
    r"|.*,? (?:right|correct|no|yes|huh|eh|(?:is|was|did|do|are|were)n.?t \w+)\??$",
    re.IGNORECASE,
)
# a request that ends like a statement; "all you need to know" is a heading, "I Want It" a title
POLITE = re.compile(
    r"(?:^|\b(?:[Ii]|[Ww]e)(?:['’]d| do| would| just| still| really| also| only)* )"
    r"(?:need|want|Need|Want)\b(?! to (?!know|learn|hear|find|identify|name|remember|work)| [A-Z])"
    r"|\b(?i:looking for|(?:glad|happy|love|like|keen|curious) to (?:learn|know|hear))\b"
)
REQUESTED = re.compile(
    r"(?:^|[,;:–—-] |\band )(?:(?:please|now|just|then|ftp|for (?:\w+ ){1,2}points?|for the win"
    r"|and(?: then)?),? )?(?:(?<!\band )(?:name|give|tell|identify|guess|state)\b"
    r"|(?:name|state|(?:put|note|jot) down|write(?: down| out)?) (?:the|its|his|her|their) \w"
    r"|(?:(?:(?:can|could|would|will) )?(?:some|any)(?:one|body)|(?:can|could|would|will) you)"
    r" (?:please )?(?:name|give|tell|fill in|look up|find(?: out)?|check|confirm|add|supply"
    r"|provide) (?:(?:me|us) )?(?:the|its|his|her|their) \w"
    r"|(?:list|type|spot|pick|specify|supply|provide|enter|write|mark|tick|circle|underline|recall"
    r"|fill in|look up)"
    r" (?:the|its|his|her|their) \w)",
    re.IGNORECASE,
)
# a wish is a question only if it names a kind of answer: not "No phones, please"
WISHED = re.compile(r"\bplease\W*$", re.IGNORECASE)
# has the words of a question but asks for nothing that could be answered: "Tell us more about
# it", "What matters is this:", "Find us on social media", "... name Noel Gallagher as producer"
ASKS_NOTHING = re.compile(
    r"(?:^|[,;:.–—-] )(?:(?:please|so|now|then|and|just|come on),? )*(?:"
    r"(?:tell|give) (?:me|us|them|him|her|(?:our|the|your) \w+) (?:just |only )?"
    r"(?:(?:a (?:little|bit|few|taste)|some|something|anything|everything|all|more|about|your"
    r"|the (?:basics|facts|details?|story|whole|background|outline))\b)"
    r"|(?:the |some )(?:basics|facts|details|background|outline),? please"
    r"|what \w+(?:s|ed) (?:\w+ ){0,3}(?:is|was) (?:this|that)\b"
    r"|(?:find|follow|join|visit|contact|reach|call|write|see|meet|help|support) (?:to )?us\b"
    r"|name (?-i:(?:[A-Z]\S* ){1,4})as\b)",
    re.IGNORECASE,
)
# lines after the word quiz that may be its prompts
QUIZ_LINES = 60
# sentences at the beginning of a short text that may say what its rows ask
HEADINGS = 3
ONLY_GAP = re.compile(r"[\W_]*__[\W_]*")


def prompts(text: str, may_name: Callable[[set[str]], bool]) -> Iterator[Prompt]:
    """Everything in a text that asks about something, in order.

    may_name: whether the words of a sentence (see `raw_words`) may name a subject; a sentence is
    skipped if neither it nor those before it, to which it may refer, do.
    """
    cut = cut_at_ends(text)
    sentences, closing = without_bare_ends(cut), last_of_paragraphs(cut)
    is_posed_as_a_whole = is_short(text)
    if is_posed_as_a_whole:
        sentences = with_gaps(sentences)
    if VERDICT_SIGN.search(text):
        sentences = with_verdicts_behind(sentences)
    triggers = TRIGGERS_OF_SHORT if is_posed_as_a_whole else TRIGGERS
    quiz_lines, last_named = 0, -CONTEXT_SENTENCES - 1
    for number, sentence in enumerate(sentences):
        tokens = raw_words(sentence)
        if not QUIZ_WORDS.isdisjoint(tokens) and asking_rules().quiz.search(sentence):
            quiz_lines = QUIZ_LINES
        quiz_lines -= 1
        if may_name(tokens):
            last_named = number
        if number - last_named > CONTEXT_SENTENCES and not is_posed_as_a_whole:
            continue
        is_posed = is_posed_as_a_whole or quiz_lines > 0 or is_field(sentence)
        following = "".join(sentences[number + 1 : number + 5])
        stretch, choices = without_choices(sentence, following)
        asks = choices or not triggers.isdisjoint(tokens) or SIGN.search(sentence) is not None
        is_hint = THIS in tokens and asking_rules().response.match(following) is not None
        asks = asks or is_hint
        manner = manner_of(stretch, following, tokens, bool(choices)) if asks else None
        if manner is Manner.OPEN and "?" not in stretch:
            stretch, rest = without_answer(stretch)
            following = rest + following
        if asking_rules().verdict.match(following):
            # a statement followed by a question such as "True or false?"
            stretch, manner = f"{stretch} {following[: following.index('?') + 1]}", Manner.WHETHER
        elif ends_in_verdict(stretch):
            manner = Manner.WHETHER
        if manner is None and is_posed:
            manner = posed_manner(stretch, tokens)
        if manner in (None, Manner.BARE) and breaks_off(stretch):
            manner = Manner.GAP
        elif manner is Manner.BARE and is_posed and is_request(body_of(stretch)):
            manner = Manner.OPEN
        if manner is None and last_named == number and is_bare(sentence, quiz_lines > 0):
            manner = Manner.BARE
        if manner is not None:
            before = " ".join(sentences[max(0, number - CONTEXT_SENTENCES) : number])
            after, has_choices = choices + following, bool(choices)
            headings = tuple(sentences[: min(number, HEADINGS)]) if is_posed_as_a_whole else ()
            closes = sentence in closing
            for piece in pieces(stretch):
                yield Prompt(piece, manner, before, after, is_posed, has_choices, headings, closes)


def with_gaps(sentences: Iterable[str]) -> list[str]:
    """The sentences, each with the gap that stands behind it: `How many acts? ____`."""
    joined: list[str] = []
    for sentence in sentences:
        if joined and ONLY_GAP.fullmatch(sentence):
            joined[-1] += sentence
        else:
            joined.append(sentence)
    return joined


LONGEST_VERDICT = 24  # characters of `True or false?`
VERDICT = " True or false?"
SHORTEST_STATEMENT = 3  # words
VERDICT_SIGN = re.compile(r"[Ff]alse|FALSE|[Ff]iction|[Tt] ?/ ?[Ff]")
# `True or false: ...`, `Night Ferry - true or false: ...`
VERDICT_BEFORE = re.compile(
    r"(?:^|(?<=[-–—:.,;] ))(?P<head>[\W\d]{0,8})"
    r"(?:true or false|false or true|fact or fiction|(?<!\w)t ?/ ?f)\s?[:.,?–—-]{1,2} {1,2}(?=\S)",
    re.IGNORECASE,
)
VERDICT_ALONE = re.compile(
    r"[\W\d]{0,8}(?:true or false|false or true|fact or fiction|t ?/ ?f) ?[?.:] ?", re.IGNORECASE
)


def ends_in_verdict(text: str) -> bool:
    """Whether a sentence asks at its end if it is true: `..., is that right?`"""
    end = text.rstrip(CLOSING)[-LONGEST_VERDICT:]
    return end.endswith("?") and asking_rules().verdict.search(end) is not None


def with_verdicts_behind(sentences: Iterable[str]) -> list[str]:
    """The sentences, each with the question whether it is true behind it, not before it."""
    moved: list[str] = []
    for sentence in sentences:
        told = VERDICT_BEFORE.sub(r"\g<head>", sentence, count=1)
        is_told = stands_behind_verdict(sentence, moved)
        if is_told:
            moved.pop()
        if is_told or told != sentence:
            line_end = "\n" * told.endswith("\n")
            told = f"{told.rstrip()}{VERDICT}{line_end}"
        moved.append(told)
    return moved


def stands_behind_verdict(sentence: str, before: Sequence[str]) -> bool:
    """Whether a statement stands in one line with `True or false?`, which no other precedes."""
    if not before or not VERDICT_ALONE.fullmatch(before[-1]):
        return False
    is_first = len(before) == 1 or before[-2].endswith(("\n", VERDICT))
    is_statement = len(sentence.split()) >= SHORTEST_STATEMENT
    return is_first and is_statement and sentence.startswith(" ")


def is_short(text: str) -> bool:
    """Whether a text is no longer than a question with its answer may be."""
    return len(text.split(None, LONGEST_POSED)) <= LONGEST_POSED


ASIDE = re.compile(
    r" ?\([^()\n]{3,120}\)| [—–] [^—–?\n]{3,120} [—–](?= )"
    # who or what the subject is: `Nat Orr, the golden voice of Mali: native town?`
    r"|, (?:the|an?|our|that|once) [^,:;.?!\n]{3,60}(?=[,:])"
)


def without_asides(prompt: Prompt) -> Prompt:
    """The prompt without what stands in brackets, between dashes or between commas."""
    plain = ASIDE.sub("", prompt.text)
    return prompt if plain == prompt.text else replace(prompt, text=plain)


# a clause that asks behind one that tells
LAST_CLAUSE = re.compile(
    r"(?:[;:—–-]|,(?= (?:but|and|so|yet|only|though)\b)) "
    r"(?=(?:(?:but|and|so|yet|only|though)\b,? )?"
    r"(?:who|whos|what|which|whose|where|when|how)\b[^,;:]+\?\W*$)",
    re.IGNORECASE,
)


def last_clause(prompt: Prompt) -> Prompt:
    """The clause of a prompt that asks, behind what it tells: `Ann is on bass, but who drums?`"""
    clause = LAST_CLAUSE.search(prompt.text) if "?" in prompt.text else None
    if clause is None:
        return prompt
    told, asks = prompt.text[: clause.start()], prompt.text[clause.end() :]
    return replace(prompt, text=asks, before=f"{prompt.before} {told}")


def without_choices(sentence: str, following: str) -> tuple[str, str]:
    """A sentence without the answer choices at its end, and these choices ("" for none)."""
    # a number or a title among the answers may have ended the sentence
    opens = FIRST_CHOICE.search(sentence) is not None
    match = CHOICES.search(sentence + following[:LONGEST_CHOICE]) if opens else None
    if match and 0 < match.start() < len(sentence):
        return sentence[: match.start()], sentence[match.start() :]
    if CHOICES.match(following) and not TOLD_END.search(sentence):
        return sentence, "\n"
    return sentence, ""


def posed_manner(sentence: str, tokens: set[str]) -> Manner | None:
    """How text that is posed as a question asks, whatever its word order."""
    body = body_of(sentence)
    if asks_nothing(body) or (body.endswith((".", "!")) and not is_request(body)):
        return None
    if AUXILIARY.match(body) and "or" in tokens:
        return Manner.WHETHER
    return Manner.OPEN if not ASKING_WORDS.isdisjoint(tokens) else Manner.BARE


def breaks_off(sentence: str) -> bool:
    """Whether a field breaks off, to be completed by another: `stem: Miles Davis was born in`."""
    body = body_of(sentence)
    return is_field(sentence) and asking_rules().open_end.search(body) is not None


def is_request(body: str) -> bool:
    """Whether a sentence that ends as a statement calls for an answer: `For a point, name it.`."""
    if asks_nothing(body):
        return False
    if POLITE.search(body) is not None or REQUESTED.search(body) is not None:
        return True
    last = body.rstrip(".!").rpartition(".")[2]  # another sentence wishes nothing
    return WISHED.search(body) is not None and names_kind(last)


def asks_nothing(body: str) -> bool:
    """Whether a sentence only invites talk, or announces: `Tell us more about it.`"""
    return not body.endswith("?") and ASKS_NOTHING.search(body) is not None


def names_kind(body: str) -> bool:
    """Whether a sentence names a kind of answer: `the year`, `which label`."""
    return any(stem(word) in vocabulary().kinds_of for word in raw_words(body))


def pieces(sentence: str) -> list[str]:
    """The sentence, or, if it is too long for a question, the parts of it that may ask."""
    tokens = sentence.split()
    if len(tokens) <= LONGEST_QUESTION:
        return [sentence]
    starts = range(0, len(tokens) - STEP // 2, STEP)
    parts = [" ".join(tokens[start : start + LONGEST_QUESTION]) for start in starts]
    return [part for part in parts if is_question(part)]


def is_question(sentence: str) -> bool:
    """Whether a sentence asks in any manner."""
    return manner_of(sentence, "", raw_words(sentence)) is not None


def body_of(sentence: str) -> str:
    """A sentence without the bullets, numbers and marks around it."""
    bullet = BULLET.match(sentence)
    return sentence[bullet.end() if bullet else 0 :].rstrip(CLOSING)


def manner_of(
    sentence: str, following: str, tokens: set[str], choices: bool = False
) -> Manner | None:
    """How a sentence asks; None if it does not.

    following: the sentences after it. tokens: its words, see `raw_words`. choices: whether answers
    to choose from follow it.
    """
    rules = asking_rules()
    body = body_of(sentence)
    has_word = not ASKING_WORDS.isdisjoint(tokens)
    if GAP_SIGN.search(sentence) and rules.blank.search(sentence):
        return Manner.OPEN if has_word and "?" in body else Manner.GAP
    if asks_nothing(body):
        return None
    if body.endswith("?"):
        if has_word:
            return Manner.OPEN
        if rules.open_end.search(body[:-1]):
            return Manner.GAP
        if rules.asking.match(body):
            return Manner.OPEN
        return Manner.WHETHER if AUXILIARY.match(body) or "or" in tokens else Manner.BARE
    if rules.asking.match(body):
        return Manner.OPEN if has_word else Manner.BARE
    if choices:
        return Manner.OPEN if has_word else Manner.GAP
    if has_word and asks_at_the_end(body):
        return Manner.OPEN
    if not TELLING.isdisjoint(tokens) and (
        rules.by_noun.search(body)
        or (has_word and may_be_indirect(body) and rules.indirect.search(body))
    ):
        return Manner.OPEN
    if HINT.search(body) and rules.response.match(following):
        return Manner.GAP
    return None


def is_field(text: str) -> bool:
    """Whether a text begins with the name of a field, which one of three marks ends."""
    ends = ":" in text or "=" in text or ">" in text
    return ends and FIELD.match(text) is not None


# what a question in reported speech begins with, and how far before it somebody is said to ask
REPORTED = re.compile(
    r" (?:wh(?:ich|at|ose|om|o|en|ere)|how (?:many|long|old|much))\b", re.IGNORECASE
)
LONGEST_TELLING = 200


def may_be_indirect(body: str) -> bool:
    """Whether a word of TELLING stands before an asking word: a cheap test for a costly pattern."""
    return any(
        not TELLING.isdisjoint(raw_words(body[max(0, m.start() - LONGEST_TELLING) : m.start()]))
        for m in REPORTED.finditer(body)
    )


def without_field(text: str) -> str:
    """A text without the name of the field that it is in."""
    return text[match.end() :] if (match := FIELD.match(text)) else text


def is_card(text: str) -> bool:
    """Whether a text is labelled as a side of a card, or as a question."""
    return CARD.match(text) is not None


LONGEST_END = 200  # characters of an asking word with the noun behind it


def asks_at_the_end(body: str) -> bool:
    """Whether the asking word comes last, or just before the answer: `in what key - G minor`."""
    rules = asking_rules()
    end = max(0, len(body) - LONGEST_END)
    return bool(rules.asked_last.search(body, end) or rules.answered_at_once.search(body))


def without_answer(sentence: str) -> tuple[str, str]:
    """A question without a mark, and the answer right after its asking word ("" for none)."""
    match = asking_rules().answered_at_once.search(sentence)
    end = match.end() if match else len(sentence)
    return sentence[:end], sentence[end:]


def is_bare(sentence: str, in_quiz: bool) -> bool:
    """Whether a line may be a prompt by its words alone: a card, a quiz's line, search terms."""
    body = sentence.rstrip(CLOSING)
    last = sentence.strip().rpartition("\n")[2]  # signs of a line before it are not its own
    if any(sign in last for sign in SEPARATORS):
        return len(body.split(None, 2 * LONGEST_PROMPT)) <= 2 * LONGEST_PROMPT
    if body.endswith((".", "!", ",", ";")) and not in_quiz:
        return False
    is_line = sentence.endswith("\n") or sentence.startswith("\n") or in_quiz
    return is_line and len(body.split(None, LONGEST_PROMPT)) <= LONGEST_PROMPT
