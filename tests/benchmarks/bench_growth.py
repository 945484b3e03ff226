"""How the time of each stage grows with the length of a line: the exponent, at its worst lines.

    python tests/benchmarks/bench_growth.py [STAGE ...] [--largest KB] [--out FILE]

Each stage reads lines made to be hard for it, of 10 KB up to 1,000 KB: one entity, initials, tags
that never close, addresses, brackets, one character, a script without spaces, many short lines;
rows of JSON and web archives likewise. The exponent is the slope of log time over log length; 1 is
linear, 2 is quadratic. Goal: at most 1.1. Processor time is measured, in a child process that is
ended at the limit; a stage that meets the limit counts as not linear.
"""

import argparse
import gc
import itertools
import json
import math
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from datatrove.data import Document

from mucpt_utils import paths
from mucpt_utils.config.pipeline import ClassifierSettings, MinhashSettings, PipelineSettings
from mucpt_utils.config.text import SourceSettings
from mucpt_utils.io import write_json
from mucpt_utils.pipeline.duplicates import ExactSignatures, NearSignatures
from mucpt_utils.pipeline.plan import plan_stages
from mucpt_utils.pipeline.similarity.containment import work_piece
from mucpt_utils.pipeline.similarity.differences import Anchored, state_other_facts, words_of
from mucpt_utils.text.sources import open_input

sys.path.append(str(paths.ROOT / "tests"))  # where the tests' helpers are
from flawed_corpus import QUESTION

SIZES = (10, 100, 1000)  # KB
GOAL = 1.1
SHORTEST = 0.02  # seconds; a shorter time says more about the clock than about the stage
REPEATED_BELOW = 2.0  # seconds; of such times the least of three counts
# what a line is made of, over and over
REPEATED = {
    "prose": "The second movement opens with a chorale in the low brass, and strings answer. ",
    "initials": "A. ",
    "sentences of a word": "No! ",
    "entities": "&amp; ",
    "entities without spaces": "&amp;",
    "mojibake": "DvoÅ™Ã¡k ",
    "mojibake without spaces": "Ã©",
    "image tags": "<img ",
    "closed image tags": '<img src="a.gif"> ',
    "nested tags": "<div>",
    "nested inline tags": "<b>",
    "paragraph tags": "<p>The third theme is given to the clarinets, and strings answer it.</p>",
    "loose inline tags": "<b>theme</b> is given to the clarinets, ",
    "loose links": "<a href=q>theme</a> is given to the clarinets, ",
    "closed comments": "theme is given <!-- to --> the clarinets ",
    "instructions": "theme is given <?to?> the clarinets ",
    "sections of data": "theme is given <![CDATA[to]]> the clarinets ",
    "script blocks": "theme is given <script>var a = 1;</script>",
    "hidden paragraphs": '<p style="display: none">The third theme is given to the clarinets.</p>',
    "headings": "<h2>The third theme</h2><p>It is given to the clarinets, and strings answer.</p>",
    "lists in lists": "<ul><li>The third theme is given ",
    "terms": "<dt>theme</dt><dd>What is given to the clarinets, and what the strings answer.</dd>",
    "cells of a row": "<td>theme is given</td>",
    "rows of a table": "<tr><td>theme</td><td>It is given to the clarinets and strings</td></tr>",
    "options": "<option>theme is given",
    "letters with accents": "&eacute;",
    "numbers of letters": "&#233;",
    "line break tags": "The theme is given to the clarinets<br>",
    "tags that never close": "<font size=2>theme is given ",
    "tables in tables": "<table><tr><td>theme is given ",
    "items that never close": "<li>The third theme is given to the clarinets and the strings",
    "comments": "<!-- ",
    "addresses": "https://a.example/b?c=d ",
    "addresses without spaces": "https://a.example/b?c=d",
    "tracking addresses": "https://a.example/b?utm_source=d1 ",
    "parameters": "sid=1&",
    "headers": "x-",
    "hexadecimal": "0a1b",
    "session": "session ",
    "round brackets": "(",
    "square brackets": "[",
    "square brackets of links": "[a](",
    "images of Markdown": "![",
    "curly brackets": "{{",
    "percent brackets": "{% ",
    "stars": "*a ",
    "double stars": "**a",
    "underscores": "_a_",
    "back quotes": "`a ``",
    "quotes of Markdown": "> ",
    "cells": "| a ",
    "pipes": "Home | ",
    "colons": "a: ",
    "roles": ":a:`b ",
    "double colons": "a::",
    "one letter": "a",
    "capitals": "A",
    "digits": "1",
    "groups of digits": "12 34 ",
    "digits and full stops": "1.2.",
    "digits and dashes": "123-45-",
    "exclamation marks": "!",
    "question marks": "?",
    "full stops": ".",
    "dashes": "-",
    "low lines": "_",
    "white space": " ",
    "tabs": "\t",
    "back slashes": "\\",
    "quotation marks": '"',
    "opening quotation marks": "“",
    "apostrophes": "'a",
    "at signs": "a@",
    "mail without an end": "a.a@a.",
    "handles": "@ab ",
    "script without spaces": "音楽",
    "combining marks": "e\u0301",
    "short lines": "la\n",
    "empty lines": "\n",
    "lines of records": "Key: x\n",
    "list": "- a\n",
    "nested list": "- ",
    "questions": "Who wrote what and when? ",
    "question words": "who what which ",
    "names": "Marquee Moon ",
    "calls": "Buy now ",
    "offers": "free online casino bonus, ",
}


def lines(size: int) -> Iterator[tuple[str, str]]:
    """(name, line of about `size` KB) of every kind."""
    length = size * 1000
    for name, piece in REPEATED.items():
        yield name, (piece * (length // len(piece) + 1))[:length]
    half = REPEATED["prose"] * (length // 160)
    yield "one entity", f"{half}Rock &amp; Roll. {half}"
    yield "one entity without spaces", f"{'a' * (length // 2)}&amp;{'b' * (length // 2)}"
    yield "one tag that never closes", f"<img {half}{half}"
    links = REPEATED["loose links"]
    pairs = length // 12
    yield "attributes of a tag", f"<b {' '.join(f'a{n}=b' for n in range(pairs))}>theme</b>"
    yield "one long tag", f"<{'a' * length}"
    yield "nested tags, then a long one", "<div>" * 300 + f"<{'a' * length}"
    yield "a table of rows", f"<table>{REPEATED['rows of a table'] * (length // 80)}</table>"
    yield "a heading of signs", f"#a{'#' * (length // 2)}{' ' * (length // 2)}b"
    yield "loose links in a division", f"<div>{links * (length // len(links))}</div>"
    yield "brackets that close", "(" * (length // 2) + ")" * (length // 2)
    yield "words all different", " ".join(f"w{n}" for n in range(length // 7))


def rows(size: int) -> Iterator[tuple[str, str]]:
    """(name, line of JSON of about `size` KB) of every kind."""
    length = size * 1000
    fields = ",".join(f'"k{n}":{n}' for n in range(length // 12))
    opening = '{"text":"The second movement","k":'
    yield "fields", f'{{"text":"The second movement",{fields}}}'
    yield "fields that are no number", f"{opening}NaN,{fields}}}"
    yield "one field many times", opening + "NaN" + ',"k":1' * (length // 6) + "}"
    yield "lists in lists", f"{opening}{'[' * (length // 2)}{']' * (length // 2)}}}"
    yield "short lists", f"{opening}[{'[1],' * (length // 4)}[1]]}}"
    yield "digits", f"{opening}{'1' * length}}}"
    yield "a fraction", f"{opening}0.{'1' * length}}}"
    yield "escapes", '{"text":"' + "\\u00e9" * (length // 6) + '"}'
    yield "quotation marks, cut off", opening + "[" * 300 + '"' + '\\"' * (length // 2)
    yield "small rows", '{"text":"The second movement"}\n' * (length // 31)


def archives(size: int) -> Iterator[tuple[str, str]]:
    """(name, web archive of about `size` KB) of every kind."""
    length = size * 1000
    record = "WARC/1.0\r\nWARC-Type: conversion\r\n{}Content-Length: {}\r\n\r\n{}\r\n\r\n"
    small, text = record.format("", 19, "The second movement"), REPEATED["prose"]
    yield "small records", small * (length // len(small))
    yield "records that say too much", record.format("", 10**8, text) * (length // 150)
    yield "records that say twice as much", record.format("", 160, text) * (length // 150)
    yield "fields of a header", record.format("a: b\r\n" * (length // 6), 5, "theme")
    yield "lines of a field", record.format("a: b\r\n" + " c\r\n" * (length // 4), 5, "theme")
    yield "a header without an end", "WARC/1.0\r\n" + "a: b\r\n" * (length // 6)
    yield "no record", "theme\r\n" * (length // 7)
    header = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = header + "1\r\na\r\n" * (length // 6) + "0\r\n\r\n"
    response = record.replace("conversion", "response")
    yield "chunks of a letter", response.format("", len(body), body)


def blocks(name: str, folder: Path) -> Callable[[str], None]:
    """The mapping blocks of a stage of the default recipe, as a function of a text."""
    settings = PipelineSettings(clean={"max_words": 10_000_000})
    needs_classifier = name == "classify"
    classifier = trained(folder) if needs_classifier else None
    if not needs_classifier:
        settings = settings.model_copy(update={"classifier": "off"})
    (stage,) = (s for s in plan_stages(settings, classifier, [QUESTION]) if s.name == name)
    steps = stage.blocks(folder) if stage.blocks else []

    def run(text: str) -> None:
        data = iter([Document(text, "d", metadata={"source": "s"})])
        for step in steps:
            data = step.run(data)
        list(data)

    return run


def trained(folder: Path) -> Path:
    """A small classifier: how long it takes does not depend on what it has learnt."""
    from mucpt_utils.pipeline.domain.training import train_classifier

    topics = ("The piano plays a melody number", "Chop onions and fry them in butter for")
    labelled = [
        (f"{topics[n % 2]} {n}, and then again {n * 7} times over", n % 2 == 0, f"g{n % 8}")
        for n in range(64)
    ]
    train_classifier(
        labelled, folder / "classifier", 0, ClassifierSettings(dimensions=4, min_count=1, folds=2)
    )
    return folder / "classifier"


def reading(suffix: str, folder: Path) -> Callable[[str], None]:
    """Reading a file of this form, as a function of the text in it."""

    def run(text: str) -> None:
        source = folder / "source"
        source.mkdir(exist_ok=True)
        content = {
            ".jsonl": lambda: json.dumps({"text": text}),
            ".html": lambda: f"<html><body><article><p>{text}</p></article></body></html>",
        }.get(suffix, lambda: text)()
        (source / f"a{suffix}").write_text(content, encoding="utf-8")
        for unit in open_input(source, SourceSettings(), folder / "fetched").units(10**9):
            list(unit())

    return run


def near(folder: Path) -> Callable[[str], None]:
    """Signature of a text, its shingles as a part of a work, and its facts beside another's."""
    block = NearSignatures(folder, MinhashSettings())

    def run(text: str) -> None:
        block.sets, block.texts = [], []
        block.hashes(text)
        work_piece("w", [Document(text, "w#0"), Document(text, "w#1")], 5)
        state_other_facts(text, text[1:])
        Anchored(text).states_other_facts(words_of(text[1:]))

    return run


def exact(folder: Path) -> Callable[[str], None]:
    """Digest of a text."""
    return ExactSignatures(folder).hashes  # type: ignore[return-value]


def reading_as_it_is(name: str, folder: Path) -> Callable[[str], None]:
    """Reading a file of this name, as a function of its content."""

    def run(text: str) -> None:
        source = folder / "source"
        source.mkdir(exist_ok=True)
        (source / name).write_text(text, encoding="utf-8", newline="")
        for unit in open_input(source, SourceSettings(), folder / "fetched").units(10**9):
            list(unit())

    return run


STAGES: dict[str, Callable[[Path], Callable[[str], None]]] = {
    **{f"read {s}": partial(reading, s) for s in (".txt", ".md", ".rst", ".html", ".jsonl")},
    "read rows": partial(reading_as_it_is, "a.jsonl"),
    "read archives": partial(reading_as_it_is, "a.warc"),
    "classify": partial(blocks, "classify"),
    "clean": partial(blocks, "clean"),
    "exact_duplicates": exact,
    "near_duplicates": near,
    "mask": partial(blocks, "mask"),
    "decontaminate": partial(blocks, "decontaminate"),
}


KINDS = {"read rows": rows, "read archives": archives}  # what other stages read are `lines`


def seconds(run: Callable[[str], None], text: str, limit: float) -> float:
    """Processor time of a stage over a text, in a child; infinite where it meets the limit."""
    receiver, sender = multiprocessing.Pipe(duplex=False)

    def child() -> None:
        sys.stderr = open("/dev/null", "w")  # noqa: SIM115 - what parsers warn of
        started = time.process_time()
        run(text)
        sender.send(time.process_time() - started)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    try:
        has_ended = receiver.poll(limit)
        return receiver.recv() if has_ended else math.inf
    except EOFError:
        return math.nan  # the stage failed
    finally:
        sender.close()
        process.kill()
        process.join()
        receiver.close()


def exponent(times: dict[int, float]) -> float:
    """Slope of log time over log size between the two largest sizes; 0 where both are too short."""
    (small, before), (large, after) = list(times.items())[-2:]
    if math.isinf(after):
        return math.inf
    if after < SHORTEST:
        return 0.0
    return math.log(after / max(before, SHORTEST / 10)) / math.log(large / small)


def measured(stage: str, largest: int, limit: float) -> Iterator[dict]:
    """A row for each kind of line: the times by size, the exponent."""
    sizes = [size for size in SIZES if size <= largest]
    with tempfile.TemporaryDirectory() as folder:
        run = STAGES[stage](Path(folder))
        run(REPEATED["prose"] * 10)  # what is loaded once is loaded now
        gc.freeze()
        texts = {size: dict(KINDS.get(stage, lines)(size)) for size in sizes}
        for kind in texts[sizes[0]]:
            times: dict[int, float] = {}
            for size in sizes:
                times[size] = seconds(run, texts[size][kind], limit)
                if times[size] < REPEATED_BELOW:  # the shorter, the more a disturbance weighs
                    more = (seconds(run, texts[size][kind], limit) for _ in range(2))
                    times[size] = min(times[size], *more)
                if not times[size] < limit:
                    break
            if len(times) == 1:
                times = {1: 0.001, **times}
            yield {"stage": stage, "line": kind, "exponent": exponent(times), "seconds": times}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("stage", nargs="*", help=f"of {', '.join(STAGES)}; all unless given")
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="KB")
    parser.add_argument(
        "--limit", type=float, default=120.0, help="seconds of the clock for a line"
    )
    parser.add_argument("--worst", type=int, default=3, help="lines shown of each stage")
    parser.add_argument("--out", type=Path, help="JSON file of every measurement")
    options = parser.parse_args()
    rows = []
    for stage in options.stage or STAGES:
        here = list(measured(stage, options.largest, options.limit))
        here.sort(key=lambda row: row["exponent"], reverse=True)
        rows += here
        for row in itertools.islice(here, options.worst):
            shown = ", ".join(f"{size} KB {t:.2f} s" for size, t in row["seconds"].items())
            print(f"{stage:18} {row['exponent']:5.2f}  {row['line']:28} {shown}", flush=True)
    missed = [row for row in rows if not row["exponent"] <= GOAL]
    print(f"{len(rows) - len(missed)} of {len(rows)} lines grow by an exponent of {GOAL} at most")
    if options.out:
        write_json(options.out, rows)


if __name__ == "__main__":
    main()
