"""From documents to token sequences: the tokenizer, the token store, packing, replay."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from mucpt_utils.errors import MuCPTError

if TYPE_CHECKING:  # transformers takes seconds to import
    from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

END = "<|endoftext|>"
TOGETHER = 1000  # documents per batch, whose tokens are lists, several times larger than arrays


class NothingToTrainOn(MuCPTError, ValueError):
    """Settings or a corpus that leave no document, row or token to train on."""


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> "PreTrainedTokenizerFast":
    """A byte-level BPE tokenizer (Sennrich et al. 2016) with `vocabulary` tokens; id 0 ends a text.

    Frequent years become one token each, like names.
    """
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END, pad_token=END)


@dataclass(frozen=True)
class TokenStore:
    """Tokens of many documents end to end, each closed by the end token.

    tokens: (total,) uint32 or uint16; starts: (documents + 1,) int64 offsets; ids: document ids.
    begin: the token that opens every document, if the model's tokenizer writes one; it is read
    but never learnt.
    """

    tokens: np.ndarray
    starts: np.ndarray
    ids: list[str]
    begin: int | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def document(self, index: int) -> np.ndarray:
        """Tokens of one document, the end token included."""
        return self.tokens[self.starts[index] : self.starts[index + 1]]

    def save(self, folder: Path) -> None:
        """Write the store as plain arrays that can be memory-mapped."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "tokens.npy", self.tokens)
        np.save(folder / "starts.npy", self.starts)
        (folder / "ids.json").write_text(json.dumps(self.ids), encoding="utf-8")
        (folder / "begin.json").write_text(json.dumps(self.begin), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "TokenStore":
        """Open a saved store; the tokens stay on disk until they are used."""
        return cls(
            np.load(folder / "tokens.npy", mmap_mode="r", allow_pickle=False),
            np.load(folder / "starts.npy", allow_pickle=False),
            json.loads((folder / "ids.json").read_text(encoding="utf-8")),
            json.loads((folder / "begin.json").read_text(encoding="utf-8")),
        )

    @property
    def learnt(self) -> np.ndarray:
        """Which tokens count: all but those that open a document; (total,) booleans."""
        if self.begin is None:
            return np.ones(self.tokens.size, bool)
        return np.asarray(self.tokens != self.begin)


def begin_token(tokenizer: "PreTrainedTokenizerBase") -> int | None:
    """The token that the tokenizer writes before every text, as Gemma's and Llama's do, or None.

    A model that was trained with one predicts badly without it. If it is the end token too, the
    end of the document before serves.
    """
    empty: Sequence[int] = tokenizer("")["input_ids"]
    begin = tokenizer.bos_token_id
    writes_one = (
        begin is not None and list(empty[:1]) == [begin] and begin != tokenizer.eos_token_id
    )
    return int(begin) if writes_one else None


def tokenise(
    tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str], ids: Sequence[str]
) -> TokenStore:
    """Encode documents in order. Raises ValueError if texts and ids differ in number."""
    if len(texts) != len(ids):
        raise ValueError(f"{len(texts)} texts but {len(ids)} ids")
    begin, end = begin_token(tokenizer), tokenizer.eos_token_id
    opening = [] if begin is None else [begin]
    dtype = np.uint16 if len(tokenizer) <= 2**16 else np.uint32
    rows: list[np.ndarray] = []
    for first in range(0, len(texts), TOGETHER):
        part = list(texts[first : first + TOGETHER])
        encoded = tokenizer(part, add_special_tokens=False)["input_ids"]
        rows += [np.array([*opening, *tokens, end], dtype) for tokens in encoded]
    starts = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    return TokenStore(np.concatenate(rows or [np.zeros(0, dtype)]), starts, list(ids), begin)


def concatenated(first: TokenStore, second: TokenStore) -> TokenStore:
    """Two stores of one tokenizer as one, documents in order."""
    return TokenStore(
        np.concatenate([first.tokens, second.tokens]),
        np.concatenate([first.starts, second.starts[1:] + first.starts[-1]]),
        [*first.ids, *second.ids],
        first.begin,
    )


def sample(store: TokenStore, tokens: int, seed: int) -> TokenStore:
    """Documents drawn without replacement until they have `tokens` tokens; else all of them."""
    order = np.random.default_rng(seed).permutation(len(store))
    lengths = np.diff(store.starts)[order]
    return taken(store, order[: 1 + int(np.searchsorted(np.cumsum(lengths), tokens))])


def taken(store: TokenStore, order: np.ndarray) -> TokenStore:
    """The documents in `order`, by their numbers, as a store of their own."""
    starts = np.cumsum([0, *np.diff(store.starts)[order]]).astype(np.int64)
    ids = [store.ids[index] for index in order]
    return TokenStore(gather(store, order), starts, ids, store.begin)


def gather(
    store: TokenStore, order: Sequence[int] | np.ndarray, values: np.ndarray | None = None
) -> np.ndarray:
    """Tokens (or `values` aligned with them) of the documents in `order`, end to end."""
    source = store.tokens if values is None else values
    if not len(order):
        return np.zeros(0, source.dtype)
    return np.concatenate([source[store.starts[i] : store.starts[i + 1]] for i in order])


def document_order(
    documents: np.ndarray, lengths: np.ndarray, tokens: int, seed: int
) -> np.ndarray:
    """Shuffled passes over `documents` until there are at least `tokens` tokens.

    documents: indices to draw from; lengths: tokens of every document of the store. Each pass has
    its own order. Raises NothingToTrainOn for nothing to draw from.
    """
    if not len(documents):
        raise NothingToTrainOn("no documents to train on: everything was filtered out")
    rng = np.random.default_rng(seed)
    order, total = [], 0
    while total < tokens:
        order.append(rng.permutation(documents))
        total += int(lengths[documents].sum())
    return np.concatenate(order)


def pack(
    flat: np.ndarray, context: int, sequences: int, opening: float | None = None
) -> np.ndarray:
    """The first `sequences` rows of `context` tokens, or of values aligned with tokens.

    opening: put at the head of every row, before `context - 1` others: the begin token of a
    model that needs one, and 0 for values. Raises ValueError if there are too few.
    """
    width = context if opening is None else context - 1
    if flat.size < width * sequences:
        raise ValueError(f"{flat.size} tokens do not fill {sequences} sequences of {context}")
    rows = np.asarray(flat[: width * sequences]).reshape(sequences, width)
    if opening is None:
        return rows
    return np.concatenate([np.full((sequences, 1), opening, rows.dtype), rows], axis=1)


def interleave(domain: int, replay: int) -> np.ndarray:
    """Positions of replay among domain sequences: (domain + replay,) booleans, evenly spread."""
    total = domain + replay
    marks = (np.arange(1, total + 1) * replay) // max(total, 1)
    return np.diff(np.concatenate([[0], marks])).astype(bool)
