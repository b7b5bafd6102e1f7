"""In what a sweep's runs differ from its experiment at the paper's scale, found by composing that."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from gan_lab.config.errors import UserError
from gan_lab.config.groups import own_groups
from gan_lab.config.options import config_folder, list_options, option_node
from gan_lab.reports.sweep.cells import DRAW, by_size, number_text, replicate_of
from gan_lab.reports.sweep.model import Cell, ReportRun, Sweep
from gan_lab.runs.config_hash import KEYS_OF_EXPERIMENTS
from gan_lab.runs.record import leaves_of
from gan_lab.runs.words import typed_of

_SCALE = "scale"
_ITERATIONS = "train.iterations"
# what two options of a group share, and what matters whichever was chosen
_ACROSS_OPTIONS = ("dataset.size",)

# which machine, which seeds, and how often one looks: none of it is a setting of the paper
_NO_SETTINGS = re.compile(
    r"(seed|scale|draw|learning_rate|device|trusted|metrics\.(every|layers)|dataset\.(root|download)|hydra\..*"
    r"|tracker\..*|train\.(seeds|execution|deterministic|profile|log_every|sample_every|checkpoint_every"
    r"|returned_.*))"
)
_DRAWS_OF_CONFIGS = "${gan_lab.drawn:"
_DRAWN = (
    "Not compared are settings that are drawn at random for each run, at another scale maybe of other "
    "values: {keys}."
)
# what may stand in an override without quotes
_PLAIN = re.compile(r"[A-Za-z0-9_.+-]+")


@dataclass(frozen=True)
class Composed:
    """What an experiment would run.

    Attributes:
        config: as of a run that was started, resolved.
        choices: config group to the name of the chosen option.
        swept: what the experiment sets through its sweep: key to its one value, None for one of several.
        values: of those that take several values, all of them, as they would be typed.
    """

    config: dict[str, Any]
    choices: dict[str, str]
    swept: dict[str, str | None]
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)


Compose = Callable[[list[str]], Composed]


@dataclass(frozen=True)
class Deviation:
    """A setting that is not the paper's.

    Attributes:
        key: of the config, or a group of it.
        here: its value in the runs.
        paper: what the experiment has at the paper's scale.
        cells: what those that have it share, or their labels; "all" if all have it.
    """

    key: str
    here: str
    paper: str
    cells: str


@dataclass(frozen=True)
class Deviations:
    """All that differ, and one sentence for each reason for which some could not be looked for."""

    rows: tuple[Deviation, ...]
    notes: tuple[str, ...]


def find_deviations(sweep: Sweep, compose: Compose) -> Deviations:
    """Return the settings of each cell that its experiment has otherwise at the paper's scale.

    What an experiment draws at random for each run is left out and named: no run speaks for all of a cell.

    A run folder is data: what is composed are options that gan-lab has by the names that were recorded,
    never the command.

    Args:
        sweep: its runs; of each cell, the first with a config speaks for all.
        compose: composes overrides; raises UserError for those that are none.
    """
    once = cache(lambda overrides: compose(list(overrides)))  # cells share what they are composed from
    found: dict[tuple[str, str, str], list[Cell]] = {}
    notes: dict[str, None] = {}
    for cell in sweep.cells:
        try:
            run = _speaker(sweep.runs_of(cell), cell)
            drawn = _drawn_keys(run)
            rows = _compare(run, sweep.runs_of(cell), drawn, lambda overrides: once(tuple(overrides)))
        except UserError as error:
            notes[str(error)] = None
            continue
        if drawn:
            notes[_DRAWN.format(keys=", ".join(sorted(drawn)))] = None
        for row in rows:
            found.setdefault(row, []).append(cell)
    rows = sorted(found, key=lambda row: (row[0], by_size(row[1]), by_size(row[2])))
    deviations = [Deviation(*row, cells=_named(found[row], sweep.cells)) for row in rows]
    return Deviations(tuple(deviations), tuple(notes))


def _named(cells: Sequence[Cell], among: Sequence[Cell]) -> str:
    """Say which cells of a sweep these are, by the values of one setting where that is enough."""
    if len(cells) == len(among):
        return "all"
    for key in cells[0].settings:
        values = list(dict.fromkeys(cell.settings.get(key, "") for cell in cells))
        if len(cells) == sum(cell.settings.get(key) in values for cell in among):
            return ", ".join(values)
    return "; ".join(cell.label for cell in cells)


def _speaker(runs: Sequence[ReportRun], cell: Cell) -> ReportRun:
    """Return the first run of a cell with a config."""
    for run in runs:
        if run.config:
            return run
    raise UserError(f"{cell.label}: no config of a run can be read.")


def _drawn_keys(run: ReportRun) -> set[str]:
    """Return the settings that a run's experiment draws at random, less those that were typed instead."""
    experiment = run.record.choices.get("experiment")
    if experiment not in list_options("experiment", [config_folder()]):
        return set()
    leaves = leaves_of(option_node("experiment", experiment))
    drawn = {key for key, value in leaves.items() if isinstance(value, str) and _DRAWS_OF_CONFIGS in value}
    return drawn - typed_of(run.record.command).keys()


def _compare(
    run: ReportRun, runs: Sequence[ReportRun], drawn: Collection[str], compose: Compose
) -> list[tuple[str, str, str]]:
    """Return what a run has otherwise than at the paper's scale, and of how many seeds and draws its cell is.

    Args:
        run: it speaks for its cell.
        runs: of the cell.
        drawn: settings that are not compared.
        compose: composes overrides.
    """
    paper = _at_paper_scale(run, compose)
    groups = _different_groups(run.record.choices, paper.choices)
    # of an option that is another altogether, its name says enough
    hidden = tuple(group.replace("/", ".") + "." for group, _, _ in groups)
    here, there = _settings_of(run), leaves_of(paper.config)
    keys = sorted(here.keys() | there.keys())
    settings = [
        key
        for key in keys
        if not (key in drawn or _NO_SETTINGS.fullmatch(key))
        and (not key.startswith(hidden) or (key in _ACROSS_OPTIONS and key in here and key in there))
    ]
    values = [(key, _text(here, key), _text(there, key)) for key in settings]
    values += _replicates(runs, paper)
    return groups + [(key, own, papers) for key, own, papers in values if own != papers]


def _replicates(runs: Sequence[ReportRun], paper: Composed) -> list[tuple[str, str, str]]:
    """Return how many seeds a cell is of, and how many draws where the paper has more, beside the paper's."""
    n_seeds = len({each.record.seed for each in runs})
    counted = [("number of seeds", str(n_seeds), _number_of_seeds(paper.config, n_seeds))]
    n_draws = len({replicate_of(each.record, each.config)[0] for each in runs})
    if n_draws < (of_paper := len(paper.values.get(DRAW, ()))):
        counted.append(("number of draws", str(n_draws), str(of_paper)))
    return counted


def _settings_of(run: ReportRun) -> dict[str, Any]:
    """Return a run's settings, with as many iterations as it was given when it was last resumed."""
    leaves = leaves_of(run.config)
    return leaves | {_ITERATIONS: run.record.iterations} if _ITERATIONS in leaves else leaves


def _number_of_seeds(config: Mapping[str, Any], otherwise: int) -> str:
    """Return how many seeds a config trains together; of one that trains a single one, ``otherwise``."""
    seeds = config.get("train", {}).get("seeds")
    return str(otherwise if seeds is None else len(seeds) if isinstance(seeds, Sequence) else seeds)


def _different_groups(here: Mapping[str, str], there: Mapping[str, str]) -> list[tuple[str, str, str]]:
    # these bring settings, which are compared themselves
    bringing = {*own_groups().bundles, *KEYS_OF_EXPERIMENTS}
    groups = sorted(here.keys() & there.keys() - bringing)
    return [(group, here[group], there[group]) for group in groups if here[group] != there[group]]


def _at_paper_scale(run: ReportRun, compose: Compose) -> Composed:
    experiment = run.record.choices.get("experiment")
    if experiment is None:
        raise UserError(
            "The runs belong to no experiment, so there is no paper's scale to compare them with."
        )
    if experiment not in list_options("experiment", [config_folder()]):
        raise UserError(f"There is no experiment {experiment!r} in this version of gan-lab to compare with.")
    base = [f"experiment={experiment}", f"{_SCALE}=paper"]
    if _scale_of(run) is None:
        raise UserError(f"The experiment {experiment} has no scales; what it sets is the paper's.")
    swept = compose(base).swept
    axes = [f"{key}={_own(run, key) if value is None else value}" for key, value in swept.items()]
    return compose([*base, *axes])


def _scale_of(run: ReportRun) -> str | None:
    scale = run.record.choices.get(_SCALE, run.config.get(_SCALE))
    return None if scale is None else str(scale)


def _own(run: ReportRun, key: str) -> str:
    """Return the run's own value of what the experiment sweeps over."""
    known = list_options(key, [config_folder()])
    value = run.record.choices.get(key, leaves_of(run.config).get(key))
    if known and value not in known:
        raise UserError(f"There is no {key} {value!r} in this version of gan-lab to compare with.")
    text = str(value)
    if not _PLAIN.fullmatch(text):
        raise UserError(f"{key} {value!r} is no plain value to compare with.")
    return text


def _text(leaves: Mapping[str, Any], key: str) -> str:
    if key not in leaves:
        return "not set"
    value = leaves[key]
    if value is None:
        return "none"
    return number_text(value) if isinstance(value, float) else str(value)
