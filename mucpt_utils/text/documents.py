"""The contract of a document, and the text that a model is trained on."""

from collections.abc import Sequence


def training_text(document: dict, fields: Sequence[str]) -> str:
    """The text to train on: a line of the metadata `fields` (none: no line), then the document.

    The template is `[source | title]`, without absent fields. MuCPT joins text with its metadata;
    how is not published, so the template is this study's choice.
    """
    known = [str(value) for name in fields if (value := document["metadata"].get(name))]
    return f"[{' | '.join(known)}]\n{document['text']}" if known else document["text"]
