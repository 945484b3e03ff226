"""Documents, tokens and curves as notebooks show them: labels, weights and edits in colour.

Everything shown in colour says the same in letters or numbers, for print and for colour-blind
readers. Text comes out escaped; nothing in it is executed.
"""

from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from html import escape
from re import findall

import numpy as np
import pandas as pd
import torch
from IPython.display import HTML

from mucpt_utils.config.scoring import Criterion
from mucpt_utils.report.figures import reliability as reliability  # show.reliability
from mucpt_utils.scoring.loss_ratio import denominator, loss_ratio, shape, token_weights

KIND_COLOURS = {
    "fact": "#cfe3f5",
    "wrong_fact": "#f7c9b6",
    "boilerplate": "#e0e0e0",
    "spam": "#f5e6a8",
    "noise": "#e3d3ee",
    "pii": "#c9ead9",
    "mojibake": "#f3cfe0",
}
HEAVY, LIGHT = (0, 114, 178), (213, 94, 0)  # weights above and below 1 (Okabe and Ito)
STRONGEST = 3.0  # a weight from which on the colour does not grow
_BOX = (
    "white-space:pre-wrap;overflow-wrap:anywhere;font-family:sans-serif;font-size:14px;line-height:1.9;color:#111;"
    "background:#fff;border:1px solid #ccc;border-radius:4px;padding:8px 12px;margin:4px 0"
)
_MARK = "color:#111;border-radius:3px;padding:1px 2px;background:"


def labelled(document: Mapping) -> HTML:
    """A rendered document with every labelled stretch in its colour and with its kind behind it.

    Of stretches that overlap, the inner one is shown where it stands.
    """
    text, spans = document["text"], document["metadata"]["truth"]["spans"]
    owner = np.full(len(text), -1)
    for number in sorted(range(len(spans)), key=lambda n: spans[n]["start"] - spans[n]["end"]):
        owner[spans[number]["start"] : spans[number]["end"]] = number
    edges = [0, *(np.flatnonzero(np.diff(owner)) + 1).tolist(), len(text)]
    pieces = []
    for start, stop in zip(edges[:-1], edges[1:], strict=True):
        piece = escape(text[start:stop])
        if stop > start and owner[start] >= 0:
            kind = spans[owner[start]]["kind"]
            last = stop == spans[owner[start]]["end"]
            piece = _marked(piece, KIND_COLOURS.get(kind, "#eee")) + (_small(kind) if last else "")
        pieces.append(piece)
    return _boxed("".join(pieces), _title(document))


def _title(document: Mapping) -> str:
    metadata = document["metadata"]
    return f"{metadata['source']}: {metadata.get('title') or document['id']}"


def _small(text: str) -> str:
    return f'<sup style="color:#555;font-size:10px"> {escape(text.replace("_", " "))}</sup>'


def _marked(escaped: str, colour: str, tag: str = "span") -> str:
    return f'<{tag} style="{_MARK}{colour};text-decoration-color:#555">{escaped}</{tag}>'


def _boxed(body: str, title: str = "") -> HTML:
    head = f'<div style="font-size:12px;color:#666">{escape(title)}</div>' if title else ""
    return HTML(f'{head}<div style="{_BOX}">{body}</div>')


def before_after(
    before: str, after: str, titles: tuple[str, str] = ("before", "after"), longest: int = 900
) -> HTML:
    """Two texts side by side: what is missing on the right is struck out on the left.

    longest: characters of each text shown; the comparison is of what is shown.
    """
    old, new = (findall(r"\s+|\w+|[^\w\s]", _cut(text, longest)) for text in (before, after))
    left, right = [], []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = escape("".join(old[a:b])), escape("".join(new[c:d]))
        equal = tag == "equal"
        left.append(gone if equal or not gone else _marked(gone, "#f7c9b6", "del"))
        right.append(come if equal or not come else _marked(come, "#cfe3f5", "ins"))
    cells = "".join(
        f'<div style="flex:1 1 320px;min-width:0">{_boxed("".join(body), title).data}</div>'
        for body, title in ((left, titles[0]), (right, titles[1]))
    )
    return HTML(f'<div style="display:flex;flex-wrap:wrap;gap:8px">{cells}</div>')


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[:longest].rsplit(" ", 1)[0] + " …"


def weighted(pieces: Sequence[str], weights: Iterable[float], title: str = "") -> HTML:
    """Tokens coloured by their weight, which also stands above each: blue above 1, orange below.

    pieces: the tokens' text; weights: one each. Raises ValueError where they do not pair.
    """
    body = "".join(_weighed(p, float(w)) for p, w in zip(pieces, weights, strict=True))
    return _boxed(body, title)


def _weighed(piece: str, weight: float) -> str:
    strength = min(abs(weight - 1) / (STRONGEST - 1 if weight > 1 else 1), 1.0)
    red, green, blue = HEAVY if weight > 1 else LIGHT
    colour = f"rgba({red},{green},{blue},{0.55 * strength:.2f})"
    above = f'<rt style="font-size:9px;color:#444">{weight:.1f}</rt>'
    shown = piece.replace("\t", "⇥").replace("\n", "⏎")
    return f'<ruby style="margin:0 2px">{_marked(escape(shown), colour)}{above}</ruby>'


def samples(rows: Sequence[Mapping], longest: int = 160) -> pd.DataFrame:
    """Rejected documents for reading: stage, reason, what the stage noted, the text's beginning."""
    return pd.DataFrame(
        {
            "stage": [row["stage"] for row in rows],
            "reason": [row["reason"] for row in rows],
            "noted": [noted(row.get("detail") or {}) for row in rows],
            "text": [_cut(" ".join(row["text"].split()), longest) for row in rows],
        }
    )


def noted(detail: Mapping) -> str:
    """What a stage noted about a document, in one line."""
    told = {k: " ".join(v) if isinstance(v, list) else v for k, v in detail.items()}
    return ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in told.items())


def words(frame: pd.DataFrame) -> HTML:
    """A table of words for reading: aligned at the left, nothing cut, without row numbers."""
    with pd.option_context("display.max_colwidth", None):
        page = frame.to_html(index=False, border=0)
    left = ' style="text-align:left;vertical-align:top"'
    return HTML(page.replace("<td>", f"<td{left}>").replace("<th>", f"<th{left}>"))


def steps(
    numerator: torch.Tensor,
    reference: torch.Tensor,
    criterion: Criterion,
    entropies: torch.Tensor | None = None,
) -> pd.DataFrame:
    """Every step from two losses to a weight, one row a token, through the study's own functions.

    numerator, reference: losses of the same tokens in nats, one dimension; entropies: the reference
    model's, where the criterion needs them. The columns are L_a, L_rm (or what stands for it), rho,
    f (clipped) and w (mean 1, mixed with uniform).
    """
    everything = numerator.new_ones(numerator.shape)
    divided_by = denominator(reference, entropies, criterion)
    ratio = loss_ratio(numerator, divided_by, criterion)
    clipped = shape(ratio, everything, criterion)
    weights = token_weights(numerator, reference, everything, criterion, entropies)
    below = "L_rm" if criterion.denominator == "loss" else criterion.denominator
    columns = {
        "L_a": numerator,
        below: divided_by,
        "rho": ratio,
        "f(rho), clipped": clipped,
        "w": weights,
    }
    return pd.DataFrame({name: values.tolist() for name, values in columns.items()})
