"""Every stage of the corpus pipeline with its switch and its parameters."""

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.errors import MEANT

# kinds of personal data, in the order in which they claim a stretch
Kind = Literal["URL", "EMAIL", "IBAN", "SSN", "CARD", "IP", "PHONE", "HANDLE"]
KINDS: tuple[Kind, ...] = get_args(Kind)
OTHER_CODES = {"UK": "GB", "EL": "GR"}  # of regions that go by two


class ClassifierSettings(BaseModel):
    """How the classifier is trained and calibrated."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    dimensions: int = Field(16, ge=1, description="size of the word vectors")
    epochs: int = Field(5, ge=1, description="passes over the training passages")
    learning_rate: float = Field(0.5, gt=0, description="fastText's initial learning rate")
    word_ngrams: int = Field(1, ge=1, description="longest n-gram of words used as a feature")
    min_count: int = Field(2, ge=1, description="words seen less often are left out")
    buckets: int = Field(200_000, ge=1, description="hash buckets for n-grams")
    folds: int = Field(4, ge=2, description="folds of groups that the calibration is fitted on")
    fasttext: bool = Field(True, description="whether fastText's score is one of the features")
    names: bool = Field(True, description="whether names from the fact tables are")
    prior: float = Field(
        0.25, gt=0, lt=1, description="share of music in what is read, which a probability presumes"
    )


class QualitySettings(BaseModel):
    """What cleaning does, and from when on a document is dropped."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    enabled: bool = Field(True, description="whether documents are cleaned at all")
    repair_encoding: bool = Field(True, description="undo mojibake with ftfy")
    remove_junk_lines: bool = Field(True, description="cut boilerplate and spam out of documents")
    remove_tracking: bool = Field(True, description="cut tracking parameters, hashes, session ids")
    junk_share: float = Field(
        0.6, ge=0, le=1, description="share of words in junk lines above which a document goes"
    )
    other_languages: bool = Field(
        True, description="drop documents in another language than English"
    )
    min_words: int = Field(12, ge=1, description="shorter documents are dropped")
    max_words: int = Field(100_000, ge=1, description="longer documents are dropped")
    min_stop_words: int = Field(
        1, ge=0, description="English function words that prose must hold; records are exempt"
    )
    min_alphabetic_share: float = Field(
        0.3, ge=0, le=1, description="share of words with a letter (Gopher: .8)"
    )
    repetition: bool = Field(True, description="Gopher's limits on repeated lines and n-grams")

    @model_validator(mode="after")
    def some_length_stays(self) -> "QualitySettings":
        """Refuses lengths that would drop every document."""
        if self.min_words > self.max_words:
            raise ValueError(
                f"min_words is {self.min_words} and max_words {self.max_words}, so every document "
                "would be dropped; allowed: min_words up to max_words"
            )
        return self


class MinhashSettings(BaseModel):
    """Near duplicates: banding of the signatures and the similarity that is then required.

    Two documents of Jaccard similarity s become a candidate with probability
    1 - (1 - s^rows)^bands (Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, 3.4.2).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    enabled: bool = Field(True, description="whether near duplicates are looked for at all")
    shingle_words: int = Field(5, ge=1, description="words in a shingle (5-grams of words)")
    bands: int = Field(32, ge=1, description="buckets of the banding")
    rows: int = Field(5, ge=1, description="hashes in a bucket")
    similarity: float = Field(0.6, ge=0, le=1, description="Jaccard a candidate pair must reach")
    seed: int = Field(1, ge=0, description="seed of the hash functions")


class ContainmentSettings(BaseModel):
    """Which works are reported as contained in another."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    enabled: bool = Field(True, description="whether contained works are looked for at all")
    shingle_words: int = Field(5, ge=1, description="words in a shingle (5-grams of words)")
    least: float = Field(0.8, gt=0, le=1, description="share of the smaller work in the larger")
    most_alike: float = Field(
        0.7, ge=0, le=1, description="a pair of higher Jaccard similarity are copies of one work"
    )
    covered: float = Field(
        0.75, gt=0, le=1, description="share of a copy's passage in the first work for it to go"
    )
    shortest: int = Field(
        250, ge=1, description="works of fewer shingles (about one a word) are not looked at"
    )
    sample: int = Field(16, ge=1, description="one shingle in so many looks for candidates")
    most_holders: int = Field(
        20, ge=2, description="a shingle of more works is a stock phrase, and finds no candidates"
    )
    range_shingles: int = Field(1_000_000, ge=1, description="sampled shingles held at a time")


class MaskingSettings(BaseModel):
    """Which kinds of personal data are masked."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    enabled: bool = Field(True, description="whether personal data is masked at all")
    kinds: tuple[Kind, ...] = Field(KINDS, description="kinds of personal data to mask")
    regions: tuple[str, ...] = Field(
        ("US", "GB", "DE", "FR", "IT", "ES", "AU", "IN", "ZA", "CH", "AT", "SE", "NL", "BE"),
        description="regions whose national telephone numbers are recognised",
    )

    @field_validator("kinds")
    @classmethod
    def some_kind(cls, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        """Refuses an empty list, which would mask nothing without a word."""
        if not kinds:
            raise ValueError(f"names no kind; allowed: {', '.join(KINDS)}; or enabled: false")
        return kinds

    @field_validator("regions")
    @classmethod
    def known_regions(cls, regions: tuple[str, ...]) -> tuple[str, ...]:
        """Refuses regions that have no telephone numbers, such as UK for GB."""
        # read only where regions are named, since it takes a while
        from phonenumbers import SUPPORTED_REGIONS

        for region in regions:
            if region not in SUPPORTED_REGIONS:
                right = OTHER_CODES.get(region.upper(), region.upper())
                near = f"; {MEANT} {right!r}?" if right in SUPPORTED_REGIONS else ";"
                allowed = ", ".join(sorted(SUPPORTED_REGIONS))
                raise ValueError(f"unknown region {region!r}{near} allowed: {allowed}")
        return regions


class RaySettings(BaseModel):
    """What a task asks of the Ray cluster."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    address: str | None = Field(None, description="of the cluster; none: RAY_ADDRESS or a new one")
    cpus_per_task: int = Field(1, ge=1)
    memory_gb: float = Field(2.0, gt=0, description="memory reserved for each core of a task")


class SlurmSettings(BaseModel):
    """What a task asks of Slurm, in sbatch's words."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    partition: str | None = Field(None, description="needed when the engine is slurm")
    time: str = Field("24:00:00", description="limit of a task")
    cpus_per_task: int = Field(1, ge=1)
    memory_gb: int = Field(4, ge=1, description="memory for each core of a task")
    qos: str | None = None
    environment: str | None = Field(
        None, description="command that makes the environment; none: this one is activated"
    )
    largest_array: int = Field(1001, ge=1, description="the cluster's limit of tasks in an array")
    sbatch: dict[str, str] = Field({}, description="more options of sbatch, without the dashes")


class PipelineSettings(BaseModel):
    """Every stage with its switch and its parameters; the defaults are the study's."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    source: SourceSettings = SourceSettings()
    classifier: Literal["off", "filter", "weights", "filter+weights"] = Field(
        "filter+weights",
        description="what the domain probability does: drop documents, weigh them, both, nothing",
    )
    classifier_threshold: float = Field(
        0.5, ge=0, le=1, description="calibrated probability below which a document is dropped"
    )
    clean: QualitySettings = QualitySettings()
    exact_duplicates: bool = Field(True, description="whether exact duplicates are dropped")
    contained: ContainmentSettings = ContainmentSettings()
    near_duplicates: MinhashSettings = MinhashSettings()
    masking: MaskingSettings = MaskingSettings()
    decontamination: Literal["off", "report", "drop"] = Field(
        "drop", description="what happens to documents in which a benchmark question is asked"
    )
    part_documents: int = Field(5000, ge=1, description="documents in a part")
    unit_bytes: int = Field(64_000_000, ge=1, description="input read by one task at a time")
    engine: Literal["local", "ray", "slurm"] = Field("local", description="what runs the tasks")
    ray: RaySettings = RaySettings()
    slurm: SlurmSettings = SlurmSettings()
    keep_stages: bool = Field(False, description="whether the stages' own corpora are kept")

    def deciding(self) -> dict:
        """The settings that decide the output, as JSON: not the engine, nor how books come."""
        engine = {"engine", "ray", "slurm", "keep_stages"}
        return self.model_dump(
            mode="json", exclude=dict.fromkeys(engine, True) | {"source": {"gutenberg"}}
        )
