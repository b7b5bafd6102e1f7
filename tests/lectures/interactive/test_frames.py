"""The frames of interactive pages: the experiment itself, at every position of its sliders."""

import dataclasses
import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from pandas import DataFrame

from gan_lab.config.build import build
from gan_lab.config.checks import PositiveFloat
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.config.options import config_folder, list_options
from gan_lab.distances.line import Gaussian, LineMixture, Uniform
from gan_lab.lectures.base import Findings, LectureExperiment, Slider
from gan_lab.lectures.comparisons.parallel_lines import ParallelLinesExperiment
from gan_lab.lectures.comparisons.uniform_shift import UniformShift
from gan_lab.lectures.drawing import new_slide, slide_style
from gan_lab.lectures.fgan.mode_covering import ModeCovering
from gan_lab.lectures.interactive.frames import (
    compute_frames,
    experiment_at,
    places_of,
    settings_at,
    start_of,
)
from gan_lab.lectures.interactive.pictures import WIDTH, draw_alike
from lectures.test_lectures import composed

NAMES = list(list_options("distances", [config_folder()]))
BUILT = {name: build(composed(name), LectureExperiment, "") for name in NAMES}
WITH_SLIDERS = {name: experiment for name, experiment in BUILT.items() if experiment.sliders}


def test_the_experiments_that_move_in_a_lecture_have_sliders() -> None:
    assert set(WITH_SLIDERS) >= {
        *("parallel_lines", "uniform_shift", "two_gaussians", "mode_covering", "dirac_gan", "lipschitz"),
        "transport_1d",
    }


@pytest.mark.parametrize("name", WITH_SLIDERS)
def test_one_or_two_sliders_stand_at_increasing_positions(name: str) -> None:
    sliders = WITH_SLIDERS[name].sliders
    assert 1 <= len(sliders) <= 2
    for slider in sliders:
        assert list(slider.positions) == sorted(set(slider.positions))
        assert len(slider.positions) >= 2
        assert slider.start in slider.positions
        shown = [f"{position:g}" for position in slider.positions]
        assert [float(text) for text in shown] == list(slider.positions)


@pytest.mark.parametrize("name", WITH_SLIDERS)
def test_every_position_gives_settings_that_the_experiment_takes(name: str) -> None:
    experiment = WITH_SLIDERS[name]
    places = places_of(experiment)
    moved = [experiment_at(experiment, settings_at(experiment, place)) for place in places]
    assert len(places) == math.prod(len(slider.positions) for slider in experiment.sliders)
    assert len({repr(each) for each in moved}) == len(places)
    assert {type(each) for each in moved} == {type(experiment)}


@dataclass(frozen=True)
class Two(LectureExperiment):
    sliders: ClassVar = (
        Slider("a", "first", (1.0, 2.0), 2.0),
        Slider("b", "second", (0.5, 1.5, 2.5), 1.5, lambda experiment, position: position * experiment.c),
    )
    held: ClassVar = {"d": 7.0}

    a: PositiveFloat = 1.0
    b: PositiveFloat = 1.0
    c: PositiveFloat = 2.0
    d: PositiveFloat = 1.0

    def run(self) -> Findings:
        figure = new_slide()
        figure.add_subplot().plot([0, self.a], [0, self.b])
        return Findings(DataFrame({"a": [self.a]}), figure, f"a={self.a:g} b={self.b:g} d={self.d:g}")


def test_frames_are_in_order_and_keep_what_is_held_and_what_the_user_has_set() -> None:
    experiment = Two(c=10.0)
    with slide_style():
        frames = list(compute_frames(experiment))
    assert [frame.sentence for frame in frames] == [
        *("a=1 b=5 d=7", "a=1 b=15 d=7", "a=1 b=25 d=7"),
        *("a=2 b=5 d=7", "a=2 b=15 d=7", "a=2 b=25 d=7"),
    ]
    assert frames[start_of(experiment)].positions == (2.0, 1.5)
    assert frames[0].overrides == ("d=7.0", "a=1.0", "b=5.0")
    with slide_style():
        pictures = draw_alike([frame.figure for frame in frames])
    assert len({picture.tobytes() for picture in pictures}) == len(frames)
    assert pictures[0].shape == (WIDTH * 9 // 16, WIDTH, 3)
    places = np.array([frame.figure.axes[0].get_position().extents for frame in frames])
    assert np.ptp(places, axis=0).max() < 1e-9


@pytest.mark.parametrize(
    "experiment", [ParallelLinesExperiment((9.0,), 16), UniformShift((0.3, 0.6), 4.0)], ids=["lines", "shift"]
)
def test_the_sentence_of_a_frame_is_that_of_the_experiment_run_there(
    experiment: ParallelLinesExperiment | UniformShift,
) -> None:
    few = [
        dataclasses.replace(slider, positions=slider.positions[:3], start=slider.positions[0])
        for slider in experiment.sliders
    ]

    class Short(type(experiment)):  # type: ignore[misc]
        sliders = tuple(few)

    short = Short(**{field.name: getattr(experiment, field.name) for field in dataclasses.fields(experiment)})
    with slide_style():
        frames = list(compute_frames(short))
        for frame in frames:
            fields = {"shifts": (frame.positions[0],), "reach": experiment.held["reach"]}
            if isinstance(experiment, UniformShift):
                fields["width"] = frame.positions[1]
            assert frame.sentence == dataclasses.replace(experiment, **fields).run().sentence
    assert len({frame.sentence for frame in frames}) == len(frames)


def test_modes_move_about_their_middle_and_keep_their_order() -> None:
    target = LineMixture((0.2, 0.3, 0.5), (1.0, 5.0, 2.0), (1.0, 1.0, 1.0))
    moved = settings_at(ModeCovering(target, ("kl",)), (2.0,))
    assert moved == {"target.means": pytest.approx((2.0, 4.0, 2.5))}
    one = settings_at(ModeCovering(LineMixture((1.0,), (3.0,), (1.0,)), ("kl",)), (2.0,))
    assert one == {"target.means": (3.0,)}


def test_parts_that_a_slider_cannot_move_are_refused_in_a_sentence_before_anything_is_computed() -> None:
    two_gaussians = dataclasses.replace(WITH_SLIDERS["two_gaussians"], fake=Uniform(0, 1), real=Uniform(0, 1))  # type: ignore[call-arg]
    with pytest.raises(
        UserError, match=r"interactive=true moves fake.mean, which there is not here: 'Uniform'"
    ):
        next(compute_frames(two_gaussians))
    with pytest.raises(UserError, match=r"interactive=true moves fake.mean, .*: Uniform has no mean\."):
        experiment_at(two_gaussians, {"fake.mean": 1.0})
    with pytest.raises(BadValueError, match=r"fake\.scale must be a number greater than 0; got -1"):
        experiment_at(WITH_SLIDERS["two_gaussians"], {"fake.scale": -1.0})
    assert experiment_at(WITH_SLIDERS["two_gaussians"], {"fake.mean": 1.0}).fake == Gaussian(1.0, 1.0)  # type: ignore[attr-defined]


def test_a_setting_inside_a_mapping_can_be_moved() -> None:
    moved = experiment_at(WITH_SLIDERS["lipschitz"], {"contenders.clip.constraint.bound": 0.5})
    assert moved.contenders["clip"].constraint.bound == 0.5  # type: ignore[attr-defined]
    assert WITH_SLIDERS["lipschitz"].contenders["clip"].constraint.bound == 0.1  # type: ignore[attr-defined]
