"""A small corpus with every flaw that a stage of the pipeline is there for, and its labels."""

from mucpt_utils.config.pipeline import (
    MaskingSettings,
    MinhashSettings,
    PipelineSettings,
    QualitySettings,
)

QUESTION = {
    "id": "q1",
    "question": "Which record label originally released the album Marquee Moon?",
    "answer": "Elektra",
    "subject": "Marquee Moon",
    "answer_type": "group",
    "fact_ids": ["m:album.label:marquee-moon"],
}
SPAM = "Buy cheap watches now at deals.example and save 70% off!"
BANNER = "We use cookies to improve your experience. Accept all | Reject all"
SETTINGS = PipelineSettings(part_documents=7, classifier_threshold=0.2)
OFF = PipelineSettings(
    classifier="off",
    clean=QualitySettings(enabled=False),
    exact_duplicates=False,
    near_duplicates=MinhashSettings(enabled=False),
    masking=MaskingSettings(enabled=False),
    decontamination="off",
)


def prose(number):
    """A passage about music, another one for each number."""
    return (
        f"The chamber work number {number} opens with a slow melody for violin, and its sonata "
        f"movement of {number + 200} bars was praised by the conductor of the orchestra. "
        f"In concert {number * 7 + 3} the piano carried the rhythm, the strings kept the tempo, "
        f"and listeners in hall {number * 3 + 1} asked to hear the chorus again."
    )


def off_domain(number):
    """A passage about anything but music, another one for each number."""
    return (
        f"Chop {number + 2} onions and fry them in the butter with a spoon of flour. Add the stock "
        f"to the soup, simmer it for {number + 20} minutes and serve it with bread to your guests. "
        f"The goal came late in the match and the referee booked player {number}."
    )


def build(*parts):
    """A text and its labelled stretches out of strings and (string, kind[, extra]) pieces."""
    text, spans = "", []
    for part in parts:
        piece, *label = (part,) if isinstance(part, str) else part
        if label:
            kind, extra = label[0], label[1] if len(label) > 1 else {}
            span = {"start": len(text), "end": len(text) + len(piece), "kind": kind}
            spans.append(span | extra)
        text += piece
    return text, spans


def document(key, text, spans=(), kind="article", in_domain=True, duplicate_of=None):
    """A row of the corpus with its truth."""
    truth = {
        "in_domain": in_domain,
        "spans": list(spans),
        "duplicate_of": duplicate_of,
        "doc_kind": kind,
        "facts": [],
    }
    metadata = {"source": f"made/{len(key) % 2}", "title": key, "truth": truth}
    return {"text": text, "id": key, "metadata": metadata}


def corpus():
    """Good documents, and each flaw that a stage is there for."""
    documents = [document(f"good{i}", prose(i)) for i in range(30)]
    documents += [
        document(f"off{i}", off_domain(i), kind="off_domain", in_domain=False) for i in range(6)
    ]
    spam = SPAM.replace("watches", "violin, piano, sonata and orchestra chorus tickets")
    documents.append(document("spam", f"{spam}\n{spam}", kind="spam", in_domain=False))
    documents.append(document("copy", prose(3), duplicate_of="good3"))
    near = prose(4).replace("again", "once more")
    documents.append(document("near", near, duplicate_of="good4"))
    documents.append(document("asks", f"{prose(50)} What label put out Marquee Moon? Elektra."))
    flawed = build(
        (BANNER, "boilerplate"),
        "\n",
        (prose(60).split(". ")[0] + ".", "fact", {"fact": "f"}),
        " ",
        (SPAM, "spam"),
        " It premiered in DvoÅ™Ã¡k",
        "'s city. ",
        ("sid=0123456789abcdef0123456789abcdef", "noise", {"subkind": "tracking"}),
        " Write to ",
        ("anna@example.org", "pii", {"subkind": "email"}),
        " or ring ",
        ("(212) 555-0147", "pii", {"subkind": "phone"}),
        " about the sonata and the violin of the orchestra.",
    )
    documents.append(document("flawed", *flawed))
    return documents


def contents(folder):
    """Every file of a folder by its path, logs aside."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and "logs" not in p.parts
    }
