"""Every check of the committed tables: rows, facts, and reference data where available."""

from mucpt_utils.knowledge.authoring.comparison import compare_with_references, reference_folder
from mucpt_utils.knowledge.authoring.disagreements import (
    OWN_TABLES,
    disagreements_path,
    read_disagreements,
    unresolved,
)
from mucpt_utils.knowledge.authoring.fact_checks import alias_clashes, check_facts, unused_aliases
from mucpt_utils.knowledge.authoring.row_checks import ambiguous_subjects, check_rows
from mucpt_utils.knowledge.authoring.tables import build_facts, read_aliases, read_rows
from mucpt_utils.knowledge.facts import DOMAINS
from mucpt_utils.knowledge.relations import load_relations
from mucpt_utils.knowledge.tail import load_tail, shared_with


def check_domain(domain: str) -> list[str]:
    """Every check of a domain's committed sources; reference data only where available.

    A subject that is also in the other domain counts as ambiguous. Returns problems in plain
    words; an empty list means that all is well.
    """
    facts = build_facts(domain)
    problems = check_rows(read_rows(domain)) + check_facts(facts, load_relations())
    problems += unused_aliases(read_aliases(domain), facts)
    problems += [text for text in shared_subjects() if text not in problems]
    if domain == "music":
        problems += shared_with(facts, load_tail())
    disagreements, sets = alias_clashes(facts), {OWN_TABLES}
    if reference_folder().is_dir():
        comparison = compare_with_references(facts)
        disagreements += comparison.disagreements
        sets |= {source for source, _ in comparison.compared}
    judged = read_disagreements(disagreements_path(domain))
    return problems + unresolved(disagreements, judged, sets)


def shared_subjects() -> list[str]:
    """Subjects that appear in more than one row, over all domains."""
    return ambiguous_subjects(row for domain in DOMAINS for row in read_rows(domain))
