"""Facts compared with what others publish: how many are in both, how many agree, what differs."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.knowledge.authoring.disagreements import (
    Disagreement,
    disagreements_path,
    read_disagreements,
    write_disagreements,
)
from mucpt_utils.knowledge.authoring.equivalence import agrees
from mucpt_utils.knowledge.authoring.fact_checks import MAKER_RELATIONS, alias_clashes
from mucpt_utils.knowledge.authoring.names import name_key, surname
from mucpt_utils.knowledge.authoring.reference_sets import (
    WORKS,
    ReferenceFact,
    read_reference_facts,
)
from mucpt_utils.knowledge.authoring.tables import build_facts, card_folder, read_csv, write_csv
from mucpt_utils.knowledge.facts import Fact, by_subject

COMPARISON_HEADER = ("reference_set", "relation", "compared", "agreed", "explained")


@dataclass(frozen=True)
class Comparison:
    """How many facts a reference set also has, by (set, relation), and which of them differ."""

    compared: Counter[tuple[str, str]]
    agreed: Counter[tuple[str, str]]
    disagreements: tuple[Disagreement, ...]


@dataclass
class Subject:
    """A subject with the names and makers by which reference sets may know it."""

    name: str
    category: str
    names: set[str]
    makers: set[str]
    objects: dict[str, list[str]]  # relation -> objects, without aliases
    forms: dict[str, list[str]]  # relation -> objects and their aliases


def subjects_of(facts: Iterable[Fact]) -> dict[str, Subject]:
    """Subjects by name; `Beethoven's Symphony No. 5` is also `Symphony No. 5` by Beethoven."""
    subjects = {}
    for name, group in by_subject(facts).items():
        category = group[0].category
        names = {name_key(other) for other in (name, *group[0].subject_aliases)}
        objects: dict[str, list[str]] = defaultdict(list)
        forms: dict[str, list[str]] = defaultdict(list)
        for fact in group:
            objects[fact.relation].append(fact.object)
            forms[fact.relation] += [fact.object, *fact.aliases]
        makers = {surname(form) for form in forms.get(MAKER_RELATIONS.get(category, ""), ())}
        if category in WORKS and (possessive := re.fullmatch(r"(.+?)['’]s? (.+)", name)):
            makers.add(surname(possessive[1]))
            names.add(name_key(possessive[2]))
        subjects[name] = Subject(name, category, names, makers, dict(objects), dict(forms))
    return subjects


def meetings(
    references: Iterable[ReferenceFact], subjects: dict[str, Subject]
) -> Iterator[tuple[ReferenceFact, Subject]]:
    """Every pair of a reference fact and one of our subjects that it may be about."""
    by_name, by_maker = defaultdict(list), defaultdict(list)
    for subject in subjects.values():
        for name in subject.names:
            by_name[subject.category, name].append(subject)
        for maker in subject.makers:
            by_maker[subject.category, maker].append(subject)
    for reference in references:
        category, maker = reference.relation.split(".")[0], surname(reference.maker)
        keys = {name_key(name) for name in reference.names}
        candidates = [s for key in keys for s in by_name[category, key]]
        for subject in candidates if keys else by_maker[category, maker]:
            has_answer = reference.relation in subject.objects
            if has_answer and (not maker or maker in subject.makers):
                yield reference, subject


def compare_with_references(facts: Iterable[Fact], folder: Path | None = None) -> Comparison:
    """Compare facts with the reference sets of `folder` (default: the reference data folder).

    Subjects are matched by folded name and, where the reference names a maker, by maker too.
    Within one set, one agreeing answer among several is agreement. Raises NoReferences if the
    folder is missing.
    """
    references = read_reference_facts(folder or reference_folder())
    answers: dict[tuple[str, str, str], list[ReferenceFact]] = defaultdict(list)
    subjects = subjects_of(facts)
    for reference, subject in meetings(references, subjects):
        answers[reference.source, subject.name, reference.relation].append(reference)
    compared: Counter[tuple[str, str]] = Counter()
    agreed: Counter[tuple[str, str]] = Counter()
    disagreements = []
    for (source, name, relation), theirs in answers.items():
        subject = subjects[name]
        verdicts = [agrees(relation, subject.forms[relation], fact.objects) for fact in theirs]
        if all(verdict is None for verdict in verdicts):
            continue
        compared[source, relation] += 1
        if any(verdicts):
            agreed[source, relation] += 1
            continue
        ours = "; ".join(subject.objects[relation])
        shown = " | ".join(sorted({fact.shown for fact in theirs}))
        disagreements.append(Disagreement(source, name, relation, ours, shown))
    return Comparison(compared, agreed, tuple(sorted(disagreements, key=lambda d: d.key)))


def reference_folder() -> Path:
    """The folder in which the reference sets are expected."""
    return paths.REFERENCE_DATA / "music_facts"


def comparison_path(domain: str) -> Path:
    """The file with the committed counts of the last comparison."""
    return card_folder(domain) / "comparison.csv"


def record_comparison(domain: str, folder: Path | None = None) -> list[Disagreement]:
    """Write comparison.csv and disagreements.csv; resolutions already written are kept.

    Returns the disagreements that still need a resolution.
    """
    facts = build_facts(domain)
    comparison = compare_with_references(facts, folder)
    path = disagreements_path(domain)
    judged = {item.key: item for item in read_disagreements(path)}
    current = [*alias_clashes(facts), *comparison.disagreements]
    listed = [judged.get(item.key, item) for item in current]
    write_disagreements(listed, path)
    explained = Counter((item.reference_set, item.relation) for item in comparison.disagreements)
    rows = [
        (*key, number, comparison.agreed[key], explained[key])
        for key, number in sorted(comparison.compared.items())
    ]
    write_csv(comparison_path(domain), COMPARISON_HEADER, rows)
    return [item for item in listed if not item.resolution]


def comparison_table(domain: str) -> str:
    """A Markdown table of the committed comparison; empty where there is none."""
    path = comparison_path(domain)
    if not path.exists():
        return ""
    lines = ["| " + " | ".join(COMPARISON_HEADER) + " |", "|---|---|--:|--:|--:|"]
    for _, cells in read_csv(path, COMPARISON_HEADER):
        lines.append("| " + " | ".join(cells[name] for name in COMPARISON_HEADER) + " |")
    return "\n".join(lines)
