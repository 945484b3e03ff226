"""The sentences under the sliders of notebook 04, with their losses under each model.

First come two sentences of one template, a true one and a false one, whose answers are compared
under the seed whose reference model tells them apart best; then the story's sentence, and junk.
All of it is a small JSON file (`classroom.keep`) that is made once per set of models.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mucpt_utils.analysis.token_losses import at_temperatures, token_losses
from mucpt_utils.closure import code_digest
from mucpt_utils.config.arms import ARMS
from mucpt_utils.io import digest, read_json, read_jsonl
from mucpt_utils.scoring.tokens import TokenStore
from mucpt_utils.study.labels import kept_documents
from mucpt_utils.study.study import Study
from mucpt_utils.teaching import classroom, story, widgets
from mucpt_utils.teaching.session import Results
from mucpt_utils.teaching.story import Story

TEMPERATURES = (0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0)  # besides the calibrated ones
SHORTEST_SENTENCE, LONGEST_SENTENCE = 6, 48  # words; tokens
PAIRS = 8  # pairs of one template that are tried
NAME, LOSSES = "sentences", "token_losses"


def keep(study: Study, followed: Story, folder: Path) -> Path:
    """`classroom/sentences.json` of a results folder; made only where its models have changed."""
    path = folder / widgets.FOLDER / f"{NAME}.json"
    origin = made_from(study)
    if is_from(path, origin):
        path.touch()  # it belongs to this run as well
        return path
    return classroom.keep(folder, NAME, {"made_from": origin, **sentences(study, followed)})


def keep_losses(study: Study, results: Results) -> None:
    """The table `token_losses` of a results folder; made only where its models have changed.

    What it was made from stands in `classroom/token_losses.json`.
    """
    note = results.folder / widgets.FOLDER / f"{LOSSES}.json"
    origin = made_from(study)
    if results.holds(LOSSES) and is_from(note, origin):
        table = results.read(LOSSES)  # it belongs to this run as well
    else:
        table = token_losses(study)
    results.table(table, LOSSES)
    classroom.keep(results.folder, LOSSES, {"made_from": origin})


def is_from(kept: Path, origin: str) -> bool:
    """Whether a kept file was made from this, as `made_from` gives it."""
    return kept.is_file() and read_json(kept).get("made_from") == origin


def made_from(study: Study) -> str:
    """What decides sentences and losses: corpus, models, temperatures, the code that makes them."""
    seeds = study.profile.seeds[: classroom.SEEDS]
    stages = [study.corpus(), study.base(), *(study.reference(seed) for seed in seeds)]
    temperatures = [study.calibrated_temperature(seed) for seed in seeds]
    return digest([[s.sha256 for s in stages], temperatures, code_digest(__name__)])


class Stretch(NamedTuple):
    """A labelled stretch of a document that passed the pipeline: its kind and its number.

    answer: the object that a true or a false sentence names; about: the subject of its fact, which
    may differ from the document's; both empty for junk.
    """

    kind: str
    document: dict
    span: int
    answer: str
    about: str = ""

    @property
    def text(self) -> str:
        """The text of the stretch as it is trained on."""
        return story.labelled_text(self.document, self.span)

    @property
    def subject(self) -> str:
        """What the sentence is about, or else its document."""
        return self.about or self.document["metadata"]["title"]

    @property
    def template(self) -> str:
        """The words without subject and answer; empty if the sentence does not contain both."""
        if not self.answer or self.about not in self.text or self.answer not in self.text:
            return ""
        return self.text.replace(self.answer, "{o}").replace(self.about, "{s}")


class Pair(NamedTuple):
    """Two sentences of one template: a true one, and a false one."""

    true: Stretch
    false: Stretch


def sentences(study: Study, followed: Story) -> dict:
    """A few stretches of the cleaned corpus with the losses of their tokens, in nats.

    The pair of one template comes first (`part` true and false), if there is one, then the
    sentence that is followed, then junk. For each: `pieces`, the text of its tokens; `answer`,
    where the tokens of its answer begin and end among them, or None; `base` and, by seed and
    temperature, `reference`, the losses; by seed `known`, whether the reference model knows the
    subject, and `read`, whether the answer is in its text. `calibrated` holds each reference
    model's own temperature; `start` is the seed to begin with, `apart` by seed whether its
    reference model gives the true answer more weight than the false one.
    """
    seeds = study.profile.seeds[: classroom.SEEDS]
    texts = {seed: reference_text(study, seed) for seed in seeds}
    calibrated = {seed: study.calibrated_temperature(seed) for seed in seeds}
    fact = followed.fact
    first = Stretch("fact", followed.kept, followed.span, fact.object, fact.subject)
    tried = pairs(study, first)
    others = [first, *beside(study, followed, texts[seeds[0]], bool(tried))]
    stretches = [*(stretch for pair in tried for stretch in pair), *others]
    rows = scored_rows(study, stretches, texts, calibrated)
    kept: dict[str, Any] = {
        "seeds": list(seeds),
        "calibrated": {seed: f"{temperature:g}" for seed, temperature in calibrated.items()},
        "temperatures": [f"{t:g}" for t in temperatures_of(calibrated)],
    }
    junk = rows[2 * len(tried) :]
    if not tried:
        return {**kept, "start": seeds[0], "apart": {}, "sentences": junk}
    number, margins = best_pair(kept, [rows[2 * n : 2 * n + 2] for n in range(len(tried))])
    pair = [{**row, "part": part} for row, part in zip(rows[2 * number :], PARTS, strict=False)]
    shown = {tried[number].true.text, tried[number].false.text}
    junk = [row for row, one in zip(junk, others, strict=True) if one.text not in shown]
    apart = {seed: bool(margin > 0) for seed, margin in margins.items()}
    start = max(margins, key=lambda seed: margins[seed])
    return {**kept, "start": start, "apart": apart, "sentences": [*pair, *junk]}


PARTS = ("true", "false")


def pairs(study: Study, followed: Stretch) -> list[Pair]:
    """Pairs of one template, about subjects that some reference model knows; at most `PAIRS`.

    Those with the followed sentence come first, then those about one subject, then the shortest.
    """
    known = {subject for seed in study.profile.seeds for subject in study.covered(seed)}
    every = [followed, *stretches_of(study)]
    long_enough = [s for s in every if len(s.text.split()) >= SHORTEST_SENTENCE and s.template]
    by_template: dict[str, dict[str, list[Stretch]]] = {}
    for stretch in (s for s in long_enough if s.subject in known):
        by_template.setdefault(stretch.template, {}).setdefault(stretch.kind, []).append(stretch)
    found = [
        Pair(true, false)
        for kinds in by_template.values()
        for true in kinds.get("fact", ())[:PAIRS]
        for false in kinds.get("wrong_fact", ())[:PAIRS]
        if true.answer != false.answer
    ]
    found.sort(
        key=lambda pair: (
            pair.true.text != followed.text,
            pair.true.subject != pair.false.subject,
            len(pair.true.text) + len(pair.false.text),
            pair.true.text + pair.false.text,
        )
    )
    return found[:PAIRS]


def best_pair(kept: Mapping, tried: Sequence[Sequence[dict]]) -> tuple[int, dict[int, float]]:
    """The pair to show and, by seed, how much more its true answer weighs than its false one.

    One that some reference model tells apart and another does not, if there is any; of those, the
    one that is told apart most clearly.
    """
    margins = []
    for rows in tried:
        by_seed = {}
        for seed in kept["seeds"]:
            values = {**criterion(), "seed": seed, "temperature": kept["calibrated"][seed]}
            weights = widgets.sentence_weights({"sentences": rows, **kept}, values)
            true, false = (widgets.answer_mean(r, w) for r, w in zip(rows, weights, strict=True))
            by_seed[seed] = true - false
        margins.append(by_seed)
    order = [(min(m.values()) <= 0 < max(m.values()), max(m.values())) for m in margins]
    number = max(range(len(tried)), key=lambda n: order[n])
    return number, margins[number]


def criterion() -> dict:
    """The settings that the sliders start with, without the numerator."""
    tokens = ARMS[widgets.START].tokens
    assert tokens is not None, "the sliders start as an arm that weighs tokens"
    return {name: getattr(tokens, name) for name in widgets.MOVED}


def temperatures_of(calibrated: Mapping[int, float]) -> list[float]:
    """The temperatures on the slider."""
    return sorted({*TEMPERATURES, *calibrated.values()})


def scored_rows(
    study: Study,
    stretches: Sequence[Stretch],
    texts: Mapping[int, str],
    calibrated: Mapping[int, float],
) -> list[dict[str, Any]]:
    """One row per stretch, with its tokens and their losses under every model."""
    from mucpt_utils.scoring import losses, models

    # 1. what each stretch is, and where its tokens are in a corpus of these documents only
    store = store_of(study, stretches)
    rows, places = [], []
    for number, stretch in enumerate(stretches):
        pieces, where = story.stretch_pieces(study, stretch.document, stretch.span)
        places.append(
            where[:LONGEST_SENTENCE] + store.starts[number] - corpus_start(study, stretch)
        )
        rows.append(row_of(study, stretch, pieces, texts))
    # 2. the losses of the base, and of each reference model at each temperature
    context = study.profile.model.context
    base = losses.score(models.load(study.base().path("model")), store, context)
    for row, where in zip(rows, places, strict=True):
        row["base"] = rounded(base[where])
    for seed in texts:
        model = models.load(study.reference(seed).path("model"))
        temperatures = temperatures_of(calibrated)
        for temperature, scored in at_temperatures(model, store, context, temperatures).items():
            for row, where in zip(rows, places, strict=True):
                row["reference"][seed][f"{temperature:g}"] = rounded(scored[where])
    return rows


def row_of(
    study: Study, stretch: Stretch, pieces: list[str], texts: Mapping[int, str]
) -> dict[str, Any]:
    """What a stretch is, and what each seed's reference model has read about it."""
    return {
        "kind": stretch.kind,
        "subject": stretch.subject,
        "pieces": pieces[:LONGEST_SENTENCE],
        "answer": answer_tokens(stretch, pieces),
        "known": [stretch.subject in study.covered(seed) for seed in texts],
        "read": [stands_in(stretch.answer, text) for text in texts.values()],
        "reference": {seed: {} for seed in texts},
    }


def beside(study: Study, followed: Story, read: str, paired: bool) -> list[Stretch]:
    """The stretches beside the followed sentence, if the corpus still has them.

    Noise and spam; and, if no pair of one template is shown, a false sentence whose answer the
    first seed's reference model has read in its text `read`, since then it expects the words, if
    not the statement, and one whose answer it has not. Of each, the shortest with enough words,
    preferably from a document about the same subject.
    """
    every = [s for s in stretches_of(study) if len(s.text.split()) >= SHORTEST_SENTENCE]
    every.sort(key=lambda s: (len(s.text), s.document["id"], s.span))
    every.sort(key=lambda s: s.document["metadata"]["title"] != followed.kept["metadata"]["title"])
    false = [] if paired else [s for s in every if s.kind == "wrong_fact"]
    expected = {answer for answer in {s.answer for s in false} if stands_in(answer, read)}
    groups = (
        [s for s in false if s.answer in expected],
        [s for s in false if s.answer not in expected],
        [s for s in every if s.kind == "noise"],
        [s for s in every if s.kind == "spam"],
    )
    return [group[0] for group in groups if group]


def stretches_of(study: Study) -> Iterator[Stretch]:
    """Every labelled stretch of the cleaned corpus; a false one only if its answer is whole."""
    facts = {fact.id: fact for fact in study.roles.test}
    for document in kept_documents(study.corpus().folder):
        for number, span in enumerate(document["metadata"]["truth"]["spans"]):
            fact, answer = facts.get(span.get("fact", "")), ""
            if span["kind"] == "fact" and fact:
                answer = fact.object
            elif span["kind"] == "wrong_fact":
                answer = span.get("object") or ""
            about = fact.subject if fact and answer else ""
            stretch = Stretch(span["kind"], document, number, answer, about)
            if span["kind"] != "wrong_fact" or answer and answer in stretch.text:
                yield stretch


def answer_tokens(stretch: Stretch, pieces: list[str]) -> list[int] | None:
    """First and one past the last of the pieces that the answer touches; None for no answer."""
    if not stretch.answer or stretch.answer not in stretch.text:
        return None
    start = stretch.text.index(stretch.answer)
    ends = np.cumsum([len(piece) for piece in pieces])
    begin = int(np.searchsorted(ends, start, side="right"))
    return [begin, int(np.searchsorted(ends, start + len(stretch.answer), side="left")) + 1]


def answer_of(study: Study, followed: Story) -> list[int] | None:
    """Where the answer of the followed sentence begins and ends among its tokens."""
    fact = followed.fact
    stretch = Stretch("fact", followed.kept, followed.span, fact.object, fact.subject)
    return answer_tokens(stretch, story.token_pieces(study, followed)[0])


def reference_text(study: Study, seed: int) -> str:
    """All that a seed's reference model has read about music."""
    return "\n".join(
        document["text"]
        for document in read_jsonl(study.reference_text(seed).path("documents.jsonl"))
    )


def stands_in(answer: str, text: str) -> bool:
    """Whether a text contains an answer as whole words; never for an empty answer."""
    return bool(answer) and re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", text) is not None


def store_of(study: Study, stretches: Sequence[Stretch]) -> TokenStore:
    """The tokens of the stretches' documents only; a document may be there twice."""
    corpus = TokenStore.load(study.domain_tokens().folder)
    ids = [stretch.document["id"] for stretch in stretches]
    parts = [corpus.document(corpus.ids.index(name)) for name in ids]
    return TokenStore(np.concatenate(parts), np.cumsum([0, *map(len, parts)]), ids, corpus.begin)


def corpus_start(study: Study, stretch: Stretch) -> int:
    """Where a stretch's document begins among the corpus's tokens."""
    corpus = TokenStore.load(study.domain_tokens().folder)
    return int(corpus.starts[corpus.ids.index(stretch.document["id"])])


def rounded(values: np.ndarray) -> list[float]:
    """Losses rounded to three decimals, to keep the file small."""
    return values.astype(float).round(3).tolist()
