"""The notebooks: clean as committed, and the whole `smoke` profile run through them, twice."""

import ast
import importlib
import re
import shutil
import statistics
import types

import golden
import nbformat
import pytest
import yaml

from mucpt_utils import paths
from mucpt_utils.analysis import schema
from mucpt_utils.config import arms, axes, settings
from mucpt_utils.report import table_files
from mucpt_utils.teaching import exercises, kernels, profiles, runner

BOOKS = runner.notebooks()
LARGEST = 500_000  # bytes of an executed copy
# tables with a contract that `smoke` leaves, those of the benchmark, and those of the scores
CONTRACT = [
    *("funnel", "pipeline_quality", "runs", "main_comparison", "differences", "learning_curves"),
    *("composition", "composition_differences", "answers", "claims"),
    *("fixed_weights", "token_weights", "token_weights_over_training", "alignment"),
]
MORE = {
    "benchmark_by_category": ("arm", "category", "metric", "mean", "ci_low", "ci_high"),
    "benchmark_by_stratum": ("arm", "stratum", "metric", "mean", "ci_low", "ci_high"),
}
FIGURES = [
    *("main_comparison", "learning_curves", "difference_to_plain", "forgetting"),
    *("composition", "composition_covered", "fixed_weights", "token_weights"),
]
SETTING = re.compile(r"--set[ =]'?([a-z_.]+=[^\s`']+)|SET = \[\"([^\"]+)\"\]")
named = pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


# --- as committed ---------------------------------------------------------------------------------


def test_the_way_of_the_data_is_told_in_order():
    tens = [f"{place:02}" for place in range(10)]
    assert [runner.number(path) for path in BOOKS] == sorted([*tens, "05b"])


@named
def test_no_output_is_committed(path):
    for cell in code_cells(nbformat.read(path, as_version=4)):
        assert cell.outputs == [] and cell.execution_count is None, cell.id


@named
def test_the_first_code_cell_holds_the_parameters(path):
    first, *others = code_cells(nbformat.read(path, as_version=4))
    assert first.metadata.get("tags") == ["parameters"]
    given = {}
    exec(first.source, given)
    assert given == {"__builtins__": given["__builtins__"], "PROFILE": profiles.BEST, "SET": []}
    assert not any("parameters" in cell.metadata.get("tags", []) for cell in others)
    assert "the best finished run, or any profile of section 2 in 00_start_here" in first.source
    start = nbformat.read(BOOKS[0], as_version=4)
    (second,) = [cell.source for cell in start.cells if "## 2. " in cell.source]
    assert "The profile" in second and "overview.profiles()" in str(start.cells)


@named
def test_the_notebook_names_itself_and_prints_versions(path):
    opening = code_cells(nbformat.read(path, as_version=4))[1].source
    assert f'open_study(PROFILE, SET, "{path.stem}")' in opening and "versions()" in opening


@named
def test_ids_are_the_notebooks_number_and_the_cells_place(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    wanted = [f"{runner.number(path)}-{place:02}" for place in range(1, len(notebook.cells) + 1)]
    assert [cell.id for cell in notebook.cells] == wanted


@named
def test_cells_are_short_and_define_nothing(path):
    cells = code_cells(nbformat.read(path, as_version=4))
    lengths = [len(cell.source.splitlines()) for cell in cells]
    assert statistics.median(lengths) <= 6 and min(lengths) > 0
    for cell in cells:
        starts = [line.split()[0] for line in cell.source.splitlines() if line.strip()]
        allowed = {"def"} if cell.metadata.get("tags") == [exercises.TAG] else set()  # its stub
        assert not ({"def", "class", "%pip", "!pip"} - allowed) & set(starts), cell.id


@named
def test_what_a_notebook_uses_of_a_module_is_there(path):
    """Without running it: names that a module does not have would be found after minutes only."""
    cells = [cell.source for cell in code_cells(nbformat.read(path, as_version=4))]
    code = "\n".join(line for cell in cells for line in cell.splitlines() if line[:1] != "%")
    modules = {}
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mucpt_utils"):
            module = importlib.import_module(node.module)
            for name in node.names:
                if not hasattr(module, name.name):
                    importlib.import_module(f"{node.module}.{name.name}")
                value = getattr(module, name.name)
                if isinstance(value, types.ModuleType):
                    modules[name.asname or name.name] = value
    used = [
        (modules[node.value.id], node.attr)
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in modules
    ]
    assert not [f"{module.__name__}.{name}" for module, name in used if not hasattr(module, name)]


@named
def test_a_lesson_ends_with_what_to_remember(path):
    if path != BOOKS[0]:  # which teaches nothing yet
        assert "hat to remember" in str(nbformat.read(path, as_version=4).cells[-1].source)


LINK = re.compile(r"\]\(([^)#]+)")


@named
def test_a_notebook_opens_with_where_we_are_a_picture_and_its_executed_page(path):
    opening = nbformat.read(path, as_version=4).cells[0].source
    way, picture, about = opening.split("\n\n")[1:4]
    names = [f"{runner.number(book)} " for book in BOOKS]
    assert re.findall(r"(\d\db?) ", way) == [name.strip() for name in names]
    assert f"**{runner.number(path)} " in way and way.count("**") == 2
    assert picture.startswith("![") and f"executed/{path.name})" in about
    for link in LINK.findall(opening):
        assert (paths.NOTEBOOKS / link).is_file(), link


@named
def test_links_lead_somewhere(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            for link in LINK.findall(cell.source):
                assert "://" in link or (paths.NOTEBOOKS / link).exists(), link


@named
def test_prose_stands_between_the_cells(path):
    cells = nbformat.read(path, as_version=4).cells
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith(f"# {runner.number(path)} · ")
    words = sum(len(cell.source.split()) for cell in cells if cell.cell_type == "markdown")
    assert words > 250


@named
def test_settings_that_the_prose_tells_people_to_change_may_be_changed(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if (
            cell.cell_type == "markdown" and "```yaml" not in cell.source
        ):  # an axis still to be added
            for pair in ("".join(found) for found in SETTING.findall(cell.source)):
                if not pair.endswith(("=DIR", "=...", "=VALUE")):
                    settings.load_profile("smoke", [pair])


def test_what_the_prose_says_of_arms_and_profiles_is_so():
    known = arms.ARMS
    assert known["random"].random_tokens == known["rho1"].tokens.keep, "05b: as many, blindly"
    assert known["soft_dynamic"].tokens.high == 1, "05: turns tokens down only"
    assert known["selection_soft"].documents and known["selection_soft"].tokens, "05: both parts"
    assert known["selection_soft"].tokens == known["soft_dynamic"].tokens, (
        "05b: what selection adds"
    )
    laptop = settings.load_profile("laptop")
    assert laptop.parameters == pytest.approx(1e6, rel=0.2), "00: about a million"


def test_the_axis_shown_as_an_example_is_one():
    notebook = nbformat.read(paths.NOTEBOOKS / "07_data_composition.ipynb", as_version=4)
    told = next(cell.source for cell in notebook.cells if "```yaml" in cell.source)
    (axis,) = yaml.safe_load(told.split("```yaml")[1].split("```")[0]).values()
    for level in axes.Axis.model_validate(axis).levels:
        settings.load_profile("smoke").override(level.set)


def test_a_profile_without_axes_keeps_no_table_of_them():
    notebook = nbformat.read(paths.NOTEBOOKS / "07_data_composition.ipynb", as_version=4)
    lines = [line for cell in code_cells(notebook) for line in cell.source.splitlines()]
    for name in ("composition", "composition_differences"):
        (place,) = [n for n, line in enumerate(lines) if f'"{name}")' in line and ".table(" in line]
        assert lines[place].startswith("    ") and lines[place - 1].startswith("if len("), name


# --- run ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """`smoke` run twice: (results of the first run, results of the second, the work folder).

    In between one trained run is thrown away, so that the second run has to train it again.
    """
    root = tmp_path_factory.mktemp("smoke")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUCPT_WORK", str(root / "work"))
        patch.setenv("MUCPT_RESULTS", str(root / "results"))
        patch.setenv("PYTHONPATH", str(paths.ROOT))
        runner.run("smoke", [], BOOKS)
        first = root / "first"
        shutil.copytree(root / "results" / "smoke", first)
        lost = sorted((root / "work" / "stages").glob("run_plain-*"))[0]
        shutil.rmtree(lost)
        runner.run("smoke", [], BOOKS)
        assert lost.is_dir()
        yield first, root / "results" / "smoke", root / "work"


def executed(folder):
    """The executed copies of a run, by name."""
    return {
        path.stem: nbformat.read(path, as_version=4)
        for path in sorted((folder / "executed").glob("*.ipynb"))
    }


def test_every_notebook_ran_from_top_to_bottom(ran):
    for folder in ran[:2]:
        copies = executed(folder)
        assert list(copies) == [path.stem for path in BOOKS]
        for name, notebook in copies.items():
            counts = [cell.execution_count for cell in code_cells(notebook) if cell.source.strip()]
            assert counts == list(range(1, len(counts) + 1)), name


def test_no_notebook_failed_or_grumbled(ran):
    for name, notebook in executed(ran[0]).items():
        for cell in code_cells(notebook):
            kinds = {output.output_type for output in cell.outputs}
            assert "error" not in kinds, (name, cell.id)
            assert not any(o.get("name") == "stderr" for o in cell.outputs), (name, cell.id)


def test_no_notebook_shows_a_table_without_a_value(ran):
    """Rows that were lined up by the wrong index are all missing, and nothing fails."""
    for name, notebook in executed(ran[0]).items():
        for cell in code_cells(notebook):
            for output in cell.outputs:
                values = re.findall(r"<td>(.*?)</td>", str(output.get("data", {}).get("text/html")))
                assert not values or set(values) != {"NaN"}, (name, cell.id)


def test_executed_copies_are_small_and_name_no_folder_of_the_machine(ran):
    for path in sorted((ran[0] / "executed").glob("*.ipynb")):
        assert path.stat().st_size < LARGEST, path.name
        text = path.read_text(encoding="utf-8")
        assert str(ran[2]) not in text and str(paths.ROOT) not in text, path.name
        assert " at 0x" not in text, path.name


def test_the_tables_are_there_with_the_columns_of_their_contract(ran):
    folder = ran[0] / "tables"
    wanted = {**{name: schema.COLUMNS[name] for name in CONTRACT}, **MORE}
    for name, columns in wanted.items():
        table = table_files.read_table(folder, name)
        assert len(table) and set(columns) <= set(table.columns), name
        assert {path.suffix for path in folder.glob(f"{name}.*")} == {".csv", ".parquet"}


def test_runs_hold_every_arm_seed_and_mixture(ran):
    profile = settings.load_profile("smoke")
    table = table_files.read_table(ran[0] / "tables", "runs")
    main = table[table["axis"] == schema.MAIN]
    assert set(main["arm"]) == set(profile.arms) <= set(arms.ARMS)
    assert set(main["seed"]) == set(profile.seeds)
    assert set(table["axis"]) == {schema.MAIN, *profile.composition}
    answered = table_files.read_table(ran[0] / "tables", "answers")
    assert answered["run"].str.startswith("replay=").any()


def test_the_numbers_are_those_of_the_golden_run(ran):
    """A wrong number that repeats is noticed; `golden.py` says how a meant change is kept."""
    assert golden.differences(ran[0]) == []


def test_figures_report_and_record_are_there(ran):
    for name in FIGURES:
        for suffix in ("png", "pdf", "csv"):
            assert (ran[0] / "figures" / f"{name}.{suffix}").stat().st_size > 0, name
    assert (ran[0] / "report.html").stat().st_size > 10_000
    assert (ran[0] / "run.json").stat().st_size > 1000


def test_interactive_cells_leave_a_fixed_view_and_a_small_cache(ran):
    for folder in ran[:2]:
        kept = {path.stem: path for path in (folder / "classroom").glob("*.json")}
        assert set(kept) == {"sentences", "token_losses", "rejected", "answers"}
        assert sum(path.stat().st_size for path in kept.values()) < 300_000
        copies = {runner.number(path): path.read_text() for path in (folder / "executed").iterdir()}
        for notebook, name in (("04", "weights"), ("03", "rejected"), ("06", "ask")):
            assert f"mucpt-{name}" in copies[notebook]
        assert not any(kernels.WIDGET_VIEW in text for text in copies.values())


def test_a_second_run_repeats_every_table_and_figure_to_the_byte(ran):
    first, second, _ = ran
    kept = [
        p for kind in ("tables", "figures", "classroom") for p in sorted((first / kind).iterdir())
    ]
    assert len(kept) > 3 * len(CONTRACT)
    different = [
        path.name
        for path in kept
        if path.read_bytes() != (second / path.relative_to(first)).read_bytes()
    ]
    assert different == []


def test_executed_notebooks_repeat_to_the_byte(ran):
    first, second, _ = ran
    different = [
        path.name
        for path in sorted((first / "executed").glob("*.ipynb"))
        if not path.name.startswith("00")  # measures the machine
        and path.read_bytes() != (second / "executed" / path.name).read_bytes()
    ]
    assert different == []
