"""MLflow without a server: what its store holds of a run, read by its own client."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gan_lab.runs.reading import find_runs, read_run
from gan_lab.tags.names import GENERATED_SAMPLES, RAW, REAL_SAMPLES, SLOPE, final_tag
from gan_lab.tracking.hyperparameters import hyperparameters_of
from gan_lab.tracking.writers import mlflow
from gan_lab.tracking.writers.mlflow import MLflowWriter, _client, _find_store, _Store
from gan_lab.tracking.writers.several import Writers
from support.configs import FEW, TOY
from support.tracked_runs import curve, gan_lab, resume, train

needs_mlflow = pytest.mark.skipif(
    find_spec("mlflow") is None or find_spec("sqlalchemy") is None,
    reason="needs the extra mlflow",
)

# in a process of its own: the library warns of much, and warnings are errors here
_READ = """
import json, os, sys
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
from mlflow import MlflowClient
client = MlflowClient(tracking_uri=sys.argv[1])
experiments = {each.experiment_id: each.name for each in client.search_experiments()}
runs = []
for run in client.search_runs(list(experiments)):
    key = run.info.run_id
    runs.append({
        "id": key, "name": run.info.run_name, "status": run.info.status, "params": run.data.params,
        "experiment": experiments[run.info.experiment_id], "tags": run.data.tags, "last": run.data.metrics,
        "curves": {tag: [(p.step, p.value) for p in client.get_metric_history(key, tag)]
                   for tag in run.data.metrics},
        "images": [artifact.path for artifact in client.list_artifacts(key, "images")],
    })
print(json.dumps(runs))
"""


def read(store: Path) -> list[dict[str, Any]]:
    command = [sys.executable, "-W", "ignore", "-c", _READ, f"sqlite:///{store / 'mlflow.db'}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    runs: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return runs


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 12 iterations with TensorBoard and MLflow, to which 4 were added later."""
    folder = tmp_path_factory.mktemp("mlflow")
    train(folder, "tracker=[tensorboard,mlflow]")
    resume(folder, "train.iterations=16")
    return folder / "outputs"


@needs_mlflow
def test_its_store_holds_what_the_run_folder_holds(folder: Path) -> None:
    """One run after two sittings: under one id, with every number of the table once."""
    (found,), record = read(folder / "mlruns"), read_run(folder / "run")
    assert found["id"] == record.trackers["mlflow"]
    assert (found["name"], found["experiment"], found["status"]) == ("run", "gan-lab", "FINISHED")
    for tag in (RAW, SLOPE, "loss/critic"):
        points = found["curves"][tag]
        assert len(points) == len(dict(points))
        assert dict(points) == pytest.approx(dict(curve(folder / "run", tag)), rel=1e-6)
    final = {final_tag(tag): value for tag, value in record.numbers.items() if final_tag(tag)}
    assert {tag: found["last"][tag] for tag in final} == pytest.approx(final)
    assert found["params"] == {key: str(value) for key, value in hyperparameters_of(record).items()}
    assert found["tags"]["command"] == record.command
    assert found["tags"].get("verdict", "") == "\n".join(map(str, record.verdicts))
    shown = [name.rpartition("/")[2].split("+timestamp")[0] for name in found["images"]]
    for tag, step in ((REAL_SAMPLES, 0), (GENERATED_SAMPLES, 8), (GENERATED_SAMPLES, 16)):
        assert f"{tag.replace('/', '~')}+step+{step}" in shown
    assert [each.path for each in find_runs(folder)] == [folder / "run"]


@needs_mlflow
def test_runs_elsewhere_have_a_store_of_their_own_and_seeds_share_it(tmp_path: Path) -> None:
    train(tmp_path, "tracker=mlflow", "train.seeds=2", f"hydra.run.dir={tmp_path / 'elsewhere'}")
    for seed in (0, 1):
        (found,) = read(tmp_path / "elsewhere" / f"seed{seed}" / "mlruns")
        assert found["name"] == f"elsewhere/seed{seed}"
        assert len(found["curves"][RAW]) == 12


@needs_mlflow
def test_another_store_and_experiment_may_be_named(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    train(tmp_path, "tracker=mlflow", MLFLOW_TRACKING_URI=uri, MLFLOW_EXPERIMENT_NAME="mine")
    (found,) = read(tmp_path)
    assert found["experiment"] == "mine"
    assert not (tmp_path / "outputs" / "mlruns").exists()


@needs_mlflow
def test_pictures_are_written_into_the_store_alone(tmp_path: Path) -> None:
    """Whoever wrote the file may have named any folder in it."""
    train(tmp_path, "tracker=mlflow")
    store, outside = tmp_path / "outputs" / "mlruns", tmp_path / "outside"
    with sqlite3.connect(store / "mlflow.db") as database:
        database.execute("UPDATE runs SET artifact_uri = ?", [f"{store.as_uri()}/../../outside"])
        database.execute("UPDATE experiments SET artifact_location = ?", [outside.as_uri()])
    with pytest.raises(AssertionError):  # it says that it failed
        resume(tmp_path, "train.iterations=16")
    assert read_run(tmp_path / "outputs" / "run").iteration == 16
    assert not outside.exists()


@pytest.mark.parametrize(
    ("run", "store"),
    [
        ("outputs/runs/a", "outputs/mlruns"),
        ("outputs/sweeps/s/j/seed3", "outputs/mlruns"),
        ("data/a", "data/a/mlruns"),
        ("outputs/x/outputs/a", "outputs/x/outputs/mlruns"),
    ],
)
def test_where_a_run_is_decides_on_the_store(
    run: str, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / run).mkdir(parents=True)
    found = _find_store(tmp_path / run)
    assert found.folder == tmp_path / store
    assert found.uri == f"sqlite:///{tmp_path / store}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking:5000")
    assert _find_store(tmp_path / run)[:2] == ("http://tracking:5000", None)


PATIENCE = (
    "MLFLOW_HTTP_REQUEST_TIMEOUT",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES",
    "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT",
)


def test_mlflow_is_told_to_give_up_early_unless_the_user_says_how_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(
        sys.modules, "mlflow", SimpleNamespace(MlflowClient=lambda tracking_uri: tracking_uri)
    )
    for name in PATIENCE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv(PATIENCE[0], "60")
    assert _client("http://localhost") == "http://localhost"
    assert [os.environ.pop(name) for name in PATIENCE[1:]] == ["1", "5"]
    assert os.environ[PATIENCE[0]] == "60"
    monkeypatch.delenv(PATIENCE[0])
    _client("http://localhost")
    assert [os.environ.pop(name) for name in PATIENCE] == ["5", "1", "5"]


class Hanging:
    """A client of a store that lets every call wait in vain."""

    def __init__(self, clock: list[float]) -> None:
        self.clock, self.calls = clock, 0

    def __getattr__(self, name: str) -> Any:
        def call(*_: Any, **__: Any) -> None:
            self.calls += 1
            self.clock[0] += 10
            raise RuntimeError(name)

        return call


def test_a_server_that_hangs_is_not_asked_a_second_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(mlflow.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(mlflow, "_hung_at", {})
    client, store = Hanging(clock), _Store("http://localhost", None, nullcontext())
    seeds = [Writers({"mlflow": MLflowWriter(client, "id", store, begins=True)}, "run") for _ in range(3)]
    for writers in seeds:
        writers.write_texts(0, {"verdict": "x"})
        writers.write_texts(1, {"verdict": "x"})
        writers.close()
    assert client.calls == 1
    clock[0] += 1000  # it may be back
    with pytest.raises(RuntimeError):
        MLflowWriter(client, "id", store, begins=True).close()
    assert client.calls == 2


@pytest.mark.skipif(find_spec("mlflow") is None, reason="needs the extra mlflow")
def test_a_run_waits_some_seconds_for_a_server_that_accepts_and_never_answers(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        begun = time.monotonic()
        done = gan_lab(
            tmp_path,
            *("train", "device=cpu", *TOY, *FEW, "train.iterations=2", "train.seeds=3"),
            "tracker=mlflow",
            MLFLOW_TRACKING_URI=address,
        )
        with_server = time.monotonic() - begun
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    assert said.count("the tracker mlflow failed and gets no more of this run") == 3
    assert "read timeout=5" in said
    assert with_server < 4 * 15  # importing, composing and training on a busy machine are in it
