"""How documents are written and read: the renderer, the flaws of a crawl, the sources."""

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

REGISTERS = (
    "encyclopaedia",
    "review",
    "news",
    "forum",
    "liner_note",
    "interview",
    "trivia",
    "metadata_record",
    "listicle",
    "podcast",
)


MOST_ADDED = 0.9  # share of documents that are not about the facts, in a corpus of them


def rate(default: float, description: str) -> float:
    """A setting between 0 and 1."""
    return Field(default=default, ge=0, le=1, description=description)


class RenderSettings(BaseModel):
    """How documents are written, and at which rates the flaws of a crawl are added."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    documents_per_subject: int = Field(default=8, ge=1, description="documents about each subject")
    registers: dict[str, float] = Field(
        default_factory=lambda: dict.fromkeys(REGISTERS, 1.0),
        description="weight of each register; one left out is not written",
    )
    several_subjects: float = rate(0.1, "documents about several subjects for each about one")
    filler: float = rate(0.25, "wanted share of sentences without a fact")
    restate: float = rate(0.3, "chance that a sentence that fills up restates a fact in new words")
    short_reference: float = rate(0.15, "chance that a later fact says `the album` for the title")
    connective: float = rate(0.25, "chance that a fact follows a connective")
    opener: float = rate(0.7, "chance of an opening sentence")
    closer: float = rate(0.3, "chance of a closing sentence")
    min_words: int = Field(default=40, ge=10, le=80, description="words a document aims at, least")
    max_words: int = Field(default=160, ge=150, le=1000, description="words no document exceeds")

    crawl: int = Field(
        default=0,
        ge=0,
        description="number of the crawl: another has other sites and documents of the same facts",
    )
    sites: int = Field(default=20, ge=1, description="sites that the crawl's documents come from")
    bad_sites: float = rate(0.3, "share of the sites that are unreliable")
    wrong_fact: float = rate(0.05, "share of a reliable site's fact sentences with a false object")
    wrong_in_bad_sites: float = rate(0.6, "the same share of an unreliable site")
    rumours: float = rate(
        0.6, "share of an unreliable site's false objects that are the rumour about the fact"
    )
    lasting_noise: float = rate(
        0.15, "share of documents with sentences that tell nothing and that no cleaning knows"
    )
    boilerplate_in_document: float = rate(0.2, "share of documents with boilerplate lines")
    spam_in_document: float = rate(0.1, "share of documents with spam sentences")
    tracking_codes: float = rate(0.1, "share of documents with tracking links, hashes, ids")
    ocr_noise: float = rate(0.05, "share of documents with character confusions of OCR")
    ocr_words: float = rate(0.08, "share of words confused in such a document")
    mojibake: float = rate(0.05, "share of documents decoded with a wrong encoding")
    pii: float = rate(0.08, "share of documents with made-up personal data")
    boilerplate_documents: float = rate(0.03, "share of the corpus that is only boilerplate")
    spam_documents: float = rate(0.04, "share of the corpus that is only spam")
    off_domain: float = rate(0.12, "share of the corpus that treats other domains")
    exact_duplicates: float = rate(0.04, "share of the corpus that is an exact copy")
    near_duplicates: float = rate(0.04, "share of the corpus that is an edited copy")

    @field_validator("registers")
    @classmethod
    def known_registers(cls, weights: dict[str, float]) -> dict[str, float]:
        """Refuses unknown registers, and weights that choose none."""
        unknown = sorted(set(weights) - set(REGISTERS))
        if unknown:
            raise ValueError(f"unknown registers {unknown}; allowed: {', '.join(REGISTERS)}")
        if min(weights.values(), default=0) < 0 or sum(weights.values()) <= 0:
            raise ValueError("register weights must be >= 0 and at least one above 0")
        return weights

    @model_validator(mode="after")
    def shares_add_up(self) -> "RenderSettings":
        """Refuses shares of the corpus that leave too little of it to the facts."""
        documents = ("boilerplate_documents", "spam_documents", "off_domain")
        copies = ("exact_duplicates", "near_duplicates")
        if sum(getattr(self, name) for name in documents + copies) > MOST_ADDED:
            raise ValueError(f"{', '.join(documents + copies)} add up to more than {MOST_ADDED}")
        if self.ocr_noise + self.mojibake > 1:
            raise ValueError("ocr_noise and mojibake exclude each other: at most 1 together")
        return self


class BaseCorpusSettings(BaseModel):
    """The base model's corpus."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    documents_per_subject: int = Field(10, ge=1, description="clean documents about each subject")
    questions_per_subject: int = Field(6, ge=1, description="question-answer documents about each")


class GutenbergSettings(BaseModel):
    """Where books of Project Gutenberg come from, and how politely they are asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    mirror: str = Field(
        "https://gutenberg.pglaf.org", description="address of a mirror (robots use mirrors)"
    )
    layouts: tuple[str, ...] = Field(
        (
            "{mirror}/cache/epub/{number}/pg{number}.txt",
            "{mirror}/{folders}/{number}/{number}-0.txt",
            "{mirror}/{folders}/{number}/{number}-8.txt",
            "{mirror}/{folders}/{number}/{number}.txt",
        ),
        description="where a book may lie, tried in order; folders: 5724 lies in 5/7/2",
    )
    seconds_between: float = Field(2.0, ge=0, description="pause between two requests")
    retries: int = Field(4, ge=0, description="how often a request that failed is sent again")
    timeout: float = Field(60.0, gt=0, description="seconds without an answer that are a failure")
    largest_book_bytes: int = Field(64_000_000, ge=1, description="longer books are refused")
    sha256: dict[int, str] = Field({}, description="checksums a book must have, by its number")


class HubSettings(BaseModel):
    """Which part of a dataset is streamed."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    config: str | None = Field(None, description="configuration (subset) of the dataset")
    revision: str | None = Field(None, description="commit; without one, the newest is looked up")
    documents: int | None = Field(None, ge=1, description="rows read at most, from the first on")


class SourceSettings(BaseModel):
    """How files are read and prose is cut into passages."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    passage_words: int = Field(200, ge=20, description="words after which a passage ends")
    longest_passage_words: int = Field(250, ge=20, description="a longer paragraph is cut")
    shortest_passage_words: int = Field(60, ge=1, description="shorter tails join the one before")
    text_fields: tuple[str, ...] = Field(
        ("text", "abstract", "body", "content"), description="JSON fields that may hold the text"
    )
    longest_line_bytes: int = Field(16_000_000, ge=1, description="longer lines are quarantined")
    largest_file_bytes: int = Field(
        4_000_000_000, ge=1, description="what is read of a file once it is decompressed"
    )
    largest_text_bytes: int = Field(
        64_000_000, ge=1, description="longer prose files and web pages, read whole, are refused"
    )
    licence: str = Field("unknown", description="licence of files that do not state theirs")
    batch_rows: int = Field(256, ge=1, description="rows of a table held in memory at a time")
    gutenberg: GutenbergSettings = GutenbergSettings()
    hub: HubSettings = HubSettings()

    @field_validator("text_fields")
    @classmethod
    def some_field(cls, fields: tuple[str, ...]) -> tuple[str, ...]:
        """Refuses an empty list, with which no row could be read."""
        if not fields:
            default = ", ".join(cls.model_fields["text_fields"].default)
            raise ValueError(f"names no field, so no row could be read; the default: {default}")
        return fields

    @model_validator(mode="after")
    def passages_may_end(self) -> "SourceSettings":
        """Refuses a length of passages that none could reach."""
        if self.passage_words > self.longest_passage_words:
            raise ValueError(
                f"passage_words is {self.passage_words}, and a passage is at most "
                f"longest_passage_words = {self.longest_passage_words} long; allowed: up to that"
            )
        return self
