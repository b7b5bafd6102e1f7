import errno
import os
import subprocess
import sys

import pytest

from gan_lab.config.errors import UserError
from gan_lab.files.atomic import remove_partials, write_atomically

FILE_SIZE_LIMIT = """
import pathlib, resource, sys
from gan_lab.files.atomic import write_atomically
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
write_atomically(pathlib.Path(sys.argv[1]), b"x" * 2000)
"""


def test_bytes_replace_the_old_file_and_nothing_else_stays(tmp_path):
    path = tmp_path / "file"
    for data in (b"old", b"", b"new" * 100_000):
        write_atomically(path, data)
        assert path.read_bytes() == data
    assert os.listdir(tmp_path) == ["file"]


def test_permissions_follow_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "file", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_short_writes_are_continued(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    write_atomically(tmp_path / "file", bytes(range(100)))
    assert (tmp_path / "file").read_bytes() == bytes(range(100))


def test_file_and_folder_are_synchronised_around_the_renaming(tmp_path, monkeypatch):
    path, calls = tmp_path / "file", []
    fsync, replace = os.fsync, os.replace

    def spy_fsync(descriptor):
        calls.append("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file")
        fsync(descriptor)

    def spy_replace(source, target):
        calls.append("replace")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", spy_fsync)
    monkeypatch.setattr(os, "replace", spy_replace)
    write_atomically(path, b"x")
    assert calls == ["file", "replace", "folder"]


@pytest.mark.parametrize("function", ["open", "write", "fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO])
def test_an_error_leaves_the_old_file_and_says_why(tmp_path, monkeypatch, function, code):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*arguments, **settings):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, function, fail)
        with pytest.raises(UserError) as caught:
            write_atomically(path, b"new")
    assert str(caught.value).startswith(f"{path} could not be written: {os.strerror(code)}; ")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_an_interruption_leaves_no_temporary_file(tmp_path, monkeypatch):
    def interrupt(descriptor):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write_atomically(tmp_path / "file", b"new")
    assert os.listdir(tmp_path) == []


def test_a_limit_on_file_sizes_is_reported(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", FILE_SIZE_LIMIT, str(path)], capture_output=True, text=True)
    assert f"UserError: {path} could not be written: File too large; " in done.stderr
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_missing_folder_is_reported(tmp_path):
    with pytest.raises(UserError, match="could not be written: No such file or directory"):
        write_atomically(tmp_path / "absent" / "file", b"x")


def test_only_temporary_files_are_removed(tmp_path):
    for name in ("file", ".hidden", ".file.0011aabb.partial", "mine.partial"):
        (tmp_path / name).touch()
    remove_partials(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".hidden", "file", "mine.partial"]
