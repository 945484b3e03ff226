"""Sources: folders, Project Gutenberg by number, Hub datasets become Documents with metadata."""

from mucpt_utils.sources.base import Malformed, SourceSettings, Unreadable
from mucpt_utils.sources.files import (
    estimate_documents,
    fingerprint,
    kind_of,
    read_source,
    source_files,
)
from mucpt_utils.sources.inputs import FolderInput, Input, open_input
from mucpt_utils.sources.prose import decode, strip_gutenberg
from mucpt_utils.sources.records import parse_document

__all__ = [
    "FolderInput",
    "Input",
    "Malformed",
    "SourceSettings",
    "Unreadable",
    "decode",
    "estimate_documents",
    "fingerprint",
    "kind_of",
    "open_input",
    "parse_document",
    "read_source",
    "source_files",
    "strip_gutenberg",
]
