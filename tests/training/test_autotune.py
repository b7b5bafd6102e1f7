"""How `train.execution=auto` decides, with a clock and a compiler that say what they are told to."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from gan_lab.game.batches import BatchSource
from gan_lab.game.setup import Setup, build_setup
from gan_lab.runs.record import ExecutionRecord, RunRecord, load_record
from gan_lab.training import autotune
from gan_lab.training import autotune as choosing
from gan_lab.training.autotune import Choice, choose_execution
from gan_lab.training.member import Position
from support.configs import compose_config

Times = dict[str, float]

TOY = ("device=cpu", "dataset=ring8", "objective=wgan_gp", "train.batch_size=4", "train.n_critic=1")


class Standing:
    """A member before its first iteration, without files."""

    execution: ExecutionRecord | None = None

    def __init__(self, setup: Setup, tmp_path: Path) -> None:
        self.setup, self.last_finite = setup, Position(0, setup.init_state())
        sampler = setup.dataset.open(setup.device)
        self.source = BatchSource(sampler, setup.batch_shape, setup.seed, setup.device)
        self.run = SimpleNamespace(record=RunRecord(tmp_path, "running", execution=self.execution))


@pytest.fixture
def decide(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[Choice, list[str]]]:
    """Return what is chosen for so many seeds where calls take as long as is said, and what was built."""

    def decided(
        times: Times, iterations: int, seeds: int = 1, **failing: Exception
    ) -> tuple[Choice, list[str]]:
        built = []

        class Call:
            def __init__(self, name: str) -> None:
                self.name = name

            def iteration(self, *args: Any) -> str:
                if self.name in failing:
                    raise failing[self.name]
                return self.name

        def make_execution(game: Any, mode: str, *, stacked: bool = False) -> Call:
            built.append("stacked" if stacked and mode == "eager" else mode)
            return Call(built[-1])

        def seconds_of(call: Callable[[], Any], device: torch.device) -> float:
            return times[call()]

        monkeypatch.setattr(autotune, "make_execution", make_execution)
        monkeypatch.setattr(autotune, "_seconds_of", seconds_of)
        monkeypatch.setattr(autotune, "_arithmetic_seconds", lambda members: times["arithmetic"])
        setup = build_setup(compose_config(*TOY))
        members: Any = [Standing(setup.with_seed(seed), tmp_path) for seed in range(seeds)]
        return choose_execution(members, iterations), built

    return decided


def test_a_short_run_stays_eager_and_is_not_compiled(decide: Any) -> None:
    choice, built = decide({"eager": 0.04, "arithmetic": 0.01}, 2000)
    assert (choice.mode, choice.together) == ("eager", False)
    assert "compiled" not in built
    assert "it takes about 80 s, and compiling 60 s" in choice.reason


def test_a_long_run_of_small_networks_is_compiled(decide: Any) -> None:
    choice, _ = decide({"eager": 0.04, "arithmetic": 0.01, "compiled": 0.012}, 10_000)
    assert choice.mode == "compiled"
    assert "would save about 150 s" in choice.reason
    assert choice.execution is not None


def test_where_all_is_arithmetic_nothing_is_compiled(decide: Any) -> None:
    choice, built = decide({"eager": 1.0, "arithmetic": 0.99}, 10_000)
    assert choice.mode == "eager"
    assert "compiled" not in built


def test_what_compiling_makes_slower_stays_eager(decide: Any) -> None:
    choice, built = decide({"eager": 0.04, "arithmetic": 0.01, "compiled": 0.05}, 10_000)
    assert "compiled" in built
    assert choice.mode == "eager"
    assert "compiled, an iteration takes 50 ms instead of 40 ms" in choice.reason


def test_a_compiler_that_fails_leaves_a_run_that_goes_on(decide: Any) -> None:
    no_compiler = RuntimeError("no C++ compiler\nand many more lines")
    choice, _ = decide({"eager": 0.04, "arithmetic": 0.01}, 10_000, compiled=no_compiler)
    assert choice.mode == "eager"
    assert choice.reason == "eager: compiling failed (no C++ compiler)"


@pytest.mark.parametrize(("stacked_s", "together"), [(0.1, True), (0.2, False)])
def test_seeds_are_stacked_where_that_is_faster(decide: Any, stacked_s: float, together: bool) -> None:
    # 4 seeds in turn take 0.16 s
    choice, _ = decide({"eager": 0.04, "stacked": stacked_s, "arithmetic": 0.01}, 100, seeds=4)
    assert (choice.mode, choice.together) == ("eager", together)


def test_what_vmap_has_no_rule_for_is_played_in_turn(decide: Any) -> None:
    unknown = RuntimeError("no batching rule")
    choice, _ = decide({"eager": 0.04, "arithmetic": 0.01}, 100, seeds=4, stacked=unknown)
    assert not choice.together
    assert choice.reason.startswith("4 seeds one after another (no batching rule); ")


def test_a_comparison_takes_the_least_of_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow moment that falls on one call of each decides nothing."""
    times = {"a": itertools.cycle([9.0, 0.2, 0.3]), "b": itertools.cycle([0.4, 9.0, 0.5])}
    calls = []

    def seconds_of(call: Callable[[], str], device: torch.device) -> float:
        calls.append(call())
        return next(times[call()])

    monkeypatch.setattr(autotune, "_seconds_of", seconds_of)
    assert autotune._least_seconds(torch.device("cpu"), lambda: "a", lambda: "b") == [0.2, 0.4]
    assert calls == ["a", "b"] * autotune._TURNS


def test_the_time_of_arithmetic_is_that_of_its_operations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the rate of a product of 1024² matrices, here 2 · 1024³ operations in 2 s; of all members."""
    monkeypatch.setattr(autotune, "_least_seconds", lambda device, *calls: [2.0])
    monkeypatch.setattr(autotune, "count_flops", lambda function, *args: 1024**3)
    setup = build_setup(compose_config(*TOY))
    members: Any = [Standing(setup.with_seed(seed), tmp_path) for seed in range(3)]
    assert autotune._arithmetic_seconds(members[:1]) == pytest.approx(1.0)
    assert autotune._arithmetic_seconds(members) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("eager", ("eager", 1, False)),
        ("compiled", ("compiled", 1, False)),
        ("compiled, 2 seeds in turn", ("compiled", 2, False)),
        ("eager, 3 seeds stacked", ("eager", 3, True)),
    ],
)
def test_what_format_1_recorded_goes_on_without_a_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: tuple[str, int, bool]
) -> None:
    """Another mode or layout rounds otherwise: what goes on would not be the same run."""
    monkeypatch.delattr(choosing, "make_execution")
    (tmp_path / "run.json").write_text(json.dumps({"format": 1, "status": "running", "execution": text}))
    mode, seeds, together = expected
    setup = build_setup(compose_config(*TOY))
    members: Any = [Standing(setup.with_seed(seed), tmp_path) for seed in range(seeds)]
    for member in members:
        member.run.record = load_record(tmp_path)
    choice = choose_execution(members, 10_000)
    assert (choice.mode, choice.together) == (mode, together)
    assert choice.record(seeds) == members[0].run.record.execution


def test_what_other_seeds_recorded_together_is_tried_anew(
    decide: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Standing, "execution", ExecutionRecord("compiled", seeds=3, stacked=True))
    choice, built = decide({"eager": 0.04, "stacked": 0.1, "arithmetic": 0.01}, 100, seeds=4)
    assert (choice.mode, choice.together) == ("eager", True)
    assert "stacked" in built


@pytest.mark.parametrize("failing", [False, True])
def test_on_a_gpu_a_graph_is_taken_unless_none_can_be_recorded(
    failing: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Recorded:
        def iteration(self, *args: Any) -> None:
            if failing:
                raise RuntimeError("operation not permitted when stream is capturing\nand more")

    monkeypatch.setattr(autotune, "make_execution", lambda game, mode, stacked: Recorded())
    members: Any = [Standing(build_setup(compose_config(*TOY)), tmp_path)]
    choice = autotune._try_graph(members, together=False, layout="")
    assert choice.mode == ("eager" if failing else "graph")
    assert (choice.execution is None) == failing
    if failing:
        assert "(operation not permitted when stream is capturing)" in choice.reason
