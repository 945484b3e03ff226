"""Train a domain classifier on your own text, for `python -m mucpt_utils pipeline --classifier`.

python -m mucpt_utils pipeline train-classifier --music DIR --general DIR --out DIR
python -m mucpt_utils pipeline train-classifier --labelled FILE.jsonl --out DIR

A folder is read as the pipeline reads it; each file is a group, each folder in it a source. A line
of FILE.jsonl holds `text`, `label` (music or general) and, optionally, `group` and `source`.
A passage with both labels is left out.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from datatrove.data import Document

from mucpt_utils.arguments import Parser, place
from mucpt_utils.config.pipeline import ClassifierSettings
from mucpt_utils.config.text import SourceSettings
from mucpt_utils.errors import OK, OUTSIDE, WRONG_INPUT, MuCPTError
from mucpt_utils.io import FileError, read_json, read_jsonl, write_text
from mucpt_utils.pipeline.domain.classifier import RECORD_FILE, TERMS_FILE, fingerprint
from mucpt_utils.pipeline.domain.fasttext_model import MODEL_FILE
from mucpt_utils.pipeline.domain.sections import labelled_sections
from mucpt_utils.pipeline.domain.training import (
    Example,
    ExamplesError,
    held_out_measures,
    train_classifier,
)
from mucpt_utils.text import sources

README = "README.md"
FILES = (README, RECORD_FILE, TERMS_FILE, MODEL_FILE)
MUSIC, GENERAL, MIXED = "music", "general", "mixed"
CARD = """# Domain classifier

Trained by `python -m mucpt_utils pipeline train-classifier` on {music} passages of music and
{general} of other text, in {groups} files or groups and {sources} sources. Digest: `{digest}`.
{left_out}

| on groups held out of training | |
|---|--:|
{measures}

Each passage is judged by a model that has not seen its group; the two numbers of the calibration
were fitted on all of them. The figures count passages alike, while a probability presumes that
{prior:.0%} of what is read is about music. On kinds of text that were not among what it was trained
on it is less sure than these figures say; measure it there.
"""


def folder_examples(
    folder: Path, in_domain: bool, out: Path | None = None
) -> Iterator[Example | sources.Unreadable]:
    """Passages of every file of a folder, or of one file, and what is unreadable in it.

    out: where the classifier goes; files of an earlier one are no text.

    A book that its library table calls `mixed` is split by article or chapter; sections that are
    clearly about music, or clearly not, are used, with their own label. Raises FileNotFoundError.
    """
    if not folder.exists():
        raise FileNotFoundError(f"{folder} is missing; name a folder or a file of text")
    root = folder if folder.is_dir() else folder.parent
    for path in sources.source_files(folder):
        if out and path.name in FILES and path.parent.resolve() == out.resolve():
            continue
        items = list(sources.read_source(path, root, SourceSettings()))
        documents = [item for item in items if isinstance(item, Document)]
        yield from (item for item in items if isinstance(item, sources.Unreadable))
        source = documents[0].metadata.get("source", "") if documents else ""
        if documents and documents[0].metadata.get("library_label") == MIXED:
            texts = [document.text for document in documents]
            yield from labelled_sections(texts, str(path), source)
            continue
        for document in documents:
            # rows of one large file are groups of their own
            group = document.metadata.get("file") or document.id
            yield Example(document.text, in_domain, f"{root}/{group}", source)


def file_examples(path: Path) -> Iterator[Example]:
    """Labelled passages of JSON Lines. Raises FileError, which names the row of a wrong label."""
    for number, row in enumerate(read_jsonl(path, ("text", "label")), 1):
        if row["label"] not in (MUSIC, GENERAL):
            raise FileError(
                f"{path}, row {number}: label is {row['label']!r}; allowed: {MUSIC}, {GENERAL}"
            )
        group, source = (
            "" if row.get(name) is None else str(row[name]) for name in ("group", "source")
        )
        yield Example(row["text"], row["label"] == MUSIC, group or f"row {number}", source)


def gather(options: argparse.Namespace) -> tuple[list[Example], list[str]]:
    """The examples that the options name, and what was left out. Raises ExamplesError if none."""
    examples: list[Example] = []
    unread: list[sources.Unreadable] = []
    for folder, in_domain, name in (
        (options.music, True, "--music"),
        (options.general, False, "--general"),
    ):
        if folder:
            items = list(folder_examples(folder, in_domain, options.out))
            read = [item for item in items if isinstance(item, Example)]
            if not read:
                raise ExamplesError(f"{name} {folder}: no readable text in it")
            examples += read
            unread += [item for item in items if isinstance(item, sources.Unreadable)]
    if options.labelled:
        examples += file_examples(options.labelled)
    if not examples:
        raise ExamplesError("nothing to learn from: give --music and --general, or --labelled")
    kept, both = without_both_labels(examples)
    left_out = [f"labelled both {MUSIC} and {GENERAL}: {len(both)} passages"] if both else []
    if unread:
        first = f"{unread[0].place}: {unread[0].reason}"
        left_out.append(f"unreadable: {sum(u.documents for u in unread)}, the first {first}")
    return kept, left_out


def without_both_labels(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """The examples whose text has one label everywhere, and the others, which teach nothing."""
    labels: dict[str, set[bool]] = defaultdict(set)
    for example in examples:
        labels[example.text.strip()].add(example.in_domain)
    kept = [e for e in examples if len(labels[e.text.strip()]) == 1]
    return kept, [e for e in examples if len(labels[e.text.strip()]) > 1]


def write_card(
    folder: Path,
    examples: Sequence[Example],
    left_out: Sequence[str],
    measures: dict,
    prior: float,
) -> None:
    """Write the classifier's README: what it was trained on, and how it did on held-out groups."""
    music = sum(e.in_domain for e in examples)
    card = CARD.format(
        music=music,
        general=len(examples) - music,
        groups=len({e.group for e in examples}),
        sources=len({e.source for e in examples}),
        digest=fingerprint(folder)[:12],
        left_out="".join(f"\nLeft out: {what}.\n" for what in left_out),
        measures="\n".join(measure_lines(measures, "| {} | {} |")),
        prior=prior,
    )
    write_text(folder / README, card)


def measure_lines(measures: dict, form: str) -> list[str]:
    """The measures in words, one per line."""
    return [
        form.format(name.replace("_", " "), f"{value:.3f}" if isinstance(value, float) else value)
        for name, value in measures.items()
    ]


def check_folder(folder: Path) -> None:
    """Raises FileExistsError if a classifier would replace files that are not one's.

    Raises NotADirectoryError if it is a file. An earlier classifier is replaced; a folder with
    other files beside is used as it is.
    """
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"--out {folder} is a file; name a folder")
    if not folder.is_dir():
        return
    mine = read_json(folder / RECORD_FILE) if (folder / RECORD_FILE).is_file() else {}
    card = folder / README
    is_mine = isinstance(mine, dict) and {"calibration", "coefficients"} <= mine.keys()
    if card.is_file() and not card.read_bytes().startswith(CARD.partition("{")[0].encode()):
        taken: list[str] = [README]
    else:
        names = () if is_mine else (RECORD_FILE, TERMS_FILE, MODEL_FILE)
        taken = [name for name in names if (folder / name).exists()]
    if taken:
        raise FileExistsError(
            f"--out {folder} holds {taken[0]}, which no training has left there; choose another "
            "folder"
        )


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line's options."""
    parser = Parser(
        prog="python -m mucpt_utils pipeline train-classifier",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--music", type=Path, help="a folder of text about music")
    parser.add_argument("--general", type=Path, help="a folder of text about other things")
    parser.add_argument("--labelled", type=Path, help="JSON Lines with text and label")
    parser.add_argument("--out", type=place, required=True, help="folder for the classifier")
    parser.add_argument("--prior", type=float, default=0.25, help="share of music in what is read")
    parser.add_argument("--without-fasttext", action="store_true", help="terms and names alone")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, calibrate, measure, save; returns the exit code."""
    options = parse_arguments(arguments)
    try:
        if not 0 < options.prior < 1:
            raise ExamplesError(f"--prior is {options.prior}; allowed: between 0 and 1")
        check_folder(options.out)
        settings = ClassifierSettings(prior=options.prior, fasttext=not options.without_fasttext)
        examples, left_out = gather(options)
        for what in left_out:
            print(f"train-classifier: left out, {what}", file=sys.stderr)
        trained = train_classifier(examples, options.out, 0, settings)
        measures = held_out_measures(trained.held_out, np.array([e.in_domain for e in examples]))
        write_card(options.out, examples, left_out, measures, settings.prior)
    except MuCPTError as error:
        print(f"train-classifier: {error}", file=sys.stderr)
        return error.exit_code
    except (FileNotFoundError, FileExistsError, NotADirectoryError, PermissionError) as error:
        print(f"train-classifier: {error}", file=sys.stderr)
        return WRONG_INPUT
    except OSError as error:  # such as a full disk
        print(f"train-classifier: {error}", file=sys.stderr)
        return OUTSIDE
    reads = "terms, names and fastText" if trained.classifier.fasttext else "terms and names"
    print(f"{options.out}: sha256 {fingerprint(options.out)[:12]}, reads {reads}")
    print("\n".join(measure_lines(measures, "held out, {}: {}")))
    return OK
