"""Every change that a process makes to files, counted; at one of them the process ends as by kill -9."""

import builtins
import io
import os
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

KILLED = 137

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CHANGES = [
    "replace",
    "rename",
    "link",
    "symlink",
    "unlink",
    "remove",
    "mkdir",
    "rmdir",
    "truncate",
    "ftruncate",
    "fsync",
    "utime",
    "chmod",
]


class KillPoint(NamedTuple):
    """Where a process ends.

    Attributes:
        operation: the number of the operation, from 1.
        half: whether half of the bytes are written first; without it nothing of the operation happens, which
            is also what is left after the one before it.
    """

    operation: int
    half: bool = False


class FileOperations:
    """Counts operations that change files, from `install` on.

    Attributes:
        count: operations so far.
        writes: numbers of those that write bytes, and can be cut in half.
    """

    def __init__(self, kill: KillPoint | None = None) -> None:
        self.count, self.writes = 0, list[int]()
        self._kill = kill

    def install(self) -> None:
        """Count in this process from now on; only for a process that ends soon."""
        for name in _CHANGES:
            setattr(os, name, self._counted(getattr(os, name)))
        real_open = os.open

        def open_descriptor(path: Any, flags: int, *args: Any, **settings: Any) -> int:
            if flags & _WRITING and not str(path).startswith("/dev/"):
                self._next()
            return real_open(path, flags, *args, **settings)

        os.open = open_descriptor
        os.write = self._halving(os.write)
        os.pwrite = self._halving(os.pwrite)
        io.open = builtins.open = self._opening(io.open)

    def write(self, data: Any, put: Callable[[Any], int]) -> int:
        """Write bytes by a function, or half of them and no more."""
        view = memoryview(data).cast("B")
        self.writes.append(self.count + 1)
        self._next(lambda: put(view[: len(view) // 2]))
        return put(view)

    def _next(self, half: Callable[[], Any] | None = None) -> None:
        self.count += 1
        if self._kill is not None and self.count == self._kill.operation:
            if self._kill.half and half is not None:
                half()
            _end()

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **settings: Any) -> Any:
            self._next()
            return function(*args, **settings)

        return call

    def _halving(self, function: Callable[..., int]) -> Callable[..., int]:
        def call(descriptor: int, data: Any, *args: Any) -> int:
            return self.write(data, lambda part: function(descriptor, part, *args))

        return call

    def _opening(self, real_open: Callable[..., Any]) -> Callable[..., Any]:
        operations = self

        class Watched(io.FileIO):
            def write(self, data: Any) -> int:
                return operations.write(data, super().write)

            def truncate(self, size: int | None = None) -> int:
                operations._next()
                return super().truncate(size)

        def call(
            file: Any,
            mode: str = "r",
            buffering: int = -1,
            encoding: str | None = None,
            errors: str | None = None,
            newline: str | None = None,
            closefd: bool = True,
            opener: Any = None,
        ) -> Any:
            if not set(mode) & set("wax+"):
                return real_open(file, mode, buffering, encoding, errors, newline, closefd, opener)
            self._next()
            raw = Watched(file, "".join(c for c in mode if c not in "bt"), closefd, opener)
            if "b" in mode and buffering == 0:
                return raw
            binary = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
            if "b" in mode:
                return binary
            return io.TextIOWrapper(binary, encoding, errors, newline, line_buffering=buffering == 1)

        return call


def _end() -> NoReturn:
    os._exit(KILLED)
