"""The arms of the study: what each one changes about plain continued pretraining."""

from mucpt_utils.config.scoring import Arm, Criterion

SOFT_STATIC = Criterion(numerator="static", form="log", scale=6.0)
SOFT_DYNAMIC = Criterion(numerator="dynamic", form="power", power=1.0)
DOCUMENTS = Criterion(numerator="static", form="step", keep=0.7)

ARMS: dict[str, Arm] = {
    "base": Arm(title="base, no further training", trained=False, role="control"),
    "plain": Arm(title="plain continued pretraining", role="baseline"),
    "random": Arm(title="random 60 % of tokens", random_tokens=0.6, role="control"),
    "rho1": Arm(
        title="Rho-1: top 60 % by excess loss",
        tokens=Criterion(numerator="dynamic", compare="difference", form="step", keep=0.6),
        role="baseline",
    ),
    # arXiv 2406.10670: both models frozen, their difference in loss; the same share as `selection`,
    # so that the two differ in the comparison alone
    "color_filter": Arm(
        title="CoLoR-Filter: documents by prior minus conditional loss",
        documents=DOCUMENTS.model_copy(update={"compare": "difference"}),
        role="baseline",
    ),
    "soft_static": Arm(title="soft, static ratio", tokens=SOFT_STATIC),
    # chosen on development questions (results/search): what the reference model does not know
    # keeps half of its weight
    "soft_mixed": Arm(
        title="soft, static ratio, half uniform",
        tokens=SOFT_STATIC.model_copy(update={"mix": 0.5}),
    ),
    # chosen on development questions: at twice its temperature the reference model is surprised by
    # what contradicts it, not by what it never read
    "soft_surprise": Arm(
        title="soft, static, surprise of an unsure reference",
        tokens=SOFT_STATIC.model_copy(update={"denominator": "surprise", "temperature": 2.0}),
    ),
    "soft_dynamic": Arm(title="soft, dynamic ratio", tokens=SOFT_DYNAMIC),
    "selection": Arm(title="selection of documents only", documents=DOCUMENTS),
    "selection_soft": Arm(
        title="selection + soft dynamic (the paper's)", documents=DOCUMENTS, tokens=SOFT_DYNAMIC
    ),
    "inverse": Arm(
        title="inverse direction (negative control)",
        tokens=SOFT_DYNAMIC.model_copy(update={"direction": "inverse"}),
        role="control",
    ),
}
