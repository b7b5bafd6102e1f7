import gzip
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
import torchvision.datasets
from PIL import Image

from gan_lab.config.errors import UserError
from gan_lab.datasets.packed import read_pack
from gan_lab.datasets.packed_dataset import PackedDataset
from gan_lab.datasets.stacked_mnist import StackedMnist
from gan_lab.datasets.torchvision_sets import CelebA, Cifar10, FashionMnist, Mnist
from support.torchvision_folders import (
    COLOUR,
    GREY,
    idx,
    write_cifar,
    write_fashion,
    write_mnist,
)

CPU = torch.device("cpu")
FACES = ["000001.jpg", "000002.jpg", "000003.jpg"]


def face(index: int) -> Image.Image:
    """178x218: black border of 20 rows above and below, a centred square of one grey."""
    image = Image.new("RGB", (178, 218))
    image.paste((60 * (index + 1),) * 3, (0, 20, 178, 198))
    return image


def write_celeba(root: Path) -> None:
    folder = root / "celeba"
    (folder / "img_align_celeba").mkdir(parents=True)
    for k, name in enumerate(FACES):
        face(k).save(folder / "img_align_celeba" / name, quality=95)
    table = "\n".join
    (folder / "list_eval_partition.txt").write_text(
        table(f"{n} {s}" for n, s in zip(FACES, "001", strict=True))
    )
    (folder / "identity_CelebA.txt").write_text(table(f"{n} 7" for n in FACES))
    (folder / "list_attr_celeba.txt").write_text(table(["3", "Male Young", *(f"{n} -1  1" for n in FACES)]))
    (folder / "list_bbox_celeba.txt").write_text(table(["3", "image_id x y", *(f"{n} 1 2" for n in FACES)]))
    (folder / "list_landmarks_align_celeba.txt").write_text(
        table(["3", "eye_x eye_y", *(f"{n} 1 2" for n in FACES)])
    )


@pytest.fixture
def trust(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the small files of these tests pass for the published ones, whose sums torchvision knows."""
    for module in (torchvision.datasets.cifar, torchvision.datasets.celeba):
        monkeypatch.setattr(module, "check_integrity", lambda path, md5=None: Path(path).is_file())


SETS: list[tuple[type[PackedDataset], Callable[[Path], None], int]] = [
    (Mnist, write_mnist, 5),
    (StackedMnist, write_mnist, 5),
    (FashionMnist, write_fashion, 5),
    (Cifar10, write_cifar, 10),
    (CelebA, write_celeba, 2),
]
sets = pytest.mark.parametrize(("kind", "write", "count"), SETS, ids=[kind.name for kind, _, _ in SETS])


def packed(dataset: PackedDataset) -> np.ndarray:
    return read_pack(dataset.prepare(), dataset.packed_shape)


@pytest.mark.usefixtures("trust")
@sets
def test_the_training_split_is_packed_and_drawn(
    tmp_path: Path, kind: type[PackedDataset], write: Callable[[Path], None], count: int
) -> None:
    write(tmp_path)
    dataset = kind(root=str(tmp_path))
    assert len(packed(dataset)) == count
    channels = 1 if kind in (Mnist, FashionMnist) else 3
    assert dataset.data_shape == (channels, dataset.size, dataset.size)
    assert dataset.pack_path.parent == tmp_path / "packed"
    drawn = dataset.open(CPU)(20, torch.Generator().manual_seed(0))
    assert drawn.shape == (20, *dataset.data_shape)
    assert -1 <= drawn.min() < drawn.max() <= 1


@pytest.mark.usefixtures("trust")
@sets
def test_a_pack_outlives_its_sources(
    tmp_path: Path, kind: type[PackedDataset], write: Callable[[Path], None], count: int
) -> None:
    write(tmp_path)
    dataset = kind(root=str(tmp_path), size=16)
    images = packed(dataset).copy()
    for path in dataset.source_files():
        path.unlink()
    assert np.array_equal(packed(dataset), images)
    dataset.open(CPU)
    dataset.pack_path.write_bytes(b"")
    with pytest.raises(UserError, match=f"run `gan-lab prepare dataset={kind.name} dataset.size=16"):
        dataset.open(CPU)
    with pytest.raises(UserError, match="was not found; put"):
        dataset.prepare()


@sets
def test_missing_files_are_told_and_nothing_is_made(
    tmp_path: Path, kind: type[PackedDataset], write: Callable[[Path], None], count: int
) -> None:
    del write, count
    with pytest.raises(
        UserError, match=rf"^dataset={kind.name} was not found; put .* below {tmp_path}"
    ) as info:
        kind(root=str(tmp_path)).open(CPU)
    assert str(info.value).endswith("or set dataset.download=true.")
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_still_zipped_are_told_with_the_command_that_unzips_them(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    files = Mnist(root=str(tmp_path)).source_files()
    for path in files:
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    with pytest.raises(UserError, match=r"^dataset=mnist is still zipped; run gunzip --keep ") as info:
        Mnist(root=str(tmp_path)).require_obtainable()
    command = str(info.value).partition("; run ")[2].removesuffix(" first.")
    subprocess.run(command, shell=True, check=True)
    assert len(packed(Mnist(root=str(tmp_path)))) == 5


@pytest.mark.parametrize(("kind", "write"), [(Mnist, write_mnist), (FashionMnist, write_fashion)])
def test_mnist_keeps_its_pixels(
    tmp_path: Path, kind: type[PackedDataset], write: Callable[[Path], None]
) -> None:
    write(tmp_path)
    assert np.array_equal(packed(kind(root=str(tmp_path), size=28))[:, 0], GREY)


@pytest.mark.usefixtures("trust")
def test_cifar_keeps_its_pixels_and_the_order_of_its_batches(tmp_path: Path) -> None:
    write_cifar(tmp_path)
    assert np.array_equal(packed(Cifar10(root=str(tmp_path))), COLOUR)


@pytest.mark.usefixtures("trust")
def test_faces_lose_the_rows_outside_the_centred_square(tmp_path: Path) -> None:
    write_celeba(tmp_path)
    images = packed(CelebA(root=str(tmp_path)))
    for k, image in enumerate(images):
        np.testing.assert_allclose(image, 60 * (k + 1), rtol=0, atol=3)  # jpeg


@pytest.mark.parametrize(("kind", "write"), [(Cifar10, write_cifar), (CelebA, write_celeba)])
def test_files_with_wrong_sums_are_refused(
    tmp_path: Path, kind: type[PackedDataset], write: Callable[[Path], None]
) -> None:
    write(tmp_path)
    with pytest.raises(UserError, match=r"could not be read \(Dataset not found or corrupted"):
        kind(root=str(tmp_path)).prepare()


def test_an_idx_file_cut_short_is_refused(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    images = tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte"
    images.write_bytes(images.read_bytes()[:-5])
    with pytest.raises(
        UserError, match=r"^dataset=mnist could not be read \(.*\); put MNIST/raw/train-images"
    ):
        Mnist(root=str(tmp_path)).prepare()


@pytest.mark.usefixtures("trust")
@pytest.mark.parametrize("content", [None, b"", b"no image"])
def test_a_damaged_face_is_refused(tmp_path: Path, content: bytes | None) -> None:
    write_celeba(tmp_path)
    image = tmp_path / "celeba" / "img_align_celeba" / FACES[1]
    image.unlink()
    if content is not None:
        image.write_bytes(content)
    with pytest.raises(UserError, match=r"^dataset=celeba has a damaged image 1 \(.*img_align_celeba below"):
        CelebA(root=str(tmp_path)).prepare()


def test_changed_files_are_packed_again(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    dataset = Mnist(root=str(tmp_path), size=28)
    dataset.prepare()
    for part, array in (("images-idx3", GREY[:3]), ("labels-idx1", np.zeros(3, dtype=np.uint8))):
        (tmp_path / "MNIST" / "raw" / f"train-{part}-ubyte").write_bytes(idx(array))
    assert len(packed(dataset)) == 3


def test_a_download_is_unpacked_and_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(url: str, download_root: str, filename: str, md5: str) -> None:
        del md5
        labels = np.zeros(5, dtype=np.uint8)
        content = gzip.compress(idx(GREY if "images" in url else labels))
        (Path(download_root) / filename.removesuffix(".gz")).write_bytes(gzip.decompress(content))

    monkeypatch.setattr(torchvision.datasets.mnist, "download_and_extract_archive", fetch)
    dataset = Mnist(root=str(tmp_path / "new"), size=28, download=True)
    assert np.array_equal(packed(dataset)[:, 0], GREY)


@pytest.mark.parametrize(
    ("kind", "module", "function"),
    [
        (Mnist, torchvision.datasets.mnist, "download_and_extract_archive"),
        (FashionMnist, torchvision.datasets.mnist, "download_and_extract_archive"),
        (Cifar10, torchvision.datasets.cifar, "download_and_extract_archive"),
        (CelebA, torchvision.datasets.celeba, "download_file_from_google_drive"),
    ],
)
@pytest.mark.parametrize(
    "error",
    [URLError("no route to host"), RuntimeError("'gdown' is required.\nmore"), Exception("quota exceeded")],
)
def test_a_failed_download_is_one_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: type,
    module: object,
    function: str,
    error: Exception,
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(module, function, fail)
    with pytest.raises(UserError) as info:
        kind(root=str(tmp_path), download=True).open(CPU)
    message = str(info.value)
    assert message.startswith(f"dataset={kind.name} could not be read (")
    assert f"below {tmp_path}" in message
    assert "\n" not in message
    assert not list((tmp_path / "packed").glob("*.npy*"))
