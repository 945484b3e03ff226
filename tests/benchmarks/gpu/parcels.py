"""Finished stages as a parcel: one archive in pieces that a carry holds, each with its digest.

A parcel may leave files out (models are larger than a carry): their digests travel in their place,
so that what arrives is still checked against the record of the stage.
"""

import hashlib
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import read_json, unpack_tar, write_json
from mucpt_utils.scoring.packages import sha256
from mucpt_utils.study.stages import RECORD, file_digest, output_files

LEFT_OUT, MANIFEST = "left_out.json", "manifest.json"
MODEL = ".safetensors"


class ParcelError(MuCPTError, ValueError):
    """A parcel that is damaged, incomplete, or holds another stage than it says."""


def pack(sources: Iterable[Path], out: Path, piece: int, total: int, models: bool = False) -> list:
    """Write folders and files as `NN.part` of at most `piece` bytes and a manifest into `out`.

    models: whether weights of models go along; those that do not, and the largest other outputs
    beyond `total` bytes, are left out. Returns the names of what was left out.
    """
    out.mkdir(parents=True, exist_ok=True)
    for old in [out / MANIFEST, *out.glob("*.part")]:  # of another parcel, or of one cut off
        old.unlink(missing_ok=True)
    sources = sorted(sources)
    left = {} if models else too_much(sources, total)
    with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
        archive = Path(scratch) / "archive"
        write_json(Path(scratch) / LEFT_OUT, left)
        with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
            tar.add(Path(scratch) / LEFT_OUT, LEFT_OUT)
            for source in sources:
                for path in [source] if source.is_file() else sorted(source.rglob("*")):
                    name = path.relative_to(source.parent).as_posix()
                    if path.is_file() and name not in left:
                        tar.add(path, name)
        cut(archive, out, piece)
    return sorted(left)


def too_much(sources: Iterable[Path], total: int) -> dict[str, str]:
    """Digest of each file that stays behind, by its name: models, then the largest beyond total."""
    files = [(p, p.relative_to(s.parent).as_posix()) for s in sources for p in output_files(s)]
    files.sort(key=lambda file: (file[0].suffix == MODEL, file[0].stat().st_size))
    left, size = {}, 0
    for path, name in files:
        size += path.stat().st_size
        if path.suffix == MODEL or (size > total and path.suffix == ".npy"):
            left[name] = sha256(path)
    return left


def cut(archive: Path, out: Path, piece: int) -> None:
    """Cut an archive into pieces, and write the manifest of their digests."""
    pieces = {}
    with archive.open("rb") as stream:
        while block := stream.read(piece):
            path = out / f"{len(pieces):02}.part"
            path.write_bytes(block)
            pieces[path.name] = sha256(path)
    write_json(out / MANIFEST, {"sha256": sha256(archive), "pieces": pieces})


def manifest_of(folder: Path) -> dict:
    """What a parcel says of itself. Raises ParcelError where it was not packed to its end."""
    if not (folder / MANIFEST).is_file():
        raise ParcelError(
            f"{folder} has no {MANIFEST}: what packs was cut off; call it again, nothing finished "
            "is lost"
        )
    manifest = read_json(folder / MANIFEST)
    if not isinstance(manifest, dict) or not {"sha256", "pieces"} <= manifest.keys():
        raise ParcelError(f"{folder / MANIFEST}: not the manifest of a parcel; carry it again")
    return manifest


def gather(carried: Path, gathered: Path) -> list[str]:
    """Copy the pieces of one carry beside those of earlier ones; returns the names still to come.

    Raises ParcelError for a piece that is not what the manifest says.
    """
    gathered.mkdir(parents=True, exist_ok=True)
    manifest = manifest_of(carried)
    shutil.copy(carried / MANIFEST, gathered)
    for name, digest in manifest["pieces"].items():
        if (carried / name).is_file():
            if not is_it(carried / name, digest):
                raise ParcelError(f"{carried / name}: not the piece of the manifest; carry again")
            shutil.copy(carried / name, gathered)
    # a piece of that name may be one of an earlier parcel
    return [
        name for name, digest in manifest["pieces"].items() if not is_it(gathered / name, digest)
    ]


def is_it(piece: Path, digest: str) -> bool:
    """Whether a piece is there and is the one of that digest."""
    return piece.is_file() and sha256(piece) == digest


def unpack(gathered: Path, into: Path) -> dict[str, str]:
    """Unpack a whole parcel; returns the digests of what it left out. Raises ParcelError."""
    manifest = manifest_of(gathered)
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into) as scratch:
        archive = Path(scratch) / "archive"
        with archive.open("wb") as stream:
            for name in manifest["pieces"]:
                if not (gathered / name).is_file():
                    raise ParcelError(f"{gathered}: {name} has not been carried yet")
                stream.write((gathered / name).read_bytes())
        if sha256(archive) != manifest["sha256"]:
            raise ParcelError(f"{gathered}: the pieces do not make the parcel of the manifest")
        with tarfile.open(archive) as tar:
            unpack_tar(tar, into)
    left_out = read_json(into / LEFT_OUT)
    (into / LEFT_OUT).unlink()
    return left_out


def digest_with(folder: Path, left_out: Mapping[str, str]) -> str:
    """`stages.content_digest` of a folder as it was before files were left out of it."""
    here = {path.relative_to(folder).as_posix(): path for path in output_files(folder)}
    prefix = f"{folder.name}/"
    away = {n.removeprefix(prefix): d for n, d in left_out.items() if n.startswith(prefix)}
    total = hashlib.sha256()
    for name in sorted({*here, *away}, key=lambda name: Path(name)):
        total.update(name.encode() + b"\0")
        total.update(bytes.fromhex(away[name]) if name in away else file_digest(here[name]))
    return total.hexdigest()


def check(folder: Path, left_out: Mapping[str, str]) -> dict:
    """The record of a stage that arrived. Raises ParcelError where it is not what it says."""
    record = read_json(folder / RECORD)
    if digest_with(folder, left_out) != record["sha256"]:
        raise ParcelError(f"{folder.name}: its files are not those of its record")
    return record
