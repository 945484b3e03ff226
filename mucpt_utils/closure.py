"""What a result depends on besides settings and inputs: the code that makes it, and its data files.

The closure of a module is every module of this package that it imports, directly or through
others, anywhere in its source, and every data file that one of them names. A data file is named by
a string literal with a slash that leads to a file or folder below the package
(`"pipeline/rules/masking.yaml"`) or below the data cards (`"data_cards/music_facts/facts.jsonl"`).
Nothing is listed by hand and nothing is imported: sources are parsed.
"""

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.io import digest

NAME = paths.PACKAGE.name
CARDS = "data_cards"
PATH = re.compile(r"\w[\w.-]*(/\w[\w.-]*)+")  # a literal that may be the path of a data file


@cache
def code_closure(module: str, package: Path = paths.PACKAGE) -> tuple[Path, ...]:
    """Source files and data files that decide what `module` computes, in a fixed order.

    Found once per process, whose imports do not change; `digest_files` reads contents anew.
    module: a dotted name, `mucpt_utils.study.runs`. package: the folder of another copy of the
    package. Raises ModuleNotFoundError for a module that is not there.
    """
    if _source(module, package) is None:
        raise ModuleNotFoundError(f"{package} has no module {module!r}")
    sources: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _source(name, package)
        if name in sources or path is None:
            continue
        sources[name] = path
        # importing a module runs the packages around it first
        waiting += [name.rpartition(".")[0], *_names(path)[0]]
    data = {file for path in sources.values() for file in _data_files(path, package)}
    return (*sorted(sources.values()), *sorted(data))


def digest_files(files: Iterable[Path], root: Path = paths.ROOT) -> str:
    """SHA-256 over the names and contents of files: one changed byte is another digest."""
    return digest([(_name(path, root), _content(path)) for path in files])


def code_digest(module: str) -> str:
    """Digest of a module's closure: a change in any of its files makes stages run again."""
    current = digest_files(code_closure(module))
    _first.setdefault(module, current)
    return current


def changed_since_first(module: str) -> bool:
    """Whether a file of the closure changed since this process first asked for its digest.

    If so, the code that runs is no longer the code on the disk.
    """
    return code_digest(module) != _first[module]


_first: dict[str, str] = {}  # digest of each module's closure when it was first asked for


def _source(module: str, package: Path) -> Path | None:
    """The source file of a dotted name; None for a name that is not a module of the package."""
    first, *parts = module.split(".")
    if first != NAME:
        return None
    folder = package.joinpath(*parts)
    files = (folder.with_suffix(".py") if parts else folder / "__init__.py", folder / "__init__.py")
    return next((file for file in files if file.is_file()), None)


def _data_files(source: Path, package: Path) -> Iterator[Path]:
    for literal in _names(source)[1]:
        base = package.parent if literal.startswith(f"{CARDS}/") else package
        path = base / literal
        if path.is_file():
            yield path
        elif path.is_dir():
            yield from (
                file
                for file in path.rglob("*")
                if file.is_file() and file.suffix not in (".py", ".pyc")
            )


def _names(source: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    state = source.stat()
    return _parsed(source, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=1024)
def _parsed(source: Path, _changed: int, _size: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Modules that a source may import, and literals that may be paths; read again when changed."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    modules, literals = [], []
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse  # names for annotations are not imported when the code runs
            continue
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Constant) and PATH.fullmatch(str(node.value)):
            literals.append(str(node.value))
        waiting += ast.iter_child_nodes(node)
    return tuple(dict.fromkeys(modules)), tuple(dict.fromkeys(literals))


@cache
def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _content(path: Path) -> str:
    state = path.stat()
    return _hashed(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4096)
def _hashed(path: Path, _changed: int, _size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
