import json
import os
import signal
import subprocess
import sys
import time

import pytest
import yaml

from mucpt_utils.analysis.stage_quality import Outcome, measure, measure_decontamination
from mucpt_utils.config.pipeline import (
    ClassifierSettings,
    MaskingSettings,
    MinhashSettings,
    PipelineSettings,
    QualitySettings,
)
from mucpt_utils.pipeline import run
from mucpt_utils.pipeline.accounting import check_accounting
from mucpt_utils.pipeline.classifier import train_classifier
from mucpt_utils.pipeline.run import RESULT, PipelineResult, main, run_pipeline
from mucpt_utils.pipeline.shards import read_documents
from mucpt_utils.text.sources.inputs import file_units

QUESTION = {
    "id": "q1",
    "question": "Which record label originally released the album Marquee Moon?",
    "answer": "Elektra",
    "subject": "Marquee Moon",
    "answer_type": "group",
    "fact_ids": ["m:album.label:marquee-moon"],
}
SPAM = "Buy cheap watches now at deals.example and save 70% off!"
BANNER = "We use cookies to improve your experience. Accept all | Reject all"


def prose(number):
    return (
        f"The chamber work number {number} opens with a slow melody for violin, and its sonata "
        f"movement of {number + 200} bars was praised by the conductor of the orchestra. "
        f"In concert {number * 7 + 3} the piano carried the rhythm, the strings kept the tempo, "
        f"and listeners in hall {number * 3 + 1} asked to hear the chorus again."
    )


def off_domain(number):
    return (
        f"Chop {number + 2} onions and fry them in the butter with a spoon of flour. Add the stock "
        f"to the soup, simmer it for {number + 20} minutes and serve it with bread to your guests. "
        f"The goal came late in the match and the referee booked player {number}."
    )


def build(*parts):
    """A text and its labelled stretches out of strings and (string, kind[, extra]) pieces."""
    text, spans = "", []
    for part in parts:
        piece, *label = (part,) if isinstance(part, str) else part
        if label:
            kind, extra = label[0], label[1] if len(label) > 1 else {}
            span = {"start": len(text), "end": len(text) + len(piece), "kind": kind}
            spans.append(span | extra)
        text += piece
    return text, spans


def document(key, text, spans=(), kind="article", in_domain=True, duplicate_of=None):
    truth = {
        "in_domain": in_domain,
        "spans": list(spans),
        "duplicate_of": duplicate_of,
        "doc_kind": kind,
        "facts": [],
    }
    metadata = {"source": f"made/{len(key) % 2}", "title": key, "truth": truth}
    return {"text": text, "id": key, "metadata": metadata}


def corpus():
    """Good documents, and each flaw that a stage is there for."""
    documents = [document(f"good{i}", prose(i)) for i in range(30)]
    documents += [
        document(f"off{i}", off_domain(i), kind="off_domain", in_domain=False) for i in range(6)
    ]
    spam = SPAM.replace("watches", "violin, piano, sonata and orchestra chorus tickets")
    documents.append(document("spam", f"{spam}\n{spam}", kind="spam", in_domain=False))
    documents.append(document("copy", prose(3), duplicate_of="good3"))
    near = prose(4).replace("again", "once more")
    documents.append(document("near", near, duplicate_of="good4"))
    documents.append(document("asks", f"{prose(50)} What label put out Marquee Moon? Elektra."))
    flawed = build(
        (BANNER, "boilerplate"),
        "\n",
        (prose(60).split(". ")[0] + ".", "fact", {"fact": "f"}),
        " ",
        (SPAM, "spam"),
        " It premiered in DvoÅ™Ã¡k",
        "'s city. ",
        ("sid=0123456789abcdef0123456789abcdef", "noise", {"subkind": "tracking"}),
        " Write to ",
        ("anna@example.org", "pii", {"subkind": "email"}),
        " or ring ",
        ("(212) 555-0147", "pii", {"subkind": "phone"}),
        " about the sonata and the violin of the orchestra.",
    )
    documents.append(document("flawed", *flawed))
    return documents


@pytest.fixture(scope="module")
def classifier_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classifier")
    labelled = [(prose(i + 1000), True, f"m{i % 6}") for i in range(60)]
    labelled += [(off_domain(i + 1000), False, f"g{i % 6}") for i in range(60)]
    # junk is no part of the domain question: the words it shares with neither side say nothing
    train_classifier(labelled, folder, 0, ClassifierSettings(dimensions=4, min_count=1, folds=2))
    return folder


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    documents = corpus()
    for name, part in (("a.jsonl", documents[:15]), ("b.jsonl", documents[15:])):
        (folder / name).write_text("".join(json.dumps(d) + "\n" for d in part))
    with (folder / "b.jsonl").open("a") as file:
        file.write("{broken\n")
    return folder


SETTINGS = PipelineSettings(part_documents=7, classifier_threshold=0.2)
OFF = PipelineSettings(
    classifier="off",
    clean=QualitySettings(enabled=False),
    exact_duplicates=False,
    near_duplicates=MinhashSettings(enabled=False),
    masking=MaskingSettings(enabled=False),
    decontamination="off",
)


@pytest.fixture(scope="module")
def result(source, classifier_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    return run_pipeline(source, out, SETTINGS, classifier_folder, [QUESTION])


def contents(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and "logs" not in p.parts
    }


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
    }
    assert rejected(result)["copy"]["detail"] == {"duplicate_of": "good3", "similarity": 1.0}
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
    assert bad["reason"].startswith("not JSON") and bad["excerpt"] == "{broken\n"
    header = (result.folder / "funnel.csv").read_text().splitlines()[0]
    assert header == "stage,source,reason,documents,tokens"


def test_no_stage_reads_the_truth(source, classifier_folder, result, tmp_path):
    blind = tmp_path / "blind"
    blind.mkdir()
    for path in source.glob("*.jsonl"):
        lines = [x for x in path.read_text().splitlines() if not x.startswith("{broken")]
        rows = [json.loads(x) for x in lines]
        for row in rows:
            row["metadata"].pop("truth")
        (blind / path.name).write_text("".join(json.dumps(r) + "\n" for r in rows))
    again = run_pipeline(blind, tmp_path / "out", SETTINGS, classifier_folder, [QUESTION])
    assert [(d.id, d.text) for d in read_documents(again.kept)] == [
        (d.id, d.text) for d in read_documents(result.kept)
    ]


def test_the_number_of_tasks_does_not_change_a_byte(source, classifier_folder, result, tmp_path):
    again = run_pipeline(source, tmp_path, SETTINGS, classifier_folder, [QUESTION], tasks=5)
    assert contents(again.folder) == contents(result.folder)


def test_worker_processes_do_not_change_a_byte(source, tmp_path):
    settings = OFF.model_copy(update={"exact_duplicates": True, "part_documents": 9})
    one = run_pipeline(source, tmp_path / "one", settings)
    two = run_pipeline(source, tmp_path / "two", settings, tasks=4, workers=2)
    assert contents(one.folder) == contents(two.folder)


def test_a_finished_run_is_loaded_and_another_setting_runs_anew(
    source, classifier_folder, result, monkeypatch
):
    monkeypatch.setattr(run, "run_stage", lambda *_: pytest.fail("a stage ran again"))
    again = run_pipeline(source, result.folder, SETTINGS, classifier_folder, [QUESTION])
    assert again == result == PipelineResult.load(result.folder)
    other = SETTINGS.model_copy(update={"exact_duplicates": False})
    with pytest.raises(pytest.fail.Exception, match="ran again"):
        run_pipeline(source, result.folder, other, classifier_folder, [QUESTION])


def test_a_killed_run_goes_on_to_the_same_bytes(source, classifier_folder, tmp_path):
    arguments = [sys.executable, "-m", "mucpt_utils.pipeline", "--source", str(source)]
    arguments += ["--classifier", str(classifier_folder), "--out"]
    arguments[arguments.index("--out") :] = ["--out", str(tmp_path / "killed")]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wanted = tmp_path / "killed" / "stages"
    while process.poll() is None and not list(wanted.glob("*/01-classify/counts/*")):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed" / RESULT).exists()
    resumed = run_pipeline(source, tmp_path / "killed", None, classifier_folder)
    whole = run_pipeline(source, tmp_path / "whole", None, classifier_folder)
    assert contents(resumed.folder) == contents(whole.folder)


def test_with_every_stage_off_documents_pass_as_they_are(source, tmp_path):
    out = run_pipeline(source, tmp_path, OFF, questions=[QUESTION])
    assert {r["stage"] for r in out.funnel} == {"read"}
    assert [(d.id, d.text, d.metadata) for d in read_documents(out.kept)] == [
        (d["id"], d["text"], d["metadata"]) for d in corpus()
    ]


@pytest.mark.parametrize(
    ("mode", "off_domain_kept", "weighed"),
    [("off", True, False), ("filter", False, False), ("weights", True, True)],
)
def test_the_classifier_filters_weighs_both_or_neither(
    source, classifier_folder, tmp_path, mode, off_domain_kept, weighed
):
    settings = OFF.model_copy(update={"classifier": mode})
    path = None if mode == "off" else classifier_folder
    out = run_pipeline(source, tmp_path, settings, path)
    kept = {d.id: d.metadata for d in read_documents(out.kept)}
    assert ("off1" in kept) is off_domain_kept
    assert ("weight" in kept["good1"]) is weighed
    if weighed:
        assert kept["good1"]["weight"] > 0.8 > 0.2 > kept["off1"]["weight"]


def test_contamination_may_only_be_reported(source, tmp_path):
    settings = OFF.model_copy(update={"decontamination": "report"})
    out = run_pipeline(source, tmp_path, settings, questions=[QUESTION])
    asked = {d.id: d.metadata.get("asked_questions") for d in read_documents(out.kept)}
    assert asked["asks"] == ["q1"] and asked["good1"] is None


def test_real_text_goes_through_the_same_stages(tmp_path):
    (tmp_path / "in").mkdir()
    text = "\n\n".join(prose(i) for i in range(20))
    (tmp_path / "in" / "book.txt").write_text(text)
    out = run_pipeline(tmp_path / "in", tmp_path / "out", PipelineSettings(classifier="off"))
    kept = list(read_documents(out.kept))
    assert " ".join(" ".join(d.text for d in kept).split()) == " ".join(text.split())
    assert kept[0].metadata["lane"] == "prose"


def test_bad_calls_say_what_is_wrong(tmp_path, source):
    with pytest.raises(ValueError, match="needs classifier_path"):
        run_pipeline(source, tmp_path)
    with pytest.raises(FileNotFoundError, match="domain.bin is missing"):
        run_pipeline(source, tmp_path, SETTINGS, tmp_path)
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


# --- command line -------------------------------------------------------------------------------


def test_the_command_runs_without_a_classifier_and_prints_the_funnel(source, tmp_path, capsys):
    questions = tmp_path / "questions.jsonl"
    questions.write_text(json.dumps(QUESTION) + "\n")
    settings = tmp_path / "settings.yaml"
    settings.write_text(yaml.safe_dump({"masking": {"enabled": False}}))
    arguments = ["--source", str(source), "--out", str(tmp_path / "out")]
    arguments += ["--questions", str(questions), "--settings", str(settings)]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "decontaminate" in printed and "mask" not in printed and "classify" not in printed


def test_a_dry_run_prints_the_plan_and_writes_nothing(source, tmp_path, capsys):
    assert main(["--source", str(source), "--out", str(tmp_path / "out"), "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert "read -> clean -> exact_duplicates -> near_duplicates -> mask" in printed
    assert "time" in printed and "disk" in printed
    assert not (tmp_path / "out").exists()


def test_a_dry_run_of_books_fetches_none(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("httpx.stream", lambda *_, **__: pytest.fail("asked for a book"))
    arguments = ["--source", "gutenberg:1,2,3", "--out", str(tmp_path / "out"), "--dry-run"]
    assert main([*arguments, "--workers", "2", "--engine", "ray"]) == 0
    printed = capsys.readouterr().out
    assert "3 books to fetch" in printed and "ray, 2 workers" in printed
    assert not (tmp_path / "out").exists()


def test_a_single_file_is_a_source(tmp_path, source):
    out = run_pipeline(source / "a.jsonl", tmp_path, OFF)
    assert sum(r["documents"] for r in out.funnel) == 15


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("--source", "gutenberg:x"), "numbers of books"),
        (("--source", "nowhere"), "nowhere is not a folder"),
        (("--questions", "{bad}"), "not JSON"),
        (("--settings", "{typo}"), "Extra inputs are not permitted"),
    ],
)
def test_wrong_input_is_one_line_and_status_2(source, tmp_path, capsys, change, message):
    (tmp_path / "bad.jsonl").write_text("{\n")
    (tmp_path / "typo.yaml").write_text("maskin: {}\n")
    flag, value = change
    value = value.format(bad=tmp_path / "bad.jsonl", typo=tmp_path / "typo.yaml")
    arguments = {"--source": str(source), "--out": str(tmp_path / "out")} | {flag: value}
    assert main([x for pair in arguments.items() for x in pair]) == 2
    assert message in capsys.readouterr().err


def test_an_unwritable_folder_is_one_line(source, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["--source", str(source), "--out", str(tmp_path / "file" / "out")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert os.listdir(tmp_path) == ["file"]


# --- measured quality ---------------------------------------------------------------------------


def test_quality_is_measured_against_the_labels(source, result):
    rows = {(r["stage"], r["kind"]): r for r in measure(Outcome.load(source, result.folder))}
    perfect = {
        ("classify", "off_domain"): 7,
        ("clean", "spam document"): 1,
        ("exact_duplicates", "exact copy"): 1,
        ("near_duplicates", "near copy"): 1,
        ("clean", "boilerplate line"): 1,
        ("clean", "spam sentence"): 1,
        ("clean", "tracking code"): 1,
        ("mask", "email"): 1,
        ("mask", "phone"): 1,
    }
    assert {key: rows[key]["n"] for key in perfect} == perfect
    for key in perfect.keys() - {("classify", "off_domain")}:
        assert rows[key]["recall"] == 1, key
    assert rows["classify", "off_domain"]["recall"] == pytest.approx(6 / 7, abs=1e-3)
    # the document that asks a question is a good one, and it is gone
    assert rows["pipeline", "good document kept"]["recall"] == pytest.approx(31 / 32, abs=1e-3)


def test_what_a_stage_missed_or_took_wrongly_lowers_the_figures(source, result):
    outcome = Outcome.load(source, result.folder)
    kept, gone = dict(outcome.kept), dict(outcome.rejected)
    kept["copy"] = outcome.entered["copy"]
    del gone["copy"]
    gone["good7"] = {**kept.pop("good7"), "stage": "near_duplicates", "reason": "near duplicate"}
    kept["flawed"] = outcome.entered["flawed"]
    rows = {(r["stage"], r["kind"]): r for r in measure(Outcome(outcome.entered, kept, gone))}
    assert rows["exact_duplicates", "exact copy"]["recall"] == 0
    assert rows["near_duplicates", "near copy"]["precision"] == 0.5
    assert rows["mask", "email"]["recall"] == 0
    assert rows["clean", "boilerplate line"]["recall"] == 0


def test_decontamination_is_measured_on_planted_questions():
    planted = [("Hello. Who put out Marquee Moon? Elektra.", "q1"), ("Nothing here.", "q1")]
    clean = ["Elektra released Marquee Moon.", "Which label put out Marquee Moon? Hm."]
    row = measure_decontamination(planted, clean, [QUESTION])
    assert (row["precision"], row["recall"], row["n"]) == (0.5, 0.5, 2)
