"""The frames of an interactive page: the experiment itself, run at every position of its sliders."""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from matplotlib.figure import Figure

from gan_lab.config.checks import config_key
from gan_lab.config.command_lines import override
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.lectures.base import LectureExperiment

T = TypeVar("T")


@dataclass(frozen=True)
class Frame:
    """What the page shows at one place.

    Attributes:
        positions: of the sliders, in their order.
        overrides: what a command line has to set for the same figure and sentence.
        sentence: of the experiment that ran with them.
        figure: the drawing.
    """

    positions: tuple[float, ...]
    overrides: tuple[str, ...]
    sentence: str
    figure: Figure


def places_of(experiment: LectureExperiment) -> list[tuple[float, ...]]:
    """Return all places, the last slider's position changing first."""
    return list(itertools.product(*(slider.positions for slider in experiment.sliders)))


def start_of(experiment: LectureExperiment) -> int:
    """Return the number of the place at which the page opens."""
    return places_of(experiment).index(tuple(slider.start for slider in experiment.sliders))


def settings_at(experiment: LectureExperiment, place: tuple[float, ...]) -> dict[str, Any]:
    """Return the settings of a place by their keys: what is held, and what the sliders move.

    Raises:
        UserError: if the experiment was given parts that a slider cannot move.
    """
    settings = dict(experiment.held)
    for slider, position in zip(experiment.sliders, place, strict=True):
        try:
            settings[slider.key] = slider.setting(experiment, position)
        except AttributeError as error:
            raise UserError(
                f"interactive=true moves {slider.key}, which there is not here: {error}."
            ) from error
    return settings


def experiment_at(experiment: LectureExperiment, settings: Mapping[str, Any]) -> LectureExperiment:
    """Return the experiment with other settings.

    Raises:
        UserError: if it has no such setting, or the value breaks its rule.
    """
    for key, value in settings.items():
        experiment = _replaced(experiment, key, value, key)
    return experiment


def compute_frames(experiment: LectureExperiment) -> Iterator[Frame]:
    """Run the experiment at every place, and yield the frames in the order of ``places_of``.

    Raises:
        UserError: if it was given parts that a slider cannot move, before anything is computed.
    """
    places = places_of(experiment)
    every = [settings_at(experiment, place) for place in places]
    moved = [experiment_at(experiment, settings) for settings in every]
    for place, settings, each in zip(places, every, moved, strict=True):
        found = each.run()
        overrides = tuple(override(key, value) for key, value in settings.items())
        yield Frame(place, overrides, found.sentence, found.figure)


def _replaced(part: T, key: str, value: object, whole_key: str) -> T:
    """Return a settings object, or a mapping of them, with the value at a dotted key replaced."""
    name, _, rest = key.partition(".")
    if isinstance(part, Mapping):
        inner = _replaced(part[name], rest, value, whole_key) if rest else value
        return {**part, name: inner}  # type: ignore[return-value]
    fields = {config_key(each): each.name for each in dataclasses.fields(part)}  # type: ignore[arg-type]
    if name not in fields:
        lacking = f"{type(part).__name__} has no {name}"
        raise UserError(f"interactive=true moves {whole_key}, which there is not here: {lacking}.")
    field = fields[name]
    inner = _replaced(getattr(part, field), rest, value, whole_key) if rest else value
    try:
        return dataclasses.replace(part, **{field: inner})  # type: ignore[type-var]
    except BadValueError as error:
        raise BadValueError(whole_key, error.rule, error.value) from None
