"""Quality filters: junk documents removed, junk lines cut out of good ones, real prose kept."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from string import punctuation as PUNCTUATION

from datatrove.data import Document
from spacy.lang.en.stop_words import STOP_WORDS

from mucpt_utils.analysis import stage_quality
from mucpt_utils.config.pipeline import QualitySettings
from mucpt_utils.io import read_jsonl
from mucpt_utils.pipeline.cleaning import steps
from mucpt_utils.pipeline.junk import may_be_junk, segment
from stages.common import fresh, passages, row, sampled, share, study

STAGE = "quality filters"
REMOVED, LOST = 0.95, 0.02
MOST_OF_A_SOURCE = 700
# the rows of pipeline_quality.csv that have a goal here
KINDS = ("spam document", "boilerplate document", "boilerplate line", "spam sentence")


class Rejected:
    """Takes what filters reject, in place of a file."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}

    def write(self, document: Document, rank: int = 0) -> None:
        self.reasons[document.id] = document.metadata["filter_reason"]

    def __enter__(self) -> "Rejected":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def clean(documents: Iterable[Document]) -> tuple[dict[str, Document], dict[str, str]]:
    """Documents through the cleaning stage: those kept and the reasons of the others, by id."""
    rejected, data = Rejected(), iter(fresh(documents))
    for step in steps(QualitySettings()):
        if hasattr(step, "exclusion_writer"):
            step.exclusion_writer = rejected
        data = step.run(data)
    return {document.id: document for document in data}, rejected.reasons


def measure() -> Iterator[dict]:
    """The rendered lane's labels, then real prose by source and by reason."""
    for found in stage_quality.measure(_rendered_outcome()):
        if found["stage"] == "clean" and found["kind"] != "mojibake":
            kind, n = found["kind"], found["n"]
            goal = REMOVED if kind in KINDS else None
            yield row(STAGE, "removed, rendered lane", kind, found["recall"], n, goal)
            yield row(STAGE, "precision, rendered lane", kind, found["precision"], n)
    for lane in ("music_prose", "general_prose"):
        yield from _prose(lane, sampled(passages(lane), MOST_OF_A_SOURCE))


def _rendered_outcome() -> stage_quality.Outcome:
    """The whole rendered corpus through cleaning alone: no earlier stage takes the easy part."""
    raw = read_jsonl(study().raw_corpus().path("documents.jsonl"))
    kept, reasons = clean(Document(d["text"], d["id"], metadata=d["metadata"]) for d in raw)
    return stage_quality.Outcome(
        {d["id"]: d for d in raw},
        {key: {"text": d.text, "metadata": d.metadata} for key, d in kept.items()},
        {key: {"stage": "clean", "reason": reason} for key, reason in reasons.items()},
    )


def _prose(lane: str, documents: Sequence[Document]) -> Iterator[dict]:
    """Passages and words lost, and why; a source counts by what was sampled of it.

    Books hold more than prose: indexes, tables, contents. What is prose is told without the
    filters, by `is_prose`; what is lost of everything stands beside it.
    """
    kept, reasons = clean(documents)
    prose = [d for d in documents if is_prose(d.text)]
    lost = share(d.id in reasons for d in prose)
    yield row(STAGE, "passages of prose lost, real text", lane, *lost, most=LOST)
    lost = share(d.id in reasons for d in documents)
    yield row(STAGE, "passages lost, lists and stubs among them, real text", lane, *lost)
    words = {d.id: len(d.text.split()) for d in documents}
    total, gone = sum(words.values()), sum(words[key] for key in reasons)
    name = "words lost, lists and tables among them, real text"
    yield row(STAGE, name, lane, gone / total, total)
    cut = sum(words[key] - len(document.text.split()) for key, document in kept.items())
    name = "words cut out of kept passages, real text"
    yield row(STAGE, name, lane, cut / total, total, most=LOST)
    # of the sentences that junk rules cut out of kept passages, few enough to be read one by one
    here = [s for d in documents if d.id in kept and may_be_junk(d.text) for s in segment(d.text)]
    junk = sum(s.kind is not None for s in here)
    name = "junk sentences in 10,000 kept passages, real text"
    yield row(STAGE, name, lane, 10_000 * junk / len(kept), len(kept))
    for reason, count in sorted(Counter(reasons.values()).items()):
        yield row(STAGE, f"lost by reason, {lane}", reason, count / len(documents), len(documents))
    for source in sorted({d.metadata["source"] for d in documents}):
        here = [d for d in documents if d.metadata["source"] == source]
        yield row(STAGE, f"lost by source, {lane}", source, *share(d.id in reasons for d in here))


FEWEST_WORDS, FUNCTION_WORDS, DIGITS = 20, 0.3, 0.1


def is_prose(text: str) -> bool:
    """Twenty words and more, three in ten of them English function words, few with digits."""
    words = text.lower().split()
    plain = [word.strip(PUNCTUATION) for word in words]
    common = sum(word in STOP_WORDS for word in plain)
    digits = sum(any(c.isdigit() for c in word) for word in words)
    enough = len(words) >= FEWEST_WORDS
    return enough and common >= FUNCTION_WORDS * len(words) and digits <= DIGITS * len(words)
