import logging
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_lab.config.errors import BadValueError, UserError
from gan_lab.datasets.image_folder import ImageFolder
from gan_lab.datasets.packed import read_pack

CPU = torch.device("cpu")
COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def save(
    path: Path, colour: object = (255, 0, 0), mode: str = "RGB", size: tuple[int, int] = (12, 10)
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)


def packed(dataset: ImageFolder) -> np.ndarray:
    return read_pack(dataset.prepare(), dataset.data_shape)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "pictures"
    save(root / "a.png", COLOURS["red"])
    save(root / "deep" / "er" / "b.PNG", COLOURS["green"])
    save(root / "deep" / "c.bmp", COLOURS["blue"])
    (root / "notes.txt").write_text("no picture")
    (root / "._a.jpg").write_bytes(b"what some systems leave beside a picture")
    return root


def dataset(root: Path, **settings: object) -> ImageFolder:
    return ImageFolder(root=str(root), size=8, **settings)


def test_all_pictures_below_the_folder_are_packed_in_order(folder: Path) -> None:
    images = packed(dataset(folder))
    assert images.shape == (3, 3, 8, 8)
    for image, name in zip(images, ["red", "blue", "green"], strict=True):
        assert np.array_equal(image, np.broadcast_to(np.array(COLOURS[name]).reshape(3, 1, 1), (3, 8, 8)))
    assert (folder / "packed" / "image_folder-3x8x8.npy").is_file()


@pytest.mark.parametrize("resident", ["auto", "always", "never"])
def test_samples_are_the_pictures_in_range(folder: Path, resident: str) -> None:
    drawn = dataset(folder, resident=resident).open(CPU)(60, seeded())
    assert drawn.shape == (60, 3, 8, 8)
    assert drawn.dtype == torch.float32
    assert {tuple(pixel) for pixel in drawn[:, :, 4, 4].tolist()} == {(1, -1, -1), (-1, 1, -1), (-1, -1, 1)}
    assert torch.equal(drawn, dataset(folder, resident="always").open(CPU)(60, seeded()))


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "png", "bmp", "webp", "gif"])
def test_each_format_is_read(tmp_path: Path, suffix: str) -> None:
    save(tmp_path / f"x.{suffix}", (200, 100, 50))
    np.testing.assert_allclose(packed(dataset(tmp_path))[0, :, 4, 4], [200, 100, 50], atol=6)


@pytest.mark.parametrize(
    ("mode", "colour", "rgb", "grey"),
    [
        ("L", 90, (90, 90, 90), 90),
        ("1", 1, (255, 255, 255), 255),
        ("RGB", (255, 0, 0), (255, 0, 0), 76),  # ITU-R 601: 0.299 of red
        ("RGBA", (10, 20, 30, 255), (10, 20, 30), 18),
        ("RGBA", (10, 20, 30, 0), (255, 255, 255), 255),  # transparent: the white page
        ("RGBA", (0, 0, 0, 51), (204, 204, 204), 204),
        ("LA", (0, 0), (255, 255, 255), 255),
        ("I;16", 256 * 90, (90, 90, 90), 90),
    ],
)
def test_each_mode_becomes_colour_or_grey(
    tmp_path: Path, mode: str, colour: object, rgb: tuple[int, int, int], grey: int
) -> None:
    save(tmp_path / "x.png", colour, mode)
    assert tuple(packed(dataset(tmp_path))[0, :, 4, 4]) == rgb
    assert packed(dataset(tmp_path, channels=1)).shape == (1, 1, 8, 8)
    assert packed(dataset(tmp_path, channels=1))[0, 0, 4, 4] == grey


def test_a_transparent_palette_shows_the_page(tmp_path: Path) -> None:
    Image.new("P", (8, 8), 0).save(tmp_path / "x.png", transparency=0)
    assert (packed(dataset(tmp_path)) == 255).all()


@pytest.mark.parametrize("size", [(8, 20), (20, 8), (40, 16), (16, 41)])
def test_the_centred_square_is_cut_out(tmp_path: Path, size: tuple[int, int]) -> None:
    width, height = size
    side = min(size)
    picture = Image.new("L", size, 0)
    left, top = (width - side) // 2, (height - side) // 2
    picture.paste(200, (left, top, left + side, top + side))
    picture.paste(100, (left, top, left + side // 2, top + side // 2))  # upper left quarter
    picture.save(tmp_path / "x.png")
    image = packed(dataset(tmp_path, channels=1))[0, 0].astype(int)
    for corner, value in (
        (image[:3, :3], 100),
        (image[5:, 5:], 200),
        (image[:3, 5:], 200),
        (image[5:, :3], 200),
    ):
        np.testing.assert_allclose(corner, value, rtol=0, atol=1)


def test_shrinking_averages_instead_of_skipping(tmp_path: Path) -> None:
    stripes = np.zeros((64, 64), dtype=np.uint8)
    stripes[:, ::2] = 255
    Image.fromarray(stripes).save(tmp_path / "x.png")
    assert np.abs(packed(dataset(tmp_path, channels=1)).astype(int) - 127.5).max() < 10


def test_pictures_are_turned_as_their_exif_says(tmp_path: Path) -> None:
    picture = Image.new("L", (8, 8), 0)
    picture.paste(255, (0, 0, 8, 4))  # upper half
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter: what was up is right
    picture.save(tmp_path / "x.png", exif=exif)
    image = packed(dataset(tmp_path, channels=1))[0, 0]
    assert (image[:, 4:] == 255).all()
    assert (image[:, :4] == 0).all()


@pytest.mark.parametrize("content", ["text", "cut", "empty"])
def test_a_file_that_is_no_picture_is_named(folder: Path, content: str) -> None:
    bad = folder / "deep" / "bad.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(bad)
    bad.write_bytes({"text": b"no picture", "cut": bad.read_bytes()[:3000], "empty": b""}[content])
    expected = (
        r"deep/bad\.png is not an image .*; replace or remove it and run `gan-lab prepare dataset=image"
    )
    with pytest.raises(UserError, match=expected):
        dataset(folder).open(CPU)
    assert not list((folder / "packed").glob("*.npy*"))
    bad.unlink()
    assert len(packed(dataset(folder))) == 3


def test_unbounded_pixels_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "x.png")
    Image.new("F", (8, 8)).save(tmp_path / "float.tiff")
    (tmp_path / "float.tiff").rename(tmp_path / "float.png")  # Pillow goes by the content
    with pytest.raises(UserError, match=r"float\.png is not an image .*unbounded type F"):
        dataset(tmp_path).prepare()


def test_a_missing_folder_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^dataset\.root must be a folder of images; .*nowhere is none\.$"):
        dataset(tmp_path / "nowhere").open(CPU)
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("")
    with pytest.raises(UserError, match=r"^dataset\.root must hold images \(jpg, .*\); there are none below"):
        dataset(tmp_path).open(CPU)
    assert [path.name for path in tmp_path.iterdir()] == ["x.txt"]


def test_the_root_is_relative_to_the_current_directory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    assert ImageFolder(root="pictures").folder == folder


def test_an_unchanged_folder_is_packed_once(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    dataset(folder).open(CPU)
    assert "Packing image_folder into" in caplog.text
    assert "3 images are resident." in caplog.text
    before = dataset(folder).pack_path.stat()
    caplog.clear()
    dataset(folder, resident="never").open(CPU)
    assert "Packing" not in caplog.text
    assert "3 images are streamed." in caplog.text
    assert dataset(folder).pack_path.stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("change", ["add", "remove", "rename", "resize"])
def test_a_changed_folder_is_packed_again(
    folder: Path, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    dataset(folder).prepare()
    if change == "add":
        save(folder / "new.png")
    if change == "remove":
        (folder / "a.png").unlink()
    if change == "rename":
        (folder / "a.png").rename(folder / "z.png")
    if change == "resize":
        save(folder / "a.png", (255, 0, 0), size=(100, 300))
    caplog.clear()
    dataset(folder).open(CPU)
    assert [r.message for r in caplog.records if r.levelname == "WARNING"] == [
        "image_folder has changed since it was packed; packing it again."
    ]
    images = packed(dataset(folder))
    assert len(images) == {"add": 4, "remove": 2}.get(change, 3)
    if change == "rename":
        assert tuple(images[-1, :, 0, 0]) == COLOURS["red"]


def damage(path: Path, how: str) -> None:
    if how == "cut":
        os.truncate(path, 300)
    if how == "byte":
        path.write_bytes(path.read_bytes()[:-1] + b"\x07")
    if how == "sidecar":
        path.with_suffix(".json").write_text("{")


@pytest.mark.parametrize("how", ["cut", "byte", "sidecar"])
def test_a_damaged_pack_is_told_and_mended_by_prepare(folder: Path, how: str) -> None:
    pack = dataset(folder).prepare()
    damage(pack, how)
    command = f"gan-lab prepare dataset=image_folder dataset.size=8 dataset.root={folder}"
    with pytest.raises(UserError, match=f"; run `{command}` to pack it again\\.$"):
        dataset(folder).open(CPU)
    assert len(packed(dataset(folder))) == 3
    dataset(folder).open(CPU)


def test_a_pack_without_sidecar_is_packed_again(folder: Path) -> None:
    pack = dataset(folder).prepare()
    pack.with_suffix(".json").unlink()
    dataset(folder).open(CPU)
    assert pack.with_suffix(".json").is_file()


def test_the_command_repeats_the_settings_that_are_not_the_default() -> None:
    command = "gan-lab prepare dataset=image_folder"
    assert ImageFolder().prepare_command == command
    other = ImageFolder(root="my pictures", size=32, channels=1)
    assert other.prepare_command == f"{command} dataset.size=32 'dataset.root=my pictures' dataset.channels=1"


@pytest.mark.parametrize(("key", "value"), [("size", 0), ("size", 2.5), ("channels", 4), ("resident", "yes")])
def test_bad_settings_are_refused(key: str, value: object) -> None:
    with pytest.raises(BadValueError, match=f"^{key} must be .*; got {value!r}\\.$"):
        ImageFolder(**{key: value})
