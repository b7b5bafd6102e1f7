"""A stranger's YAML is read as what the lab writes, and as nothing else."""

import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from gan_lab.config.options import config_folder
from gan_lab.files.plain_yaml import MOST_BYTES, PlainYamlError, dump_plain, load_plain

OLD_RUNS = Path(__file__).parents[1] / "data" / "version_0.1"


def test_what_the_lab_wrote_is_read_as_ever() -> None:
    files = [*OLD_RUNS.rglob("*.yaml"), *config_folder().rglob("*.yaml")]
    assert len(files) > 50
    for file in files:
        assert load_plain(file.read_bytes()) == yaml.safe_load(file.read_text(encoding="utf-8")), file


def test_plain_containers_come_back() -> None:
    rows = [1, -2.5, 1e300, float("inf"), None, True, ""]
    texts = ["2020-01-01", "yes", "null", "1:30", "=", "<<", "0x10", "a: b", "é", "\x1b[2J", "- x", "1e5"]
    content: dict[str, Any] = {"rows": rows, "texts": texts, "again": [rows, rows], "deep": {"a": {"b": []}}}
    assert load_plain(dump_plain(content)) == content
    assert b"&" not in dump_plain(content)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: &x 1", "anchor or an alias in line 1"),
        ("a: 1\nb: *x", "anchor or an alias in line 2"),
        ("&a [*a]", "anchor or an alias"),
        ("a: !!set {b}", "tag in line 1"),
        ("a: !!binary aGk=", "tag in line 1"),
        ("a: !!timestamp 2020-01-01", "tag in line 1"),
        ("a: !!python/object/apply:os.system [ls]", "tag in line 1"),
        ("a: !mine 1", "tag in line 1"),
        ("1: 2", "key that is no text in line 1"),
        ("null: 2", "key that is no text"),
        ("? [a]\n: 2", "key that is no text"),
        ("a: 1\na: 2", "key twice in line 2"),
        ("[" * 100_000, "nested more than"),
        ("\n".join(" " * k + "a:" for k in range(200)), "nested more than"),
        ("a: \x1b[2J", "unacceptable character"),
        (b"\xff\xfe\x00", "decode"),
        ("a: [1", "expected"),
        ("a" * (MOST_BYTES + 1), "more than 1,048,576 bytes"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_it_never_writes_is_refused(text: str | bytes, fault: str) -> None:
    with pytest.raises(PlainYamlError, match=fault) as caught:
        load_plain(text)
    assert "\n" not in str(caught.value)


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{k}: &a{k} [*a{k - 1}, *a{k - 1}]" for k in range(1, 60))]
    with pytest.raises(PlainYamlError):
        load_plain("\n".join(lines))


@pytest.mark.parametrize("sign", ["", "-", "+"])
def test_a_number_of_too_many_digits_stays_a_text(sign: str) -> None:
    endless = sign + "9" * 6000
    assert load_plain(f"a: {endless}\nb: [{endless}, {sign}99]") == {
        "a": endless,
        "b": [endless, int(f"{sign}99")],
    }


def test_a_date_stays_a_text() -> None:
    assert load_plain("trusted: [2020-01-01]\nother: =\n<<: x") == {
        "trusted": ["2020-01-01"],
        "other": "=",
        "<<": "x",
    }


def test_no_bytes_raise_anything_else() -> None:
    rng = random.Random(0)
    alphabet = b"a1:-[]{},&*!|>'\"#% \n\t?@`~=<.\\\x00\xff\xc3"
    for _ in range(3000):
        text = bytes(rng.choice(alphabet) for _ in range(rng.randrange(1, 40)))
        try:
            load_plain(text)
        except PlainYamlError:
            continue
