"""Language, without a download: other languages go, English prose stays.

Other languages come from the example sentences that spaCy ships for each of its languages.
"""

import pkgutil
from collections.abc import Iterator, Sequence
from importlib import import_module

import spacy.lang
from datatrove.data import Document

from mucpt_utils.pipeline.language import other_language
from stages.cleaning import clean
from stages.common import passages, row, sampled, share

STAGE = "language"
CAUGHT, LOST = 0.95, 0.02
ENGLISH = "en"
# not one language (multi-language), or too few words for a document
NONE = {"xx"}
SENTENCES = 4
MOST_OF_A_SOURCE = 700


def examples() -> Iterator[tuple[str, Sequence[str]]]:
    """(language code, sentences) of each language that spaCy has examples for."""
    for module in pkgutil.iter_modules(spacy.lang.__path__):
        try:
            found = import_module(f"spacy.lang.{module.name}.examples").sentences
        except ModuleNotFoundError:
            continue
        if module.name not in NONE:
            yield module.name, found


def documents() -> list[Document]:
    """Documents of some example sentences each, by language."""
    return [
        Document(
            text=" ".join(sentences[start : start + SENTENCES]),
            id=f"{code}/{start}",
            metadata={"source": code},
        )
        for code, sentences in examples()
        for start in range(0, len(sentences), SENTENCES)
        if len(" ".join(sentences[start : start + SENTENCES]).split()) >= 12
    ]


def measure() -> Iterator[dict]:
    """Documents of other languages dropped by any filter; English ones lost to this one."""
    found = documents()
    _, reasons = clean(found)
    foreign = [d for d in found if d.metadata["source"] != ENGLISH]
    yield row(
        STAGE,
        "documents dropped by cleaning",
        "other languages",
        *share(d.id in reasons for d in foreign),
        CAUGHT,
    )
    for code in sorted({d.metadata["source"] for d in foreign}):
        here = [d for d in foreign if d.metadata["source"] == code]
        dropped = share(d.id in reasons for d in here)
        if dropped[0] < 1:
            yield row(STAGE, "documents dropped by cleaning", f"language {code}", *dropped)
    for lane in ("music_prose", "general_prose"):
        sample = sampled(passages(lane), MOST_OF_A_SOURCE)
        lost = share(other_language(d.text) is not None for d in sample)
        yield row(STAGE, "passages taken for another language", lane, *lost, most=LOST)
