"""What a tracker writes: the table to the byte, the event file as TensorBoard reads it, the clock's file."""

import io
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from gan_lab.config.errors import UserError
from gan_lab.tags.names import MEDIAN, RAW, SLOPE
from gan_lab.tracking.buffer import Block
from gan_lab.tracking.event_file import EventFile
from gan_lab.tracking.timing_file import Elapsed
from gan_lab.tracking.tracker import Tracker


def make_block(first: int, count: int, seed: int = 0) -> Block:
    rng = np.random.default_rng([seed, first])
    tags = ("loss/critic", RAW, "distance/jsd")
    return Block(first, {tag: rng.standard_normal(count).astype(np.float32) for tag in tags})


def read(run_dir: Path) -> EventAccumulator:
    return EventAccumulator(str(run_dir), size_guidance={"scalars": 0}).Reload()


def as_tensorboard_writes(events: list[Event]) -> bytes:
    file = io.BytesIO()
    writer = RecordWriter(file)
    for event in events:
        writer.write(event.SerializeToString())
    return file.getvalue()


@pytest.mark.parametrize("length", [0, 1, 100, 3000])
def test_an_event_is_written_as_tensorboard_writes_it(tmp_path: Path, length: int) -> None:
    event = Event(wall_time=1.5, step=3, file_version="x" * length)
    EventFile(tmp_path / "events").add_event(event)
    assert (tmp_path / "events").read_bytes() == as_tensorboard_writes([event])


def test_the_events_of_a_block_are_written_as_tensorboard_writes_them(tmp_path: Path) -> None:
    steps = np.array([2**28, 2**28 + 7, 2**35 - 1])  # five bytes at least, as in the file
    values = {tag: np.array([0.0, -1.5, 3e10], np.float32) for tag in ("loss/critic", RAW, "x" * 1000)}
    EventFile(tmp_path / "events").add_scalars_at(steps, values, 1.5)
    events = [
        Event(
            wall_time=1.5,
            step=int(step),
            summary=Summary(value=[Summary.Value(tag=tag, simple_value=values[tag][k]) for tag in values]),
        )
        for k, step in enumerate(steps)
    ]
    assert (tmp_path / "events").read_bytes() == as_tensorboard_writes(events)


def test_the_table_is_text_of_float32(tmp_path: Path) -> None:
    tracker = Tracker(tmp_path, occasional=[[SLOPE]])
    values = {RAW: [0.1, -2.0, 1e-5], "loss/critic": [3e10, 1 / 3, -0.0]}
    block = Block(1, {tag: np.array(column, np.float32) for tag, column in values.items()})
    tracker.write(block, {SLOPE: 1.1})
    tracker.write(Block(4, {tag: column[:1] for tag, column in block.values.items()}))
    tracker.close()
    assert (tmp_path / "metrics.csv").read_text() == (
        f"iteration,{MEDIAN},{RAW},loss/critic,{SLOPE}\n"
        "1,0.1,0.1,3e+10,\n"
        "2,-0.95,-2.0,0.33333334,\n"
        "3,1e-05,1e-05,-0.0,1.1\n"
        "4,0.050005,0.1,3e+10,\n"
    )
    assert tracker.last[RAW] == 0.1
    assert tracker.last[SLOPE] == 1.1


# steps at which a number takes one more byte
@pytest.mark.parametrize("first", [1, 126, 16382, 2**28 - 2])
def test_tensorboard_reads_every_number(tmp_path: Path, first: int) -> None:
    tracker = Tracker(tmp_path)
    block = make_block(first, 5)
    before = time.time()
    tracker.write(block, {SLOPE: 0.5})
    tracker.writer.write_texts(0, {"run": "between two blocks"})
    following = make_block(first + 5, 1)
    tracker.write(following)
    tracker.close()
    events = read(tmp_path)
    for tag, column in block.values.items():
        found = events.Scalars(tag)
        assert [event.step for event in found] == list(range(first, first + 6))
        assert [event.value for event in found] == [*column.tolist(), *following.values[tag].tolist()]
        assert all(before <= event.wall_time <= time.time() for event in found)
    assert [(event.step, event.value) for event in events.Scalars(SLOPE)] == [(first + 4, 0.5)]
    assert "run/text_summary" in events.Tags()["tensors"]


def test_many_and_long_tags(tmp_path: Path) -> None:
    """Lengths that take two bytes."""
    values = {f"{'x' * 150}/{k}": np.array([k, -k], np.float32) for k in range(20)}
    tracker = Tracker(tmp_path)
    tracker.write(Block(1, values | {RAW: np.zeros(2, np.float32)}))
    tracker.close()
    events = read(tmp_path)
    for tag, column in values.items():
        assert [event.value for event in events.Scalars(tag)] == column.tolist()


def medians(raw: NDArray[np.float32]) -> list[float]:
    return [float(np.median(raw[max(0, k - 100) : k + 1])) for k in range(len(raw))]


@pytest.mark.parametrize("cut", [3, 100, 101, 150])
def test_going_on_writes_the_same_table(tmp_path: Path, cut: int) -> None:
    raw = np.random.default_rng(0).standard_normal(260).astype(np.float32)
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()

    def write(tracker: Tracker, start: int, end: int) -> None:
        for first in range(start, end, 7):
            tracker.write(Block(first + 1, {RAW: raw[first : min(first + 7, end)]}))

    whole, part = Tracker(tmp_path / "whole"), Tracker(tmp_path / "parts")
    write(whole, 0, len(raw))
    write(part, 0, cut)
    kept = part.sync()
    write(part, cut, cut + 20)  # lost: after the checkpoint
    part.close()
    part = Tracker(tmp_path / "parts", cut, kept)
    write(part, cut, len(raw))
    for tracker in (whole, part):
        tracker.close()
    assert (tmp_path / "whole" / "metrics.csv").read_bytes() == (
        tmp_path / "parts" / "metrics.csv"
    ).read_bytes()
    lines = (tmp_path / "whole" / "metrics.csv").read_text().splitlines()[1:]
    np.testing.assert_allclose([float(line.split(",")[1]) for line in lines], medians(raw), rtol=1e-6)
    assert [event.step for event in read(tmp_path / "parts").Scalars(RAW)] == list(range(1, len(raw) + 1))


def test_trackers_of_one_process_do_not_mix(tmp_path: Path) -> None:
    trackers = []
    for name in "ab":
        (tmp_path / name).mkdir()
        trackers.append(Tracker(tmp_path / name))
    for first in (1, 11, 21):
        for seed, tracker in enumerate(trackers):
            tracker.write(make_block(first, 10, seed))
            tracker.write_rate(first + 9, Elapsed())
    for seed, tracker in enumerate(trackers):
        tracker.close()
        expected = np.concatenate([make_block(first, 10, seed).values[RAW] for first in (1, 11, 21)])
        found = read(tmp_path / "ab"[seed]).Scalars(RAW)
        assert [event.value for event in found] == expected.tolist()


def rates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **arguments: Any) -> list[str]:
    """Lines of timing.csv: 20 iterations in 4 s, 1 s of them waited, then 10 in 5 s, 2 s of them written."""
    clock = iter([100.0, 104.0, 109.0])
    with monkeypatch.context() as patch:
        patch.setattr(time, "perf_counter", lambda: next(clock))
        tracker = Tracker(tmp_path, **arguments)
        start = arguments.get("resume_at", 0)
        tracker.write_rate(start + 20, Elapsed(1.0, 0.0))
        tracker.write_rate(start + 30, Elapsed(1.0, 2.0))
    tracker.close()
    return (tmp_path / "timing.csv").read_text().splitlines()


def test_rates_are_of_the_time_since_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rates(tmp_path, monkeypatch) == [
        "iteration,perf/iterations_per_second,perf/data_wait_fraction,perf/logging_fraction",
        "20,5,0.25,0",
        "30,2,0,0.4",
    ]
    events = read(tmp_path)
    assert [event.value for event in events.Scalars("perf/iterations_per_second")] == [5, 2]
    assert [event.value for event in events.Scalars("perf/data_wait_fraction")] == [0.25, 0]
    assert [event.value for event in events.Scalars("perf/logging_fraction")] == [0, pytest.approx(0.4)]


def test_a_file_of_an_earlier_version_keeps_its_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = "iteration,perf/iterations_per_second\n7,3.5\n"
    tracker = Tracker(tmp_path)
    tracker.write(make_block(1, 7))
    kept = tracker.sync()
    tracker.close()
    (tmp_path / "timing.csv").write_text(begun)
    lines = rates(tmp_path, monkeypatch, resume_at=7, kept=kept)
    assert lines == [*begun.splitlines(), "27,5", "37,2"]


def test_rates_behind_the_checkpoint_are_cut_off_as_the_numbers_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = Tracker(tmp_path)
    tracker.write(make_block(1, 10))
    kept = tracker.sync()
    for iteration in (5, 10, 15, 20):
        tracker.write_rate(iteration, Elapsed())
    tracker.close()
    path = tmp_path / "timing.csv"
    before = path.read_text().splitlines()
    path.write_text(path.read_text() + "2")  # of 25: killed half-way
    lines = rates(tmp_path, monkeypatch, resume_at=10, kept=kept)
    assert lines == [*before[:3], "30,5,0.25,0", "40,2,0,0.4"]


def test_a_number_without_a_column_is_refused(tmp_path: Path) -> None:
    tracker = Tracker(tmp_path)
    tracker.write(make_block(1, 2))
    with pytest.raises(
        UserError, match=r"metrics\.csv has no column new/tag; choose another hydra\.run\.dir"
    ):
        tracker.write(make_block(3, 2), {"new/tag": 1.0})
    tracker.close()


def test_a_folder_that_is_gone_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"events could not be written: No such file or directory\.$"):
        EventFile(tmp_path / "gone" / "events").add_scalars(1, {"a": np.ones(1, np.float32)}, 1.0)
