"""Decontamination: documents in which a benchmark question is asked, or asked and answered.

A question counts as asked where a sentence is a question and either has its words (n-gram overlap)
or names the subject and asks for the relation in whatever words. A statement of the fact in prose
is knowledge, not contamination: it is never a match.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import yaml
from datatrove.data import Document
from datatrove.pipeline.filters.base_filter import BaseFilter

from mucpt_utils import paths

RULES = paths.PACKAGE / "pipeline/rules/decontamination.yaml"
ASKED, ANSWERED = "asks a benchmark question", "asks and answers a benchmark question"
# words of a question that must stand in a row, and the share of such rows that must be found
NGRAM_WORDS, NGRAM_SHARE = 8, 0.8
# sentences before a question in which its subject may be named
CONTEXT_SENTENCES = 2
# words after a question in which its answer counts as given
ANSWER_WORDS = 40


class Contamination(NamedTuple):
    """A question found in a text: its id, whether the answer follows, the sentence that asks."""

    id: str
    answered: bool
    sentence: str


class AskedQuestions(BaseFilter):
    """Drops documents in which a question is asked; without `drop`, only notes it in metadata."""

    name = "🧪 decontamination"

    def __init__(self, questions: Sequence[dict], drop: bool) -> None:
        super().__init__()
        self.questions, self.drop = list(questions), drop
        self._index: QuestionIndex | None = None

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        if self._index is None:
            self._index = QuestionIndex(self.questions)
        found = self._index.find(doc.text)
        if not found:
            return True
        doc.metadata["asked_questions"] = sorted({c.id for c in found})
        if not self.drop:
            return True
        doc.metadata["filter_detail"] = {"questions": doc.metadata.pop("asked_questions")}
        return False, ANSWERED if any(c.answered for c in found) else ASKED


def asked_questions(text: str, questions: Sequence[dict]) -> list[str]:
    """Ids of the questions that are asked in `text`, sorted; see `QuestionIndex` for many texts."""
    return sorted({c.id for c in QuestionIndex(questions).find(text)})


# --- words --------------------------------------------------------------------------------------


# words; and signs between spaces, since !!! is a band
WORD = re.compile(r"\w+|(?<!\S)[^\w\s]{2,}(?!\S)")


def words(text: str) -> list[str]:
    """Lower-case words without accents and apostrophes; signs that stand alone are a word too."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c)).replace("’", "'")
    return WORD.findall(plain.replace("'", ""))


@cache
def stem(word: str) -> str:
    """The word without the endings that tell `composed` from `composer` and `composes`."""
    for ending in ("ings", "ing", "ers", "ors", "er", "or", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


@cache
def rules() -> dict:
    """The wording rules of decontamination, as sets of stems and compiled patterns."""
    content = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    return {
        "asking": re.compile("|".join(content["asking"]), re.IGNORECASE),
        "indirect": re.compile("|".join(content["indirect"]), re.IGNORECASE),
        "pronouns": frozenset(content["pronouns"]),
        "empty": frozenset(stem(w) for w in content["empty"]),
        "asked_for": {kind: frozenset(values) for kind, values in content["asked_for"].items()},
        "relations": {
            name: frozenset(stem(w) for w in values)
            for name, values in content["relations"].items()
        },
    }


# --- index --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Known:
    """A question as the index holds it."""

    id: str
    subject: tuple[str, ...]
    cues: frozenset[str]
    asked_for: frozenset[str]
    answers: tuple[tuple[str, ...], ...]
    title: str


class QuestionIndex:
    """Benchmark questions, ready to be looked for in many texts.

    questions: dicts with id, question, answer, subject, and if given aliases, answer_type,
    fact_ids. Raises ValueError that names the first question without one of the first four.
    """

    def __init__(self, questions: Sequence[dict]) -> None:
        self._by_word: dict[str, list[_Known]] = defaultdict(list)
        self._ngrams: dict[tuple[str, ...], set[str]] = defaultdict(set)
        self._ngram_count: dict[str, int] = {}
        self._known: dict[str, _Known] = {}
        for question in questions:
            self._add(question)

    def _add(self, question: dict) -> None:
        for name in ("id", "question", "answer", "subject"):
            if not question.get(name):
                raise ValueError(f"question {question.get('id', question)!r} has no {name!r}")
        known = _known(question)
        self._known[known.id] = known
        self._by_word[max(known.subject, key=len)].append(known)
        grams = _ngrams(words(question["question"]))
        self._ngram_count[known.id] = len(grams)
        for gram in grams:
            self._ngrams[gram].add(known.id)

    def find(self, text: str) -> list[Contamination]:
        """Every question asked in `text`, each with the first sentence that asks it."""
        sentences = split_sentences(text)
        tokens = [words(s) for s in sentences]
        found: dict[str, Contamination] = {}
        for place, sentence in enumerate(sentences):
            if is_question(sentence):
                asked = [*self._asked(sentences, tokens, place), *self._verbatim(tokens[place])]
                for known in asked:
                    if not _only_names(sentence, known):
                        self._note(found, known, sentences, tokens, place)
        return sorted(found.values())

    def _note(
        self,
        found: dict[str, Contamination],
        known: _Known,
        sentences: Sequence[str],
        tokens: Sequence[Sequence[str]],
        place: int,
    ) -> None:
        after = [w for sentence in tokens[place + 1 : place + 5] for w in sentence][:ANSWER_WORDS]
        # a guess inside the question itself ("was it X?") gives the answer away as well
        given = any(_contains([*tokens[place], "?", *after], a) for a in known.answers)
        if known.id not in found or (given and not found[known.id].answered):
            found[known.id] = Contamination(known.id, given, sentences[place].strip())

    def _asked(
        self, sentences: Sequence[str], tokens: Sequence[Sequence[str]], place: int
    ) -> list[_Known]:
        """Questions that the sentence at `place` asks: those whose relation fits it best."""
        sentence = tokens[place]
        around = [w for s in tokens[max(0, place - CONTEXT_SENTENCES) : place] for w in s]
        scored = []
        for known in self._named(sentence, around):
            if known.asked_for.isdisjoint(sentence):
                continue
            # the subject's own words say nothing of what is asked about it
            rest = Counter(map(stem, sentence)) - Counter(map(stem, known.subject))
            score = len(rest.keys() & known.cues)
            if score or self._answer_follows(known, tokens, place):
                scored.append((score, known))
        best = max((score for score, _ in scored), default=0)
        return [known for score, known in scored if score == best]

    def _answer_follows(self, known: _Known, tokens: Sequence[Sequence[str]], place: int) -> bool:
        after = tokens[place + 1] if place + 1 < len(tokens) else []
        return len(after) <= ANSWER_WORDS and any(_contains(after, a) for a in known.answers)

    def _named(self, sentence: Sequence[str], around: Sequence[str]) -> Iterator[_Known]:
        """Questions whose subject the sentence names, or refers to after it was named."""
        present, before = set(sentence), set(around)
        refers = not rules()["pronouns"].isdisjoint(present)
        for word in sorted(present | before):
            for known in self._by_word.get(word, ()):
                inside = _contains(sentence, known.subject) or _scattered(present, known.subject)
                if inside or (refers and _contains(around, known.subject)):
                    yield known

    def _verbatim(self, sentence: Sequence[str]) -> Iterator[_Known]:
        """Questions most of whose n-grams of words stand in the sentence."""
        hits: dict[str, int] = defaultdict(int)
        for size in range(1, min(NGRAM_WORDS, len(sentence)) + 1):
            for start in range(len(sentence) - size + 1):
                for key in self._ngrams.get(tuple(sentence[start : start + size]), ()):
                    hits[key] += 1
        for key, count in sorted(hits.items()):
            if count >= NGRAM_SHARE * self._ngram_count[key]:
                yield self._known[key]


def _only_names(sentence: str, known: _Known) -> bool:
    """Whether the question mark is the subject's own and nothing else in the sentence asks."""
    mark = known.title.endswith("?") and sentence.rstrip().endswith(known.title)
    return mark and not rules()["asking"].match(sentence.strip())


def _known(question: dict) -> _Known:
    subject = tuple(words(question["subject"]))
    relation = _relation(question)
    column = relation.rpartition(".")[2]
    told = Counter(map(stem, words(question["question"]))) - Counter(map(stem, subject))
    cues = frozenset(told) - rules()["empty"]
    cues |= rules()["relations"].get(relation, rules()["relations"].get(column, frozenset()))
    kinds = rules()["asked_for"]
    answers = [question["answer"], *(question.get("aliases") or ())]
    return _Known(
        id=str(question["id"]),
        subject=subject,
        cues=cues,
        asked_for=kinds.get(question.get("answer_type", ""), kinds["any"]) | kinds["always"],
        answers=tuple({tuple(words(answer)) for answer in answers if answer.strip()}),
        title=question["subject"],
    )


def _relation(question: dict) -> str:
    """`artist.city` out of a fact id such as `m:artist.city:some-name`; empty without one."""
    ids = question.get("fact_ids") or [""]
    return (str(ids[0]).split(":") + ["", ""])[1]


def _ngrams(tokens: Sequence[str]) -> set[tuple[str, ...]]:
    size = min(NGRAM_WORDS, len(tokens))
    return {tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1)}


# --- sentences ----------------------------------------------------------------------------------

END = re.compile(r"[.!?]+[\"'”’)\]]*(?=\s|$)|\n")
# words whose full stop does not end a sentence
ABBREVIATION = re.compile(
    r"(?:\b[A-Z]|\b(?:No|Nos|Nr|Vol|Op|Mr|Mrs|Ms|Dr|St|Jr|Sr|feat|ft|vs|Pt|Hob|Ste|Prof|Capt|Sgt))$"
)
LONGEST_QUESTION = 60


def split_sentences(text: str) -> list[str]:
    """Sentences and lines of `text`, with their end marks; empty ones left out."""
    sentences, start = [], 0
    for match in END.finditer(text):
        mark = match.group()
        within = "?" not in mark and "!" not in mark and mark != "\n"
        alone = mark != "\n" and text[match.start() - 1 : match.start()].isspace()
        if not alone and not (within and ABBREVIATION.search(text, start, match.start())):
            sentences.append(text[start : match.end()])
            start = match.end()
    return [s for s in [*sentences, text[start:]] if s.strip()]


def is_question(sentence: str) -> bool:
    """Whether a sentence asks: a question mark, a quiz question's opening, or in reported words."""
    stripped = sentence.strip().rstrip("\"'”’)] ")
    if len(stripped.split()) > LONGEST_QUESTION:
        return False
    asks = stripped.endswith("?") or rules()["asking"].match(stripped)
    return bool(asks or rules()["indirect"].search(stripped))


def _contains(tokens: Sequence[str], phrase: Sequence[str]) -> bool:
    size = len(phrase)
    if size == 1:
        return phrase[0] in tokens
    return any(
        tokens[i] == phrase[0] and tuple(tokens[i : i + size]) == tuple(phrase)
        for i in range(len(tokens) - size + 1)
    )


def _scattered(present: Iterable[str], subject: Sequence[str]) -> bool:
    """All telling words of a subject of three or more: `Mercury Prize in 1992`."""
    telling = [w for w in subject if stem(w) not in rules()["empty"]]
    return len(telling) >= 3 and set(telling) <= set(present)
