"""Arrays of samples as people keep them: whatever the layout, the same samples come out."""

import logging

import numpy as np
import pytest
import torch

from gan_lab.config.errors import UserError
from gan_lab.evaluation.arrays import to_samples

BYTES = np.random.default_rng(0).integers(0, 256, size=(5, 4, 6, 3), dtype=np.uint8)  # (n, H, W, C)
EXPECTED = torch.from_numpy(BYTES).permute(0, 3, 1, 2) / 127.5 - 1


@pytest.mark.parametrize("shape", [None, (3, 4, 6)])
@pytest.mark.parametrize("kind", ["bytes", "floats", "half"])
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_every_layout_of_images_is_read(shape: tuple[int, ...] | None, kind: str, layout: str) -> None:
    values = BYTES if layout == "NHWC" else BYTES.transpose(0, 3, 1, 2)
    if kind != "bytes":
        values = (values / 127.5 - 1).astype(np.float16 if kind == "half" else np.float64)
    found = to_samples(values, "fake", shape)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, EXPECTED, atol=1e-3 if kind == "half" else 1e-6, rtol=0)


def test_grey_images_need_no_channel() -> None:
    grey = BYTES[..., 0]
    expected = torch.from_numpy(grey)[:, None] / 127.5 - 1
    for shape in (None, (1, 4, 6)):
        torch.testing.assert_close(to_samples(grey, "fake", shape), expected)


@pytest.mark.parametrize("kind", ["bytes", "floats"])
@pytest.mark.parametrize("axis", [1, -1])
def test_grey_images_may_be_stored_in_equal_channels_and_colours_as_grey(kind: str, axis: int) -> None:
    grey = BYTES[..., 0] if kind == "bytes" else (BYTES[..., 0] / 127.5 - 1).astype(np.float32)
    expected = to_samples(grey, "fake", (1, 4, 6))
    assert torch.equal(to_samples(np.stack([grey] * 3, axis), "fake", (1, 4, 6)), expected)
    assert torch.equal(
        to_samples(np.expand_dims(grey, axis), "fake", (3, 4, 6)), expected.expand(-1, 3, -1, -1)
    )
    # as a lossy file leaves them
    tinted = np.stack([grey, grey, np.clip(grey, *((0, 252) if kind == "bytes" else (-1.0, 0.97)))], axis)
    torch.testing.assert_close(to_samples(tinted, "fake", (1, 4, 6)), expected, atol=0.02, rtol=0)


def test_points_are_taken_as_they_are() -> None:
    points = np.arange(6).reshape(3, 2)
    assert torch.equal(to_samples(points, "fake", (2,)), torch.tensor([[0.0, 1], [2, 3], [4, 5]]))
    assert to_samples(np.arange(3.0), "fake").shape == (3, 1)


@pytest.mark.parametrize(
    ("values", "shape", "sentence"),
    [
        (np.array(["a"]), None, "fake must be numbers; got 'str32'."),
        (np.ones((3, 2), complex), None, "fake must be numbers; got 'complex128'."),
        (np.ones((3, 3)), (2,), r"fake must be points of shape \(n, 2\); got \(3, 3\)."),
        (np.ones(3), (2,), r"fake must be points of shape \(n, 2\); got \(3,\)."),
        (np.full((3, 2), np.nan), None, "fake must be finite numbers; got nan."),
        (
            np.full((3, 2), -1e200),
            None,
            "fake must be of a size up to 3.4e.38, what single precision holds; got -1e.200.",
        ),
        (BYTES.astype(int), None, r"fake must be images as bytes \(uint8\) or as floats in .*; got 'int64'."),
        (BYTES, (3, 6, 6), "fake must be images of 6x6 pixels and 3 channels, .* got .5, 4, 6, 3."),
        (
            BYTES,
            (1, 4, 6),
            "fake is in colour, and the images of the dataset are grey: make it grey, or choose",
        ),
        (BYTES / 127.5 - 1, (1, 4, 6), "fake is in colour, and the images of the dataset are grey"),
        (BYTES * 1.0, None, "fake must hold bytes, or floats in .-1, 1.; got 255."),
        (np.zeros((2, 1, 1, 1, 1)), None, "fake must be images of shape"),
    ],
)
def test_what_is_no_sample_is_refused(
    values: np.ndarray, shape: tuple[int, ...] | None, sentence: str
) -> None:
    with pytest.raises(UserError, match=f"^{sentence}"):
        to_samples(values, "fake", shape)


def test_images_that_seem_to_be_in_another_range_are_told_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        to_samples(BYTES / 255, "fake")
    assert caplog.messages == [
        "fake has no value below 0; images in [0, 1] have to be scaled to [-1, 1] first."
    ]
