"""What a run folder says of its run, for everybody who reads one.

A run folder holds ``config.yaml`` (written once), ``run.json`` (:class:`RunRecord`, replaced at every
update), and what training adds. Nothing here needs torch, so that listing runs takes no time.
"""

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from gan_lab.config.build import make
from gan_lab.config.checks import NonNegativeFloat, NonNegativeInt, PositiveInt, Settings, conform
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.config.modes import Mode
from gan_lab.config.quoting import quoted, shown
from gan_lab.files.atomic import write_atomically
from gan_lab.files.lock import LOCK_NAME, is_locked
from gan_lab.files.plain_yaml import MOST_BYTES, PlainYamlError, load_plain
from gan_lab.files.regular import NotRegularError, read_regular, require_regular
from gan_lab.runs.formats import FORMAT, in_current_format
from gan_lab.runs.group import GROUP_NAME

Status = Literal["running", "completed", "interrupted", "diverged", "failed"]

RECORD_NAME, CONFIG_NAME = "run.json", "config.yaml"

# what a run, the commands that read it, Hydra and TensorBoard keep in its folder, or in that of its seeds
_OWN_FOLDERS = ("checkpoints", "samples", "generated", "evaluation", ".hydra")
_OWN_NAMES = (
    *(*_OWN_FOLDERS, RECORD_NAME, CONFIG_NAME, LOCK_NAME, "metrics.csv", "timing.csv", "train.log"),
    *(
        GROUP_NAME,
        "events.out.tfevents.*",
        "tensorboard",
        "report",
        "multirun.yaml",
        "seed[0-9]*",
        "seeds.json",
        ".*.partial",
    ),
)


class RunFolder:
    """Where things are in a run folder."""

    path: Path

    @property
    def metrics_path(self) -> Path:
        """The table of measurements."""
        return self.path / "metrics.csv"

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
    """

    mode: Mode
    seeds: PositiveInt = 1
    stacked: bool = False
    slot: NonNegativeInt | None = None
    threads: PositiveInt | None = None
    rule: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stacked and self.seeds == 1:
            raise BadValueError("stacked", "false for a single seed", self.stacked)
        if self.slot is not None and self.slot >= self.seeds:
            raise BadValueError("slot", f"below the number of seeds ({self.seeds})", self.slot)

    def __str__(self) -> str:
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
    """

    command: str
    started: str
    iteration: NonNegativeInt = 0
    versions: dict[str, str] = field(default_factory=dict)
    git: dict[str, str | bool] | None = None


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
        execution: how iterations are executed; None before the first one, and after a change of device.
        data: which images it was trained on: several, in order, of a run that went on with others; none where
            data is drawn afresh.
        measured_by: digests of the feature networks that its quality was measured with: several of a run that
            was resumed where there was another network.
        final: tag to the last number measured; NaN and infinities as text, which JSON lacks.
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
    execution: ExecutionRecord | None = None
    data: tuple[DataRecord, ...] = ()
    measured_by: tuple[str, ...] = ()
    final: dict[str, float | Literal["nan", "inf", "-inf"]] = field(default_factory=dict)

    @property
    def history(self) -> tuple[Sitting, ...]:
        """Every process that trained it that is known of."""
        begun = Sitting(self.command, self.started, 0, self.versions, self.git)
        return self.sittings or (begun,)

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


def read_run(path: Path) -> RunRecord:
    """Return the record of any run folder.

    A run that says it is running, while nobody holds its folder, was killed: it counts as interrupted.

    Raises:
        UserError: if it is no run folder, its record is damaged, or a link or a pipe lies where the lab has a
            file or folder of its own.
    """
    require_own(path)
    record = load_record(path)
    if record.status == "running" and not is_locked(path):
        # it may have ended between the two looks, and then has said so before it let go
        record = load_record(path)
        if record.status == "running":
            return dataclasses.replace(record, status="interrupted")
    return record


def require_own(path: Path) -> None:
    """Check that nothing in a run folder leads out of it: what bears a name of the lab's is no link or pipe.

    The folder itself may be a link.

    Raises:
        NotRegularError: naming the first that is something else.
    """
    require_regular(path, _OWN_NAMES, whole=_OWN_FOLDERS)


def leaves_of(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a config's values by dotted key."""
    leaves: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            leaves |= leaves_of(value, f"{prefix}{key}.")
        else:
            leaves[f"{prefix}{key}"] = value
    return leaves


def find_runs(root: Path) -> list[RunRecord]:
    """Return the runs in and below a folder, oldest first; a damaged one as ``failed``, with the reason.

    Raises:
        UserError: if there is no such folder.
    """
    if not root.is_dir():
        raise UserError(f"{root} is not a folder.")
    records = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in ("checkpoints", "samples", ".hydra")]
        if RECORD_NAME in files:
            path = Path(folder)
            try:
                records.append(read_run(path))
            except UserError as error:
                records.append(RunRecord(path=path, status="failed", message=str(error)))
    return sorted(records, key=lambda record: (record.started, record.path))


def load_record(path: Path) -> RunRecord:
    """Return what ``run.json`` says, word for word.

    Raises:
        UserError: if the folder is no run folder, or its record is damaged.
    """
    file = path / RECORD_NAME
    try:
        return _parse(path, json.loads(read_regular(file, MOST_BYTES)))
    except (FileNotFoundError, NotADirectoryError):
        held = sorted(folder.parent.name for folder in path.glob(f"*/{RECORD_NAME}"))
        hint = f"; it holds runs, such as {path / held[0]}" if held else ""
        raise UserError(f"{path} is not a run folder: it has no run.json{hint}.") from None
    except OSError as error:
        raise UserError(f"{file} could not be read: {error.strerror}.") from error
    except NotRegularError:
        raise
    except (ValueError, RecursionError) as error:
        fault = str(error).rstrip(".")
        raise UserError(f"{file} is damaged, or of another version of gan-lab: {fault}.") from error


def _parse(path: Path, content: Any) -> RunRecord:
    content = in_current_format(_with_texts_shown(conform("its content", content, dict)))
    known = {"status": None, **_known(RunRecord, content), "path": path}
    execution = conform("execution", known.get("execution"), dict | None)
    if execution is not None:
        known["execution"] = make(ExecutionRecord, _known(ExecutionRecord, execution), "execution")
    sittings = conform("sittings", known.get("sittings", []), tuple[dict[str, Any], ...])
    known["sittings"] = tuple(make(Sitting, _known(Sitting, each), "sittings") for each in sittings)
    data = conform("data", known.get("data", []), tuple[dict[str, Any], ...])
    known["data"] = tuple(make(DataRecord, _known(DataRecord, each), "data") for each in data)
    return RunRecord(**known)


def _with_texts_shown(content: Any) -> Any:
    """Return a record with control characters in its texts as such: terminals, tables and pages show them."""
    if isinstance(content, str):
        return shown(content)
    if isinstance(content, list):
        return [_with_texts_shown(each) for each in content]
    if isinstance(content, dict):
        return {shown(key): _with_texts_shown(value) for key, value in content.items()}
    return content


def _known(kind: type[Settings], content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is a field; a later version may have written more."""
    names = [each.name for each in dataclasses.fields(kind)]  # type: ignore[arg-type]
    return {name: content[name] for name in names if name in content}
