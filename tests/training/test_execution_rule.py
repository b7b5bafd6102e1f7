"""How ``train.execution=auto`` decides: by what is asked for, never by a clock; and what a record keeps."""

import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from gan_lab.game.batches import BatchSource
from gan_lab.game.execution import Execution
from gan_lab.game.setup import Setup, build_setup
from gan_lab.runs.reading import load_record
from gan_lab.runs.record import ExecutionRecord, RunRecord
from gan_lab.training import execution_rule, settle
from gan_lab.training.execution_rule import Choice, choose_execution
from gan_lab.training.member import Member, Position
from gan_lab.training.settle import settle_execution, threads_as_before
from support.configs import compose_config

RING = ("device=cpu", "dataset=ring8")
PHOTOS_MLP = ("device=cpu", "dataset=photos", "architecture=mlp_mlp")
DCGAN = ("device=cpu", "dataset=digits")


@pytest.fixture
def decide(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Choice]:
    """Return what is chosen where an iteration costs nothing, or fails in a mode as is said."""

    def decided(
        *overrides: str, seeds: int = 1, iterations: int = 2000, device: str = "cpu", **failing: Exception
    ) -> Choice:
        def make_execution(game: Any, mode: str, *, stacked: bool = False) -> Execution:
            def iteration(*inputs: Any) -> Any:
                if mode in failing:
                    raise failing[mode]

            return Execution(iteration, iteration)

        monkeypatch.setattr(execution_rule, "make_execution", make_execution)
        monkeypatch.setattr(execution_rule, "_first_inputs", lambda *of: ())
        setup = dataclasses.replace(build_setup(compose_config(*overrides)), device=torch.device(device))
        return choose_execution(setup, lambda n, rng: torch.zeros(n, 2), seeds, iterations)

    return decided


# what docs/performance.md has measured: (config, seeds, iterations), mode, stacked
@pytest.mark.parametrize(
    ("overrides", "seeds", "iterations", "mode", "stacked"),
    [
        ((*RING, "objective=wgan_gp"), 16, 2000, "compiled", True),
        ((*RING, "objective=wgan_gp"), 3, 60, "eager", True),
        ((*RING, "objective=wgan_gp"), 1, 2000, "eager", False),
        ((*RING, "objective=wgan_gp"), 1, 50_000, "compiled", False),
        ((*PHOTOS_MLP, "objective=wgan"), 1, 2500, "compiled", False),
        ((*PHOTOS_MLP, "objective=wgan"), 8, 100, "eager", False),
        (DCGAN, 1, 1_000_000, "eager", False),
        (DCGAN, 4, 2500, "eager", False),
    ],
)
def test_the_rule_takes_what_was_measured_to_be_faster(
    decide: Any, overrides: tuple[str, ...], seeds: int, iterations: int, mode: str, stacked: bool
) -> None:
    choice = decide(*overrides, seeds=seeds, iterations=iterations)
    assert (choice.mode, choice.stacked) == (mode, stacked)


def test_the_reason_says_the_numbers_that_decided(decide: Any) -> None:
    choice = decide(*RING, "objective=wgan_gp", seeds=16)
    assert choice.rule == (
        "16 seeds stacked into one call (67,203 parameters x batch 256 are at most 50,000,000); compiled: "
        "compiling takes about 60 s and saves about 205 s of 192,000 steps"
    )


@pytest.mark.parametrize(("parameters", "stacked"), [(50_000_000, True), (50_000_001, False)])
def test_the_largest_stack_is_the_bound(
    decide: Any, monkeypatch: pytest.MonkeyPatch, parameters: int, stacked: bool
) -> None:
    monkeypatch.setattr(execution_rule, "_parameters", lambda setup: parameters)
    assert decide(*RING, "train.batch_size=1", "train.n_critic=1", seeds=2).stacked == stacked


@pytest.mark.parametrize(("iterations", "mode"), [(44_999, "eager"), (45_000, "compiled")])
def test_compiling_is_earned_back_one_and_a_half_times(
    decide: Any, monkeypatch: pytest.MonkeyPatch, iterations: int, mode: str
) -> None:
    monkeypatch.setattr(execution_rule, "_parameters", lambda setup: 0)
    assert decide(*RING, "train.n_critic=1", iterations=iterations).mode == mode


def test_no_clock_is_read(decide: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*of: Any) -> float:
        raise AssertionError("a clock decides")

    for name in ("time", "monotonic", "perf_counter", "thread_time", "process_time"):
        monkeypatch.setattr(time, name, refuse)
    assert decide(*RING, "objective=wgan_gp", seeds=16).mode == "compiled"


def test_a_compiler_that_fails_leaves_a_run_that_goes_on(decide: Any) -> None:
    no_compiler = RuntimeError("no C++ compiler\nand many more lines")
    choice = decide(*RING, "objective=wgan_gp", iterations=100_000, compiled=no_compiler)
    assert (choice.mode, choice.execution) == ("eager", None)
    assert choice.rule == "eager: no compiled iteration can be made (no C++ compiler)"


def test_what_vmap_has_no_rule_for_is_played_in_turn(decide: Any) -> None:
    choice = decide(*RING, seeds=4, iterations=10, eager=RuntimeError("no batching rule"))
    assert not choice.stacked
    assert choice.rule.startswith("4 seeds one after another (no batching rule); ")


@pytest.mark.parametrize("mode", ["eager", "compiled"])
def test_how_much_memory_is_free_decides_nothing(decide: Any, mode: str) -> None:
    with pytest.raises(RuntimeError, match="allocate memory"):
        decide(*RING, seeds=16, iterations=10**6, **{mode: RuntimeError("can't allocate memory: 1 TB")})


def test_what_the_config_asks_for_is_taken(decide: Any) -> None:
    choice = decide(*RING, "train.execution=compiled", seeds=2, iterations=1)
    assert (choice.mode, choice.stacked) == ("compiled", True)


@pytest.mark.parametrize("failing", [False, True])
def test_on_a_gpu_a_graph_is_taken_unless_none_can_be_recorded(
    failing: bool, decide: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: None)  # the card lives
    error = (
        {"graph": RuntimeError("operation not permitted when stream is capturing\nmore")} if failing else {}
    )
    choice = decide(*DCGAN, device="cuda", **error)
    assert choice.mode == ("eager" if failing else "graph")
    assert ("(operation not permitted when stream is capturing)" in choice.rule) == failing


# What a record keeps


def standing(setup: Setup, record: RunRecord) -> Member:
    """A member before its first iteration, without files."""
    run = SimpleNamespace(record=record)
    run.update = lambda execution: setattr(
        run, "record", dataclasses.replace(run.record, execution=execution)
    )
    source = BatchSource(lambda n, rng: torch.zeros(n, 2), setup.batch_shape, setup.seed, setup.device)
    member: Any = object.__new__(Member)
    member.setup, member.run, member.source = setup, run, source
    member.last_finite = Position(0, setup.init_state())
    return member


@pytest.mark.parametrize("text", ["eager", "compiled", "compiled, 2 seeds in turn", "eager, 3 seeds stacked"])
def test_what_an_earlier_version_recorded_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Another mode or layout rounds otherwise: what goes on would not be the same run."""
    monkeypatch.delattr(settle, "choose_execution")
    (tmp_path / "run.json").write_text(json.dumps({"format": 1, "status": "running", "execution": text}))
    setup = build_setup(compose_config(*RING, "train.execution=eager"))
    members = [standing(setup.with_seed(seed), load_record(tmp_path)) for seed in range(3)]
    settle_execution(members, [0, 1, 2])
    assert [str(member.execution) for member in members] == [text] * 3
    if "stacked" in text:
        assert [member.execution.slot for member in members] == [0, 1, 2]


def test_the_slot_counts_all_seeds_that_were_asked_for(tmp_path: Path, decide: Any) -> None:
    setup = build_setup(compose_config(*RING))
    member = standing(setup.with_seed(8), RunRecord(tmp_path, "running", iterations=10))
    decide(*RING)  # iterations cost nothing from here on
    settle_execution([member], [4, 6, 8])
    threads = torch.get_num_threads()
    assert dataclasses.replace(member.execution, rule="") == ExecutionRecord("eager", 3, True, 2, threads)
    assert member.execution.rule.startswith("3 seeds stacked into one call (")


def test_a_graph_that_was_begun_on_a_gpu_is_chosen_anew_without_one(tmp_path: Path, decide: Any) -> None:
    setup = build_setup(compose_config(*RING))
    decide(*RING)
    record = RunRecord(tmp_path, "running", iterations=10, execution=ExecutionRecord("graph"))
    member = standing(setup, record)
    settle_execution([member], [0])
    assert member.execution.mode == "eager"


@pytest.mark.parametrize(
    ("recorded", "cores", "inside", "told"),
    [
        ([3], 4, 3, "Uses 3 threads, as before."),
        ([3, 3], 4, 3, "Uses 3 threads, as before."),
        ([3], 2, 1, "Begun with 3 threads, goes on with 1: it may round otherwise."),
        ([3, 2], 4, 1, "Begun with 2 and 3 threads, goes on with 1: it may round otherwise."),
        ([1], 4, 1, ""),
        ([None], 4, 1, ""),
    ],
)
def test_sums_are_split_among_as_many_threads_as_before(
    recorded: list[int | None],
    cores: int,
    inside: int,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    counts = [1]
    monkeypatch.setattr(torch, "get_num_threads", lambda: counts[-1])
    monkeypatch.setattr(torch, "set_num_threads", counts.append)
    monkeypatch.setattr(settle, "_cores", lambda: cores)
    records = [ExecutionRecord("eager", threads=count) for count in recorded]
    runs: Any = [SimpleNamespace(record=RunRecord(tmp_path, "running", execution=each)) for each in records]
    with threads_as_before(runs):
        assert counts[-1] == inside
    assert counts[-1] == 1
    assert caplog.messages == ([told] if told else [])
