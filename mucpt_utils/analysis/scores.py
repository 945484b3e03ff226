"""What the scores say about the corpus: mean losses, selected documents, weights at the start.

Everything here uses `Scored`, the only way from losses to weights, as training does.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from mucpt_utils.config.scoring import Arm
from mucpt_utils.scoring.losses import document_means
from mucpt_utils.scoring.scored import NotScored, Scored


def mean_losses(
    documents: Sequence[Mapping],
    tested: set[str],
    scored: Mapping[int, Scored],
    covered: Mapping[int, set[str]],
) -> pd.DataFrame:
    """seed, text, base, reference, documents: mean over documents of their loss in nats per token.

    documents: of the cleaned corpus, in order. tested: subjects under test. scored, covered: by
    seed, the corpus with its losses, and the subjects that the seed's reference model knows. text:
    documents about one subject that the reference model knows, or about one that it does not.
    """
    about = np.array([document["metadata"]["title"] for document in documents])
    rows = []
    for seed, corpus in scored.items():
        if corpus.base is None or corpus.reference is None:
            raise NotScored("the corpus was not scored by the base and the reference model")
        base, reference = (
            document_means(losses, corpus.store.starts, corpus.store.begin is not None)
            for losses in (corpus.base, corpus.reference)
        )
        groups = {"covered": covered[seed], "uncovered": tested - covered[seed]}
        for text, subjects in groups.items():
            members = np.isin(about, sorted(subjects))
            if members.any():
                means = {"base": base[members].mean(), "reference": reference[members].mean()}
                rows.append({"seed": seed, "text": text, **means, "documents": members.sum()})
    return pd.DataFrame(rows)


def selected_documents(
    documents: Sequence[Mapping],
    tested: set[str],
    arm: Arm,
    scored: Mapping[int, Scored],
    covered: Mapping[int, set[str]],
) -> pd.DataFrame:
    """documents, n, share_kept: the share that the arm's selection keeps, by kind, over all seeds.

    Arguments as in `mean_losses`. A document may belong to several groups.
    """
    rows = []
    for seed, corpus in scored.items():
        chosen = np.zeros(len(documents), bool)
        chosen[corpus.chosen(arm)] = True
        for group, members in document_groups(documents, tested, covered[seed]).items():
            rows += [{"documents": group, "kept": kept} for kept in chosen[members]]
    grouped = pd.DataFrame(rows).groupby("documents", sort=False)["kept"]
    return grouped.agg(n="size", share_kept="mean").reset_index()


def document_groups(
    documents: Sequence[Mapping], tested: set[str], covered: set[str]
) -> dict[str, np.ndarray]:
    """Members of each group of documents, by the writer's labels; empty groups are left out.

    A document may belong to several. tested: subjects under test; covered: those of them that the
    reference model (RM) knows.
    """
    titles = [document["metadata"]["title"] for document in documents]
    truths = [document["metadata"]["truth"] for document in documents]
    kinds = [{span["kind"] for span in truth["spans"]} for truth in truths]
    known = np.array([title in covered for title in titles], bool)
    unknown = np.array([title in tested - covered for title in titles], bool)
    wrong = np.array(["wrong_fact" in kind for kind in kinds], bool)
    right = np.array(["fact" in kind for kind in kinds], bool) & ~wrong
    groups = {
        "all": np.ones(len(documents), bool),
        "about a subject that the RM knows": known,
        "about one that it does not know": unknown,
        "true facts only": right,
        "with a wrong fact": wrong,
        "known subject, true facts only": known & right,
        "known subject, with a wrong fact": known & wrong,
        "unknown subject, true facts only": unknown & right,
        "unknown subject, with a wrong fact": unknown & wrong,
        "from a reliable site": np.array([t.get("reliable") is True for t in truths], bool),
        "from an unreliable site": np.array([t.get("reliable") is False for t in truths], bool),
        "off the domain": np.array([not truth["in_domain"] for truth in truths], bool),
    }
    return {name: members for name, members in groups.items() if members.any()}


def weights_at_start(
    arms: Mapping[str, Arm], scored: Mapping[str, Scored], seed: int, places: np.ndarray
) -> dict[str, np.ndarray]:
    """Weights of some tokens under each weighing arm, while the model still is the base.

    scored: by arm, the corpus with what the arm needs. places: indices into the corpus's tokens.
    Weights have mean 1 over the whole corpus; those of a static ratio stay in training. Arms that
    weigh whole rows are left out (`weighs_rows`).
    """
    return {
        name: scored[name].weights(arm, seed, at_start=True)[places]
        for name, arm in arms.items()
        if arm.tokens is not None and not weighs_rows(arm)
    }


def weighs_rows(arm: Arm) -> bool:
    """Whether an arm weighs the rows of training as wholes: before there are rows, the whole corpus
    would be one, of equal weight throughout."""
    return arm.tokens is not None and arm.tokens.over == "sequence"
