"""The same bytes on every engine. Ray is a real cluster of two workers on this machine; Slurm is a
stand-in for its commands that checks the scripts and runs their arrays; where Slurm is installed,
also the real one, a controller and a node on this machine."""

import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import time

import pytest
from flawed_corpus import contents
from ports import free_port

from mucpt_utils.config.pipeline import PipelineSettings, RaySettings, SlurmSettings
from mucpt_utils.pipeline.command import main
from mucpt_utils.pipeline.executors import EngineError, make_executor, run_executor
from mucpt_utils.pipeline.run import run_pipeline
from mucpt_utils.pipeline.shards import ReadUnits

# few stages: each of them is a job on Slurm and starts workers on Ray
READ_AND_MASK = PipelineSettings(
    classifier="off",
    clean={"enabled": False},
    exact_duplicates=False,
    near_duplicates={"enabled": False},
    contained={"enabled": False},
    part_documents=9,
    unit_bytes=2000,
)


def text(number):
    return (
        f"The chamber work number {number} opens with a slow melody for violin, and its sonata "
        f"movement of {number + 200} bars was praised by the conductor of the orchestra. "
        f"In concert {number * 7 + 3} the piano carried the rhythm of hall {number * 3 + 1}."
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    rows = [{"id": str(n), "text": text(n % 25)} for n in range(40)]
    for part in range(2):
        lines = (json.dumps(row) + "\n" for row in rows[part * 20 : part * 20 + 20])
        (folder / f"{part}.jsonl").write_text("".join(lines))
    return folder


# --- Ray ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ray_cluster():
    ray = pytest.importorskip("ray", reason="ray is not installed: pip install 'mucpt-utils[ray]'")
    cluster = started_cluster()
    yield cluster.address
    ray.shutdown()
    cluster.shutdown()


def started_cluster():
    """A head and two workers. A node gives its agent a fixed 15 s to start (ray issue 65983), which
    a busy machine may miss: such a machine cannot tell anything about the pipeline."""
    from ray.cluster_utils import Cluster

    memory = {"object_store_memory": 80_000_000, "memory": 4 * 2**30}
    for attempt in (1, 2):
        cluster = None
        try:
            cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **memory})
            for _ in range(2):
                cluster.add_node(num_cpus=1, **memory)
            cluster.wait_for_nodes()
            return cluster
        except Exception as error:
            if cluster is not None:
                cluster.shutdown()
            if attempt == 2:
                pytest.skip(f"no Ray node started twice: {' '.join(str(error).split())[:200]}")


def test_a_ray_cluster_of_two_workers_writes_the_same_bytes(ray_cluster, source, tmp_path):
    import ray

    options = {"address": ray_cluster, "memory_gb": 0.5}
    changes = {"engine": "ray", "ray": RaySettings(**options)}
    settings = READ_AND_MASK.model_copy(update=changes)  # every stage costs seconds on Ray
    result = run_pipeline(source, tmp_path / "ray", settings, tasks=3, workers=2)
    local = run_pipeline(source, tmp_path / "local", READ_AND_MASK)
    assert contents(result.folder) == contents(local.folder)
    assert sum(node["Alive"] for node in ray.nodes()) == 3


def test_a_task_that_fails_on_ray_is_told(ray_cluster, tmp_path):
    settings = PipelineSettings(engine="ray", ray=RaySettings(address=ray_cluster, memory_gb=0.5))
    block = ReadUnits([broken_unit], tmp_path / "shards", 5)
    executor = make_executor(block, "read", 1, 1, tmp_path / "logs", settings)
    with pytest.raises(EngineError, match="read: 1 tasks did not end; logs in"):
        run_executor(executor, "read")


def broken_unit():
    raise RuntimeError("this unit cannot be read")


def test_without_ray_one_line_says_how_to_have_it(tmp_path, source, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    settings = READ_AND_MASK.model_copy(update={"engine": "ray"})
    with pytest.raises(ValueError, match=r"pip install 'mucpt-utils\[ray\]'"):
        run_pipeline(source, tmp_path, settings)


# --- Slurm --------------------------------------------------------------------------------------

KNOWN = {
    "array", "cpus-per-task", "error", "job-name", "mem-per-cpu", "nodes", "output", "partition",
    "requeue", "time", "wait",
}  # fmt: skip
SBATCH = f"""#!{sys.executable}
'''Checks a batch script as sbatch would, then runs every task of its array here.'''
import os, re, subprocess, sys
script = sys.argv[-1]
lines = open(script).read().splitlines()
options = dict(re.match(r"#SBATCH --([a-z-]+)(?:=(.*))?$", x).groups() for x in lines
               if x.startswith("#SBATCH"))
unknown = set(options) - {KNOWN!r}
if unknown or not lines[0].startswith("#!"):
    sys.exit(f"sbatch: error: invalid script: {{unknown}}")
if "wait" not in options or not re.fullmatch(r"\\d+(:\\d\\d){{1,2}}", options["time"]):
    sys.exit("sbatch: error: wait and a time were expected")
subprocess.run(["bash", "-n", script], check=True)
first, last = re.match(r"(\\d+)-(\\d+)", options["array"]).groups()
for task in range(int(first), int(last) + 1):
    environment = dict(os.environ, SLURM_ARRAY_TASK_ID=str(task), SLURM_NODELIST="here")
    log = open(options["output"].replace("%A", "7").replace("%a", str(task)), "w")
    if subprocess.run(["bash", script], env=environment, stdout=log, stderr=log).returncode:
        sys.exit(1)
print("Submitted batch job 7")
"""
SRUN = '#!/bin/bash\nwhile [[ "$1" == -* ]]; do [[ "$1" == -n ]] && shift; shift; done\nexec "$@"\n'
SCONTROL = "#!/bin/bash\necho here\n"


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, script in (("sbatch", SBATCH), ("srun", SRUN), ("scontrol", SCONTROL)):
        (folder / name).write_text(script)
        (folder / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return SlurmSettings(partition="cpu", time="01:00:00")


def test_slurm_job_arrays_write_the_same_bytes(slurm, source, tmp_path):
    expected = contents(run_pipeline(source, tmp_path / "local", READ_AND_MASK).folder)
    settings = READ_AND_MASK.model_copy(update={"engine": "slurm", "slurm": slurm})
    result = run_pipeline(source, tmp_path / "out", settings, tasks=2, workers=2)
    assert contents(result.folder) == expected


def test_a_job_that_fails_on_slurm_is_told(slurm, tmp_path):
    block = ReadUnits([broken_unit], tmp_path / "shards", 5)
    settings = PipelineSettings(engine="slurm", slurm=slurm)
    executor = make_executor(block, "read", 1, 1, tmp_path / "logs", settings)
    with pytest.raises(EngineError, match="read: sbatch ended with 1; logs in"):
        run_executor(executor, "read")


def test_slurm_needs_a_partition(source, tmp_path, capsys):
    (tmp_path / "s.yaml").write_text("engine: slurm\n")
    arguments = ["--source", str(source), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--settings", str(tmp_path / "s.yaml")]) == 2
    assert "slurm.partition" in capsys.readouterr().err


CONFIGURATION = """ClusterName=test
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SlurmUser=root
SlurmdUser=root
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SelectType=select/cons_tres
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=4000
PartitionName=cpu Nodes=ALL Default=YES State=UP
"""


@pytest.fixture
def real_slurm(tmp_path_factory, monkeypatch):
    """A controller and one node on this machine; the settings that send jobs to it."""
    programs = [shutil.which(name) for name in ("slurmctld", "slurmd", "sbatch", "srun")]
    if None in programs or os.geteuid() != 0:
        pytest.skip("needs slurmctld, slurmd and slurm-client, and root to run them")
    folder = tmp_path_factory.mktemp("slurm")
    for name in ("state", "spool"):
        (folder / name).mkdir()
    ports, host = (free_port(), free_port()), socket.gethostname().partition(".")[0]
    text = CONFIGURATION.format(host=host, ports=ports, folder=folder)
    (folder / "slurm.conf").write_text(text)
    monkeypatch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
    daemons = [subprocess.Popen([program, "-D"]) for program in programs[:2]]
    try:
        for _ in range(100):
            nodes = subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True)
            if nodes.stdout.strip() == "idle":
                break
            time.sleep(0.3)
        else:
            pytest.skip(f"the Slurm node does not come up: {nodes.stdout}{nodes.stderr}")
        yield SlurmSettings(partition="cpu", time="01:00:00", memory_gb=1)
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
            daemon.wait()


def test_the_real_slurm_takes_the_script_and_writes_the_same_bytes(real_slurm, source, tmp_path):
    block = ReadUnits([], tmp_path / "shards", 5)
    settings = PipelineSettings(engine="slurm", slurm=real_slurm)
    executor = make_executor(block, "read", 3, 2, tmp_path / "logs", settings)
    script = executor.get_launch_file_contents(executor.get_sbatch_args(3), "true")
    (tmp_path / "job.slurm").write_text(script)
    command = ["sbatch", "--test-only", str(tmp_path / "job.slurm")]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    expected = contents(run_pipeline(source, tmp_path / "local", READ_AND_MASK).folder)
    settings = READ_AND_MASK.model_copy(update={"engine": "slurm", "slurm": real_slurm})
    result = run_pipeline(source, tmp_path / "out", settings, tasks=2, workers=2)
    assert contents(result.folder) == expected
