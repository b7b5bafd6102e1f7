"""When a pack is made again, and where it lies."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_lab.config.errors import UserError
from gan_lab.datasets import packed_dataset
from gan_lab.datasets.embedded import Digits, Photos, StackedDigits
from gan_lab.datasets.image_folder import ImageFolder
from gan_lab.datasets.packed import read_pack, sidecar_path
from gan_lab.datasets.toy import Ring

CPU = torch.device("cpu")


def save(path: Path, grey: int) -> None:
    Image.new("RGB", (8, 8), (grey,) * 3).save(path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "pictures"
    root.mkdir()
    for k in range(3):
        save(root / f"{k}.bmp", 50 * k)
    return root


def dataset(root: Path) -> ImageFolder:
    return ImageFolder(root=str(root), size=8)


def levels(root: Path) -> list[int]:
    return [int(image[0, 0, 0]) for image in read_pack(dataset(root).pack_path, (3, 8, 8))]


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelname == "WARNING"]


@pytest.mark.parametrize("use", ["open", "prepare"])
def test_a_file_replaced_by_one_of_equal_size_is_seen(
    root: Path, use: str, caplog: pytest.LogCaptureFixture
) -> None:
    dataset(root).prepare()
    size = (root / "1.bmp").stat().st_size
    save(root / "1.bmp", 200)
    assert (root / "1.bmp").stat().st_size == size
    if use == "open":
        dataset(root).open(CPU)
    else:
        dataset(root).prepare()
    assert levels(root) == [0, 200, 100]
    assert told(caplog) == ["image_folder has changed since it was packed; packing it again."]


def test_files_that_are_only_touched_are_the_same_contents(root: Path) -> None:
    dataset(root).prepare()
    before, fingerprint = dataset(root).contents(), dataset(root).fingerprint()
    for path in root.glob("*.bmp"):
        os.utime(path, ns=(1, 1))
    assert dataset(root).fingerprint() != fingerprint
    assert dataset(root).fingerprint(times=False) == dataset(root).fingerprint(times=False)
    dataset(root).open(CPU)
    assert dataset(root).contents() == before
    assert before is not None
    assert before.images == 3
    save(root / "1.bmp", 200)
    dataset(root).open(CPU)
    assert dataset(root).contents() != before


def test_force_packs_what_looks_unchanged(root: Path) -> None:
    dataset(root).prepare()
    status = (root / "1.bmp").stat()
    save(root / "1.bmp", 200)
    os.utime(root / "1.bmp", ns=(status.st_atime_ns, status.st_mtime_ns))
    dataset(root).prepare()
    assert levels(root) == [0, 50, 100]  # neither size nor time says that it is another
    dataset(root).prepare(force=True)
    assert levels(root) == [0, 200, 100]


def test_force_without_sources_leaves_the_pack(root: Path) -> None:
    dataset(root).prepare()
    for path in root.glob("*.bmp"):
        path.unlink()
    with pytest.raises(UserError, match=r"there are none below"):
        dataset(root).prepare(force=True)
    assert levels(root) == [0, 50, 100]


def test_a_pack_of_an_earlier_version_is_made_again_once(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pack = dataset(root).prepare()
    now, earlier = dataset(root).fingerprint(), dataset(root).fingerprint(times=False)
    assert now is not None
    assert earlier is not None
    text = sidecar_path(pack).read_text()
    sidecar_path(pack).write_text(text.replace(now, earlier))
    dataset(root).open(CPU)
    dataset(root).open(CPU)
    assert told(caplog) == [
        "image_folder was packed by an earlier version, which did not notice every change; packing it again."
    ]


def test_damage_leaves_the_pack_that_was_there(root: Path) -> None:
    dataset(root).prepare()
    (root / "3.bmp").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"3\.bmp is not an image"):
        dataset(root).open(CPU)
    assert levels(root) == [0, 50, 100]


def test_a_folder_that_cannot_be_written_to_is_packed_into_the_cache(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_LAB_CACHE", str(tmp_path / "cache"))
    may = os.access
    monkeypatch.setattr(
        packed_dataset.os,
        "access",
        lambda path, mode: not Path(path).is_relative_to(root) and may(path, mode),
    )
    pack = dataset(root).prepare()
    assert pack.is_relative_to(tmp_path / "cache")
    assert levels(root) == [0, 50, 100]
    assert {path.name for path in root.iterdir()} == {"0.bmp", "1.bmp", "2.bmp"}
    other = tmp_path / "other"
    other.mkdir()
    assert dataset(other).pack_path != pack
    monkeypatch.undo()
    # an administrator packs it beside the data: that one is then used
    beside = dataset(root).prepare()
    assert beside.is_relative_to(root)
    monkeypatch.setattr(packed_dataset.os, "access", lambda path, mode: False)
    assert dataset(root).pack_path == beside


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_works(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_LAB_CACHE", str(tmp_path / "cache"))
    root.chmod(0o555)
    try:
        dataset(root).open(CPU)
    finally:
        root.chmod(0o755)
    assert not (root / "packed").exists()


def test_embedded_images_say_what_they_are_and_distributions_nothing() -> None:
    digits, photos = Digits(16).contents(), Photos(64, 8).contents()
    assert digits == Digits(32).contents() == StackedDigits().contents()
    assert digits.images == 1797
    assert (photos.images, len(photos.digest)) == (Photos(64, 8).n_patches, 32)
    assert photos.digest == Photos(32, 16).contents().digest != digits.digest
    assert Ring().contents() is None


def test_contents_do_not_depend_on_where_the_folder_lies(root: Path, tmp_path: Path) -> None:
    dataset(root).prepare()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for k in range(3):
        (elsewhere / f"{k}.bmp").write_bytes((root / f"{k}.bmp").read_bytes())
    dataset(elsewhere).prepare()
    assert dataset(root).contents() == dataset(elsewhere).contents()
    assert np.array_equal(levels(root), levels(elsewhere))
