"""Repair of mojibake, on the cases that ftfy's own tests are made of."""

import json
from collections.abc import Callable, Iterator

import ftfy
from ftfy import TextFixerConfig

from mucpt_utils.pipeline.cleaning import repair_line
from mucpt_utils.pipeline.edits import edited_text, line_edits
from stages.common import data, passages, row, sampled, share

STAGE = "mojibake repair"
# what ftfy does beside the encoding (quotes, ligatures, width) is put aside on both sides
REST = TextFixerConfig(fix_encoding=False, unescape_html="auto")


def repaired(text: str) -> str:
    """The text as the cleaning stage leaves it."""
    return edited_text(text, line_edits(text, repair_line))


def _same(text: str, wanted: str) -> bool:
    return ftfy.fix_text(text, config=REST) == ftfy.fix_text(wanted, config=REST)


def measure() -> Iterator[dict]:
    """Cases repaired, beside ftfy's fix_encoding and fix_text; negatives and prose left alone."""
    for path in sorted(data("cleaning", "ftfy_mojibake").glob("*.json")):
        cases = json.loads(path.read_text(encoding="utf-8"))
        sides: dict[str, Callable[[str], str]] = {
            "ours": repaired,
            "ftfy.fix_encoding": ftfy.fix_encoding,
            "ftfy.fix_text": ftfy.fix_text,
        }
        right = {
            name: share(_same(side(case["original"]), case["fixed"]) for case in cases)
            for name, side in sides.items()
        }
        theirs = max(right["ftfy.fix_encoding"][0], right["ftfy.fix_text"][0])
        for name, (value, n) in right.items():
            goal = theirs if name == "ours" else None
            yield row(STAGE, f"right, {path.stem}", name, value, n, least=goal)
    for lane in ("music_prose", "general_prose"):
        texts = [d.text for d in sampled(passages(lane), 1000)]
        value, n = share(repaired(text) == text for text in texts)
        yield row(STAGE, "passages of real prose left as they are", lane, value, n)
        good = [text for text in texts if not ftfy.badness.is_bad(text)]
        value, n = share(_same(repaired(text), text) for text in good)
        yield row(STAGE, "passages that look right and stay so", lane, value, n, least=1)
