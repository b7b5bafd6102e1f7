"""Several seeds trained together: each is the run that it would be alone, whatever happens to the others."""

import functools
import itertools
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor

from gan_lab.datasets.toy import Ring
from gan_lab.game import execution
from gan_lab.game import setup as game_setup
from gan_lab.game.execution import make_execution
from gan_lab.game.setup import Setup
from gan_lab.numerics.streams import make_rng
from gan_lab.numerics.trees import tensors_of
from gan_lab.runs.checkpoint import load_newest
from gan_lab.runs.record import ExecutionRecord, read_run
from gan_lab.tags.names import MEDIAN
from gan_lab.training import autotune, ensemble, launch, signals
from gan_lab.training.ensemble import Ensemble
from gan_lab.training.resume import resume
from gan_lab.types import Sampler
from support.command_line import gan_lab
from support.configs import FEW, TOY, compose_config
from support.games import by_name, read_metrics, recorded
from support.rounding import EPS, Course, assert_within, nudged_state, tolerances

RUN = [*TOY, *FEW, "device=cpu", "objective=wgan_gp", "train.execution=eager", "train.sample_every=1000"]
RUN += ["train.n_critic=1", "train.warmup_critic_steps=3", "train.warmup_every=5", "train.iterations=12"]
# a game that does not carry rounding far, as support/rounding.py says, and has a state of every kind
RUN += [f"optimizer.eps={EPS}", "architecture.critic.activation=tanh", "train.ema=0.9"]
ALL = ("seed0", "seed1", "seed2")

Lone = Callable[[int], Path]
Group = Callable[[bool], Path]


@functools.cache
def composed(*overrides: str) -> dict[str, Any]:
    return compose_config(*RUN, *overrides)


def start(folder: Path, *overrides: str) -> float:
    return launch.launch(composed(*overrides), folder, choices={}, command="a test")


@contextmanager
def layout(together: bool) -> Iterator[None]:
    """Have several seeds stacked into one call, or played one after another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(autotune, "_choose_layout", lambda members: (together and len(members) > 1, ""))
        yield


@contextmanager
def interruption(after: int) -> Iterator[None]:
    """Ask to stop once so many iterations were played."""
    asked = itertools.count(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signals.StopRequest, "__bool__", lambda self: next(asked) == after)
        yield


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


def statuses(folder: Path) -> list[tuple[str, int]]:
    records = [read_run(path.parent) for path in sorted(folder.glob("seed*/run.json"))]
    return [(record.status, record.iteration) for record in records]


def assert_same_run(one: Path, other: Path) -> None:
    """The same weights and the same metrics.csv, to the bit."""
    assert (one / "metrics.csv").read_bytes() == (other / "metrics.csv").read_bytes()
    first, second = load_newest(one), load_newest(other)
    assert first.iteration == second.iteration
    assert all(map(torch.equal, tensors_of(first.state), tensors_of(second.state)))


def course_of(run: Path, rows: int = 12) -> dict[str, NDArray[np.float64]]:
    """The first rows of metrics.csv; after all 12 the state too, in a row of its own."""
    course = {tag: values[:rows] for tag, values in read_metrics(run).items()}
    if rows == 12:
        at_the_end = by_name(load_newest(run).state, {})
        course |= {f"at the end, {name}": value.double().numpy()[None] for name, value in at_the_end.items()}
    return course


def assert_close_run(one: Path, other: Path, allowed: Course, rows: int = 12) -> None:
    """The same numbers but for rounding."""
    assert len(read_metrics(one)["iteration"]) >= rows
    assert_within(course_of(one, rows), course_of(other, rows), allowed)


def contents(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# Each is a run of its own


def test_each_seed_is_the_run_that_it_would_be_alone(
    together: bool, lone: Lone, group: Group, allowed: Course
) -> None:
    for k, name in enumerate(ALL):
        run, alone = group(together) / name, lone(k)
        record, expected = read_run(run), read_run(alone)
        assert (record.status, record.iteration, record.seed) == ("completed", 12, k)
        assert record.config_hash == expected.config_hash
        assert (run / "config.yaml").read_bytes() == (alone / "config.yaml").read_bytes()
        assert record.execution == ExecutionRecord("eager", seeds=3, stacked=together)
        assert_close_run(run, alone, allowed)
        assert record.numbers.keys() == expected.numbers.keys()
        for tag, value in expected.numbers.items():
            assert record.numbers[tag] == pytest.approx(value, abs=allowed[tag][-1], rel=0), tag
        for pattern in ("samples/*", "checkpoints/*"):
            # of a checkpoint's name, the part that is no checksum
            names = [sorted(path.name[:9] for path in folder.glob(pattern)) for folder in (run, alone)]
            assert names[0] == names[1] != []
        if not together:
            assert_same_run(run, alone)


def test_each_seed_has_an_event_file_with_its_final_numbers(group: Group) -> None:
    for name in ALL:
        run = group(True) / name
        events = EventAccumulator(str(run), size_guidance={"scalars": 0}).Reload()
        values = {event.step: event.value for event in events.Scalars("distance/critic_raw")}
        table = read_metrics(run)
        assert values == pytest.approx(
            dict(zip(table["iteration"], table["distance/critic_raw"], strict=True))
        )
        (final,) = events.Scalars("final/critic_median")
        assert final.value == pytest.approx(read_run(run).numbers[MEDIAN])
        plugins = {found.plugin_data.plugin_name for found in events.summary_metadata.values()}
        assert "hparams" in plugins


def test_the_sweeper_gets_the_mean(tmp_path: Path, lone: Lone, allowed: Course) -> None:
    expected = fmean(read_run(lone(seed)).numbers[MEDIAN] for seed in (0, 1))
    assert start(tmp_path, "train.seeds=2") == pytest.approx(expected, abs=allowed[MEDIAN][-1])


def test_a_list_of_seeds_is_those_seeds(tmp_path: Path, lone: Lone, allowed: Course) -> None:
    start(tmp_path / "run", "train.seeds=[5,2]")
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["seed2", "seed5"]
    for seed in (5, 2):
        assert read_run(tmp_path / "run" / f"seed{seed}").seed == seed
        assert_close_run(tmp_path / "run" / f"seed{seed}", lone(seed), allowed)


def test_a_number_of_seeds_counts_from_the_seed(tmp_path: Path, lone: Lone, allowed: Course) -> None:
    called = gan_lab("train", *RUN, "seed=4", "train.seeds=2", f"hydra.run.dir={tmp_path / 'run'}")
    assert called.status == 0, called.err
    assert [line for line in called.out.splitlines() if line.startswith("Seed ")] == [
        "Seed 4 completed at iteration 12.",
        "Seed 5 completed at iteration 12.",
    ]
    assert statuses(tmp_path / "run") == [("completed", 12)] * 2
    assert_close_run(tmp_path / "run" / "seed5", lone(5), allowed)


@pytest.mark.parametrize("fault", ["optimizer.lr=1.01e-4", "train.ema=0.901", "constraint.weight=10.01"])
def test_a_small_fault_is_no_rounding(fault: str, tmp_path: Path, lone: Lone, allowed: Course) -> None:
    start(tmp_path / "run", fault)
    with pytest.raises(AssertionError, match="rounding explains"):
        assert_close_run(tmp_path / "run", lone(0), allowed)


def test_it_does_not_matter_how_many_are_beside_one(tmp_path: Path, group: Group, allowed: Course) -> None:
    for count in (2, 4):
        with layout(together=True):
            start(tmp_path / str(count), f"train.seeds={count}")
        assert_close_run(tmp_path / str(count) / "seed1", group(True) / "seed1", allowed)


def test_members_in_turn_share_no_memory(
    tmp_path: Path, group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where each call overwrites the last result, as a CUDA graph does."""
    monkeypatch.setattr(execution, "capture", recorded)
    monkeypatch.setattr(game_setup, "_check_execution", lambda *of_a_graph_on_the_cpu: None)
    with layout(together=False):
        start(tmp_path, "train.seeds=3", "train.execution=graph")
    for name in ALL:
        assert read_run(tmp_path / name).execution == ExecutionRecord("graph", seeds=3)
        assert_same_run(tmp_path / name, group(False) / name)


# One that diverges


def poison(monkeypatch: pytest.MonkeyPatch, seeds: dict[int, int]) -> None:
    """Let the data of some seeds be NaN at one iteration, counted from 1."""
    streams = {make_rng(seed, "data/0").initial_seed(): at for seed, at in seeds.items()}
    real_open = Ring.open

    def open_poisoned(self: Ring, device: torch.device) -> Sampler:
        sampler = real_open(self, device)

        def sample(n: int, rng: torch.Generator) -> Tensor:
            values = sampler(n, rng)
            if rng.initial_seed() in streams:
                values.chunk(64)[streams[rng.initial_seed()] - 1].fill_(math.nan)  # blocks hold 64 iterations
            return values

        return sample

    monkeypatch.setattr(Ring, "open", open_poisoned)


def test_one_that_diverges_ends_alone(
    together: bool, tmp_path: Path, lone: Lone, group: Group, monkeypatch: pytest.MonkeyPatch, allowed: Course
) -> None:
    # played before the data is poisoned: what is kept here, other tests read too
    undisturbed, alone = group(together), lone(1)
    poison(monkeypatch, {1: 7})
    returned = start(tmp_path, "train.seeds=3")
    record = read_run(tmp_path / "seed1")
    assert record.message == "loss/critic was not finite at iteration 7."
    assert statuses(tmp_path) == [("completed", 12), ("diverged", 6), ("completed", 12)]
    assert (
        len(read_metrics(tmp_path / "seed1")["iteration"]) == load_newest(tmp_path / "seed1").iteration == 6
    )
    assert_close_run(tmp_path / "seed1", alone, allowed, rows=6)
    for name in ("seed0", "seed2"):
        assert_same_run(tmp_path / name, undisturbed / name)
    values = [read_run(tmp_path / name).numbers[MEDIAN] for name in ("seed0", "seed2")]
    assert returned == pytest.approx(fmean([*values, 1e9]))
    # the one that ended stays as it is
    before = contents(tmp_path)
    assert start(tmp_path, "train.seeds=3") == returned
    assert contents(tmp_path) == before


def test_when_all_diverge_the_run_ends(
    together: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, {0: 7, 1: 3})
    played, real_play = [], Ensemble.play
    monkeypatch.setattr(
        Ensemble, "play", lambda self, iteration: played.append(iteration) or real_play(self, iteration)
    )
    assert start(tmp_path, "train.seeds=2", "train.iterations=60") == 1e9
    assert statuses(tmp_path) == [("diverged", 6), ("diverged", 2)]
    assert max(played) == 7  # counted from 0: up to the next log


# Interrupted, and gone on with


@pytest.mark.parametrize("again", ["the same command", "resume"])
def test_going_on_after_an_interruption_changes_nothing(
    together: bool, again: str, tmp_path: Path, group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = group(together)
    with interruption(after=7):
        start(tmp_path, "train.seeds=3")
    assert statuses(tmp_path) == [("interrupted", 7)] * 3
    # how they were played is known from before, and not tried again
    monkeypatch.delattr(autotune, "_choose_layout")
    if again == "resume":
        resume(tmp_path, [], [])
    else:
        start(tmp_path, "train.seeds=3")
    assert statuses(tmp_path) == [("completed", 12)] * 3
    for name in ALL:
        assert_same_run(tmp_path / name, undisturbed / name)


def test_one_that_was_left_behind_catches_up(
    together: bool, tmp_path: Path, group: Group, allowed: Course
) -> None:
    with interruption(after=7):
        start(tmp_path, "train.seeds=3")
    max((tmp_path / "seed1" / "checkpoints").glob("*.pt")).unlink()
    assert load_newest(tmp_path / "seed1").iteration == 4
    start(tmp_path, "train.seeds=3")
    assert statuses(tmp_path) == [("completed", 12)] * 3
    for name in ALL:
        assert_close_run(tmp_path / name, group(together) / name, allowed)
        if not together:
            assert_same_run(tmp_path / name, group(together) / name)


def test_all_are_interrupted_while_one_catches_up(
    together: bool, tmp_path: Path, group: Group, allowed: Course
) -> None:
    with interruption(after=7):
        start(tmp_path, "train.seeds=3")
    max((tmp_path / "seed1" / "checkpoints").glob("*.pt")).unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signals.StopRequest, "__bool__", lambda self: True)
        start(tmp_path, "train.seeds=3")
    assert [status for status, _ in statuses(tmp_path)] == ["interrupted"] * 3
    start(tmp_path, "train.seeds=3")
    for name in ALL:
        assert_close_run(tmp_path / name, group(together) / name, allowed)


def test_one_of_many_goes_on_alone(
    together: bool, tmp_path: Path, lone: Lone, group: Group, allowed: Course
) -> None:
    with interruption(after=7):
        start(tmp_path, "train.seeds=3")
    assert gan_lab("resume", str(tmp_path / "seed1")).status == 0
    assert statuses(tmp_path) == [("interrupted", 7), ("completed", 12), ("interrupted", 7)]
    assert read_run(tmp_path / "seed1").execution == ExecutionRecord("eager")
    assert_close_run(tmp_path / "seed1", lone(1), allowed)
    before = contents(tmp_path / "seed1")
    assert gan_lab("resume", str(tmp_path)).status == 0
    assert statuses(tmp_path) == [("completed", 12)] * 3
    assert contents(tmp_path / "seed1") == before
    for name in ALL:
        assert_close_run(tmp_path / name, group(together) / name, allowed)


def test_killed_after_the_last_checkpoint_is_completed(tmp_path: Path, group: Group) -> None:
    with layout(together=True):
        start(tmp_path, "train.seeds=3")
    for name in ALL:
        path = tmp_path / name / "run.json"
        path.write_text(path.read_text().replace('"completed"', '"running"'))
    start(tmp_path, "train.seeds=3")
    assert statuses(tmp_path) == [("completed", 12)] * 3
    for name in ALL:
        assert_same_run(tmp_path / name, group(True) / name)


def test_what_is_finished_is_left_alone(tmp_path: Path) -> None:
    returned = start(tmp_path, "train.seeds=2", "train.iterations=4")
    before = contents(tmp_path)
    assert start(tmp_path, "train.seeds=2", "train.iterations=4") == returned
    resume(tmp_path, [], [])
    assert contents(tmp_path) == before


def test_more_iterations_are_the_same_as_a_longer_run(together: bool, tmp_path: Path, group: Group) -> None:
    start(tmp_path, "train.seeds=3", "train.iterations=8")
    resume(tmp_path, ["train.iterations=12"], [])
    assert statuses(tmp_path) == [("completed", 12)] * 3
    for name in ALL:
        assert_same_run(tmp_path / name, group(together) / name)


def test_a_run_goes_on_in_every_mode(
    tmp_path: Path, lone: Lone, monkeypatch: pytest.MonkeyPatch, allowed: Course
) -> None:
    """Two seeds eagerly in one call, then compiled in one call, then one of them eagerly by itself."""
    quickly = functools.partial(make_execution, backend="aot_eager")
    monkeypatch.setattr(ensemble, "make_execution", quickly)
    with layout(together=True):
        with interruption(after=3):
            start(tmp_path, "train.seeds=2")
        with interruption(after=4):
            resume(tmp_path, ["train.execution=compiled"], [])
    assert statuses(tmp_path) == [("interrupted", 7)] * 2
    assert read_run(tmp_path / "seed1").execution == ExecutionRecord("compiled", seeds=2, stacked=True)
    with interruption(after=3):
        resume(tmp_path / "seed1", ["train.execution=compiled"], [])
    assert read_run(tmp_path / "seed1").execution == ExecutionRecord("compiled")
    resume(tmp_path / "seed1", [], [])
    assert read_run(tmp_path / "seed1").execution == ExecutionRecord("eager")
    assert_close_run(tmp_path / "seed1", lone(1), allowed)


def test_a_run_that_a_graph_played_goes_on_without_a_gpu(tmp_path: Path, lone: Lone, allowed: Course) -> None:
    with interruption(after=7):
        start(tmp_path, "seed=1", "train.execution=auto")
    path = tmp_path / "run.json"
    text = path.read_text()
    assert '"mode": "eager"' in text
    path.write_text(text.replace('"mode": "eager"', '"mode": "graph"'))
    resume(tmp_path, [], [])
    assert read_run(tmp_path).execution == ExecutionRecord("eager")
    assert_close_run(tmp_path, lone(1), allowed)
