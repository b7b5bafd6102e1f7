"""Fixtures: runs of one seed and of three that nothing disturbed, and how far rounding may carry them."""

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from gan_lab.game.setup import Setup
from support.rounding import Course, nudged_state, tolerances
from support.seed_runs import ALL, Group, Lone, course_of, layout, start


@pytest.fixture(name="together", params=[True, False], ids=["stacked", "in turn"])
def _together(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Both ways to play several seeds."""
    with layout(request.param):
        yield request.param


@pytest.fixture(name="lone", scope="module")
def _lone(tmp_path_factory: pytest.TempPathFactory) -> Lone:
    """Return a function from a seed to the folder of a run that was alone."""
    folder = tmp_path_factory.mktemp("lone")

    @functools.cache
    def run(seed: int) -> Path:
        start(folder / str(seed), f"seed={seed}")
        return folder / str(seed)

    return run


@pytest.fixture(name="group", scope="module")
def _group(tmp_path_factory: pytest.TempPathFactory) -> Group:
    """Return a function from a layout to the folder of three seeds that nothing disturbed."""
    folder = tmp_path_factory.mktemp("group")

    @functools.cache
    def run(together: bool) -> Path:
        with layout(together):
            start(folder / str(together), "train.seeds=3")
        return folder / str(together)

    return run


@pytest.fixture(name="allowed", scope="module")
def _allowed(group: Group, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """How far rounding may carry the numbers of a run: measured of three seeds, nudged twice."""
    folder, real_init = tmp_path_factory.mktemp("nudged"), Setup.init_state
    for nudge in range(2):
        with layout(together=False), pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                Setup,
                "init_state",
                lambda self, n=nudge: nudged_state(real_init(self), 10 * n + self.seed),
            )
            start(folder / str(nudge), "train.seeds=3")
    pairs = [
        (course_of(group(False) / name), [course_of(folder / str(nudge) / name) for nudge in range(2)])
        for name in ALL
    ]
    return tolerances(pairs, counted={"health/critic_accuracy": 0.5 / 16})  # of a batch of 16
