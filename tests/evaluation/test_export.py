"""`gan-lab export`: what is written makes, read again, the samples that the run makes."""

import json
import logging
import struct
import sys
from pathlib import Path

import pytest
import torch

from gan_lab.evaluation.export import Format, _quietly, export, read_generator
from gan_lab.evaluation.trained import Trained, load_trained
from gan_lab.game.sampling import sample
from support.command_line import Called, gan_lab
from support.configs import DIGITS, TOY, Train

# batch norm with standing statistics, and an averaged generator
KINDS = {"digits": DIGITS, "toy": TOY}


@pytest.fixture(params=KINDS, name="run")
def _run(request: pytest.FixtureRequest, train: Train) -> Path:
    return train("run", *KINDS[request.param], "train.iterations=3", "train.warmup_critic_steps=0")


@pytest.fixture(name="trained")
def _trained(run: Path) -> Trained:
    return load_trained(run, "cpu")


def assert_one_sentence(called: Called, path: Path) -> None:
    assert (called.status, called.err) == (0, "")
    assert called.out.startswith(f"{path}: latents (n, ")
    assert called.out.count("\n") == 1


def latents(trained: Trained, n: int) -> torch.Tensor:
    return torch.randn(n, trained.latent_dim, generator=torch.Generator().manual_seed(n))


@pytest.mark.parametrize("kind", ["onnx", "torch_export"])
def test_who_exports_in_a_process_hears_nothing_of_the_exporters_steps(
    run: Path,
    tmp_path: Path,
    kind: Format,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    if kind == "onnx":
        pytest.importorskip("onnxscript")
    caplog.set_level(logging.INFO)  # of whoever configured logging
    capfd.readouterr()
    export(run, tmp_path / "out", kind)
    assert {record.name for record in caplog.records} <= {"gan_lab.evaluation.export"}
    assert tuple(capfd.readouterr()) == ("", "")


def test_errors_of_exporters_are_heard(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    logger = logging.getLogger("onnxscript.optimizer")

    def fail() -> None:
        with _quietly():
            logger.info("Step 1.")
            logger.error("It failed.")
            raise ValueError("no such operator")

    with pytest.raises(ValueError, match="no such operator"):
        fail()
    assert caplog.messages == ["It failed."]
    logger.info("Later.")
    assert caplog.messages[-1] == "Later."


def test_safetensors_hold_the_weights_and_say_what_they_are(run: Path, trained: Trained) -> None:
    load = pytest.importorskip("safetensors.torch").load_file
    called = gan_lab("export", str(run))
    path = run / "exported" / "generator_iteration3.safetensors"
    assert_one_sentence(called, path)
    assert called.out.startswith(f"{path}: latents (n, {trained.latent_dim}) to samples (n, ")
    expected = trained.generator().state_dict()
    found = load(path)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    about = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["gan_lab"])
    assert about["what"] == "generator of a gan-lab run, as it makes samples"
    assert (about["iteration"], about["latent_dim"]) == (3, trained.latent_dim)
    assert about["data_shape"] == list(trained.data_shape)
    assert about["averaged"] == bool(trained.state.average)
    before = path.read_bytes()
    export(run, path.parent, "safetensors")
    assert path.read_bytes() == before


def test_a_generator_is_read_from_safetensors(run: Path, trained: Trained) -> None:
    pytest.importorskip("safetensors")
    again = read_generator(export(run, run / "exported", "safetensors"))
    given = latents(trained, 5)
    assert torch.equal(sample(again, given), sample(trained.generator(), given))


@pytest.mark.parametrize("n", [1, 3, 70])
def test_a_torch_program_makes_the_same_samples(run: Path, trained: Trained, n: int) -> None:
    called = gan_lab("export", str(run), "--format", "torch_export")
    path = run / "exported" / "generator_iteration3.pt2"
    assert_one_sentence(called, path)
    program = torch.export.load(path)
    given = latents(trained, n)
    torch.testing.assert_close(program.module()(given), sample(trained.generator(), given))


def test_an_onnx_model_makes_the_same_samples(run: Path, trained: Trained) -> None:
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    called = gan_lab("export", str(run), "--format", "onnx")
    path = run / "exported" / "generator_iteration3.onnx"
    assert_one_sentence(called, path)
    session = runtime.InferenceSession(path)
    assert json.loads(session.get_modelmeta().custom_metadata_map["gan_lab"])["iteration"] == 3
    for n in (1, 3, 70):
        given = latents(trained, n)
        (found,) = session.run(["samples"], {"latents": given.numpy()})
        expected = sample(trained.generator(), given)
        torch.testing.assert_close(torch.from_numpy(found), expected, atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize(("kind", "library"), [("safetensors", "safetensors.torch"), ("onnx", "onnxscript")])
def test_a_missing_library_is_told_before_anything_is_loaded(
    kind: str, library: str, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "onnx":
        pytest.importorskip("onnx")
    monkeypatch.setitem(sys.modules, library, None)
    called = gan_lab("export", str(run), "--format", kind)
    assert (called.status, called.out) == (2, "")
    assert called.err.startswith(f"gan-lab: --format {kind} needs {library.partition('.')[0]}")
    assert "pip install 'gan-lab[export]'" in called.err


def test_files_of_others_are_read_as_data(tmp_path: Path) -> None:
    save = pytest.importorskip("safetensors.torch").save
    path = tmp_path / "stranger.safetensors"
    node = {"_target_": "gan_lab.architectures.mlp_toy.ToyGenerator", "width": 8, "depth": 1}
    good = {"architecture": node, "latent_dim": 2, "data_shape": [2]}
    for about, sentence in (
        (good | {"architecture": {"_target_": "os.system"}}, "architecture._target_ "),
        (good | {"latent_dim": -1}, "latent_dim must be a whole number greater than 0; got -1."),
        (good | {"latent_dim": 10**12}, "architecture "),
        (good, f"{path} is no generator that gan-lab export wrote as safetensors."),
    ):
        path.write_bytes(save({"weight": torch.zeros(1)}, {"gan_lab": json.dumps(about)}))
        with pytest.raises(ValueError, match=f"^{sentence.replace('(', '.')}"):
            read_generator(path)
    path.write_bytes(b"\xff" * 64)
    with pytest.raises(ValueError, match="is no generator that gan-lab export wrote"):
        read_generator(path)
    link = tmp_path / "link.safetensors"
    link.symlink_to(path)
    with pytest.raises(ValueError, match="is a link"):
        read_generator(link)


def test_a_link_in_the_folder_is_not_written_through(run: Path) -> None:
    other = run.parent / "thesis"
    other.write_bytes(b"mine")
    (run / "exported").mkdir()
    (run / "exported" / "generator_iteration3.pt2").symlink_to(other)
    called = gan_lab("export", str(run), "--format", "torch_export")
    assert (called.status, called.out) == (2, "")
    assert "is a link" in called.err
    assert other.read_bytes() == b"mine"
