"""Measurements from the device to the host, a block at a time: the one place that waits."""

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_lab.tags.names import RAW, SCORES_ALIKE, resolved_by
from gan_lab.types import Measurements, State


@dataclass(frozen=True)
class Block:
    """Measurements of consecutive iterations on the host.

    Attributes:
        first: the first iteration, counted from 1.
        values: tag to one number per iteration.
        unresolved: tag to whether rounding is larger than the number, for those of which that is known.
        alike: whether the critic scores all samples of an iteration alike, as far as its arithmetic resolves.
    """

    first: int
    values: dict[str, NDArray[np.float32]]
    unresolved: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    alike: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))

    def __len__(self) -> int:
        return len(self.values[RAW])

    def non_finite(self) -> tuple[int, str] | None:
        """Return the first row that holds a non-finite value and that value's tag, or None."""
        rows = [
            (int(np.argmin(np.isfinite(column))), tag)
            for tag, column in self.values.items()
            if not np.isfinite(column).all()
        ]
        # of one iteration the first in the order of measurement: the critic comes before the generator
        return min(rows, key=lambda row: row[0], default=None)

    def head(self, rows: int) -> "Block":
        """Return the first ``rows`` iterations of the block."""
        values = {tag: column[:rows] for tag, column in self.values.items()}
        unresolved = {tag: column[:rows] for tag, column in self.unresolved.items()}
        return Block(self.first, values, unresolved, self.alike[:rows])


def find_failure(block: Block, state: State) -> tuple[int, str] | None:
    """Return the row of the first iteration that was not finite and what was not, or None.

    Args:
        block: measurements up to now.
        state: the state after its last iteration.
    """
    failure = block.non_finite()
    if failure is not None:
        return failure
    values = {
        f"{part} parameter {name}": value
        for part in ("generator", "critic")
        for name, value in getattr(state, part).items()
    }
    finite = torch.stack([torch.isfinite(value).all() for value in values.values()]).cpu()
    bad = [name for name, is_finite in zip(values, finite.tolist(), strict=True) if not is_finite]
    return (len(block) - 1, bad[0]) if bad else None


class MeasurementBuffer:
    """Collects measurements on the device until they are fetched in one transfer.

    Args:
        first: the first iteration, counted from 1.
    """

    def __init__(self, first: int) -> None:
        self._first = first
        self._tags: list[str] = []
        self._pending: list[Tensor] = []

    def __len__(self) -> int:
        return len(self._pending)

    def keep(self, measurements: Measurements) -> None:
        """Add the measurements of one iteration: scalars (), or (members,) of an ensemble, on the device."""
        self._tags = list(measurements)
        # a copy, because a CUDA graph writes to the same place again
        self._pending.append(torch.stack([value.float() for value in measurements.values()]))

    def fetch(self) -> list[Block]:
        """Return all that was kept since the last fetch, one block per member; waits for the device."""
        table = torch.stack(self._pending).cpu().numpy()  # (iterations, tags) or (iterations, tags, members)
        members = table.reshape(*table.shape[:2], -1)
        blocks = [
            _to_block(self._first, dict(zip(self._tags, members[:, :, k].T, strict=True)))
            for k in range(members.shape[2])
        ]
        self._first += len(self._pending)
        self._pending = []
        return blocks


def _to_block(first: int, columns: dict[str, NDArray[np.float32]]) -> Block:
    """Return what was measured, with the resolutions turned into what they decide."""
    alike = columns.pop(SCORES_ALIKE, np.zeros(0)) > 0
    resolutions = {tag: columns.pop(name) for name in list(columns) if (tag := resolved_by(name))}
    # not of what is no number: that is divergence
    unresolved = {tag: np.abs(columns[tag]) < resolution for tag, resolution in resolutions.items()}
    return Block(first, columns, unresolved, alike)
