"""What is unresolved has no number: not in the table, not in TensorBoard, not among the last numbers."""

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_lab.tags.names import MEDIAN, RAW, SCORES_ALIKE, SLOPE, resolution_tag
from gan_lab.tracking.buffer import Block, MeasurementBuffer
from gan_lab.tracking.remarks import Remarks
from gan_lab.tracking.tracker import Tracker

EXACT, CERTIFIED = "distance/w1_exact", "distance/certified"


def block_of(first: int, raw: list[float], unresolved: list[bool]) -> Block:
    values = {RAW: np.array(raw, np.float32), "loss/generator": np.arange(len(raw), dtype=np.float32)}
    return Block(first, values, {RAW: np.array(unresolved)})


def cells(path: Path, tag: str) -> list[str]:
    header, *rows = (line.split(",") for line in (path / "metrics.csv").read_text().splitlines())
    return [row[header.index(tag)] for row in rows]


def test_a_buffer_turns_resolutions_into_what_they_decide() -> None:
    buffer = MeasurementBuffer(5)
    for value, resolution in ((1.0, 0.5), (-0.4, 0.5), (float("nan"), 0.5), (0.0, 0.0)):
        named = {RAW: value, resolution_tag(RAW): resolution, "loss/critic": 0.0, SCORES_ALIKE: value < 0}
        buffer.keep({tag: torch.tensor(float(number)) for tag, number in named.items()})
    (block,) = buffer.fetch()
    assert set(block.values) == {RAW, "loss/critic"}
    assert block.unresolved[RAW].tolist() == [False, True, False, False]
    assert block.alike.tolist() == [False, True, False, False]
    # what is no number is divergence, and not the row that rounding has taken
    assert block.non_finite() == (2, RAW)
    head = block.head(2)
    assert head.unresolved[RAW].tolist() == head.alike.tolist() == [False, True]


def test_an_unresolved_number_is_an_empty_cell_and_no_point(tmp_path: Path) -> None:
    tracker = Tracker(tmp_path)
    tracker.write(block_of(1, [3.0, 9.0, 5.0], [False, True, False]))
    assert tracker.last[RAW] == 5
    tracker.write(block_of(4, [9.0], [True]))
    tracker.close()
    assert cells(tmp_path, RAW) == ["3.0", "", "5.0", ""]
    assert cells(tmp_path, "loss/generator") == ["0.0", "1.0", "2.0", "0.0"]
    events = EventAccumulator(str(tmp_path), size_guidance={"scalars": 0}).Reload()
    assert [(event.step, event.value) for event in events.Scalars(RAW)] == [(1, 3), (3, 5)]
    assert [event.step for event in events.Scalars("loss/generator")] == [1, 2, 3, 4]
    assert RAW not in tracker.last
    assert tracker.last_at["loss/generator"] == 4


def test_the_median_takes_what_is_unresolved_for_nearly_0(tmp_path: Path) -> None:
    """Left out, a few large values among many that nobody knows would be the median."""
    tracker = Tracker(tmp_path)
    tracker.write(block_of(1, [9.0, 9.0, 2.0, 3.0, 4.0], [True, True, False, False, False]))
    tracker.close()
    # of 0; 0, 0; 0, 0, 2; 0, 0, 2, 3; 0, 0, 2, 3, 4
    assert cells(tmp_path, MEDIAN) == ["", "", "", "1.0", "2.0"]


@pytest.mark.parametrize("cut", [1, 7, 110])
def test_going_on_writes_the_same_table(tmp_path: Path, cut: int) -> None:
    rng = np.random.default_rng(0)
    raw, unresolved = rng.standard_normal(130), rng.random(130) < 0.6
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    whole, part = Tracker(tmp_path / "whole"), Tracker(tmp_path / "parts")
    whole.write(block_of(1, list(raw), list(unresolved)))
    part.write(block_of(1, list(raw[:cut]), list(unresolved[:cut])))
    kept = part.sync()
    part.close()
    part = Tracker(tmp_path / "parts", cut, kept)
    assert (RAW in part.last) == (not unresolved[cut - 1])
    part.write(block_of(cut + 1, list(raw[cut:]), list(unresolved[cut:])))
    for name in (RAW, MEDIAN):
        assert cells(tmp_path / "parts", name) == cells(tmp_path / "whole", name)
    assert whole.last.keys() == part.last.keys()
    part.close()
    whole.close()


def test_what_a_later_measurement_leaves_out_is_not_the_last_number(tmp_path: Path) -> None:
    """Of numbers that are measured together, the last measurement counts, whatever it could not resolve."""
    groups = [[SLOPE], [EXACT, CERTIFIED]]
    tracker = Tracker(tmp_path, occasional=groups)
    tracker.write(block_of(1, [1.0], [False]), {EXACT: 3.0, CERTIFIED: 1.0, SLOPE: 2.0})
    tracker.write(block_of(2, [1.0], [False]), {EXACT: 2.5})
    tracker.write(block_of(3, [1.0], [False]))
    kept = tracker.sync()
    tracker.close()
    again = Tracker(tmp_path, 3, kept, groups)
    again.close()
    for each in (tracker, again):
        assert each.last[EXACT] == 2.5
        assert each.last[SLOPE] == 2
        assert CERTIFIED not in each.last
        assert (each.last_at[EXACT], each.last_at[SLOPE]) == (2, 1)


def test_the_log_says_it_once_and_when(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    remarks, tags = Remarks(7, "float32"), (RAW, "loss/critic")
    nothing, later = np.array([False, False]), np.array([False, True])
    values = {tag: np.zeros(2, np.float32) for tag in tags}
    remarks.of(Block(1, values, dict.fromkeys(tags, nothing), nothing))
    assert not caplog.messages
    for first in (3, 5):
        remarks.of(Block(first, values, dict.fromkeys(tags, later), later))
    alike, unresolved = caplog.messages
    assert alike.startswith(
        "Seed 7, iteration 4: the critic scores all real and generated samples alike, as far"
    )
    assert unresolved.startswith(
        f"Seed 7, iteration 4: {RAW}, loss/critic are unresolved, because float32 rounds"
    )
    # a gap that is rounding is no constant critic
    remarks = Remarks(0, "float32")
    remarks.of(Block(1, values, {RAW: later}, nothing))
    (said,) = caplog.messages[2:]
    assert said.startswith(f"Seed 0, iteration 2: {RAW} is unresolved")
