"""What lies in a folder of others is opened only if it is a regular file, and nothing through a link."""

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from gan_lab.config.errors import UserError
from gan_lab.files.lock import FolderLock, is_locked, sole_writer
from gan_lab.files.regular import (
    NotRegularError,
    append_regular,
    open_regular,
    read_regular,
    require_regular,
    unshare,
)

PRECIOUS = b"a thesis"


@pytest.fixture(name="precious")
def _precious(tmp_path: Path) -> Path:
    path = tmp_path / "elsewhere" / "precious"
    path.parent.mkdir()
    path.write_bytes(PRECIOUS)
    return path


def a_link(path: Path, precious: Path) -> None:
    path.symlink_to(precious)


def a_dangling_link(path: Path, precious: Path) -> None:
    path.symlink_to(precious.with_name("not there"))


def a_pipe(path: Path, precious: Path) -> None:
    del precious
    os.mkfifo(path)


def a_socket(path: Path, precious: Path) -> None:
    del precious
    here = Path.cwd()
    os.chdir(path.parent)  # an address has room for some 100 characters
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)


def a_device(path: Path, precious: Path) -> None:
    del precious
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes devices")


KINDS = [a_link, a_dangling_link, a_pipe, a_socket, a_device]
Kind = Callable[[Path, Path], None]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_a_regular_file_is_opened(tmp_path: Path, precious: Path, kind: Kind) -> None:
    path = tmp_path / "metrics.csv"
    kind(path, precious)
    writing = os.O_RDWR | os.O_CREAT | os.O_TRUNC
    for use in (
        lambda: open_regular(path, writing),
        lambda: read_regular(path, 100),
        lambda: append_regular(path, b"x"),
        lambda: unshare(path),
    ):
        with pytest.raises(NotRegularError, match=r"metrics\.csv is a (link|pipe|socket|device), where"):
            use()
    assert precious.read_bytes() == PRECIOUS
    assert os.listdir(precious.parent) == ["precious"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_lock_is_not_written_through_a_link(tmp_path: Path, precious: Path, kind: Kind) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    kind(folder / ".lock", precious)
    kind(folder / "pack.lock", precious)
    assert not is_locked(folder)
    with pytest.raises(NotRegularError):
        FolderLock(folder)
    with pytest.raises(NotRegularError), sole_writer(folder / "pack.npy", "choose another folder"):
        pass
    assert precious.read_bytes() == PRECIOUS
    assert os.listdir(precious.parent) == ["precious"]


def test_a_lock_that_is_another_files_name_too_is_not_written_to(tmp_path: Path, precious: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / ".lock").hardlink_to(precious)
    (folder / "pack.lock").hardlink_to(precious)
    FolderLock(folder).release()
    with sole_writer(folder / "pack.npy", "choose another folder"):
        pass
    assert precious.read_bytes() == PRECIOUS


def test_a_file_of_two_names_gets_content_of_its_own(tmp_path: Path, precious: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.hardlink_to(precious)
    unshare(path)
    append_regular(path, b", edited")
    assert (path.read_bytes(), precious.read_bytes()) == (PRECIOUS + b", edited", PRECIOUS)
    unshare(tmp_path / "absent")


def test_a_file_larger_than_any_of_the_labs_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a terabyte that takes no place
    with pytest.raises(UserError, match=r"run\.json has 1,099,511,627,776 bytes"):
        read_regular(path, 1 << 20)


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_is_refused_by_the_names_that_matter(tmp_path: Path, precious: Path, kind: Kind) -> None:
    run = tmp_path / "run"
    (run / "samples" / "deep").mkdir(parents=True)
    kind(run / "notes", precious)
    require_regular(run, ["samples", "*.csv"], whole=["samples"])  # the user's own
    kind(run / "samples" / "deep" / "x", precious)
    require_regular(run, ["samples"])
    with pytest.raises(NotRegularError, match="samples/deep/x is a "):
        require_regular(run, ["samples"], whole=["samples"])
    with pytest.raises(NotRegularError, match="notes is a "):
        require_regular(run, ["n*s"])


def test_the_folder_itself_may_be_a_link_or_missing(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "outputs").symlink_to(tmp_path / "disk")
    require_regular(tmp_path / "outputs", ["*"], whole=["*"])
    require_regular(tmp_path / "absent", ["*"])
