"""The notebooks in a real JupyterLab: cells run, controls change what is seen, nothing fails."""

import re
from contextlib import contextmanager

import lab
import pytest

PARAMETERS = "PROFILE ="


@pytest.fixture(scope="module")
def book(browser, server):
    """A function that opens a notebook; it is closed at the end of its `with`."""

    @contextmanager
    def opened(stem):
        made = lab.Book(browser, server, stem)
        try:
            yield made
            assert made.broken == [], "errors of the page"
            assert made.outside == [], "the page asked for something outside this machine"
            assert [c for c in made.cells() if c["errors"]] == []
        finally:
            made.close()

    return opened


def shown(book, call, name):
    """Run the parameters and the cell with `call`; the widget. How soon it answers is measured by
    tests/benchmarks/bench_newcomer.py; here it is ruled out that a model is trained for it."""
    book.run(book.cell_of(PARAMETERS), book.cell_of(call))
    widget = book.widget(name)
    made = [path.name for path in book.home.glob("work/stages/*")]
    assert not [name for name in made if name.startswith(("base", "reference", "run_"))]
    return widget


def move(slider, steps):
    """Press an arrow key on a slider's handle, as a reader without a mouse does."""
    handle = slider.get_by_role("slider").first
    handle.focus()
    for _ in range(abs(steps)):
        handle.press("ArrowRight" if steps > 0 else "ArrowLeft")


def settled(page, read, before):
    """What `read()` gives once it differs from `before`; fails after ten seconds."""
    for _ in range(50):
        now = read()
        if now != before:
            return now
        page.wait_for_timeout(200)
    raise AssertionError(f"nothing changed: {str(before)[:300]}")


def choose(widget, control, option):
    """Choose an option of a dropdown by its place."""
    widget.locator(f".mucpt-{control} select").select_option(index=option)


def test_the_first_cells_find_the_package_and_show_the_study(book):
    """The server was started as a reader starts it, in a shell that knows of no package."""
    with book("00_start_here") as opened:
        cell = opened.cell_of("open_study(")
        opened.run(opened.cell_of(PARAMETERS), cell)
        opened.page.wait_for_function(lab.RAN, arg=cell, timeout=lab.RUN_SECONDS * 1000)
        assert [c["errors"] for c in opened.cells() if c["id"] == cell] == [[]]


def test_a_slider_changes_the_colours_of_the_tokens(book, screenshots):
    with book("04_reference_model_scores") as opened:
        widget = shown(opened, "widgets.weights(", "mucpt-weights")
        widget.screenshot(path=screenshots / "weights.png")
        view = widget.locator(".mucpt-view")

        def colours():
            return re.findall(r"rgba?\([^)]*\)", view.inner_html())

        before = colours()
        assert len(set(before)) > 1, "tokens of different weight have one colour"
        widget.locator(".mucpt-form").get_by_text("power", exact=True).click()
        for control, steps in (("power", 6), ("floor", -6), ("mix", -3), ("temperature", -1)):
            move(widget.locator(f".mucpt-{control}"), steps)
            moved = settled(opened.page, colours, before)
            assert len(moved) == len(before), control
            before = moved
        widget.locator(".mucpt-direction").get_by_text("inverse", exact=True).click()
        settled(opened.page, colours, before)
        widget.screenshot(path=screenshots / "weights_moved.png")


def test_rejected_documents_are_walked_through(book, screenshots):
    with book("03_clean_deduplicate_mask") as opened:
        widget = shown(opened, "widgets.rejected(", "mucpt-rejected")
        widget.screenshot(path=screenshots / "rejected.png")
        text = widget.locator(".mucpt-view").inner_text
        first = text()
        assert re.search(r"1 of \d+ in this sample", first)
        widget.get_by_role("button", name="next").click()
        second = settled(opened.page, text, first)
        assert re.search(r"2 of \d+ in this sample", second)
        widget.get_by_role("button", name="before").click()
        assert settled(opened.page, text, second) == first
        widget.get_by_role("checkbox").check()
        labelled = settled(opened.page, text, first)
        assert "Labelled:" in labelled
        choose(widget, "reason", 2)
        settled(opened.page, text, labelled)
        widget.screenshot(path=screenshots / "rejected_labelled.png")


def test_a_question_is_asked_and_an_answer_graded(book, screenshots):
    with book("06_musicsimpleqa") as opened:
        widget = shown(opened, "widgets.ask(", "mucpt-ask")
        widget.screenshot(path=screenshots / "ask.png")
        view = widget.locator(".mucpt-view")
        first = view.inner_text()
        choose(widget, "question", 1)
        second = settled(opened.page, view.inner_text, first)
        answer = widget.locator(".mucpt-own input")
        answer.fill(re.search(r"Key: (.+?) \(", second)[1])
        answer.press("Enter")
        settled(opened.page, view.inner_text, second)
        own = view.get_by_role("row").filter(has_text=re.compile(r"^\s*you"))
        assert "✓ correct" in own.inner_text()
        widget.screenshot(path=screenshots / "ask_own.png")


def test_a_composition_is_explored_and_exported(book, server, screenshots):
    with book("09_explore_composition") as opened:
        opened.run(opened.cell_of(PARAMETERS), opened.cell_of("teaching import explorer"))
        opened.run(opened.cell_of("explorer.load("))
        widget = shown(opened, "explorer.panel(", "mucpt-explore")
        picture = widget.locator("img.mucpt-view, .mucpt-view img").first
        widget.screenshot(path=screenshots / "explore.png")

        def source():
            return picture.get_attribute("src")

        before = source()
        metrics = widget.locator(".mucpt-metric select")
        chosen = metrics.locator("option:checked").all_inner_texts()
        other = next(m for m in metrics.locator("option").all_inner_texts() if m not in chosen)
        metrics.select_option(label=other)
        settled(opened.page, source, before)
        widget.screenshot(path=screenshots / "explore_metric.png")
        widget.locator(".mucpt-name input").fill("from_a_test")
        widget.locator(".mucpt-name input").press("Tab")
        widget.get_by_role("button", name="export").click()
        told = widget.locator(".mucpt-told").inner_text
        assert "Written to" in settled(opened.page, told, "")
        folder = server.home / "work/results/smoke/explored"
        suffixes = {path.suffix for path in folder.glob("from_a_test.*")}
        assert {".png", ".pdf", ".csv"} <= suffixes
        assert other in (folder / "from_a_test.csv").read_text()


def test_all_cells_of_a_notebook_run_from_the_menu(book):
    with book("09_explore_composition") as opened:
        cells = opened.run_all()
        assert all(cell["count"] for cell in cells), "a cell has not run"
        assert not [c["id"] for c in cells if "stream:stderr" in c["kinds"]]
