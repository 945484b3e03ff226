"""Models whose weights are not here: a run made on another machine comes without them.

A cell that needs one says so in a line and stays empty; the rest of the notebook runs.
"""

from collections.abc import Iterable

from mucpt_utils.study.stages import Artifact
from mucpt_utils.study.study import Study


def all_here(study: Study, models: Iterable[Artifact], notebook: str = "04") -> bool:
    """Whether the weights of these stages' models are here; one line says which are not.

    notebook: the number of the notebook that trains such models.
    """
    lacking = list(dict.fromkeys(m.folder.name for m in models if not has_weights(m)))
    if lacking:
        print(
            f"Left out: the weights of {', '.join(lacking)} stayed on the machine that trained "
            "them. Models of the profile here, in folders of their own, are made by "
            f"`MUCPT_WORK=DIR MUCPT_RESULTS=DIR ./run_all.sh {study.profile.name} "
            f"--only {notebook}`."
        )
    return not lacking


def has_weights(model: Artifact) -> bool:
    """Whether a stage's model has a file of weights."""
    return any(model.path("model").glob("*.safetensors"))


def models_of(study: Study, seeds: Iterable[int]) -> list[Artifact]:
    """The base, and the reference models of some seeds."""
    return [study.base(), *(study.reference(seed) for seed in seeds)]
