"""Where results go, and what they come from: `run.json` with settings, commit, artefacts."""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from mucpt_utils import paths
from mucpt_utils.config.settings import Profile, load_profile
from mucpt_utils.io import digest, write_json
from mucpt_utils.study import parallel, stages
from mucpt_utils.study.checkout import commit
from mucpt_utils.study.stages import Artifact

RUN = "run.json"
LONGEST_LISTING = 100  # entries of a listing that run.json spells out
PROSE_SETTINGS = ("text", "prose")  # settings that only the prose lane reads
COMMITTED = "laptop"  # the profile whose results are committed whole


def results_folder(profile: Profile, prose: bool = False) -> Path:
    """The results folder of a profile's rendered lane, or of its prose lane.

    A folder never holds results of two settings: it is named after the profile (`prose` for the
    prose lane), and if settings differ from those in the profile's file, also by eight hex digits
    of those that the lane reads. Only what is committed keeps the plain name: `run_all.sh` commits
    no other settings than the prose lane's folder of text.
    """
    own = load_profile(profile.name).model_dump(mode="json")
    settings = profile.model_dump(mode="json")
    changed = {name: value for name, value in settings.items() if value != own[name]}
    if prose:
        name, decides = paths.PROSE, {"name": profile.name, **changed}
    else:
        name = profile.name
        decides = {key: value for key, value in changed.items() if key not in PROSE_SETTINGS}
    if not decides or os.environ.get(paths.COMMIT_RESULTS) == name:
        return paths.results(name)
    return paths.results(f"{name}+{digest(decides)[:8]}")


class HasProfile(Protocol):
    """A study of either lane, of which the profile is recorded."""

    profile: Profile


def results_to_read(profile: str, overrides: Sequence[str] = ()) -> list[Path]:
    """Results folders for reading: the profile's own run, its committed one, `laptop`'s.

    The first one that has what is wanted should be used. Raises SettingsError.
    """
    own = results_folder(load_profile(profile, overrides))
    return [own, *map(paths.committed, dict.fromkeys((profile, COMMITTED)))]


def run_record(study: HasProfile, artifacts: Iterable[Artifact]) -> dict:
    """The content of `run.json`: settings, versions, machine, and every artefact's record.

    artifacts: what the tables were computed from; all that these were made from is added.
    No host name and no folder of the machine is recorded.
    """
    profile = study.profile
    return {
        "profile": profile.name,
        "purpose": profile.purpose,
        "parameters": profile.parameters,
        "tokens": profile.train.tokens,
        "seeds": list(profile.seeds),
        "settings": without_folders(profile.model_dump(mode="json")),
        "commit": commit(),
        "versions": {"python": platform.python_version(), **stages.versions()},
        "machine": machine(),
        "artifacts": shortened(without_folders(stages.lineage(artifacts))),
    }


def write_run_record(folder: Path, record: Mapping) -> Path:
    """Write `folder/run.json`; returns its path."""
    write_json(folder / RUN, record)
    return folder / RUN


def machine() -> dict:
    """CPU model, vector instructions, usable cores, memory in GiB, and the GPU if there is one.

    Instructions are those with which torch multiplies: CPUs of one name may differ in them, and
    then numbers differ.
    """
    import torch  # takes seconds, and is not needed to find a results folder

    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    vectors = torch.backends.cpu.get_cpu_capability()
    bfloat16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": platform.system(),
        "cpu": next(names, platform.machine()),
        "instructions": f"{vectors}, bfloat16" if bfloat16 else vectors,
        "cores": parallel.cores(),
        "memory_gib": round(memory / 2**30, 1),
        "gpu": torch.cuda.get_device_name(0) if torch.cuda.is_available() else None,
    }


def without_folders(value: object) -> object:
    """JSON data with every absolute path reduced to its last part."""
    if isinstance(value, Mapping):
        return {key: without_folders(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_folders(item) for item in value]
    if isinstance(value, str) and len(value) > 1 and Path(value).is_absolute():
        return Path(value).name
    return value


def shortened(value: object) -> object:
    """JSON data with long listings (the files of a folder) replaced by their length and digest."""
    if isinstance(value, Mapping) and len(value) > LONGEST_LISTING:
        return {"entries": len(value), "sha256": digest(value)}
    if isinstance(value, Mapping):
        return {key: shortened(item) for key, item in value.items()}
    return [shortened(item) for item in value] if isinstance(value, list) else value
