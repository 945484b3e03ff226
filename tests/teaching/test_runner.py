"""`run_all.sh`: which notebooks run, what is said when one fails, what it leaves behind."""

import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest

from mucpt_utils import paths
from mucpt_utils.study import checkout
from mucpt_utils.teaching import runner
from mucpt_utils.teaching.kernels import WIDGET_VIEW
from mucpt_utils.teaching.runner import (
    RunError,
    UnknownNotebook,
    chosen,
    execute,
    main,
    notebooks,
    strip_timings,
)

NAMES = ["00_start", "01_facts", "02_corpus", "02b_look", "10_report"]


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """Five empty notebooks and a results folder of the test's own."""
    monkeypatch.setattr(paths, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setenv("MUCPT_WORK", str(tmp_path / "work"))
    monkeypatch.delenv("MUCPT_RESULTS", raising=False)
    paths.NOTEBOOKS.mkdir()
    for name in [*reversed(NAMES), "draft", "1_short"]:
        write(f"{name}.ipynb")
    return paths.NOTEBOOKS


def write(name, *cells):
    """A notebook of code cells in the shelf; the first holds the parameters."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    if cells:
        made.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(made, paths.NOTEBOOKS / name)
    return paths.NOTEBOOKS / name


@pytest.fixture
def executed(shelf, monkeypatch):
    """What would be executed: (notebook, parameters) pairs, nothing is run."""
    calls = []

    def spy(notebook, out, parameters, progress):
        assert out.parent.is_dir()
        calls.append((notebook.stem, parameters))
        return 1.0

    monkeypatch.setattr(runner, "execute", spy)
    return calls


# --- which notebooks ------------------------------------------------------------------------------


def test_notebooks_come_in_their_order(shelf):
    assert [path.stem for path in notebooks()] == NAMES


def test_all_run_unless_told_otherwise(shelf):
    assert chosen(None, None) == notebooks()


@pytest.mark.parametrize(
    "name", ["02", "02_corpus", "02_corpus.ipynb", "notebooks/02_corpus.ipynb"]
)
def test_one_is_found_by_number_and_by_name(shelf, name):
    assert [path.stem for path in chosen(None, name)] == ["02_corpus"]
    assert [path.stem for path in chosen(name, None)] == NAMES[2:]


def test_a_second_part_is_found_by_its_number_and_letter(shelf):
    assert [path.stem for path in chosen(None, "02b")] == ["02b_look"]
    assert [path.stem for path in chosen("02b", None)] == NAMES[3:]


@pytest.mark.parametrize("name", ["07", "corpus", "", "1", "0", "draft"])
def test_another_is_refused_with_those_there_are(shelf, name):
    for first, only in ((name, None), (None, name)):
        with pytest.raises(UnknownNotebook) as error:
            chosen(first, only)
        allowed = f"unknown notebook {name!r}; allowed: {', '.join(NAMES)}"
        assert str(error.value).startswith(allowed)


# --- exit codes -----------------------------------------------------------------------------------


def test_everything_in_order_is_exit_code_0(executed, capsys):
    assert main(["smoke"]) == 0
    assert [name for name, _ in executed] == NAMES
    assert executed[0][1] == {"PROFILE": "smoke", "SET": []}
    errors = capsys.readouterr().err
    assert "[1/5] 00_start" in errors and "[5/5] 10_report" in errors and "done in" in errors
    folder = paths.work() / "results" / "smoke"
    assert errors.count(f"results in {folder}") == 2, "said before and after"


def test_the_default_profile_and_the_overrides_are_passed_on(executed):
    overrides = ["train.tokens=5000", "seeds=[1]"]
    assert main(["--from", "02", *(f"--set={pair}" for pair in overrides)]) == 0
    assert executed == [
        (name, {"PROFILE": runner.DEFAULT_PROFILE, "SET": overrides}) for name in NAMES[2:]
    ]


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["huge"], "unknown profile 'huge'"),
        (["smoke", "--only", "77"], "unknown notebook '77'"),
        (["smoke", "--from", "77"], "unknown notebook '77'"),
        (["smoke", "--set", "train.token=5"], "unknown setting 'train.token'"),
        (["smoke", "--set", "train.tokens=-5"], "setting 'train.tokens'"),
        (["smoke", "--set", "seeds=[1"], "not YAML"),
        (["smoke", "--set", "nothing"], "KEY=VALUE"),
    ],
)
def test_a_wrong_argument_is_one_line_and_exit_code_2(executed, capsys, arguments, said):
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert executed == [] and printed.out == ""
    assert printed.err.startswith("run_all.sh: ") and printed.err.count("\n") == 1
    assert said in printed.err


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["smok"], "'smoke'"),
        (["smoke", "--from", "02bb"], "'02b_look'"),
        (["smoke", "--only", "02_corpse"], "'02_corpus'"),
        (["smoke", "--set", "train.token=5"], "'train.tokens'"),
        (["smoke", "--set", "rander.filler=0"], "'render.filler'"),
    ],
)
def test_what_was_probably_meant_is_named(executed, capsys, arguments, meant):
    assert main(arguments) == 2
    assert capsys.readouterr().err.endswith(f"; did you mean {meant}?\n")


def test_a_name_like_no_other_gets_no_guess(executed, capsys):
    assert main(["quantum"]) == 2
    assert "did you mean" not in capsys.readouterr().err


def test_wrong_arguments_are_told_before_anything_heavy_is_imported():
    """Seconds differ between machines; what is imported does not."""
    check = "import sys; from mucpt_utils.__main__ import main; code = main(sys.argv[1:]); "
    check += "print(code, *{'torch', 'transformers', 'pandas', 'papermill'} & {*sys.modules})"
    for arguments in (["run", "huge"], ["run", "smoke", "--set", "train.token=5"], ["mixtur"]):
        ended = subprocess.run(
            [sys.executable, "-c", check, *arguments],
            cwd=paths.ROOT,
            capture_output=True,
            text=True,
        )
        assert ended.stdout.strip() == "2", (arguments, ended.stdout, ended.stderr)


@pytest.mark.parametrize(
    "arguments", [["smoke", "laptop"], ["--only", "01", "--from", "02"], ["--nothing"], ["--set"]]
)
def test_arguments_that_do_not_parse_are_exit_code_2(executed, arguments):
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2 and executed == []


@pytest.mark.parametrize("said", ["01_facts failed in cell 3: KeyError: 'x'", "unknown kernel"])
def test_a_failed_notebook_stops_the_run_with_exit_code_1(shelf, monkeypatch, capsys, said):
    calls = []

    def failing(notebook, out, parameters, progress):
        calls.append(notebook.stem)
        if notebook.stem == "01_facts":
            raise RunError(said)
        return 1.0

    monkeypatch.setattr(runner, "execute", failing)
    assert main(["smoke"]) == 1
    assert calls == NAMES[:2]
    assert f"run_all.sh: {said}" in capsys.readouterr().err


def test_tests_get_their_arguments_and_their_exit_code(monkeypatch):
    class Ended:
        returncode = 5

    def spy(command, cwd, env):
        assert command[:4] == [sys.executable, "-m", "pytest", "-q"]
        assert command[-2:] == ["-k", "nothing"], "the caller's arguments decide"
        assert "loadfile" in command, "the files of tests run side by side"
        assert cwd == paths.ROOT and env["HF_HUB_OFFLINE"] == "1"
        return Ended

    monkeypatch.setattr(runner.subprocess, "run", spy)
    assert main(["test", "-k", "nothing"]) == 5


# --- what may be committed ------------------------------------------------------------------------


@pytest.fixture
def committing(executed, monkeypatch):
    """A clean checkout; the results folders in which `executed` would have been written."""
    changed, written = [], []
    monkeypatch.setattr(checkout, "uncommitted", lambda: changed)
    monkeypatch.setattr(paths, "RESULTS", paths.NOTEBOOKS.parent / "committed")

    def spy(notebook, out, parameters, progress):
        written.append(out.parent.parent)
        return 1.0

    monkeypatch.setattr(runner, "execute", spy)
    return changed, written


def test_results_are_committed_by_a_whole_run_that_asks_for_it(committing):
    _, written = committing
    assert main(["smoke", "--commit-results"]) == 0
    assert set(written) == {paths.RESULTS / "smoke"}
    assert main(["smoke"]) == 0
    assert written[-1] == paths.work() / "results" / "smoke"


def test_with_a_folder_of_text_the_prose_lane_alone_is_committed(committing, capsys):
    _, written = committing
    text = f"--set=text={paths.NOTEBOOKS}"
    assert main(["smoke", text, "--commit-results"]) == 0
    assert set(written) == {paths.work() / "results" / "smoke"}
    assert f"results in {written[0]} and {paths.RESULTS / 'prose'}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["--only", "02"], ["--from", "02"], ["--set", "replay=0.3"], ["--set", "prose.passages=9"]],
)
def test_a_part_of_a_run_or_other_settings_are_not_committed(committing, capsys, arguments):
    assert main(["smoke", "--commit-results", *arguments]) == 2
    error = capsys.readouterr().err
    assert (
        error.startswith("run_all.sh: --commit-results does not go with --")
        and error.count("\n") == 1
    )
    assert committing[1] == []


def test_code_and_data_are_committed_before_their_results(committing, capsys):
    changed, written = committing
    changed += [" M mucpt_utils/stats.py", "?? data_cards/new.csv"]
    assert main(["smoke", "--commit-results"]) == 2
    error = capsys.readouterr().err
    assert "mucpt_utils/stats.py and 1 more not committed" in error and error.count("\n") == 1
    assert written == []
    assert main(["smoke"]) == 0, "who does not commit may change what he likes"


def test_what_decides_a_number_is_what_git_is_asked_about(tmp_path, monkeypatch):
    """In a checkout of its own: a change in code or data counts, one in a text does not."""
    for name in ("mucpt_utils/a.py", "run_all.sh", "README.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "a"]):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    (tmp_path / "README.md").write_text("b")
    assert checkout.uncommitted() == []
    (tmp_path / "run_all.sh").write_text("b")
    (tmp_path / "mucpt_utils" / "new.yaml").write_text("b")
    assert checkout.uncommitted() == [" M run_all.sh", "?? mucpt_utils/new.yaml"]


# --- tests, style, lab ----------------------------------------------------------------------------


def test_style_is_one_line_a_tool_and_fails_where_one_does(monkeypatch, capsys):
    def spy(command, **options):
        code = int("mypy" in command)
        said = "a.py:1: error: x\nFound 1 error" if code else "All checks passed!"
        return subprocess.CompletedProcess(command, code, said, "")

    monkeypatch.setattr(runner.subprocess, "run", spy)
    assert main(["check"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "pass  ruff check: All checks passed!",
        "pass  ruff format --check: All checks passed!",
        "a.py:1: error: x",
        "Found 1 error",
        "FAIL  mypy: Found 1 error",
    ]
    monkeypatch.setattr(runner, "STYLE", runner.STYLE[:2])
    assert main(["check"]) == 0


def test_lab_becomes_jupyterlab_in_the_folder_of_the_notebooks(monkeypatch, tmp_path):
    calls = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runner.os, "execv", lambda *call: calls.append((*call, os.getcwd())))
    main(["lab", "--no-browser"])
    command = [sys.executable, "-m", "jupyterlab", "--no-browser"]
    assert calls == [(sys.executable, command, str(paths.NOTEBOOKS))]


def test_the_package_is_found_wherever_python_is_started(tmp_path):
    """`run_all.sh` has installed it: a kernel of JupyterLab has no PYTHONPATH."""
    ended = subprocess.run(
        [sys.executable, "-c", "import mucpt_utils; print(mucpt_utils.__path__[0])"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
    )
    assert ended.stdout.strip(), "not installed here; ./run_all.sh --help installs it"


# --- a notebook, really run -----------------------------------------------------------------------


def test_a_run_notebook_is_complete_and_repeats_to_the_byte(shelf, tmp_path):
    notebook = write(
        "01_facts.ipynb",
        "PROFILE = 'laptop'\nSET = []",
        "import sys, pathlib\nprint(PROFILE, SET, pathlib.Path.cwd().name)\n"
        "print('progress', file=sys.stderr)",
        "1 + 1",
    )
    outs = [tmp_path / "one.ipynb", tmp_path / "two.ipynb"]
    for out in outs:
        seconds = execute(notebook, out, {"PROFILE": "smoke", "SET": ["a=1"]})
        assert seconds > 0
    found = nbformat.read(outs[0], as_version=4)
    nbformat.validate(found)
    code = [cell for cell in found.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2, 3, 4]
    assert code[2].outputs[0].text == "smoke ['a=1'] notebooks\n"
    assert [output.output_type for output in code[2].outputs] == ["stream"], "no progress bars"
    assert code[3].outputs[0].data["text/plain"] == "2"
    assert set(found.metadata) <= {"kernelspec", "language_info"}
    assert all(set(cell.metadata) == {"tags"} for cell in found.cells)
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_a_failing_cell_is_named_in_one_line(shelf, tmp_path):
    notebook = write(
        "02_corpus.ipynb", "x = 1", "print('fine')", "raise ValueError('two\\nlines')", "print(4)"
    )
    out = tmp_path / "out.ipynb"
    with pytest.raises(RunError) as error:
        execute(notebook, out, {"x": 2})
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith("02_corpus failed in cell 4: ValueError: two lines"), message
    assert str(out) in message and out.is_file(), "what was run can be looked at"
    counts = [
        c.execution_count for c in nbformat.read(out, 4).cells if c.source.startswith("raise")
    ]
    assert counts == [4], "the number is the one that stands beside the cell"


def test_a_kernel_that_dies_is_said_in_one_line(shelf, tmp_path):
    notebook = write("02_corpus.ipynb", "x = 1", "import os, signal\nos.kill(os.getpid(), 9)")
    with pytest.raises(RunError, match="^02_corpus failed: its kernel died.*out.ipynb"):
        execute(notebook, tmp_path / "out.ipynb", {})


def test_links_of_an_executed_copy_lead_where_those_of_the_notebook_do(shelf, monkeypatch):
    monkeypatch.setattr(paths, "ROOT", shelf.parent)
    monkeypatch.setattr(paths, "RESULTS", shelf.parent / "results")
    text = "![p](../results/laptop/figures/a.png) [n](01_facts.ipynb) [g](GLOSSARY.md) [u](https://x.y)"
    executed = shelf.parent / ".work" / "results" / "smoke" / "executed" / "00_start.ipynb"
    executed.parent.mkdir(parents=True)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
    nbformat.write(notebook, executed)
    runner.relink(executed)
    assert nbformat.read(executed, 4).cells[0].source == (
        "![p](../figures/a.png) [n](01_facts.ipynb) [g](../../../../notebooks/GLOSSARY.md) "
        "[u](https://x.y)"
    )
    monkeypatch.setattr(paths, "ROOT", shelf.parent / "elsewhere")
    before = executed.read_bytes()
    runner.relink(executed)
    assert executed.read_bytes() == before


def test_stripping_keeps_tags_and_results(shelf, tmp_path):
    path = write("00_start.ipynb", "a = 1")
    notebook = nbformat.read(path, 4)
    notebook.cells.append(nbformat.v4.new_markdown_cell("# Title"))
    notebook.cells[0].metadata["papermill"] = {"duration": 3.5}
    notebook.cells[0].outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="ke"),
        nbformat.v4.new_output("stream", name="stderr", text="50%|###"),
        nbformat.v4.new_output("stream", name="stdout", text="pt"),
        nbformat.v4.new_output(
            "display_data", {WIDGET_VIEW: {"model_id": "ab12"}, "text/html": "<p>still</p>"}
        ),
    ]
    notebook.metadata["widgets"] = {"state": {"ab12": {}}}
    notebook.metadata["papermill"] = {"output_path": "/home/me/out.ipynb"}
    nbformat.write(notebook, path)
    strip_timings(path)
    text, found = path.read_text(), nbformat.read(path, 4)
    assert "papermill" not in text and "50%" not in text and "/home/me" not in text
    assert found.cells[0].metadata == {"tags": ["parameters"]}
    assert found.cells[0].outputs[0].text == "kept", "wherever the kernel happened to flush"
    assert found.cells[0].outputs[1].data == {"text/html": "<p>still</p>"} and "ab12" not in text
    assert found.cells[1].source == "# Title" and "kernelspec" in found.metadata


# --- the script -----------------------------------------------------------------------------------


@pytest.fixture
def script(tmp_path):
    """A function that runs `run_all.sh` from another folder, in this environment.

    The script's question whether the environment has the packages (`python -c`) is answered yes.
    """
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "python").write_text(f'#!/bin/sh\n[ "$1" = -c ] || exec "{sys.executable}" "$@"\n')
    (commands / "python").chmod(0o755)
    environment = {
        **os.environ,
        "VIRTUAL_ENV": sys.prefix,
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
    }

    def go(*arguments):
        return subprocess.run(
            [paths.ROOT / "run_all.sh", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )

    return go


def test_help_comes_through_the_script(script):
    ended = script("--help")
    assert ended.returncode == 0, ended.stderr
    for word in ("usage: run_all.sh", "--from", "--only", "--set", "laptop", "KEY=VALUE"):
        assert word in ended.stdout
    assert ended.stderr == ""


def test_exit_codes_come_through_the_script(script):
    ended = script("--nothing-like-it")
    assert ended.returncode == 2
    assert "--nothing-like-it" in ended.stderr and ended.stdout == ""


def test_what_is_not_committed_whole_keeps_numbers_pictures_record_and_page(tmp_path):
    results = tmp_path / "replication"
    files = ["executed/05.ipynb", "classroom/answers.json", "figures/a.pdf", "tables/a.parquet"]
    kept = ["run.json", "report.html", "figures/a.png", "figures/a.csv", "tables/a.csv"]
    for name in (*files, *kept):
        (results / name).parent.mkdir(parents=True, exist_ok=True)
        (results / name).touch()
    runner.keep_what_is_read(results)
    left = {p.relative_to(results).as_posix() for p in results.rglob("*") if p.is_file()}
    assert left == set(kept)
    whole = results.rename(tmp_path / "laptop")
    (whole / "figures" / "a.pdf").touch()
    runner.keep_what_is_read(whole)
    assert (whole / "figures" / "a.pdf").is_file()


def executable(path, *lines):
    """A program of a few lines for `sh`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)


def test_the_script_installs_the_package_where_python_does_not_find_it(tmp_path):
    executable(
        tmp_path / "bin" / "python",
        'case "$*" in',
        "*datatrove*) exit 0 ;;",
        '"-c "*) exit 1 ;;',  # no mucpt_utils, before and after
        f'*pip*) echo "$*" >> "{tmp_path}/installed" ;;',
        '*) echo "$PYTHONPATH" "$*" ;;',
        "esac",
    )
    environment = {"VIRTUAL_ENV": "/x", "PATH": f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}"}
    ended = subprocess.run(
        [paths.ROOT / "run_all.sh", "lab"], env=environment, capture_output=True, text=True
    )
    assert ended.stdout == f"{paths.ROOT} -m mucpt_utils run lab\n", "this run finds it anyhow"
    command = "-m pip install --quiet --no-deps --no-build-isolation --editable ."
    assert (tmp_path / "installed").read_text() == f"{command}\n"


@pytest.mark.parametrize(("tests", "checks", "code"), [(0, 0, 0), (5, 0, 5), (0, 1, 1), (5, 1, 5)])
def test_ci_runs_tests_and_checks_and_ends_as_the_tests_do(tmp_path, tests, checks, code):
    executable(tmp_path / "bin" / "chromium")
    executable(
        tmp_path / "run_all.sh",
        'echo "$*"',
        f"case $1 in test) exit {tests} ;; check) exit {checks} ;; esac",
    )
    (tmp_path / ".ci").mkdir()
    shutil.copy(paths.ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    environment = {"PATH": f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}"}
    ended = subprocess.run(
        [tmp_path / ".ci" / "run"], env=environment, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout) == (code, "test\ncheck\n")


def test_a_clone_that_wants_windows_line_ends_gets_those_of_the_repository():
    """Bash does not read a script with \\r, and checksums are of bytes."""
    listed = checkout.git("ls-files", "--eol")
    if listed is None:
        pytest.skip("not a git checkout")
    wrong = [line for line in listed.splitlines() if not re.search("eol=lf|attr/-text", line)]
    assert listed and wrong == []
