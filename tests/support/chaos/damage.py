"""Run folders as strangers, disks and spreadsheets leave them; the k-th damage is always the same."""

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from support.chaos.malice import CHECKPOINTS, CONFIGS, RECORD_VALUES, TABLES, store_checkpoint

Damage = Callable[[Path, Path, random.Random], None]
"""Takes what is damaged, a folder of somebody's own that nothing may touch, and chance."""

SPARSE_BYTES = 1 << 30

_FILES = (
    "run.json",
    "config.yaml",
    "metrics.csv",
    "timing.csv",
    ".lock",
    "train.log",
    "events",
    "checkpoint",
    "picture",
)
_FOLDERS = ("checkpoints", "samples", "generated", "evaluation", ".hydra", "")


def damage(number: int, run: Path, canary: Path) -> str:
    """Damage a run folder and return in words how."""
    chance = random.Random(f"damaged folder {number}")
    kind = chance.choice(("file", "file", "file", "folder", "record", "config", "table", "checkpoint"))
    if kind == "file":
        name = chance.choice(_FILES)
        done, change = chance.choice(_OF_FILES)
        change(_find(run, name), canary, chance)
        return f"{name} {done}"
    if kind == "folder":
        name = chance.choice(_FOLDERS)
        done, change = chance.choice(_OF_FOLDERS)
        change(run / name, canary, chance)
        return f"folder {name or 'itself'} {done}"
    if kind == "record":
        return _damage_record(run / "run.json", chance)
    if kind == "config":
        name, text = chance.choice(sorted(CONFIGS.items()))
        _write(run / "config.yaml", text.replace("CONFIG", (run / "config.yaml").read_text()).encode())
        return f"config.yaml: {name}"
    if kind == "table":
        name, edit = chance.choice(sorted(TABLES.items()))
        path = run / chance.choice(("metrics.csv", "timing.csv"))
        _write(path, edit(path.read_bytes()))
        return f"{path.name}: {name}"
    name, make = chance.choice(sorted(CHECKPOINTS.items()))
    store_checkpoint(run / "checkpoints", make)
    return f"checkpoint: {name}"


def _find(run: Path, name: str) -> Path:
    patterns = {"events": "events.out.*", "checkpoint": "checkpoints/*.pt", "picture": "samples/*.png"}
    return max(run.glob(patterns[name])) if name in patterns else run / name


def _damage_record(path: Path, chance: random.Random) -> str:
    record = json.loads(path.read_text())
    key = chance.choice([*record, "a key that nobody knows"])
    name, value = chance.choice(sorted(RECORD_VALUES.items()))
    if chance.random() < 0.2:
        record.pop(key, None)
        name = "lacking"
    else:
        record[key] = "HERE"
    _write(path, json.dumps(record).replace('"HERE"', value).encode())
    return f"run.json: {key} is {name}"


def _write(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(data)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _link_to(target: str) -> Damage:
    def change(path: Path, canary: Path, chance: random.Random) -> None:
        _remove(path)
        path.symlink_to(target.replace("CANARY", str(canary)))

    return change


def _moved_behind_link(path: Path, canary: Path, chance: random.Random) -> None:
    """Put the real thing among somebody's own files, and a link in its place."""
    if path.exists():
        shutil.move(path, canary / "moved")
    else:
        (canary / "moved").mkdir()
    path.symlink_to(canary / "moved")


def _pipe(path: Path, canary: Path, chance: random.Random) -> None:
    _remove(path)
    os.mkfifo(path)


def _folder(path: Path, canary: Path, chance: random.Random) -> None:
    _remove(path)
    path.mkdir()


def _file(path: Path, canary: Path, chance: random.Random) -> None:
    _remove(path)
    path.write_bytes(b"no folder")


def _edit(edit: Callable[[bytes, random.Random], bytes]) -> Damage:
    def change(path: Path, canary: Path, chance: random.Random) -> None:
        _write(path, edit(path.read_bytes() if path.exists() else b"", chance))

    return change


def _flip(data: bytes, chance: random.Random) -> bytes:
    flipped = bytearray(data or b"\0")
    for _ in range(chance.choice((1, 8, 64))):
        flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
    return bytes(flipped)


def _sparse(path: Path, canary: Path, chance: random.Random) -> None:
    if not path.exists():
        path.touch()
    os.truncate(path, SPARSE_BYTES)


_LINKS: list[tuple[str, Damage]] = [
    ("a link to somebody's file", _link_to("CANARY/precious.txt")),
    ("a link to somebody's folder", _link_to("CANARY/photos")),
    ("a link to itself", _link_to("itself")),
    ("a link to nothing", _link_to("CANARY/new")),
    ("a link to an endless device", _link_to("/dev/zero")),
    ("moved elsewhere, and a link to it", _moved_behind_link),
    ("a pipe", _pipe),
]
_OF_FILES: list[tuple[str, Damage]] = [
    *_LINKS,
    ("a folder", _folder),
    ("empty", _edit(lambda data, chance: b"")),
    ("cut short", _edit(lambda data, chance: data[: chance.randrange(len(data) + 1)])),
    ("with flipped bits", _edit(_flip)),
    ("noise", _edit(lambda data, chance: chance.randbytes(1000))),
    ("twice in a row", _edit(lambda data, chance: data + data)),
    ("with zeros behind", _edit(lambda data, chance: data + bytes(5000))),
    ("with Windows' line ends", _edit(lambda data, chance: data.replace(b"\n", b"\r\n"))),
    ("with terminal escapes", _edit(lambda data, chance: b"\x1b]0;owned\x07\x1b[2J" + data)),
    ("of a gigabyte", _sparse),
]
_OF_FOLDERS: list[tuple[str, Damage]] = [*_LINKS, ("a file", _file), ("an empty folder", _folder)]
