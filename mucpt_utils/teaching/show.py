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
from IPython.display import HTML, Image

from mucpt_utils.config.scoring import Criterion
from mucpt_utils.report.figures import Drawn, screen_png
from mucpt_utils.report.figures import reliability as reliability  # show.reliability
from mucpt_utils.report.plain import names_told, value_title
from mucpt_utils.scoring.loss_ratio import denominator, loss_ratio, shape, token_weights
from mucpt_utils.teaching import token_picture

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
MOST_NAMES = 6  # whose words stand below a table without being folded
SMALL_PRINT = "font-size:12px;opacity:0.8;margin:2px 0 8px"
STRONGEST = 3.0  # weight from which the colour gets no stronger
BOX = (
    "white-space:pre-wrap;overflow-wrap:anywhere;font-family:sans-serif;font-size:14px;line-height:1.9;color:#111;"
    "background:#fff;border:1px solid #ccc;border-radius:4px;padding:8px 12px;margin:4px 0"
)
MARK = "color:#111;border-radius:3px;padding:1px 2px;background:"


def boxed(body: str, title: str = "") -> HTML:
    """Escaped text in a frame, with a title above it."""
    head = f'<div style="font-size:12px;color:#666">{escape(title)}</div>' if title else ""
    return HTML(f'{head}<div style="{BOX}">{body}</div>')


def marked(text: str, colour: str, tag: str = "span") -> str:
    """Text on a coloured background; it is escaped here."""
    return f'<{tag} style="{MARK}{colour};text-decoration-color:#555">{escape(text)}</{tag}>'


def labelled(document: Mapping) -> HTML:
    """A rendered document with every labelled stretch in its colour, followed by its kind.

    Where stretches overlap, the inner one is shown.
    """
    text, metadata = document["text"], document["metadata"]
    spans = metadata["truth"]["spans"]
    # 1. the number of the stretch that each character belongs to, -1 for none; long ones first
    owner = np.full(len(text), -1)
    for number in sorted(range(len(spans)), key=lambda n: spans[n]["start"] - spans[n]["end"]):
        owner[spans[number]["start"] : spans[number]["end"]] = number
    # 2. pieces with one owner; the last piece of each stretch is followed by its kind
    edges = [0, *(np.flatnonzero(np.diff(owner)) + 1).tolist(), len(text)]
    pieces = []
    for start, stop in zip(edges[:-1], edges[1:], strict=True):
        if stop == start or owner[start] < 0:
            pieces.append(escape(text[start:stop]))
            continue
        span = spans[owner[start]]
        pieces.append(marked(text[start:stop], KIND_COLOURS.get(span["kind"], "#eee")))
        if stop == span["end"]:
            kind = escape(value_title("kind", span["kind"]))
            pieces.append(f'<sup style="color:#555;font-size:10px"> {kind}</sup>')
    source = value_title("source", metadata["source"])
    title = f"{source}: {metadata.get('title') or document['id']}"
    return boxed("".join(pieces), title)


def before_after(
    before: str, after: str, titles: tuple[str, str] = ("before", "after"), longest: int = 900
) -> HTML:
    """Two texts side by side: what is missing on the right is struck out on the left.

    longest: characters of each text that are shown and compared.
    """
    old, new = (findall(r"\s+|\w+|[^\w\s]", shortened(text, longest)) for text in (before, after))
    left, right = [], []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = "".join(old[a:b]), "".join(new[c:d])
        equal = tag == "equal"
        left.append(escape(gone) if equal or not gone else marked(gone, "#f7c9b6", "del"))
        right.append(escape(come) if equal or not come else marked(come, "#cfe3f5", "ins"))
    cells = "".join(
        f'<div style="flex:1 1 320px;min-width:0">{boxed("".join(body), title).data}</div>'
        for body, title in ((left, titles[0]), (right, titles[1]))
    )
    return HTML(f'<div style="display:flex;flex-wrap:wrap;gap:8px">{cells}</div>')


def shortened(text: str, longest: int) -> str:
    """A text of at most `longest` characters, cut at a word."""
    return text if len(text) <= longest else text[:longest].rsplit(" ", 1)[0] + " …"


def weighted(pieces: Sequence[str], weights: Iterable[float], title: str = "") -> "Weighted":
    """Tokens coloured by their weight, which is also written at each: blue above 1, orange below.

    pieces: the tokens' text; weights: one each. Raises ValueError if their numbers differ.
    """
    return Weighted(pieces, list(map(float, weights)), title)


class Weighted:
    """Tokens with their weights: a picture, which every viewer shows, and a line of words.

    GitHub and an untrusted notebook drop the styles of HTML, and with them the colours.
    """

    def __init__(self, pieces: Sequence[str], weights: Sequence[float], title: str = ""):
        if len(pieces) != len(weights):
            raise ValueError(f"{len(pieces)} tokens but {len(weights)} weights")
        self.pieces, self.weights, self.title = pieces, weights, title

    def __repr__(self) -> str:
        pairs = zip(self.pieces, self.weights, strict=True)
        return f"{self.title}: " + " ".join(f"{visible(p).strip()} {w:.1f}" for p, w in pairs)

    def _repr_png_(self) -> bytes:
        return token_picture.drawn(
            [visible(piece) for piece in self.pieces],
            [weight_colour(weight) for weight in self.weights],
            [f"{weight:.1f}" for weight in self.weights],
            self.title,
        )


def weighted_html(pieces: Sequence[str], weights: Iterable[float], title: str = "") -> str:
    """The same as HTML, for live views: each token is followed by its weight as a subscript.

    It can be read without any style: `song` with a small 1.2 after it.
    """
    tokens = []
    for piece, weight in zip(pieces, map(float, weights), strict=True):
        red, green, blue, strength = weight_colour(weight)
        token = marked(visible(piece), f"rgba({red},{green},{blue},{strength:.2f})")
        tokens.append(f'{token}<sub style="font-size:11px;color:inherit"> {weight:.1f}</sub> ')
    return boxed("".join(tokens), title).data


def weight_colour(weight: float) -> tuple[int, int, int, float]:
    """Red, green, blue (0 to 255) and opacity of a weight's background."""
    strength = min(abs(weight - 1) / (STRONGEST - 1 if weight > 1 else 1), 1.0)
    return (*(HEAVY if weight > 1 else LIGHT), 0.55 * strength)


def visible(piece: str) -> str:
    """A token's text with visible tabs and line breaks."""
    return piece.replace("\t", "⇥").replace("\n", "⏎")


def samples(rows: Sequence[Mapping], longest: int = 160) -> pd.DataFrame:
    """Rejected documents for reading: stage, reason, what the stage noted, the text's beginning."""
    return pd.DataFrame(
        {
            "stage": [row["stage"] for row in rows],
            "reason": [row["reason"] for row in rows],
            "noted": [noted(row.get("detail") or {}) for row in rows],
            "text": [shortened(" ".join(row["text"].split()), longest) for row in rows],
        }
    )


def noted(detail: Mapping) -> str:
    """What a stage noted about a document, in one line."""
    shown = {k: " ".join(v) if isinstance(v, list) else v for k, v in detail.items()}
    return ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in shown.items())


def picture(drawn: Drawn) -> Image:
    """A figure at screen size, which is not saved."""
    return Image(screen_png(drawn[0]))


def words(frame: pd.DataFrame) -> HTML:
    """A table of words for reading: aligned at the left, nothing cut, without row numbers."""
    with pd.option_context("display.max_colwidth", None):
        page = frame.to_html(index=False, border=0)
    left = ' style="text-align:left;vertical-align:top"'
    page = page.replace("<td>", f"<td{left}>").replace("<th>", f"<th{left}>")
    return HTML(page + in_words(names_told(frame.reset_index(drop=True))))


def with_words(frame: pd.DataFrame) -> str | None:
    """A table as pandas shows it, and below it the plain words of the code names in it.

    None where pandas is set to show no HTML.
    """
    page = frame._repr_html_()
    if page is None:
        return None
    hidden = len(frame) > (pd.get_option("display.max_rows") or len(frame))
    rows = (pd.get_option("display.min_rows") or len(frame)) // 2
    seen = pd.concat([frame.head(rows), frame.tail(rows)]) if hidden else frame
    return page + in_words(names_told(seen))


def in_words(told: Mapping[str, str]) -> str:
    """Code names and their plain words as the small print below a table; many are folded."""
    if not told:
        return ""
    body = "; ".join(f"<code>{escape(n)}</code>: {escape(words)}" for n, words in told.items())
    if len(told) <= MOST_NAMES:
        return f'<div style="{SMALL_PRINT}"><i>In words:</i> {body}</div>'
    head = f"<summary><i>In words</i> ({len(told)} names)</summary>"
    return f'<details style="{SMALL_PRINT}">{head}{body}</details>'


def steps(
    numerator: torch.Tensor,
    reference: torch.Tensor,
    criterion: Criterion,
    entropies: torch.Tensor | None = None,
) -> pd.DataFrame:
    """Every step from two losses to a weight, one row per token, through the study's own functions.

    numerator, reference: losses of the same tokens in nats, one dimension; entropies: the reference
    model's, if the criterion needs them. The columns are L_a, L_rm (or its substitute), rho,
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
