"""What every experiment of the distances lab offers, and what it finds."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pandas
from matplotlib.figure import Figure

from gan_lab.config.checks import Settings


@dataclass(frozen=True)
class Findings:
    """What an experiment found.

    Attributes:
        table: the one table that it ends in: a row for each thing compared, columns named like code.
        figure: the slide.
        sentence: what to see, with the numbers of this run in it.
        details: further tables by the names of their files: the curves behind the figure.
    """

    table: pandas.DataFrame
    figure: Figure
    sentence: str
    details: Mapping[str, pandas.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Animation:
    """A figure that moves.

    Attributes:
        figure: what is drawn into.
        draw: draws frame k = 0, 1, ... into the figure, whatever was drawn before.
        n_frames: how many there are.
        frames_per_second: how fast they follow each other.
    """

    figure: Figure
    draw: Callable[[int], None]
    n_frames: int
    frames_per_second: int = 10


@dataclass(frozen=True)
class Slider:
    """One setting that the interactive page moves.

    Attributes:
        key: of the setting, as on the command line; dots lead into what the experiment is made of.
        label: what the page calls it, with its unit.
        positions: where the slider can stand, increasing, at least two.
        start: the position at which the page opens.
        setting: from the experiment and a position to the setting's value.
    """

    key: str
    label: str
    positions: tuple[float, ...]
    start: float
    setting: Callable[[Any, float], object] = lambda experiment, position: position


@dataclass(frozen=True)
class LectureExperiment(Settings, ABC):
    """A small experiment whose truth is known; its fields are the keys of its YAML file.

    Attributes:
        sliders: what its interactive page moves, one or two; an experiment without them has no such page.
        held: settings by key that are the same in every frame of that page, so that its axes stand still.
        missing: column of the table, or a pattern of several, to why a cell of it may be empty.
    """

    sliders: ClassVar[tuple[Slider, ...]] = ()
    held: ClassVar[Mapping[str, object]] = {}
    missing: ClassVar[Mapping[str, str]] = {}

    @abstractmethod
    def run(self) -> Findings:
        """Compute the table, draw the figure and say what it shows; the same for the same fields.

        Raises:
            UserError: if the settings do not fit each other.
        """

    def animation(self) -> Animation | None:
        """Return the figure as an animation; None where movement is not the point."""
        return None
