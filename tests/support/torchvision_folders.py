"""Small data in the layouts of torchvision's data sets."""

import pickle
from pathlib import Path

import numpy as np

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (5, 28, 28), dtype=np.uint8)
COLOUR = RANDOM.integers(0, 256, (10, 3, 32, 32), dtype=np.uint8)


def idx(array: np.ndarray) -> bytes:
    """The format of http://yann.lecun.com/exdb/mnist: magic number, big-endian lengths, bytes."""
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes() + array.tobytes()


def write_idx(folder: Path) -> None:
    folder.mkdir(parents=True)
    for split, images in (("train", GREY), ("t10k", 255 - GREY[:2])):
        (folder / f"{split}-images-idx3-ubyte").write_bytes(idx(images))
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(idx(np.arange(len(images), dtype=np.uint8)))


def write_mnist(root: Path) -> None:
    write_idx(root / "MNIST" / "raw")


def write_fashion(root: Path) -> None:
    write_idx(root / "FashionMNIST" / "raw")


def write_cifar(root: Path) -> None:
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    rows = COLOUR.reshape(10, -1)
    for k in range(5):
        batch = {"data": rows[2 * k : 2 * k + 2], "labels": [0, 1]}
        (folder / f"data_batch_{k + 1}").write_bytes(pickle.dumps(batch))
    (folder / "test_batch").write_bytes(pickle.dumps({"data": rows[:1], "labels": [0]}))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": [str(k) for k in range(10)]}))
