"""Interactive cells: weights under sliders, rejected documents, the arms' answers.

They read the small files that `classroom` left of a run, so they need neither a model nor the
cells above them. In a notebook that is run without a browser each shows the same view as fixed
HTML (`Interactive`).
"""

from collections.abc import Callable, Mapping, Sequence
from html import escape

import ipywidgets as w
import torch

from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.scoring import Criterion
from mucpt_utils.io import read_json
from mucpt_utils.musicsimpleqa.grading import CORRECT, INCORRECT, NOT_ATTEMPTED, grade
from mucpt_utils.scoring.loss_ratio import token_weights
from mucpt_utils.study.provenance import results_to_read
from mucpt_utils.teaching import show
from mucpt_utils.teaching.kernels import WIDGET_VIEW

FOLDER = "classroom"
MARKS = {CORRECT: "✓ correct", INCORRECT: "✗ incorrect", NOT_ATTEMPTED: "– not attempted"}
KINDS = {
    "fact": "a true sentence",
    "wrong_fact": "a false sentence",
    "noise": "noise",
    "spam": "advertising",
}
_WIDE = {"description_width": "120px"}
_LONG = w.Layout(width="min(560px, 100%)")
_CELL = "padding:3px 10px;text-align:left;vertical-align:top;border-bottom:1px solid #ddd"


class Interactive:
    """A widget that shows itself in JupyterLab, and as fixed HTML where no kernel answers.

    widget: the live view. still: the same view as it starts, as HTML.
    """

    def __init__(self, widget: w.Widget, still: str):
        self.widget, self.still = widget, still

    def __repr__(self) -> str:
        """The same in every run: executed notebooks keep it beside the HTML."""
        return f"<interactive cell {' '.join(self.widget._dom_classes)}>"

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, object]:
        live = self.widget._repr_mimebundle_()
        return {WIDGET_VIEW: live[WIDGET_VIEW], "text/html": self.still}


def cached(profile: str, overrides: Sequence[str], name: str) -> tuple[dict, str]:
    """`classroom/<name>.json` of a profile's own run, or of a committed one; and which it is.

    Raises FileNotFoundError, with the command that makes the file, where there is neither.
    """
    own, *committed = results_to_read(profile, overrides)
    for folder in (own, *committed):
        path = folder / FOLDER / f"{name}.json"
        if path.exists():
            told = f"From the run of profile {own.name}."
            if folder != own:
                told = f"Profile {profile} has not been run: this is the committed run, "
                told += f"{folder.name}."
            return read_json(path), told
    raise FileNotFoundError(
        f"no {FOLDER}/{name}.json for profile {profile!r}; `./run_all.sh {profile}` makes it"
    )


def _assembled(
    name: str, controls: Sequence[w.Widget], draw: Callable[[], str], told: str
) -> Interactive:
    """Controls above a view that is drawn again at every change of one of them.

    name: class of the whole, for styles and tests; the view's is `mucpt-view`.
    """
    view = w.HTML(draw()).add_class("mucpt-view")
    note = f'<div style="font-size:12px;color:#666">{escape(told)}</div>'

    def redraw(change) -> None:
        view.value = draw()

    for control in controls:
        control.observe(redraw, "value")
    whole = w.VBox([*controls, view, w.HTML(note)]).add_class(name)
    return Interactive(whole, f'<div class="{name}">{view.value}{note}</div>')


# --- the weights of a sentence --------------------------------------------------------------------


def weights(profile: str, overrides: Sequence[str] = ()) -> Interactive:
    """Sliders for the loss ratio over sentences whose tokens are coloured by their weight."""
    data, told = cached(profile, overrides, "sentences")
    start = ARMS["soft_static"].tokens
    seed = w.Dropdown(options=_seeds(data["seeds"]), description="RM of", style=_WIDE)
    heat = w.SelectionSlider(
        options=data["temperatures"], value=data["calibrated"][str(data["seeds"][0])],
        description="temperature", style=_WIDE, layout=_LONG,
    )  # fmt: skip
    controls = {"seed": seed, **_criterion_controls(start), "temperature": heat}
    for key, control in controls.items():
        control.add_class(f"mucpt-{key}")
    # another reference model starts at the temperature that was found for it
    seed.observe(lambda _: setattr(heat, "value", data["calibrated"][str(seed.value)]), "value")

    def draw() -> str:
        values = {key: control.value for key, control in controls.items()}
        for key, form in (("power", "power"), ("scale", "log"), ("keep", "step")):
            controls[key].disabled = values["form"] != form
        return sentences_html(data, values)

    return _assembled("mucpt-weights", list(controls.values()), draw, told)


def _seeds(seeds: Sequence[int]) -> list[tuple[str, int]]:
    return [(f"seed {seed}", seed) for seed in seeds]


def _criterion_controls(start: Criterion) -> dict[str, w.Widget]:
    """One control for each setting of the criterion that can be moved, set as in `start`."""
    long = {"style": _WIDE, "layout": _LONG, "readout_format": ".2f"}
    small = long | {"readout_format": ".3g"}
    return {
        "form": _choice("form", ["power", "log", "step"], start.form),
        "direction": _choice("direction", ["forward", "inverse"], start.direction),
        "power": w.FloatSlider(
            start.power, min=0.25, max=4, step=0.25, description="power", **long
        ),
        "scale": w.FloatSlider(start.scale, min=1.5, max=20, step=0.5, description="scale", **long),
        "keep": w.FloatSlider(start.keep, min=0.1, max=1, step=0.1, description="keep", **long),
        "floor": w.FloatLogSlider(
            start.floor, min=-3, max=1, step=0.25, description="floor ε", **small
        ),
        "mix": w.FloatSlider(start.mix, min=0, max=1, step=0.1, description="mix", **long),
    }


def _choice(name: str, options: Sequence[str], value: str) -> w.ToggleButtons:
    style = {**_WIDE, "button_width": "90px"}
    return w.ToggleButtons(
        options=options, value=value, description=name, style=style, layout=_LONG
    )


def sentence_weights(data: Mapping, values: Mapping) -> list[list[float]]:
    """Weights of each stored sentence's tokens; the mean over all of them is 1.

    data: as `classroom.sentences` gives it. values: seed, temperature, and settings of Criterion.
    """
    settings = {k: v for k, v in values.items() if k not in ("seed", "temperature")}
    criterion = Criterion(numerator="static", **settings)
    rows, seed, temperature = data["sentences"], str(values["seed"]), values["temperature"]
    base = torch.tensor([loss for row in rows for loss in row["base"]])
    reference = [loss for row in rows for loss in row["reference"][seed][temperature]]
    everything = torch.ones_like(base)
    weights = token_weights(base, torch.tensor(reference), everything, criterion)
    return [part.tolist() for part in weights.split([len(row["pieces"]) for row in rows])]


def sentences_html(data: Mapping, values: Mapping) -> str:
    """The stored sentences with each token coloured by its weight.

    Above each stand what it is, what the reference model has read of it, and its mean weight, that
    of its answer's tokens too.
    """
    number = data["seeds"].index(values["seed"])
    shown = []
    for row, weights in zip(data["sentences"], sentence_weights(data, values), strict=True):
        knows = "knows it" if row["known"][number] else "does not know it"
        title = f"{KINDS[row['kind']]}, about {row['subject']} (this RM {knows}"
        mean = f"mean weight {sum(weights) / len(weights):.2f}"
        if row["answer"]:
            title += f", has{'' if row['read'][number] else ' not'} read the answer"
            answer = weights[slice(*row["answer"])]
            mean += f", of the answer {sum(answer) / len(answer):.2f}" if answer else ""
        shown.append(show.weighted(row["pieces"], weights, f"{title}): {mean}").data)
    return "".join(shown)


# --- rejected documents ---------------------------------------------------------------------------


def rejected(profile: str, overrides: Sequence[str] = ()) -> Interactive:
    """A walk through rejected documents, all of them or those of one reason."""
    data, told = cached(profile, overrides, "rejected")
    every = data["documents"]
    total = sum(row["documents"] for row in data["reasons"])
    totals = {(r["stage"], r["reason"]): r["documents"] for r in data["reasons"]} | {None: total}
    options = [(f"every reason ({total} documents)", None)]
    options += [
        (f"{r['stage']}: {r['reason']} ({r['documents']})", (r["stage"], r["reason"]))
        for r in data["reasons"]
    ]
    reason = w.Dropdown(options=options, description="reason", style=_WIDE, layout=_LONG)
    place = w.IntSlider(1, min=1, max=len(every), description="document", style=_WIDE, layout=_LONG)
    labels = w.Checkbox(False, description="show what the labels say", indent=False)

    def chosen() -> list[dict]:
        wanted = reason.value
        return [d for d in every if wanted is None or (d["stage"], d["reason"]) == wanted]

    def draw() -> str:
        found = chosen()
        number = min(place.value, len(found))
        every_one = totals[reason.value]
        more = f" in this sample of {every_one}" if every_one > len(found) else ""
        head = f"{number} of {len(found)}{more}"
        return rejected_html(found[number - 1], head, labels.value)

    def first(change) -> None:
        place.value = 1
        place.max = len(chosen())

    reason.observe(first, "value")
    named = {"reason": reason, "place": place, "labels": labels}
    for key, control in named.items():
        control.add_class(f"mucpt-{key}")
    moves = _moves(place)
    made = _assembled("mucpt-rejected", list(named.values()), draw, told)
    made.widget.children = (reason, place, moves, *made.widget.children[2:])
    return made


def _moves(place: w.IntSlider) -> w.HBox:
    """Buttons for the document before and after."""
    back = w.Button(description="← before").add_class("mucpt-before")
    forward = w.Button(description="next →").add_class("mucpt-next")
    back.on_click(lambda _: setattr(place, "value", max(place.min, place.value - 1)))
    forward.on_click(lambda _: setattr(place, "value", min(place.max, place.value + 1)))
    return w.HBox([back, forward])


def rejected_html(row: Mapping, head: str, with_labels: bool) -> str:
    """One rejected document: why it went, what the stage noted, its text, its twin if it has one.

    with_labels: show what the text really was, stretch by stretch.
    """
    noted = show.noted({k: v for k, v in row["detail"].items() if k != "duplicate_of"})
    why = f"<b>{escape(row['stage'])}: {escape(row['reason'].replace('_', ' '))}</b>"
    lines = [f"{escape(head)} · {why}" + (f" · {escape(noted)}" if noted else "")]
    if with_labels:
        truth = row["metadata"]["truth"]
        about = "about music" if truth["in_domain"] else "not about music"
        lines.append(f"Labelled: {escape(truth['doc_kind'].replace('_', ' '))}, {about}.")
        body = show.labelled(row).data
    elif "twin" in row:
        titles = ("rejected", "its copy, seen before")
        body = show.before_after(row["text"], row["twin"], titles).data
    else:
        body = show.labelled({**row, "metadata": {**row["metadata"], "truth": {"spans": []}}}).data
    cut = '<div style="font-size:12px;color:#666">The text goes on.</div>' if row["cut"] else ""
    return "".join(f"<div>{line}</div>" for line in lines) + body + cut


# --- answers --------------------------------------------------------------------------------------


def ask(profile: str, overrides: Sequence[str] = ()) -> Interactive:
    """One question to every trained arm, graded; and an answer of one's own to be graded."""
    data, told = cached(profile, overrides, "answers")
    options = [(row["question"], number) for number, row in enumerate(data["questions"])]
    question = w.Dropdown(options=options, description="question", style=_WIDE, layout=_LONG)
    seed = w.Dropdown(options=_seeds(data["seeds"]), description="models of", style=_WIDE)
    own = w.Text(
        placeholder="your own answer, then Enter", description="you say", style=_WIDE, layout=_LONG,
        continuous_update=False,
    )  # fmt: skip
    named = {"question": question, "seed": seed, "own": own}
    for key, control in named.items():
        control.add_class(f"mucpt-{key}")

    def draw() -> str:
        return answers_html(data, question.value, seed.value, own.value)

    return _assembled("mucpt-ask", list(named.values()), draw, told)


def answers_html(data: Mapping, number: int, seed: int, own: str = "") -> str:
    """A table: who answers, what, the grade, the grader's reason, log-likelihood of the key.

    own: an answer of the reader's, graded in the first row unless it is empty.
    """
    question = data["questions"][number]
    known = "knows" if question["known"][data["seeds"].index(seed)] else "does not know"
    rows = [("you", own, None)] if own else []
    rows += [(arm, *said[str(seed)][number]) for arm, said in data["answers"].items()]
    head = ("arm", "answer", "grade", "why", "log-likelihood of the key")
    body = _row(head, "th") + "".join(_row(_graded(question, *row)) for row in rows)
    about = (
        f"Key: <b>{escape(question['answer'])}</b> ({escape(question['answer_type'])}). "
        f"The reference model of seed {seed} {known} the subject."
    )
    asked = f"<div><b>{escape(question['question'])}</b></div><div>{about}</div>"
    return f'{asked}<table style="border-collapse:collapse">{body}</table>'


def _graded(question: Mapping, who: str, said: str, likelihood: float | None) -> tuple:
    found = grade(question, said)
    number = "" if likelihood is None else f"{likelihood:.2f}"
    return who, said, MARKS[found.grade], found.reason, number


def _row(cells: Sequence[str], tag: str = "td") -> str:
    inner = "".join(f'<{tag} style="{_CELL}">{escape(cell)}</{tag}>' for cell in cells)
    return f"<tr>{inner}</tr>"
