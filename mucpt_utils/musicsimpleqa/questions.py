"""The benchmark's questions: what one is, how a fact becomes one, and the one way to load them."""

from collections.abc import Collection
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.io import FileError, read_jsonl
from mucpt_utils.knowledge.facts import Fact
from mucpt_utils.knowledge.relations import Relation
from mucpt_utils.musicsimpleqa.words import words

SPLITS = {
    "test": paths.ROOT / "data_cards/musicsimpleqa/test.jsonl",
    "dev": paths.ROOT / "data_cards/musicsimpleqa/dev.jsonl",
}
FIELDS = (
    *("id", "question", "answer", "aliases", "answer_type", "category"),
    *("stratum", "subject", "fact_ids", "reference", "valid_as_of", "part"),
)
NEEDED = ("id", "question", "answer", "answer_type")  # to be asked and graded


def load_questions(split_or_path: str | Path = "test") -> list[dict]:
    """The questions of a committed split, or of a JSON Lines file.

    Raises FileError that names file and line for what is not a question, and for no such file.
    """
    path = SPLITS.get(str(split_or_path), Path(split_or_path))
    if not path.is_file():
        raise FileError(f"no questions at {path}; the splits are {', '.join(SPLITS)}")
    return read_jsonl(path, NEEDED)


def question_of(
    fact: Fact, relation: Relation, persons: Collection[str] = (), part: str = "dev"
) -> dict:
    """The question that a fact answers, in the relation's first wording.

    persons: names of persons; an answer among them may be given by its family name wherever the
    relation only says "artist or band". part: of the benchmark that the question belongs to.
    """
    question = relation.questions[0].replace("{s}", fact.subject).replace("??", "?")
    person_or_band = relation.answer_type == "group" or relation.id == "award.winner"
    is_person = person_or_band and fact.object in persons
    return {
        "id": f"q:{fact.id}",
        "question": question,
        "answer": fact.object,
        "aliases": [alias for alias in fact.aliases if not stands_in(alias, question)],
        "answer_type": "person" if is_person else relation.answer_type,
        "category": fact.category,
        "stratum": fact.popularity,
        "subject": fact.subject,
        "fact_ids": [fact.id],
        "reference": fact.reference,
        "valid_as_of": fact.valid_as_of,
        "part": part,
    }


def stands_in(name: str, text: str) -> bool:
    """Whether a text holds a name, word for word, whatever its case and accents."""
    inner = [word.form for word in words(name)]
    outer = [word.form for word in words(text)]
    width = len(inner)
    return bool(inner) and any(outer[i : i + width] == inner for i in range(len(outer) - width + 1))
