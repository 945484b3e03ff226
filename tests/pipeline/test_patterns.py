"""No regular expression of the package backtracks without end: regexploit looks at all of them."""

import ast
import importlib
import re
import warnings
from collections.abc import Iterator

import pytest
from house import PACKAGE, module_name, modules

from mucpt_utils.io import read_yaml
from mucpt_utils.pipeline.junk import RULES, rules

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # sre_parse has moved
    from regexploit.ast.sre import SreOpParser
    from regexploit.redos import find


class Parser(SreOpParser):
    """regexploit's parser, with Python's possessive repeats, which it takes for ordinary ones."""

    def from_POSSESSIVE_REPEAT(self, *arguments):  # noqa: N802 - the name regexploit looks for
        return self.from_MAX_REPEAT(*arguments)


def weaknesses(pattern: str, flags: int = 0) -> list[str]:
    """What regexploit finds in a pattern: stretches that match in many ways."""
    return [str(weakness) for weakness in find(Parser().parse_sre(pattern, flags))]


def compiled(value: object, seen: set[int]) -> Iterator[re.Pattern]:
    """The compiled patterns in a value, in whatever containers and objects of ours."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from compiled(inner, seen)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from compiled(inner, seen)


def patterns_of_module(path) -> set[tuple[str, int]]:
    """(pattern, flags) that a module compiles when imported, or writes out in a call of `re`."""
    name = f"mucpt_utils.{module_name(path)}".removesuffix(".")
    found = {
        (pattern.pattern, pattern.flags & ~re.UNICODE)
        for pattern in compiled(vars(importlib.import_module(name)), set())
        if isinstance(pattern.pattern, str)
    }
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        function = getattr(node, "func", None)
        if isinstance(function, ast.Attribute) and getattr(function.value, "id", "") == "re":
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.add((first.value, 0))
    return found


def strings(value: object) -> Iterator[str]:
    """All strings in a piece of YAML."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


# modules that start something when they are imported, or need what is not installed everywhere
ROOMS = sorted(p for p in modules() if p.stem != "__main__" and "lm_eval_task" not in p.parts)


@pytest.mark.parametrize("room", sorted({p.relative_to(PACKAGE).parts[0] for p in ROOMS}))
def test_patterns_of_the_code_do_not_backtrack_without_end(room):
    weak = {
        (str(path.relative_to(PACKAGE)), pattern): found
        for path in ROOMS
        if path.relative_to(PACKAGE).parts[0] == room
        for pattern, flags in patterns_of_module(path)
        if (found := weaknesses(pattern, flags))
    }
    assert weak == {}


RULE_FILES = sorted(p for p in PACKAGE.rglob("*.yaml") if p != RULES and "rules" in str(p))


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_patterns_of_the_rules_do_not_backtrack_without_end(path):
    weak = {}
    for pattern in strings(read_yaml(path)):
        try:
            re.compile(pattern)
        except re.error:  # a piece that is put together with others, whose whole is looked at above
            continue
        if found := weaknesses(pattern):
            weak[pattern] = found
    assert weak == {}


def test_the_rules_on_junk_are_read_by_an_engine_that_never_backtracks():
    assert all("re2" in type(pattern).__module__ for pattern in rules().interface)
    assert all("re2" in type(pattern).__module__ for _, pattern in rules().signs)


def test_a_weak_pattern_would_be_found():
    assert weaknesses(r"(a+)+$") and weaknesses(r"\w+\d*\w+\d*\w+!")
    assert not weaknesses(r"\w+(?:-\w+)*")
