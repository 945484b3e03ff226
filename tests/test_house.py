"""The house keeps its rules: few files on the top floor, imports one way, functions that read."""

import re
import statistics
import tomllib
from importlib.metadata import packages_distributions

import pytest
from house import PACKAGE, ROOMS, against_the_way, circles, functions, modules, outside

from mucpt_utils import paths
from mucpt_utils.io import parse_yaml
from mucpt_utils.study import checkout

LONGEST = 60  # lines of a function, docstring included
MEDIAN = (8, 14)
TOP = 8  # files on the top floor
CARDS = paths.ROOT / "data_cards"


def test_few_files_stand_on_the_top_floor():
    assert len([path for path in PACKAGE.iterdir() if path.is_file()]) <= TOP
    folders = {p.name for p in PACKAGE.iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert folders == set(ROOMS)


def test_imports_go_one_way():
    assert against_the_way() == []


def test_no_module_imports_itself_in_a_circle():
    assert circles() == []


def test_functions_are_neither_a_page_nor_a_line():
    every = list(functions(modules()))
    assert [f for f in every if f.lines > LONGEST] == []
    assert MEDIAN[0] <= statistics.median(f.lines for f in every) <= MEDIAN[1]


def test_every_test_file_has_a_name_of_its_own():
    """Without packages, pytest imports two files of one name as one module."""
    names = [path.name for path in (paths.ROOT / "tests").rglob("test_*.py")]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_says_what_it_is_for(room):
    text = (PACKAGE / room / "__init__.py").read_text(encoding="utf-8")
    assert text.startswith('"""') and "TODO" not in text


def test_every_card_states_metadata_that_the_hub_can_read():
    cards = {path: path.read_text("utf-8") for path in CARDS.glob("*/README.md")}
    heads = {path: text.split("---\n", 2)[1] for path, text in cards.items() if text[:3] == "---"}
    assert len(heads) > 5
    for path, head in heads.items():
        assert {"pretty_name", "license"} <= set(parse_yaml(head, path))


def test_nothing_in_the_repository_names_a_folder_that_moved():
    """Paths of the package that texts speak of are there."""
    texts = [*paths.ROOT.glob("*.md"), *paths.NOTEBOOKS.glob("*.ipynb"), *PACKAGE.rglob("*.yaml")]
    texts += [*paths.DATA_CARDS.rglob("README.md"), *(paths.ROOT / "results").glob("README.md")]
    wrong = []
    for text in texts:
        for name in re.findall(r"\bmucpt_utils/[\w/.-]*\w", text.read_text(encoding="utf-8")):
            if "*" not in name and not (paths.ROOT / name).exists():
                wrong.append(f"{text.name}: {name}")
    assert wrong == []


def test_the_list_of_dependencies_is_what_the_package_imports():
    def names(requirements):
        return {re.match(r"[\w-]+", one)[0].lower().replace("_", "-") for one in requirements}

    project = tomllib.loads((paths.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed, extras = names(project["dependencies"]), project["optional-dependencies"].values()
    of_module = packages_distributions()
    imported = [names(of_module.get(module, [module])) for module in outside()]
    known = listed.union(*map(names, extras))
    assert [each for each in imported if not each & known] == []
    # JupyterLab is started, and spaCy is what datatrove's word tokenizers load
    assert listed - set().union(*imported) == {"jupyterlab", "spacy"}


def test_nothing_is_committed_but_what_belongs_to_the_project():
    tracked = checkout.git("ls-files")
    if tracked is None:
        pytest.skip("this is not a git checkout")
    hidden = {".ci", ".gitattributes", ".github", ".gitignore", ".pre-commit-config.yaml"}
    first = {path.split("/")[0] for path in tracked.splitlines()}
    assert {name for name in first if name.startswith(".")} == hidden, "no cache of a tool"
    folders = {name for name in first if "." not in name} - {"LICENSE"}
    assert folders == {"data_cards", "mucpt_utils", "notebooks", "results", "tests"}
