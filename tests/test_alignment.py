"""Alignment: which tokens count."""

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


def test_no_text_has_no_tokens():
    assert answer_tokens([], None).size == 0
