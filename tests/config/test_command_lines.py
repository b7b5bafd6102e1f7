"""What is printed to be pasted comes back through a shell and Hydra as what it was."""

import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from gan_lab.config.command_lines import command_line, override, path_word

PIECES = [
    *"ab1 ,=()[]{}'\"\\$:;#&|<>*?~!%@^`.-_/+é日\t\n\x1b",
    *("${", "${x}", "\\\\", "'\\", "\\'", "\udcff", "null", "1e-3", "$(id)", "`id`"),
]
AWKWARD = [
    *(
        "",
        " ",
        "null",
        "NULL",
        "true",
        "no",
        "on",
        "inf",
        "nan",
        "1",
        "-1",
        "1e-3",
        "0x10",
        "08",
        "1_000",
        "~",
    ),
    *(
        "1_000",
        "~",
        "???",
        "a b",
        " a",
        "a ",
        "-x",
        "--x",
        "1,2",
        "[1]",
        "{a:1}",
        "glob(*)",
        "range(1,3)",
        "$HOME",
    ),
    *(
        "\\${a}",
        "\\\\${a}",
        "a\\",
        "a\\\\'",
        "a:b",
        "C:\\new",
        "it's",
        'a "b"',
        "a=b",
        "!x",
        "caf\udce9",
        "日本",
    ),
]
OTHERS: list[Any] = [
    *(None, True, False, 0, 64, -3, 0.1, 1e-9, 1e20, float("inf")),
    *(
        [3, 5],
        [0.5, 0.3],
        [[-1.0, 0.0], [1.0, 0.0]],
        ["a b", "c,d"],
        [],
        {"a": 1, "b": "x y"},
        {"a": [1, "é"]},
    ),
]


def words_of(line: str) -> list[str]:
    """What bash makes of a line."""
    script = f"printf '%s\\0' {line}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True, timeout=60)
    return [os.fsdecode(word) for word in done.stdout.split(b"\0")[:-1]]


def value_in(word: str) -> Any:
    """What Hydra makes of an override, and OmegaConf of that."""
    parsed = OverridesParser.create().parse_override(word)
    assert not parsed.is_sweep_override()
    config = OmegaConf.create({})
    OmegaConf.update(config, parsed.key_or_group, parsed.value())
    plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    return plain["k"]


def values() -> list[Any]:
    draw = random.Random(0)
    drawn = ["".join(draw.choices(PIECES, k=draw.randint(1, 8))) for _ in range(1500)]
    return [*AWKWARD, *OTHERS, *drawn]


def test_every_value_comes_back_through_bash_and_hydra() -> None:
    typed = [override("k", value) for value in values()]
    line = command_line(typed)
    assert line.isprintable()
    assert line.encode()  # nothing in it that UTF-8 has no bytes for
    assert words_of(line) == typed
    wrong = [value for value, word in zip(values(), typed, strict=True) if value_in(word) != value]
    assert wrong == []


@pytest.mark.parametrize("value", ["1", "true", "null", "1e-3", "[1]"])
def test_a_text_that_looks_like_something_else_stays_a_text(value: str) -> None:
    assert value_in(override("k", value)) == value
    assert isinstance(value_in(override("k", value)), str)


def test_plain_values_stay_as_a_person_types_them() -> None:
    typed = [override("dataset.root", "/data/my-images_2"), override("dataset.size", 32), override("a", True)]
    assert (
        command_line(["gan-lab", *typed]) == "gan-lab dataset.root=/data/my-images_2 dataset.size=32 a=true"
    )
    assert command_line(["gan-lab", "report", "a b"]) == "gan-lab report 'a b'"


def test_a_path_is_no_option() -> None:
    assert path_word(Path("-m")) == "./-m"
    assert path_word(Path("a/-m")) == "a/-m"
    assert path_word(Path("/a")) == "/a"
