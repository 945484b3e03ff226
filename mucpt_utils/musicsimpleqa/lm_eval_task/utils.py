"""Functions of the lm-evaluation-harness task: the tool's questions, prompts and grades."""

import datasets

try:
    from mucpt_utils.musicsimpleqa.asking.ask import answer_line, few_shot
    from mucpt_utils.musicsimpleqa.grading import CORRECT, NOT_ATTEMPTED, grade
    from mucpt_utils.musicsimpleqa.questions import load_questions
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "musicsimpleqa needs the package that holds its questions and grades the answers "
        f"({error}); install it from a checkout of its repository: pip install -e ."
    ) from error

# fields of a question by which it is asked, graded or grouped
KEPT = (
    *("id", "question", "answer", "aliases", "answer_type"),
    *("subject", "part", "category", "stratum"),
)


def dataset(
    questions: str = "test", part: str | None = None, **kwargs
) -> dict[str, datasets.Dataset]:
    """The splits of the task; `dev` in the order in which the tool shows its examples.

    questions: `test`, or a file of questions (`--metadata '{"questions": "FILE"}'`). part: of the
    questions, `core`, `extension` or `tail`; without one, all. Raises ValueError for questions of
    `dev`: the harness shows the same examples before each, a question's own answer among them.
    """
    dev = load_questions("dev")
    asked = [q for q in load_questions(questions) if part is None or q.get("part") == part]
    shown = {example[name].casefold() for example in dev for name in ("id", "question")}
    own = [q["id"] for q in asked if {q["id"].casefold(), q["question"].casefold()} & shown]
    if own:
        raise ValueError(
            f"{len(own)} of the questions are examples, such as {own[0]!r}; ask them with "
            "`python -m mucpt_utils musicsimpleqa`, which shows others before each"
        )
    return {"test": as_dataset(asked), "dev": as_dataset(few_shot(dev, len(dev)))}


def as_dataset(questions: list[dict]) -> datasets.Dataset:
    """Questions as a dataset, whose columns would else be the fields of the first one."""
    return datasets.Dataset.from_list([{name: q.get(name) for name in KEPT} for q in questions])


def process_results(doc: dict, results: list[str]) -> dict:
    """Metrics of one answer, the first line of what was generated."""
    return metrics_of(doc, answer_line(results[0]))


def process_chat_results(doc: dict, results: list[str]) -> dict:
    """Metrics of one reply of a chat model, thoughts and markup included."""
    return metrics_of(doc, answer_line(results[0], chat=True))


def metrics_of(doc: dict, response: str) -> dict:
    """Metrics of one response; ratios get the pair (correct, attempted) for aggregation."""
    given = grade(doc, response).grade
    pair = (float(given == CORRECT), float(given != NOT_ATTEMPTED))
    return {
        "accuracy": pair[0],
        "attempted": pair[1],
        "accuracy_given_attempted": pair,
        "harmonic_mean": pair,
    }


def given_attempted(pairs: list[tuple[float, float]]) -> float:
    """Correct answers as a share of those attempted; 0 if none was."""
    correct, attempted = map(sum, zip(*pairs, strict=True))
    return correct / attempted if attempted else 0.0


def harmonic_mean(pairs: list[tuple[float, float]]) -> float:
    """Harmonic mean of accuracy and accuracy given attempted."""
    correct, attempted = map(sum, zip(*pairs, strict=True))
    return 2 * correct / (len(pairs) + attempted)
