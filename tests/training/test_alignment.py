"""Alignment: which tokens count."""

from tokenizers.processors import TemplateProcessing

from mucpt_utils.scoring.tokens import tokenise, train_tokenizer
from mucpt_utils.training.alignment import answer_tokens

TEXTS = [
    "Question: Who wrote Aida?\nAnswer: Giuseppe Verdi\n",
    "Question: When?\nAnswer: 1871\nQuestion: Where was it?\nAnswer: Cairo\n",
    "No question at all.",
]


def test_answers_and_their_newlines_count_and_nothing_else():
    tokenizer = train_tokenizer(TEXTS * 3, 320)
    store = tokenise(tokenizer, TEXTS, ["a", "b", "c"])
    mask = answer_tokens(TEXTS, tokenizer)
    assert mask.shape == store.tokens.shape and set(mask) == {0.0, 1.0}
    learnt = [
        tokenizer.decode(store.document(i)[mask[a:b] == 1])
        for i, (a, b) in enumerate(zip(store.starts[:-1], store.starts[1:], strict=True))
    ]
    assert learnt == [" Giuseppe Verdi\n", " 1871\n Cairo\n", ""]


def test_the_begin_token_of_a_text_is_no_answer():
    """A loaded Gemma or Llama writes one, and tuning it failed: a factor too few for each text."""
    tokenizer = train_tokenizer(TEXTS * 3, 320)
    plain = answer_tokens(TEXTS[:1], tokenizer)
    tokenizer.add_special_tokens({"bos_token": "<bos>"})
    opening = TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", tokenizer.bos_token_id)]
    )
    tokenizer.backend_tokenizer.post_processor = opening
    store = tokenise(tokenizer, TEXTS, ["a", "b", "c"])
    mask = answer_tokens(TEXTS, tokenizer)
    assert store.begin == tokenizer.bos_token_id and mask.shape == store.tokens.shape
    assert (mask[store.tokens == store.begin] == 0).all()
    assert mask[1 : store.starts[1]].tolist() == plain.tolist()


def test_no_text_has_no_tokens():
    assert answer_tokens([], None).size == 0
