"""Files in and out: what an archive may bring."""

import io
import tarfile

import pytest

from mucpt_utils.io import FileError, unpack_tar


def archive(name, kind=tarfile.REGTYPE):
    """An open archive with a file `first/kept.txt` and another member."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for member, of in (("first/kept.txt", tarfile.REGTYPE), (name, kind)):
            info = tarfile.TarInfo(member)
            info.type, info.linkname = of, "kept.txt"
            info.size = 4 if of == tarfile.REGTYPE else 0
            tar.addfile(info, io.BytesIO(b"text"))
    packed.seek(0)
    return tarfile.open(fileobj=packed)


@pytest.fixture(params=["this Python", "one without a filter"])
def any_python(request, monkeypatch):
    """Python as it is here, and as Debian 12 has it."""
    if request.param == "one without a filter":
        monkeypatch.delattr(tarfile, "data_filter", raising=False)


@pytest.mark.parametrize("name", ["second.txt", "first/second.txt", "./third.txt"])
def test_an_archive_is_unpacked(any_python, tmp_path, name):
    with archive(name) as tar:
        unpack_tar(tar, tmp_path / "into")
    for member in ("first/kept.txt", name):
        assert (tmp_path / "into" / member).resolve().read_text() == "text"


@pytest.mark.parametrize(
    "name, kind",
    [
        ("../outside.txt", tarfile.REGTYPE),
        ("/tmp/outside.txt", tarfile.REGTYPE),
        ("first/link", tarfile.SYMTYPE),
        ("first/pipe", tarfile.FIFOTYPE),
    ],
)
def test_nothing_is_unpacked_elsewhere(any_python, tmp_path, name, kind):
    with archive(name, kind) as tar, pytest.raises(FileError, match="no file or folder inside it"):
        unpack_tar(tar, tmp_path / "into")
    assert list(tmp_path.rglob("*.txt")) == []
