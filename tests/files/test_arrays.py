"""`.npy` files of strangers: numbers are read, and everything else is refused in a sentence."""

import os
from pathlib import Path

import numpy as np
import pytest

from gan_lab.config.errors import UserError
from gan_lab.files.arrays import open_array


def header(shape: str, descr: str = "'<f4'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float16", ">f4", "float64"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_numbers_come_out_as_they_went_in(tmp_path: Path, dtype: str, order: str) -> None:
    values = np.asarray(np.arange(24).reshape(2, 3, 4), dtype=dtype, order=order)  # type: ignore[call-overload]
    np.save(tmp_path / "a.npy", values)
    found = open_array(tmp_path / "a.npy")
    assert found.dtype == values.dtype
    assert np.array_equal(found, values)


def test_rows_are_read_as_they_are_asked_for(tmp_path: Path) -> None:
    """A file of many gigabytes (of holes, here) is opened without reading them."""
    path = tmp_path / "large.npy"
    path.write_bytes(header("(8000000000, 2)"))
    os.truncate(path, 128 + 8 * 8_000_000_000)
    assert open_array(path)[[0, 7_999_999_999]].tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is no .npy file of numbers."),
        (b"PK\x03\x04 an archive", "is no .npy file of numbers."),
        (b"\x93NUMPY\x03\x00" + bytes(100), "is no .npy file of numbers."),
        (header("(2,", "'<f4'"), "is no .npy file of numbers."),
        (header("(" * 100), "is no .npy file of numbers."),
        (header("__import__('os').system('true')"), "is no .npy file of numbers."),
        (header("(10,)") + bytes(39), "has 39 bytes of numbers, and its header says 40."),
        (header("(10,)") + bytes(41), "has 41 bytes of numbers, and its header says 40."),
        (header("(99999999999, 99999999999)"), "has 0 bytes of numbers, and its header says 39,999,999,999,"),
        (header("(-1, -1)") + bytes(4), "has 4 bytes of numbers, and its header says 4."),
        (header("(0, 2)"), r"holds an array of shape \(0, 2\): no samples."),
        (header("(1,)", "'|O'") + bytes(8), "must hold numbers; it holds Python objects, which would"),
        (header("(1,)", "'<U4'") + bytes(16), "must hold numbers; it holds str128 values."),
        (header("(1,)", "[('a', '<f4')]") + bytes(4), "must hold numbers; it holds void32 values."),
    ],
)
def test_everything_else_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"^{path} {sentence}"):
        open_array(path)


def test_links_pipes_and_folders_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones(3))
    (tmp_path / "link.npy").symlink_to("a.npy")
    os.mkfifo(tmp_path / "pipe.npy")
    (tmp_path / "folder.npy").mkdir()
    for name, word in (("link", "is a link"), ("pipe", "is a pipe"), ("folder", "could not be read")):
        with pytest.raises(UserError, match=word):
            open_array(tmp_path / f"{name}.npy")
