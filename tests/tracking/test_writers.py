"""Trackers: all are given the same, none can stop a run or change it, and each goes on where it was."""

import csv
import io
import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_lab.config.errors import UserError
from gan_lab.runs.checkpoint import load_newest
from gan_lab.runs.config_hash import config_hash
from gan_lab.runs.reading import read_run
from gan_lab.tags.names import GENERATED_SAMPLES, REAL_SAMPLES, final_tag
from gan_lab.tracking.writers.base import Ending, require_libraries
from gan_lab.tracking.writers.choice import build_tracker
from gan_lab.tracking.writers.several import Several, Writers, rewrite_endings
from gan_lab.training import launch
from gan_lab.training.resume import resume
from support import recording
from support.command_line import gan_lab
from support.configs import DIGITS, FEW, TOY, compose_config
from support.games import by_name
from support.recording import OPENED, Recorder, RecordingWriter
from support.report_runs import write_run

TENSORBOARD = {"_target_": "gan_lab.tracking.writers.tensorboard.TensorBoard"}
SEVERAL = "gan_lab.tracking.writers.several.Several"


def recorder(fails_in: str = "") -> dict[str, Any]:
    return {"_target_": "support.recording.Recorder", "fails_in": fails_in}


def both(fails_in: str = "") -> dict[str, Any]:
    return {"_target_": SEVERAL, "parts": {"tensorboard": TENSORBOARD, "recorder": recorder(fails_in)}}


def run(folder: Path, tracker: object, *overrides: str, iterations: int = 12) -> Path:
    """A short run in this process; None for a config that an earlier version wrote, without the group."""
    config = compose_config("device=cpu", *FEW, *overrides, f"train.iterations={iterations}")
    del config["tracker"]
    config |= {} if tracker is None else {"tracker": tracker}
    OPENED.clear()
    launch.launch(config, folder, choices={"objective": "wgan"}, command="a test", trusted=["support"])
    return folder


def read_events(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0, "histograms": 0}).Reload()


def cells(folder: Path) -> dict[tuple[str, int], float]:
    with (folder / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {
        (tag, int(row["iteration"])): float(cell)
        for row in rows
        for tag, cell in row.items()
        if tag != "iteration" and cell
    }


def weights(folder: Path) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in by_name(load_newest(folder).state, {}).items()}


@pytest.fixture(name="plain", scope="module")
def _plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run as an earlier version began it: with TensorBoard, of which its config says nothing."""
    return run(tmp_path_factory.mktemp("plain"), None, *DIGITS)


def test_every_tracker_is_given_the_same(tmp_path: Path, plain: Path) -> None:
    folder = run(tmp_path, both(), *DIGITS)
    (got,), events = OPENED, read_events(folder)

    # Numbers: those of the table, and of TensorBoard
    table = {key: value for key, value in got.scalars.items() if not key[0].startswith("perf/")}
    assert table == pytest.approx(cells(folder), rel=1e-6)
    assert len({tag for tag, _ in table}) >= 10
    shown = {(tag, p.step): p.value for tag in events.Tags()["scalars"] for p in events.Scalars(tag)}
    assert got.ending is not None
    final = {(tag, step): value for tag, (step, value) in got.ending.final.items()}
    assert shown == pytest.approx(got.scalars | final, rel=1e-6)

    # Pictures and histograms
    pictures = {
        (tag, p.step): p.encoded_image_string for tag in events.Tags()["images"] for p in events.Images(tag)
    }
    assert pictures == {key: picture.png for key, picture in got.images.items()}
    assert {(REAL_SAMPLES, 0), (GENERATED_SAMPLES, 8), (GENERATED_SAMPLES, 12)} <= set(pictures)
    for picture in got.images.values():
        with Image.open(io.BytesIO(picture.png)) as image:
            assert image.size == (picture.width, picture.height)
            assert len(image.getbands()) == picture.channels
    counts = {(tag, p.step): p for tag in events.Tags()["histograms"] for p in events.Histograms(tag)}
    assert set(counts) == set(got.histograms)
    for key, values in got.histograms.items():
        assert counts[key].histogram_value.num == values.size
        assert counts[key].histogram_value.sum == pytest.approx(float(values.sum(dtype=np.float64)), abs=1e-4)

    # What was run, and how it ended
    assert got.command == "a test"
    assert got.hparams["objective"] == "wgan"
    assert got.hparams["train.batch_size"] == 16
    assert [key for key in got.hparams if "tracker" in key] == []
    numbers = read_run(folder).numbers
    assert {tag: value for tag, (_, value) in got.ending.final.items()} == {
        final_tag(tag): value for tag, value in numbers.items() if final_tag(tag)
    }
    assert (got.ending.status, got.ending.step) == ("completed", 12)
    assert got.ending.verdicts == tuple(str(verdict) for verdict in read_run(folder).verdicts)
    assert (got.calls[0], got.calls[-1]) == ("write_hparams", "close")

    # and none of it is otherwise than without
    assert (folder / "metrics.csv").read_bytes() == (plain / "metrics.csv").read_bytes()
    assert weights(folder) == weights(plain)


@pytest.mark.parametrize("method", recording.METHODS)
def test_a_tracker_that_fails_says_so_once_and_changes_nothing(
    method: str, tmp_path: Path, plain: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        folder = run(tmp_path, both(method), *DIGITS)
    told = [each.getMessage() for each in caplog.records if "tracker" in each.getMessage()]
    assert len(told) == 1
    assert told[0].startswith(f"{folder}: the tracker recorder failed and gets no more of this run")
    assert "nobody answers" in told[0] or f"RuntimeError: {method} has no room left" in told[0]
    if method != "open":
        (writer,) = OPENED
        assert writer.calls.count(method) == (2 if method == "close" else 1)  # close is tried once more
        assert "close" in writer.calls
        if method != "close":
            assert writer.calls[writer.calls.index(method) + 1 :] == ["close"]
    assert read_run(folder).status == "completed"
    assert (folder / "metrics.csv").read_bytes() == (plain / "metrics.csv").read_bytes()
    assert weights(folder) == weights(plain)
    # the other tracker has all of it
    whole = {key for key in cells(folder) if key[0] == "loss/critic"}
    assert len(read_events(folder).Scalars("loss/critic")) == len(whole) == 12


def test_tensorboard_that_fails_stops_nothing(
    tmp_path: Path, plain: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise UserError("events could not be written: No space left on device.")

    monkeypatch.setattr("gan_lab.tracking.event_file.EventFile.add_scalars_at", full)
    folder = run(tmp_path, None, *DIGITS)
    assert [each.getMessage().count("No space left") for each in caplog.records].count(1) == 1
    assert (folder / "metrics.csv").read_bytes() == (plain / "metrics.csv").read_bytes()


def test_without_tensorboard_there_is_no_event_file(tmp_path: Path) -> None:
    folder = run(tmp_path, recorder(), *TOY)
    assert list(folder.glob("*tfevents*")) == []
    assert len(OPENED[0].scalars) > 12
    # in the plane there are no real images to show, but pictures of the plane
    assert {tag for tag, _ in OPENED[0].images} == {GENERATED_SAMPLES}


def test_a_resumed_run_goes_on_under_its_id(tmp_path: Path) -> None:
    folder = run(tmp_path, both(), *TOY)
    assert read_run(folder).trackers == {"recorder": "id1"}
    (first,) = OPENED[:]
    OPENED.clear()
    resume(folder, ["train.iterations=16"], ["support"])
    (again,) = OPENED
    assert (again.run_id, again.begins) == ("id1", False)
    assert again.hparams == {}
    assert sorted({step for _, step in again.scalars}) == [13, 14, 15, 16]
    assert "write_hparams" in first.calls


def test_a_run_of_before_resumes_and_may_take_on_another_tracker(tmp_path: Path) -> None:
    """Its config lacks the group; a tracker that is new to it is told what the run is, the old one is not."""
    folder = run(tmp_path, None, *TOY)
    assert "tracker" not in read_run(folder).read_config()
    resume(folder, ["train.iterations=16"], [])
    assert read_run(folder).iteration == 16
    before = len(list(folder.glob("*tfevents*")))
    config = read_run(folder).read_config() | {"tracker": both()}
    OPENED.clear()
    launch.launch(config, folder, choices={}, command="a test", trusted=["support"], iterations=20)
    assert read_run(folder).iteration == 20
    assert OPENED[0].hparams["train.batch_size"] == 16
    assert len(list(folder.glob("*tfevents*"))) == before + 1
    cards = read_events(folder).Tensors("run/text_summary")
    assert [card.step for card in cards] == [0]


def test_a_diverged_run_says_so_to_its_trackers(tmp_path: Path) -> None:
    overrides = [*TOY, "objective=wgan", "constraint=none", "optimizer.lr=1e30"]
    folder = run(tmp_path, recorder(), *overrides, iterations=200)
    assert read_run(folder).status == OPENED[0].ending.status == "diverged"
    assert all(math.isfinite(value) for value in OPENED[0].scalars.values())


def test_texts_go_to_every_writer() -> None:
    one, other = RecordingWriter("a"), RecordingWriter("b", fails_in="write_texts")
    writers = Writers({"one": one, "other": other}, "a run")
    writers.write_texts(7, {"verdict": "the critic died"})
    writers.write_texts(8, {"verdict": "again"})
    assert one.texts == {("verdict", 7): "the critic died", ("verdict", 8): "again"}
    assert other.calls == ["write_texts"]
    assert writers.run_ids == {"one": "a"}


@pytest.mark.parametrize("fails_in", ["", "open", "write_ending", "close"])
def test_an_ending_is_written_anew_and_the_writer_closed_whatever_fails(
    fails_in: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record = read_run(write_run(tmp_path / "run"))
    ending = Ending("completed", 500, {"final/w1_exact": (500, 0.25)}, ("all_well: as it should be",))
    OPENED.clear()
    trackers = Several({"one": Recorder(fails_in), "other": Recorder()})
    rewrite_endings(trackers, record, ending)
    assert [each.calls for each in OPENED] == [["write_ending", "close"]] * (1 if fails_in == "open" else 2)
    assert OPENED[-1].ending == ending
    assert len(caplog.records) == bool(fails_in)
    for each in caplog.records:
        assert each.getMessage().startswith(f"{record.path}: the tracker recorder was not told of these ")
        assert "\n" not in each.getMessage()


# What may be typed


def test_where_numbers_go_decides_on_no_hash() -> None:
    default = compose_config()
    before = {key: value for key, value in default.items() if key != "tracker"}
    hashes = {config_hash(compose_config(typed)) for typed in ("tracker=wandb", "trackers=[mlflow,wandb]")}
    assert hashes == {config_hash(default)} == {config_hash(before)}


@pytest.mark.parametrize("group", ["tracker", "trackers", "+tracker"])
def test_a_list_of_trackers_stands_side_by_side(group: str) -> None:
    config = compose_config(f"{group}=[tensorboard, wandb]", f"{group}.parts.wandb.project=mine")
    built = build_tracker_unchecked(config)
    assert [member.key for member in built.members] == ["tensorboard", "wandb"]
    assert config["tracker"]["parts"]["wandb"]["project"] == "mine"


def build_tracker_unchecked(config: dict[str, Any]) -> Several:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Several, "require", lambda _: None)
        built = build_tracker(config)
    assert isinstance(built, Several)
    return built


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("tracker=none", "tracker must be one of mlflow, several, tensorboard, wandb; got 'none'."),
        ("tracker=[tensorboard,none]", "tracker must be one of mlflow, several, tensorboard, wandb; got "),
        (
            "tracker=[]",
            "tracker must be an option, or a list of at least one, as in tracker=[tensorboard,wandb]; ",
        ),
        (
            "tracker=[tensorboard,several]",
            "tracker must be an option, or a list of such as do something, with",
        ),
        ("tracker=", "tracker must be one of mlflow, several, tensorboard, wandb; got "),
    ],
)
def test_what_is_no_tracker_is_refused(typed: str, said: str, tmp_path: Path) -> None:
    called = gan_lab("train", typed, f"hydra.run.dir={tmp_path / 'run'}")
    assert called.status == 2
    assert called.err.startswith(f"gan-lab: {said}")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("typed", ["tracker={0}", "tracker=[tensorboard,{0}]"])
@pytest.mark.parametrize("option", ["wandb", "mlflow"])
def test_a_missing_library_is_refused_before_anything_is_written(
    option: str, typed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_lab.tracking.writers.base.find_spec", lambda _: None)
    called = gan_lab("train", typed.format(option), f"hydra.run.dir={tmp_path / 'run'}")
    assert called.status == 2
    assert called.err == (
        f"gan-lab: tracker={option} needs the package {option}, which is not installed: "
        f"pip install 'gan-lab[{option}]' brings it.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_a_librarys_name_is_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a_library").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match="needs the package a_library"):
        require_libraries("wandb", ["a_library"])
    require_libraries("wandb", ["yaml"])
