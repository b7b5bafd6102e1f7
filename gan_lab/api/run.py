"""``gan_lab.load``: a run from its folder, as an object to draw from, to score with and to read."""

import logging
import os
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas
import torch
from torch import Tensor, nn

from gan_lab.api.arrays import Samples, to_array
from gan_lab.config.checks import NonNegativeInt, PositiveInt, conform
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.datasets.known_roots import require_known_root
from gan_lab.evaluation.trained import Trained, load_trained
from gan_lab.numerics.streams import make_rng
from gan_lab.reports.sweep.metrics_csv import read_measurements
from gan_lab.runs.reading import read_run
from gan_lab.runs.record import RunRecord

log = logging.getLogger(__name__)


def load(
    run: str | os.PathLike[str],
    *,
    device: str = "auto",
    trusted: Iterable[str] = (),
    trust_data: bool = False,
) -> "LoadedRun":
    """Return the run in a folder; its networks are read when they are first asked for.

    Args:
        run: the folder, such as ``gan-lab train`` names at its end.
        device: where its networks shall be: ``auto``, ``cpu``, ``cuda``, ...
        trusted: packages besides gan_lab that its config may name classes of.
        trust_data: whether its config may name any folder of data, for ``real``.

    Raises:
        UserError: if it is no run folder.
    """
    if not isinstance(run, str | os.PathLike) or not os.fspath(run):  # "" would be the current folder
        raise BadValueError("run", "the path of a run's folder", run)
    return LoadedRun(read_run(Path(run).absolute()), device, tuple(trusted), trust_data)


class LoadedRun:
    """A run: what was asked for, what was measured, and the networks of its newest checkpoint.

    Attributes:
        record: what ``run.json`` says: status, iterations, versions, the last numbers.
    """

    def __init__(self, record: RunRecord, device: str, trusted: tuple[str, ...], trust_data: bool) -> None:
        self.record = record
        self._device, self._trusted, self._trust_data = device, trusted, trust_data

    def __repr__(self) -> str:
        record = self.record
        return f"LoadedRun({str(self.path)!r}, {record.status} at iteration {record.iteration})"

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.record.path

    @cached_property
    def config(self) -> dict[str, Any]:
        """The resolved config, as plain containers.

        Raises:
            UserError: if ``config.yaml`` is missing or malformed.
        """
        return self.record.read_config()

    @cached_property
    def numbers(self) -> pandas.DataFrame:
        """``metrics.csv``: a row for each iteration, a column for each tag, NaN where nothing was measured.

        A table that was cut off or damaged is read as far as it is whole, with a warning in the log.

        Raises:
            UserError: if nothing of it can be read.
        """
        table, fault = read_measurements(self.record.metrics_path)
        if fault is not None and table.empty:
            raise UserError(f"{self.path}: {fault}")
        if fault is not None:
            log.warning("%s: %s", self.path, fault)
        return table

    @cached_property
    def generator(self) -> nn.Module:
        """The generator that samples are taken from: latents (n, Z) to samples (n, *D), in evaluation mode.

        An ordinary module with a ``state_dict``. Its weights are as its constraint makes them, those of the
        moving average where ``train.ema`` keeps one; its batch norm has standing statistics, so that a sample
        does not depend on those beside it.

        Raises:
            UserError: if the run has no checkpoint that can be read.
        """
        return self._trained.generator()

    @property
    def latent_dim(self) -> int:
        """Z, how many numbers the generator makes a sample of."""
        return self._trained.latent_dim

    @property
    def iteration(self) -> int:
        """How many iterations the networks were trained for."""
        return self._trained.iteration

    def sample(self, n: int = 64, seed: int = 0, class_: int | None = None) -> Tensor:
        """Return samples (n, *D), those of ``gan-lab sample``: images in [-1, 1], or points.

        Args:
            n: how many; the first of them are those of a smaller n.
            seed: of the latents.
            class_: what they shall show, of a run whose networks know classes.

        Raises:
            UserError: if there is no checkpoint that can be read, or a class is asked of a run without any.
        """
        if class_ is not None:
            # no option of the lab builds conditional networks yet
            raise UserError(
                f"class_ must be left out: {self.path} was trained without labels, and its generator takes "
                "latents alone."
            )
        n, seed = conform("n", n, PositiveInt), conform("seed", seed, NonNegativeInt)
        return self._trained.draw(n, seed, self.generator)

    def critic(self, samples: Samples) -> Tensor:
        """Return the critic's scores (n,) of samples (n, *D), as its constraint lets it score.

        Gradients reach ``samples`` where they are a tensor that asks for some. A critic with batch norm
        scores a sample by the others of the call.

        Args:
            samples: as ``sample`` and ``real`` return them.

        Raises:
            UserError: if they are of another shape, or there is no checkpoint that can be read.
        """
        trained = self._trained
        if not isinstance(samples, torch.Tensor):
            samples = torch.from_numpy(to_array(samples))
        shape = tuple(samples.shape)
        if shape[1:] != trained.data_shape or not shape or shape[0] == 0:
            words = ", ".join(map(str, trained.data_shape))
            raise BadValueError("samples", f"of shape (n, {words}), n at least 1", shape)
        return trained.score(samples.to(trained.setup.device, torch.float32))

    def real(self, n: int = 64, seed: int = 0) -> Tensor:
        """Return samples (n, *D) of the data that it was trained on.

        Raises:
            UserError: if the data cannot be read, or lies in a folder that you have not named to ``train``,
                unless the run was loaded with ``trust_data=True``.
        """
        n, seed = conform("n", n, PositiveInt), conform("seed", seed, NonNegativeInt)
        setup = self._trained.setup
        require_known_root(setup.dataset, self.path, trust_data=self._trust_data)
        return setup.dataset.open(setup.device)(n, make_rng(seed, "real samples", setup.device))

    @cached_property
    def _trained(self) -> Trained:
        return load_trained(self.path, self._device, self._trusted)
