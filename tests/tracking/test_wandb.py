"""Weights & Biases without a network: what it kept of a run, read by its own messages."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gan_lab.config.errors import UserError
from gan_lab.runs.reading import find_runs, read_run
from gan_lab.runs.record import RunRecord
from gan_lab.tags.names import GENERATED_SAMPLES, RAW, REAL_SAMPLES, SLOPE, final_tag
from gan_lab.tracking.hyperparameters import hyperparameters_of
from gan_lab.tracking.writers import wandb as tracker
from gan_lab.tracking.writers.several import open_writers
from gan_lab.tracking.writers.wandb import WandB
from support.tracked_runs import curve, gan_lab, resume, train
from support.wandb_file import read_wandb

wandb = pytest.importorskip("wandb", reason="needs the extra wandb", exc_type=ImportError)


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 12 iterations with TensorBoard and wandb, to which 4 were added later."""
    folder = tmp_path_factory.mktemp("wandb")
    train(folder, "tracker=[tensorboard,wandb]")
    resume(folder, "train.iterations=16")
    return folder / "outputs" / "run"


def sittings(run: Path) -> list[dict[str, Any]]:
    return [read_wandb(path) for path in sorted(run.glob("wandb/*/*.wandb"))]


def logged(sitting: dict[str, Any], tag: str) -> list[tuple[int, float]]:
    return [(row["iteration"], row[tag]) for row in sitting["history"] if tag in row]


def test_it_holds_the_numbers_of_the_table(folder: Path) -> None:
    for tag in (RAW, SLOPE, "loss/critic"):
        points = [point for sitting in sittings(folder) for point in logged(sitting, tag)]
        assert len(points) == len(dict(points))
        assert dict(points) == pytest.approx(dict(curve(folder, tag)), rel=1e-6)
    assert all(("*", "iteration") in sitting["metrics"] for sitting in sittings(folder))


def test_it_holds_what_was_run_and_how_it_ended(folder: Path) -> None:
    record, (first, last) = read_run(folder), sittings(folder)
    expected: dict[str, Any] = hyperparameters_of(record) | {"command": record.command}
    assert {key: value for key, value in first["config"].items() if key != "_wandb"} == expected
    assert set(last["config"]) <= {"_wandb"}
    final = {final_tag(tag): value for tag, value in record.numbers.items() if final_tag(tag)}
    assert {tag: last["summary"][tag] for tag in final} == pytest.approx(final)
    assert last["summary"]["verdict"] == "\n".join(map(str, record.verdicts))
    assert (last["summary"]["status"], first["exit"], last["exit"]) == ("completed", 0, 0)
    assert (first["run"].project, first["run"].display_name) == ("gan-lab", "run")


def test_it_holds_the_pictures_and_histograms(folder: Path) -> None:
    for tag, file in {REAL_SAMPLES: "real.png", GENERATED_SAMPLES: "000008.png"}.items():
        names = sorted(folder.glob(f"wandb/*/files/media/images/{tag}_*.png"))
        assert names
        with Image.open(folder / "samples" / file) as image:
            shown = {Image.open(name).convert("RGB").resize(image.size, 0).tobytes() for name in names}
            assert image.convert("RGB").tobytes() in shown
    first, _ = sittings(folder)
    weights = [row for row in first["history"] if any(key.startswith("weights/") for key in row)]
    assert {row["iteration"] for row in weights} >= {8, 12}


def test_a_resumed_run_goes_on_under_its_id(folder: Path) -> None:
    ids = {sitting["run"].run_id for sitting in sittings(folder)}
    assert ids == {read_run(folder).trackers["wandb"]}
    assert [record.path for record in find_runs(folder.parent)] == [folder]


def test_seeds_are_runs_side_by_side(tmp_path: Path) -> None:
    train(tmp_path, "tracker=wandb", "train.seeds=2", "tracker.project=mine")
    seeds = [tmp_path / "outputs" / "run" / f"seed{seed}" for seed in (0, 1)]
    for seed in seeds:
        (sitting,) = sittings(seed)
        assert (sitting["run"].run_group, sitting["run"].display_name) == ("run", f"run/{seed.name}")
        assert sitting["run"].project == "mine"
        assert dict(logged(sitting, RAW)) == pytest.approx(dict(curve(seed, RAW)), rel=1e-6)
        assert list(seed.glob("*tfevents*")) == []


def test_without_a_key_it_goes_nowhere_and_asks_for_none(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "WANDB_MODE": "online", "WANDB_CONFIG_DIR": str(tmp_path)}
    words = ["train", "tracker=wandb", "hydra.run.dir=run"]
    done = gan_lab(tmp_path, *words, typed="3\n", **environment)
    assert done.returncode == 2
    assert done.stderr.startswith("gan-lab: tracker=wandb needs an API key where WANDB_MODE is online: ")
    assert not (tmp_path / "run").exists()


def test_a_key_is_asked_for_online_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracker, "_has_key", lambda: False)
    for mode in ("online", "shared"):
        monkeypatch.setenv("WANDB_MODE", mode)
        with pytest.raises(UserError, match="needs an API key"):
            WandB().require()
    for mode in ("offline", "disabled"):
        monkeypatch.setenv("WANDB_MODE", mode)
        WandB().require()
    monkeypatch.delenv("WANDB_MODE")
    WandB().require()


def test_a_server_that_does_not_answer_is_no_refusal_and_asks_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone() -> bool:
        raise ConnectionError("nobody answers")

    def init(**_: object) -> None:
        raise AssertionError("it would ask for a key")

    monkeypatch.setattr(tracker, "_has_key", gone)
    monkeypatch.setattr(wandb, "init", init)
    monkeypatch.setenv("WANDB_MODE", "online")
    WandB().require()
    writers = open_writers(WandB(), RunRecord(tmp_path, "running"), 0)
    assert writers.by_key == {}
    assert [each.getMessage().count("nobody answers") for each in caplog.records] == [1]
