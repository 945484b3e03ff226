"""A short supervised tuning after an arm: questions and answers, loss on the answers alone."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mucpt_utils.scoring.tokens import begin_token

if TYPE_CHECKING:  # transformers takes seconds to import
    from transformers import PreTrainedTokenizerBase

ANSWER = re.compile(r"(?<=\nAnswer:)[^\n]*\n")


def answer_tokens(texts: Sequence[str], tokenizer: "PreTrainedTokenizerBase") -> np.ndarray:
    """1 for each token of an answer and its closing newline, 0 elsewhere, as float32.

    texts: `Question: ...\\nAnswer: ...\\n`, any number of times. The result is aligned with
    `tokens.tokenise`, begin and end tokens included.
    """
    rows, opening = [], int(bool(texts) and begin_token(tokenizer) is not None)
    for text in texts:
        encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        begins, ends = np.array(encoded["offset_mapping"], int).reshape(-1, 2).T
        row = np.zeros(opening + len(begins) + 1, np.float32)
        for answer in ANSWER.finditer(text):
            row[opening:-1][(begins < answer.end()) & (ends > answer.start())] = 1.0
        rows.append(row)
    return np.concatenate(rows) if rows else np.zeros(0, np.float32)
