"""Records of runs, read from any folder: what is damaged, or leads out of the folder, is refused."""

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gan_lab.config.build import make
from gan_lab.config.checks import Settings, conform
from gan_lab.config.digits import whole_number
from gan_lab.config.errors import UserError
from gan_lab.config.quoting import shown
from gan_lab.files.lock import LOCK_NAME, is_locked
from gan_lab.files.plain_yaml import MOST_BYTES
from gan_lab.files.regular import NotRegularError, read_regular, require_regular
from gan_lab.runs.archived import (
    ARCHIVE_NAME,
    ARCHIVED_NAME,
    MEDIANS_NAME,
    may_be_archive,
    words_instead_of_folder,
)
from gan_lab.runs.finding import Finding
from gan_lab.runs.formats import in_current_format
from gan_lab.runs.group import GROUP_NAME
from gan_lab.runs.record import CONFIG_NAME, RECORD_NAME, DataRecord, ExecutionRecord, RunRecord, Sitting

# what a run, the commands that read it, Hydra and trackers keep in its folder, or in that of its seeds
_OWN_FOLDERS = (
    "checkpoints",
    "samples",
    "generated",
    "evaluation",
    "exported",
    "profile",
    ".hydra",
    "mlruns",
)
_NO_RUNS = ("checkpoints", "samples", ".hydra", "wandb", "mlruns")  # nor below them
_OWN_NAMES = (
    *(*_OWN_FOLDERS, RECORD_NAME, CONFIG_NAME, LOCK_NAME, "metrics.csv", "timing.csv", "train.log"),
    *(
        GROUP_NAME,
        *(ARCHIVE_NAME, ARCHIVED_NAME, MEDIANS_NAME),
        "events.out.tfevents.*",
        "tensorboard",
        "wandb",  # whose own logs lie in a cache of its own, and are linked to
        "report",
        "multirun.yaml",
        "seed[0-9]*",
        "seeds.json",
        ".*.partial",
    ),
)


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


def find_runs(root: Path) -> list[RunRecord]:
    """Return the runs in and below a folder, oldest first; a damaged one as ``failed``, with the reason.

    Raises:
        UserError: if there is no such folder.
    """
    require_folder(root)
    records = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in _NO_RUNS]
        if RECORD_NAME in files:
            path = Path(folder)
            try:
                records.append(read_run(path))
            except UserError as error:
                records.append(RunRecord(path=path, status="failed", message=str(error)))
    return sorted(records, key=lambda record: (record.started, record.path))


def require_folder(path: Path) -> None:
    """Check that a path is a folder.

    Raises:
        UserError: if it is none, or there is nothing.
    """
    if not path.is_dir():
        raise UserError(f"{path} {words_instead_of_folder(path)}")


def runs_of(folder: Path) -> list[RunRecord]:
    """Return the run in a folder, where it is a run's own, or all those below it.

    Raises:
        UserError: if there is no such folder, or no run in it; or if it is a run's own and damaged.
    """
    if (folder / RECORD_NAME).exists() or not folder.is_dir():
        return [read_run(folder)]
    found = find_runs(folder)
    if not found:
        raise UserError(f"There are no runs in {folder}.")
    return found


def load_record(path: Path) -> RunRecord:
    """Return what ``run.json`` says, word for word.

    Raises:
        UserError: if the folder is no run folder, or its record is damaged.
    """
    file = path / RECORD_NAME
    try:
        return _parse(path, json.loads(read_regular(file, MOST_BYTES), parse_int=whole_number))
    except (FileNotFoundError, NotADirectoryError):
        raise _no_run_folder(path) from None
    except OSError as error:
        raise UserError(f"{file} could not be read: {error.strerror}.") from error
    except NotRegularError:
        raise
    except (ValueError, RecursionError) as error:
        fault = str(error).rstrip(".")
        raise UserError(f"{file} is damaged, or of another version of gan-lab: {fault}.") from error


def run_within(folder: Path) -> Path | None:
    """Return the folder of a run, or of a seed, right below another one, the first by name; else None."""
    for pattern in (f"*/{RECORD_NAME}", f"*/seed*/{RECORD_NAME}"):
        if found := sorted(path.parent for path in folder.glob(pattern)):
            return found[0]
    return None


def _no_run_folder(path: Path) -> UserError:
    """Return what is said of a path where there is no record of a run."""
    if may_be_archive(path) or not os.path.lexists(path):
        return UserError(f"{path} {words_instead_of_folder(path)}")
    if path.is_file() and (path.parent / RECORD_NAME).exists():
        return UserError(f"{path} is a file of a run; name the folder that holds it: {path.parent}.")
    held = run_within(path)
    hint = "" if held is None else f"; it holds runs, such as {held}"
    return UserError(f"{path} is not a run folder: it has no run.json{hint}.")


def require_own(path: Path) -> None:
    """Check that nothing in a run folder leads out of it: what bears a name of the lab's is no link or pipe.

    The folder itself may be a link.

    Raises:
        NotRegularError: naming the first that is something else.
    """
    require_regular(path, _OWN_NAMES, whole=_OWN_FOLDERS)


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
    verdicts = conform("verdicts", known.get("verdicts", []), tuple[dict[str, Any], ...])
    known["verdicts"] = tuple(make(Finding, _known(Finding, each), "verdicts") for each in verdicts)
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
