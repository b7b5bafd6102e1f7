"""What TensorBoard shows of a run that went on: every point and card once, whatever the clock said."""

import time
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.plugin_event_accumulator import (
    EventAccumulator as PluginEventAccumulator,
)

from gan_lab.tags.names import RAW
from gan_lab.tracking.buffer import Block
from gan_lab.tracking.event_order import name_after
from gan_lab.tracking.tracker import Tracker
from gan_lab.training import resume as resumption
from support.configs import DIGITS, Train

HOUR_S = 3600.0


def test_points_after_the_clock_went_back_are_shown_as_often_as_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four processes, each an hour behind the one before, each killed ten iterations after a checkpoint."""
    now, real_time = time.time(), time.time
    done, mark = 0, None
    for sitting in range(4):
        monkeypatch.setattr(time, "time", lambda behind=sitting * HOUR_S: real_time() - behind)
        tracker = Tracker(tmp_path, done, mark) if mark else Tracker(tmp_path)
        for first in (done + 1, done + 11):
            value = np.full(10, sitting, np.float32)
            tracker.write(Block(first, {RAW: value}))
            tracker.writer.write_histograms(first, {"critic/weights": value})
            if first == done + 1:
                mark = tracker.sync()
        tracker.close()
        done += 10
    names = [path.name for path in sorted(tmp_path.glob("*tfevents*"))]
    assert len(names) == 4
    assert abs(now - float(names[0].split(".")[3])) < 60
    scalars = EventAccumulator(str(tmp_path), size_guidance={"scalars": 0}).Reload().Scalars(RAW)
    expected = [(step, min((step - 1) // 10, 3)) for step in range(1, 51)]
    assert [(event.step, event.value) for event in scalars] == expected
    tensors = PluginEventAccumulator(str(tmp_path), size_guidance={"tensors": 0}).Reload()
    assert [event.step for event in tensors.Tensors(RAW)] == list(range(1, 51))
    assert [event.step for event in tensors.Tensors("critic/weights")] == [1, 11, 21, 31, 41]


@pytest.mark.parametrize(
    ("earlier", "name", "expected"),
    [
        ([], "events.out.tfevents.0000000005.host.1.0", "events.out.tfevents.0000000005.host.1.0"),
        (
            ["events.out.tfevents.0000000009.host.7.0"],
            "events.out.tfevents.0000000005.host.1.0",
            "events.out.tfevents.0000000010.host.1.0",
        ),
        (
            ["events.out.tfevents.0000000005.host.9.0"],
            "events.out.tfevents.0000000005.host.10.0",  # a pid of more digits sorts before
            "events.out.tfevents.0000000006.host.10.0",
        ),
        (
            ["events.out.tfevents.9999999999.host.9.0"],
            "events.out.tfevents.0000000005.host.1.0",
            "events.out.tfevents.9999999999.host.9.0.1",
        ),
        (
            ["events.out.tfevents.of-mine", "a.tfevents"],
            "events.out.tfevents.0000000005.host.1.0",
            "events.out.tfevents.of-mine.1",
        ),
    ],
)
def test_a_new_event_file_sorts_behind_all_that_are_there(
    earlier: list[str], name: str, expected: str
) -> None:
    assert name_after(earlier, name) == expected
    assert all(expected > other for other in earlier)


def test_a_run_that_goes_on_has_each_card_once(train: Train) -> None:
    run = train("run", *DIGITS, "objective=gan", "train.iterations=4")
    for iterations in (5, 6):
        resumption.resume(run, [f"train.iterations={iterations}"], [])
    events = PluginEventAccumulator(str(run), size_guidance={"tensors": 0}).Reload()
    for tag in ("run/text_summary", "samples/real", "custom_scalars__config__"):
        assert [event.step for event in events.Tensors(tag)] == [0], tag
    assert "_hparams_/session_start_info" in events.summary_metadata
    assert [event.step for event in events.Tensors(RAW)] == [1, 2, 3, 4, 5, 6]


def test_cards_are_written_again_where_the_event_files_are_gone(train: Train) -> None:
    run = train("run", *DIGITS, "objective=gan", "train.iterations=4")
    for path in run.glob("*tfevents*"):
        path.unlink()
    resumption.resume(run, ["train.iterations=5"], [])
    events = PluginEventAccumulator(str(run), size_guidance={"tensors": 0}).Reload()
    assert [event.step for event in events.Tensors("run/text_summary")] == [0]
