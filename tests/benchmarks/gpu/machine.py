"""What a machine has and what it still needs: packages with their sizes, memory, matrix peak."""

import importlib.metadata
import json
import platform
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from packaging.requirements import Requirement

from mucpt_utils import paths
from mucpt_utils.errors import MuCPTError, OutsideError

# what a run imports: found here by importing it, so that nothing is listed by hand. Libraries that
# others import because they happen to be installed here do not count.
IMPORTING = """
import builtins, importlib.metadata, json
real, asked = builtins.__import__, {"gguf", "accelerate"}

def noted(name, globals=None, *rest, **more):
    if str((globals or {}).get("__name__")).startswith("mucpt_utils"):
        asked.add(name.partition(".")[0])
    return real(name, globals, *rest, **more)

builtins.__import__ = noted
import mucpt_utils.study.jobs, mucpt_utils.training.trainer, mucpt_utils.musicsimpleqa.asking.ask
import mucpt_utils.study.launch
owners = importlib.metadata.packages_distributions()
print(json.dumps(sorted({o for a in asked - {"mucpt_utils"} for o in owners.get(a, ())})))
"""
LINUX = [f"manylinux_2_{n}_x86_64" for n in (39, 35, 34, 31, 28, 27, 24, 17)]
LINUX += ["manylinux2014_x86_64", "manylinux1_x86_64"]
DATA = 10**6  # bytes of a file of data that is dropped from a wheel
SPARE = 10**6  # bytes for names and headers of what travels
PIECE = 5 * 10**6  # bytes of the smallest piece that is worth a carry
# never carried: a bare GPU machine has its own, built for its GPU
ITS_OWN = ("torch", "triton", "nvidia-", "transformers")


class WheelsMissing(OutsideError, RuntimeError):
    """Wheels that the package index did not give."""


class NoRoom(MuCPTError, ValueError):
    """A checkout that fills a carry, or nearly."""


def needed() -> dict[str, str]:
    """Distributions that training and asking need, with their versions here."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTING], capture_output=True, text=True, check=True
    )
    names = sorted(brought_by(*json.loads(done.stdout.splitlines()[-1])))
    return {name: importlib.metadata.version(name) for name in names}


def brought_by(*names: str) -> set[str]:
    """Distributions that these require, directly or through others: a machine with them has all."""
    brought: set[str] = set()
    waiting = list(names)
    while waiting:
        name = normalised(waiting.pop())
        if name in brought or not is_installed(name):
            continue
        brought.add(name)
        required = map(Requirement, importlib.metadata.requires(name) or [])
        waiting += [r.name for r in required if not r.marker or r.marker.evaluate({"extra": ""})]
    return brought


def missing(names: Sequence[str]) -> list[str]:
    """Those of the distributions that are not installed here."""
    return [name for name in names if not is_installed(name)]


def is_installed(name: str) -> bool:
    """Whether a distribution is installed here, whichever version."""
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def to_carry(wanted: dict[str, str], there: Sequence[str]) -> list[str]:
    """`name==version` of what a machine lacks. there: names that it has, as pip lists them."""
    has = {normalised(line.split("=")[0].split()[0]) for line in there if line.strip()}
    return [
        f"{name}=={version}"
        for name, version in wanted.items()
        if normalised(name) not in has and not normalised(name).startswith(ITS_OWN)
    ]


def normalised(name: str) -> str:
    """A distribution's name as the index compares it."""
    return name.lower().replace("_", "-").replace(".", "-")


def download(pins: Sequence[str], folder: Path, python: str) -> dict[str, int]:
    """Fetch wheels without their dependencies; returns their sizes in bytes. Raises WheelsMissing.

    python: version of the machine they go to, as 3.12.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary=:all:", "--python-version", python, "--implementation", "cp"]
    command += [part for name in LINUX for part in ("--platform", name)]
    done = subprocess.run([*command, "--dest", folder, *pins], capture_output=True, text=True)
    if done.returncode:
        raise WheelsMissing(" ".join(done.stderr.split())[-300:])
    for path in folder.glob("*.whl"):
        slim(path)
    return {path.name: path.stat().st_size for path in sorted(folder.glob("*.whl"))}


def slim(wheel: Path) -> None:
    """Drop large files of data from a wheel: block lists and the like, which no run reads."""
    with zipfile.ZipFile(wheel) as whole:
        members = [
            each
            for each in whole.infolist()
            if each.compress_size <= DATA or each.filename.endswith((".py", ".so"))
        ]
        if len(members) == len(whole.infolist()):
            return
        slimmer = wheel.with_suffix(".slim")
        with zipfile.ZipFile(slimmer, "w", zipfile.ZIP_DEFLATED) as out:
            for each in members:
                out.writestr(each, whole.read(each))
    slimmer.replace(wheel)


def room(limit: int) -> int:
    """Bytes that a carry of `limit` bytes has left beside this checkout, which travels with it.

    Raises NoRoom where less than a piece is left.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=paths.ROOT, capture_output=True, text=True, check=True
    )
    tree = [paths.ROOT / name for name in listed.stdout.split("\0") if name]
    size = sum(path.stat().st_size for path in tree if path.is_file())
    left = limit - size - SPARE
    if left < PIECE:
        raise NoRoom(
            f"this checkout has {size / 1e6:.1f} MB, too much for a carry of {limit / 1e6:.1f} MB "
            f"that also holds a piece of {PIECE / 1e6:.1f} MB; leave out what no run reads: "
            "git sparse-checkout set --no-cone '/*' '!/results/'"
        )
    return left


def versions() -> dict[str, str]:
    """Python, torch, transformers, and the GPU with its memory or what stands in for it."""
    import torch

    told = {"python": platform.python_version()}
    told |= {n: importlib.metadata.version(n) for n in ("torch", "transformers") if is_installed(n)}
    told["device"] = "no CUDA GPU: this processor"
    if torch.cuda.is_available():
        card = torch.cuda.get_device_properties(0)
        told["device"] = f"{card.name}, {card.total_memory / 1e9:.0f} GB"
    return told
