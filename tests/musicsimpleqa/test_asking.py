"""Asking a model: prompts, greedy decoding, answers, log-likelihoods."""

import math

import pytest
import qa_model
import torch
from tokenizers.processors import TemplateProcessing
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    Gemma3Config,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from mucpt_utils.closure import code_closure
from mucpt_utils.musicsimpleqa.asking import ask, decoding
from mucpt_utils.musicsimpleqa.asking.models import ask_model
from mucpt_utils.musicsimpleqa.asking.run import Run
from mucpt_utils.scoring.packages import ModelError
from mucpt_utils.scoring.tokens import train_tokenizer

ENDS = ("[CLS]", "[SEP]", "<|endoftext|>")


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer([ask.prompt(q["question"]) for q in qa_model.questions()], 400)


SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 256,
    "bos_token_id": None,
    "eos_token_id": 0,
    "vocab_size": 400,
    "initializer_range": 0.3,  # large enough for rows to differ
}
GPT2 = {
    "initializer_range": 0.3,
    "n_embd": 32,
    "n_layer": 2,
    "n_head": 2,
    "n_positions": 256,
    "vocab_size": 400,
}


KINDS = pytest.mark.parametrize(
    "make",
    [
        lambda: LlamaForCausalLM(LlamaConfig(**SMALL)),
        lambda: Qwen3ForCausalLM(Qwen3Config(**SMALL, head_dim=16)),
        lambda: GPT2LMHeadModel(GPT2Config(**GPT2, bos_token_id=0, eos_token_id=0)),
        lambda: MistralForCausalLM(MistralConfig(**SMALL, sliding_window=12)),
    ],
    ids=["llama", "qwen3", "gpt2", "mistral"],
)


@KINDS
def test_greedy_gives_what_generate_gives(make, tokenizer):
    torch.manual_seed(1)
    model = make().eval()
    examples = qa_model.questions()[:2]
    prompts = [ask.prompt("very " * n + "long?", examples) for n in range(9)]
    encoded = tokenizer(prompts)["input_ids"]
    shared = decoding.shared_prefix(encoded)
    assert len(shared) > 20
    # many tokens end a row, so that rows end at different times
    stops = torch.arange(400) % 9 == 0
    fast = decoding.greedy(model, encoded, shared, stops, 20)
    assert fast == decoding.generate(model, encoded, shared, stops, 20)
    assert len({len(row) for row in fast}) > 1


def test_answers_come_in_the_order_of_the_prompts(tokenizer):
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(**SMALL))
    prompts = [ask.prompt("word " * n + "?") for n in (1, 9, 3, 7)]
    together = ask.answer_questions(model, tokenizer, prompts, 3, 8, progress=False)
    alone = [ask.answer_questions(model, tokenizer, [p], 1, 8, progress=False)[0] for p in prompts]
    assert together == alone
    assert ask.answer_questions(model, tokenizer, [], progress=False) == []


FEW = {"vocab_size": 400, "initializer_range": 0.3, "init_std": 0.3}
OTHER_KINDS = {
    "gpt_neo": {
        **{"hidden_size": 32, "num_layers": 2, "num_heads": 2, "window_size": 8},
        "attention_types": [[["global", "local"], 1]],
    },
    "mpt": {"d_model": 32, "n_heads": 2, "n_layers": 2},
    "bart": {
        **{"d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "decoder_ffn_dim": 48},
        **{"encoder_attention_heads": 2, "decoder_attention_heads": 2},
    },
    "roberta": {**SMALL, "is_decoder": True},
    "lfm2": {**SMALL, "full_attn_idxs": [1]},
    "openai-gpt": {"n_embd": 32, "n_layer": 2, "n_head": 2},
    "rwkv": {"hidden_size": 32, "num_hidden_layers": 2},
    "mamba": {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 4},
}


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_answers_are_those_to_each_prompt_alone_whatever_padding_does_to_a_model(kind, tokenizer):
    torch.manual_seed(3)
    config = AutoConfig.for_model(kind, **{**FEW, **OTHER_KINDS[kind]})
    model = AutoModelForCausalLM.from_config(config).eval()
    if kind == "rwkv":  # it begins with weights that make all tokens alike
        for matrix in (p for p in model.parameters() if p.ndim == 2):
            torch.nn.init.normal_(matrix, std=0.3)
    examples = qa_model.questions()[:2]
    prompts = [ask.prompt("very " * n + "long?", examples) for n in (9, 0, 4, 4)]
    together = ask.answer_questions(model, tokenizer, prompts, 4, 6, chat=True, progress=False)
    alone, ends = [], decoding.end_tokens(model, tokenizer)
    for prompt in prompts:
        tokens = tokenizer(prompt)["input_ids"]
        start = len(tokens)
        with torch.no_grad():
            while len(tokens) < start + 6 and tokens[-1] not in ends:
                tokens.append(int(model(torch.tensor([tokens])).logits[0, -1].argmax()))
        alone.append(tokenizer.decode(tokens[start:], skip_special_tokens=True).strip())
    assert together == alone


def test_settings_for_writing_texts_do_not_change_answers(tokenizer):
    """They are for sampling and beams; answers are what the model finds most likely."""
    torch.manual_seed(3)
    config = AutoConfig.for_model("mamba", **{**FEW, **OTHER_KINDS["mamba"]})
    model = AutoModelForCausalLM.from_config(config)
    how = {"chat": True, "progress": False}
    greedy = ask.answer_questions(model, tokenizer, ["Who?"], 1, 8, **how)
    model.generation_config.repetition_penalty = 50.0
    model.generation_config.no_repeat_ngram_size = 1
    own = model.generation_config
    assert ask.answer_questions(model, tokenizer, ["Who?"], 1, 8, **how) == greedy
    assert model.generation_config is own


def test_end_tokens_that_are_none(tokenizer):
    model = LlamaForCausalLM(LlamaConfig(**SMALL))
    plain = ask.answer_questions(model, tokenizer, ["Who?"], 1, 4, progress=False)
    model.generation_config.eos_token_id = [-1, 400]
    assert ask.answer_questions(model, tokenizer, ["Who?"], 1, 4, progress=False) == plain
    for odd in ("</s>", [1.5], {"a": 1}):
        model.generation_config.eos_token_id = odd
        with pytest.raises(ModelError, match="eos_token_id is .*; allowed: the number of a token"):
            ask.answer_questions(model, tokenizer, ["Who?"], 1, 4, progress=False)


def test_what_a_tokenizer_puts_after_a_text_is_not_in_a_prompt():
    tokenizer = train_tokenizer(["Who?"], 300)
    tokenizer.add_special_tokens({"cls_token": "[CLS]", "sep_token": "[SEP]"})
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP] <|endoftext|>",
        special_tokens=[(w, tokenizer.convert_tokens_to_ids(w)) for w in ENDS],
    )
    (tokens,) = ask.prompt_tokens(tokenizer, ["Who?"])
    assert tokenizer.decode(tokens) == "[CLS]Who?"
    whole, start = ask.prompt_and_answer(tokenizer, {"question": "Who?", "answer": "Nas"})
    assert tokenizer.decode(whole[start:]) == " Nas"


def test_prompt_too_long_for_the_context_is_refused(tokenizer):
    model = LlamaForCausalLM(LlamaConfig(**SMALL))
    with pytest.raises(ValueError, match="do not fit the model's context of 256"):
        ask.answer_questions(model, tokenizer, ["word " * 400], progress=False)


def test_a_model_of_text_and_images_has_the_context_of_its_text_part(tokenizer):
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    sizes["num_attention_heads"] = 2
    vision = {**sizes, "image_size": 28, "patch_size": 14}
    text = {**SMALL, "head_dim": 16}
    config = Gemma3Config(text_config=text, vision_config=vision, mm_tokens_per_image=4)
    model = AutoModelForCausalLM.from_config(config)
    with pytest.raises(ask.AskingError, match="do not fit the model's context of 256"):
        ask.answer_questions(model, tokenizer, ["word " * 400], progress=False)


@pytest.mark.parametrize(
    ("shots", "advice"), [(0, "ask for shorter answers"), (1, "use fewer examples")]
)
def test_what_is_advised_can_be_done(tokenizer, tmp_path, shots, advice):
    model = LlamaForCausalLM(LlamaConfig(**SMALL))
    long = {**qa_model.questions()[0], "question": "word " * 400}
    run = Run(tmp_path, [long], {"model": "m"})
    run.open()
    how = {"chat": False, "max_new_tokens": 8, "batch_size": 1, "progress": False}
    shown = {long["id"]: qa_model.questions()[1 : 1 + shots]}
    with pytest.raises(ask.AskingError, match=f"context of 256; {advice}"):
        ask_model(run, model, tokenizer, shown, **how)
    run.close()


def test_log_likelihood_is_that_of_the_answer_tokens(tokenizer):
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(**SMALL)).eval()
    questions = qa_model.questions()[:3]
    scores = ask.answer_log_likelihoods(model, tokenizer, questions)
    for question, score in zip(questions, scores, strict=True):
        head = ask.prompt(question["question"])
        ids = torch.tensor([tokenizer(f"{head} {question['answer']}")["input_ids"]])
        start = len(tokenizer(head)["input_ids"])
        log_p = model(ids).logits.log_softmax(-1)[0, start - 1 : -1]
        expected = log_p.gather(1, ids[0, start:, None]).sum().item()
        assert score.total == pytest.approx(expected, abs=1e-4)
        assert score.mean * score.tokens == pytest.approx(score.total)


@KINDS
def test_examples_that_are_read_once_leave_the_likelihoods_as_they_are(make, tokenizer):
    torch.manual_seed(2)
    model = make().eval()
    examples, questions = qa_model.questions()[:2], qa_model.questions()[2:7]
    scores = ask.answer_log_likelihoods(model, tokenizer, questions, examples=examples)
    pairs = [ask.prompt_and_answer(tokenizer, question, examples) for question in questions]
    with torch.inference_mode():
        alone = [ask.score_answers(model, [pair])[0] for pair in pairs]
    assert [score.total for score in scores] == pytest.approx([s.total for s in alone], rel=1e-4)
    plain = ask.answer_log_likelihoods(model, tokenizer, questions)
    assert [score.total for score in scores] != pytest.approx([s.total for s in plain], rel=1e-4)


def test_answers_are_cut_at_the_newline_only():
    assert ask.answer_line(" Dr. Dre, of N.W.A\nQuestion: next?") == "Dr. Dre, of N.W.A"
    assert ask.answer_line("\nDr. Dre") == ""
    # of a chat nothing is lost before it is graded
    chat = "<think>\nhm\n</think>\n\nDr. Dre"
    assert ask.answer_line(f"{chat}\n", chat=True) == chat


def test_chat_prompt_without_a_system_role():
    tokenizer = train_tokenizer(["a"], 300)
    with pytest.raises(ValueError, match="no chat template"):
        ask.chat_prompt(tokenizer, "Who?")
    tokenizer.chat_template = (
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }} {% endfor %}"
    )
    text = ask.chat_prompt(tokenizer, "Who?")
    assert text.startswith(f"[user] {ask.INSTRUCTION}") and text.endswith("Who? ")


def test_a_chat_template_that_ignores_what_is_said():
    tokenizer = train_tokenizer(["a"], 300)
    tokenizer.chat_template = (
        "{% for m in messages if m['role'] != 'system' %}[{{ m['role'] }}] {{ m['content'] }} "
        "{% endfor %}"
    )
    assert ask.chat_prompt(tokenizer, "Who?") == "[user] Who? "
    tokenizer.chat_template = "{{ messages[-1]['content'] }}"
    assert ask.chat_prompt(tokenizer, "Who?") == "Who?"
    with pytest.raises(ask.AskingError, match="leaves out examples"):
        ask.chat_prompt(tokenizer, "Who?", qa_model.questions()[:1])


def test_a_chat_template_that_fails_is_said_on_one_line():
    tokenizer = train_tokenizer(["a"], 300)
    for template in ("{{ raise_exception('never\nagain') }}", "{% if %}", "{{ 1 / 0 }}"):
        tokenizer.chat_template = template
        with pytest.raises(ask.AskingError, match="chat template fails") as caught:
            ask.chat_prompt(tokenizer, "Who?")
        assert "\n" not in str(caught.value)
    tokenizer.chat_template = " "
    with pytest.raises(ask.AskingError, match="leaves out the question"):
        ask.chat_prompt(tokenizer, "Who?")


def test_prompts_that_the_model_cannot_read_are_refused(tokenizer):
    small = LlamaForCausalLM(LlamaConfig(**{**SMALL, "vocab_size": 100}))
    with pytest.raises(ask.AskingError, match="none of the model's 100"):
        ask.answer_questions(small, tokenizer, ["Question: who?"], progress=False)
    with pytest.raises(ask.AskingError, match="no tokens"):
        ask.answer_questions(small, tokenizer, [""], chat=True, progress=False)


def test_logits_that_stop_being_numbers_end_the_answers(tokenizer):
    model = LlamaForCausalLM(LlamaConfig(**SMALL)).eval()
    with torch.no_grad():
        model.model.embed_tokens.weight[tokenizer("?")["input_ids"][0]] = torch.nan
    with pytest.raises(decoding.NotNumbers, match="not numbers"):
        ask.answer_questions(model, tokenizer, ["Who?"], progress=False)


def test_likelihood_tells_a_trained_model(tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = qa_model.make_model(tmp_path / "model", steps=60)
    model = AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    scores = ask.answer_log_likelihoods(model, tokenizer, qa_model.questions())
    taught = [score.mean for score in scores[: qa_model.CORRECT]]
    assert min(taught) > max(score.mean for score in scores[-2:])
    assert all(math.isfinite(score.total) for score in scores)


def test_few_shot_takes_turns_over_the_categories():
    questions = [{"id": i, "category": c} for i, c in enumerate("aaabbc")]
    assert [q["id"] for q in ask.few_shot(questions, 4)] == [0, 3, 5, 1]
    with pytest.raises(ValueError, match="0 to 6"):
        ask.few_shot(questions, 7)


def test_asking_does_not_depend_on_how_answers_are_graded():
    names = {path.name for path in code_closure("mucpt_utils.musicsimpleqa.asking.ask")}
    graders = {"grading.py", "names.py", "rules.py", "values.py", "words.py", "grading_rules.yaml"}
    assert "decoding.py" in names and not names & graders
