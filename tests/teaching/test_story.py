"""The sentence that the first notebooks follow, on the smallest study."""

import numpy as np
import pytest
import torch

from mucpt_utils.scoring import losses, models
from mucpt_utils.scoring.tokens import TokenStore
from mucpt_utils.teaching import story


@pytest.fixture(scope="module")
def followed(study):
    return story.find_story(study)


def test_the_story_is_a_true_sentence_of_a_kept_document_and_always_the_same(study, followed):
    assert followed == story.find_story(study)
    assert followed.raw["id"] == followed.kept["id"]
    assert followed.fact in study.roles.test
    assert followed.fact.object in followed.after
    span = followed.raw["metadata"]["truth"]["spans"][followed.span]
    assert (span["kind"], span["fact"]) == ("fact", followed.fact.id)


def test_a_corpus_without_a_fact_under_test_has_no_story(study, monkeypatch):
    monkeypatch.setattr(story, "kept_documents", lambda folder: [])
    with pytest.raises(ValueError, match="tells a fact under test"):
        story.find_story(study)


def test_the_pieces_of_the_sentence_are_its_tokens_in_the_corpus(study, followed):
    pieces, places = story.token_pieces(study, followed)
    assert "".join(pieces).strip() == followed.after.strip()
    store = TokenStore.load(study.domain_tokens().folder)
    decoded = study.loaded_tokenizer.decode(store.tokens[places].tolist())
    assert followed.after.strip() in decoded or decoded.strip() in followed.after
    assert (np.diff(places) == 1).all()


def test_the_gradient_of_the_sentence_is_the_weighted_sum_of_its_tokens(study, followed):
    _, places = story.token_pieces(study, followed)
    weights = np.linspace(0, 2, len(places))
    pulls = story.gradients(study, followed, weights)
    np.testing.assert_allclose(pulls.tokens["weighted"], weights * pulls.tokens["plain"])
    stored = losses.load(study.base_losses().folder)[places].astype(float)
    np.testing.assert_allclose(pulls.tokens["loss"], stored, atol=0.1)  # scored in 16 bits
    assert 0 < pulls.cosine < 1
    alike = story.gradients(study, followed, np.full(len(places), 0.5))
    assert alike.cosine == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(alike.tokens["plain"], pulls.tokens["plain"], rtol=1e-4)


def test_a_tokens_gradient_is_what_training_on_it_alone_gives(study, followed):
    _, places = story.token_pieces(study, followed)
    last = np.zeros(len(places))
    last[-1] = 1.0
    pulls = story.gradients(study, followed, last)
    store = TokenStore.load(study.domain_tokens().folder)
    index = store.ids.index(followed.kept["id"])
    begin = store.starts[index]
    ids = np.concatenate([store.tokens[-1:], store.tokens[begin : places[-1] + 1]]).astype(np.int64)
    model = models.load(study.base().path("model"), torch.float32).eval()
    logits = model(input_ids=torch.from_numpy(ids)[None]).logits[0]
    torch.nn.functional.cross_entropy(logits[-2:-1], torch.tensor([int(ids[-1])])).backward()
    squares = sum(float((p.grad**2).sum()) for p in model.parameters() if p.grad is not None)
    assert pulls.tokens["plain"].iloc[-1] == pytest.approx(squares**0.5, rel=1e-3)
