"""Zip files of strangers: what is no archive is refused in a sentence, and nothing is written elsewhere."""

import contextlib
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from gan_lab.config.errors import UserError
from gan_lab.files import zip_file
from gan_lab.files.zip_file import unpack, zip_bytes

NAMES = ("a.txt", "b/a.txt", "b/c/a.txt")


def most_bytes(name: str) -> int | None:
    return 1000 if name.endswith("a.txt") else None


def made(path: Path, members: dict[str, bytes], mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            member = zipfile.ZipInfo(name)
            member.external_attr = mode << 16
            file.writestr(member, content)
    return path


def unpacked(path: Path, tmp_path: Path) -> dict[str, bytes]:
    folder = tmp_path / "unpacked"
    folder.mkdir()
    unpack(path, folder, most_bytes)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def refusal(path: Path, tmp_path: Path) -> str:
    """Return the sentence that refuses a file, having seen that nothing lies beside where it was unpacked."""
    folder = tmp_path / "within" / "unpacked"
    folder.mkdir(parents=True)
    before = {*tmp_path.rglob("*")}
    with pytest.raises(UserError) as refused:
        unpack(path, folder, most_bytes)
    assert {each for each in tmp_path.rglob("*") if not each.is_relative_to(folder)} == before - {folder}
    text = str(refused.value)
    assert text.startswith(f"{path} ")
    assert "\n" not in text
    assert len(text) < 1500
    return text


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    files = {name: name.encode() * 3 for name in NAMES}
    path = tmp_path / "x.zip"
    path.write_bytes(zip_bytes(files.items()))
    assert unpacked(path, tmp_path) == files


def test_folders_of_other_programs_are_no_fault(tmp_path: Path) -> None:
    path = made(tmp_path / "x.zip", {"b/": b"", "b/a.txt": b"x"})
    assert unpacked(path, tmp_path) == {"b/a.txt": b"x"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../a.txt", "leads out of it"),
        ("b/../../a.txt", "leads out of it"),
        ("/tmp/a.txt", "leads out of it"),
        ("..", "leads out of it"),
        ("b//a.txt", "empty parts"),
        ("./a.txt", "empty parts"),
        ("b\\a.txt", "backslashes"),
        ("\x1b[2Ja.txt", "control characters"),
        ("\u202etxt.a.txt", "control characters"),
        ("b\na.txt", "control characters"),
        ("x" * 256 + "a.txt", "too long"),
        ("b/" * 40 + "a.txt", "too long"),
        ("../", "leads out of it"),
        ("run.py", "which no report reads"),
    ],
)
def test_a_weird_name_is_refused(tmp_path: Path, name: str, words: str) -> None:
    text = refusal(made(tmp_path / "x.zip", {"a.txt": b"", name: b""}), tmp_path)
    assert words in text
    assert "\x1b" not in text
    if name != "run.py":
        with pytest.raises(UserError, match=words):
            zip_bytes([(name.rstrip("/"), b"")])


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_a_link_is_refused(tmp_path: Path, kind: int) -> None:
    path = made(tmp_path / "x.zip", {"a.txt": b"/etc/passwd"}, mode=kind | 0o777)
    assert "as a link or a device" in refusal(path, tmp_path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as file:
        for content in (b"good", b"bad"):
            file.writestr("a.txt", content)
    assert "'a.txt' twice" in refusal(path, tmp_path)


def test_a_file_that_is_a_folder_too_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "x.zip", {"a.txt": b"", "a.txt/a.txt": b""})
    assert "as a file and as a folder" in refusal(path, tmp_path)


def test_a_file_that_is_too_large_is_refused_by_its_header(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.txt", bytes(100_000_000))
    assert path.stat().st_size < 200_000
    assert "of 100,000,000 bytes, of at most 1,000" in refusal(path, tmp_path)


def test_a_header_that_lies_about_its_size_yields_no_more_than_it_says(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.txt", bytes(10_000_000))
    data = path.read_bytes()
    size = struct.pack("<I", 10_000_000)
    assert data.count(size) == 2  # of the file's own header, and of the table at the end
    path.write_bytes(data.replace(size, struct.pack("<I", 900)))
    assert "is damaged" in refusal(path, tmp_path)


def test_many_files_and_many_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(tmp_path / "x.zip", dict.fromkeys(NAMES, b"12345"))
    with monkeypatch.context() as less:
        less.setattr(zip_file, "MOST_MEMBERS", 2)
        assert "holds 3 files, and an archive 2 at most" in refusal(path, tmp_path)
        with pytest.raises(UserError, match="2 files and"):
            zip_bytes((name, b"") for name in NAMES)
    (tmp_path / "within" / "unpacked").rmdir()
    (tmp_path / "within").rmdir()
    monkeypatch.setattr(zip_file, "MOST_BYTES", 14)
    assert "holds 15 bytes, and an archive 14 at most" in refusal(path, tmp_path)


def test_a_table_of_names_that_is_too_long_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(tmp_path / "x.zip", dict.fromkeys(NAMES, b""))
    whole = path.read_bytes()
    # as the end says it, and as ZIP64 would say it before
    path.write_bytes(whole[:-10] + struct.pack("<I", (1 << 25) + 1) + whole[-6:])
    assert "names more files than an archive holds" in refusal(path, tmp_path)
    (tmp_path / "within" / "unpacked").rmdir()
    (tmp_path / "within").rmdir()
    path.write_bytes(whole[:-22] + b"PK\x06\x07" + bytes(16) + whole[-22:])
    assert "names more files than an archive holds" in refusal(path, tmp_path)
    monkeypatch.setattr(zip_file, "_MOST_OF_NAMES", 100)
    with pytest.raises(UserError, match="names more files than an archive holds; archive fewer"):
        zip_bytes((name, b"") for name in NAMES)


def test_an_encrypted_file_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "x.zip", {"a.txt": b"secret"})
    data = bytearray(path.read_bytes())
    for begin, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(begin) + at] |= 1  # the flag that zip programs set
    path.write_bytes(data)
    assert "'a.txt' encrypted" in refusal(path, tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK", b"a text", b"\x00" * 100, b"%PDF-1.7"])
def test_what_is_no_zip_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    assert "neither a folder nor an archive" in refusal(path, tmp_path)


def test_wherever_it_is_cut_off_or_damaged_it_is_refused_or_read(tmp_path: Path) -> None:
    whole = zip_bytes((name, bytes(range(200))) for name in NAMES)
    path = tmp_path / "x.zip"
    for length in range(4, len(whole), 7):
        path.write_bytes(whole[:length])
        folder = tmp_path / f"cut{length}"
        folder.mkdir()
        with pytest.raises(UserError, match="is damaged, such as cut off"):
            unpack(path, folder, most_bytes)
    for at in range(4, len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        folder = tmp_path / f"flipped{at}"
        folder.mkdir()
        with contextlib.suppress(UserError):
            unpack(path, folder, most_bytes)
        for each in folder.rglob("*"):
            assert each.is_dir() or len(each.read_bytes()) <= 1000
