"""Whether there is anything to gain: arms that are told the truth, beside plain training.

A question about a method means something only where such a ceiling stands clear of plain. Where it
does not, "no difference" would be the wrong words: there was no room.
"""

from dataclasses import dataclass

import pandas as pd

from mucpt_utils.analysis.claims import Effect
from mucpt_utils.config.arms import ARMS
from mucpt_utils.report.words import KINDS, MEASURES, Tables, difference_of, enumerated, signed
from mucpt_utils.site import plain

CEILING = "ceiling"  # role of an arm that is told what no method knows
# how far a ceiling has to stand above plain, by measure, with an interval that does not hold zero
CLEAR = {"log_likelihood": 0.2, "accuracy": 0.1}


@dataclass(frozen=True)
class Room:
    """What the best ceiling reaches on one kind of facts, and whether that leaves room."""

    kind: str
    arm: str
    effect: Effect
    clear: bool


def ceilings(tables: Tables) -> list[str]:
    """The arms of a run that are told the truth."""
    arms = tables.get("differences", pd.DataFrame({"arm": []}))["arm"]
    return [arm for arm in dict.fromkeys(arms) if arm in ARMS and ARMS[arm].role == CEILING]


def rooms(tables: Tables) -> list[Room]:
    """The room on each kind of facts; none where the run has no ceiling."""
    found = []
    for kind in KINDS:
        measured = {
            arm: {m: difference_of(tables, arm, "plain", kind, m) for m in MEASURES}
            for arm in ceilings(tables)
        }
        best = max(
            (arm for arm, effects in measured.items() if effects["log_likelihood"]),
            key=lambda arm: measured[arm]["log_likelihood"].value,
            default=None,
        )
        if best is not None:
            every = [pair for effects in measured.values() for pair in effects.items()]
            clear = any(stands_clear(effect, metric) for metric, effect in every)
            found.append(Room(kind, best, measured[best]["log_likelihood"], clear))
    return found


def stands_clear(effect: Effect | None, metric: str) -> bool:
    """Whether a ceiling's difference to plain is large enough to ask about methods."""
    return effect is not None and effect.low > 0 and effect.value >= CLEAR[metric]


def room_sentence(tables: Tables) -> str:
    """How much there is to gain on each kind of facts, or that the run does not say."""
    parts = []
    for one in rooms(tables):
        effect = one.effect
        gain = f"{signed(effect.value)} nats [{signed(effect.low)}, {signed(effect.high)}]"
        facts = plain.stratum_title(one.kind)
        parts.append(
            f"{gain} on {facts}" if one.clear else f"no room here on {facts} ({gain} at best)"
        )
    if not parts:
        return (
            "No arm of this run was told which facts are true, so it does not say how much there "
            "was to gain."
        )
    return f"What an arm that is told the truth gains over plain: {enumerated(parts)}."
