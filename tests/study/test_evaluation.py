"""What a run's model says and how well it predicts: a model to which every token is as likely."""

import math

import pytest
import torch
from qa_model import questions

from mucpt_utils.config.scoring import ModelSettings
from mucpt_utils.musicsimpleqa.asking.ask import prompt
from mucpt_utils.scoring.models import from_scratch
from mucpt_utils.scoring.tokens import train_tokenizer
from mucpt_utils.study.evaluation import bits_per_byte, respond

SMALL = ModelSettings(hidden_size=16, layers=1, heads=2, intermediate_size=24, context=256)


def even_model(vocabulary):
    """A model whose logits are all 0."""
    model = from_scratch(SMALL, vocabulary, seed=0).eval()
    with torch.no_grad():
        model.get_output_embeddings().weight.zero_()
    return model


def test_bits_per_byte_are_those_of_all_tokens_over_the_bytes(store_of):
    """Among 32 tokens five bits each: 150 bits for 30 tokens, over 60 bytes."""
    found = bits_per_byte(even_model(32), store_of([10, 20], vocabulary=32), 60, context=16)
    assert found == pytest.approx(2.5, rel=1e-3)


def test_a_response_has_the_mean_log_likelihood_of_its_key():
    """Per token: the keys of both questions are as likely, of however many tokens they are."""
    asked = questions()[1:3]
    tokenizer = train_tokenizer([prompt(question["question"]) for question in asked], 300)
    rows = respond(even_model(len(tokenizer)), tokenizer, asked, new_tokens=2)
    assert [row["question_id"] for row in rows] == [question["id"] for question in asked]
    lengths = {len(tokenizer(f" {question['answer']}")["input_ids"]) for question in asked}
    assert len(lengths) == 2
    for row in rows:
        assert row["log_likelihood"] == pytest.approx(-math.log(len(tokenizer)))
