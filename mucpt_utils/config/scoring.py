"""What scores and weighs tokens: the models, the criterion, the arm."""

from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, model_validator

from mucpt_utils.config.packages import PREFIX, find_package


class TaggerKind(NamedTuple):
    """What a tagger reads of a token (`scoring.tagger.FEATURES`), and what it learns from.

    learns: facts, from a table of facts about other subjects; ratio, from the loss ratio on the
    reference model's own text; nothing, where capitals and digits tell (`scoring.surface`).
    """

    reads: Literal["states", "window", "surface"]
    learns: Literal["facts", "ratio", "nothing"]


# the taggers that an arm's `focus` may name
TAGGERS = {
    "tagger": TaggerKind("states", "facts"),
    "tagger_window": TaggerKind("window", "facts"),
    "ratio_window": TaggerKind("window", "ratio"),
    "names": TaggerKind("surface", "nothing"),
}
# tokens of the reference model's own text that a tagger learns the ratio from: on development
# subjects, twice as many tell fact tokens no better (area under the curve .79 against .80)
RATIO_TEXT = 30_000


class ModelSettings(BaseModel):
    """Architecture of a Llama-type model trained from scratch."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    hidden_size: int = Field(128, ge=16, description="width")
    layers: int = Field(4, ge=1, description="number of blocks")
    heads: int = Field(4, ge=1, description="attention heads; must divide the width")
    intermediate_size: int = Field(344, ge=16, description="width of the gated feed-forward part")
    context: int = Field(128, ge=32, description="tokens in a packed sequence")

    @model_validator(mode="after")
    def divisible(self) -> "ModelSettings":
        """Refuses a width that the heads cannot share."""
        # rotary embeddings turn pairs, so a head's width is even
        if self.hidden_size % (2 * self.heads):
            raise ValueError(
                f"hidden_size={self.hidden_size} is not a multiple of 2 * heads={self.heads}"
            )
        return self

    def parameters(self, vocabulary: int) -> int:
        """Parameters of the model with so many tokens; the head is the embedding table."""
        width, inner = self.hidden_size, self.intermediate_size
        block = 4 * width * width + 3 * width * inner + 2 * width  # attention, feed-forward, norms
        return vocabulary * width + self.layers * block + width


class PretrainedSettings(BaseModel):
    """A base model that is loaded, with its own tokenizer, in place of one from scratch."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(
        description="folder, Hub name (NAME@REVISION), GGUF file, or package:NAME of a causal LM"
    )
    parameters: int = Field(ge=1, description="declared for the cost; the model is not opened")
    vocabulary: int = Field(ge=300, description="tokens of its tokenizer, for the cost")

    @model_validator(mode="before")
    @classmethod
    def of_package(cls, settings: Any) -> Any:
        """`{package: NAME}` stands for the name, size and vocabulary of a model package.

        Raises SettingsError, a ValueError, for a package that is not known.
        """
        if not isinstance(settings, dict) or "package" not in settings:
            return settings
        package = find_package(str(settings["package"]))
        declared = {
            "name": f"{PREFIX}{settings['package']}",
            "parameters": package.parameters,
            "vocabulary": package.vocabulary,
        }
        return declared | {key: value for key, value in settings.items() if key != "package"}


class ReferenceSettings(BaseModel):
    """The reference model: how it is trained and how its confidence is set."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    documents_per_subject: int = Field(12, ge=1, description="clean documents about each subject")
    pretrained: str | None = Field(
        None, description="folder or Hub name of an RM to use as it is, with the base's tokenizer"
    )
    temperature: float | None = Field(
        None, gt=0, description="fixed temperature; null chooses it on calibration subjects"
    )
    temperatures: tuple[PositiveFloat, ...] = Field(
        (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0),
        min_length=1,
        description="candidates when it is chosen",
    )


class Criterion(BaseModel):
    """Settings of the loss ratio: the study's own declared choices, none is published."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    numerator: Literal["static", "dynamic"] = Field(
        "static", description="L_a: loss of the base before training, or of the model in training"
    )
    direction: Literal["forward", "inverse"] = Field(
        "forward", description="inverse swaps the two losses: a negative control"
    )
    compare: Literal["ratio", "difference"] = Field(
        "ratio", description="difference L_a - L_rm is Rho-1's excess loss"
    )
    denominator: Literal["loss", "entropy", "surprise", "one"] = Field(
        "loss",
        description="what the RM says of a token: its loss, entropy, or max(loss - entropy, 0); "
        "one: nothing, so that no RM is needed and L_a alone decides",
    )
    over: Literal["each", "sequence", "site"] = Field(
        "each",
        description="what shares one ratio: nothing; the tokens of a sequence in training; the "
        "documents of a site in selection",
    )
    floor: float = Field(0.1, gt=0, description="e, in nats: keeps the ratio finite as L_rm -> 0")
    floor_start: float | None = Field(
        None, gt=0, description="e at the first step, from which it falls to `floor`"
    )
    warmup: float = Field(
        0.0, ge=0, lt=1, description="share of the steps with plain weights, before the criterion"
    )
    static_share: float = Field(
        0.0, ge=0, le=1, description="share of the steps, warm-up included, with L_a of the base"
    )
    least_context: int = Field(
        0,
        ge=0,
        description="places at the head of a row that are not judged but keep weight 1: there the "
        "model in training sees less of a document than the RM did, and its loss is too large",
    )
    form: Literal["power", "log", "step"] = Field("log", description="the shape of f")
    power: float = Field(1.0, gt=0, description="power form: f = rho ** power")
    scale: float = Field(6.0, gt=1, description="log form: f = log(rho) / log(scale)")
    keep: float = Field(0.6, gt=0, le=1, description="step form: share of tokens that keep weight")
    low: float = Field(0.0, ge=0, description="smallest weight before normalising")
    high: float = Field(1.0, gt=0, description="largest weight before normalising")
    mix: float = Field(
        1.0, ge=0, le=1, description="share of the criterion; the rest is uniform weight 1"
    )
    temperature: float | None = Field(
        None, gt=0, description="divides the RM's logits; null: the calibrated one of the profile"
    )

    @model_validator(mode="after")
    def consistent(self) -> "Criterion":
        """Refuses limits in the wrong order, and a course over the steps for fixed weights."""
        if self.low >= self.high:
            raise ValueError(f"low ({self.low}) must be below high ({self.high})")
        if self.floor_start is not None and self.floor_start < self.floor:
            raise ValueError(f"floor_start ({self.floor_start}) is below floor ({self.floor})")
        if self.over == "sequence" and self.numerator == "static":
            raise ValueError("over: sequence needs numerator dynamic: rows are made in training")
        moving = ("floor_start", "warmup", "static_share", "least_context")
        changing = [name for name in moving if getattr(self, name)]
        if changing and self.numerator == "static":
            raise ValueError(
                f"{', '.join(changing)}: static weights are fixed before training; "
                "use numerator dynamic (static_share=1 keeps L_a of the base)"
            )
        return self

    @property
    def uses_reference(self) -> bool:
        """Whether a reference model is needed at all."""
        return self.denominator != "one"

    @property
    def uses_entropy(self) -> bool:
        """Whether the RM's entropies are needed beside its losses."""
        return self.denominator in ("entropy", "surprise")

    def at(self, progress: float) -> "Criterion":
        """The criterion after a share `progress` of the steps, 0 to 1, with nothing that changes.

        Raises ValueError for a share outside 0 to 1.
        """
        if not 0 <= progress <= 1:
            raise ValueError(f"progress {progress} is not a share of the steps")
        changes: dict = {"floor_start": None, "warmup": 0.0, "static_share": 0.0}
        if self.floor_start is not None:
            changes["floor"] = self.floor_start ** (1 - progress) * self.floor**progress
        if progress < self.warmup:
            changes["mix"] = 0.0
        return self.model_copy(update=changes)

    def uses_base(self, progress: float) -> bool:
        """Whether L_a is the base's loss after a share `progress` of the steps."""
        return self.numerator == "static" or progress < self.static_share


class Arm(BaseModel):
    """One way to use the same token budget on the same corpus."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    title: str
    documents: Criterion | None = Field(None, description="keeps documents by their mean ratio")
    tokens: Criterion | None = Field(None, description="weighs tokens in training")
    random_tokens: float | None = Field(
        None, gt=0, le=1, description="share of tokens kept blindly"
    )
    chosen_by: Literal["random_sites", "quality", "believed_sites", "reliable_sites"] | None = (
        Field(
            None,
            description="keeps documents by something else than their losses: blindly, by site; "
            "by a classifier of clean text; by site, as the loss ratio of a sample of the corpus "
            "believes it; by the labels, those of reliable sites (a ceiling)",
        )
    )
    keep: float = Field(0.6, gt=0, le=1, description="share of documents that chosen_by keeps")
    sample: float = Field(
        0.2, gt=0, le=1, description="share of the corpus's tokens scored for believed_sites"
    )
    focus: (
        Literal["tagger", "tagger_window", "ratio_window", "names"]
        | Literal["clean", "objects", "right_objects"]
        | None
    ) = Field(
        None,
        description="fixed factor of each token: up to `dose` by a tagger of fact tokens (see "
        "`TAGGERS`), which reads the base's hidden states or a window of its embeddings; `dose` "
        "for names and numbers, told by capitals and digits; by the labels (ceilings) 0 for noise "
        "and wrong objects, `dose` for all objects, or both",
    )
    dose: float = Field(6.0, gt=1, description="largest factor that a focus gives")
    start: Literal["base", "reference", "merged"] = Field(
        "base", description="model that is trained on; merged: the mean of both models' weights"
    )
    mix_reference: bool = Field(False, description="the RM's clean text is mixed into the corpus")
    budget: Literal["tokens", "compute"] = Field(
        "tokens",
        description="compute: the price of the profile's `compute_of` is spent on more tokens",
    )
    trained: bool = True
    role: Literal["control", "baseline", "method", "ceiling"] = "method"

    @model_validator(mode="after")
    def one_temperature(self) -> "Arm":
        """Refuses two temperatures: an arm has one reference model."""
        if len({c.temperature for c in self.criteria}) > 1:
            raise ValueError("documents and tokens: the reference model has one temperature")
        return self

    @model_validator(mode="after")
    def one_choice(self) -> "Arm":
        """Refuses two choices of documents, and a unit that the place of a criterion lacks."""
        if self.documents is not None and self.chosen_by is not None:
            raise ValueError("documents and chosen_by both choose documents: give one")
        if self.documents is not None and self.documents.over == "sequence":
            raise ValueError("documents: over may be each or site")
        if self.tokens is not None and self.tokens.over == "site":
            raise ValueError("tokens: over may be each or sequence")
        if self.reads_labels and self.role != "ceiling":
            raise ValueError("an arm that is told the labels has role: ceiling")
        return self

    @property
    def temperature(self) -> float | None:
        """The reference model's temperature in this arm; None for the calibrated one."""
        return self.criteria[0].temperature if self.criteria else None

    @property
    def uses_entropy(self) -> bool:
        """Whether the arm needs the reference model's entropies."""
        return any(c.uses_entropy for c in self.criteria)

    @property
    def uses_losses(self) -> bool:
        """Whether the arm needs the reference model's losses on the corpus."""
        return any(c.uses_reference for c in self.criteria)

    @property
    def uses_reference_model(self) -> bool:
        """Whether the arm needs a reference model to be trained: for its losses or its weights."""
        return self.uses_losses or self.learns_ratio or self.rates_sites or self.start != "base"

    @property
    def uses_reference(self) -> bool:
        """Whether the arm needs a reference model, or its text alone."""
        return self.uses_reference_model or self.mix_reference

    @property
    def tagger(self) -> TaggerKind | None:
        """The tagger that weighs the arm's tokens; None where none does."""
        return TAGGERS.get(self.focus) if self.focus else None

    @property
    def learns_ratio(self) -> bool:
        """Whether the arm's tagger learns from the loss ratio on the reference model's text."""
        return self.tagger is not None and self.tagger.learns == "ratio"

    @property
    def rates_sites(self) -> bool:
        """Whether the arm rates sites by the loss ratio of a sample of their documents."""
        return self.chosen_by == "believed_sites"

    @property
    def reads_states(self) -> bool:
        """Whether the arm's tagger reads the base's hidden states of the corpus."""
        return self.tagger is not None and self.tagger.reads == "states"

    @property
    def reads_labels(self) -> bool:
        """Whether the arm is told the writer's labels: a ceiling, not a method."""
        return self.focus not in (None, *TAGGERS) or self.chosen_by == "reliable_sites"

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """The arm's criteria: of documents, of tokens, both or none."""
        return tuple(c for c in (self.documents, self.tokens) if c is not None)
