"""Interactive cells: weights under sliders, rejected documents, the arms' answers.

They read the small files that `classroom` keeps of a run, so they need neither a model nor the
cells above them. In a notebook that is run without a browser each shows the same view as fixed
HTML (`Interactive`).
"""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import ipywidgets as w
import torch

from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.scoring import Criterion
from mucpt_utils.io import read_json
from mucpt_utils.musicsimpleqa.grading import CORRECT, INCORRECT, NOT_ATTEMPTED, grade
from mucpt_utils.report.plain import value_title
from mucpt_utils.report.stage_words import told
from mucpt_utils.scoring.loss_ratio import token_weights
from mucpt_utils.teaching import show
from mucpt_utils.teaching.kernels import WIDGET_VIEW
from mucpt_utils.teaching.profiles import folders_to_read, origin

FOLDER = "classroom"
START = "soft_static"  # the arm with whose settings the sliders start
MOVED = ("form", "direction", "power", "scale", "keep", "floor", "mix")  # settings with a slider
OWN_ANSWERS = 5  # most of the reader's own answers to one question, side by side
MARKS = {CORRECT: "✓ correct", INCORRECT: "✗ incorrect", NOT_ATTEMPTED: "– not attempted"}
NARROW: dict[str, Any] = {"style": {"description_width": "120px"}}
LONG: dict[str, Any] = {**NARROW, "layout": w.Layout(width="min(560px, 100%)")}
SMALL_PRINT = "font-size:12px;color:#666"
CELL = "padding:3px 10px;text-align:left;vertical-align:top;border-bottom:1px solid #ddd"


class Interactive:
    """A widget that shows itself in JupyterLab, and as fixed HTML where no kernel answers.

    widget: the live view. still: its initial state as HTML.
    """

    def __init__(self, widget: w.Widget, still: str):
        self.widget, self.still = widget, still

    def __repr__(self) -> str:
        """The same in every run, since executed notebooks keep it beside the HTML."""
        return f"<interactive cell {' '.join(self.widget._dom_classes)}>"

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, object]:
        live = self.widget._repr_mimebundle_()
        return {WIDGET_VIEW: live[WIDGET_VIEW], "text/html": self.still}


def cached(profile: str, overrides: Sequence[str], name: str) -> tuple[dict, str]:
    """`classroom/<name>.json` of a profile's own run, or of a committed one; and its origin.

    Raises FileNotFoundError, with the command that makes the file, if there is neither.
    """
    for folder in folders_to_read(profile, overrides):
        path = folder / FOLDER / f"{name}.json"
        if path.exists():
            return read_json(path), origin(profile, folder)
    raise FileNotFoundError(
        f"no {FOLDER}/{name}.json for profile {profile!r}; `./run_all.sh {profile}` makes it"
    )


def assembled(
    name: str,
    controls: Mapping[str, w.Widget],
    draw: Callable[[], str],
    origin: str,
    buttons: Sequence[w.Widget] = (),
) -> Interactive:
    """Controls and buttons above a view that is redrawn at every change of a control.

    name: class of the whole, for styles and tests; that of a control is `mucpt-<its key>`, the
    view's is `mucpt-view`. origin: of the data shown, for the line below.
    """
    view = w.HTML(draw()).add_class("mucpt-view")
    note = f'<div style="{SMALL_PRINT}">{escape(origin)}</div>'
    for key, control in controls.items():
        control.add_class(f"mucpt-{key}")
        control.observe(lambda change: setattr(view, "value", draw()), "value")
    rows = [*controls.values(), w.HBox(list(buttons))] if buttons else [*controls.values()]
    whole = w.VBox([*rows, view, w.HTML(note)]).add_class(name)
    return Interactive(whole, f'<div class="{name}">{view.value}{note}</div>')


def seed_list(seeds: Sequence[int], description: str) -> w.Dropdown:
    """A list of seeds to choose one from."""
    options = [(f"seed {seed}", seed) for seed in seeds]
    return w.Dropdown(options=options, description=description, **NARROW)


# --- the weights of a sentence --------------------------------------------------------------------


def weights(profile: str, overrides: Sequence[str] = ()) -> Interactive:
    """Sliders for the loss ratio over sentences whose tokens are coloured by their weight."""
    data, origin = cached(profile, overrides, "sentences")
    start = ARMS[START].tokens
    if start is None:
        raise ValueError(f"the sliders start as the arm {START}, which weighs no tokens")
    seed = seed_list(data["seeds"], "RM of")
    seed.value = data.get("start", data["seeds"][0])
    temperature = w.SelectionSlider(
        options=data["temperatures"],
        value=data["calibrated"][str(seed.value)],
        description="temperature",
        **LONG,
    )
    controls = {"seed": seed, **criterion_controls(start), "temperature": temperature}

    def calibrated(change: object) -> None:
        """Start another reference model at its calibrated temperature."""
        temperature.value = data["calibrated"][str(seed.value)]

    def draw() -> str:
        values = {key: control.value for key, control in controls.items()}
        for key, form in (("power", "power"), ("scale", "log"), ("keep", "step")):
            controls[key].disabled = values["form"] != form
        return sentences_html(data, values)

    seed.observe(calibrated, "value")
    return assembled("mucpt-weights", controls, draw, origin)


def criterion_controls(start: Criterion) -> dict[str, w.Widget]:
    """One control for each setting of the criterion that can be changed, set as in `start`."""
    ranges = {"power": (0.25, 4, 0.25), "scale": (1.5, 20, 0.5), "keep": (0.1, 1, 0.1)}
    ranges["mix"] = (0, 1, 0.1)
    controls: dict[str, w.Widget] = {}
    for name, options in {
        "form": ("power", "log", "step"),
        "direction": ("forward", "inverse"),
    }.items():
        controls[name] = w.ToggleButtons(
            options=options, value=getattr(start, name), description=name, **LONG
        )
        controls[name].style.button_width = "90px"
    for name, (least, most, step) in ranges.items():
        controls[name] = w.FloatSlider(
            value=getattr(start, name), min=least, max=most, step=step, description=name, **LONG
        )
    controls["floor"] = w.FloatLogSlider(
        value=start.floor, min=-3, max=1, step=0.25, description="floor ε", **LONG
    )
    controls["floor"].readout_format = ".3g"
    return {name: controls[name] for name in MOVED}


def sentence_weights(data: Mapping, values: Mapping) -> list[list[float]]:
    """Weights of each stored sentence's tokens; the mean over all of them is 1.

    data: as `sentences.sentences` gives it. values: seed, temperature, and settings of Criterion.
    """
    settings = {k: v for k, v in values.items() if k not in ("seed", "temperature")}
    criterion = Criterion(numerator="static", **settings)
    rows, seed, temperature = data["sentences"], values["seed"], values["temperature"]
    base = torch.tensor([loss for row in rows for loss in row["base"]])
    kept = [row["reference"].get(seed) or row["reference"][str(seed)] for row in rows]
    reference = [loss for by_temperature in kept for loss in by_temperature[temperature]]
    everything = torch.ones_like(base)
    weights = token_weights(base, torch.tensor(reference), everything, criterion)
    return [part.tolist() for part in weights.split([len(row["pieces"]) for row in rows])]


def answer_mean(row: Mapping, weights: Sequence[float]) -> float:
    """The mean weight of a sentence's answer, or of all its tokens if it has none."""
    part = weights[slice(*row["answer"])] if row["answer"] else []
    part = part or weights
    return sum(part) / len(part)


def sentences_html(data: Mapping, values: Mapping) -> str:
    """The stored sentences with each token coloured by its weight.

    At the top, whether the true answer of the pair weighs more than the false one. Above each
    sentence are what it is, what the reference model has read about it, its mean weight and that of
    its answer's tokens.
    """
    number = data["seeds"].index(values["seed"])
    rows, weights = data["sentences"], sentence_weights(data, values)
    shown = [told_apart(rows, weights)]
    for row, each in zip(rows, weights, strict=True):
        knows = "knows it" if row["known"][number] else "does not know it"
        title = f"{value_title('kind', row['kind'])}, about {row['subject']} (this RM {knows}"
        mean = f"mean weight {sum(each) / len(each):.2f}"
        if row["answer"]:
            title += f", has{'' if row['read'][number] else ' not'} read the answer"
            mean += f", of the answer {answer_mean(row, each):.2f}"
        shown.append(show.weighted_html(row["pieces"], each, f"{title}): {mean}"))
    return "".join(shown)


def told_apart(rows: Sequence[Mapping], weights: Sequence[Sequence[float]]) -> str:
    """Which answer of the pair of one template weighs more; nothing without a pair."""
    answers = {
        row["part"]: answer_mean(row, each)
        for row, each in zip(rows, weights, strict=True)
        if "part" in row
    }
    if not answers:
        return ""
    true, false = answers["true"], answers["false"]
    word = "tells the two apart" if true > false else "does <b>not</b> tell the two apart"
    return (
        f"<div>Tokens of the answer, in two sentences of one template: true {true:.2f}, "
        f"false {false:.2f}. This RM {word}.</div>"
    )


# --- rejected documents ---------------------------------------------------------------------------


def rejected(profile: str, overrides: Sequence[str] = ()) -> Interactive:
    """A walk through rejected documents, all of them or those of one reason."""
    data, origin = cached(profile, overrides, "rejected")
    every = data["documents"]
    totals: dict[tuple[str, str] | None, int] = {
        (row["stage"], row["reason"]): row["documents"] for row in data["reasons"]
    }
    names = {key: f"{told(*key)} ({count})" for key, count in totals.items() if key}
    totals[None] = sum(totals.values())
    options: list[tuple[str, tuple[str, str] | None]]
    options = [(f"every reason ({totals[None]} documents)", None)]
    options += [(name, key) for key, name in names.items()]
    reason = w.Dropdown(options=options, description="reason", **LONG)
    position = w.IntSlider(1, min=1, max=len(every), description="document", **LONG)
    labels = w.Checkbox(False, description="show what the labels say", indent=False)

    def chosen() -> list[dict]:
        wanted = reason.value
        return [d for d in every if wanted is None or (d["stage"], d["reason"]) == wanted]

    def draw() -> str:
        sample, total = chosen(), totals[reason.value]
        number = min(position.value, len(sample))
        more = f" in this sample of {total}" if total > len(sample) else ""
        head = f"{number} of {len(sample)}{more}"
        return rejected_html(sample[number - 1], head, labels.value)

    def to_the_first(change: object) -> None:
        position.value, position.max = 1, len(chosen())

    reason.observe(to_the_first, "value")
    back = w.Button(description="← before").add_class("mucpt-before")
    back.on_click(lambda _: setattr(position, "value", max(1, position.value - 1)))
    forward = w.Button(description="next →").add_class("mucpt-next")
    forward.on_click(lambda _: setattr(position, "value", min(position.max, position.value + 1)))
    controls = {"reason": reason, "place": position, "labels": labels}
    return assembled("mucpt-rejected", controls, draw, origin, [back, forward])


def rejected_html(row: Mapping, head: str, with_labels: bool) -> str:
    """One rejected document: why it was rejected, the stage's note, its text, its twin if any.

    with_labels: show what the text really was, stretch by stretch.
    """
    noted = show.noted({k: v for k, v in row["detail"].items() if not k.startswith("duplicate_")})
    why = f"<b>{escape(told(row['stage'], row['reason']))}</b>"
    lines = [f"{escape(head)} · {why}" + (f" · {escape(noted)}" if noted else "")]
    if with_labels:
        truth = row["metadata"]["truth"]
        about = "about music" if truth["in_domain"] else "not about music"
        kind = value_title("kind", truth["doc_kind"])
        lines.append(f"Labelled: {escape(kind)}{'' if about in kind else f', {about}'}.")
        body = show.labelled(row).data
    elif "twin" in row:
        titles = ("rejected", "its copy, seen before")
        body = show.before_after(row["text"], row["twin"], titles).data
    else:
        body = show.labelled({**row, "metadata": {**row["metadata"], "truth": {"spans": []}}}).data
    cut = f'<div style="{SMALL_PRINT}">The text goes on.</div>' if row["cut"] else ""
    return "".join(f"<div>{line}</div>" for line in lines) + body + cut


# --- answers --------------------------------------------------------------------------------------


def ask(profile: str, overrides: Sequence[str] = ()) -> Interactive:
    """Every trained arm's graded answer to a question, and the reader's own answers, graded too."""
    data, origin = cached(profile, overrides, "answers")
    options = [(row["question"], number) for number, row in enumerate(data["questions"])]
    question = w.Dropdown(options=options, description="question", **LONG)
    seed = seed_list(data["seeds"], "models of")
    own = w.Text(placeholder="your own answer, then Enter", description="you say", **LONG)
    own.continuous_update = False
    tried: list[str] = []  # the reader's answers to this question, the latest first

    def draw() -> str:
        if own.value.strip() and own.value not in tried:
            tried.insert(0, own.value)
        return answers_html(data, question.value, seed.value, tried[:OWN_ANSWERS])

    def begin_anew(change: object) -> None:
        tried.clear()
        own.value = ""

    question.observe(begin_anew, "value")
    controls = {"question": question, "seed": seed, "own": own}
    return assembled("mucpt-ask", controls, draw, origin)


def answers_html(data: Mapping, number: int, seed: int, own: Sequence[str] = ()) -> str:
    """A table: who answers, what, the grade, the grader's reason, log-likelihood of the key.

    own: the reader's answers, graded in the first rows.
    """
    question = data["questions"][number]
    knows = "knows" if question["known"][data["seeds"].index(seed)] else "does not know"
    said: list[tuple] = [("you", answer, None) for answer in own]
    said += [(arm, *by_seed[str(seed)][number]) for arm, by_seed in data["answers"].items()]
    lines = [("th", ("arm", "answer", "grade", "why", "log-likelihood of the key"))]
    for who, answer, likelihood in said:
        graded = grade(question, answer)
        shown = "" if likelihood is None else f"{likelihood:.2f}"
        lines.append(("td", (who, answer, MARKS[graded.grade], graded.reason, shown)))
    rows = [
        "".join(f'<{tag} style="{CELL}">{escape(cell)}</{tag}>' for cell in cells)
        for tag, cells in lines
    ]
    table = "".join(f"<tr>{row}</tr>" for row in rows)
    about = (
        f"Key: <b>{escape(question['answer'])}</b> ({escape(question['answer_type'])}). "
        f"The reference model of seed {seed} {knows} the subject."
    )
    asked = f"<div><b>{escape(question['question'])}</b></div><div>{about}</div>"
    told = show.in_words({arm: value_title("arm", arm) for arm in data["answers"]})
    return f'{asked}<table style="border-collapse:collapse">{table}</table>{told}'
