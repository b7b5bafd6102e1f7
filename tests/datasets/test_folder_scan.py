"""Folders as people have them: hidden things, links, pipes, odd names; what is passed over is said."""

import logging
import os
import random
import socket
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan_lab.config.errors import UserError
from gan_lab.datasets import packing, pixels
from gan_lab.datasets.folder_scan import scan
from gan_lab.datasets.image_folder import ImageFolder
from gan_lab.datasets.packed import read_pack
from gan_lab.datasets.pixels import readable_formats, readable_suffixes


def save(path: Path, **settings: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), (200, 100, 50)).save(path, **settings)
    return path


def dataset(root: Path, **settings: object) -> ImageFolder:
    return ImageFolder(root=str(root), size=8, **settings)


def names(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in scan(root, readable_suffixes()).pictures]


def packed(root: Path) -> np.ndarray:
    return read_pack(dataset(root).prepare(), (3, 8, 8))


@pytest.mark.parametrize(
    "hidden",
    [
        *(".ipynb_checkpoints", ".Trash", ".Trash-1000", ".git", ".cache", "__MACOSX", "@eaDir", "#recycle"),
        *("$RECYCLE.BIN", "System Volume Information", "lost+found", "deep/.thumbnails"),
    ],
)
def test_hidden_folders_are_not_walked(tmp_path: Path, hidden: str) -> None:
    save(tmp_path / "a.png")
    save(tmp_path / hidden / "b.png")
    save(tmp_path / hidden / "deeper" / "c.png")
    assert names(tmp_path) == ["a.png"]
    assert scan(tmp_path, readable_suffixes()).said() == "1 hidden folder"


def test_what_was_passed_over_is_said_when_packing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for k in range(3):
        save(tmp_path / "class" / f"{k}.JPG")
    for name in ("a.txt", "b.txt", "c.TXT", "labels.csv", "README", ".DS_Store", "._0.jpg"):
        (tmp_path / name).write_text("")
    (tmp_path / "empty class").mkdir()
    assert len(packed(tmp_path)) == 3
    said = "3 .txt, 2 hidden files, 1 .csv, 1 file without a known ending"
    first, *_ = [r.message for r in caplog.records if "passed over" in r.message]
    assert first.startswith(f"3 images below {tmp_path}; passed over: ")
    assert sorted(first.removesuffix(".").split(": ")[1].split(", ")) == sorted(said.split(", "))
    caplog.clear()
    packed(tmp_path)  # what the pack's own folder holds is nobody's picture
    assert [r.message for r in caplog.records] == ["image_folder was packed before: 3 images."]


def test_many_kinds_are_summed_up(tmp_path: Path) -> None:
    for k in range(30):
        (tmp_path / f"x.e{k}").write_text("")
    assert scan(tmp_path, readable_suffixes()).said().endswith(", 22 of other kinds")


def test_a_folder_without_pictures_says_what_it_holds(tmp_path: Path) -> None:
    for k in range(1200):
        (tmp_path / f"{k}.npy").write_text("")
    with pytest.raises(UserError, match=r"there are none below .*, which holds 1,200 \.npy\.$"):
        dataset(tmp_path).prepare()


def test_links_lead_neither_round_nor_out(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    save(root / "a.png")
    save(outside / "b.png")
    (root / "round").symlink_to(root)
    (root / "away").symlink_to(outside)
    (root / "inside.png").symlink_to("a.png")
    (root / "outside.png").symlink_to(outside / "b.png")
    (root / "broken.png").symlink_to("nothing.png")
    (root / "itself.png").symlink_to("itself.png")
    assert names(root) == ["a.png", "inside.png"]
    assert scan(root, readable_suffixes()).passed_over == {
        "link to a folder": 2,
        "broken link": 2,
        "link that leads out of the folder": 1,
    }
    assert len(packed(root)) == 2


def test_a_root_that_is_a_link_is_read(tmp_path: Path) -> None:
    save(tmp_path / "pictures" / "a.png")
    (tmp_path / "link").symlink_to("pictures")
    assert len(packed(tmp_path / "link")) == 1


def test_pipes_and_sockets_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "a.png")
    os.mkfifo(tmp_path / "b.png")
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("c.png")
        assert len(packed(tmp_path)) == 1
        assert scan(tmp_path, readable_suffixes()).said() == "2 pipes or devices"


def test_a_subfolder_that_cannot_be_read_is_an_error_and_the_pack_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "a.png")
    locked = save(tmp_path / "locked" / "b.png").parent
    before = packed(tmp_path).copy()
    listing = os.scandir

    def refuse(path: str) -> object:
        if Path(path) == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return listing(path)

    save(tmp_path / "new.png")
    monkeypatch.setattr(os, "scandir", refuse)
    for use in (lambda: dataset(tmp_path).prepare(force=True), dataset(tmp_path).prepare):
        with pytest.raises(UserError, match=rf"^{locked} cannot be read \(Permission denied\); allow it, or"):
            use()
    monkeypatch.undo()
    assert np.array_equal(read_pack(dataset(tmp_path).pack_path, (3, 8, 8)), before)


@pytest.mark.parametrize(
    ("suffix", "settings"),
    [
        *(
            (suffix, {})
            for suffix in ("jpg", "jpe", "JFIF", "png", "apng", "Tif", "tiff", "bmp", "dib", "gif")
        ),
        *((suffix, {}) for suffix in ("webp", "ppm", "tga", "pcx", "ico", "sgi", "jp2", "dds")),
        ("tif", {"compression": "tiff_lzw"}),
        ("tif", {"compression": "jpeg"}),
    ],
)
def test_what_pillow_reads_is_read(tmp_path: Path, suffix: str, settings: dict[str, object]) -> None:
    path = tmp_path / f"x.{suffix}"
    Image.new("RGB", (16, 16), (200, 100, 50)).save(path, **settings)
    np.testing.assert_allclose(packed(tmp_path)[0, :, 4, 4], [200, 100, 50], atol=6)


def test_what_has_no_decoder_and_what_is_a_program_is_not_read(tmp_path: Path) -> None:
    assert not {".eps", ".ps", ".h5", ".mpg", ".wmf", ".grib"} & readable_suffixes()
    assert {".png", ".jpg", ".tif", ".jfif", ".webp"} <= readable_suffixes()
    assert "EPS" not in readable_formats()
    Image.new("RGB", (8, 8)).save(tmp_path / "x.eps")
    (tmp_path / "x.eps").rename(tmp_path / "x.png")  # Pillow goes by the content
    with pytest.raises(UserError, match=r"x\.png is not an image that can be read \(it begins as no picture"):
        dataset(tmp_path).prepare()


@pytest.mark.parametrize(
    "name", [b"caf\xe9.png", b"\xff\xfe.png", "é日本 語.png".encode(), b"a\nb\x1b[1m.png"]
)
def test_names_of_any_bytes_are_read(tmp_path: Path, name: bytes) -> None:
    save(tmp_path / "plain.png")
    path = os.path.join(os.fsencode(tmp_path), name)
    os.rename(tmp_path / "plain.png", path)
    assert len(packed(tmp_path)) == 1
    Path(os.fsdecode(path)).write_bytes(b"no picture")
    with pytest.raises(UserError, match="it begins as no picture does"):
        dataset(tmp_path).prepare()


@pytest.mark.parametrize("name", [b"caf\xe9", "é日 本".encode(), b"it's a = [b], {c}", b"-x"])
def test_a_root_of_any_bytes_is_packed(tmp_path: Path, name: bytes) -> None:
    root = tmp_path / os.fsdecode(name)
    save(tmp_path / "root" / "plain.png")
    (tmp_path / "root").rename(root)
    assert len(packed(root)) == 1
    assert dataset(root).prepare_command.encode()


def test_names_that_differ_in_capitals_are_two(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    save(tmp_path / "A.PNG")
    assert len(packed(tmp_path)) == 2


@pytest.mark.parametrize("damaged", [1, 3, 10, 14])
def test_the_first_ten_damaged_files_are_named_at_once(tmp_path: Path, damaged: int) -> None:
    for k in range(40):
        save(tmp_path / f"{k:02}.png")
    chosen = sorted(random.Random(0).sample(range(40), damaged))
    for k in chosen:
        (tmp_path / f"{k:02}.png").write_bytes(b"" if k % 2 else b"no picture")
    with pytest.raises(UserError) as refused:
        dataset(tmp_path).prepare()
    sentence = str(refused.value)
    named = [k for k in range(40) if f"{k:02}.png (" in sentence or f"{k:02}.png is not" in sentence]
    assert named == chosen[:10]
    if damaged > 1:
        assert sentence.startswith(f"{tmp_path} has {damaged} images that cannot be read: ")
    assert (" and 4 more;" in sentence) == (damaged == 14)
    assert f"; replace or remove {'it' if damaged == 1 else 'them'} and run `gan-lab prepare" in sentence
    assert not list((tmp_path / "packed").glob("*.npy*"))


def test_the_search_for_damage_ends_with_the_tenth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "_CHUNK_IMAGES", 10)
    for k in range(40):
        (tmp_path / f"{k:02}.png").write_bytes(b"")
    looked_at = []
    decode = pixels.decode

    def counting(file: Path, size: int, channels: int) -> object:
        looked_at.append(file)
        return decode(file, size, channels)

    monkeypatch.setattr("gan_lab.datasets.image_folder.decode", counting)
    with pytest.raises(UserError, match=r"09\.png \("):
        dataset(tmp_path).prepare()
    assert len(looked_at) == 10
