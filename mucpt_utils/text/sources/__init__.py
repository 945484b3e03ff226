"""Sources: folders, books of Project Gutenberg and Hub datasets, read as Documents."""

from mucpt_utils.text.sources.base import MachineTrouble, Malformed, PassedOver, Unreadable
from mucpt_utils.text.sources.encodings import decode
from mucpt_utils.text.sources.etext import strip_gutenberg
from mucpt_utils.text.sources.files import estimate_documents, fingerprint, read_source
from mucpt_utils.text.sources.folders import source_files
from mucpt_utils.text.sources.inputs import Input, open_input
from mucpt_utils.text.sources.records import parse_document

__all__ = [
    "Input",
    "MachineTrouble",
    "Malformed",
    "PassedOver",
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
