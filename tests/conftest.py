"""Every test runs offline, on one thread, with a work folder of its own session."""

import os

# before torch and huggingface_hub are imported, which read them once
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import pytest


def pytest_collection_modifyitems(items):
    """The notebooks first: where files run side by side, the longest one must not start last."""
    items.sort(key=lambda item: item.path.name != "test_notebooks.py")


@pytest.fixture(scope="session", autouse=True)
def work_folder(tmp_path_factory):
    """`MUCPT_WORK` is a temporary folder for the whole session."""
    folder = tmp_path_factory.mktemp("work")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUCPT_WORK", str(folder))
        yield folder


@pytest.fixture(scope="session")
def tiny_model():
    """A function that makes the same tiny Llama-type model for the same seed."""
    from mucpt_utils.config.scoring import ModelSettings
    from mucpt_utils.scoring.models import from_scratch

    settings = ModelSettings(hidden_size=16, layers=2, heads=2, intermediate_size=24, context=32)
    return lambda seed=0, vocabulary=40: from_scratch(settings, vocabulary, seed)


@pytest.fixture(scope="session")
def store_of():
    """A function that makes a token store of random documents with the given lengths."""
    from mucpt_utils.scoring.tokens import TokenStore

    def make(lengths, seed=0, vocabulary=40):
        rng = np.random.default_rng(seed)
        rows = [np.append(rng.integers(1, vocabulary, n - 1), 0) for n in lengths]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        ids = [f"d{i}" for i in range(len(lengths))]
        return TokenStore(np.concatenate(rows).astype(np.uint16), starts, ids)

    return make


@pytest.fixture(scope="session")
def study(work_folder):
    """The smallest study that has every stage; its stages are made once for all who ask."""
    from mucpt_utils.config.settings import load_profile
    from mucpt_utils.study.study import Study

    small = ["seeds=[0]", "base.tokens=1024", "reference_training.tokens=1024"]
    small += ["world.subjects=6", "world.practice=6", "world.calibration=2", "world.general=8"]
    small += ["render.documents_per_subject=5", "reference.temperature=1.0"]
    return Study(load_profile("smoke", small), "test")
