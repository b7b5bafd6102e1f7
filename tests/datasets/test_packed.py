import builtins
import errno
import json
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan_lab.config.errors import UserError
from gan_lab.datasets import packed, packing
from gan_lab.datasets.packed import DamagedPackError, read_pack, read_sidecar, sidecar_path
from gan_lab.datasets.packing import Images, write_pack
from gan_lab.files.lock import sole_writer
from gan_lab.files.regular import NotRegularError

WAY_OUT = "choose another dataset.root"

SHAPE = (3, 4, 5)
PIXELS = np.random.default_rng(0).integers(0, 256, (1300, *SHAPE), dtype=np.uint8)  # three chunks


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "things-3x4x5.npy"


@pytest.fixture
def pack(path: Path) -> Path:
    write(path)
    return path


def mend(damaged: int) -> str:
    return f"mend the {damaged}"


def write(path: Path, decode: Callable[[int], Any] = PIXELS.__getitem__, source: str = "old") -> None:
    write_pack(path, Images(len(PIXELS), decode, "the set", mend), "things", SHAPE, source)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_pack_gives_back_every_image_and_says_what_it_is(pack: Path) -> None:
    images = read_pack(pack, SHAPE)
    assert isinstance(images, np.memmap)
    assert not images.flags.writeable
    assert np.array_equal(images, PIXELS)
    assert np.array_equal(np.load(pack), PIXELS)  # a plain .npy
    content = json.loads(sidecar_path(pack).read_text())
    assert list(content) == ["format", "name", "shape", "bytes", "blake2b", "source"]
    assert content["format"] == 1
    assert content["shape"] == list(PIXELS.shape)
    assert content["bytes"] == pack.stat().st_size
    assert (content["name"], content["source"]) == ("things", "old")
    assert names(pack.parent) == ["things-3x4x5.json", "things-3x4x5.npy"]


def test_a_pack_cut_short_is_refused_without_hashing(pack: Path) -> None:
    os.truncate(pack, pack.stat().st_size - 1)
    with pytest.raises(DamagedPackError, match=r"holds 78,127 bytes where 78,128 were written"):
        read_pack(pack, SHAPE, hash_limit_bytes=0)


@pytest.mark.parametrize("position", [3, 20, 128, -1])
def test_a_changed_byte_is_found(pack: Path, position: int) -> None:
    content = bytearray(pack.read_bytes())
    content[position] ^= 1
    pack.write_bytes(content)
    with pytest.raises(DamagedPackError, match=r"has changed since it was written"):
        read_pack(pack, SHAPE)


def test_packs_above_the_limit_are_not_hashed(pack: Path) -> None:
    content = bytearray(pack.read_bytes())
    content[-1] ^= 1
    pack.write_bytes(content)
    assert read_pack(pack, SHAPE, hash_limit_bytes=len(content) - 1).shape == PIXELS.shape
    with pytest.raises(DamagedPackError):
        read_pack(pack, SHAPE, hash_limit_bytes=len(content))
    assert packed.HASH_LIMIT_BYTES == 2**30


def test_a_broken_header_is_found_without_the_hash(pack: Path) -> None:
    pack.write_bytes(b"?" + pack.read_bytes()[1:])
    with pytest.raises(DamagedPackError, match=r"does not begin as an array"):
        read_pack(pack, SHAPE, hash_limit_bytes=0)


def test_another_shape_is_refused(pack: Path) -> None:
    with pytest.raises(
        DamagedPackError, match=r"holds uint8 \(1300, 3, 4, 5\) instead of images \(1, 4, 5\)"
    ):
        read_pack(pack, (1, 4, 5))


def test_a_pack_without_sidecar_counts_as_unfinished(pack: Path) -> None:
    sidecar_path(pack).unlink()
    assert packed.read_sidecar(pack) is None
    with pytest.raises(DamagedPackError, match=r"is not finished"):
        read_pack(pack, SHAPE)


def test_a_sidecar_without_pack_counts_as_unfinished(pack: Path) -> None:
    pack.unlink()
    assert packed.read_sidecar(pack) is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"format": 1, "name": "x"}', '{"format": 1, "shape": 3}']
)
def test_a_sidecar_that_makes_no_sense_is_damage(pack: Path, text: str) -> None:
    sidecar_path(pack).write_text(text)
    with pytest.raises(DamagedPackError, match=r"\.json is damaged"):
        packed.read_sidecar(pack)


def test_another_format_counts_as_missing(pack: Path) -> None:
    content = json.loads(sidecar_path(pack).read_text())
    sidecar_path(pack).write_text(json.dumps({**content, "format": 2, "more": []}))
    assert packed.read_sidecar(pack) is None


def test_no_images_are_refused(path: Path) -> None:
    with pytest.raises(UserError, match=r"dataset=things holds no images"):
        write_pack(path, Images(0, PIXELS.__getitem__, "the set", mend), "things", SHAPE, "")


@pytest.mark.parametrize("error", [KeyboardInterrupt, UserError("x.png is not an image.")])
def test_packing_that_stops_leaves_nothing(path: Path, error: BaseException) -> None:
    def decode(index: int) -> Any:
        if index == 1000:
            raise error
        return PIXELS[index]

    with pytest.raises(error if isinstance(error, type) else type(error)):
        write(path, decode)
    assert names(path.parent) == []


def test_packing_again_that_stops_leaves_the_old_pack(pack: Path) -> None:
    before = pack.read_bytes()
    with pytest.raises(ZeroDivisionError):
        write(pack, lambda index: 1 // 0)
    assert pack.read_bytes() == before
    assert np.array_equal(read_pack(pack, SHAPE), PIXELS)


def test_a_death_between_the_two_files_leaves_an_unfinished_pack(
    pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace

    def die_at_the_sidecar(source: Path, target: Path) -> None:
        if target == sidecar_path(pack):
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", die_at_the_sidecar)
    with pytest.raises(KeyboardInterrupt):
        write(pack, lambda index: 255 - PIXELS[index], source="new")
    assert names(pack.parent) == ["things-3x4x5.npy"]
    assert packed.read_sidecar(pack) is None


def test_leftovers_of_a_killed_run_are_removed(path: Path) -> None:
    leftover = path.with_name(f"{path.name}.12345.tmp")
    leftover.write_bytes(b"half")
    other = path.with_name("others-3x4x5.npy.12345.tmp")
    other.write_bytes(b"not mine")
    write(path)
    assert names(path.parent) == [other.name, "things-3x4x5.json", "things-3x4x5.npy"]


def test_a_full_disk_is_said_in_a_sentence_and_cleaned_up(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_on_full_disk(name: Path, mode: str) -> Any:
        file = builtins.open(name, mode)  # noqa: SIM115 - the caller closes it
        write_bytes, written = file.write, 0

        def write_some(content: bytes) -> int:
            nonlocal written
            written += len(content)
            if written > 40_000:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return write_bytes(content)

        monkeypatch.setattr(file, "write", write_some)
        return file

    monkeypatch.setattr(packing, "open", open_on_full_disk, raising=False)
    with pytest.raises(
        UserError, match=r"could not be written \(No space left on device\); it needs 0 MB"
    ) as info:
        write(path)
    assert isinstance(info.value.__cause__, OSError)
    monkeypatch.undo()
    assert names(path.parent) == []


def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "packed").write_text("a file where the folder should be")
    with (
        pytest.raises(UserError, match=r"cannot be written to .* choose another dataset\.root\.$"),
        sole_writer(tmp_path / "packed" / "things.npy", WAY_OUT),
    ):
        pass


def hold(path: Path, about_to: Any, entered: Any, leave: Any) -> None:
    about_to.set()
    with sole_writer(path, WAY_OUT):
        entered.set()
        leave.wait()


def test_the_lock_keeps_a_second_process_waiting(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    first_tries, first_in, second_tries, second_in, never, at_once = (context.Event() for _ in range(6))
    at_once.set()
    first = context.Process(target=hold, args=(path, first_tries, first_in, never))
    second = context.Process(target=hold, args=(path, second_tries, second_in, at_once))
    first.start()
    assert first_in.wait(120)
    second.start()
    assert second_tries.wait(120)
    assert not second_in.wait(0.5)  # it has begun to ask; imports, which may take long, lie before that
    first.kill()  # the system frees the lock of a process that was killed
    assert second_in.wait(120)
    for process in (first, second):
        process.join(120)


def header_of(shape: str) -> bytes:
    """The beginning of a .npy whose header claims a shape."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def plant(path: Path, shape: str, claimed: Any, data: bytes = b"") -> None:
    """Write a pack and a sidecar that agree, but are no images."""
    path.write_bytes(header_of(shape) + data)
    content = {"format": 1, "name": "things", "shape": claimed, "bytes": path.stat().st_size}
    content |= {"blake2b": packed.hash_of(path), "source": ""}
    sidecar_path(path).write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("shape", "claimed"),
    [
        ("(0, 3, 4, 5)", [0, 3, 4, 5]),
        ("(-1, 3, 4, 5)", [-1, 3, 4, 5]),
        ("(-1, 3, 4, 5)", [1, 3, 4, 5]),
        ("(99999999999999999999, 3, 4, 5)", [99999999999999999999, 3, 4, 5]),
        ("(1, 3, 4, 5)", [1, 3, 4, 5]),  # without a single byte of them
        ("(1, 3, 4, 5)", {}),
        ("(1, 3, 4, 5)", None),
        ("(1, 3, 4, 5)", [[1, 3, 4, 5]]),
        ("(" * 50 + ")" * 50, [1, 3, 4, 5]),
    ],
)
def test_a_pack_that_holds_no_images_is_damaged(path: Path, shape: str, claimed: Any) -> None:
    plant(path, shape, claimed)
    with pytest.raises(DamagedPackError):
        read_pack(path, SHAPE)


@pytest.mark.parametrize("text", ["[" * 100_000, "5", "[]", '{"format": 1}', "\x00", '{"format": [1]}', ""])
def test_a_sidecar_of_anything_is_damaged_or_of_another_format(pack: Path, text: str) -> None:
    sidecar_path(pack).write_text(text)
    with pytest.raises(DamagedPackError):
        read_pack(pack, SHAPE)


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_links_and_pipes_are_no_packs(tmp_path: Path, kind: str) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    for name in ("a-3x4x5.npy", "a-3x4x5.json"):
        folder = tmp_path / name
        folder.mkdir()
        write(folder / "a-3x4x5.npy")
        (folder / name).unlink()
        (folder / name).symlink_to(outside) if kind == "link" else os.mkfifo(folder / name)
        with pytest.raises(NotRegularError, match=f"is a {kind}, where"):
            read_pack(folder / "a-3x4x5.npy", SHAPE)
    (tmp_path / "packed").symlink_to(tmp_path / "outside_folder")
    with pytest.raises(NotRegularError, match="packed is a link"):
        read_sidecar(tmp_path / "packed" / "a-3x4x5.npy")
    assert outside.read_text() == "mine"
