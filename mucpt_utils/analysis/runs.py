"""The output of a finished run: its answers, its bits per byte, and its place in the study."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mucpt_utils.config.axes import DEFAULT, MAIN
from mucpt_utils.io import read_json, read_jsonl

if TYPE_CHECKING:  # only the places of runs are taken from the study
    from mucpt_utils.study.jobs import RunFiles


@dataclass(frozen=True)
class Run:
    """The output of one run, with its place in the study.

    answers: graded rows of `answers.jsonl`, along the learning curve; covered: ids of the questions
    whose subject this seed's reference model knows; known_before: ids of those about real facts
    that the base knew; bits_per_byte: by held-out text; artifact: the run's folder name.
    """

    arm: str
    seed: int
    answers: Sequence[Mapping]
    covered: frozenset[str] = frozenset()
    known_before: frozenset[str] = frozenset()
    bits_per_byte: Mapping[str, float] = field(default_factory=dict)
    axis: str = MAIN
    level: str = DEFAULT
    artifact: str = ""

    @property
    def name(self) -> str:
        """The run's name in `answers.csv`: `plain/seed0`, `replay=0.5/plain/seed0`."""
        mixture = "" if self.axis == MAIN else f"{self.axis}={self.level}/"
        return f"{mixture}{self.arm}/seed{self.seed}"

    @property
    def last_tokens(self) -> int:
        """Training tokens at the last point of the learning curve; 0 without answers."""
        return max((row["tokens"] for row in self.answers), default=0)

    @property
    def final_answers(self) -> list[Mapping]:
        """The answers at the end of the run."""
        return [row for row in self.answers if row["tokens"] == self.last_tokens]


def read_run(files: "RunFiles") -> Run:
    """A finished run, read from its files. Raises FileError for a damaged file."""
    return Run(
        arm=files.arm,
        seed=files.seed,
        answers=read_jsonl(files.answers),
        covered=files.covered,
        known_before=files.known_before,
        bits_per_byte=read_json(files.folder / "text.json")["bits_per_byte"],
        axis=files.axis,
        level=files.level,
        artifact=files.folder.name,
    )


def read_runs(files: Iterable["RunFiles"]) -> list[Run]:
    """Finished runs, in the order of their files."""
    return [read_run(one) for one in files]
