"""The tokenizer, the token store, and how sequences are packed and interleaved."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties import PROPERTY
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from mucpt_utils.scoring import tokens
from mucpt_utils.scoring.tokens import (
    END,
    TokenStore,
    document_order,
    gather,
    interleave,
    pack,
    sample,
    tokenise,
    train_tokenizer,
)

TEXTS = [
    "The album was released in 1987 and 1991.",
    "Björk's “Jóga” — naïve façade, 東京, 🎵!",
    "",
    "The album, the album, the album: released, re-released.",
]


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(TEXTS, 300)


# --- tokenizer --------------------------------------------------------------------------------


def test_every_text_comes_back_byte_for_byte(tokenizer):
    for text in [*TEXTS, "unseen: žluťoučký kůň\n\ttabs  and   blanks"]:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert tokenizer.decode(ids, clean_up_tokenization_spaces=False) == text


def test_the_end_token_is_nought_and_the_vocabulary_full(tokenizer):
    assert tokenizer.eos_token == END and tokenizer.eos_token_id == 0
    assert tokenizer.pad_token_id == 0
    assert len(tokenizer) == 300


def test_a_year_met_often_becomes_one_token():
    """And one that was never met is still spelt out."""
    tokenizer = train_tokenizer(["It came out in 1987."] * 20, 300)
    assert tokenizer.tokenize(" 1987") == ["Ġ1987"]
    assert len(tokenizer.tokenize(" 2046")) > 1


def test_the_same_text_gives_the_same_tokenizer(tokenizer):
    again = train_tokenizer(iter(TEXTS), 300)
    assert again.get_vocab() == tokenizer.get_vocab()


# --- store ------------------------------------------------------------------------------------


def test_each_document_is_closed_by_the_end_token(tokenizer):
    store = tokenise(tokenizer, TEXTS, ["a", "b", "c", "d"])
    assert len(store) == 4 and store.starts[0] == 0 and store.starts[-1] == store.tokens.size
    for index, text in enumerate(TEXTS):
        document = store.document(index)
        assert document[-1] == 0 and (document[:-1] != 0).all()
        assert tokenizer.decode(document[:-1], clean_up_tokenization_spaces=False) == text


def test_documents_are_encoded_some_at_a_time(tokenizer, monkeypatch):
    ids = [str(number) for number in range(4 * 7)]
    whole = tokenise(tokenizer, TEXTS * 7, ids)
    sizes = []

    class Counting:
        bos_token_id, eos_token_id = tokenizer.bos_token_id, tokenizer.eos_token_id

        def __len__(self):
            return len(tokenizer)

        def __call__(self, texts, **options):
            sizes.append(len(texts))
            return tokenizer(texts, **options)

    monkeypatch.setattr(tokens, "TOGETHER", 5)
    parts = tokenise(Counting(), TEXTS * 7, ids)
    assert max(sizes) == 5 and parts.ids == whole.ids
    np.testing.assert_array_equal(parts.tokens, whole.tokens)
    np.testing.assert_array_equal(parts.starts, whole.starts)
    assert parts.tokens.dtype == whole.tokens.dtype


def test_a_store_comes_back_memory_mapped(tokenizer, tmp_path):
    store = tokenise(tokenizer, TEXTS, ["a", "b", "ç", "d"])
    store.save(tmp_path / "store")
    found = TokenStore.load(tmp_path / "store")
    assert isinstance(found.tokens, np.memmap)
    assert found.tokens.dtype == store.tokens.dtype == np.uint16
    np.testing.assert_array_equal(found.tokens, store.tokens)
    np.testing.assert_array_equal(found.starts, store.starts)
    assert found.ids == ["a", "b", "ç", "d"]


@pytest.mark.parametrize(("tokens", "drawn"), [(1, 1), (3, 1), (4, 2), (7, 3), (9, 3), (10**6, 3)])
def test_a_sample_is_as_few_whole_documents_as_hold_the_tokens(tokens, drawn):
    store = TokenStore(np.arange(9, dtype=np.uint16), np.array([0, 3, 6, 9]), ["a", "b", "c"], 0)
    part = sample(store, tokens, seed=1)
    assert len(part) == drawn == len(set(part.ids)) and part.begin == 0
    for place, name in enumerate(part.ids):
        assert part.document(place).tolist() == store.document(store.ids.index(name)).tolist()
    assert sample(store, tokens, seed=1).ids == part.ids


def test_a_large_vocabulary_gets_wide_tokens(tokenizer):
    class Large:
        bos_token_id, eos_token_id = None, 70_000

        def __len__(self):
            return 70_001

        def __call__(self, texts, add_special_tokens=True):
            return {"input_ids": [[69_999] for _ in texts]}

    store = tokenise(Large(), ["x", "y"], ["1", "2"])
    assert store.tokens.dtype == np.uint32
    assert store.tokens.tolist() == [69_999, 70_000] * 2


def opening_tokenizer(bos, eos, single):
    """A word tokenizer that writes what `single` says around every text."""
    words = Tokenizer(models.WordLevel({"<u>": 0, "<b>": 1, "<e>": 2, "x": 3, "y": 4}, "<u>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    ids = [(name, words.token_to_id(name)) for name in ("<b>", "<e>")]
    words.post_processor = processors.TemplateProcessing(single=single, special_tokens=ids)
    return PreTrainedTokenizerFast(tokenizer_object=words, bos_token=bos, eos_token=eos)


@pytest.mark.parametrize(
    ("bos", "eos", "single", "begin"),
    [
        ("<b>", "<e>", "<b> $A", 1),  # Gemma, Llama
        ("<b>", "<e>", "<b> $A <e>", 1),
        ("<b>", "<e>", "$A", None),  # SmolLM2 names one and does not write it
        ("<b>", "<e>", "$A <e>", None),
        (None, "<e>", "$A", None),
        ("<e>", "<e>", "<e> $A", None),  # OPT: the end token before a document serves
    ],
)
def test_a_begin_token_opens_documents_where_the_tokenizer_writes_one(bos, eos, single, begin):
    store = tokenise(opening_tokenizer(bos, eos, single), ["x y", ""], ["1", "2"])
    opening = [] if begin is None else [begin]
    assert store.begin == begin
    assert store.tokens.tolist() == [*opening, 3, 4, 2, *opening, 2]
    assert store.learnt.tolist() == [token != begin for token in store.tokens.tolist()]


def test_a_stored_begin_token_comes_back(tmp_path):
    store = tokenise(opening_tokenizer("<b>", "<e>", "<b> $A"), ["x"], ["1"])
    store.save(tmp_path)
    assert TokenStore.load(tmp_path).begin == 1


def test_rows_may_open_with_a_token_of_their_own():
    assert pack(np.arange(10), 4, 3, opening=99).tolist() == [
        [99, 0, 1, 2],
        [99, 3, 4, 5],
        [99, 6, 7, 8],
    ]
    with pytest.raises(ValueError, match="8 tokens do not fill 3 sequences of 4"):
        pack(np.arange(8), 4, 3, opening=99)


def test_no_document_makes_an_empty_store(tokenizer):
    store = tokenise(tokenizer, [], [])
    assert len(store) == 0 and store.tokens.size == 0 and store.starts.tolist() == [0]


def test_texts_without_ids_are_refused(tokenizer):
    with pytest.raises(ValueError, match="2 texts but 1 ids"):
        tokenise(tokenizer, ["a", "b"], ["1"])


# --- order, packing, replay -------------------------------------------------------------------


def test_gather_follows_the_order_and_may_repeat(store_of):
    store = store_of([3, 5, 2])
    expected = np.concatenate([store.document(i) for i in (2, 0, 2)])
    np.testing.assert_array_equal(gather(store, [2, 0, 2]), expected)
    values = np.arange(10) / 10
    assert gather(store, [2, 0], values).tolist() == [0.8, 0.9, 0.0, 0.1, 0.2]
    assert gather(store, []).size == 0


def test_order_makes_whole_passes_until_the_budget_is_full():
    lengths = np.array([4, 100, 6, 5])
    documents = np.array([0, 2, 3])
    order = document_order(documents, lengths, 40, seed=0)
    assert len(order) == 9, "15 tokens a pass: three passes hold 40"
    passes = order.reshape(3, 3)
    assert (np.sort(passes, axis=1) == documents).all()
    assert lengths[order].sum() >= 40


def test_each_pass_has_its_own_order_and_each_seed_too():
    documents, lengths = np.arange(50), np.ones(50, int)
    first, second = document_order(documents, lengths, 100, seed=0).reshape(2, 50)
    assert (first != second).any()
    np.testing.assert_array_equal(first, document_order(documents, lengths, 50, seed=0))
    assert (first != document_order(documents, lengths, 50, seed=1)).any()


def test_nothing_to_draw_from_is_said():
    with pytest.raises(ValueError, match="everything was filtered out"):
        document_order(np.array([], int), np.array([3, 4]), 10, seed=0)


def test_packing_keeps_the_stream_in_order():
    rows = pack(np.arange(17), 4, 4)
    assert rows.tolist() == np.arange(16).reshape(4, 4).tolist()
    with pytest.raises(ValueError, match="17 tokens do not fill 5 sequences of 4"):
        pack(np.arange(17), 4, 5)


@pytest.mark.parametrize(
    "domain, replay", [(8, 2), (2, 8), (5, 5), (97, 3), (7, 0), (0, 4), (0, 0)]
)
def test_replay_is_spread_evenly(domain, replay):
    places = interleave(domain, replay)
    assert places.dtype == bool and len(places) == domain + replay
    assert places.sum() == replay
    # any beginning of the run holds replay in the right share, to within one sequence
    if len(places):
        wanted = np.arange(1, len(places) + 1) * replay / len(places)
        assert (np.abs(places.cumsum() - wanted) < 1).all()


FOR_ALL = settings(PROPERTY, max_examples=60)


@FOR_ALL
@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=15),
    st.integers(1, 9),
    st.integers(1, 8),
    st.integers(0, 3),
)
def test_for_all_corpora_packing_keeps_every_token_in_its_order(lengths, context, rows, seed):
    """Rows end to end are the documents end to end, each whole but for the last."""
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    store = TokenStore(np.arange(starts[-1]), starts, [str(i) for i in range(len(lengths))])
    order = document_order(np.arange(len(lengths)), np.array(lengths), context * rows, seed)
    packed = pack(gather(store, order), context, rows)
    assert packed.shape == (rows, context)
    wanted = [token for document in order for token in store.document(document)]
    assert packed.ravel().tolist() == wanted[: context * rows]
    # a pass over the documents ends before the next begins: none is read twice before all are once
    first = order[: len(lengths)]
    assert sorted(first) == list(range(len(lengths)))


@FOR_ALL
@given(st.integers(0, 60), st.integers(0, 60))
def test_for_all_shares_replay_is_spread_evenly(domain, replay):
    places = interleave(domain, replay)
    assert places.size == domain + replay and places.sum() == replay
    for end in range(1, places.size + 1):  # after any stretch, the share so far is the whole's
        assert abs(places[:end].sum() - replay * end / places.size) < 1
