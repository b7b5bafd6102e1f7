import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gan_lab.config.errors import UserError
from gan_lab.files.lock import LOCK_NAME, FolderLock, is_locked, sole_writer
from gan_lab.files.process import this_process

HOLD = """
import pathlib, sys
from gan_lab.files.lock import FolderLock
lock = FolderLock(pathlib.Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds tmp_path."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def no_locks(descriptor, operation):
    raise OSError(errno.ENOLCK, "No locks available")


def test_a_lock_holds_within_a_process_until_released(tmp_path):
    lock = FolderLock(tmp_path)
    assert lock.held
    assert is_locked(tmp_path)
    with pytest.raises(UserError, match=f"is being trained by process {os.getpid()} on "):
        FolderLock(tmp_path)
    lock.release()
    lock.release()
    assert not lock.held
    assert not is_locked(tmp_path)
    FolderLock(tmp_path).release()


def test_a_lock_holds_between_processes_until_one_is_killed(tmp_path, holder):
    assert is_locked(tmp_path)
    with pytest.raises(UserError, match=f"{tmp_path} is being trained by process {holder.pid} on "):
        FolderLock(tmp_path)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert not is_locked(tmp_path)
    FolderLock(tmp_path).release()


def test_looking_changes_nothing(tmp_path):
    assert not is_locked(tmp_path)
    assert not is_locked(tmp_path / "absent")
    assert os.listdir(tmp_path) == []


def test_somebody_who_only_looks_does_not_keep_others_out(tmp_path, monkeypatch):
    (tmp_path / LOCK_NAME).touch()
    looking = os.open(tmp_path / LOCK_NAME, os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    # the look ends while the writer pauses
    monkeypatch.setattr("time.sleep", lambda seconds: fcntl.flock(looking, fcntl.LOCK_UN))
    FolderLock(tmp_path).release()
    os.close(looking)


def test_a_released_lock_is_free_though_a_fork_lives_on(tmp_path):
    lock = FolderLock(tmp_path)
    inherited = os.dup(lock._descriptor)  # what a forked data loader has
    lock.release()
    assert not is_locked(tmp_path)
    os.close(inherited)


@pytest.mark.parametrize(
    ("owner", "free"),
    [
        (b"", True),
        (b"{", True),
        (b"[]", True),
        ({"started": "another start"}, True),
        ({"pid": 2**22 + 1}, True),
        ({"pid": 2**80}, True),
        ({}, False),
        ({"host": "another-host"}, False),
    ],
)
def test_without_locks_the_named_process_decides(tmp_path, monkeypatch, owner, free):
    monkeypatch.setattr(fcntl, "flock", no_locks)
    content = owner if isinstance(owner, bytes) else json.dumps(this_process() | owner).encode()
    (tmp_path / LOCK_NAME).write_bytes(content)
    assert is_locked(tmp_path) is not free
    if free:
        lock = FolderLock(tmp_path)
        assert is_locked(tmp_path)
        lock.release()
        assert not is_locked(tmp_path)
    else:
        with pytest.raises(UserError, match="is being trained by process"):
            FolderLock(tmp_path)


WAY_OUT = "choose another folder"


def test_a_sole_writer_keeps_another_thread_waiting(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "things.npy"
    tries, entered = threading.Event(), threading.Event()

    def write() -> None:
        tries.set()
        with sole_writer(path, WAY_OUT):
            entered.set()

    thread = threading.Thread(target=write)
    with sole_writer(path, WAY_OUT):
        thread.start()
        assert tries.wait(120)
        assert not entered.wait(0.5)
    assert entered.wait(120)
    thread.join()
    with sole_writer(path, WAY_OUT):  # a second time, beside the lock file of the first
        assert os.listdir(path.parent) == ["things.lock"]


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_without_locks_each_writes_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    path = tmp_path / "things.npy"
    with sole_writer(path, WAY_OUT), sole_writer(path, WAY_OUT):
        # nothing in it that a job that is killed would leave to others
        assert path.with_suffix(".lock").read_bytes() == b""


def test_an_error_of_the_writer_is_not_one_of_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "things.npy"
    with pytest.raises(OSError, match="of the disk"), sole_writer(path, WAY_OUT):
        raise OSError("of the disk")
    with sole_writer(path, WAY_OUT):
        pass


def test_a_lock_file_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "things.npy"
    path.with_suffix(".lock").mkdir()
    with (
        pytest.raises(UserError, match=r"cannot be written to \(Is a directory\); choose another folder\.$"),
        sole_writer(path, WAY_OUT),
    ):
        pass
