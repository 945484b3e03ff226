import json
import signal
import subprocess
import sys
import time

import pytest
from flawed_corpus import OFF, QUESTION, SETTINGS, SPAM, contents, corpus, prose

from mucpt_utils.config.pipeline import ContainmentSettings, PipelineSettings, QualitySettings
from mucpt_utils.pipeline import run
from mucpt_utils.pipeline.accounting import check_accounting
from mucpt_utils.pipeline.run import RESULT, PipelineResult, run_pipeline
from mucpt_utils.pipeline.shards import read_documents
from mucpt_utils.text.sources.inputs import file_units


def rejected(result):
    rows = [json.loads(x) for p in result.rejected.glob("*") for x in p.read_text().splitlines()]
    return {row["id"]: row for row in rows}


def test_each_flaw_goes_at_its_stage_with_its_reason(result):
    found = {key: (row["stage"], row["reason"]) for key, row in rejected(result).items()}
    assert found == {
        **{f"off{i}": ("classify", "off domain") for i in range(6)},
        "spam": ("clean", "spam"),
        "copy": ("exact_duplicates", "exact duplicate"),
        "near": ("near_duplicates", "near duplicate"),
        "asks": ("decontaminate", "asks and answers a benchmark question"),
        # what is cut out of a document that stays, sentence by sentence and code by code
        "flawed:0": ("clean", "boilerplate sentence"),
        "flawed:43": ("clean", "boilerplate sentence"),
        "flawed:214": ("clean", "spam sentence"),
        "flawed:301": ("clean", "tracking code"),
    }
    cut = rejected(result)["flawed:214"]
    words = [cut["text"][start:end] for start, end in cut["detail"]["triggers"]]
    assert cut["text"].strip() == SPAM and cut["detail"]["cut_from"] == "flawed"
    assert "deals.example" in words
    assert rejected(result)["copy"]["detail"] == {
        **{"duplicate_of": "good3", "duplicate_read_from": "a.jsonl:4"},
        "similarity": 1.0,
    }
    assert rejected(result)["near"]["detail"]["duplicate_of"] == "good4"
    assert rejected(result)["asks"]["detail"] == {"questions": ["q1"]}
    kept = [d.id for d in read_documents(result.kept)]
    assert kept == [f"good{i}" for i in range(30)] + ["flawed"], "kept in the order of reading"


def test_a_flawed_document_comes_out_clean_with_its_annotations_in_place(result):
    (flawed,) = (d for d in read_documents(result.kept) if d.id == "flawed")
    assert flawed.text.startswith("The chamber work number 60")
    assert "Dvořák's city. Write to [EMAIL] or ring [PHONE] about" in flawed.text
    spans = flawed.metadata["truth"]["spans"]
    texts = {s["kind"]: flawed.text[s["start"] : s["end"]] for s in spans}
    assert texts.pop("fact") == prose(60).split(". ")[0] + "."
    assert texts == {"boilerplate": "", "spam": "", "noise": "", "pii": "[PHONE]"}
    assert flawed.metadata["masked"] == {"EMAIL": 1, "PHONE": 1}
    assert 0.2 < flawed.metadata["weight"] <= 1


def test_the_accounting_adds_up_and_the_broken_line_has_its_place(result):
    check_accounting(result.funnel)
    read = sum(r["documents"] for r in result.funnel if r["stage"] == "read")
    assert read == len(corpus()) + 1
    (bad,) = map(json.loads, result.quarantine.read_text().splitlines())
    assert bad["place"] == f"b.jsonl:{len(corpus()) - 15 + 1}"
    assert bad["reason"].startswith("not JSON") and bad["excerpt"] == "{broken"
    header = (result.folder / "funnel.csv").read_text().splitlines()[0]
    assert header == "stage,source,reason,documents,tokens"


def test_no_stage_reads_the_truth(flawed_source, classifier_folder, result, tmp_path):
    blind = tmp_path / "blind"
    blind.mkdir()
    for path in flawed_source.glob("*.jsonl"):
        lines = [x for x in path.read_text().splitlines() if not x.startswith("{broken")]
        rows = [json.loads(x) for x in lines]
        for row in rows:
            row["metadata"].pop("truth")
        (blind / path.name).write_text("".join(json.dumps(r) + "\n" for r in rows))
    again = run_pipeline(blind, tmp_path / "out", SETTINGS, classifier_folder, [QUESTION])
    assert [(d.id, d.text) for d in read_documents(again.kept)] == [
        (d.id, d.text) for d in read_documents(result.kept)
    ]


def test_the_number_of_tasks_does_not_change_a_byte(
    flawed_source, classifier_folder, result, tmp_path
):
    again = run_pipeline(flawed_source, tmp_path, SETTINGS, classifier_folder, [QUESTION], tasks=5)
    assert contents(again.folder) == contents(result.folder)


def test_worker_processes_do_not_change_a_byte(flawed_source, tmp_path):
    settings = OFF.model_copy(update={"exact_duplicates": True, "part_documents": 9})
    one = run_pipeline(flawed_source, tmp_path / "one", settings)
    two = run_pipeline(flawed_source, tmp_path / "two", settings, tasks=4, workers=2)
    assert contents(one.folder) == contents(two.folder)


def test_a_finished_run_is_loaded_and_another_setting_runs_anew(
    flawed_source, classifier_folder, result, monkeypatch
):
    monkeypatch.setattr(run, "run_stage", lambda *_: pytest.fail("a stage ran again"))
    again = run_pipeline(flawed_source, result.folder, SETTINGS, classifier_folder, [QUESTION])
    assert again == result == PipelineResult.load(result.folder)
    other = SETTINGS.model_copy(update={"exact_duplicates": False})
    with pytest.raises(pytest.fail.Exception, match="ran again"):
        run_pipeline(flawed_source, result.folder, other, classifier_folder, [QUESTION])


def test_a_killed_run_goes_on_to_the_same_bytes(flawed_source, classifier_folder, tmp_path):
    arguments = [sys.executable, "-m", "mucpt_utils.pipeline", "--source", str(flawed_source)]
    arguments += ["--classifier", str(classifier_folder), "--out"]
    arguments[arguments.index("--out") :] = ["--out", str(tmp_path / "killed")]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wanted = tmp_path / "killed" / "stages"
    while process.poll() is None and not list(wanted.glob("*/01-classify/counts/*")):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed" / RESULT).exists()
    resumed = run_pipeline(flawed_source, tmp_path / "killed", None, classifier_folder)
    whole = run_pipeline(flawed_source, tmp_path / "whole", None, classifier_folder)
    assert contents(resumed.folder) == contents(whole.folder)


def test_with_every_stage_off_documents_pass_as_they_are(flawed_source, tmp_path):
    out = run_pipeline(flawed_source, tmp_path, OFF, questions=[QUESTION])
    assert {r["stage"] for r in out.funnel} == {"read"}
    kept = list(read_documents(out.kept))
    places = [document.metadata.pop("read_from") for document in kept]
    assert places[14:16] == ["a.jsonl:15", "b.jsonl:1"]
    assert [(d.id, d.text, d.metadata) for d in kept] == [
        (d["id"], d["text"], d["metadata"]) for d in corpus()
    ]


@pytest.mark.parametrize(
    ("mode", "off_domain_kept", "weighed"),
    [("off", True, False), ("filter", False, False), ("weights", True, True)],
)
def test_the_classifier_filters_weighs_both_or_neither(
    flawed_source, classifier_folder, tmp_path, mode, off_domain_kept, weighed
):
    settings = OFF.model_copy(update={"classifier": mode})
    path = None if mode == "off" else classifier_folder
    out = run_pipeline(flawed_source, tmp_path, settings, path)
    kept = {d.id: d.metadata for d in read_documents(out.kept)}
    assert ("off1" in kept) is off_domain_kept
    assert ("weight" in kept["good1"]) is weighed
    if weighed:
        assert kept["good1"]["weight"] > 0.8 > 0.2 > kept["off1"]["weight"]


def test_contamination_may_only_be_reported(flawed_source, tmp_path):
    settings = OFF.model_copy(update={"decontamination": "report"})
    out = run_pipeline(flawed_source, tmp_path, settings, questions=[QUESTION])
    asked = {d.id: d.metadata.get("asked_questions") for d in read_documents(out.kept)}
    assert asked["asks"] == ["q1"] and asked["good1"] is None


def test_a_canary_is_no_tracking_code(tmp_path):
    number, other = "0c4f7f0e-5b0a-4c60-9d0f-2a6d5d1f7e83", "1d5f7f0e-5b0a-4c60-9d0f-2a6d5d1f7e83"
    source = tmp_path / "a.jsonl"
    marks = [f"canary={number}", f"{{{{canary {number}}}}}", f"session id {number}", f"id={other}"]
    rows = [{"id": mark, "text": f"{prose(n)} {mark} end"} for n, mark in enumerate(marks)]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = OFF.model_copy(update={"clean": QualitySettings(), "decontamination": "drop"})
    marked = QUESTION | {"canary": f"canary {number}"}
    out = run_pipeline(source, tmp_path / "out", settings, questions=[marked])
    assert [(d.id, d.text) for d in read_documents(out.kept)] == [(marks[3], f"{prose(3)} end")]
    dropped = {row["reason"] for key, row in rejected(out).items() if key in marks}
    assert dropped == {"holds the benchmark's canary"}


def test_real_text_goes_through_the_same_stages(tmp_path):
    (tmp_path / "in").mkdir()
    text = "\n\n".join(prose(i) for i in range(20))
    (tmp_path / "in" / "book.txt").write_text(text)
    out = run_pipeline(tmp_path / "in", tmp_path / "out", PipelineSettings(classifier="off"))
    kept = list(read_documents(out.kept))
    assert " ".join(" ".join(d.text for d in kept).split()) == " ".join(text.split())
    assert kept[0].metadata["lane"] == "prose"


def test_bad_calls_say_what_is_wrong(tmp_path, flawed_source):
    with pytest.raises(ValueError, match="needs classifier_path"):
        run_pipeline(flawed_source, tmp_path)
    with pytest.raises(FileNotFoundError, match="classifier.json is missing"):
        run_pipeline(flawed_source, tmp_path, SETTINGS, tmp_path)
    with pytest.raises(FileNotFoundError, match="is not a folder"):
        run_pipeline(tmp_path / "none", tmp_path, OFF)
    with pytest.raises(ValueError, match="classifier"):
        PipelineSettings(classifier="maybe")


def test_files_are_grouped_into_units_of_their_size(tmp_path):
    paths = []
    for number, size in enumerate((10, 10, 200, 10)):
        paths.append(tmp_path / str(number))
        paths[-1].write_bytes(b"x" * size)
    assert file_units(paths, 20) == [paths[:2], paths[2:3], paths[3:]]


def test_a_single_file_is_a_source(tmp_path, flawed_source):
    out = run_pipeline(flawed_source / "a.jsonl", tmp_path, OFF)
    assert sum(r["documents"] for r in out.funnel) == 15


def test_what_decides_metadata_beside_the_files_decides_the_run(tmp_path):
    def stated(source):
        kept = read_documents(run_pipeline(source, tmp_path / "out", OFF).kept)
        return {(d.metadata["source"], d.metadata["title"]) for d in kept}

    one, other = tmp_path / "music", tmp_path / "jazz"
    for folder in (one, other):
        folder.mkdir()
        (folder / "5724.txt").write_text(prose(1))
    assert stated(one) == {("music", "5724")}
    assert stated(other) == {("jazz", "5724")}, "the same files in another folder"
    for title in ("A Book of Operas", "A Second Book of Operas"):
        (other / "BOOKS.tsv").write_text(f"id\ttitle\n5724\t{title}\n")
        assert stated(other) == {("jazz", title)}


def test_a_report_of_contained_works_does_not_outlive_its_run(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    passages = [prose(number) for number in range(40)]
    (source / "whole.txt").write_text("\n\n".join(passages))
    (source / "part.txt").write_text("\n\n".join(passages[:20]))
    looking, blind = (
        OFF.model_copy(update={"contained": ContainmentSettings(most_alike=1, enabled=enabled)})
        for enabled in (True, False)
    )
    assert run_pipeline(source, tmp_path / "out", looking).contained.read_text()
    assert not run_pipeline(source, tmp_path / "out", blind).contained.exists()
