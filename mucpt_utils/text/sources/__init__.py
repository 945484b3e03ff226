"""Sources: folders, Project Gutenberg by number, Hub datasets become Documents with metadata."""

from mucpt_utils.text.sources.base import Malformed, Unreadable
from mucpt_utils.text.sources.files import (
    estimate_documents,
    fingerprint,
    read_source,
    source_files,
)
from mucpt_utils.text.sources.inputs import Input, open_input
from mucpt_utils.text.sources.prose import decode, strip_gutenberg
from mucpt_utils.text.sources.records import parse_document

__all__ = [
    "Input",
    "Malformed",
    "Unreadable",
    "decode",
    "estimate_documents",
    "fingerprint",
    "open_input",
    "parse_document",
    "read_source",
    "source_files",
    "strip_gutenberg",
]
