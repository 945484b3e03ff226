"""Roles of subjects in one study: under test, practice, calibration, general.

Every subject has one role, so that no fact under test is ever asked, tuned on or used to set a
temperature. Which of the test subjects the reference model knows changes with the seed.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from mucpt_utils.config.knowledge import WorldSettings
from mucpt_utils.errors import MuCPTError
from mucpt_utils.knowledge.facts import Fact, by_subject
from mucpt_utils.knowledge.invented import invented_facts

ROLES = ("test", "practice", "calibration", "general")
FEWEST_FACTS = 2  # that a subject for practice or calibration must have


class RolesError(MuCPTError, ValueError):
    """Settings that ask for more subjects than there are, or for unknown categories."""


@dataclass(frozen=True)
class Roles:
    """Facts by the role of their subject.

    test: under test; stated by the corpus, never seen by a base from scratch. practice: teach
    the base the formats. calibration: set the reference model's temperature. general: what the
    base knows. general_asked: the general subjects that the benchmark's general twin asks about.
    """

    test: list[Fact]
    practice: list[Fact]
    calibration: list[Fact]
    general: list[Fact]
    general_asked: set[str] = field(default_factory=set)

    def covered(self, share: float, seed: int, complementary: bool = False) -> set[str]:
        """Test subjects that the reference model knows, drawn anew for each seed.

        complementary: odd seeds know what even ones do not; all seeds of one parity know the same.
        """
        names = sorted({fact.subject for fact in self.test})
        drawn = 0 if complementary else seed
        order = np.random.default_rng(drawn).permutation(len(names))
        first = round(share * len(names))
        chosen = order[first:] if complementary and seed % 2 else order[:first]
        return {names[i] for i in chosen}

    def as_dict(self) -> dict:
        """The roles as plain JSON values."""
        return {**asdict(self), "general_asked": sorted(self.general_asked)}

    @classmethod
    def from_dict(cls, data: dict) -> "Roles":
        """The roles back from `as_dict`."""
        facts = {role: [Fact.from_json(row) for row in data[role]] for role in ROLES}
        return cls(**facts, general_asked=set(data["general_asked"]))


def in_categories(
    facts: Sequence[Fact], categories: Sequence[str], setting: str
) -> dict[str, list[Fact]]:
    """Facts of the given categories, by subject; if none is given, of all but theory.

    Theory takes part only on request, because it is computed, not looked up. setting: name of the
    setting, for the message of RolesError about an unknown category.
    """
    if not categories:
        return by_subject(fact for fact in facts if fact.category != "theory")
    present = {fact.category for fact in facts}
    if unknown := sorted(set(categories) - present):
        allowed = ", ".join(sorted(present))
        raise RolesError(f"{setting}: unknown categories {unknown}; allowed: {allowed}")
    return by_subject(fact for fact in facts if fact.category in categories)


def draw_roles(
    music: Sequence[Fact],
    general: Sequence[Fact],
    test_subjects: Sequence[str],
    dev_subjects: Sequence[str],
    settings: WorldSettings,
    seed: int = 0,
) -> Roles:
    """Give each subject its role.

    test_subjects, dev_subjects: subjects of the benchmark's questions, in the benchmark's order.
    In the dev split, the subjects under test are dev subjects and, if these are too few,
    subjects that no reported question is about. Raises RolesError when subjects run out, and
    InventedError if invented ones cannot be made.
    """
    rng = np.random.default_rng(seed)
    groups = in_categories(music, settings.categories, "world.categories")
    # subjects that no question is about, in random order
    reserved = {*test_subjects, *dev_subjects}
    spare = [name for name in groups if name not in reserved]
    spare = [spare[i] for i in rng.permutation(len(spare))]
    spare = [name for name in spare if len(groups[name]) >= FEWEST_FACTS]
    # under test: the benchmark's own subjects
    asked, missing = [name for name in test_subjects if name in groups], 0
    if settings.split == "dev":
        asked = [name for name in dev_subjects if name in groups]
        missing = min(len(spare), max(0, settings.skip + settings.subjects - len(asked)))
        asked, spare = asked + spare[:missing], spare[missing:]
    # the spare ones are for practice and calibration
    needed = settings.practice + settings.calibration
    if len(spare) < needed:
        taken = f"; world.skip + world.subjects take {missing} more" if missing else ""
        raise RolesError(
            f"world.practice + world.calibration = {needed}, but only {len(spare)} music subjects "
            f"are free of questions{taken}"
        )
    # general subjects; the first of them are kept for the general twin
    general_groups = in_categories(general, settings.general_categories, "world.general_categories")
    names = list(general_groups)
    names = [names[i] for i in rng.permutation(len(names))][: settings.general]
    if len(asked) <= settings.skip:
        raise RolesError(
            f"world.skip={settings.skip} passes over all {len(asked)} subjects of the split "
            f"{settings.split!r}; allowed: fewer"
        )
    asked = asked[settings.skip : settings.skip + settings.subjects]
    tested = [fact for name in asked for fact in groups[name]]
    return Roles(
        test=tested + invented_facts(tested, settings.invented, [*music, *general], seed),
        practice=[fact for name in spare[: settings.practice] for fact in groups[name]],
        calibration=[fact for name in spare[settings.practice : needed] for fact in groups[name]],
        general=[fact for name in names for fact in general_groups[name]],
        general_asked=set(names[: round(settings.general_asked * len(names))]),
    )
