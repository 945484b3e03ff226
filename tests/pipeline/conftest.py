"""The flawed corpus as files, a classifier for it, and one run of the whole pipeline over it."""

import json

import pytest
from flawed_corpus import QUESTION, SETTINGS, corpus, off_domain, prose

from mucpt_utils.config.pipeline import ClassifierSettings
from mucpt_utils.pipeline.domain.training import train_classifier
from mucpt_utils.pipeline.run import run_pipeline


@pytest.fixture(scope="session")
def classifier_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classifier")
    labelled = [(prose(i + 1000), True, f"m{i % 6}") for i in range(60)]
    labelled += [(off_domain(i + 1000), False, f"g{i % 6}") for i in range(60)]
    # junk is no part of the domain question: the words it shares with neither side say nothing
    train_classifier(labelled, folder, 0, ClassifierSettings(dimensions=4, min_count=1, folds=2))
    return folder


@pytest.fixture(scope="session")
def flawed_source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    documents = corpus()
    for name, rows in (("a.jsonl", documents[:15]), ("b.jsonl", documents[15:])):
        (folder / name).write_text("".join(json.dumps(d) + "\n" for d in rows))
    with (folder / "b.jsonl").open("a") as file:
        file.write("{broken\n")
    return folder


@pytest.fixture(scope="session")
def result(flawed_source, classifier_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    return run_pipeline(flawed_source, out, SETTINGS, classifier_folder, [QUESTION])
