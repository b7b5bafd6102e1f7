"""Which settings a sweep varies, and which runs share them: the cells that seeds are averaged over."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gan_lab.config.digits import is_number
from gan_lab.config.groups import own_groups
from gan_lab.config.quoting import shown
from gan_lab.reports.sweep.model import Cell, ReportRun
from gan_lab.runs.config_hash import TRACKER
from gan_lab.runs.record import RunRecord, leaves_of
from gan_lab.runs.words import choice_of

DRAW = "draw"
"""Number of an architecture drawn at random: with the seed, what the runs of one cell differ by."""

_NETWORKS = ("dataset", "architecture", "panel", "architecture/generator", "architecture/critic")
# of the experiment as a whole, or the same numbers another way
_NO_AXES = {"experiment", "scale", "sizes", DRAW}
_NO_LEAVES = {
    *(
        "seed",
        "scale",
        "device",
        "trusted",
        "dataset.root",
        "dataset.download",
        "metrics.every",
        "metrics.layers",
    ),
    *("train.seeds", "train.execution", "train.log_every", "train.sample_every", "train.checkpoint_every"),
    *("train.returned_metric", "train.returned_when_diverged", "train.deterministic", "train.profile"),
}
_UNKNOWN = "unknown"


@dataclass(frozen=True)
class _Table:
    """The settings of all runs: each column holds one value a run, as text."""

    columns: Mapping[str, Sequence[str]]

    def varies(self, name: str) -> bool:
        return len(set(self.columns.get(name, ())) - {_UNKNOWN}) > 1

    def explains(self, known: Iterable[str], name: str) -> bool:
        """Whether runs that agree in the known columns agree in another."""
        seen: dict[tuple[str, ...], str] = {}
        known = tuple(known)
        for row, value in enumerate(self.columns[name]):
            key = tuple(self.columns[each][row] for each in known)
            if value != _UNKNOWN and seen.setdefault(key, value) != value:
                return False
        return True


def group_into_cells(runs: Sequence[tuple[RunRecord, Mapping[str, Any]]]) -> list[Cell]:
    """Return the cell of each run.

    An axis of the sweep is a group or a setting that varies and that does not follow from other axes: a
    constraint that an objective brings along is none, nor are seeds and drawn architectures.

    Args:
        runs: records with their configs, {} where one cannot be read.
    """
    choices = _choices(runs)
    leaves = _leaves(runs)
    axes = _choice_axes(choices)
    known = [*axes, DRAW] if choices.varies(DRAW) else axes
    everything = _Table({**choices.columns, **leaves.columns})
    for name in _by_rank(leaves):
        if everything.varies(name) and not everything.explains(known, name):
            axes, known = [*axes, name], [*known, name]
    titles = _titles([name for name in axes if name in leaves.columns])
    settings = [{name: everything.columns[name][row] for name in axes} for row in range(len(runs))]
    labels = [
        _label(each, titles) or record.choices.get("objective", "all runs")
        for each, (record, _) in zip(settings, runs, strict=True)
    ]
    keys = _keys(labels)
    return [Cell(keys[label], label, each) for label, each in zip(labels, settings, strict=True)]


def order_cells(cells: Iterable[Cell]) -> list[Cell]:
    """Return each cell once: numbers by size, other values as they first come, the first axis slowest."""
    found = {cell.key: cell for cell in cells}
    ranks: dict[str, dict[str, int]] = {}
    for cell in found.values():
        for name, value in cell.settings.items():
            ranks.setdefault(name, {}).setdefault(value, len(ranks[name]))
    for name, values in ranks.items():
        if all(is_number(value) for value in values):
            ranks[name] = {value: rank for rank, value in enumerate(sorted(values, key=float))}
    return sorted(found.values(), key=lambda cell: [ranks[name][v] for name, v in cell.settings.items()])


def _choices(runs: Sequence[tuple[RunRecord, Mapping[str, Any]]]) -> _Table:
    names = dict.fromkeys(name for record, _ in runs for name in record.choices)
    columns = {n: [choice_of(record, config, n) for record, config in runs] for n in names}
    draws = [str(record.choices.get(DRAW, config.get(DRAW, "none"))) for record, config in runs]
    return _Table(columns | {DRAW: draws})


def _leaves(runs: Sequence[tuple[RunRecord, Mapping[str, Any]]]) -> _Table:
    of_runs = [leaves_of(config) for _, config in runs]
    names = sorted({name for leaves in of_runs for name in leaves} - _NO_LEAVES - {DRAW})
    names = [name for name in names if not name.startswith(("hydra.", f"{TRACKER}."))]
    # a missing leaf is a value of its own; only a config that cannot be read hides all of them
    return _Table({n: [text_of(leaves.get(n)) if leaves else _UNKNOWN for leaves in of_runs] for n in names})


def _choice_axes(choices: _Table) -> list[str]:
    """Return the groups that vary by themselves, in the order that a label shows them."""
    varying = [name for name in choices.columns if name not in _NO_AXES and choices.varies(name)]
    networks: list[str] = []
    for name in (each for each in _NETWORKS if each in varying):
        # what a finer division of the same kind names is no axis beside it
        finer = name == "architecture" and "panel" in varying and choices.explains(["panel"], name)
        coarser = finer and not choices.explains([name], "panel")
        if not coarser and not choices.explains(networks, name):
            networks.append(name)
    # an objective brings its constraint and optimizer, but never its networks, even if no run says so
    axes = networks + (["objective"] if "objective" in varying else [])
    for name in (each for each in varying if each not in ("objective", *_NETWORKS)):
        if not choices.explains(axes, name):
            axes.append(name)
    shown = _shown_groups()
    return sorted(axes, key=lambda name: (shown.index(name) if name in shown else len(shown), name))


def _shown_groups() -> list[str]:
    """Return the groups in the order of a label: that of help, with all that names networks side by side."""
    beside = {"architecture": [name for name in _NETWORKS if name != "dataset"]}
    shown = [name for group in own_groups().shown for name in beside.get(group, [group])]
    return list(dict.fromkeys(shown))


def _by_rank(leaves: _Table) -> list[str]:
    """Return leaves with those first that others are likely to follow from: whole numbers at the top."""

    def rank(name: str) -> tuple[bool, bool, str]:
        return "." in name, not all(value.lstrip("-").isdecimal() for value in leaves.columns[name]), name

    return sorted(leaves.columns, key=rank)


def _label(settings: Mapping[str, str], titles: Mapping[str, str]) -> str:
    return ", ".join(f"{titles[n]}={value}" if n in titles else value for n, value in settings.items())


def _titles(leaves: Sequence[str]) -> dict[str, str]:
    """Return the last part of each dotted key, or the whole key where two end alike."""
    last = [name.rpartition(".")[2] for name in leaves]
    return {name: name if last.count(end) > 1 else end for name, end in zip(leaves, last, strict=True)}


def _keys(labels: Iterable[str]) -> dict[str, str]:
    keys: dict[str, str] = {}
    for label in dict.fromkeys(labels):
        key = file_name(label)
        # some file systems do not tell capitals apart
        taken = {each.lower() for each in keys.values()}
        numbered = (f"{key}_{n}" for n in range(2, len(taken) + 3))
        keys[label] = key if key.lower() not in taken else next(k for k in numbered if k.lower() not in taken)
    return keys


def file_name(label: str) -> str:
    """Return a label, which may come from anybody's run folder, as a name that leads out of no folder."""
    return re.sub(r"[^A-Za-z0-9.+=-]+", "_", label).strip("_.")[:80] or "cell"


def replicate_of(record: RunRecord, config: Mapping[str, Any]) -> tuple[int, int]:
    """Return what runs of a cell differ by: number of a drawn architecture, -1 without one, and seed."""
    draw = str(record.choices.get(DRAW, config.get(DRAW)))
    return int(draw) if draw.isdecimal() else -1, -1 if record.seed is None else record.seed


def replicates_in_words(runs: Iterable[ReportRun]) -> str:
    """Return what runs of a cell differ in: "seed", and what several of them were drawn or resumed for."""
    runs = list(runs)
    draws = {replicate_of(run.record, run.config)[0] for run in runs}
    lengths = {(run.cell.key, run.record.iterations) for run in runs}
    others = ["drawn architecture"] if len(draws) > 1 else []
    if len(lengths) > len({run.cell.key for run in runs}):
        others.append("number of iterations")
    *first, last = ["seed", *others]
    return f"{', '.join(first)} and {last}" if first else last


def text_of(value: Any) -> str:
    """Return a setting as a label shows it: different numbers differ, parts of a list are joined by +."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, Mapping):
        name = str(value.get("_target_", "")).rpartition(".")[2]
        fields = " ".join(f"{key}={text_of(each)}" for key, each in value.items() if key != "_target_")
        return f"{name}({fields})"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "+".join(text_of(each) for each in value) or "none"
    return shown(str(value))


def number_text(value: float) -> str:
    """Return a number in six digits, or in as many more as tell it from every other."""
    short = f"{value:.6g}"
    return short if float(short) == value or math.isnan(value) else repr(value)


def by_size(text: str) -> tuple[float, str]:
    """Return what texts are sorted by so that numbers among them come first, the smallest at the front."""
    number = float(text) if is_number(text) else math.nan
    return (math.inf if math.isnan(number) else number, text)


def worded(key: str, value: str) -> str:
    """Return a setting as a label shows it."""
    # "n_critic=5" says what 5 is; "dcgan" needs no "panel" before it
    return f"{key.rpartition('.')[2]}={value}" if is_number(value) else value
