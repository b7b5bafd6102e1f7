"""All that a run leaves behind, for two runs to be compared by."""

import hashlib
import json
from pathlib import Path
from typing import Any

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_lab.runs.checkpoint import FOLDER, load_newest
from gan_lab.runs.record import RECORD_NAME
from gan_lab.tags.names import DATA_WAIT_FRACTION, ITERATIONS_PER_SECOND, LOGGING_FRACTION
from support.games import by_name

_CLOCK = {DATA_WAIT_FRACTION, ITERATIONS_PER_SECOND, LOGGING_FRACTION}
# what says when or by whom something was done
_VARIES = ("events.out.", ".lock", "train.log", RECORD_NAME, "timing.csv", "multirun.yaml")
_TOLD = ("status", "iteration", "iterations", "seed", "config_hash", "final", "execution", "message")


def outcome_of(folder: Path) -> dict[str, Any]:
    """Return what lies below a folder: of each file a digest, of each run its record, weights and curves."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file() and not path.name.startswith(_VARIES) and ".hydra" not in path.parts:
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    for path in sorted(folder.rglob(RECORD_NAME)):
        found |= _of_run(path.parent, str(path.parent.relative_to(folder)))
    return found


def differences(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """Return the names of what is not the same."""
    return [name for name in sorted({*found, *expected}) if found.get(name) != expected.get(name)]


def _of_run(run: Path, name: str) -> dict[str, Any]:
    record = json.loads((run / RECORD_NAME).read_text())
    found = {f"{name}: {key}": record.get(key) for key in _TOLD}
    if (run / FOLDER).is_dir() and any((run / FOLDER).glob("*.pt")):
        state = by_name(load_newest(run).state, {})
        found |= {f"{name}: {key}": tensor.numpy().tobytes() for key, tensor in state.items()}
    return found | {f"{name}: {key}": value for key, value in _curves(run).items()}


def _curves(run: Path) -> dict[str, Any]:
    """Return what TensorBoard shows: each point of each curve, each picture."""
    events = EventAccumulator(str(run), size_guidance={"scalars": 0, "images": 0, "histograms": 0}).Reload()
    tags = events.Tags()
    curves: dict[str, Any] = {
        f"curve {tag}": [(point.step, point.value) for point in events.Scalars(tag)]
        for tag in tags["scalars"]
        if tag not in _CLOCK
    }
    for tag in tags["images"]:
        pictures = [
            (shown.step, hashlib.sha256(shown.encoded_image_string).hexdigest())
            for shown in events.Images(tag)
        ]
        curves[f"pictures {tag}"] = pictures
    return curves
