"""Speed of MusicSimpleQA, side by side with lm-evaluation-harness on one machine.

    python tests/benchmarks/bench_musicsimpleqa.py [--rounds 3] [--shots 5]

Run by name, never by the test suite. Prints answers a second of both on the same model, questions,
prompts and batch size (the best of the rounds, taken in turn, on one thread). The grader's speed:
bench_grading.py.
"""

import argparse
import tempfile
import time
from pathlib import Path

import torch

from mucpt_utils.config.scoring import ModelSettings
from mucpt_utils.musicsimpleqa.asking import ask
from mucpt_utils.musicsimpleqa.questions import load_questions
from mucpt_utils.scoring.models import from_scratch
from mucpt_utils.scoring.tokens import train_tokenizer


def trained_model(folder: Path, hidden: int, layers: int, steps: int) -> Path:
    """A model that has learnt the format on the dev questions, so that its answers end."""
    dev = load_questions("dev")
    texts = [f"{ask.prompt(q['question'])} {q['answer']}\n\n" for q in dev]
    tokenizer = train_tokenizer(texts, 2048)
    size = ModelSettings(
        hidden_size=hidden, layers=layers, heads=4, intermediate_size=3 * hidden, context=512
    )
    model = from_scratch(size, len(tokenizer), 0)
    optimiser = torch.optim.AdamW(model.parameters(), 2e-3)
    for step in range(steps):
        batch = [texts[(step * 8 + i) % len(texts)] for i in range(8)]
        encoded = tokenizer(batch, padding=True, padding_side="right", return_tensors="pt")
        labels = encoded["input_ids"].masked_fill(encoded["attention_mask"] == 0, -100)
        optimiser.zero_grad()
        model(**encoded, labels=labels).loss.backward()
        optimiser.step()
    model.eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def ours(model, tokenizer, questions, examples, batch_size) -> list[str]:
    """The tool's answers."""
    prompts = [ask.prompt(question["question"], examples) for question in questions]
    return ask.answer_questions(model, tokenizer, prompts, batch_size, progress=False)


def harness(lm, questions, examples) -> list[str]:
    """The harness's own Hugging Face backend on the same prompts."""
    from lm_eval.api.instance import Instance

    options = {"until": ["\n"], "do_sample": False, "max_gen_toks": ask.MAX_NEW_TOKENS}
    requests = [
        Instance(
            "generate_until", question, (ask.prompt(question["question"], examples), options), 0
        )
        for question in questions
    ]
    return [text.strip() for text in lm.generate_until(requests, disable_tqdm=True)]


def timed(clock, function, *arguments):
    """(seconds, result)"""
    start = clock()
    result = function(*arguments)
    return clock() - start, result


def answers_a_second(options: argparse.Namespace) -> None:
    """Print the tool's speed, the harness's, and their ratio."""
    from lm_eval.models.huggingface import HFLM
    from transformers import AutoModelForCausalLM, AutoTokenizer

    # on one CPU thread, processor seconds: they do not count what else the machine is doing
    clock = time.process_time if options.device == "cpu" else time.perf_counter
    questions = load_questions("test")[: options.questions]
    examples = ask.few_shot(load_questions("dev"), options.shots)
    with tempfile.TemporaryDirectory() as name:
        folder = trained_model(Path(name), options.hidden, options.layers, options.steps)
        model = AutoModelForCausalLM.from_pretrained(folder).to(options.device)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        lm = HFLM(
            pretrained=str(folder),
            device=options.device,
            batch_size=options.batch_size,
            dtype="float32",
        )
        best = {"tool": float("inf"), "harness": float("inf")}
        for _ in range(options.rounds):
            seconds, said = timed(
                clock, ours, model, tokenizer, questions, examples, options.batch_size
            )
            best["tool"] = min(best["tool"], seconds)
            seconds, theirs = timed(clock, harness, lm, questions, examples)
            best["harness"] = min(best["harness"], seconds)
    same = sum(a == b for a, b in zip(said, theirs, strict=True))
    tool, peer = (len(questions) / best[name] for name in ("tool", "harness"))
    print(
        f"answers a second ({options.shots} shots): tool {tool:.1f}, harness {peer:.1f}, "
        f"ratio {tool / peer:.2f}; equal answers {same} of {len(questions)}"
    )


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shots", type=int, default=5)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--batch-size", type=int, default=ask.BATCH_SIZE)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(1)
    answers_a_second(options)


if __name__ == "__main__":
    main()
