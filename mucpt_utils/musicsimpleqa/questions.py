"""The benchmark's questions: what one is, how a fact becomes one, and the one way to load them."""

from collections.abc import Collection, Sequence
from hashlib import blake2b
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.io import FileError, read_jsonl
from mucpt_utils.knowledge.facts import Fact
from mucpt_utils.knowledge.relations import ANSWER_TYPES, Relation
from mucpt_utils.musicsimpleqa.grader.words import words
from mucpt_utils.text.render.wording import asked_about

SPLITS = {
    "test": paths.ROOT / "data_cards/musicsimpleqa/test.jsonl",
    "dev": paths.ROOT / "data_cards/musicsimpleqa/dev.jsonl",
}
# the core of test in other wordings: asked like a split, without subjects of its own
PARAPHRASES = paths.ROOT / "data_cards/musicsimpleqa/paraphrases.jsonl"
FIELDS = (
    *("id", "question", "answer", "aliases", "answer_type", "category", "relation"),
    *("stratum", "subject", "fact_ids", "reference", "valid_as_of", "part"),
)
GROUPED = ("part", "category", "stratum", "subject")  # by which answers are counted
NEEDED = ("id", "question", "answer", "answer_type")  # to be asked and graded


def load_questions(split_or_path: str | Path = "test") -> list[dict]:
    """The questions of a committed split, or of a JSON Lines file.

    Raises FileError, which names file and question, for anything but questions or a missing file.
    """
    path = SPLITS.get(str(split_or_path), Path(split_or_path))
    if not path.exists() or path.is_dir():
        raise FileError(f"no questions at {path}; the splits are {', '.join(SPLITS)}")
    questions = read_jsonl(path, NEEDED)
    numbers: dict[str, int] = {}
    for number, question in enumerate(questions, 1):
        if problem := unusable(question):
            raise FileError(f"{path}, question {number}: {problem}")
        first = numbers.setdefault(question["id"], number)
        if first != number:
            raise FileError(
                f"{path}, question {number}: the id {question['id']!r} is that of question {first}"
            )
    if not questions:
        raise FileError(f"{path} holds no questions")
    return questions


def unusable(question: dict) -> str:
    """Why a question cannot be asked or graded; "" if it can.

    question: with strings in the NEEDED fields; a labelled case has no id.
    """
    if question["answer_type"] not in ANSWER_TYPES:
        return f"answer_type is {question['answer_type']!r}, none of {', '.join(ANSWER_TYPES)}"
    aliases = question.get("aliases", [])
    if not (isinstance(aliases, list) and all(isinstance(alias, str) for alias in aliases)):
        return "aliases are not a list of texts"
    texts = [question[name] for name in NEEDED if name in question] + aliases
    if not all(text.strip() for text in texts):
        return f"one of {', '.join(NEEDED)}, aliases is empty"
    if any("\ud800" <= character <= "\udfff" for text in texts for character in text):
        return "a text holds half of a sign (a lone surrogate)"
    odd = [name for name in GROUPED if not isinstance(question.get(name, ""), str | None)]
    return f"{odd[0]} is not a text" if odd else ""


def question_of(
    fact: Fact,
    relation: Relation,
    persons: Collection[str] = (),
    part: str = "dev",
    wordings: Sequence[str] = (),
) -> dict:
    """The question that a fact answers, in one of its relation's wordings.

    persons: names of people; an answer among them may be given by its family name even if the
    relation only says "artist or band". part: of the benchmark that the question belongs to.
    wordings: replace the relation's own. The same fact always gets the same one.
    """
    question = phrasings(fact, wordings or relation.questions)[0]
    person_or_band = relation.answer_type == "group" or relation.id == "award.winner"
    is_person = person_or_band and fact.object in persons
    return {
        "id": f"q:{fact.id}",
        "question": question,
        "answer": fact.object,
        "aliases": [alias for alias in fact.aliases if not stands_in(alias, question)],
        "answer_type": "person" if is_person else relation.answer_type,
        "category": fact.category,
        "relation": fact.relation,
        "stratum": fact.popularity,
        "subject": fact.subject,
        "fact_ids": [fact.id],
        "reference": fact.reference,
        "valid_as_of": fact.valid_as_of,
        "part": part,
    }


def phrasings(fact: Fact, wordings: Sequence[str]) -> list[str]:
    """A fact's question in every wording, in an order that depends only on its id.

    The wordings are rotated to begin with a random one; those that give the answer away come
    last. Wordings without {s} are whole questions, and stay in their order.
    """
    start = blake2b(fact.id.encode(), digest_size=2).digest()[0] % len(wordings)
    if "{s}" not in wordings[0]:
        start = 0
    turned = [*wordings[start:], *wordings[:start]]
    texts = [asked_about(wording, fact.category, fact.subject) for wording in turned]
    return sorted(texts, key=lambda text: stands_in(fact.object, text))


def stands_in(name: str, text: str) -> bool:
    """Whether a text contains a name, word for word, ignoring case and accents."""
    inner = [word.form for word in words(name)]
    outer = [word.form for word in words(text)]
    width = len(inner)
    return bool(inner) and any(outer[i : i + width] == inner for i in range(len(outer) - width + 1))
