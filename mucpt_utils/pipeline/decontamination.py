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

from datatrove.data import Document
from datatrove.pipeline.filters.base_filter import BaseFilter

from mucpt_utils import paths
from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import read_yaml

RULES = paths.PACKAGE / "pipeline/rules/decontamination.yaml"
ASKED, ANSWERED = "asks a benchmark question", "asks and answers a benchmark question"
# words of a question that must stand in a row, and the share of such rows that must be found
NGRAM_WORDS, NGRAM_SHARE = 8, 0.8
# sentences before a question in which its subject may be named
CONTEXT_SENTENCES = 2
# words after a question in which its answer counts as given
ANSWER_WORDS = 40


class QuestionError(MuCPTError, ValueError):
    """A benchmark question that lacks what it must have to be looked for."""


class Contamination(NamedTuple):
    """A question that a text asks: its id, whether the answer follows, the sentence that asks."""

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
        asked = self._index.find(doc.text)
        if not asked:
            return True
        ids = sorted({contamination.id for contamination in asked})
        if not self.drop:
            doc.metadata["asked_questions"] = ids
            return True
        doc.metadata["filter_detail"] = {"questions": ids}
        return False, ANSWERED if any(c.answered for c in asked) else ASKED


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
    content = read_yaml(RULES)
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
class IndexedQuestion:
    """A question in the words that it is looked for by.

    cues: stems that ask for its relation. asked_for: words that ask for its kind of answer.
    """

    id: str
    title: str
    subject: tuple[str, ...]
    cues: frozenset[str]
    asked_for: frozenset[str]
    answers: tuple[tuple[str, ...], ...]
    ngrams: frozenset[tuple[str, ...]]

    @classmethod
    def of(cls, question: dict) -> "IndexedQuestion":
        """A question of the benchmark. Raises QuestionError that names what it lacks."""
        for name in ("id", "question", "answer", "subject"):
            if not question.get(name):
                raise QuestionError(f"question {question.get('id', question)!r} has no {name!r}")
        subject, wording = words(question["subject"]), words(question["question"])
        if not subject:
            raise QuestionError(f"question {question['id']!r}: no word in its subject")
        # `artist.city` in a fact id such as `m:artist.city:some-name`, and its column
        fact_id = str((question.get("fact_ids") or [""])[0])
        relation = (fact_id.split(":") + ["", ""])[1]
        column = relation.rpartition(".")[2]
        # what the wording says besides the subject, and other words for the relation
        own = frozenset(Counter(map(stem, wording)) - Counter(map(stem, subject)))
        others = rules()["relations"].get(relation, rules()["relations"].get(column, frozenset()))
        kinds = rules()["asked_for"]
        answers = [question["answer"], *(question.get("aliases") or ())]
        size = min(NGRAM_WORDS, len(wording))
        return cls(
            id=str(question["id"]),
            title=question["subject"],
            subject=tuple(subject),
            cues=own - rules()["empty"] | others,
            asked_for=kinds.get(question.get("answer_type", ""), kinds["any"]) | kinds["always"],
            answers=tuple({tuple(words(answer)) for answer in answers if answer.strip()}),
            ngrams=frozenset(tuple(wording[i : i + size]) for i in range(len(wording) - size + 1)),
        )

    def is_answered_in(self, tokens: Sequence[str]) -> bool:
        """Whether one of the answers stands among the words."""
        return any(contains(tokens, answer) for answer in self.answers)


class QuestionIndex:
    """Benchmark questions, ready to be looked for in many texts.

    questions: dicts with id, question, answer, subject, and if given aliases, answer_type,
    fact_ids. Raises QuestionError that names the first question without one of the first four.
    """

    def __init__(self, questions: Sequence[dict]) -> None:
        self.by_id: dict[str, IndexedQuestion] = {}
        self.by_word: dict[str, list[IndexedQuestion]] = defaultdict(list)
        self.by_ngram: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for question in map(IndexedQuestion.of, questions):
            self.by_id[question.id] = question
            self.by_word[max(question.subject, key=len)].append(question)
            for ngram in question.ngrams:
                self.by_ngram[ngram].add(question.id)

    def find(self, text: str) -> list[Contamination]:
        """Every question asked in `text`, each with the first sentence that asks it.

        A later sentence counts where its answer is given too, and was not before.
        """
        sentences = split_sentences(text)
        tokens = [words(sentence) for sentence in sentences]
        first: dict[str, Contamination] = {}
        for number, sentence in enumerate(sentences):
            if not is_question(sentence):
                continue
            # a guess inside the question itself ("was it X?") gives the answer away as well
            after = [w for following in tokens[number + 1 : number + 5] for w in following]
            around = [*tokens[number], "?", *after[:ANSWER_WORDS]]
            for question in (*self.paraphrased(tokens, number), *self.verbatim(tokens[number])):
                if is_only_named(sentence, question):
                    continue
                answered = question.is_answered_in(around)
                if question.id not in first or (answered and not first[question.id].answered):
                    first[question.id] = Contamination(question.id, answered, sentence.strip())
        return sorted(first.values())

    def paraphrased(self, tokens: Sequence[Sequence[str]], number: int) -> list[IndexedQuestion]:
        """Questions that a sentence asks in any words: those whose relation fits it best.

        tokens: the words of all sentences; number: which of them asks.
        """
        sentence = tokens[number]
        before = [w for s in tokens[max(0, number - CONTEXT_SENTENCES) : number] for w in s]
        after = tokens[number + 1] if number + 1 < len(tokens) else []
        scores = []
        for question in self.named(sentence, before):
            if question.asked_for.isdisjoint(sentence):
                continue
            # the subject's own words say nothing of what is asked about it
            rest = Counter(map(stem, sentence)) - Counter(map(stem, question.subject))
            score = len(rest.keys() & question.cues)
            # without a word of the relation, only a short answer shows what was asked
            if score or (len(after) <= ANSWER_WORDS and question.is_answered_in(after)):
                scores.append((score, question))
        best = max((score for score, _ in scores), default=0)
        return [question for score, question in scores if score == best]

    def named(self, sentence: Sequence[str], before: Sequence[str]) -> Iterator[IndexedQuestion]:
        """Questions whose subject the sentence names, or refers to after it was named."""
        present = set(sentence)
        refers = not rules()["pronouns"].isdisjoint(present)
        for word in sorted(present | set(before)):
            for question in self.by_word.get(word, ()):
                subject = question.subject
                is_inside = contains(sentence, subject) or is_scattered(present, subject)
                if is_inside or (refers and contains(before, subject)):
                    yield question

    def verbatim(self, sentence: Sequence[str]) -> Iterator[IndexedQuestion]:
        """Questions most of whose n-grams of words stand in the sentence."""
        hits: Counter[str] = Counter()
        for size in range(1, min(NGRAM_WORDS, len(sentence)) + 1):
            for start in range(len(sentence) - size + 1):
                hits.update(self.by_ngram.get(tuple(sentence[start : start + size]), ()))
        for key, count in sorted(hits.items()):
            if count >= NGRAM_SHARE * len(self.by_id[key].ngrams):
                yield self.by_id[key]


def is_only_named(sentence: str, question: IndexedQuestion) -> bool:
    """Whether the question mark is the subject's own and nothing else in the sentence asks."""
    title = question.title
    ends_with_it = title.endswith("?") and sentence.rstrip().endswith(title)
    return ends_with_it and not rules()["asking"].match(sentence.strip())


def contains(tokens: Sequence[str], phrase: Sequence[str]) -> bool:
    """Whether the words of a phrase stand in a row among the tokens."""
    size = len(phrase)
    if size == 1:
        return phrase[0] in tokens
    return any(
        tokens[i] == phrase[0] and tuple(tokens[i : i + size]) == tuple(phrase)
        for i in range(len(tokens) - size + 1)
    )


def is_scattered(present: Iterable[str], subject: Sequence[str]) -> bool:
    """All telling words of a subject of three or more: `Mercury Prize in 1992`."""
    telling = [w for w in subject if stem(w) not in rules()["empty"]]
    return len(telling) >= 3 and set(telling) <= set(present)


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
        # a mark that stands alone is a word (the band !!!); a full stop may end an abbreviation
        alone = mark != "\n" and text[match.start() - 1 : match.start()].isspace()
        only_stops = "?" not in mark and "!" not in mark and mark != "\n"
        if not alone and not (only_stops and ABBREVIATION.search(text, start, match.start())):
            sentences.append(text[start : match.end()])
            start = match.end()
    return [s for s in [*sentences, text[start:]] if s.strip()]


def is_question(sentence: str) -> bool:
    """Whether a sentence asks: a question mark, a quiz question's opening, or in reported words."""
    stripped = sentence.strip().rstrip("\"'”’)] ")
    if len(stripped.split()) > LONGEST_QUESTION:
        return False
    if stripped.endswith("?") or rules()["asking"].match(stripped):
        return True
    return bool(rules()["indirect"].search(stripped))
