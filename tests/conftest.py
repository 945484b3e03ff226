"""Every test runs offline, on one thread, with a work folder of its own session."""

import os

# before torch and huggingface_hub are imported, which read them once
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import pytest
from smallest import SMALLEST

# files that take longest, by processor time: none of them may be what one worker does at the end
LONGEST = [
    *("test_notebooks.py", "test_report.py", "test_site_pages.py", "test_launch.py"),
    *("test_gpu_hour.py", "test_figures.py", "test_lab.py", "test_report_page.py"),
    *("test_study.py", "test_trainer.py", "test_real.py", "test_keys.py"),
]


def pytest_collection_modifyitems(items):
    """The longest files first, where files run side by side; all others in their order."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


@pytest.fixture(scope="session", autouse=True)
def work_folder(tmp_path_factory):
    """`MUCPT_WORK` is a temporary folder for the whole session.

    Side by side each worker has its own; what one has made of a study, the others find.
    """
    folder = tmp_path_factory.mktemp("work")
    if "PYTEST_XDIST_WORKER" in os.environ:
        together = tmp_path_factory.getbasetemp().parent / "stages"
        together.mkdir(exist_ok=True)
        (folder / "stages").symlink_to(together)
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

    return Study(load_profile("smoke", SMALLEST), "test")
