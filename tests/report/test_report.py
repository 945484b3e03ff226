import base64
import gzip
import io
import random
import re
import shutil
from html.parser import HTMLParser

import pandas as pd
import pytest
from markupsafe import escape
from PIL import Image
from results_made_up import SKILL, all_tables, record

from mucpt_utils import paths
from mucpt_utils.analysis import claims, schema
from mucpt_utils.analysis.effects import Effect
from mucpt_utils.config.settings import load_profile
from mucpt_utils.io import FileError
from mucpt_utils.report import (
    answer,
    figures,
    limits,
    markdown,
    page,
    pictures,
    profiles,
    rows,
    sections,
    table_files,
    words,
)
from mucpt_utils.report.figures import conclusions
from mucpt_utils.study import cost, provenance

FEW_TABLES = ("funnel", "learning_curves")  # tables of a few small figures


def draw_small(folder):
    """Figures of the tables in a folder, coarse and without the PDFs, which no test here reads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures.style, "DPI", 40)
        patch.setattr(figures.style, "write_pdf", lambda fig, path: None)
        figures.draw_all(folder)
    provenance.write_run_record(folder, record())


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A results folder with tables, figures and record."""
    folder = tmp_path_factory.mktemp("results") / "smoke"
    for name, frame in all_tables().items():
        table_files.write_table(frame, folder / "tables", name)
    draw_small(folder)
    return folder


@pytest.fixture(scope="module")
def told(drawn):
    """What the pages of the folder show, whose pictures take long, and the files in them."""
    finished = profiles.read_finished(drawn)
    luggage = rows.Luggage(finished.name)
    return page.contents(finished, luggage), luggage


@pytest.fixture(scope="module")
def results(drawn, told):
    """The folder with both pages; `write_report` makes the same, which one test proves."""
    page.lay_out(drawn, *told)
    return drawn


@pytest.fixture(scope="module")
def html(results):
    return (results / "report.html").read_text(encoding="utf-8")


class Page(HTMLParser):
    """Collects what the tests ask about, and notices tags that are not closed in order."""

    VOID = frozenset({"meta", "img", "link", "br", "input", "rect", "path", "source"})

    def __init__(self, html):
        super().__init__()
        self.open, self.ids, self.links, self.images = [], [], [], []
        self.tags, self.headings = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append((tag, given))
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given["href"])
        if tag == "img":
            self.images.append(given)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def parsed(html):
    return Page(html)


def test_it_is_one_file_under_2_mb_that_loads_nothing(html, parsed, results):
    assert (results / "report.html").stat().st_size < 2_000_000
    for tag, given in parsed.tags:
        for source in (given.get("src", "data:"), given.get("srcset", "data:")):
            assert source.startswith("data:"), (tag, source)
        assert tag != "link"
    assert "@import" not in html and "url(http" not in html


def test_it_is_well_formed_with_unique_ids_and_headings_in_order(parsed):
    assert parsed.open == []
    assert len(parsed.ids) == len(set(parsed.ids))
    assert parsed.headings.count(1) == 1
    steps = zip(parsed.headings, parsed.headings[1:], strict=False)
    assert all(after - before <= 1 for before, after in steps)


def test_a_mailed_copy_keeps_all_that_it_links_to(parsed):
    for link in parsed.links:
        assert link.startswith(("#", "data:")), link
        if link.startswith("#"):
            assert link[1:] in parsed.ids, link


def saved_files(parsed):
    """The files that lie in the page, by name, unpacked."""
    files = {}
    for tag, given in parsed.tags:
        if tag == "a" and "download" in given:
            head, _, data = given["href"].partition(";base64,")
            content = base64.b64decode(data)
            name = given["download"]
            assert (head == "data:application/gzip") == name.endswith(".gz")
            files[name.removesuffix(".gz")] = (
                gzip.decompress(content) if name[-3:] == ".gz" else content
            )
    return files


def test_the_files_in_the_page_are_those_beside_it(parsed, results):
    files = saved_files(parsed)
    for path in (results / "tables").glob("*.csv"):
        assert files[f"smoke-{path.stem}.csv"] == path.read_bytes(), path
    for path in (results / "figures").glob("*.csv"):
        assert files[f"smoke-figure-{path.stem}.csv"] == path.read_bytes(), path
    assert files["smoke-run.json"] == (results / "run.json").read_bytes()


def test_a_file_too_large_to_travel_is_named_instead():
    luggage = rows.Luggage("evidence")
    small = luggage.pack("a.csv", b"x" * 100)
    noise = random.Random(0).randbytes(rows.LARGEST_FILE + 1000)
    large = luggage.pack("b.csv", noise)
    together = [luggage.pack(f"{n}.csv", noise[:150_000]) for n in range(5)]
    luggage.take(rows.LARGEST_TOGETHER * 2)
    assert small.there and small.address.startswith("data:text/csv;base64,")
    assert not large.there and large.name == "evidence-b.csv.gz" and large.size == "201 kB"
    assert [file.there for file in together] == [True, True, True, False, False]


def test_files_take_no_more_room_than_the_page_has_left():
    luggage = rows.Luggage("evidence")
    first, second, third = (luggage.pack(f"{n}.csv", b"x" * 3000) for n in range(3))
    letters = len(first.address)
    luggage.take(2 * letters)
    assert [file.there for file in (first, second, third)] == [True, True, False]
    luggage.take(2 * letters - 1)
    assert [file.there for file in (first, second, third)] == [True, False, False]


def test_a_large_file_leaves_the_room_to_many_small_ones():
    luggage = rows.Luggage("evidence")
    large = luggage.pack("answers.csv", random.Random(0).randbytes(100_000))
    small = [luggage.pack(f"{n}.csv", b"x" * 1000) for n in range(20)]
    luggage.take(sum(len(file.address) for file in small) + 1000)
    assert all(file.there for file in small) and not large.there


def test_a_file_that_does_not_travel_is_told_by_its_path_in_the_results():
    luggage = rows.Luggage("evidence")
    figure = luggage.pack("figure-roc.csv", b"x", home="figures/roc.csv")
    assert (figure.home, luggage.pack("roc.csv", b"x").home) == (
        "figures/roc.csv",
        "tables/roc.csv",
    )


def test_a_page_that_is_full_goes_without_the_last_pictures_for_phones():
    items = [{"narrow": "x" * size} for size in (50, 0, 30, 20)]
    assert page.slimmed(items, 0) == 0 and page.slimmed(items, 40) == 50
    assert [len(item["narrow"]) for item in items] == [50, 0, 0, 0]


def test_figures_are_numbered_in_the_order_in_which_the_page_shows_them(html):
    numbers = [int(number) for number in re.findall(r"<b>Figure (\d+)\.</b>", html)]
    assert numbers == [*range(1, len(numbers) + 1)] and len(numbers) > 5
    assert pictures.part_of("drawn_by_hand") == "detail"


def test_a_picture_in_few_colours_keeps_those_of_small_marks():
    """Next to the many greys of letters a marker is a handful of points."""
    marks = [(0, 103, 165), (194, 178, 128), (135, 86, 146), (190, 0, 50), (255, 223, 0)]
    picture = Image.new("RGB", (200, 200), "white")
    for number in range(8000):
        picture.putpixel((number % 200, 60 + number // 200), (number % 256,) * 3)
    for number, colour in enumerate(marks):
        picture.paste(colour, (20 * number, 10, 20 * number + 9, 19))
    inside = base64.b64decode(pictures.data_address(picture).partition(",")[2])
    shown = Image.open(io.BytesIO(inside)).convert("RGB")
    assert len(shown.getcolors()) <= pictures.COLOURS
    for number, colour in enumerate(marks):
        ours = shown.getpixel((20 * number + 4, 14))
        assert max(abs(a - b) for a, b in zip(ours, colour, strict=True)) < 16, colour


def test_the_first_figure_says_where_the_arms_are_that_it_leaves_out():
    both = ("difference_to_plain", "difference_of_every_arm")
    assert "in a figure of all arms" in pictures.where_the_rest_is(both[0], both)
    assert pictures.where_the_rest_is(both[0], both[:1]) == ""
    assert pictures.where_the_rest_is(both[1], both) == ""


def test_settings_that_all_artefacts_of_a_name_share_stand_once():
    made = [
        {"name": "run_plain", "settings": {"seed": seed, "train": {"tokens": 5}}, "seconds": 1.0,
         "made_by": "05"}
        for seed in (0, 1)
    ]  # fmt: skip
    (group,) = sections.artifact_groups({"artifacts": made})
    assert group["settings"] == {"train": {"tokens": 5}}
    assert [record["own"] for record in group["records"]] == [{"seed": 0}, {"seed": 1}]
    (alone,) = sections.artifact_groups({"artifacts": made[:1]})
    assert alone["settings"] == made[0]["settings"] and alone["records"][0]["own"] == {}


def test_every_figure_is_inlined_with_alternative_text_and_size(parsed, results):
    drawn = {path.stem for path in (results / "figures").glob("*.png")}
    assert len(parsed.images) == len(drawn) > 10
    for image in parsed.images:
        data = base64.b64decode(image["src"].partition("base64,")[2])
        assert data[:4] == b"RIFF" and data[8:12] == b"WEBP"
        assert len(image["alt"]) > 40
        assert int(image["width"]) > 100 < int(image["height"])


def test_the_first_figures_have_a_picture_for_phones(html):
    first = html.partition('id="figure-difference_to_plain"')[2].partition("</figure>")[0]
    assert '<source media="screen and (max-width: 44rem)" srcset="data:image/webp' in first


def test_the_answer_comes_before_figures_and_these_before_the_method(html):
    order = [
        "<h1>",
        'id="abstract"',
        'id="figure-difference_to_plain"',
        'id="claims"',
        'id="method"',
    ]
    places = [html.index(part) for part in order]
    assert places == sorted(places)


def test_the_title_holds_the_result():
    told = answer.title(all_tables(), record())
    assert told.startswith("The loss ratio of MuCPT ")
    assert told.removeprefix("The loss ratio of MuCPT ") in conclusions.ON_BOTH.values()
    assert "results of profile smoke" in answer.title({}, record())


def test_a_profile_that_asks_about_a_candidate_answers_about_it():
    rows = all_tables()["differences"]
    mine = rows[(rows["arm"] == "selection_soft") & (rows["compared_to"] == "plain")]
    gains = mine.assign(arm="ratio_window_start", difference=0.5, ci_low=0.4, ci_high=0.6)
    rows = pd.concat([rows, gains.assign(verdict="better")], ignore_index=True)
    run = {**record(), "profile": "kinds"}
    assert "started from the reference model gains on both" in answer.title(
        {"differences": rows}, run
    )
    assert "“weight on the kinds of tokens" in answer.abstract({"differences": rows}, run)[0]
    without = {"differences": rows[rows["arm"] != "ratio_window_start"]}
    assert answer.title(without, run).startswith("The loss ratio of MuCPT ")


def test_the_abstract_begins_with_the_answer_and_has_120_words_at_most(html):
    told = answer.abstract(all_tables(), record())
    assert sum(len(sentence.split()) for sentence in told) <= 120
    assert told[0].startswith("Against plain training on equal tokens, the paper's arm")
    assert f"<strong>{escape(told[0])}</strong>" in html


def test_an_arm_that_costs_much_is_told_at_equal_compute_first():
    """It gains at equal tokens and loses at equal compute, and its reference model is dear."""
    rows = all_tables()["differences"]
    paper = rows[(rows["arm"] == "selection_soft") & (rows["compared_to"] == "plain")]
    dear = paper.assign(compared_to="plain_compute", difference=-1.0, ci_low=-1.2, ci_high=-0.8)
    tables = {"differences": pd.concat([rows, dear.assign(verdict="worse")], ignore_index=True)}
    judged = {"arm": "selection_soft", "compared_to": "plain_compute", "headline": "yes"}
    tables["verdicts"] = pd.DataFrame([judged])
    told = answer.title(tables, record())
    assert told == "At equal compute the loss ratio of MuCPT loses on both kinds of facts"
    first, second, *_ = answer.abstract(tables, record())
    assert first.startswith("Against plain training at equal compute, the paper's arm")
    assert "lowers the log-likelihood of answers by 1.00 nats" in first
    assert "knows and by 1.00 nats" in first  # the verb is said once
    assert second.startswith("At equal tokens, it changes by ")


def test_an_interval_without_zero_that_is_undecided_says_why():
    near = Effect("", 0.2, 0.1, 0.3, "undecided")
    assert "undecided when all methods are counted" in answer.clauses([near, near])
    little = Effect("", 0.02, 0.01, 0.03, "no difference")
    told = answer.clauses([little, little])
    assert "no difference by the study's rule" in told and "counted" not in told
    open_ = Effect("", 0.2, -0.1, 0.3, "undecided")
    assert "counted" not in answer.clauses([open_, open_])


def finished(profile, low, seeds=2, arm="soft_mixed"):
    """A run of another profile in which an arm was compared."""
    values = [
        (
            arm,
            "plain",
            stratum,
            "log_likelihood",
            sign * low * 2,
            *sorted((sign * low, sign * 3 * low)),
        )
        for stratum, sign in (("covered", 1), ("uncovered", -1))
    ]
    columns = ["arm", "compared_to", "stratum", "metric", "difference", "ci_low", "ci_high"]
    run = {"profile": profile, "seeds": list(range(seeds)), "machine": {"cpu": "AMD EPYC"}}
    return profiles.Finished(
        paths.RESULTS / profile, run, {"differences": pd.DataFrame(values, columns=columns)}
    )


def test_replication_and_confirmation_are_named_in_the_abstract():
    runs = [finished("laptop", 0.1), finished("replication", 0.2), finished("confirmation", -0.1)]
    told = answer.in_every_run({}, runs)
    assert "laptop, replication and confirmation" in told
    assert "better on known facts in 2 of 3 runs and worse on unknown facts in 2 of 3 runs" in told
    assert answer.in_every_run({}, runs[:1]) == ""


@pytest.mark.parametrize(
    ("ends", "sign", "told"),
    [
        ((0.44, 0.56), "▲", "+0.44 to +0.56"),
        ((-0.3, -0.1), "▼", "−0.30 to −0.10"),
        ((-0.1, 0.2), "○", "−0.10 to +0.20"),
    ],
)
def test_a_claim_about_a_difference_says_which_way_it_goes(ends, sign, told):
    row = {"our_value": sum(ends) / 2, "ci_low": ends[0], "ci_high": ends[1], "evidence": "x"}
    room = claims.load_claims()["room"].claim
    table = pd.DataFrame([row | {"claim": room}, row | {"claim": "one of another kind"}])
    compared, other = sections.claim_items({"claims": table})
    assert compared["direction"][0] == sign and compared["interval"] == told
    assert other["direction"] is None and "+" not in other["interval"]


def test_the_abstract_counts_runs_by_the_comparison_that_decides():
    runs = [finished(name, 0.1, arm="selection_soft") for name in ("laptop", "real", "fresh")]
    for run in runs[:2]:
        table = run.tables["differences"]
        dear = table.assign(compared_to="plain_compute", difference=-1.0, ci_low=-1.2, ci_high=-0.8)
        run.tables["differences"] = pd.concat([table, dear], ignore_index=True)
    row = {"arm": "selection_soft", "compared_to": "plain_compute", "headline": "yes"}
    told = answer.in_every_run({"verdicts": pd.DataFrame([row])}, runs)
    assert "At equal compute in laptop and real, the paper's arm is worse on known facts" in told
    told = answer.in_every_run({}, runs)
    assert told.startswith(("At equal tokens in fresh, laptop and real", "At equal tokens in lap"))


def test_a_run_made_again_is_no_run_more():
    runs = [finished("laptop", 0.1), finished("replication", 0.2), finished("again", 0.1)]
    for run in (runs[0], runs[2]):
        run.run["settings"] = {"seeds": [0, 1]}
    frame = profiles.same_difference(runs)
    again = frame[frame["again"] == "laptop"]
    assert set(again["profile"]) == {"again"}
    assert all("laptop made again" in run for run in again["run"])
    told = answer.in_every_run({}, runs)
    assert "better on known facts in 2 of 2 runs" in told and "in laptop and replication" in told


def test_every_committed_profile_is_in_the_page(html):
    told = html.partition("<dt>Other runs</dt>")[2].partition("</dd>")[0]
    for name in ("laptop", "replication", "confirmation"):
        assert f"{name} (" in told
    assert "figure-every_run" in html


def test_every_table_is_there_with_a_caption(html, parsed, results):
    for path in (results / "tables").glob("*.csv"):
        name = path.stem
        assert name == "claims" or f"table-{name}" in parsed.ids
    assert html.count("<table") == html.count("<caption")
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", html)
    assert "not about music" in cells  # the plain words of `off_domain`


def test_what_models_said_is_escaped(html):
    assert "a &lt; b &amp; c" in html and "a < b & c" not in html


def test_tables_lead_to_artefacts_settings_and_inputs(html, parsed):
    assert "artifact-corpus" in parsed.ids and "artifact-run_plain" in parsed.ids
    funnel = html.partition('id="table-funnel"')[2].partition("</section>")[0]
    assert 'href="#artifact-corpus"' in funnel and "03_clean_deduplicate_mask" in funnel
    run = html.partition('id="run_plain-000000000001"')[2][:600]
    assert 'href="#corpus-000000000000"' in run and '"seed": 1' in run


def test_claims_show_verdicts_and_link_their_evidence(html):
    for claim in claims.load_claims().values():
        assert str(escape(claim.claim)) in html
    assert '<a href="#table-differences">differences.csv</a>' in html
    assert '<a href="#figure-pipeline_quality">figure pipeline_quality</a>' in html
    assert 'class="badge mixed"' in html
    section = html.partition('id="claims"')[2].partition("</section>")[0]
    assert section.count("<details><summary>") == len(claims.load_claims()) + 1


def test_long_tables_are_folded_and_say_how_many_rows_there_are(html):
    for name, frame in all_tables().items():
        if name == "claims":
            continue
        section = html.partition(f'data-table="{name}"')[2].partition("</section>")[0]
        rows_there = section.partition("<tbody>")[2].count("<tr ")
        assert rows_there == min(len(frame), rows.FOLDED), name
        if len(frame) > rows.FOLDED:
            assert f"Show all {len(frame):,} rows" in section, name
        assert section.index("download=") < section.index("<table")


def test_every_row_has_an_id_of_its_own():
    for name, frame in all_tables().items():
        ids = rows.row_ids(frame, name)
        assert len(set(ids)) == len(frame), name
    ids = rows.row_ids(all_tables()["differences"], "differences")
    assert "differences:rho1:plain:covered:accuracy" in ids
    numbers = pd.DataFrame({"arm": ["plain"], "tokens": [1_234_567], "threshold": [0.5]})
    assert rows.row_ids(numbers, "t") == ["t:plain:1234567:0.5"]  # as the CSV has them


def test_numbers_of_the_summary_lead_to_their_rows(html):
    table = all_tables()["main_comparison"]
    ids = set(rows.row_ids(table, "main_comparison"))
    linked = re.findall(r'href="#table-main_comparison" data-row="([^"]*)"', html)
    assert len(linked) > 20 and set(linked) <= ids
    assert "main_comparison:plain:covered:accuracy" in linked


def test_headings_say_columns_in_plain_words(html):
    section = html.partition('data-table="main_comparison"')[2].partition("</section>")[0]
    assert "way of training<br><code>arm</code>" in section
    assert "interval from<br><code>ci_low</code>" in section


def test_the_paper_is_credited_to_its_authors(html):
    footer = html.partition("<footer>")[2]
    authors = "Kai Tian, Yirong Mao, Wendong Bi, Hanjie Wang and Que Wenhui (arXiv 2511.14245)"
    assert authors in footer


def test_the_summary_gives_log_likelihood_before_accuracy(html):
    places = [html.index(f'id="summary-{metric}"') for metric in ("log_likelihood", "accuracy")]
    assert places == sorted(places)
    accuracy = html[places[1] :].partition("</table>")[0]
    main = all_tables()["main_comparison"]
    plain = main[(main["arm"] == "plain") & (main["metric"] == "accuracy")]
    for row in plain[plain["stratum"].isin(sections.SUMMARY_STRATA)].itertuples():
        assert (
            f'{row.mean:.2f}</a> <span class="range">{row.ci_low:.2f} to {row.ci_high:.2f}'
            in accuracy
        )


def test_the_results_in_sentences_are_those_of_the_tables(html):
    for paragraph in words.abstract(all_tables(), record()):
        assert f"<li>{escape(paragraph)} <span" in html


def test_the_same_results_give_the_same_report(drawn, tmp_path):
    """What `write_report` makes is what the fixtures lay out in two steps, again and again."""
    folder = tmp_path / "smoke"
    (folder / "tables").mkdir(parents=True)
    for name in FEW_TABLES:
        shutil.copy(drawn / "tables" / f"{name}.csv", folder / "tables")
    draw_small(folder)
    finished = profiles.read_finished(folder)
    luggage = rows.Luggage(finished.name)
    page.lay_out(folder, page.contents(finished, luggage), luggage)
    laid_out = (folder / "report.html").read_text(encoding="utf-8")
    assert laid_out.count("<img") >= 2
    assert page.write_report(folder).read_text(encoding="utf-8") == laid_out


def test_scrolling_regions_can_be_reached_by_keyboard_and_are_named(parsed):
    regions = [g for _, g in parsed.tags if "scroll" in g.get("class", "").split()]
    assert regions
    assert all(g["tabindex"] == "0" and g["role"] == "region" for g in regions)
    names = [g["aria-label"] for g in regions]
    assert len(names) == len(set(names))


def contrast(one, other):
    def luminance(colour):
        digits = colour.lstrip("#")
        digits = "".join(d * 2 for d in digits) if len(digits) == 3 else digits
        parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_text_has_enough_contrast_in_light_dark_and_print(html):
    schemes = re.findall(r":root \{([^}]*)\}", html)
    assert len(schemes) == 3
    for scheme in schemes:
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]+)", scheme))
        pairs = [("ink", "paper"), ("soft", "paper"), ("link", "paper"), ("ink", "tint")]
        pairs += [("yes", "yes-bg"), ("no", "no-bg"), ("part", "part-bg"), ("ink", "none-bg")]
        for one, other in pairs:
            assert contrast(colours[one], colours[other]) >= 4.5, (one, other)


def test_a_report_of_pipeline_tables_alone(results, tmp_path):
    provenance.write_run_record(tmp_path, record())
    table_files.write_table(all_tables()["funnel"], tmp_path / "tables", "funnel")
    html = page.write_report(tmp_path).read_text(encoding="utf-8")
    assert Page(html).open == []
    assert 'id="claims"' not in html and "results of profile smoke" in html


def test_a_report_of_the_prose_lane(tmp_path):
    provenance.write_run_record(tmp_path, record())
    values = [
        (arm, text, mean, mean - 0.1, mean + 0.1, 2, 0.0, 0.5)
        for arm, mean in (("base", 2.5), ("plain", 2.25))
        for text in ("music", "general")
    ]
    table = pd.DataFrame(values, columns=schema.COLUMNS["bits_per_byte"])
    table_files.write_table(table, tmp_path / "tables", "bits_per_byte")
    fig, frame = figures.bits_per_byte(table)
    figures.save_figure(fig, frame, tmp_path / "figures", "bits_per_byte")
    figures.save_figure(fig, frame, tmp_path / "figures", "one_more")
    html = page.write_report(tmp_path).read_text(encoding="utf-8")
    assert "held-out music prose, lower is better" in html
    assert "plain continued pretraining 2.250 (2.150 to 2.350" in html
    assert "no fact can be asked" in html and "written by a program" not in html
    assert "<b>Figure 1.</b> On files never trained on" in html
    assert "<b>Figure 2.</b> " in html
    parsed = Page(html)
    assert all(link[1:] in parsed.ids for link in parsed.links if link.startswith("#"))


def test_missing_or_broken_run_json_is_named(tmp_path):
    with pytest.raises(page.ReportError, match=r"run\.json is missing"):
        page.write_report(tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(FileError, match=r"run\.json: not JSON"):
        page.write_report(tmp_path)


def test_a_report_takes_fewer_files_along_where_it_would_be_too_large(
    html, told, tmp_path, monkeypatch
):
    whole = len(html.encode())
    monkeypatch.setattr(page, "AIM", whole - 1000)
    smaller = page.lay_out(tmp_path, *told).read_text(encoding="utf-8")
    assert len(smaller.encode()) < whole - 1000
    assert smaller.count("data:text/csv") + smaller.count("data:application/gzip") < (
        html.count("data:text/csv") + html.count("data:application/gzip")
    )


def test_a_report_too_large_is_refused(told, tmp_path, monkeypatch):
    monkeypatch.setattr(page, "LARGEST", 1000)
    with pytest.raises(page.ReportError, match="allowed are 1,000"):
        page.lay_out(tmp_path, *told)
    assert not (tmp_path / "report.html").exists()


def test_scale_of_a_record():
    made = record()
    assert page.scale(made) == claims.Scale("smoke", made["parameters"], made["tokens"], 2)


def test_arms_of_the_profile_are_explained(html):
    for arm in SKILL:
        assert f"<code>{arm}</code>" in html
    # what the profile plans and this run has not is named as such, other arms are not named
    row = html.partition("<code>inverse</code>")[2].partition("</tr>")[0]
    assert "not run here" in row
    assert "<code>eslm</code>" not in html


def test_each_row_about_an_arm_leads_to_the_arms_runs(html):
    section = html.partition('id="table-main_comparison"')[2].partition("<section")[0]
    first = all_tables()["main_comparison"]["arm"][: rows.FOLDED]
    for arm in dict.fromkeys(first):
        assert f'<a href="#artifact-run_{arm}">{escape(figures.arm_title(arm))}</a>' in section, arm
    funnel = html.partition('id="table-funnel"')[2].partition("<section")[0]
    assert '<a href="#artifact-corpus">music or not</a>' in funnel
    answers = html.partition('id="table-answers"')[2].partition("<section")[0]
    assert '<a href="#artifact-run_base">base/seed0</a>' in answers


def test_paragraphs_of_the_abstract_lead_to_their_tables(html):
    told = html.partition('id="results"')[2].partition("</section>")[0]
    for table in ("runs", "funnel", "main_comparison", "differences"):
        assert f'<a href="#table-{table}">' in told
    assert '<a href="#claims">' in told


def test_the_cost_of_the_full_size_is_that_of_its_profile(html):
    told = html.partition('<h2 id="cost">')[2].partition("</section>")[0]
    profile = load_profile(sections.FULL_SIZE)
    for row in cost.estimate(profile).itertuples():
        assert row.quantity in told and row.unit in told
    assert all(str(escape(line)) in told for line in cost.launch_commands(profile))
    assert "which was never run" in told


def test_the_checklist_is_answered_with_pointers_that_lead_somewhere(html):
    items = sections.checklist(record())
    assert len(items) >= 15
    told = html.partition('<h2 id="checklist">')[2].partition("</section>")[0]
    for item in items:
        assert item["answer"] in ("yes", "no", "in part", "not applicable")
        assert str(escape(item["question"])) in told and "{" not in item["told"]
        for place in item["where"]:
            path = place.removeprefix("./").split()[0]
            known = place[0] == "#" or (paths.ROOT / path).exists()
            assert known, place
    assert f"{record()['parameters']:,} parameters" in told


# --- report.md ------------------------------------------------------------------------------------


def test_the_markdown_says_the_same_as_the_page(results):
    told = (results / "report.md").read_text(encoding="utf-8")
    tables, run = all_tables(), record()
    assert told.startswith(f"# {answer.title(tables, run)}\n")
    for sentence in (*words.abstract(tables, run), *limits.limits(tables, run)):
        assert sentence in told
    for claim in claims.load_claims().values():
        assert claim.claim in told
    pictures = re.findall(r"\((figures/[^)]+\.png)\)", told)
    assert pictures[0] == "figures/difference_to_plain.png" and len(pictures) > 10
    for link in re.findall(r"\]\(((?:figures|tables)/[^)]+)\)", told):
        assert (results / link).is_file(), link


def test_a_cell_of_markdown_stays_in_its_cell():
    assert markdown.cell_text("a | b\nc") == "a \\| b c"


def test_citation_names_profile_and_commit():
    made = sections.origin({**record(), "commit": "0" * 40, "date": "2026-01-02"})
    assert "year = {2026}" in made["citation"] and "commit 000000000000" in made["citation"]
    assert made["authors"] and made["commit_address"][-40:] in ("", "0" * 40)


def test_the_report_names_the_commits_that_wrote_its_plan(monkeypatch):
    asked = []

    def git(*arguments):
        asked.append(arguments[-1])
        return f"{'a' * 40} 2026-01-02\n{'b' * 40} 2026-01-03"

    monkeypatch.setattr(sections.checkout, "git", git)
    told = sections.plan("evidence")
    assert asked == ["results/evidence/plan.md"]
    written = f"commit {'a' * 12} (2026-01-02), then {'b' * 12} (2026-01-03)."
    assert told == f"Planned in plan.md, {written}"
    for nothing in (None, ""):  # without git; without a plan
        monkeypatch.setattr(sections.checkout, "git", lambda *_, nothing=nothing: nothing)
        assert sections.plan("evidence") == ""
