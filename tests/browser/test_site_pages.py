"""The site opened from disk in a real browser: every control, both themes, two widths, paper."""

import re
from functools import partial

import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from built_site import built

from mucpt_utils import paths
from mucpt_utils.analysis.effects import PAPER_ARM
from mucpt_utils.config.scoring import Criterion
from mucpt_utils.report.measures import deciding
from mucpt_utils.report.profiles import read_finished
from mucpt_utils.scoring.loss_ratio import loss_ratio, token_weights

AT = {"plain": "plain at equal tokens", "plain_compute": "plain at equal compute"}
SIZES = {"desk": (1280, 900), "phone": (390, 900)}
SEVERE = {"serious", "critical"}
SMALLEST = 10.5  # pixels of the smallest letters
PAGES = (
    *("index", "explore", "weights", "dropped", "questions", "profiles", "lessons", "reference"),
    *("tables", "names", "scores", "lessons/04_reference_model_scores", "cards/musicsimpleqa"),
)
DRAWN = ("explore", "weights", "dropped", "questions", "profiles")  # pages that scripts fill
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SMALL_LETTERS = """smallest => Array.from(document.querySelectorAll("body *")).filter(part =>
  Array.from(part.childNodes).some(node => node.nodeType === 3 && node.data.trim())
  && part.checkVisibility() && parseFloat(getComputedStyle(part).fontSize) < smallest
).slice(0, 5).map(part => part.outerHTML.slice(0, 120))"""
# axe reads every cell; rows of one table are alike
THIN_OUT = """() => document.querySelectorAll("tbody").forEach(body =>
  Array.from(body.rows).slice(3).forEach(row => row.remove()))"""


@pytest.fixture
def opened(browser):
    """A function that opens a page of the site; the page notes what goes wrong."""
    contexts = []

    def at(name, size="desk", scheme="light", scripts=True):
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            java_script_enabled=scripts,
        )
        contexts.append(context)
        page = context.new_page()
        page.wrong = []
        page.on("console", lambda message: page.wrong.append(message.text))
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("request", lambda asked: note(page, asked.url))
        path, _, place = name.partition("#")
        page.goto((built() / f"{path}.html").as_uri() + (f"#{place}" if place else ""))
        if scripts and path in DRAWN:
            page.wait_for_selector("body[data-ready=yes]")
        return page

    yield at
    for context in contexts:
        context.close()


def note(page, url):
    """Anything but a file of the site is wrong."""
    if not url.startswith(("data:", built().as_uri())):
        page.wrong.append(f"asked for {url}")


def drawings(page, figure):
    """How often a figure has been drawn, by its script's own count."""
    return int(page.locator(f"#{figure} .plot").get_attribute("data-drawn") or 0)


def change(page, figure, act):
    """Do something that must draw a figure anew; waits until it is there."""
    before = drawings(page, figure)
    act()
    page.wait_for_function(
        "([id, n]) => Number(document.querySelector(`#${id} .plot`).dataset.drawn) > n",
        arg=[figure, before],
    )


# --- every page -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size, scheme", [("desk", "light"), ("phone", "dark")])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_quiet_fits_and_can_be_read_by_all(opened, screenshots, name, size, scheme):
    page = opened(name, size, scheme)
    page.screenshot(path=screenshots / f"site_{name.replace('/', '_')}_{size}.png")
    assert page.wrong == []
    assert page.evaluate(SIDEWAYS) == 0
    assert page.evaluate(SMALL_LETTERS, SMALLEST) == []
    page.evaluate(THIN_OUT)
    found = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:160]) for v in found if v["impact"] in SEVERE] == []


@pytest.mark.parametrize("size", SIZES)
def test_the_first_900_pixels_hold_question_answer_and_figure(opened, size):
    page = opened("index", size)
    for part in ("h1", ".short", ".told", ".opening figure svg:visible"):
        box = page.locator(part).first.bounding_box()
        assert box and box["y"] >= 0 and box["y"] + box["height"] <= 900, part


def test_the_first_page_needs_no_script(opened):
    page = opened("index", scripts=False)
    assert page.locator(".opening figure svg:visible").count() == 1
    assert page.locator("h1").is_visible() and page.locator("#pages a").first.is_visible()


@pytest.mark.parametrize("name", ["index", "weights", "questions"])
def test_paper_is_white_and_cuts_nothing_off(opened, screenshots, name):
    page = opened(name, "desk", "dark")
    page.set_viewport_size({"width": 688, "height": 1000})
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(SIDEWAYS) == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    printed = page.pdf(path=screenshots / f"site_{name}.pdf", format="A4")
    assert printed.startswith(b"%PDF")


def test_light_and_dark_can_be_chosen(opened):
    page = opened("index", scheme="light")
    shade = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(shade)
    page.locator(".theme").click()
    assert page.evaluate(shade) != light
    page.reload()
    assert page.evaluate(shade) != light


# --- search, citation -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_search_finds_a_word_and_goes_there(opened, size):
    page = opened("questions", size)
    page.locator("#search").fill("loss rat")
    page.locator("#hits a").first.wait_for()
    assert page.locator("#hits a").count() > 1
    page.keyboard.press("ArrowDown")
    assert page.locator("#hits [aria-selected=true]").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "questions.html" not in url)
    assert page.wrong == []


def test_search_says_that_nothing_is_there(opened):
    page = opened("lessons/04_reference_model_scores")
    page.locator("#search").fill("zzzz")
    page.locator("#hits .none").wait_for()
    page.keyboard.press("Escape")
    assert page.locator("#hits").is_hidden()


def test_the_citation_can_be_copied_or_is_marked(opened):
    page = opened("index")
    page.locator("[data-copy=citation]").click()
    page.locator(".copied:not(:empty)").wait_for()


# --- the explorer ---------------------------------------------------------------------------------


def test_each_arm_can_be_chosen_alone(opened):
    page = opened("explore")
    boxes = page.locator("#arms input")
    for number in range(boxes.count()):
        boxes.nth(number).set_checked(False)
    assert "No way of training" in page.locator("#lacking").inner_text()
    page.locator("#against").select_option("")
    for number in range(boxes.count()):
        change(page, "forest", partial(boxes.nth(number).set_checked, True))
        assert page.locator("#forest .plot").get_attribute("data-arms") == "1"
        boxes.nth(number).set_checked(False)
    assert page.wrong == []


@pytest.mark.parametrize("control", ["metric", "against", "profile"])
def test_every_choice_is_drawn_or_told(opened, control):
    page = opened("explore")
    select = page.locator(f"#{control}")
    for value in select.locator("option").evaluate_all("all => all.map(one => one.value)"):
        select.select_option(value)
        page.wait_for_timeout(300)
        drawn = page.locator("#forest svg").is_visible()
        assert drawn or page.locator("#lacking").is_visible(), value
    assert page.wrong == []


def test_questions_and_budget_move_both_figures(opened):
    page = opened("explore")
    change(page, "curves", lambda: page.locator("#strata input").nth(2).check())
    page.locator("#against").select_option("plain_compute")
    page.locator("#budget").fill("0")
    assert "Compute is equal at the end" in page.locator("#lacking").inner_text()
    page.locator("#budget").fill("99")
    change(page, "forest", lambda: page.locator("#against").select_option("plain"))
    end = page.locator("#forest .title").inner_text()
    change(page, "forest", lambda: page.locator("#budget").fill("0"))
    assert "seeds alone" in page.locator("#forest figcaption").inner_text()
    change(page, "forest", lambda: page.locator("#budget").fill("99"))
    assert page.locator("#forest .title").inner_text() == end


def test_the_slider_goes_no_further_than_the_end(opened):
    """Plain with more compute reads further, where nothing else was measured."""
    page = opened("explore")
    budget, told = page.locator("#budget"), []
    for place in range(int(budget.get_attribute("max")) + 1):
        budget.fill(str(place))
        told.append(page.locator("#budget-told").inner_text())
    tokens = [int(text.partition(" ")[0].replace(",", "")) for text in told]
    assert tokens == sorted(tokens) and told[-1].endswith("the end")


def test_an_interval_without_zero_does_not_look_like_one_with_it(opened):
    page = opened("explore")
    said = "row => MuCPT.interval(row, value => MuCPT.signed(value))"
    told = page.evaluate(said, {"value": -0.06, "low": -0.1165, "high": -0.0034})
    assert told == "−0.06 [−0.12, −0.003]"
    for end in (None, 0.1):  # no interval, as of one seed
        assert page.evaluate(said, {"value": 0.1, "low": end, "high": end}) == "+0.10"


def test_plain_with_more_compute_is_not_said_to_read_the_same_tokens(opened):
    page = opened("profiles")
    assert "on the same tokens" in page.locator("#curves .title").inner_text()
    change(page, "curves", lambda: page.locator("#arm").select_option("plain_compute"))
    assert "on the same tokens" not in page.locator("#curves .title").inner_text()
    assert "equal tokens" not in page.locator("#forest .title").inner_text()


def test_the_explorer_and_the_profiles_begin_with_the_comparison_that_decides(opened):
    first, foremost = (
        deciding(read_finished(paths.committed(name), ("verdicts",)).tables, PAPER_ARM)
        for name in ("laptop", "evidence")  # the site's own, and the one that profiles begin with
    )
    page = opened("explore")
    assert page.locator("#against").input_value() == first
    assert AT[first] in page.locator("#forest .title").inner_text()
    rows = opened("index").locator(".numbers tbody th").all_text_contents()
    shown = page.locator("#numbers tbody th").all_text_contents()
    assert set(shown) == set(rows)
    page = opened("profiles")
    assert page.locator("#cost").input_value() == foremost
    assert AT[foremost] in page.locator("#forest .title").inner_text()
    (other,) = set(AT) - {foremost}
    change(page, "forest", lambda: page.locator("#cost").select_option(other))
    assert AT[other] in page.locator("#forest .title").inner_text()


def test_curves_run_along_tokens_or_compute(opened):
    page = opened("explore")
    assert "tokens read" in page.locator("#curves svg").text_content()
    change(page, "curves", lambda: page.locator("#along").select_option("compute"))
    assert "FLOPs" in page.locator("#curves svg").text_content()
    title = page.locator("#curves .title").inner_text()
    assert title.startswith("Better than “Plain, with the compute of a reference model”")
    assert page.wrong == []


@pytest.mark.parametrize("size", SIZES)
def test_a_tile_of_the_mixtures_opens_its_row(opened, size):
    page = opened("explore", size)
    page.locator("#profile").select_option("laptop")
    page.locator("#mixtures .mark-rect path").first.click(force=True)
    row = page.locator("dialog[open]")
    row.wait_for()
    assert "ingredient" in row.inner_text() and page.wrong == []


@pytest.mark.parametrize("size", SIZES)
def test_a_point_opens_its_row_with_settings_inputs_and_commit(opened, size):
    page = opened("explore", size)
    page.locator("#forest .mark-symbol path").first.click(force=True)
    row = page.locator("dialog[open]")
    row.wait_for()
    text = row.inner_text()
    assert "Settings" in text and "train.tokens" in text and "Made from" in text
    assert "commit" in text and "interval from" in text
    assert "#row=" in page.url
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0


def test_a_number_of_the_first_page_leads_to_its_row(opened):
    page = opened("index")
    page.locator(".numbers summary").click()
    link = page.locator(".numbers a").first
    value = link.inner_text().split()[0]
    link.click()
    page.wait_for_selector("dialog[open]")
    told = re.findall(r"[-−+]?\d+\.\d+", page.locator("dialog").inner_text())
    assert float(value.strip("+−")) in {round(abs(float(text.strip("+-−"))), 2) for text in told}


def test_the_csv_of_a_figure_holds_what_is_drawn(opened):
    page = opened("explore")
    href = page.locator("#forest figcaption a").get_attribute("href")
    lines = page.evaluate("href => decodeURIComponent(href.split(',').slice(1).join(','))", href)
    rows = lines.strip().split("\n")
    assert len(rows) - 1 == int(page.locator("#forest .plot").get_attribute("data-rows"))
    assert rows[0].startswith("way_of_training,questions,measure")


# --- token weights --------------------------------------------------------------------------------


def weights(page):
    return page.locator(".tok").evaluate_all("all => all.map(one => one.dataset.weight)")


SLIDERS = {
    **{"power": "power", "scale": "log", "keep": "step"},
    **{"floor": "log", "mix": "log", "temperature": "log"},
}


@pytest.mark.parametrize("name, form", SLIDERS.items())
def test_each_slider_moves_the_weights(opened, name, form):
    page = opened("weights")
    page.locator(f"#form input[value={form}]").check()
    slider = page.locator(f"#{name}")
    low, high = slider.get_attribute("min"), slider.get_attribute("max")
    slider.fill(low)
    first, told = weights(page), page.locator(f"#{name}-told").inner_text()
    slider.fill(high)
    assert weights(page) != first and page.locator(f"#{name}-told").inner_text() != told
    assert page.wrong == []


def test_direction_knowledge_and_sentences_move_the_weights(opened):
    page = opened("weights")
    start = weights(page)
    page.locator("#direction input[value=inverse]").check()
    assert weights(page) != start
    page.locator("#reset").click()
    assert weights(page) == start
    if page.locator("#field-knowledge").is_visible():
        opening = " ".join(page.locator("#columns h2").all_inner_texts())
        assert "knows the subject" in opening and "not know the subject" in opening
        page.locator("#knowledge").fill("0")
        without = page.locator("#columns h2").all_inner_texts()
        page.locator("#knowledge").fill(page.locator("#knowledge").get_attribute("max"))
        assert page.locator("#columns h2").all_inner_texts() != without
    page.locator("#sentences input").first.uncheck()
    assert len(weights(page)) < len(start)


CRITERIA = [
    Criterion(form=form, direction=direction, compare=compare, floor=floor, mix=mix, **more)
    for form, more in (
        ("log", {"scale": 6.0}),
        ("log", {"scale": 1.5}),
        ("power", {"power": 0.5}),
        ("power", {"power": 4.0, "high": 20.0}),
        ("step", {"keep": 0.3}),
    )
    for direction in ("forward", "inverse")
    for compare in ("ratio", "difference")
    for floor, mix in ((0.001, 1.0), (0.1, 0.4), (10.0, 1.0))
]


def test_the_page_computes_what_the_study_computes(opened):
    page = opened("weights")
    generator = torch.Generator().manual_seed(7)
    base, reference = torch.rand(2, 200, generator=generator) * 8
    reference[:20] = base[:20]  # equal losses, and so equal ratios among the largest and smallest
    cases = [criterion.model_dump() for criterion in CRITERIA]
    ratios, weights = page.evaluate(
        """([base, reference, cases]) => ["lossRatio", "tokenWeights"].map(
          name => cases.map(one => MuCPT[name](base, reference, one)))""",
        [base.tolist(), reference.tolist(), cases],
    )
    for criterion, ratio, weight in zip(CRITERIA, ratios, weights, strict=True):
        wanted = loss_ratio(base, reference, criterion)
        assert ratio == pytest.approx(wanted.tolist(), rel=1e-6, abs=1e-6), criterion
        # torch rounds to seven digits; a logarithm near 0, scaled up, keeps five of them
        wanted = token_weights(base, reference, torch.ones(200), criterion)
        assert weight == pytest.approx(wanted.tolist(), rel=1e-5, abs=1e-5), criterion


# --- documents, questions, profiles ---------------------------------------------------------------


def test_dropped_documents_can_be_leafed_through(opened):
    page = opened("dropped")
    reasons = page.locator("#reason option").evaluate_all("all => all.map(one => one.value)")
    several = 0
    for reason in reasons:
        page.locator("#reason").select_option(reason)
        first = page.locator("#document").inner_text()
        if page.locator("#next").is_disabled():  # one document alone was dropped for this reason
            assert page.locator("#number-told").inner_text() == "1 of 1 in this sample"
            continue
        several += 1
        page.locator("#next").click()
        assert page.locator("#document").inner_text() != first
        page.locator("#before").click()
        assert page.locator("#document").inner_text() == first
    assert several > 1
    page.locator("#labels").check()
    assert "Labelled:" in page.locator("#document").inner_text()
    assert page.wrong == []


def test_a_question_shows_arms_models_grades_and_reasons(opened):
    page = opened("questions")
    first = page.locator("#asked").inner_text()
    assert "Selection + soft dynamic" in first and "SmolLM2" in first
    assert "gives another answer" in first and "correct" in first
    page.locator("#next").click()
    assert page.locator("#asked h2").inner_text() not in first
    page.locator("#question").select_option(index=5)
    assert page.locator("#asked tbody tr").count() > 10


def test_profiles_stand_beside_each_other(opened):
    page = opened("profiles")
    for name in ("arm", "cost", "metric", "profile"):
        select = page.locator(f"#{name}")
        count = select.locator("option").count()
        for number in range(count):
            if number == 0 and count > 1:
                continue  # the first is drawn already
            change(page, "forest", lambda s=select, n=number: s.select_option(index=n))
    assert "replication" in page.locator("#list").inner_text()
    assert page.wrong == []


def test_a_lesson_unfolds_its_code(opened):
    page = opened("lessons/04_reference_model_scores")
    code = page.locator("details.code").nth(1)
    assert not code.locator("pre").is_visible()
    code.locator("summary").click()
    assert code.locator("pre").is_visible()
