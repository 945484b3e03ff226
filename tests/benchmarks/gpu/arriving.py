"""Stages made on another machine become finished stages of this one, each under its own key here.

A stage's key covers the contents of its inputs, and those differ where a model was trained on
another machine. So each stage is asked for in the study's own order, and taken from the parcel
where its key, made of what its inputs were there, is in it: settings, code and inputs agree.
"""

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import parcels

from mucpt_utils.io import write_json
from mucpt_utils.study import jobs, stages
from mucpt_utils.study.stages import RECORD, Artifact, Stage
from mucpt_utils.study.study import Study


def arriving(brought: Path, left_out: dict[str, str]) -> type[Study]:
    """A kind of study that takes what is missing here from a folder of stages."""

    class Arriving(Study):
        there: dict[str, str] = {}  # digest of a stage there, by its digest here
        taken: list[str] = []

        def stage(self, name, make, inputs=None, report=stages.silent, running=None, **settings):
            declared = Stage(name, make, inputs or {}, settings, running or {})
            source = brought / f"{name}-{self.as_there(declared).key()[:12]}"
            here = self.root / f"{name}-{declared.key()[:12]}"
            if source.is_dir() and not here.is_dir():
                take(source, here, declared, left_out)
                self.taken.append(here.name)
            artifact = super().stage(name, make, inputs, report, running, **settings)
            if source.is_dir():
                self.there[artifact.sha256] = parcels.check(source, left_out)["sha256"]
            return artifact

        def as_there(self, declared: Stage) -> Stage:
            """The stage with the inputs that it had on the other machine."""
            inputs = {}
            for input_name, a in declared.inputs.items():
                # as this parcel has it, or an earlier one of the same machine, or made here
                before = a.record.get("elsewhere", {}).get("sha256", a.sha256)
                digest = self.there.get(a.sha256, before)
                inputs[input_name] = Artifact(a.folder, {**a.record, "sha256": digest})
            return replace(declared, inputs=inputs)

    return Arriving


def take(source: Path, here: Path, declared: Stage, left_out: dict[str, str]) -> None:
    """Copy a stage to its place here. Its record says that it was made elsewhere, as what, and
    which files stayed there. Raises ParcelError for a damaged one."""
    record = parcels.check(source, left_out)
    partial = here.with_name(f"{here.name}.partial")
    shutil.copytree(source, partial, dirs_exist_ok=True)
    stayed = {n: digest for n, digest in left_out.items() if n.startswith(f"{source.name}/")}
    if stayed:  # without this file two models whose weights stayed there would be one and the same
        write_json(partial / parcels.LEFT_OUT, stayed)
    record["elsewhere"] = {
        "sha256": record["sha256"],
        "folder": source.name,
        "left_out": sorted(stayed),
    }
    record["sha256"] = stages.content_digest(partial)
    record["inputs"] = [
        {"name": a.name, "sha256": a.sha256, "folder": a.folder.name}
        for a in declared.inputs.values()
    ]
    write_json(partial / RECORD, record)
    partial.replace(here)


def take_all(study: Study, wanted: Iterable[jobs.Job]) -> list[jobs.Job]:
    """Ask for every stage before the runs and every run; returns the jobs that are not there."""
    for seed in study.profile.seeds:
        jobs.Job(study, "scores", (seed,)).find()
    return [job for job in wanted if job.find() is None]
