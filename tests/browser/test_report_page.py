"""The report opened from disk, as the template makes it now from the committed results."""

import contextlib
import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe

from mucpt_utils import paths
from mucpt_utils.report.display import NO_VALUE
from mucpt_utils.report.page import write_report

SIZES = {"phone": (360, 740), "laptop": (1366, 768)}
PRINTED = (688, 1000)  # pixels of A4 between the margins of the page
SEVERE = {"serious", "critical"}
SMALLEST = 11  # pixels of the smallest letters, on paper apart
# axe reads every cell; rows of one table are alike, and so are the records of the artefacts
THIN_OUT = """() => {
  for (const body of document.querySelectorAll("tbody"))
    Array.from(body.rows).slice(3).forEach(row => row.remove());
  for (const part of ["tables", "provenance"])
    for (const kind of ["details", "details h3, details pre"])
      Array.from(document.querySelectorAll(`[aria-labelledby=${part}] :is(${kind})`)).slice(4)
        .forEach(part => part.remove());
  document.querySelectorAll("details").forEach(part => part.open = true);
}"""
# texts that stick out of the page to the right, in no box that scrolls
STICKING_OUT = """() => Array.from(document.querySelectorAll("body *")).filter(part => {
  const box = part.getBoundingClientRect();
  return box.width && box.right > document.documentElement.clientWidth + 1
    && !part.closest(".scroll, .tall") && part.checkVisibility();
}).slice(0, 5).map(part => part.outerHTML.slice(0, 100))"""
SMALL_LETTERS = """smallest => Array.from(document.querySelectorAll("body *")).filter(part =>
  Array.from(part.childNodes).some(node => node.nodeType === 3 && node.data.trim())
  && part.checkVisibility() && parseFloat(getComputedStyle(part).fontSize) < smallest
).slice(0, 5).map(part => part.outerHTML.slice(0, 100))"""
IMAGES = """() => Array.from(document.images).map(image =>
  ({alt: image.alt, loaded: image.complete && image.naturalWidth > 0}))"""
# a row far down its table is there when its table is unfolded
LOST = """() => Array.from(document.querySelectorAll('a[href^="#"]:not([data-row])'))
  .map(link => decodeURIComponent(link.hash.slice(1)))
  .filter(id => !document.getElementById(id))"""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """report.html made anew from a copy of the committed laptop results."""
    folder = tmp_path_factory.mktemp("results") / "laptop"
    shutil.copytree(paths.RESULTS / "laptop", folder)
    return write_report(folder)


@pytest.fixture(scope="module")
def opened(browser, file):
    """A function that opens the report at a size, in a scheme; it notes what goes wrong."""
    contexts = []

    def at(size, scheme="light", path=file):
        width, height = size
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        contexts.append(context)
        page = context.new_page()
        page.wrong = []
        page.on("console", lambda message: page.wrong.append(message.text))
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("request", lambda asked: _note(page, asked.url, path))
        page.goto(path.as_uri())
        return page

    yield at
    for context in contexts:
        context.close()


def _note(page, url, file):
    if not url.startswith(("data:", file.as_uri())):
        page.wrong.append(f"asked for {url}")


@pytest.fixture(scope="module", params=[("phone", "light"), ("laptop", "dark")])
def page(request, opened, file, screenshots):
    """The report at one size in one scheme, photographed."""
    size, scheme = request.param
    made = opened(SIZES[size], scheme)
    made.screenshot(path=screenshots / f"report_{size}_{scheme}.png")
    yield made
    made.close()


def test_the_summaries_beside_each_other_are_whole(opened):
    page = opened((1280, 900))
    beside = page.evaluate("""() => Array.from(
      document.querySelectorAll("[aria-labelledby=results] > .two > .scroll")
    ).map(box => box.scrollWidth - box.clientWidth)""")
    assert len(beside) == 2 and max(beside) <= 1


def test_it_opens_quietly_and_fits_the_width(page):
    assert page.wrong == []
    assert page.evaluate(SIDEWAYS) == 0
    assert page.evaluate(STICKING_OUT) == []
    assert page.evaluate(SMALL_LETTERS, SMALLEST) == []


def test_pictures_are_there_and_say_what_they_show(page):
    images = page.evaluate(IMAGES)
    assert images and all(image["loaded"] for image in images)
    assert min(len(image["alt"]) for image in images) > 20


def severe(page):
    """What axe finds serious or critical: rule and place."""
    found = Axe().run(page).response["violations"]
    return [(v["id"], v["nodes"][0]["html"][:100]) for v in found if v["impact"] in SEVERE]


def test_axe_finds_nothing_serious(page):
    page.evaluate(THIN_OUT)
    assert severe(page) == []


def test_axe_finds_planted_flaws(browser):
    page = browser.new_page()
    page.set_content('<img src="data:,"><p style="color: #bbb; background: #fff">faint')
    assert {"image-alt", "color-contrast", "html-has-lang"} <= {rule for rule, _ in severe(page)}
    page.close()


def test_the_committed_page_opens_quietly_and_fits_a_phone(opened):
    page = opened(SIZES["phone"], path=paths.RESULTS / "laptop" / "report.html")
    assert page.wrong == [] and page.evaluate(SIDEWAYS) == 0 and page.evaluate(LOST) == []
    page.close()


def test_links_lead_to_what_is_in_the_page(opened):
    page = opened(SIZES["laptop"])
    assert page.evaluate(LOST) == []
    hrefs = page.evaluate("Array.from(document.links).map(link => link.getAttribute('href'))")
    assert len(hrefs) > 50
    assert not [href for href in hrefs if not href.startswith(("#", "data:", "https://"))]
    page.close()


def unfold_results(page):
    """Open what is folded where results are: many ways of training are."""
    page.evaluate(
        "document.querySelectorAll('[aria-labelledby=results] details').forEach(p => p.open = true)"
    )


def test_a_link_unfolds_what_it_leads_to(opened):
    page = opened(SIZES["laptop"])
    unfold_results(page)
    link = page.locator('#summary-log_likelihood a[href^="#artifact-"]').first
    target = page.locator(f"[id='{link.get_attribute('href')[1:]}']")
    assert target.get_attribute("open") is None
    link.click()
    target.locator("h3").first.wait_for(state="visible")
    assert target.evaluate("part => part.getBoundingClientRect().top") < SIZES["laptop"][1]
    page.close()


def test_a_link_to_a_folded_table_shows_its_rows(opened):
    page = opened(SIZES["laptop"])
    row = page.locator("[aria-labelledby='table-main_comparison'] tbody tr").first
    assert not row.is_visible()
    page.locator("figcaption a[href='#table-main_comparison']").first.click()
    row.wait_for(state="visible")
    page.close()


def number(text):
    """A number as the page writes it."""
    return float(text.replace("−", "-").replace(",", ""))


def numbers(cells):
    """Those of the cells that hold one."""
    found = []
    for text in cells.all_inner_texts():
        with contextlib.suppress(ValueError):
            found.append(number(text))
    return found


def test_a_number_leads_to_its_row_which_is_marked(opened):
    page = opened(SIZES["laptop"])
    unfold_results(page)
    link = page.locator("#summary-accuracy a[data-row]").last
    link.click()
    row = page.locator("tr.marked")
    row.wait_for(state="visible")
    assert row.count() == 1 and row.get_attribute("id") == link.get_attribute("data-row")
    assert number(link.inner_text()) in {round(cell, 2) for cell in numbers(row.locator("td"))}
    page.close()


def test_a_table_is_filtered_and_sorted(opened):
    page = opened(SIZES["laptop"])
    table = page.locator("section[data-table='differences']")
    table.locator("summary").click()
    table.locator("input").fill("covered accuracy plain")
    rows = table.locator("tbody tr")
    total = int(table.get_attribute("data-total"))
    assert 0 < rows.count() < total / 5
    assert f"of {total:,} rows" in table.locator("[role=status]").inner_text()
    head = table.locator("th[data-column='difference']")
    place = head.evaluate("cell => cell.cellIndex")
    for order in ("ascending", "descending"):
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == order
        cells = rows.locator(f"td:nth-child({place + 1})").all_inner_texts()
        shown = [number(text) for text in cells if text != NO_VALUE]
        assert shown and cells[len(shown) :] == [NO_VALUE] * (len(cells) - len(shown))  # come last
        assert shown == sorted(shown, reverse=order == "descending")
    page.close()


def test_a_mailed_copy_gives_its_tables_back(opened):
    page = opened(SIZES["laptop"])
    with page.expect_download() as saved:
        page.locator("section[data-table='differences'] .files a").click()
    whole = (paths.RESULTS / "laptop" / "tables" / "differences.csv").read_bytes()
    assert saved.value.path().read_bytes() == whole
    assert saved.value.suggested_filename == "laptop-differences.csv"
    page.close()


def test_the_figure_begins_on_the_first_screen_and_is_whole_on_a_phone(opened):
    for size, lowest in (((1280, 900), 500), ((390, 844), 1000)):
        page = opened(size)
        first = page.locator("figure img").first.bounding_box()
        assert first["y"] < lowest and first["x"] + first["width"] <= size[0]
        page.close()


def test_dark_is_dark_and_light_is_light(opened):
    shades = {}
    for scheme in ("light", "dark"):
        page = opened(SIZES["laptop"], scheme)
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        shades[scheme] = sum(map(int, colour[4:-1].split(",")))
        page.close()
    assert shades["light"] > 3 * 200 and shades["dark"] < 3 * 60


def test_paper_cuts_nothing_off(opened, screenshots):
    page = opened(PRINTED, "dark")
    page.emulate_media(media="print")
    assert page.evaluate(SIDEWAYS) == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    printed = page.pdf(path=screenshots / "report.pdf", format="A4", prefer_css_page_size=True)
    assert printed.startswith(b"%PDF") and page.wrong == []
    page.close()
