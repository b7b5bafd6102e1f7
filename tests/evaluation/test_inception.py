import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
import torchmetrics.image.fid
from torch import Tensor, nn

from gan_lab.config.errors import BadValueError, UserError
from gan_lab.evaluation.inception import (
    WEIGHTS_URL,
    InceptionOutput,
    inception_metrics,
    inception_output,
    load_inception,
    to_inception_bytes,
)
from gan_lab.metrics.frechet import classifier_score, frechet_feature_distance, kernel_feature_distance

CPU = torch.device("cpu")


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class StubbedInception(nn.Module):
    """In place of torchmetrics' network: the mean of each channel, and a record of how it was made."""

    made_with: tuple[Any, ...] = ()

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__()
        type(self).made_with = (*arguments, more)
        self.fc = nn.Linear(3, 4)
        nn.init.ones_(self.fc.weight)

    def forward(self, images: Tensor) -> Tensor:
        assert images.dtype == torch.uint8
        return images.double().mean(dim=(2, 3)).float()


@pytest.fixture
def fidelity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let torch-fidelity seem to be installed."""
    module = ModuleType("torch_fidelity")
    module.__spec__ = ModuleSpec("torch_fidelity", None)
    monkeypatch.setitem(sys.modules, "torch_fidelity", module)


@pytest.fixture
def no_download(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **more: Any) -> None:
        raise AssertionError(f"asked for the network: {arguments} {more}")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", refuse)
    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)


def test_without_torch_fidelity_it_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    with pytest.raises(UserError, match=r"torch-fidelity; run `pip install gan-lab\[inception\]`\.$"):
        load_inception(tmp_path / "weights.pth", CPU)


@pytest.mark.usefixtures("fidelity", "no_download")
def test_without_weights_it_says_where_they_are(tmp_path: Path) -> None:
    for path in (tmp_path / "weights.pth", tmp_path):
        with pytest.raises(UserError, match=r"^weights must be a file of Inception's weights; ") as info:
            load_inception(path, CPU)
        assert str(info.value).endswith(f"got {path}: get {WEIGHTS_URL}.")


@pytest.mark.usefixtures("fidelity", "no_download")
@pytest.mark.parametrize("content", ["bytes", "nothing", "code", "cut short"])
def test_other_files_are_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    def never(*arguments: Any, **more: Any) -> None:
        raise AssertionError("the file went on to torch-fidelity, which unpickles it")

    monkeypatch.setattr(torchmetrics.image.fid, "NoTrainInceptionV3", never)
    path = tmp_path / "weights.pth"
    if content == "code":
        torch.save({"weight": StubbedInception()}, path)
    elif content == "cut short":
        torch.save({"weight": torch.zeros(1000)}, path)
        path.write_bytes(path.read_bytes()[:-700])
    else:
        path.write_bytes(b"no weights" if content == "bytes" else b"")
    with pytest.raises(UserError, match=rf"^{path} does not hold Inception's weights; get https://"):
        load_inception(path, CPU)


@pytest.mark.usefixtures("fidelity")
def test_weights_of_another_network_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def mismatch(*arguments: Any, **more: Any) -> None:
        nn.Linear(1, 1).load_state_dict({})

    monkeypatch.setattr(torchmetrics.image.fid, "NoTrainInceptionV3", mismatch)
    torch.save({}, tmp_path / "weights.pth")
    with pytest.raises(UserError, match=r"does not hold Inception's weights"):
        load_inception(tmp_path / "weights.pth", CPU)


@pytest.mark.usefixtures("fidelity", "no_download")
@pytest.mark.parametrize("channels", [1, 3])
def test_images_reach_the_network_as_bytes_of_three_channels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, channels: int
) -> None:
    monkeypatch.setattr(torchmetrics.image.fid, "NoTrainInceptionV3", StubbedInception)
    path = tmp_path / "weights.pth"
    torch.save({}, path)
    extract = load_inception(path, CPU)
    assert StubbedInception.made_with == ("inception-v3-compat", ["2048"], str(path), {"antialias": False})

    images = torch.rand(150, channels, 5, 7, generator=seeded()) * 2 - 1  # more than two chunks
    output = inception_output(images, extract)
    expected = ((images.double() + 1) * 127.5).round().mean(dim=(2, 3)).expand(-1, 3).float()
    torch.testing.assert_close(output.features, expected, rtol=0, atol=1e-4)
    sums = expected.sum(dim=1, keepdim=True).expand(-1, 4)
    torch.testing.assert_close(output.logits, sums, rtol=0, atol=1e-3)  # weights of 1 and no bias
    assert not output.logits.requires_grad


def test_every_byte_survives_and_floats_are_rounded_and_clipped() -> None:
    every = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    assert torch.equal(to_inception_bytes(every.float() / 127.5 - 1), every.expand(1, 3, 16, 16))
    values = torch.tensor([-1.5, -1.0, -1 + 0.49 / 127.5, -1 + 0.51 / 127.5, 1 - 0.49 / 127.5, 1.0, 7.0])
    found = to_inception_bytes(values.reshape(1, 1, 1, 7))
    assert found[0, 2, 0].tolist() == [0, 0, 0, 1, 255, 255, 255]
    assert to_inception_bytes(torch.zeros(2, 3, 4, 4, dtype=torch.bfloat16)).unique().tolist() == [128]


@pytest.mark.parametrize(
    "images",
    [
        torch.zeros(2, 2, 8, 8),
        torch.zeros(3, 8, 8),
        torch.zeros(0, 3, 8, 8),
        torch.zeros(2, 3, 8, 8, dtype=torch.uint8),
    ],
)
def test_what_is_no_image_is_refused(images: Tensor) -> None:
    with pytest.raises(BadValueError, match=r"^images must be floats \(n, 1 or 3, H, W\); got"):
        to_inception_bytes(images)


def test_the_metrics_are_those_of_the_features() -> None:
    def output(seed: int, shift: float) -> InceptionOutput:
        features, logits = torch.randn(2, 400, 6, generator=seeded(seed))
        return InceptionOutput(features + shift, 3 * logits)

    real, fake = output(0, 0.0), output(1, 1.0)
    found = inception_metrics(real, fake, seeded(), 5, 100)
    generator = seeded()
    kid = kernel_feature_distance(real.features, fake.features, generator, 5, 100)
    score = classifier_score(fake.logits.softmax(dim=1), generator)
    assert found == pytest.approx(
        {
            "fid": frechet_feature_distance(real.features, fake.features),
            "kid": kid.mean,
            "kid_std": kid.std,
            "inception_score": score.mean,
            "inception_score_std": score.std,
        },
        abs=1e-6,
    )
    assert found["fid"] == pytest.approx(6, abs=1)


def test_too_few_images_for_fid_are_refused() -> None:
    output = InceptionOutput(torch.rand(1500, 2048), torch.zeros(1500, 10))
    with pytest.raises(BadValueError, match=r"^real must be more samples than the 2,048 features of each"):
        inception_metrics(output, output, seeded())
