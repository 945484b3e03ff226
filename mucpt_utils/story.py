"""One sentence about one subject, chosen by code, that notebooks 01 to 04 follow to its weights."""

from dataclasses import dataclass

import numpy as np

from mucpt_utils.artifacts import Artifact
from mucpt_utils.documents import read_jsonl, training_text
from mucpt_utils.facts import Fact
from mucpt_utils.study import Study
from mucpt_utils.tokens import TokenStore

# a song where the world has one; otherwise what comes next
CATEGORIES = ("song", "album", "opera", "classical", "artist", "award", "instrument", "theory")


@dataclass(frozen=True)
class Story:
    """A fact, the sentence that tells it, and its document before and after the pipeline.

    span: number of the sentence among the document's labelled stretches, which every edit keeps.
    """

    fact: Fact
    raw: dict
    kept: dict
    span: int

    @property
    def before(self) -> str:
        """The sentence as the crawl has it."""
        return labelled_text(self.raw, self.span)

    @property
    def after(self) -> str:
        """The sentence as it is trained on."""
        return labelled_text(self.kept, self.span)


def labelled_text(document: dict, span: int) -> str:
    """The text of one labelled stretch."""
    place = document["metadata"]["truth"]["spans"][span]
    return document["text"][place["start"] : place["end"]]


def kept_documents(corpus: Artifact) -> list[dict]:
    """Every document that came through the pipeline, in order."""
    return [row for path in sorted(corpus.folder.glob("kept/*.jsonl*")) for row in read_jsonl(path)]


def rejected_documents(corpus: Artifact) -> list[dict]:
    """Every document that a stage rejected, with `stage`, `reason` and `detail`, in order."""
    files = sorted(corpus.folder.glob("rejected/*.jsonl"))
    return [row for path in files for row in read_jsonl(path)]


def find_story(study: Study) -> Story:
    """The sentence that is followed: the same one in every run of a profile.

    A true sentence that names its subject, of a document that came through the pipeline and had
    most sorts of flaws; of a song where there is one, which the first seed's reference model knows
    and a question is about.
    Raises ValueError where no document that was kept tells a fact under test.
    """
    raw = {d["id"]: d for d in read_jsonl(study.raw_corpus().path("documents.jsonl"))}
    known = {f.id: f for f in study.roles.test}
    covered = study.covered(study.profile.seeds[0])
    questions = read_jsonl(study.world().path("questions.jsonl"))
    asked = {name for question in questions for name in question["fact_ids"]}

    def rank(story: Story) -> tuple:
        fact = story.fact
        return (
            fact.subject not in story.after,
            story.raw["metadata"]["title"] != fact.subject,
            CATEGORIES.index(fact.category),
            fact.subject not in covered,
            fact.id not in asked,
            -len(_kinds(story.raw)),
            len(story.raw["text"]),
            story.raw["id"],
            story.span,
        )

    stories = [
        Story(known[span["fact"]], raw[document["id"]], document, number)
        for document in kept_documents(study.corpus())
        for number, span in enumerate(document["metadata"]["truth"]["spans"])
        if span["kind"] == "fact" and span.get("fact") in known
    ]
    told = [story for story in stories if story.fact.object in story.after]
    if not told:
        raise ValueError("no document that came through the pipeline tells a fact under test")
    return min(told, key=rank)


def _kinds(document: dict) -> set[str]:
    return {span["kind"] for span in document["metadata"]["truth"]["spans"]}


def token_pieces(study: Study, story: Story) -> tuple[list[str], np.ndarray]:
    """The text of each token of the story's sentence, and its place in the corpus's tokens.

    The places index `domain_tokens`, and with it losses and weights; both have one length.
    """
    store = TokenStore.load(study.domain_tokens().folder)
    text = training_text(story.kept, study.corpus_metadata)
    span = story.kept["metadata"]["truth"]["spans"][story.span]
    shift = len(text) - len(story.kept["text"])
    start, stop = span["start"] + shift, span["end"] + shift
    encoded = study.load_tokenizer()(text, add_special_tokens=False, return_offsets_mapping=True)
    begin = int(store.starts[store.ids.index(story.kept["id"])])
    pieces, places, position = [], [], start
    for number, (left, right) in enumerate(encoded["offset_mapping"]):
        if left < stop and right > start:
            pieces.append(text[position : min(right, stop)])
            places.append(begin + number)
            position = max(position, right)
    return pieces, np.array(places)
