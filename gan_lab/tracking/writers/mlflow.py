"""MLflow, behind the interface of trackers: in an SQLite file unless MLFLOW_TRACKING_URI says otherwise."""

import contextlib
import io
import logging
import math
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray
from PIL import Image

from gan_lab.config.checks import GivenText
from gan_lab.runs.record import RunRecord
from gan_lab.tracking.writers.base import (
    Ending,
    ExperimentTracker,
    HyperParameters,
    MetricWriter,
    Picture,
    require_libraries,
    run_name,
)

FOLDER = "mlruns"
"""Of the store, where no other is named."""

_MOST_METRICS, _MOST_PARAMS = 1000, 100  # of one request, by MLflow's own limits
_LONGEST_PARAM, _LONGEST_TAG = 6000, 5000  # characters
_NO_NAME = re.compile(r"[^\w\-. /]")  # what MLflow takes in no name of a metric
_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT": "5",
}
"""Seconds, times, seconds: by its own, MLflow waits minutes for a server that hangs, and training with it."""

_HANGS_FROM = 4.0  # seconds until a request failed; a server that answers refuses at once
_LEFT_ALONE = 300.0  # seconds for which a server that hung is not asked again, by other seeds for one
_hung_at: dict[str, float] = {}  # URI of a store to the time of this process
_STATUS = {"completed": "FINISHED", "diverged": "FAILED"}


@dataclass(frozen=True)
class MLflow(ExperimentTracker):
    """A run of MLflow, in the folder ``mlruns`` of ``outputs``, or of the run where it lies elsewhere.

    Attributes:
        experiment: what its runs are filed under; None for ``MLFLOW_EXPERIMENT_NAME``, else gan-lab.
    """

    experiment: GivenText | None = None

    def require(self) -> None:
        """Check that the library is there, and what it needs for a store of its own.

        Raises:
            UserError: if something is missing.
        """
        # mlflow-skinny reaches servers alone
        needed = ["mlflow"] if _named_store() else ["mlflow", "sqlalchemy", "alembic"]
        require_libraries("mlflow", needed)

    def open(self, record: RunRecord, resume_at: int) -> MetricWriter:
        """Return the writer of a new run, or of the same one again where the store has it."""
        store, known = _find_store(record.path), record.trackers.get(self.key)
        with _turn(store):
            client = _client(store.uri)
            run = _find_run(client, known, store)
            begins = run is None or not resume_at
            if run is None:
                experiment = self.experiment or os.environ.get("MLFLOW_EXPERIMENT_NAME", "gan-lab")
                created = client.create_run(
                    _experiment_id(client, experiment, store), run_name=run_name(record)
                )
                run = _require_own(created, store)
            client.update_run(run.info.run_id, status="RUNNING")
        return MLflowWriter(client, run.info.run_id, store, begins=begins)


class MLflowWriter(MetricWriter):
    """Writes a run of MLflow; histograms it has none.

    Args:
        client: of a store.
        run_id: of a run in it.
        store: which other processes may write to.
        begins: whether nothing of iteration 0 is there yet.
    """

    run_id: str

    def __init__(self, client: Any, run_id: str, store: "_Store", *, begins: bool) -> None:
        self._client, self._store = client, store
        self.run_id, self.begins = run_id, begins
        self._status = "KILLED"

    def write_hparams(self, hparams: HyperParameters, command: str) -> None:
        """Write what was chosen and set as parameters, and what was typed as a tag."""
        from mlflow.entities import Param

        params = [Param(_name(key), str(value)[:_LONGEST_PARAM]) for key, value in hparams.items()]
        with _turn(self._store):
            for first in range(0, len(params), _MOST_PARAMS):
                self._client.log_batch(self.run_id, params=params[first : first + _MOST_PARAMS])
            self._client.set_tag(self.run_id, "command", command[:_LONGEST_TAG])

    def write_scalars(
        self, steps: NDArray[np.int64], values: Mapping[str, NDArray[np.float32]], wall_time: float
    ) -> None:
        """Log all numbers of all steps, a thousand in a request."""
        from mlflow.entities import Metric

        at_ms = int(wall_time * 1000)
        metrics = [
            Metric(_name(tag), float(value), at_ms, int(step))
            for tag, column in values.items()
            for step, value in zip(steps, column, strict=True)
        ]
        with _turn(self._store):
            for first in range(0, len(metrics), _MOST_METRICS):
                self._client.log_batch(self.run_id, metrics=metrics[first : first + _MOST_METRICS])

    def write_images(self, step: int, images: Mapping[str, Picture]) -> None:
        """Log pictures as PNG files."""
        for tag, picture in images.items():
            with Image.open(io.BytesIO(picture.png)) as image, _turn(self._store):
                image.load()
                self._client.log_image(self.run_id, image, key=_name(tag), step=step)

    def write_histograms(self, step: int, arrays: Mapping[str, NDArray[np.float32]]) -> None:
        """Do nothing: MLflow has no histograms."""

    def write_texts(self, step: int, texts: Mapping[str, str]) -> None:
        """Write texts as tags of the run, and whole as files."""
        with _turn(self._store):
            for tag, text in texts.items():
                self._client.set_tag(self.run_id, _name(tag), text[:_LONGEST_TAG])
                self._client.log_text(self.run_id, text, f"{_name(tag)}.txt")

    def write_ending(self, ending: Ending) -> None:
        """Log the final numbers and the verdict; ``close`` says how the run ended."""
        from mlflow.entities import Metric
        from mlflow.utils.time import get_current_time_millis

        now = get_current_time_millis()
        metrics = [Metric(_name(tag), value, now, step) for tag, (step, value) in ending.final.items()]
        with _turn(self._store):
            self._client.log_batch(self.run_id, metrics=metrics)
        if ending.verdicts:
            self.write_texts(ending.step, {"verdict": "\n".join(ending.verdicts)})
        self._status = _STATUS[ending.status]

    def close(self) -> None:
        """Say how the run ended: one without an ending was killed."""
        with _turn(self._store):
            self._client.set_terminated(self.run_id, self._status)


def _name(tag: str) -> str:
    """Return a tag, which a plug-in may have named, as MLflow takes it."""
    return _NO_NAME.sub("_", tag)


class _Store(NamedTuple):
    """Where runs are kept; of a folder of ours, with the lock that its writers take turns by."""

    uri: str
    folder: Path | None
    lock: contextlib.AbstractContextManager[Any]


@contextlib.contextmanager
def _turn(store: _Store) -> Iterator[None]:
    """Take a turn at a store; one that let a request wait in vain is left alone for some minutes.

    Raises:
        TimeoutError: if it has done so.
    """
    if time.monotonic() - _hung_at.get(store.uri, -math.inf) < _LEFT_ALONE:
        raise TimeoutError(f"{store.uri} did not answer a moment ago")
    with store.lock:
        begun = time.monotonic()
        try:
            yield
        except Exception:
            if time.monotonic() - begun >= _HANGS_FROM:
                _hung_at[store.uri] = time.monotonic()
            raise


def _named_store() -> str:
    return os.environ.get("MLFLOW_TRACKING_URI", "")


def _find_store(run_dir: Path) -> _Store:
    """Return the store that the user's environment names, or the one of a run folder.

    MLflow writes no folders of files any more, so numbers are in an SQLite file, and pictures beside it.
    """
    if uri := _named_store():
        return _Store(uri, None, contextlib.nullcontext())
    run_dir = run_dir.absolute()
    shared = next((parent for parent in run_dir.parents if parent.name == "outputs"), run_dir)
    folder = shared / FOLDER
    folder.mkdir(exist_ok=True)
    return _Store(f"sqlite:///{folder / 'mlflow.db'}", folder, FileLock(folder / ".lock"))


def _client(uri: str) -> Any:
    """Return a client of a store, which takes seconds to import, and to make a new file."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # it would tell its makers how it is used
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
    import mlflow

    logging.getLogger("mlflow").setLevel(logging.WARNING)  # its tables are no news
    return mlflow.MlflowClient(tracking_uri=uri)


def _find_run(client: Any, known: str | None, store: _Store) -> Any:
    """Return the run of an earlier sitting, None where the store has it no more."""
    from mlflow.exceptions import MlflowException

    if known is None:
        return None
    try:
        return _require_own(client.get_run(known), store)
    except MlflowException:
        return None


def _experiment_id(client: Any, name: str, store: _Store) -> str:
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    place = (store.folder / "artifacts").as_uri() if store.folder else None
    return str(client.create_experiment(name, artifact_location=place))


def _require_own(run: Any, store: _Store) -> Any:
    """Return a run whose pictures lie in the store's own folder: the file may be a stranger's."""
    if store.folder is None:
        return run
    place = urlsplit(run.info.artifact_uri)
    if place.scheme == "file" and Path(unquote(place.path)).resolve().is_relative_to(store.folder.resolve()):
        return run
    raise ValueError(f"{store.folder} keeps files at {run.info.artifact_uri}, outside of it")
