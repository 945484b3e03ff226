"""The house in numbers: imports between rooms, sizes of functions, files on the top floor.

    python tests/house.py [FOLDER ...]     # folders of mucpt_utils; all of it unless given

`tests/test_house.py` holds the package to the limits; this prints where it stands.
"""

import ast
import statistics
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "mucpt_utils"
# a room imports only from itself, from rooms above it in this list, and from the top floor
ROOMS = (
    *("config", "knowledge", "text", "pipeline", "scoring", "training"),
    *("musicsimpleqa", "study", "analysis", "report", "teaching", "site"),
)


@dataclass(frozen=True)
class Function:
    """A function or method, with its length in lines, docstring included."""

    file: Path
    name: str
    lines: int

    @property
    def private(self) -> bool:
        return self.name.startswith("_") and not self.name.startswith("__")


def modules(folder: Path = PACKAGE) -> list[Path]:
    """Every module below a folder."""
    return sorted(folder.rglob("*.py"))


def module_name(path: Path) -> str:
    """`pipeline.run` for `mucpt_utils/pipeline/run.py`; a package is named without `__init__`."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> set[str]:
    """Names of the package's modules that a module imports, anywhere in its source."""
    known = {module_name(p) for p in modules()}
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        inside = (n.partition("mucpt_utils.")[2] for n in names if n.startswith("mucpt_utils."))
        found |= {name for name in inside if name in known}
    # `from mucpt_utils.text import documents` needs the module, not the package's other modules
    return {n for n in found if not any(o.startswith(f"{n}.") for o in found)} - {module_name(path)}


def outside() -> set[str]:
    """Names of the modules of others that the package imports when it runs: `numpy`."""
    found: set[str] = set()
    for path in modules():
        waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                continue
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
            waiting += ast.iter_child_nodes(node)
    return found - {PACKAGE.name, *sys.stdlib_module_names}


def room(name: str) -> str | None:
    """The room of a module; None on the top floor."""
    first = name.split(".")[0]
    return first if first in ROOMS else None


def against_the_way() -> list[str]:
    """Imports from a room further down, or by the top floor of any room, one line each."""
    wrong = []
    for path in modules():
        name = module_name(path)
        if name in ("", "__main__"):
            continue
        here = ROOMS.index(room(name)) if room(name) else -1
        for other in sorted(imported(path)):
            there = ROOMS.index(room(other)) if room(other) else -1
            if there > here:
                wrong.append(f"{name} imports {other}")
    return wrong


def circles() -> list[list[str]]:
    """Modules that import each other in a circle."""
    graph = {module_name(p): imported(p) for p in modules()}
    done: set[str] = set()
    found: list[list[str]] = []

    def visit(name: str, trail: list[str]) -> None:
        if name in trail:
            found.append([*trail[trail.index(name) :], name])
        elif name not in done:
            for other in sorted(graph[name]):
                visit(other, [*trail, name])
            done.add(name)

    for name in sorted(graph):
        visit(name, [])
    return found


def functions(paths: Iterable[Path]) -> Iterator[Function]:
    """Every function and method of some modules."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield Function(path, node.name, node.end_lineno - node.lineno + 1)


def main(folders: list[str]) -> None:
    """Print the numbers of some folders."""
    for folder in folders or ["."]:
        paths = modules(PACKAGE / folder)
        every = list(functions(paths))
        lines = [f.lines for f in every]
        longest = max(every, key=lambda f: f.lines)
        sizes = [len(p.read_text(encoding="utf-8").splitlines()) for p in paths]
        print(
            f"{folder}: {len(paths)} files (largest {max(sizes)} lines), {len(every)} functions, "
            f"median {statistics.median(lines)}, "
            f"longest {longest.lines} ({longest.file.name}:{longest.name}), "
            f"private {sum(f.private for f in every) / len(every):.0%}"
        )
    print(*against_the_way(), *(" -> ".join(c) for c in circles()), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
