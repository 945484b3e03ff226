"""Questions, asking, measures, judge and the command of MusicSimpleQA."""

import http.server
import json
import math
import threading

import pytest
import qa_model
import torch
from datasets import load_dataset
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from mucpt_utils.io import FileError
from mucpt_utils.knowledge.facts import Fact, load_facts
from mucpt_utils.knowledge.relations import Relation, load_relations
from mucpt_utils.musicsimpleqa import ask, decoding
from mucpt_utils.musicsimpleqa.__main__ import main
from mucpt_utils.musicsimpleqa.build import (
    CARD,
    Part,
    Plan,
    build_questions,
    counts_tables,
    load_plan,
)
from mucpt_utils.musicsimpleqa.client import Endpoint, EndpointError
from mucpt_utils.musicsimpleqa.judge import UNPARSED, JudgeCache, judge_one, parse_grade
from mucpt_utils.musicsimpleqa.lint import lint, lint_question
from mucpt_utils.musicsimpleqa.measures import compare, measures
from mucpt_utils.musicsimpleqa.questions import load_questions, question_of, stands_in
from mucpt_utils.musicsimpleqa.run import Run
from mucpt_utils.scoring.tokens import train_tokenizer

# --- questions -------------------------------------------------------------------------------


def fact(subject="Nevermind", relation="album.artist", answer="Nirvana", **changes):
    cells = {
        "id": f"m:{relation}:{subject.lower()}",
        "subject": subject,
        "relation": relation,
        "object": answer,
        "aliases": (),
        "popularity": "popular",
        "valid_as_of": "2025-01-01",
        "reference": "https://en.wikipedia.org/wiki/Nevermind",
        "category": relation.split(".")[0],
        "domain": "music",
    }
    return Fact(**{**cells, **changes})


ARTIST = Relation("album.artist", "Artist", "group", ("Who released the album {s}?",), ())
YEAR = Relation("album.year", "Year", "year", ("In what year was the album {s} released?",), ())
RELATIONS = {"album.artist": ARTIST, "album.year": YEAR}


def test_question_of_a_fact():
    question = question_of(fact(aliases=("Nirvana (band)", "Nevermind")), ARTIST)
    assert question["question"] == "Who released the album Nevermind?"
    assert (question["answer"], question["answer_type"]) == ("Nirvana", "group")
    assert question["aliases"] == ["Nirvana (band)"]  # an alias that stands in the question is out
    assert question["fact_ids"] == ["m:album.artist:nevermind"]
    assert question_of(fact(answer="Beck"), ARTIST, {"Beck"})["answer_type"] == "person"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"answer": "Nevermind"}, "holds its answer"),
        ({"aliases": ["nevermind"]}, "holds its answer"),
        ({"question": "Who released Nevermind"}, "question mark"),
        ({"question": "Who is the current owner of Nevermind?"}, "may change"),
        ({"question": "It is called Nevermind by whom, exactly?"}, "without context"),
        ({"question": "Who released the album of 1991, then?"}, "name its subject"),
        ({"answer": "Nirvana; Hole"}, "more than one answer"),
        ({"answer": "I don't know"}, "reads as a refusal"),
        ({"answer_type": "band"}, "answer_type"),
        ({"stratum": "famous"}, "stratum"),
        ({"reference": "Wikipedia"}, "address"),
        ({"valid_as_of": "2025"}, "date"),
        ({"answer": ""}, "missing: answer"),
    ],
)
def test_lint_finds_planted_errors(changes, problem):
    good = question_of(fact(), ARTIST)
    assert lint_question(good) == []
    assert any(problem in found for found in lint_question({**good, **changes}))


def test_lint_finds_repeats_and_shared_subjects():
    one = question_of(fact(), ARTIST)
    other = question_of(fact(relation="album.year", answer="1991"), YEAR)
    assert lint({"test": [one, other]}) == []
    assert any("same id" in p for p in lint({"test": [one, one]}))
    assert any("is in dev and test" in p for p in lint({"test": [one], "dev": [other]}))


def some_facts(subjects):
    names = [f"Album {chr(65 + i // 26)}{chr(65 + i % 26)}" for i in range(subjects)]
    return [
        fact(name, relation, answer)
        for name in names
        for relation, answer in (("album.artist", "Nirvana"), ("album.year", "1991"))
    ]


def plan(test, dev, **changes):
    parts = {"dev": part(dev, split="dev"), "core": part(test)}
    return Plan(seed="s", parts=parts, **changes)


def part(subjects, questions=None, split="test"):
    wanted = 2 * subjects if questions is None else questions
    return Part(split=split, questions=(wanted, 0), subjects={"album": (subjects, 0)})


def subjects(questions):
    return list(dict.fromkeys(question["subject"] for question in questions))


def test_build_keeps_subjects_together_and_splits_apart():
    built = build_questions(some_facts(20), RELATIONS, plan(8, 4))
    assert {name: len(questions) for name, questions in built.items()} == {"test": 16, "dev": 8}
    assert not set(subjects(built["test"])) & set(subjects(built["dev"]))
    order = [question["subject"] for question in built["test"]]
    assert order == [name for name in subjects(built["test"]) for _ in range(2)]
    assert order != sorted(order)


def test_a_larger_plan_only_adds():
    facts = some_facts(20)
    small = build_questions(facts, RELATIONS, plan(4, 3))
    large = build_questions(facts, RELATIONS, plan(9, 3))
    assert large["dev"] == small["dev"]
    kept = [q for q in large["test"] if q["subject"] in subjects(small["test"])]
    assert kept == small["test"]


def test_plan_leaves_out_what_it_says():
    facts = some_facts(6)
    parts = {"core": part(3, questions=3)}
    shut = Plan(seed="s", parts=parts, not_asked={"album.year": "why"}, least_per_subject=1)
    built = build_questions(facts, RELATIONS, shut)
    assert {question["answer_type"] for question in built["test"]} == {"group"}


def test_plan_that_wants_too_much_says_so():
    with pytest.raises(ValueError, match="9 popular subjects of 'album' wanted, 5 are there"):
        build_questions(some_facts(5), RELATIONS, Plan(seed="s", parts={"core": part(9)}))
    with pytest.raises(ValueError, match="part 'core': 9 popular questions wanted, 1 missing"):
        parts = {"core": part(4, questions=9)}
        build_questions(some_facts(5), RELATIONS, Plan(seed="s", parts=parts))


def test_committed_questions_are_sound_and_in_step_with_the_facts():
    splits = {name: load_questions(name) for name in ("test", "dev")}
    assert lint(splits) == []
    built = build_questions(load_facts("music"), load_relations(), load_plan())
    for name, questions in splits.items():
        assert [{k: v for k, v in q.items() if k != "canary"} for q in questions] == built[name]
    assert counts_tables(splits) in (CARD / "README.md").read_text(encoding="utf-8")


def test_card_loads_as_a_dataset(tmp_path):
    loaded = load_dataset(str(CARD), cache_dir=str(tmp_path))
    assert {name: len(split) for name, split in loaded.items()} == {
        name: len(load_questions(name)) for name in ("test", "dev")
    }
    first = loaded["test"][0]
    assert {**first, "valid_as_of": str(first["valid_as_of"])} == load_questions("test")[0]


def test_few_shot_takes_turns_over_the_categories():
    questions = [{"id": i, "category": c} for i, c in enumerate("aaabbc")]
    assert [q["id"] for q in ask.few_shot(questions, 4)] == [0, 3, 5, 1]
    with pytest.raises(ValueError, match="0 to 6"):
        ask.few_shot(questions, 7)


def test_stands_in_is_word_for_word():
    assert stands_in("Björk", "the singer BJORK, of Iceland")
    assert not stands_in("Yes", "Yesterday")


def test_malformed_question_file_names_its_line(tmp_path):
    path = tmp_path / "q.jsonl"
    path.write_text(json.dumps(qa_model.questions()[0]) + '\n{"id": "x"}\n')
    with pytest.raises(ValueError, match=r"q\.jsonl, line 2: no question, answer, answer_type"):
        load_questions(path)
    with pytest.raises(FileError, match="the splits are test, dev"):
        load_questions("train")


# --- asking ----------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    "make",
    [
        lambda: LlamaForCausalLM(LlamaConfig(**SMALL)),
        lambda: Qwen3ForCausalLM(Qwen3Config(**SMALL, head_dim=16)),
        lambda: GPT2LMHeadModel(GPT2Config(**GPT2, bos_token_id=0, eos_token_id=0)),
        lambda: MistralForCausalLM(MistralConfig(**SMALL, sliding_window=12)),
    ],
    ids=["llama", "qwen3", "gpt2", "mistral"],
)
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


def test_prompt_too_long_for_the_context_is_refused(tokenizer):
    model = LlamaForCausalLM(LlamaConfig(**SMALL))
    with pytest.raises(ValueError, match="do not fit the model's context of 256"):
        ask.answer_questions(model, tokenizer, ["word " * 400], progress=False)


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


def test_answers_are_cut_at_the_newline_only():
    assert ask.answer_line(" Dr. Dre, of N.W.A\nQuestion: next?") == "Dr. Dre, of N.W.A"
    assert ask.answer_line("\nDr. Dre") == ""
    assert ask.answer_line("<think>\nhm\n</think>\n\nDr. Dre\n", chat=True) == "Dr. Dre"


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


# --- measures --------------------------------------------------------------------------------


def answers(grades):
    return [
        {"id": str(i), "grade": grade, "stratum": "popular", "category": "song", "subject": i // 2}
        for i, grade in enumerate(grades)
    ]


def test_measures_by_hand():
    rows = answers(["correct"] * 3 + ["incorrect"] * 2 + ["not_attempted"] * 5)
    values = {row.metric: row for row in measures(rows) if row.by == "all"}
    assert values["accuracy"].value == pytest.approx(0.3)
    assert values["accuracy_given_attempted"].value == pytest.approx(0.6)
    assert values["harmonic_mean"].value == pytest.approx(2 * 0.3 * 0.6 / 0.9)
    for row in values.values():
        assert row.ci_low <= row.value <= row.ci_high and row.n == 10
    assert {(row.by, row.group) for row in measures(rows)} == {
        ("all", "all"),
        ("stratum", "popular"),
        ("category", "song"),
    }


def test_measures_where_nothing_is_attempted_are_zero():
    values = {row.metric: row.value for row in measures(answers(["not_attempted"] * 4))}
    assert set(values.values()) == {0.0}
    with pytest.raises(ValueError, match="no answers"):
        measures([])


def test_comparison_is_paired():
    a = answers(["correct"] * 8 + ["incorrect"] * 2)
    b = answers(["correct"] * 2 + ["incorrect"] * 8)
    row = compare(a, b[::-1])[0]
    assert (row.a, row.b) == (0.8, 0.2)
    assert row.difference == pytest.approx(0.6) and row.ci_low > 0
    with pytest.raises(ValueError, match="1 only in the first"):
        compare(a, b[:-1])


# --- judge and client ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "grade"),
    [
        ("CORRECT", "correct"),
        ("incorrect.", "incorrect"),
        (" **NOT_ATTEMPTED** ", "not_attempted"),
        ("not attempted", "not_attempted"),
        ("C", None),
        ("A: CORRECT", None),
        ("CORRECT or INCORRECT", None),
        ("The answer is CORRECT", None),
        ("", None),
    ],
)
def test_judge_reply_is_parsed_strictly(reply, grade):
    assert parse_grade(reply) == grade


class Server:
    """A loopback server that gives the replies it is told to, one after another."""

    def __init__(self, replies):
        self.replies, self.requests, self.headers = list(replies), [], []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                outer.requests.append(json.loads(self.rfile.read(length)))
                outer.headers.append(dict(self.headers))
                status, content = outer.replies.pop(0)
                choice = {"message": {"content": content}, "text": content}
                body = json.dumps({"choices": [choice]} if status == 200 else content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def endpoint(self, **changes):
        address = f"http://127.0.0.1:{self.http.server_port}/v1"
        self.pauses = []
        options = {"sleep": self.pauses.append, "key_variable": "TEST_KEY", **changes}
        return Endpoint(address, "m", **options)


@pytest.fixture
def serve():
    servers = []

    def start(replies):
        servers.append(Server(replies))
        return servers[-1]

    yield start
    for server in servers:
        server.http.shutdown()
        server.http.server_close()


def test_client_tries_again_with_growing_pauses(serve):
    server = serve([(503, "busy"), (429, "slow down"), (200, "Nirvana")])
    endpoint = server.endpoint(retries=3)
    assert endpoint.complete("Question: who?\nAnswer:", 8) == "Nirvana"
    assert len(server.requests) == 3 and server.requests[0]["temperature"] == 0
    assert 0.25 <= server.pauses[0] <= 0.5 <= server.pauses[1] <= 1


def test_client_gives_up_and_hides_the_key(serve, monkeypatch):
    monkeypatch.setenv("TEST_KEY", "secret-key")
    server = serve([(401, "no such key: secret-key")])
    with pytest.raises(EndpointError, match="refuses: HTTP 401") as error:
        server.endpoint().complete("x", 1)
    assert server.headers[0]["Authorization"] == "Bearer secret-key"
    assert "secret-key" not in str(error.value) and len(server.requests) == 1
    assert "secret-key" not in repr(server.endpoint())
    with pytest.raises(EndpointError, match="after 2 attempts"):
        serve([(500, "secret-key")] * 2).endpoint(retries=1).complete("x", 1)


def test_client_says_when_it_is_no_such_endpoint(serve):
    server = serve([(200, "x")])
    server.replies = [(200, "x")]
    endpoint = server.endpoint()
    endpoint.complete("x", 1)
    server.replies = [(404, "nothing here")]
    with pytest.raises(EndpointError, match="refuses: HTTP 404"):
        endpoint.complete("x", 1)


def test_judge_asks_again_then_counts_as_unparsed(serve, tmp_path):
    question = qa_model.questions()[0]
    server = serve([(200, "It is right"), (200, "CORRECT")])
    cache = JudgeCache(tmp_path)
    assert judge_one(server.endpoint(), question, "Dr. Dre", cache) == "correct"
    assert len(server.requests[1]["messages"]) == 4
    # the second time it is known, and the server is not asked
    assert judge_one(server.endpoint(), question, "Dr. Dre", cache) == "correct"
    assert len(server.requests) == 2
    silent = serve([(200, "hm")] * 3)
    assert judge_one(silent.endpoint(), question, "Snoop Dogg", cache) == UNPARSED
    assert len(list(tmp_path.glob("*.json"))) == 1  # what is no grade is not kept


def test_judge_cache_holds_no_key_and_survives_damage(serve, tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_KEY", "secret-key")
    question = qa_model.questions()[0]
    cache = JudgeCache(tmp_path)
    judge_one(serve([(200, "CORRECT")]).endpoint(), question, "x", cache)
    (file,) = tmp_path.iterdir()
    assert "secret-key" not in file.read_text()
    file.write_text("{")
    assert judge_one(serve([(200, "INCORRECT")]).endpoint(), question, "x", cache) == "incorrect"


# --- the command -----------------------------------------------------------------------------


@pytest.fixture
def question_file(tmp_path):
    return qa_model.write_questions(tmp_path / "questions.jsonl")


def write_answers(path, responses):
    rows = ({"id": f"q:test:{i}", "response": text} for i, text in enumerate(responses))
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def test_answers_made_elsewhere(tmp_path, question_file, capsys):
    said = [lesson[3] for lesson in qa_model.LESSONS]
    path = write_answers(tmp_path / "answers.jsonl", said)
    out = tmp_path / "out"
    command = ["--answers", str(path), "--questions", str(question_file), "--out", str(out)]
    assert main(command) == 0
    assert "0.600" in capsys.readouterr().out
    grades = [json.loads(line)["grade"] for line in (out / "answers.jsonl").open()]
    assert [grades.count(name) for name in ("correct", "incorrect", "not_attempted")] == [6, 2, 2]
    assert json.loads((out / "summary.json").read_text())["grades"]["correct"] == 6
    assert (out / "summary.csv").read_text().startswith("by,group,metric,value,ci_low,ci_high,n")

    assert main(["--compare", str(out / "answers.jsonl"), str(out / "answers.jsonl")]) == 0
    assert "+0.000" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"id": "q:test:0", "response": "x"}\nnot json\n', "answers.jsonl, line 2: not JSON"),
        ('{"id": "q:test:0"}\n', "answers.jsonl, line 1: no response; needed are the texts id, response"),
        ('{"id": "other", "response": "x"}\n', "no question has the id 'other'"),
        ('{"id": "q:test:0", "response": "x"}\n' * 2, "answered twice"),
        ('{"id": "q:test:0", "response": "x"}\n', "9 questions are not answered"),
    ],
)
def test_malformed_answers(tmp_path, question_file, capsys, text, message):
    path = tmp_path / "answers.jsonl"
    path.write_text(text)
    assert main(["--answers", str(path), "--questions", str(question_file)]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "one of --model, --answers, --compare"),
        (["--base-url", "http://x"], 2, "one of --model"),
        (["--model", "m", "--limit", "0"], 2, "--limit is 0"),
        (["--model", "m", "--judge-url", "http://x"], 2, "go together"),
        (["--model", "/nowhere/at/all"], 3, "model '/nowhere/at/all' cannot be loaded"),
        (["--answers", "/nowhere.jsonl"], 2, "no such file"),
        (["--model", "m", "--questions", "train"], 2, "the splits are test, dev"),
        (["--model", "m", "--shots", "99"], 2, "99 examples wanted"),
    ],
)
def test_wrong_arguments_are_one_clear_line(tmp_path, capsys, arguments, code, message):
    assert main([*arguments, "--out", str(tmp_path)]) == code
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_compare_refuses_ungraded_answers(tmp_path, capsys):
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "1", "grade": "right"}\n')
    assert main(["--compare", str(path), str(path)]) == 2
    assert "'right' is none of correct" in capsys.readouterr().err


def test_an_interrupted_run_goes_on(tmp_path, question_file, monkeypatch, capsys):
    folder = qa_model.make_model(tmp_path / "model", steps=2)
    common = ["--model", str(folder), "--questions", str(question_file), "--shots", "0"]
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert main([*common, "--out", str(whole), "--quiet"]) == 0

    def killed(self, rows, add=Run.add):
        add(self, rows)
        if len(self.responses) >= 4:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Run, "add", killed)
        command = [*common, "--out", str(broken), "--batch-size", "2", "--quiet"]
        assert main(command) == 130
    progress = broken / "responses.jsonl"
    with progress.open("a") as stream:  # the next line was being written
        stream.write('{"id": "q:test:9", "resp')
    asked = []

    def count(*arguments, add=ask.answer_batches, **options):
        asked.extend(arguments[2])
        return add(*arguments, **options)

    monkeypatch.setattr(ask, "answer_batches", count)
    assert main(command) == 0
    assert len(asked) == 6
    assert (broken / "answers.jsonl").read_text() == (whole / "answers.jsonl").read_text()

    # answers under other settings are not mixed in
    capsys.readouterr()
    assert main([*command[:-1], "--quiet", "--shots", "1"]) == 2
    assert "other settings (shots)" in capsys.readouterr().err
    assert main([*command, "--shots", "1", "--restart"]) == 0


def test_likelihood_tells_a_trained_model(tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = qa_model.make_model(tmp_path / "model", steps=60)
    model = AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    scores = ask.answer_log_likelihoods(model, tokenizer, qa_model.questions())
    taught = [score.mean for score in scores[: qa_model.CORRECT]]
    assert min(taught) > max(score.mean for score in scores[-2:])
    assert all(math.isfinite(score.total) for score in scores)
