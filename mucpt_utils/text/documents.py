"""Documents on disk, one JSON object a line, and the text a model is trained on."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path


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
    """Write one object a line; a kill leaves the old file or the new one, never a part of it."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    with beside.open("w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    beside.replace(path)


def training_text(document: dict, fields: Sequence[str]) -> str:
    """The document as it is trained on, behind a line of its metadata `fields` (none: no line).

    The template is `[source | title]`, absent fields left out. MuCPT joins text with its metadata;
    how is not published, so the template is this study's choice.
    """
    known = [str(value) for name in fields if (value := document["metadata"].get(name))]
    return f"[{' | '.join(known)}]\n{document['text']}" if known else document["text"]
