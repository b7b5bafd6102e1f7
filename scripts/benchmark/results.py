"""What was measured, and the file that keeps it, so that cases can be run one after another."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from benchmark.limits import Work
from benchmark.machine import Machine
from benchmark.timing import Spread, ratios, spread


@dataclass(frozen=True)
class Row:
    """One contestant's times.

    Attributes:
        name: as in tables.
        mode: the loop that it is, or the way that ours runs.
        bf16: whether its networks compute in bfloat16.
        seeds: how many are stacked.
        seconds: per iteration of all seeds together, one number a turn; empty where it was left out.
        cold_s: the first call with nothing in the compiler's cache; None where nothing is compiled.
        warm_s: the first call again, with the cache on disk.
        peak_bytes: of memory, all seeds together.
        left_out: why it was not measured.
    """

    name: str
    mode: str
    bf16: bool
    seeds: int
    seconds: tuple[float, ...] = ()
    cold_s: float | None = None
    warm_s: float | None = None
    peak_bytes: int | None = None
    left_out: str | None = None

    def per_seed(self) -> Spread:
        """Return the seconds per iteration and seed."""
        return spread(self.seconds_per_seed())

    def times_as_fast_as(self, other: "Row") -> Spread:
        """Return the ratio of times per seed, turn by turn."""
        return ratios(other.seconds_per_seed(), self.seconds_per_seed())

    def seconds_per_seed(self) -> list[float]:
        """Return the seconds per iteration and seed, one number a turn."""
        return [second / self.seeds for second in self.seconds]


@dataclass(frozen=True)
class Result:
    """One case: the first row is the textbook's."""

    title: str
    overrides: tuple[str, ...]
    command: str
    work: Work
    rows: tuple[Row, ...]

    def find(self, name: str) -> Row | None:
        """Return the row of a contestant that was measured, or None."""
        return next((row for row in self.rows if row.name == name and row.seconds), None)


@dataclass(frozen=True)
class Report:
    """All that one machine measured, by the titles of the cases."""

    machine: Machine
    results: dict[str, Result]

    def write(self, path: Path) -> None:
        """Write everything as JSON."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n")


def read_results(path: Path, machine: Machine) -> dict[str, Result]:
    """Return what was measured before on a machine of the same description and settings; else nothing."""
    if not path.is_file():
        return {}
    found = json.loads(path.read_text())
    same = ("device", "software", "threads", "precision")
    if any(found["machine"].get(key) != getattr(machine, key) for key in same):
        return {}
    return {title: _read_result(result) for title, result in found["results"].items()}


def _read_result(found: dict) -> Result:  # type: ignore[type-arg]
    rows = tuple(Row(**row | {"seconds": tuple(row["seconds"])}) for row in found["rows"])
    work, overrides = Work(**found["work"]), tuple(found["overrides"])
    return Result(**found | {"rows": rows, "work": work, "overrides": overrides})
