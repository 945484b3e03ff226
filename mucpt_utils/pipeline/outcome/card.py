"""The dataset's card: its metadata for the Hub and its page, from what the run counted."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.io import write_text
from mucpt_utils.pipeline.outcome import templates
from mucpt_utils.pipeline.outcome.dataset import DATA, DESCRIPTIONS
from mucpt_utils.pipeline.outcome.flow import MOST_ROWS, balance, source_flows, stage_flows
from mucpt_utils.pipeline.outcome.sampling import KeptPile
from mucpt_utils.pipeline.run import CARD

CREATIVE_COMMONS = re.compile(
    r"(?:\bcc[ -]?|creativecommons\.org/licenses/)"
    r"(by(?:[ -](?:nc|sa|nd))*)[ /-]v?\.?(\d\.\d)\b",
    re.IGNORECASE,
)
# the Hub's names of licences, by words in the licence that a row states; the name alone may be
# another's: a publisher's (MIT Press), a record label's, a word of German
LICENCES = (
    (
        re.compile(r"\bcc[ -]?0\b|creative commons zero|/publicdomain/zero/", re.IGNORECASE),
        "cc0-1.0",
    ),
    (
        re.compile(
            r"\bapache(?:[ ,-]+(?:software|licen[cs]e|version))*[ ,-]+v?2(?:\.0)?\b"
            r"|apache\.org/licenses/license-2\.0",
            re.IGNORECASE,
        ),
        "apache-2.0",
    ),
    (
        re.compile(
            r"\A\W*(?:the )?mit(?: licen[cs]e)?(?: \(mit\))?\W*\Z|opensource\.org/licenses?/mit\b",
            re.IGNORECASE,
        ),
        "mit",
    ),
    (re.compile(r"\bgfdl\b|free documentation", re.IGNORECASE), "gfdl"),
)
UNKNOWN, OTHER = "unknown", "other"
SIZE_NAMES = [
    *("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M"),
    *("10M<n<100M", "100M<n<1B", "1B<n<10B", "10B<n<100B", "100B<n<1T", "n>1T"),
]


def hub_licence(stated: str) -> str:
    """The Hub's name of the licence that a source states; `other` if it has none there."""
    if stated.strip().lower() in ("", UNKNOWN, "null"):
        return UNKNOWN
    commons = CREATIVE_COMMONS.search(stated)
    if commons:
        return f"cc-{commons[1].replace(' ', '-')}-{commons[2]}".lower()
    return next((name for pattern, name in LICENCES if pattern.search(stated)), OTHER)


def size_category(documents: int) -> str:
    """The Hub's size category for a number of documents."""
    return SIZE_NAMES[max(0, min(len(str(documents)) - 3, len(SIZE_NAMES) - 1))]


def card_metadata(
    name: str, kept: KeptPile, settings: PipelineSettings, is_music: bool
) -> dict[str, Any]:
    """The card's YAML. name: of the source. is_music: whether the music classifier chose."""
    licences = sorted({hub_licence(licence) for _, licence in kept.licences}) or [UNKNOWN]
    is_english = settings.clean.enabled and settings.clean.other_languages
    return {
        "pretty_name": f"{name}, cleaned",
        "license": licences[0] if len(licences) == 1 else licences,
        **({"language": ["en"]} if is_english else {}),
        "size_categories": [size_category(kept.documents)],
        "task_categories": ["text-generation"],
        "tags": [*(["music"] if is_music else []), "pretraining", "deduplicated"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": "train", "path": f"{DATA}/*.parquet"}],
            }
        ],
    }


def licence_rows(kept: KeptPile) -> list[tuple[str, list[tuple[str, int]]]]:
    """Each source with its licences and their numbers of documents, the most frequent first."""
    by_source: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for (source, licence), count in kept.licences.most_common():
        by_source[source].append((licence, count))
    ordered = sorted(by_source.items(), key=lambda pair: -sum(count for _, count in pair[1]))
    return [(source, licences[:MOST_ROWS]) for source, licences in ordered[:MOST_ROWS]]


def write_card(
    folder: Path,
    name: str,
    kept: KeptPile,
    settings: PipelineSettings,
    is_music: bool,
    record: Mapping,
    versions: Iterable[tuple[str, str]],
    questions: Sequence[Mapping],
) -> None:
    """Writes the card of a dataset. record: of the run, as `pipeline.json` holds it."""
    metadata = card_metadata(name, kept, settings, is_music)
    page = templates.environment().get_template("card.md.j2")
    text = page.render(
        metadata=yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True),
        name=name,
        kept=kept,
        settings=settings,
        record=record,
        versions=list(versions),
        columns=DESCRIPTIONS,
        balance=balance(record["funnel"]),
        stages=stage_flows(record["funnel"]),
        sources=source_flows(record["funnel"]),
        licences=licence_rows(kept),
        questions=len(questions),
    )
    write_text(folder / CARD, text)
