"""A table that somebody edited before the run goes on: nothing of it is lost, and no row is cut in half."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gan_lab.config.errors import UserError
from gan_lab.runs.checkpoint import load_newest
from gan_lab.tags.names import MEDIAN, RAW, SLOPE
from gan_lab.tracking.buffer import Block
from gan_lab.tracking.table_file import TableMark
from gan_lab.tracking.timing_file import Elapsed
from gan_lab.tracking.tracker import Tracker
from gan_lab.training import resume as resumption
from support.configs import TOY, Train

DONE, MORE = 9, 4
Edit = Callable[[str], bytes]


def block(first: int, count: int) -> Block:
    rng = np.random.default_rng(first)
    return Block(first, {tag: rng.standard_normal(count).astype(np.float32) for tag in (RAW, "loss/critic")})


def write(run_dir: Path) -> TableMark:
    """A table of DONE rows, cut short in the third row after them, as of a process that was killed."""
    tracker = Tracker(run_dir, occasional=[[SLOPE]])
    tracker.write(block(1, DONE), {SLOPE: 1.5})
    mark = tracker.sync()
    tracker.write(block(DONE + 1, 3))
    tracker.close()
    path = run_dir / "metrics.csv"
    path.write_bytes(path.read_bytes()[:-7])
    return mark


def go_on(run_dir: Path, mark: TableMark) -> bytes:
    tracker = Tracker(run_dir, DONE, mark, [[SLOPE]])
    tracker.write(block(DONE + 1, MORE), {SLOPE: 2.5})
    tracker.close()
    return (run_dir / "metrics.csv").read_bytes()


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    (tmp_path / "whole").mkdir()
    return go_on(tmp_path / "whole", write(tmp_path / "whole"))


def edits(run_dir: Path) -> list[Path]:
    return sorted(run_dir.glob("metrics.edited-*.csv"))


def rewritten(text: str, **form: object) -> bytes:
    file = io.StringIO()
    csv.writer(file, **{"lineterminator": "\n", **form}).writerows(csv.reader(io.StringIO(text)))  # type: ignore[arg-type]
    return file.getvalue().encode()


def with_column(text: str, at: int) -> bytes:
    lines = [line.split(",") for line in text.splitlines()]
    for k, cells in enumerate(lines):
        cells.insert(at, "note" if k == 0 else f"n{k}")
    return "".join(",".join(cells) + "\n" for cells in lines).encode()


def reordered(text: str) -> bytes:
    header, *rows = text.splitlines(keepends=True)
    return "".join([header, *sorted(rows[:DONE], reverse=True)]).encode()


HARMLESS: dict[str, Edit] = {
    "line ends": lambda text: text.replace("\n", "\r\n").encode(),
    "line ends of old": lambda text: text.replace("\n", "\r").encode(),
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "quotes": lambda text: rewritten(text, quoting=csv.QUOTE_ALL),
    "semicolons": lambda text: text.replace(",", ";").encode(),
    "decimal commas": lambda text: text.replace(",", ";").replace(".", ",").encode(),
    "tabs": lambda text: text.replace(",", "\t").encode(),
    "blank line": lambda text: text.replace("\n", "\n\n", 3).encode(),
    "blank line at the top": lambda text: b"\n" + text.encode(),
    "no blank cells at the end": lambda text: "\n".join(
        line.rstrip(",") for line in text.split("\n")
    ).encode(),
    "column at the end": lambda text: with_column(text, 5),
    "column inside": lambda text: with_column(text, 2),
    "column in front": lambda text: with_column(text, 0),
    "order of rows": reordered,
    "no last line end": lambda text: (
        "".join(text.splitlines(keepends=True)[: DONE + 1]).rstrip("\n").encode()
    ),
    "everything": lambda text: b"\xef\xbb\xbf" + with_column(text, 3).replace(b"\n", b"\r\n\r\n"),
}


@pytest.mark.parametrize("edit", HARMLESS)
def test_a_table_whose_numbers_stand_is_put_back_to_the_byte(
    edit: str, tmp_path: Path, whole: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    mark, path = write(tmp_path), tmp_path / "metrics.csv"
    edited = HARMLESS[edit](path.read_text())
    path.write_bytes(edited)
    assert go_on(tmp_path, mark) == whole
    (copy,) = edits(tmp_path)
    assert copy.read_bytes() == edited
    assert caplog.messages == [
        f"{path} was edited and is again as it was before; the edited file is kept as {copy.name}."
    ]


def test_what_was_not_edited_leaves_no_copy_and_no_word(
    tmp_path: Path, whole: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert go_on(tmp_path, write(tmp_path)) == whole
    assert edits(tmp_path) == []
    assert caplog.messages == []


def test_an_edit_that_keeps_the_length_is_seen_and_kept(
    tmp_path: Path, whole: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    mark, path = write(tmp_path), tmp_path / "metrics.csv"
    lines = path.read_text().splitlines(keepends=True)
    cells = lines[3].split(",")
    cells[3] = "9" * len(cells[3])
    edited = "".join([*lines[:3], ",".join(cells), *lines[4:]]).encode()
    assert len(edited) == path.stat().st_size
    path.write_bytes(edited)
    after = go_on(tmp_path, mark)
    assert after.splitlines()[3] == edited.splitlines()[3]
    assert after.splitlines()[:3] + after.splitlines()[4:] == whole.splitlines()[:3] + whole.splitlines()[4:]
    assert edits(tmp_path)[0].read_bytes() == edited
    assert "was edited and goes on with the numbers that it holds now" in caplog.text


def test_columns_of_text_do_not_stay_where_numbers_changed_too(tmp_path: Path, whole: bytes) -> None:
    mark, path = write(tmp_path), tmp_path / "metrics.csv"
    path.write_bytes(with_column(path.read_text(), 2).replace(b"1.5", b"1.50"))
    after = go_on(tmp_path, mark)
    assert after == whole.replace(b",1.5\n", b",1.50\n")


def test_a_note_below_the_rows_is_kept(tmp_path: Path, whole: bytes) -> None:
    mark, path = write(tmp_path), tmp_path / "metrics.csv"
    edited = path.read_bytes()[: mark.bytes] + b"looks good until here\n"
    path.write_bytes(edited)
    assert go_on(tmp_path, mark) == whole
    assert edits(tmp_path)[0].read_bytes() == edited


REFUSED: dict[str, tuple[Edit, str]] = {
    "a row less": (
        lambda text: "".join(text.splitlines(True)[:4] + text.splitlines(True)[5:]).encode(),
        "the row of iteration 4 is missing",
    ),
    "a row twice": (
        lambda text: "".join(text.splitlines(True)[:4] + text.splitlines(True)[3:]).encode(),
        "the row of iteration 3 is there twice",
    ),
    "a column less": (
        lambda text: "".join(
            line.partition(",")[0] + "," + line.split(",", 2)[2] for line in text.splitlines(True)
        ).encode(),
        "4 of its columns hold numbers, distance/critic_median not among them; there were 5",
    ),
    "words for numbers": (
        lambda text: text.replace("1.5", "high").encode(),
        "4 of its columns hold numbers; there were 5",
    ),
    "no header": (
        lambda text: text.partition("\n")[2].encode(),
        "its first line does not name each column, iteration among them, once",
    ),
    "another text": (lambda text: b"\xff\xfe" + text.encode("utf-16-le"), "it is no text in UTF-8"),
    "nothing": (lambda text: b"", "it is no table"),
}


@pytest.mark.parametrize("edit", REFUSED)
def test_a_table_that_lacks_something_is_refused_and_stays(edit: str, tmp_path: Path) -> None:
    mark, path = write(tmp_path), tmp_path / "metrics.csv"
    change, reason = REFUSED[edit]
    path.write_bytes(change(path.read_text()))
    before = {each: each.read_bytes() for each in tmp_path.iterdir() if each.suffix == ".csv"}
    with pytest.raises(UserError) as caught:
        go_on(tmp_path, mark)
    assert str(caught.value) == (
        f"{path} was changed since its checkpoint: {reason}; put the file back as it was and resume again."
    )
    assert before == {each: each.read_bytes() for each in tmp_path.iterdir() if each.suffix == ".csv"}


def test_a_table_that_is_gone_is_said(tmp_path: Path) -> None:
    mark = write(tmp_path)
    (tmp_path / "metrics.csv").unlink()
    with pytest.raises(UserError, match=r"could not be read \(No such file or directory\)"):
        go_on(tmp_path, mark)


@pytest.mark.parametrize("edit", ["line ends", "blank line", "byte order mark", "quotes"])
def test_checkpoints_of_earlier_versions_know_the_length_alone(
    edit: str, tmp_path: Path, whole: bytes
) -> None:
    mark, path = write(tmp_path), tmp_path / "metrics.csv"
    path.write_bytes(HARMLESS[edit](path.read_text()))
    assert go_on(tmp_path, TableMark(mark.bytes)) == whole


@pytest.mark.parametrize(
    ("edited", "kept"),
    [
        ("\ufeffiteration,perf/iterations_per_second\n4,5\n", False),
        ('"iteration","perf/iterations_per_second"\n4,5\n', False),
        ("iteration,perf/iterations_per_second,note\n4,5,slow\n", False),
        ("iteration,perf/iterations_per_second\r\n4,5", True),
    ],
)
def test_a_table_of_rates_that_was_edited(edited: str, kept: bool, tmp_path: Path) -> None:
    mark, path = write(tmp_path), tmp_path / "timing.csv"
    path.write_bytes(edited.encode())
    tracker = Tracker(tmp_path, DONE, mark, [[SLOPE]])
    tracker.write_rate(DONE + 4, Elapsed())
    tracker.close()
    lines = path.read_text().splitlines()
    assert lines[0].startswith("iteration,perf/iterations_per_second")
    assert lines[-1].startswith(f"{DONE + 4},")
    assert (edited.encode() in path.read_bytes()) == kept
    assert [copy.read_bytes() for copy in tmp_path.glob("timing.edited-*.csv")] == (
        [] if kept else [edited.encode()]
    )


def test_a_run_whose_table_a_spreadsheet_saved_equals_one_that_was_left_alone(train: Train) -> None:
    """Its line ends are longer: the length that the checkpoint knows lies within a row."""
    overrides = [*TOY, "objective=wgan_gp", "train.iterations=12"]
    whole, run = train("whole", *overrides), train("run", *overrides[:-1], "train.iterations=8")
    path = run / "metrics.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    resumption.resume(run, ["train.iterations=12"], [])
    assert path.read_bytes() == (whole / "metrics.csv").read_bytes()
    assert load_newest(run).counters == load_newest(whole).counters
    assert MEDIAN in path.read_text()
