"""The writer's labels carried over to the tokens: which are facts, wrong facts, spam.

Only measurements read these, and ceilings: arms that are told what no method knows. No stage
of a method does.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mucpt_utils.io import read_json, read_jsonl, write_json
from mucpt_utils.knowledge.facts import Fact, load_facts
from mucpt_utils.knowledge.roles import Roles
from mucpt_utils.text.documents import training_text

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from mucpt_utils.study.stages import Report

# later ones win if labels overlap: noise inside a fact is noise
KINDS = (
    *("other", "fact", "wrong_fact", "rumour", "boilerplate", "spam", "pii", "mojibake"),
    "noise",
)
TOLD = ("fact", "wrong_fact")  # spans that are narrowed to their object
RUMOUR = "rumour"
FALSE = ("wrong_fact", RUMOUR)  # false statements: told once, told on many sites


@dataclass(frozen=True)
class Labels:
    """What the writer knows about each token and document of a corpus.

    kinds: (tokens,), index into KINDS; facts: (tokens,), index into `names`, ids of facts, or -1
    if the token is not part of an object; reliable: (documents,), whether the site is.
    """

    kinds: np.ndarray
    facts: np.ndarray
    reliable: np.ndarray
    names: Sequence[str]

    def are(self, *kinds: str) -> np.ndarray:
        """Which tokens are of one of the kinds; (tokens,) booleans."""
        return np.isin(self.kinds, [KINDS.index(kind) for kind in kinds])

    @classmethod
    def load(cls, folder: Path) -> "Labels":
        """The labels that the stage `labels` saved."""
        kinds, facts, reliable = (
            np.load(folder / f"{name}.npy") for name in ("kinds", "facts", "reliable")
        )
        return cls(kinds, facts, reliable, read_json(folder / "facts.json"))


def label_tokens(
    folder: Path, inputs: Mapping[str, Path], report: "Report", *, metadata: Sequence[str]
) -> None:
    """The stage: labels of a cleaned corpus, aligned with its tokens. See `Labels`."""
    from mucpt_utils.scoring.models import load_tokenizer

    documents = kept_documents(inputs["corpus"])
    tested = Roles.from_dict(read_json(inputs["world"] / "world.json")).test  # invented ones too
    tokenizer, objects = load_tokenizer(inputs["tokenizer"]), fact_objects(tested)
    made = labels_of(documents, tokenizer, metadata, objects)
    for name in ("kinds", "facts", "reliable"):
        np.save(folder / f"{name}.npy", getattr(made, name))
    write_json(folder / "facts.json", list(made.names))


def kept_documents(corpus: Path) -> list[dict]:
    """Every document that came through the pipeline, in order. corpus: the stage's folder."""
    return [row for path in sorted(corpus.glob("kept/*.jsonl")) for row in read_jsonl(path)]


def fact_objects(tested: Sequence[Fact]) -> dict[str, str]:
    """The object of every fact, by its id: of the committed facts and of those under test."""
    committed = (fact for name in ("music", "general") for fact in load_facts(name))
    return {fact.id: fact.object for fact in (*committed, *tested)}


def labels_of(
    documents: Sequence[Mapping],
    tokenizer: "PreTrainedTokenizerBase",
    fields: Sequence[str],
    objects: Mapping[str, str],
) -> Labels:
    """Labels of every token, documents end to end as `tokens.tokenise` lays them.

    A fact's tokens are those of its object alone, since a question asks for these; `objects`
    gives a fact's object by its id. The metadata line and end tokens are `other`.
    """
    names = {name: index for index, name in enumerate(sorted(objects))}
    rows = [_token_rows(document, tokenizer, fields, objects, names) for document in documents]
    kinds = [kinds for kinds, _ in rows] or [np.zeros(0, np.int8)]
    facts = [facts for _, facts in rows] or [np.zeros(0, np.int32)]
    reliable = [document["metadata"]["truth"].get("reliable", True) for document in documents]
    return Labels(
        np.concatenate(kinds), np.concatenate(facts), np.array(reliable, bool), list(names)
    )


def _token_rows(
    document: Mapping,
    tokenizer: "PreTrainedTokenizerBase",
    fields: Sequence[str],
    objects: Mapping[str, str],
    names: Mapping[str, int],
) -> tuple[np.ndarray, np.ndarray]:
    """Kind and fact of each token of a document, its begin and end tokens included."""
    from mucpt_utils.scoring.tokens import begin_token

    begins, ends, shift = token_places(document, tokenizer, fields)
    opening = 0 if begin_token(tokenizer) is None else 1
    length = opening + len(begins) + 1  # the end token comes last
    kinds, facts = np.zeros(length, np.int8), np.full(length, -1, np.int32)
    text = slice(opening, length - 1)
    for span in sorted(_spans(document, objects), key=lambda s: KINDS.index(s["kind"])):
        inside = (begins < span["end"] + shift) & (ends > span["start"] + shift)
        kinds[text][inside] = KINDS.index(span["kind"])
        facts[text][inside] = names.get(span.get("fact", ""), -1)
    return kinds, facts


def token_places(
    document: Mapping, tokenizer: "PreTrainedTokenizerBase", fields: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, int]:
    """Where each token of the training text begins and ends, and where the document's text
    begins in it, all in characters."""
    text = training_text(dict(document), fields)
    offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    begins, ends = np.array(offsets["offset_mapping"], int).reshape(-1, 2).T
    return begins, ends, len(text) - len(document["text"])


def _spans(document: Mapping, objects: Mapping[str, str]) -> list[dict]:
    """Labelled spans; that of a (wrong) fact is narrowed to its object."""
    narrowed = []
    for span in document["metadata"]["truth"]["spans"]:
        if span["kind"] not in KINDS:
            continue
        if span["kind"] in TOLD:
            value = span.get("object") or objects.get(span.get("fact"), "")
            # a sentence may begin with it: "Jazz is what ..."
            told = re.compile(re.escape(value), re.IGNORECASE)
            found = told.search(document["text"], span["start"], span["end"]) if value else None
            if found is None:
                continue
            span = {**span, "start": found.start(), "end": found.end()}
            if span["kind"] == "wrong_fact" and span.get("subkind") == RUMOUR:
                span["kind"] = RUMOUR
        narrowed.append(span)
    return narrowed
