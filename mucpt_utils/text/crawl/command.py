"""The command `render`: a flawed corpus about the music facts, of any size.

python -m mucpt_utils render --out DIR --documents N --seed S
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from mucpt_utils.arguments import Parser, place, positive
from mucpt_utils.config.text import RenderSettings
from mucpt_utils.errors import OK, OUTSIDE, MuCPTError
from mucpt_utils.io import write_jsonl
from mucpt_utils.knowledge.facts import load_facts
from mucpt_utils.knowledge.relations import load_relations
from mucpt_utils.text.crawl.corpus import add_flaws, clean_share
from mucpt_utils.text.render.documents import document_rng, group_by_subject, render_documents


def write_corpus(folder: Path, documents: int, seed: int, settings: RenderSettings) -> list[dict]:
    """Write `folder/documents.jsonl`: about `documents` flawed music documents; returns them."""
    facts, relations = load_facts("music"), load_relations()
    wanted = max(1, round(documents * clean_share(settings)))
    rounds = -(-wanted // len(group_by_subject(facts)))
    settings = settings.model_copy(update={"documents_per_subject": rounds})
    clean = render_documents(facts, relations, settings, seed, "music")
    clean = document_rng(seed, "cut").sample(clean, wanted)
    corpus = add_flaws(clean, facts, settings, seed, load_facts("general"))
    write_jsonl(folder / "documents.jsonl", corpus)
    return corpus


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a flawed corpus of the music facts; returns the exit code."""
    parser = Parser(
        prog="python -m mucpt_utils render", description="Write a corpus of rendered documents."
    )
    parser.add_argument("--out", type=place, required=True, help="folder for documents.jsonl")
    parser.add_argument(
        "--documents", type=positive, default=10_000, help="size of the flawed corpus, at least 1"
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    try:
        corpus = write_corpus(options.out, options.documents, options.seed, RenderSettings())
    except MuCPTError as error:
        print(f"render: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"render: {options.out}: {error.strerror}", file=sys.stderr)
        return OUTSIDE
    print(f"{options.out / 'documents.jsonl'}: {len(corpus)} documents")
    return OK
