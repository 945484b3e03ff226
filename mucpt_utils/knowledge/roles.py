"""Who is asked, who is known, who teaches: the roles that subjects play in one study.

Every subject has one role, so that no fact under test is ever asked, tuned on or used to set a
temperature. The reference model's share of the test subjects changes with the seed.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from mucpt_utils.config.knowledge import WorldSettings
from mucpt_utils.knowledge.facts import Fact, by_subject


@dataclass(frozen=True)
class World:
    """Facts by role. `test`: under test; the base never sees them, the corpus states them."""

    test: list[Fact]
    practice: list[Fact]
    calibration: list[Fact]
    general: list[Fact]
    general_asked: set[str] = field(default_factory=set)

    def covered(self, share: float, seed: int) -> set[str]:
        """Test subjects that the reference model knows, drawn anew for each seed."""
        names = sorted({f.subject for f in self.test})
        order = np.random.default_rng(seed).permutation(len(names))
        return {names[i] for i in order[: round(share * len(names))]}

    def as_dict(self) -> dict:
        """The world as plain JSON values."""
        return {**asdict(self), "general_asked": sorted(self.general_asked)}

    @classmethod
    def from_dict(cls, data: dict) -> "World":
        """The world back from `as_dict`."""
        roles = ("test", "practice", "calibration", "general")
        known = {role: [_fact(row) for row in data[role]] for role in roles}
        return cls(**known, general_asked=set(data["general_asked"]))


def _taking_part(facts: Sequence[Fact], categories: Sequence[str]) -> list[Fact]:
    """Facts of the categories; theory only on request, for it is computed, not looked up."""
    if categories:
        unknown = sorted(set(categories) - {f.category for f in facts})
        if unknown:
            allowed = ", ".join(sorted({f.category for f in facts}))
            raise ValueError(f"world: unknown categories {unknown}; allowed: {allowed}")
        return [f for f in facts if f.category in categories]
    return [f for f in facts if f.category != "theory"]


def _fact(row: dict) -> Fact:
    lists = {name: tuple(row[name]) for name in ("aliases", "subject_aliases")}
    return Fact(**{**row, **lists})


def make_world(
    music: Sequence[Fact],
    general: Sequence[Fact],
    test_subjects: Sequence[str],
    dev_subjects: Sequence[str],
    settings: WorldSettings,
    seed: int = 0,
) -> World:
    """Give each subject its role.

    test_subjects, dev_subjects: subjects of the benchmark's questions, in the benchmark's order.
    In the dev split, the world under test is made of dev subjects and, where these are too few, of
    subjects that no reported question is about. Raises ValueError when subjects run out.
    """
    rng = np.random.default_rng(seed)
    groups = by_subject(_taking_part(music, settings.categories))
    reserved = set(test_subjects)
    spare = [s for s in groups if s not in reserved and s not in set(dev_subjects)]
    spare = [spare[i] for i in rng.permutation(len(spare)) if len(groups[spare[i]]) >= 2]
    asked = [s for s in test_subjects if s in groups]
    if settings.split == "dev":
        asked = [s for s in dev_subjects if s in groups]
        missing = max(0, settings.subjects - len(asked))
        asked, spare = asked + spare[:missing], spare[missing:]
    tested = asked[: settings.subjects]
    needed = settings.practice + settings.calibration
    if len(spare) < needed:
        raise ValueError(
            f"world.practice + world.calibration = {needed}, but only {len(spare)} music subjects "
            "are free of questions"
        )
    practice, calibration = spare[: settings.practice], spare[settings.practice : needed]
    general_groups = by_subject(_taking_part(general, settings.general_categories))
    names = list(general_groups)
    names = [names[i] for i in rng.permutation(len(names))][: settings.general]
    kept = round(settings.general_asked * len(names))
    return World(
        test=[f for s in tested for f in groups[s]],
        practice=[f for s in practice for f in groups[s]],
        calibration=[f for s in calibration for f in groups[s]],
        general=[f for s in names for f in general_groups[s]],
        general_asked=set(names[:kept]),
    )
