"""What the scores say of the corpus: mean losses, which documents selection keeps, one sentence.

Everything here asks `Scored`, the one road from losses to weights, as training does.
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
    """seed, text, base, reference, documents: mean loss in nats a token over the cleaned corpus.

    documents: of the corpus, in its order. tested: subjects under test. scored, covered: by seed,
    the corpus with its losses, and the subjects that the seed's reference model knows. text:
    documents about one subject that the reference model knows, or about one that it does not.
    """
    about = np.array([document["metadata"]["title"] for document in documents])
    rows = []
    for seed, corpus in scored.items():
        if corpus.base is None or corpus.reference is None:
            raise NotScored("the corpus was not scored by the base and the reference model")
        base = document_means(corpus.base, corpus.store.starts)
        reference = document_means(corpus.reference, corpus.store.starts)
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
    """documents, n, share kept by the arm's selection, by what the documents are; over all seeds.

    Arguments as in `mean_losses`. A document may belong to several groups.
    """
    rows = []
    for seed, corpus in scored.items():
        chosen = np.zeros(len(documents), bool)
        chosen[corpus.chosen(arm)] = True
        for group, members in _groups(documents, tested, covered[seed]).items():
            rows += [{"documents": group, "kept": kept} for kept in chosen[members]]
    grouped = pd.DataFrame(rows).groupby("documents", sort=False)["kept"]
    return grouped.agg(n="size", share_kept="mean").reset_index()


def _groups(
    documents: Sequence[Mapping], tested: set[str], covered: set[str]
) -> dict[str, np.ndarray]:
    """Members of each group of documents, by the writer's labels."""
    titles = [d["metadata"]["title"] for d in documents]
    kinds = [{s["kind"] for s in d["metadata"]["truth"]["spans"]} for d in documents]
    groups = {
        "all": [True] * len(documents),
        "about a subject that the RM knows": [t in covered for t in titles],
        "about one that it does not know": [t in tested - covered for t in titles],
        "true facts only": ["fact" in k and "wrong_fact" not in k for k in kinds],
        "with a wrong fact": ["wrong_fact" in k for k in kinds],
        "off the domain": [not d["metadata"]["truth"]["in_domain"] for d in documents],
    }
    return {name: np.array(members, bool) for name, members in groups.items()}


def weights_at_start(
    arms: Mapping[str, Arm], scored: Mapping[str, Scored], seed: int, places: np.ndarray
) -> dict[str, np.ndarray]:
    """Weights of some tokens under each arm that weighs them, while the model still is the base.

    scored: by arm, the corpus with what the arm needs. places: indices into the corpus's tokens.
    Weights have mean 1 over the whole corpus; those of a static ratio stay in training.
    """
    return {
        name: scored[name].weights(arm, seed, at_start=True)[places]
        for name, arm in arms.items()
        if arm.tokens is not None
    }
