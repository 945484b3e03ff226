"""What a trained model says and how well it predicts: responses to questions, bits per byte."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mucpt_utils.musicsimpleqa.asking.ask import answer_log_likelihoods, answer_questions, prompt
from mucpt_utils.scoring.losses import score
from mucpt_utils.scoring.tokens import TokenStore

if TYPE_CHECKING:  # transformers takes seconds to import
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def respond(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    questions: Sequence[dict],
    new_tokens: int,
    examples: Sequence[Mapping] = (),
) -> list[dict]:
    """One row per question: id, subject, stratum, response, mean log-likelihood of the key (nats).

    examples: question dicts shown with their answers before each question.
    """
    if not questions:
        return []
    prompts = [prompt(question["question"], examples) for question in questions]
    responses = answer_questions(
        model, tokenizer, prompts, max_new_tokens=new_tokens, progress=False
    )
    likelihoods = answer_log_likelihoods(model, tokenizer, questions, examples=examples)
    return [
        {
            "question_id": question["id"],
            "subject": question["subject"],
            "stratum": question["stratum"],
            "response": response,
            "log_likelihood": likelihood.mean,
        }
        for question, response, likelihood in zip(questions, responses, likelihoods, strict=True)
    ]


def bits_per_byte(model: "PreTrainedModel", store: TokenStore, bytes_: int, context: int) -> float:
    """Bits per byte of held-out text: its total loss in bits over its size `bytes_` in UTF-8."""
    losses = score(model, store, context).astype(np.float64)
    return float(losses.sum() / math.log(2) / bytes_)
