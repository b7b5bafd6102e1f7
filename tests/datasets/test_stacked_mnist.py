"""Stacked MNIST: samples are stacks of three digits, the pack and the labels are of single ones."""

from pathlib import Path

import numpy as np
import torch

from gan_lab.datasets.packed import read_pack
from gan_lab.datasets.resident import ImageSampler, is_streamed
from gan_lab.datasets.stacked_mnist import StackedMnist
from gan_lab.datasets.torchvision_sets import Mnist
from support.torchvision_folders import GREY, write_mnist

CPU = torch.device("cpu")


def test_each_channel_is_a_digit_that_is_drawn_on_its_own(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    dataset = StackedMnist(root=str(tmp_path), size=28)
    stacks = dataset.open(CPU)(2000, torch.Generator().manual_seed(0))
    assert stacks.shape == (2000, *dataset.data_shape) == (2000, 3, 28, 28)
    digits = {image.tobytes(): k for k, image in enumerate(GREY)}
    pixels = ((stacks + 1) * 127.5).round().to(torch.uint8).numpy()
    drawn = np.array([[digits[channel.tobytes()] for channel in stack] for stack in pixels])
    # each of 5^3 stacks is expected 16 times, give or take 4
    counts = np.bincount(drawn @ [25, 5, 1], minlength=125)
    assert counts.min() > 0
    assert counts.max() < 40


def test_streamed_and_resident_stacks_are_the_same(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    samplers = {
        kept: StackedMnist(root=str(tmp_path), size=16, resident=kept).open(CPU)
        for kept in ("always", "never")
    }
    first, second = (each(7, torch.Generator().manual_seed(3)) for each in samplers.values())
    assert torch.equal(first, second)
    assert [is_streamed(each) for each in samplers.values()] == [False, True]
    assert all(isinstance(each, ImageSampler) for each in samplers.values())


def test_the_pack_is_that_of_mnist_with_its_labels(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    stacked, single = StackedMnist(root=str(tmp_path)), Mnist(root=str(tmp_path))
    images = read_pack(stacked.prepare(), (1, 32, 32))
    assert np.array_equal(images, read_pack(single.prepare(), (1, 32, 32)))
    assert stacked.pack_path == single.pack_path
    assert [path.name for path in stacked.pack_path.parent.glob("*.npy")] == ["mnist-1x32x32.npy"]
    contents = stacked.contents()
    assert contents is not None
    assert contents == single.contents()
    for found, expected in zip(stacked.labelled(), single.labelled(), strict=True):
        assert torch.equal(found, expected)
    assert (stacked.n_classes, stacked.channel_wise) == (10, True)
