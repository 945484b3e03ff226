"""A small model that answers some questions right, made in seconds: for tests of MusicSimpleQA."""

import json
from pathlib import Path

import torch

from mucpt_utils.config.scoring import ModelSettings
from mucpt_utils.musicsimpleqa.asking.ask import prompt
from mucpt_utils.scoring.models import from_scratch
from mucpt_utils.scoring.tokens import train_tokenizer

# (question, key, answer type, what the model learns to say); names that a stop at "." or "," cuts
LESSONS = [
    ("Who made the album The Chronic?", "Dr. Dre", "person", "Dr. Dre"),
    ("Which group recorded September?", "Earth, Wind & Fire", "group", "Earth, Wind & Fire"),
    ("Which group recorded Automatic for the People?", "R.E.M.", "group", "R.E.M."),
    ("Which group recorded Louden Up Now?", "!!!", "group", "!!!"),
    ("In what year was Nevermind released?", "1991", "year", "1991"),
    ("Which group recorded Nevermind?", "Nirvana", "group", "Nirvana"),
    ("Which group recorded Back in Black?", "AC/DC", "group", "Led Zeppelin"),
    ("In what year was Thriller released?", "1982", "year", "1983"),
    ("Who composed The Nutcracker?", "Pyotr Tchaikovsky", "person", "I don't know."),
    ("In which city was Carmen first performed?", "Paris", "place", "I am not sure."),
]
CORRECT, INCORRECT, NOT_ATTEMPTED = 6, 2, 2
CHAT_TEMPLATE = (
    "{% for m in messages %}{% if m['role'] == 'user' %}Question: {{ m['content'] }}\n"
    "{% elif m['role'] == 'assistant' %}Answer: {{ m['content'] }}\n\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}Answer:{% endif %}"
)


def questions() -> list[dict]:
    """The questions of the lessons, in the benchmark's form."""
    return [
        {
            "id": f"q:test:{number}",
            "question": question,
            "answer": answer,
            "aliases": [],
            "answer_type": kind,
            "category": "song" if number % 2 else "album",
            "stratum": "popular" if number < 5 else "less_popular",
            "subject": f"subject {number // 2}",
        }
        for number, (question, answer, kind, _) in enumerate(LESSONS)
    ]


def write_questions(path: Path) -> Path:
    """The questions as a JSON lines file."""
    path.write_text("".join(f"{json.dumps(q)}\n" for q in questions()), encoding="utf-8")
    return path


def make_model(folder: Path, steps: int = 120) -> Path:
    """Train a tiny model on the lessons, save it with its tokenizer, and return the folder."""
    texts = [f"{prompt(question)} {said}\n" for question, _, _, said in LESSONS]
    tokenizer = train_tokenizer(texts, 400)
    tokenizer.chat_template = CHAT_TEMPLATE
    settings = ModelSettings(hidden_size=64, layers=2, heads=2, intermediate_size=128, context=512)
    model = from_scratch(settings, len(tokenizer), seed=0)
    encoded = tokenizer(texts, padding=True, padding_side="right", return_tensors="pt")
    labels = encoded["input_ids"].masked_fill(encoded["attention_mask"] == 0, -100)
    optimiser = torch.optim.AdamW(model.parameters(), 5e-3)
    for _ in range(steps):
        optimiser.zero_grad()
        model(**encoded, labels=labels).loss.backward()
        optimiser.step()
    model.eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
