"""What a run folder says of its run, for everybody who reads one.

A run folder holds ``config.yaml`` (written once), ``run.json`` (:class:`RunRecord`, replaced at every
update), and what training adds. Nothing here needs torch, so that listing runs takes no time.
"""

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from gan_lab.config.checks import NonNegativeFloat, NonNegativeInt, PositiveInt, Rule, Settings
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.config.modes import Mode
from gan_lab.config.quoting import quoted
from gan_lab.files.atomic import write_atomically
from gan_lab.files.plain_yaml import MOST_BYTES, PlainYamlError, load_plain
from gan_lab.files.regular import read_regular
from gan_lab.runs.finding import Finding
from gan_lab.runs.formats import FORMAT

Status = Literal["running", "completed", "interrupted", "diverged", "failed"]

# of a run in a tracker: it becomes a part of names of files
TrackerId = Annotated[
    str, Rule("up to 64 letters and digits", lambda v: v.isascii() and v.isalnum() and len(v) <= 64)
]

RECORD_NAME, CONFIG_NAME = "run.json", "config.yaml"
EVENTS = "*tfevents*"  # the files that TensorBoard takes for events


class RunFolder:
    """Where things are in a run folder."""

    path: Path

    @property
    def metrics_path(self) -> Path:
        """The table of measurements."""
        return self.path / "metrics.csv"

    @property
    def timing_path(self) -> Path:
        """The table of the run's pace."""
        return self.path / "timing.csv"

    @property
    def samples_path(self) -> Path:
        """The folder of sample pictures."""
        return self.path / "samples"

    @property
    def checkpoints_path(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    def read_config(self) -> dict[str, Any]:
        """Return the run's resolved configuration.

        Raises:
            UserError: if ``config.yaml`` is missing or malformed.
        """
        path = self.path / CONFIG_NAME
        try:
            config = load_plain(read_regular(path, MOST_BYTES))
        except OSError as error:
            raise UserError(f"{path} could not be read: {error.strerror}.") from error
        except PlainYamlError as error:
            raise UserError(f"{path} is not valid YAML: {error}.") from error
        if not isinstance(config, dict):
            raise UserError(f"{path} must hold a mapping; got {quoted(config)}.")
        return config


@dataclass(frozen=True)
class ExecutionRecord(Settings):
    """How the iterations of a run were executed; as text, as reports show it.

    Attributes:
        mode: operator by operator, compiled, or as a CUDA graph.
        seeds: how many runs that differ in their seed alone were begun together.
        stacked: whether one call plays all of them, on stacked tensors; else they take turns.
        slot: which of the stacked ones this run is, from 0; None in records of earlier versions.
        threads: of the CPU; None in records of earlier versions.
        rule: why it is executed so.
        processes: that share every batch.
    """

    mode: Mode
    seeds: PositiveInt = 1
    stacked: bool = False
    slot: NonNegativeInt | None = None
    threads: PositiveInt | None = None
    rule: str = ""
    processes: PositiveInt = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stacked and self.seeds == 1:
            raise BadValueError("stacked", "false for a single seed", self.stacked)
        if self.slot is not None and self.slot >= self.seeds:
            raise BadValueError("slot", f"below the number of seeds ({self.seeds})", self.slot)

    def __str__(self) -> str:
        if self.processes > 1:
            return f"{self.mode}, {self.processes} processes"
        if self.seeds == 1:
            return self.mode
        return f"{self.mode}, {self.seeds} seeds {'stacked' if self.stacked else 'in turn'}"


@dataclass(frozen=True)
class Sitting(Settings):
    """One process that trained a run.

    Attributes:
        command: what was typed.
        started: when it began, ISO 8601 in UTC.
        iteration: completed iterations at that time.
        versions: of gan-lab, of what it computes with, and of Python and the platform.
        git: commit of gan-lab's checkout and whether it was dirty; None outside one.
        card: of :func:`gan_lab.numerics.card.card_of`; empty on a CPU, and in records of earlier versions.
    """

    command: str
    started: str
    iteration: NonNegativeInt = 0
    versions: dict[str, str] = field(default_factory=dict)
    git: dict[str, str | bool] | None = None
    card: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DataRecord(Settings):
    """Which images a run was trained on.

    Attributes:
        images: how many there were.
        digest: of their bytes, in hex digits.
    """

    images: NonNegativeInt
    digest: str


@dataclass(frozen=True)
class RunRecord(Settings, RunFolder):
    """What ``run.json`` says.

    Attributes:
        path: the run folder; not stored, so that folders can be moved.
        iteration: completed iterations of ``iterations``.
        message: one sentence on why the run ended as it did.
        started: when the run began, ISO 8601 in UTC.
        updated: when this was written, likewise.
        duration_s: time in training, over all resumptions.
        command: what was typed when it began; ``versions`` and ``git`` are those of that time, too.
        git: commit of gan-lab's checkout and whether it was dirty; None outside one.
        sittings: every process that trained it, in order; empty in records of earlier versions.
        process: pid, host and start of the process that trained last.
        choices: config group to the name of the chosen option.
        bounds: tag of an estimate to what it bounds: ``samples`` or ``batches``; of the score gap a word of
            ``constraints/bounds.py``. Empty of runs that were begun before this was recorded.
        estimate_at_equality: what the objective's estimate is worth between equal distributions, and of the
            best constant critic: 0 but for divergences with another constant. None in records of earlier
            versions.
        execution: how iterations are executed; None before the first one, and after a change of device.
        data: which images it was trained on: several, in order, of a run that went on with others; none where
            data is drawn afresh.
        measured_by: digests of the feature networks that its quality was measured with: several of a run that
            was resumed where there was another network.
        trackers: name of a tracker to what it calls the run, to go on with it.
        final: tag to the last number measured; NaN and infinities as text, which JSON lacks.
        evaluated: name of the file of ``gan-lab evaluate`` that ``final`` has numbers on samples from, where
            training measured none; empty without one.
        verdicts: what was seen in its numbers when it ended, worst first; empty before, and in
            records of earlier versions.
    """

    path: Path
    status: Status
    iteration: NonNegativeInt = 0
    iterations: NonNegativeInt = 0
    message: str | None = None
    started: str = ""
    updated: str = ""
    duration_s: NonNegativeFloat = 0.0
    command: str = ""
    seed: int | None = None
    device: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    git: dict[str, str | bool] | None = None
    sittings: tuple[Sitting, ...] = ()
    process: dict[str, int | str] = field(default_factory=dict)
    config_hash: str = ""
    choices: dict[str, str] = field(default_factory=dict)
    bounds: dict[str, str] = field(default_factory=dict)
    estimate_at_equality: float | None = None
    execution: ExecutionRecord | None = None
    data: tuple[DataRecord, ...] = ()
    measured_by: tuple[str, ...] = ()
    trackers: dict[str, TrackerId] = field(default_factory=dict)
    final: dict[str, float | Literal["nan", "inf", "-inf"]] = field(default_factory=dict)
    evaluated: str = ""
    verdicts: tuple[Finding, ...] = ()

    @property
    def history(self) -> tuple[Sitting, ...]:
        """Every process that trained it that is known of."""
        begun = Sitting(self.command, self.started, 0, self.versions, self.git)
        return self.sittings or (begun,)

    @property
    def place(self) -> str:
        """Where it was last trained: the type of the device, and the name of a card."""
        card = self.history[-1].card.get("name")
        return f"{self.device} ({card})" if card else self.device

    @property
    def numbers(self) -> dict[str, float]:
        """``final`` as floats."""
        return {tag: float(value) for tag, value in self.final.items()}

    def write(self) -> None:
        """Replace the folder's ``run.json``.

        Raises:
            UserError: if it cannot be written; the old one is then untouched.
        """
        content = {"format": FORMAT, **dataclasses.asdict(self)}
        del content["path"]
        text = json.dumps(content, indent=2, allow_nan=False)
        write_atomically(self.path / RECORD_NAME, (text + "\n").encode())


def final_of(numbers: Mapping[str, float]) -> dict[str, Any]:
    """Return numbers by tag as ``final`` holds them: NaN and infinities as text."""
    floats = {tag: float(value) for tag, value in numbers.items()}
    return {tag: value if math.isfinite(value) else str(value) for tag, value in floats.items()}


def leaves_of(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a config's values by dotted key."""
    leaves: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            leaves |= leaves_of(value, f"{prefix}{key}.")
        else:
            leaves[f"{prefix}{key}"] = value
    return leaves
