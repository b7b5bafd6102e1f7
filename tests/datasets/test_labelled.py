from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision.datasets
from sklearn.datasets import load_digits

from gan_lab.config.errors import UserError
from gan_lab.datasets.embedded import Digits, Photos, StackedDigits, digit_bytes
from gan_lab.datasets.labelled import LabelledDataset
from gan_lab.datasets.packed import read_pack
from gan_lab.datasets.resident import to_unit_range
from gan_lab.datasets.torchvision_sets import CelebA, Cifar10, FashionMnist, Mnist
from support.torchvision_folders import COLOUR, GREY, idx, write_cifar, write_fashion, write_mnist

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _trust(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let small files pass for those of CIFAR-10, whose sums torchvision knows."""
    monkeypatch.setattr(
        torchvision.datasets.cifar, "check_integrity", lambda path, md5=None: Path(path).is_file()
    )


SETS: list[tuple[type[Mnist] | type[FashionMnist] | type[Cifar10], Callable[[Path], None], list[int]]] = [
    (Mnist, write_mnist, [0, 1, 2, 3, 4]),
    (FashionMnist, write_fashion, [0, 1, 2, 3, 4]),
    (Cifar10, write_cifar, [0, 1] * 5),
]
sets = pytest.mark.parametrize(("kind", "write", "expected"), SETS, ids=[kind.name for kind, _, _ in SETS])


@pytest.mark.parametrize("dataset", [Digits(), Digits(8), StackedDigits()])
def test_digits_come_with_what_they_show(dataset: LabelledDataset) -> None:
    images, labels = dataset.labelled()
    assert torch.equal(images, digit_bytes(dataset.data_shape[1]))
    assert np.array_equal(labels, load_digits().target)
    assert (images.dtype, labels.dtype) == (torch.uint8, torch.int64)
    assert dataset.n_classes == len(labels.unique()) == 10


def test_only_stacked_digits_have_a_label_for_each_channel() -> None:
    kinds = [Digits, StackedDigits, Mnist, FashionMnist, Cifar10]
    assert [kind.channel_wise for kind in kinds] == [False, True, False, False, False]


def test_sets_without_classes_claim_none() -> None:
    assert not any(issubclass(kind, LabelledDataset) for kind in (Photos, CelebA))


def test_labelled_digits_are_those_that_training_draws() -> None:
    known = {image.numpy().tobytes() for image in to_unit_range(Digits().labelled()[0])}
    drawn = Digits().open(CPU)(200, torch.Generator().manual_seed(0))
    assert {image.numpy().tobytes() for image in drawn} <= known


@sets
def test_labels_are_those_of_the_training_split_in_order(
    tmp_path: Path, kind: type[Mnist], write: Callable[[Path], None], expected: list[int]
) -> None:
    write(tmp_path)
    images, labels = kind(root=str(tmp_path)).labelled()
    assert labels.tolist() == expected
    assert (images.dtype, labels.dtype) == (torch.uint8, torch.int64)
    assert kind.n_classes == 10


@sets
@pytest.mark.parametrize("size", [16, 32])
def test_labelled_images_are_framed_as_training_sees_them(
    tmp_path: Path, kind: type[Mnist], write: Callable[[Path], None], expected: list[int], size: int
) -> None:
    write(tmp_path)
    dataset = kind(root=str(tmp_path), size=size)
    images = dataset.labelled()[0]
    assert images.shape == (len(expected), *dataset.data_shape)
    assert np.array_equal(images, read_pack(dataset.pack_path, dataset.data_shape))


def test_labelled_images_at_their_own_size_are_the_published_ones(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    write_cifar(tmp_path)
    assert np.array_equal(Mnist(root=str(tmp_path), size=28).labelled()[0][:, 0], GREY)
    assert np.array_equal(Cifar10(root=str(tmp_path)).labelled()[0], COLOUR)


@sets
def test_a_pack_alone_has_no_labels(
    tmp_path: Path, kind: type[Mnist], write: Callable[[Path], None], expected: list[int]
) -> None:
    del expected
    write(tmp_path)
    dataset = kind(root=str(tmp_path))
    dataset.prepare()
    for path in dataset.source_files():
        path.unlink()
    with pytest.raises(UserError, match=rf"^dataset={kind.name} was not found; put .*download=true\.$"):
        dataset.labelled()


@sets
def test_missing_files_are_told_and_nothing_is_made(
    tmp_path: Path, kind: type[Mnist], write: Callable[[Path], None], expected: list[int]
) -> None:
    del write, expected
    with pytest.raises(UserError, match=rf"^dataset={kind.name} was not found; put .*download=true\.$"):
        kind(root=str(tmp_path)).labelled()
    assert list(tmp_path.iterdir()) == []


def test_changed_files_are_packed_again(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    dataset = Mnist(root=str(tmp_path), size=28)
    dataset.prepare()
    for part, array in (("images-idx3", GREY[2:]), ("labels-idx1", np.array([7, 8, 9], dtype=np.uint8))):
        (tmp_path / "MNIST" / "raw" / f"train-{part}-ubyte").write_bytes(idx(array))
    images, labels = dataset.labelled()
    assert np.array_equal(images[:, 0], GREY[2:])
    assert labels.tolist() == [7, 8, 9]


def test_labels_that_do_not_match_the_images_are_refused(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    labels = tmp_path / "MNIST" / "raw" / "train-labels-idx1-ubyte"
    labels.write_bytes(idx(np.zeros(4, dtype=np.uint8)))
    with pytest.raises(UserError, match=r"^dataset=mnist has 4 labels for 5 images; put "):
        Mnist(root=str(tmp_path)).labelled()


def test_a_damaged_label_file_is_refused(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    (tmp_path / "MNIST" / "raw" / "train-labels-idx1-ubyte").write_bytes(b"\0\0")
    with pytest.raises(UserError, match=r"^dataset=mnist could not be read \("):
        Mnist(root=str(tmp_path)).labelled()
