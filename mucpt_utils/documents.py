"""Documents on disk, one JSON object a line, and the text a model is trained on."""

import json
from collections.abc import Iterable
from pathlib import Path

METADATA_FIELDS = ("source", "title", "creator", "year")


def read_jsonl(path: Path) -> list[dict]:
    """All objects of a file. Raises ValueError that names file and line for what is no JSON."""
    rows = []
    with Path(path).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                rows.append(json.loads(line))
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: no JSON object ({error})") from None
    return rows


def write_jsonl(path: Path, rows: Iterable[dict]) -> None:
    """Write one object a line, through a neighbour file, so that a kill leaves the old or the new."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    with beside.open("w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    beside.replace(path)


def training_text(document: dict, with_metadata: bool) -> str:
    """The document as it is trained on; its metadata stands before it unless switched off.

    The template is `[source | title | creator | year]`, absent fields left out. MuCPT joins text
    with its metadata; how is not published, so the template is this study's choice.
    """
    if not with_metadata:
        return document["text"]
    known = (document["metadata"].get(name) for name in METADATA_FIELDS)
    return f"[{' | '.join(str(value) for value in known if value)}]\n{document['text']}"
