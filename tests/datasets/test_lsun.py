import io
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_lab.config.errors import UserError
from gan_lab.datasets import lsun
from gan_lab.datasets.lsun import LsunBedroom
from gan_lab.datasets.packed import read_pack


def bedroom(k: int) -> Image.Image:
    image = Image.new("RGB", (300, 256))
    image.paste((80 * (k + 1),) * 3, (22, 0, 278, 256))
    return image


def write_lsun(root: Path, contents: list[bytes] | None = None) -> None:
    lmdb = pytest.importorskip("lmdb")
    if contents is None:
        contents = []
        for k in range(3):
            buffer = io.BytesIO()
            bedroom(k).save(buffer, "webp", lossless=True)
            contents.append(buffer.getvalue())
    folder = root / "bedroom_train_lmdb"
    folder.mkdir(parents=True)
    with lmdb.open(str(folder), map_size=2**20) as database, database.begin(write=True) as transaction:
        for k, content in enumerate(contents):
            transaction.put(f"{k:040x}".encode(), content)


def packed(dataset: LsunBedroom) -> np.ndarray:
    return read_pack(dataset.prepare(), dataset.data_shape)


def test_all_bedrooms_are_packed_and_drawn(tmp_path: Path) -> None:
    write_lsun(tmp_path)
    dataset = LsunBedroom(root=str(tmp_path))
    drawn = dataset.open(torch.device("cpu"))(20, torch.Generator().manual_seed(0))
    assert drawn.shape == (20, 3, 64, 64)
    assert len(packed(dataset)) == 3
    assert drawn.unique().tolist() == pytest.approx(
        [80 / 127.5 - 1, 160 / 127.5 - 1, 240 / 127.5 - 1], abs=1e-6
    )


def test_a_pack_outlives_the_database(tmp_path: Path) -> None:
    write_lsun(tmp_path)
    dataset = LsunBedroom(root=str(tmp_path), size=16)
    dataset.prepare()
    dataset.source_files()[0].unlink()
    dataset.open(torch.device("cpu"))


def test_a_missing_database_is_told_and_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"^dataset=lsun_bedroom was not found; put .* below {tmp_path}"):
        LsunBedroom(root=str(tmp_path)).open(torch.device("cpu"))
    assert list(tmp_path.iterdir()) == []


def test_bedrooms_lose_the_columns_outside_the_centred_square(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_lsun(tmp_path / "here")
    images = packed(LsunBedroom(root="here"))
    for k, image in enumerate(images):
        np.testing.assert_allclose(image, 80 * (k + 1), rtol=0, atol=1)
    assert [path.name for path in tmp_path.iterdir()] == ["here"]  # no cache of keys beside it


def test_a_damaged_bedroom_is_refused(tmp_path: Path) -> None:
    write_lsun(tmp_path, [b"no image"])
    with pytest.raises(UserError, match=r"has a damaged image 0{40} .*; download it again"):
        LsunBedroom(root=str(tmp_path)).prepare()


def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("lmdb")
    (tmp_path / "bedroom_train_lmdb").mkdir()
    (tmp_path / "bedroom_train_lmdb" / "data.mdb").write_bytes(b"no database" * 1000)
    with pytest.raises(UserError, match=r"bedroom_train_lmdb is damaged \(.*\); download it again\.$"):
        LsunBedroom(root=str(tmp_path)).prepare()


def test_lsun_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_lsun(tmp_path)
    monkeypatch.setitem(sys.modules, "lmdb", None)
    with pytest.raises(UserError, match=r"needs the package lmdb; install it with `pip install lmdb`\.$"):
        LsunBedroom(root=str(tmp_path)).prepare()


def photographs(count: int) -> list[bytes]:
    noise = np.random.default_rng(0)
    contents = []
    for _ in range(count):
        buffer = io.BytesIO()
        Image.fromarray(noise.integers(0, 255, (40, 40, 3), dtype=np.uint8)).save(buffer, "webp")
        contents.append(buffer.getvalue())
    return contents


@pytest.mark.parametrize("pages", [2, 3, 5, -1])
def test_a_database_cut_short_is_refused_before_it_is_read(tmp_path: Path, pages: int) -> None:
    write_lsun(tmp_path, photographs(20))
    database = tmp_path / "bedroom_train_lmdb" / "data.mdb"
    whole = database.stat().st_size
    kept = pages * 4096 if pages > 0 else whole - 1
    os.truncate(database, kept)
    expected = rf"data\.mdb is cut short: it holds {kept:,} bytes of at least {whole:,}; download it again\.$"
    with pytest.raises(UserError, match=expected):
        LsunBedroom(root=str(tmp_path), size=8).prepare()


def test_a_download_with_holes_is_refused(tmp_path: Path) -> None:
    write_lsun(tmp_path, photographs(20))
    database = tmp_path / "bedroom_train_lmdb" / "data.mdb"
    content = database.read_bytes()
    for place in range(2 * 4096, len(content), 4096):
        is_leaf = content[place + 10] & 2  # its flags, after its number and padding
        if is_leaf:
            database.write_bytes(content[:place] + bytes(4096) + content[place + 4096 :])
            with pytest.raises(UserError, match=r"is damaged \(.*\); download it again\.$"):
                LsunBedroom(root=str(tmp_path), size=8).prepare()
    assert not (tmp_path / "packed" / "lsun_bedroom-3x8x8.json").exists()


@pytest.mark.parametrize("damaged", [1, 2])
def test_few_damaged_bedrooms_are_left_out_and_more_are_refused(
    tmp_path: Path, damaged: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lsun, "SPARED", 0.1)
    contents = [b"no image"] * damaged + photographs(20 - damaged)
    write_lsun(tmp_path, contents)
    dataset = LsunBedroom(root=str(tmp_path), size=8)
    intact = packed(dataset)
    assert len(intact) == 20 - damaged
    (said,) = [record.message for record in caplog.records if record.levelname == "WARNING"]
    left_out = {1: "is damaged and was left out", 2: "are damaged and were left out"}[damaged]
    assert said.startswith(f"{damaged} of 20 images {left_out}: ")
    assert said.count("it begins as no picture does") == damaged
    assert "0x" not in said.replace(str(tmp_path), "")  # no address of memory
    monkeypatch.setattr(lsun, "SPARED", 0.04)
    with pytest.raises(UserError, match=r"0{40} \(it begins as no picture does\)"):
        dataset.prepare(force=True)
    assert np.array_equal(packed(dataset), intact)


def test_at_most_one_in_a_thousand_is_left_out() -> None:
    assert lsun.SPARED == 1e-3
