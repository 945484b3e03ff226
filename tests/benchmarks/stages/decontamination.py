"""Decontamination: benchmark questions planted in a corpus, and the same facts merely stated."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from random import Random

from mucpt_utils import paths
from mucpt_utils.analysis import corpus
from mucpt_utils.config.settings import load_profile
from mucpt_utils.io import read_jsonl
from mucpt_utils.knowledge.facts import load_facts
from mucpt_utils.knowledge.relations import load_relations
from mucpt_utils.pipeline.decontamination import QuestionIndex
from mucpt_utils.text.render import render_documents
from stages.common import PROFILE, passages, row, sampled, share

STAGE = "decontamination"
FOUND, FALSE = 0.95, 0.02
HOSTS = 300
PASSING = "asked in passing"
# what can follow "wanted to know" word for word; "name the artist" and "did it" cannot
CLAUSE = re.compile(
    r"((in|on|from|by|for|at|to|with|of) )?(which|what|who|whose|when|where|how)\b", re.I
)
# how people ask in a forum, a quiz, an interview; {q} is the question, {a} its answer
FRAMES = {
    "asked as it is": "{q}",
    "asked in a forum": "Hi all, a friend and I disagree: {lower} Thanks in advance.",
    PASSING: "Someone at rehearsal wanted to know {bare}, and nobody could say.",
    "asked and answered": "{q} The answer is {a}.",
    "quiz with the answer behind": "Question 7. {q}\nAnswer: {a}",
    "interview": "So, {lower}\nThat would be {a}, I think.",
}


def measure() -> Iterator[dict]:
    """Every question of the benchmark in every wording and frame; facts stated, real prose."""
    card = paths.DATA_CARDS / "musicsimpleqa"
    questions = read_jsonl(card / "test.jsonl")
    index = QuestionIndex(questions)
    yield from _planted(questions, index)
    yield from _stated(questions, index)
    for lane in ("music_prose", "general_prose"):
        texts = [d.text for d in sampled(passages(lane), 600)]
        alarms = share(bool(index.find(text)) for text in texts)
        yield row(STAGE, "passages of real prose taken for asking", lane, *alarms, most=FALSE)


def _planted(questions: Sequence[dict], index: QuestionIndex) -> Iterator[dict]:
    """Each paraphrase in one frame, drawn by its number, inside a passage about something else."""
    planted = corpus.planted_questions(questions, load_relations())
    answers = {q["id"]: q["answer"] for q in questions}
    hosts = [d.text for d in sampled(passages("music_prose"), HOSTS)]
    rng, hits = Random(0), defaultdict(list)
    for text, key in planted:
        frame = rng.choice([f for f in sorted(FRAMES) if f != PASSING or CLAUSE.match(text)])
        asked = FRAMES[frame].format(
            q=text, lower=text[0].lower() + text[1:], bare=_bare(text), a=answers[key]
        )
        host = rng.choice(hosts)
        found = any(c.id == key for c in index.find(f"{host}\n\n{asked}\n\n{host[:200]}"))
        hits[frame].append(found)
    everything = [hit for of_frame in hits.values() for hit in of_frame]
    yield row(STAGE, "planted paraphrases found", "all", *share(everything), FOUND)
    for frame, of_frame in sorted(hits.items()):
        yield row(STAGE, "planted paraphrases found", frame, *share(of_frame), FOUND)


def _bare(question: str) -> str:
    """The question as a clause: without its mark, its first letter small."""
    return question[0].lower() + question[1:].rstrip("?.! ")


def _stated(questions: Sequence[dict], index: QuestionIndex) -> Iterator[dict]:
    """Documents that state the very facts that are asked about: knowledge, which must stay."""
    subjects = {q["subject"] for q in questions}
    known = [f for f in load_facts("music") if f.subject in subjects]
    options = load_profile(PROFILE).render.model_copy(update={"documents_per_subject": 4})
    documents = render_documents(known, load_relations(), options, 41, "music")
    alarms = share(bool(index.find(d["text"])) for d in documents)
    yield row(
        STAGE, "documents that state the facts taken for asking", "rendered", *alarms, most=FALSE
    )
