"""What a profile needs and this machine lacks, reported in one line before anything starts.

Memory and disk are lower bounds: what is let through may still prove too large, what is
refused certainly is.
"""

import os
import shutil
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.config.packages import PREFIX
from mucpt_utils.config.settings import Profile, SettingsError
from mucpt_utils.config.training import TrainSettings
from mucpt_utils.knowledge.facts import load_facts
from mucpt_utils.scoring import packages
from mucpt_utils.study import work

STATE_BYTES = 12  # per parameter in training: weight, gradient, at least one moment in float32
ROW_BYTES = 6  # per token that is trained on: its id in two bytes, its weight in four
HIDDEN_BYTES = 2  # per number of the hidden states that each block keeps for the gradient


def check(profile: Profile) -> None:
    """Raises SettingsError, which names a setting, what it needs, and what there is or is allowed;
    ModelMissing for a model package that has not been fetched."""
    check_model(profile)
    for name, settings in trainings(profile).items():
        check_training(profile, name, settings)
    check_shares(profile)
    check_disk(profile)


def trainings(profile: Profile) -> dict[str, TrainSettings]:
    """The budgets of a profile's own training runs, by the name of their setting."""
    budgets = {"reference_training": profile.reference_training, "train": profile.train}
    if not profile.pretrained:
        budgets["base"] = profile.base
    if profile.alignment:
        budgets["alignment"] = profile.alignment.train
    return budgets


def rows_of(profile: Profile, settings: TrainSettings) -> int:
    """Sequences that a run reads: whole steps within its budget, at least one."""
    step = profile.model.context * settings.batch_sequences
    return max(1, settings.tokens // step) * settings.batch_sequences


def check_training(profile: Profile, name: str, settings: TrainSettings) -> None:
    """Refuses a budget whose rows, or a batch whose hidden states, are larger than memory."""
    context, total = profile.model.context, memory()
    rows = rows_of(profile, settings)
    if rows * context * ROW_BYTES > total:
        setting = "tokens" if rows > settings.batch_sequences else "batch_sequences"
        raise too_large(f"{name}.{setting}", rows * context * ROW_BYTES, total)
    together = settings.batch_sequences // settings.accumulate * context
    states = together * profile.model.layers * profile.model.hidden_size * HIDDEN_BYTES
    if not profile.pretrained and states > device_memory():
        raise too_large(f"{name}.batch_sequences", states, device_memory())


def check_shares(profile: Profile) -> None:
    """Refuses shares that leave nothing for one part."""
    rows = rows_of(profile, profile.train)
    if rows == round(profile.replay * rows):
        raise SettingsError(
            f"setting 'replay': {profile.replay:g} of the {rows} sequences that train.tokens is "
            "good for leaves none of the corpus; allowed: a smaller share, or more tokens"
        )
    taught = profile.world.covered * profile.world.tested
    needed = work.uses_reference(profile) and not profile.reference.pretrained
    if needed and round(taught) == 0:
        raise SettingsError(
            f"setting 'world.covered': {profile.world.covered:g} of {profile.world.tested} "
            "subjects is none, and the arms need a reference model that knows some; allowed: more"
        )


def check_model(profile: Profile) -> None:
    """Refuses a model that does not exist, and one whose training state is larger than memory."""
    loaded = profile.pretrained
    if loaded:
        check_name("pretrained.name", loaded.name)
    if profile.reference.pretrained:
        check_name("reference.pretrained", profile.reference.pretrained)
    state = profile.parameters * STATE_BYTES
    if state > device_memory():
        raise too_large("pretrained" if loaded else "model", state, device_memory())


def check_name(setting: str, name: str) -> None:
    """Refuses a package that is not fetched, a path that does not exist, and a relative path: the
    notebooks, which load the model, run in a folder of their own."""
    if name.startswith(PREFIX):
        packages.fetched(name.removeprefix(PREFIX))
        return
    path = Path(packages.expanded(name))
    if packages.is_path(name) and not path.exists():
        raise SettingsError(f"setting {setting!r}: there is no {name}")
    if path.exists() and not path.is_absolute():
        raise SettingsError(f"setting {setting!r}: needs the whole path, {path.resolve()}")


def check_disk(profile: Profile) -> None:
    """Refuses a profile whose models, tokens and losses are larger than the whole disk."""
    subjects = len({fact.subject for fact in load_facts("music")})
    world = {"subjects": min(profile.world.subjects, subjects)}  # all of them, if there are fewer
    counted = profile.model_copy(update={"world": profile.world.model_copy(update=world)})
    needed, disk = work.disk_bytes(counted), shutil.disk_usage(existing(paths.work())).total
    if needed > disk:
        raise SettingsError(
            f"profile {profile.name!r} keeps about {in_gb(needed)} of models, tokens and losses; "
            f"the disk of {paths.work()} has {in_gb(disk)}: `python -m mucpt_utils cost` has more"
        )


def existing(folder: Path) -> Path:
    """The folder, or the nearest existing one above it."""
    return folder if folder.exists() else existing(folder.parent)


def memory() -> int:
    """Bytes of this machine's memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def device_memory() -> int:
    """Bytes of the memory in which a model is trained: of the GPU if there is one."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_properties(0).total_memory
    return memory()


def too_large(setting: str, needed: int, there: int) -> SettingsError:
    """The error about a setting that needs more memory than there is."""
    return SettingsError(
        f"setting {setting!r} needs at least {in_gb(needed)} of memory, this machine has "
        f"{in_gb(there)}; `python -m mucpt_utils cost` says what a profile needs"
    )


def in_gb(amount: float) -> str:
    """Bytes in words: `12 GB`, `1,500 GB`."""
    return f"{amount / 1e9:,.3g} GB" if amount < 1e12 else f"{amount / 1e9:,.0f} GB"
