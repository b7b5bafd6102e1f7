"""Weights & Biases, behind the interface of trackers: offline unless WANDB_MODE says otherwise."""

import io
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan_lab.config.checks import GivenText
from gan_lab.config.errors import UserError
from gan_lab.runs.record import RunRecord
from gan_lab.tracking.writers.base import (
    Ending,
    ExperimentTracker,
    HyperParameters,
    MetricWriter,
    Picture,
    is_of_several_seeds,
    require_libraries,
    run_name,
)

_STEP = "iteration"
_ONLINE = ("online", "run", "shared")  # values of WANDB_MODE that need a key


@dataclass(frozen=True)
class WandB(ExperimentTracker):
    """A run of Weights & Biases, in the folder ``wandb`` of the run's.

    Attributes:
        project: what its runs are filed under; None for ``WANDB_PROJECT``, else gan-lab.
    """

    project: GivenText | None = None

    def require(self) -> None:
        """Check that the library is there, and a key where it is to go online: it would ask for one.

        Raises:
            UserError: if one of them is missing.
        """
        require_libraries("wandb", ["wandb"])
        mode = os.environ.get("WANDB_MODE", "")
        try:
            has_key = mode not in _ONLINE or _has_key()
        except Exception:  # noqa: BLE001  (a server that does not answer stops no run: open says so)
            return
        if not has_key:
            raise UserError(
                f"tracker=wandb needs an API key where WANDB_MODE is {mode}: wandb login keeps one, "
                "WANDB_API_KEY names one, and without WANDB_MODE nothing is sent."
            )

    def open(self, record: RunRecord, resume_at: int) -> MetricWriter:
        """Return the writer of a new run, or of the same one again."""
        wandb, known = _wandb(), record.trackers.get(self.key)
        if os.environ.get("WANDB_MODE") in _ONLINE:
            _has_key()  # raises where init would ask for another key
        run_id = known or secrets.token_hex(4)
        run = wandb.init(
            project=self.project or os.environ.get("WANDB_PROJECT", "gan-lab"),
            name=run_name(record),
            group=record.path.absolute().parent.name if is_of_several_seeds(record) else None,
            id=run_id,
            resume="allow",
            dir=os.environ.get("WANDB_DIR", str(record.path)),
            mode=None if "WANDB_MODE" in os.environ else "offline",
            reinit="create_new",  # seeds that are trained together are runs side by side
            # the terminal is the lab's own
            settings=wandb.Settings(silent=True, console="off", symlink=False),
        )
        return WandBWriter(wandb, run, run_id, begins=not (resume_at and known))


class WandBWriter(MetricWriter):
    """Writes a run of Weights & Biases.

    Its own count of steps goes up by one with everything that is logged, so curves are drawn over the key
    ``iteration``: pictures, rates and numbers of different iterations may come in any order.

    Args:
        wandb: the library.
        run: its run.
        run_id: the id of it.
        begins: whether it is new.
    """

    def __init__(self, wandb: Any, run: Any, run_id: str, *, begins: bool) -> None:
        self._wandb, self._run = wandb, run
        self.run_id, self.begins = run_id, begins
        self._completed = False
        run.define_metric(_STEP, hidden=True)
        run.define_metric("*", step_metric=_STEP)

    def write_hparams(self, hparams: HyperParameters, command: str) -> None:
        """Write what was chosen and set as its config, with what was typed."""
        self._run.config.update({**hparams, "command": command}, allow_val_change=True)

    def write_scalars(
        self, steps: NDArray[np.int64], values: Mapping[str, NDArray[np.float32]], wall_time: float
    ) -> None:
        """Log one row per step, with all of its numbers."""
        for step, *row in zip(steps, *values.values(), strict=True):
            self._log(int(step), dict(zip(values, map(float, row), strict=True)))

    def write_images(self, step: int, images: Mapping[str, Picture]) -> None:
        """Log pictures."""
        for tag, picture in images.items():
            with Image.open(io.BytesIO(picture.png)) as image:
                self._log(step, {tag: self._wandb.Image(image)})

    def write_histograms(self, step: int, arrays: Mapping[str, NDArray[np.float32]]) -> None:
        """Log histograms over 64 bins of the library's own."""
        self._log(step, {tag: self._wandb.Histogram(values.ravel()) for tag, values in arrays.items()})

    def write_texts(self, step: int, texts: Mapping[str, str]) -> None:
        """Write texts into its summary."""
        self._run.summary.update(dict(texts))

    def write_ending(self, ending: Ending) -> None:
        """Write the final numbers, the verdict, and how the run ended, into its summary."""
        self._completed = ending.status == "completed"
        self._run.summary.update({tag: value for tag, (_, value) in ending.final.items()})
        texts = {"status": ending.status, "verdict": "\n".join(ending.verdicts)}
        self.write_texts(ending.step, texts)

    def close(self) -> None:
        """End the run: as finished if it was completed, as failed if it diverged or was interrupted."""
        self._run.finish(exit_code=0 if self._completed else 1)

    def _log(self, step: int, values: Mapping[str, Any]) -> None:
        self._run.log({_STEP: step, **values})


def _has_key() -> bool:
    """Return whether there is a key; the library raises if its server does not know it, or is gone."""
    return bool(_wandb().login(prompt=False))


def _wandb() -> Any:
    """Return the library, which takes a second to import."""
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # it would tell its makers of its own errors
    import wandb

    return wandb
