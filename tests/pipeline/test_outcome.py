"""The page and the dataset that a run of the command leaves."""

import json
import os
import re
from html.parser import HTMLParser

import pyarrow.parquet
import pytest
import yaml
from flawed_corpus import QUESTION, prose

from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.io import read_jsonl
from mucpt_utils.pipeline.command import main
from mucpt_utils.pipeline.outcome import card, dataset, finish, page, pairs, sampling, templates
from mucpt_utils.pipeline.outcome.excerpts import Piece, excerpt, shown_name
from mucpt_utils.pipeline.outcome.flow import balance, source_flows, stage_flows
from mucpt_utils.pipeline.outcome.triggers import trigger_spans
from mucpt_utils.pipeline.run import OutputError, PipelineResult

SCRIPT = "<script>alert('owned')</script>"
IMAGE = '"><img src=x onerror=alert(1)>'
ADDRESS, TELEPHONE = "clara.wieck@leipzig-post.org", "+49 341 2345678"
CONCERT = f"The concert pianist asked for letters to {ADDRESS} or a call to {TELEPHONE}."


def rows():
    """Documents with every fate, some of them hostile."""
    recipe = "Chop the onions, fry them in butter and simmer the soup for an hour with bread. "
    yield {"id": IMAGE, "text": f"{prose(1)} {SCRIPT} {IMAGE} </style></div>", "title": SCRIPT}
    yield {"id": "letter", "text": f"{prose(2)} {CONCERT}", "year": 1840, "licence": "CC BY 4.0"}
    yield {"id": "again", "text": f"{prose(2)} {CONCERT}", "year": "c. 1840"}
    yield {"id": "nearly", "text": prose(7) + " " + prose(8), "tags": ["a", 1]}
    yield {"id": "close", "text": prose(7).replace("praised", "applauded") + " " + prose(8)}
    soup = f"{recipe * 3}{SCRIPT} {IMAGE} Write to {ADDRESS}."
    yield {"id": "soup", "text": soup, "tags": {"a": 2}}
    yield {"id": "short", "text": "A sonata for violin."}
    yield {"id": "quiz", "text": f"{prose(11)} {QUESTION['question']} It was Elektra."}
    yield {"id": "sold", "text": f"{prose(12)} Buy cheap watches now at deals.example, 70% off!"}
    yield {"id": "seen", "text": prose(13), "weight": "heavy", "license": "CC0"}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crawl")
    hostile = folder / "x<b onmouseover=alert(2)>"
    hostile.mkdir()
    lines = [json.dumps(row) for row in rows()]
    lines.append("{" + f"{SCRIPT} {ADDRESS}")
    (hostile / "a.jsonl").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def out(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("left") / "out"
    questions = folder.parent / "questions.jsonl"
    questions.write_text(json.dumps(QUESTION) + "\n")
    arguments = ["--source", str(source), "--out", str(folder), "--questions", str(questions)]
    assert main(arguments) == 0
    return folder


@pytest.fixture(scope="module")
def text(out):
    return (out / page.PAGE).read_text(encoding="utf-8")


class Elements(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, markup):
        super().__init__()
        self.elements, self.words = [], []
        self.feed(markup)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


def marked(markup):
    return re.findall(r"<mark>(.*?)</mark>", markup, re.DOTALL)


def without_markup(markup):
    return " ".join("".join(Elements(markup).words).split())


# --- the page -------------------------------------------------------------------------------------


def test_the_page_says_what_came_in_and_that_nothing_was_lost(out, text):
    plain = without_markup(text)
    assert "Nothing was lost" in plain and "does not add up" not in plain
    totals = balance(PipelineResult.load(out).funnel)
    assert totals.adds_up and totals.entered.documents == 11 and totals.quarantined.documents == 1
    assert f"{totals.kept.documents} (" in plain and "stay of 11 documents" in plain


def test_hostile_text_stays_text(text):
    view = Elements(text)
    assert [tag for tag, _ in view.elements].count("script") == 1
    assert not [tag for tag, _ in view.elements if tag in ("img", "b onmouseover=alert(2)")]
    assert not [a for _, attrs in view.elements for a in attrs if a.startswith("on")]
    assert SCRIPT in "".join(view.words) and IMAGE in "".join(view.words)


def test_the_page_needs_nothing_but_itself(text):
    addresses = [
        value
        for _, attrs in Elements(text).elements
        for name, value in attrs.items()
        if name in ("src", "href", "action", "data")
    ]
    assert addresses and all(address.startswith("#") for address in addresses)
    assert "url(" not in text and "@import" not in text
    targets = {attrs.get("id") for _, attrs in Elements(text).elements}
    assert {address[1:] for address in addresses} <= targets


def test_no_masked_value_is_shown_wherever_it_stood(out, text):
    assert ADDRESS in (out / "rejected" / "01-classify.jsonl").read_text()
    assert ADDRESS in (out / "quarantine.jsonl").read_text()
    assert ADDRESS not in text and "2345678" not in text
    assert '<mark><b class="mask">' not in text and "letters to" in text
    assert "[EMAIL]" in text and "[PHONE]" in text


def test_what_triggered_a_reason_is_marked(text):
    words = " ".join(marked(text)).lower()
    assert "buy" in words and "watches" in words  # spam that was cut out
    assert "onions" in words or "soup" in words  # what moved the classifier
    assert "marquee" in words and "elektra" in words  # the question and its answer
    assert "praised" in words and "applauded" in words  # how two duplicates differ


def test_the_same_run_gives_the_same_page_and_a_finished_one_is_completed(source, out, text):
    questions = str(out.parent / "questions.jsonl")
    (out / page.PAGE).unlink()
    assert main(["--source", str(source), "--out", str(out), "--questions", questions]) == 0
    assert (out / page.PAGE).read_text(encoding="utf-8") == text


def test_the_page_is_small_whatever_the_corpus(tmp_path, monkeypatch):
    folder = tmp_path / "many"
    folder.mkdir()
    wild = '&"<>\U0001f3bb' * 2000
    (folder / "rejected").mkdir()
    (folder / "kept").mkdir()
    (folder / "kept" / "00000.jsonl").write_text("")
    reasons = [f"reason {i} {'<' * 500}" for i in range(300)]
    with (folder / "rejected" / "01-clean.jsonl").open("w") as file:
        for number in range(900):
            row = {"stage": "clean", "reason": reasons[number % 300], "detail": {}}
            meta = {"source": f"s{number}{'&' * 300}"}
            file.write(
                json.dumps({**row, "text": wild, "id": f"{number}", "metadata": meta}) + "\n"
            )
    with (folder / "quarantine.jsonl").open("w") as file:
        for number in range(3000):
            row = {"source": "s", "place": f"p{number}", "reason": f"{number % 400}{'<' * 400}"}
            file.write(json.dumps({**row, "excerpt": wild[:500], "documents": 1}) + "\n")
    funnel = [
        {"stage": "read", "source": f"s{n}", "reason": "kept", "documents": 1, "tokens": 1}
        for n in range(5000)
    ]
    record = {"key": "k", "settings": {}, "funnel": funnel, "classifier": None}
    (folder / "pipeline.json").write_text(json.dumps(record))
    written = finish.write_outcome(PipelineResult(folder, funnel), folder, PipelineSettings())
    assert written.dataset is None
    assert 10_000 < written.page.stat().st_size <= page.LARGEST
    assert "other sources" in written.page.read_text()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["{broken", "{worse"], "Nothing stays of 2 documents"),
        ([json.dumps({"text": "No."})], "Nothing stays of 1 documents"),
        ([], "Nothing stays of 1 documents"),  # an empty file is quarantined
    ],
)
def test_the_page_is_written_where_nothing_stays(tmp_path, capsys, lines, words):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_text("\n".join(lines))
    assert main(["--source", str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 0
    assert words in without_markup((tmp_path / "out" / page.PAGE).read_text())
    assert "dataset: none" in capsys.readouterr().out
    assert not (tmp_path / "out" / finish.DATASET).exists()


def test_odd_names_of_folders_work(tmp_path):
    folder = tmp_path / "in" / os.fsdecode(b"caf\xe9 \n'\"$(x)") / ("d" * 200) / ("e" * 200)
    folder.mkdir(parents=True)
    (folder / "a.jsonl").write_text(json.dumps({"text": prose(1)}) + "\n")
    out = tmp_path / os.fsdecode(b"o\xff {{ 7 * 7 }}")
    assert main(["--source", str(tmp_path / "in"), "--out", str(out), "--no-classifier"]) == 0
    assert "1 (100.0 %) stay of 1 documents" in without_markup((out / page.PAGE).read_text())
    card_text = (out / finish.DATASET / dataset.CARD).read_text()
    assert "\\xe9 \\n" in card_text.replace("\\\\", "\\") and "49" not in shown_name(out.name)


@pytest.mark.parametrize("name", [finish.DATASET, page.PAGE])
def test_what_is_not_the_runs_own_is_not_replaced(source, tmp_path, capsys, name):
    if name == page.PAGE:
        (tmp_path / name).write_text("mine")
    else:
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.txt").write_text("mine")
    assert main(["--source", str(source), "--out", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    shown = name if name == page.PAGE else f"{name}/"
    assert f"--out holds {shown}, which no run of the pipeline has left" in line
    assert os.listdir(tmp_path) == [name]


def test_a_source_inside_the_dataset_is_refused(tmp_path):
    with pytest.raises(OutputError, match="which the run overwrites"):
        finish.check_place(tmp_path / finish.DATASET / "data", tmp_path)


# --- the dataset ----------------------------------------------------------------------------------


def test_the_dataset_loads_whatever_types_its_metadata_have(out, tmp_path):
    from datasets import load_dataset

    loaded = load_dataset(str(out / finish.DATASET), split="train", cache_dir=str(tmp_path))
    kept = [row for path in sorted((out / "kept").iterdir()) for row in read_jsonl(path)]
    assert loaded["text"] == [row["text"] for row in kept] and len(kept) >= 4
    by_id = {row["id"]: row for row in loaded}
    assert by_id["letter"]["year"] == "1840" and by_id["letter"]["licence"] == "CC BY 4.0"
    assert json.loads(by_id["nearly"]["metadata"])["tags"] == ["a", 1]
    assert all(isinstance(row["weight"], float) for row in loaded)


def test_the_card_counts_licences_and_what_was_removed(out):
    text = (out / finish.DATASET / dataset.CARD).read_text()
    front, _, body = text.removeprefix("---\n").partition("---\n")
    metadata = yaml.safe_load(front)
    assert metadata["license"] == ["cc-by-4.0", "cc0-1.0", "unknown"]
    assert metadata["size_categories"] == ["n<1K"] and metadata["language"] == ["en"]
    assert "| CC BY 4.0 | 1 |" in body and "| exact duplicate | 1 |" in body
    assert "`[EMAIL]` 1" in body and "1 questions were looked for" in body
    assert "<b onmouseover" not in body and "<script" not in body


@pytest.mark.parametrize(
    ("stated", "name"),
    [
        ("CC BY-SA 4.0 (site footer)", "cc-by-sa-4.0"),
        ("cc-by-nc-nd-3.0", "cc-by-nc-nd-3.0"),
        ("Creative Commons Zero", "cc0-1.0"),
        ("MIT (facts: Wikidata CC0)", "cc0-1.0"),
        ("Apache License 2.0", "apache-2.0"),
        ("apache-2.0", "apache-2.0"),
        ("Apache License, Version 2.0", "apache-2.0"),
        ("http://www.apache.org/licenses/LICENSE-2.0.txt", "apache-2.0"),
        ("Apache Records, 2004, all rights reserved", "other"),
        ("MIT", "mit"),
        ("The MIT License (MIT)", "mit"),
        ("https://opensource.org/licenses/MIT", "mit"),
        ("MIT Press, all rights reserved", "other"),
        ("Nutzung nur mit Genehmigung des Verlags", "other"),
        ("https://creativecommons.org/licenses/by-nc-sa/4.0/deed.en", "cc-by-nc-sa-4.0"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "cc0-1.0"),
        ("Public domain in the USA", "other"),
        ("permitted for private use", "other"),
        ("unknown", "unknown"),
        ("", "unknown"),
    ],
)
def test_licences_have_the_hubs_names(stated, name):
    assert card.hub_licence(stated) == name


@pytest.mark.parametrize(
    ("documents", "name"),
    [(1, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (99_999, "10K<n<100K"), (10**13, "n>1T")],
)
def test_sizes_have_the_hubs_names(documents, name):
    assert card.size_category(documents) == name


def test_files_of_the_dataset_are_bounded_and_replaced(tmp_path, monkeypatch):
    import pyarrow.parquet

    monkeypatch.setattr(dataset, "ROWS", 3)
    monkeypatch.setattr(dataset, "FILE_BYTES", 70)
    for count in (20, 7):
        with dataset.DatasetWriter(tmp_path) as writer:
            for number in range(count):
                row = {"id": number, "text": "ten chars.", "metadata": {"source": "s"}}
                writer.add(row)
        table = pyarrow.parquet.read_table(tmp_path / "data")
        assert table["id"].to_pylist() == [str(number) for number in range(count)]
    assert len(list((tmp_path / "data").iterdir())) == 2


def test_long_metadata_end_a_row_group_as_long_texts_do(tmp_path, monkeypatch):
    import pyarrow.parquet

    monkeypatch.setattr(dataset, "ROW_BYTES", 1000)
    with dataset.DatasetWriter(tmp_path) as writer:
        for number in range(4):
            metadata = {"source": "s", "page": "x" * 2000}
            writer.add({"id": number, "text": "ten chars.", "metadata": metadata})
    (file,) = (tmp_path / "data").iterdir()
    assert pyarrow.parquet.ParquetFile(file).num_row_groups == 4


# --- its parts ------------------------------------------------------------------------------------


def test_an_excerpt_begins_before_its_first_mark_and_says_what_it_leaves_out():
    text = "word " * 1000
    shown = excerpt(text, [(3000, 3004), (4900, 4904)], 200)
    assert Piece("word", "mark") in shown.pieces and len(shown.text) <= 200
    assert shown.more_before and shown.more_after and shown.marks_outside == 1


def test_personal_data_cut_by_the_edge_of_an_excerpt_is_masked():
    text = "x " * 20 + f"write to {ADDRESS} soon"
    for length in range(40, len(text)):
        assert ADDRESS[:12] not in excerpt(text, length=length).text


def test_marks_around_personal_data_stay_and_the_data_goes():
    text = f"before {ADDRESS} after"
    shown = excerpt(text, [(0, len(text))])
    assert shown.pieces == [
        Piece("before ", "mark"),
        Piece("[EMAIL]", "mask"),
        Piece(" after", "mark"),
    ]


def test_names_hide_addresses_and_stay_short():
    assert shown_name(f"mail/{ADDRESS}/1.txt") == "mail/[EMAIL]/1.txt"
    assert len(shown_name("x" * 10_000)) < 200


@pytest.mark.parametrize(
    ("reason", "text", "triggers"),
    [
        ("dup_line_frac", "one\ntwo\none\n\none", ["one", "one"]),
        ("line_punct_ratio", "It ends.\nIt goes on", ["on"]),
        ("list_ratio", "a\nthis is a longer line\nb", ["a", "b"]),
        ("top_2_gram", "do re mi do re fa", ["do re", "do re"]),
        ("duplicated_3_n_grams", "a b c d a b c", ["a b c"]),
        ("gopher_below_alpha_threshold", "12 years - 13", ["12", "-", "13"]),
        ("gopher_short_doc", "too short", []),
        ("a reason of somebody else", "text", []),
    ],
)
def test_what_a_rule_counted_is_found_again(reason, text, triggers):
    row = {"reason": reason, "text": text, "detail": {}}
    assert [text[start:end] for start, end in trigger_spans(row)] == triggers


def test_duplicates_show_their_difference():
    one, other = ("the score was printed in Vienna " * 30 + end for end in ("1824 x", "1825 x"))
    copy, first = pairs.sides(one, other, 200)
    assert [p.text.strip() for p in copy.pieces if p.kind] == ["1824"]
    assert [p.text.strip() for p in first.pieces if p.kind] == ["1825"]
    assert copy.more_before and not copy.more_after


def test_a_sample_depends_on_the_identifiers_alone(tmp_path):
    place = sampling.Place(tmp_path, 0)
    names = [f"document {number}" for number in range(200)]
    drawn = []
    for order in (names, names[::-1]):
        sample = sampling.Sample(5)
        for name in order:
            sample.offer(name, place)
        drawn.append(sorted(key for _, key, _ in sample.heap))
    assert drawn[0] == drawn[1] and len(drawn[0]) == 5


def test_stages_and_sources_add_up(out):
    funnel = PipelineResult.load(out).funnel
    for stage in stage_flows(funnel):
        total = sum(row.amount.documents for row in stage.left) + stage.kept.documents
        assert total == stage.entered.documents
    for flow in source_flows(funnel):
        went = flow.kept.documents + flow.dropped.documents + flow.quarantined.documents
        assert went == flow.entered.documents


def test_signs_that_turn_the_page_are_shown_as_such():
    assert templates.seen("a\u202eb\x00c\n") == "a\ufffdb\ufffdc\n"
    assert templates.cell("a|b\n<i>*c*") == r"a\|b &lt;i\>\*c\*"


def test_duplicates_whose_identifiers_repeat_stand_beside_their_own_original(tmp_path):
    lute, march, fugue = (prose(number) for number in (21, 22, 23))
    files = {"a": [lute, fugue], "b": [march, lute], "c": [march, fugue + " More of it."]}
    for name, texts in files.items():
        lines = [json.dumps({"id": n, "text": body}) for n, body in enumerate(texts, 1)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    arguments = ["--source", str(tmp_path), "--out", str(tmp_path / "out"), "--no-classifier"]
    assert main(arguments) == 0
    shown = without_markup((tmp_path / "out" / page.PAGE).read_text(encoding="utf-8"))
    for copy, first in (("2 (b.jsonl:2)", "1 (a.jsonl:1)"), ("1 (c.jsonl:1)", "1 (b.jsonl:1)")):
        assert re.search(rf"dropped {re.escape(copy)}[^(]*stays {re.escape(first)}", shown)
    assert "No word differs" in shown
    rejected = [
        r for p in (tmp_path / "out/rejected").glob("*duplicates.jsonl") for r in read_jsonl(p)
    ]
    origins = {r["metadata"]["read_from"]: r["detail"]["duplicate_read_from"] for r in rejected}
    copies = {"b.jsonl:2": "a.jsonl:1", "c.jsonl:1": "b.jsonl:1", "c.jsonl:2": "a.jsonl:2"}
    assert origins == copies


def test_a_canary_that_stays_is_told(tmp_path):
    number = "0C4F7F0E-5B0A-4C60-9D0F-2A6D5D1F7E83"
    (tmp_path / "a.jsonl").write_text(
        json.dumps({"id": 1, "text": f"{prose(3)} It says {number}."})
    )
    questions = tmp_path / "q.jsonl"
    questions.write_text(json.dumps(QUESTION | {"canary": f"canary {number.lower()}"}))
    (tmp_path / "s.yaml").write_text("decontamination: report")
    arguments = ["--source", str(tmp_path / "a.jsonl"), "--out", str(tmp_path / "out")]
    arguments += ["--questions", str(questions), "--settings", str(tmp_path / "s.yaml")]
    assert main([*arguments, "--no-classifier"]) == 0
    shown = without_markup((tmp_path / "out" / page.PAGE).read_text(encoding="utf-8"))
    assert "1 document: kept, and noted: it holds the benchmark's canary." in shown
    assert number in marked((tmp_path / "out" / page.PAGE).read_text(encoding="utf-8"))


def test_personal_data_of_the_metadata_is_nowhere_but_in_what_was_rejected(tmp_path):
    told = {
        "author": ADDRESS,
        "contact": TELEPHONE,
        "url": f"https://anna:geheim99@{ADDRESS[-16:]}",
    }
    (tmp_path / "a.jsonl").write_text(json.dumps({"id": 1, "text": prose(3)} | told))
    out = tmp_path / "out"
    assert main(["--source", str(tmp_path / "a.jsonl"), "--out", str(out), "--no-classifier"]) == 0
    shown = without_markup((out / page.PAGE).read_text(encoding="utf-8"))
    card_text = (out / "dataset/README.md").read_text()
    assert "In strings of the metadata: [EMAIL] 1, [PHONE] 1, [URL] 1." in shown
    assert "Replaced in the metadata by placeholders: `[EMAIL]` 1, `[PHONE]` 1" in card_text
    assert "None was found in the text." in card_text
    (row,) = pyarrow.parquet.read_table(out / "dataset/data").to_pylist()
    for value in told.values():
        assert value not in shown + card_text + json.dumps(row)
