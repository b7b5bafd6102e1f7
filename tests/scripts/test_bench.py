"""The benchmark: both loops do the same work, and numbers come out as they went in. No times."""

import dataclasses
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import bench
from benchmark import cases, contestants
from benchmark.cases import Case
from benchmark.contestants import Contestant, Runner, enter, make_runner
from benchmark.curves import draw_curves
from benchmark.limits import Work, count_work, least_seconds
from benchmark.machine import Machine
from benchmark.measuring import Effort, Field, measure
from benchmark.memory import measure_peak
from benchmark.results import Report, Result, Row, read_results
from benchmark.table import format_report, format_result
from benchmark.textbook import Textbook, draw_samples
from benchmark.timing import Spread, choose_repeats, ratios
from benchmark.verify import compare

from gan_lab.game.batches import BatchSource
from gan_lab.game.execution import make_execution
from gan_lab.game.iteration import make_iteration
from gan_lab.numerics.trees import map_tensors

CPU = torch.device("cpu")
TINY = (
    "dataset=ring8",
    "train.batch_size=16",
    "train.n_critic=2",
    "architecture.generator.width=16",
    "architecture.generator.depth=2",
    "architecture.critic.width=16",
    "architecture.critic.depth=2",
)
MACHINE = Machine(
    device="a processor, 2 cores",
    software="torch 9",
    threads=2,
    precision="fp32",
    flops=100e9,
    bf16_flops=400e9,
    no_bf16=None,
    copied_bytes=20e9,
    load=0.25,
)
ROWS = (
    Row("textbook", "textbook", False, 1, (0.020, 0.030, 0.022), peak_bytes=5_400_000),
    Row("compiled, bf16", "compiled", True, 1, (0.005, 0.005, 0.011), cold_s=41.2, warm_s=5.4),
    Row("compiled, 8 seeds", "compiled", False, 8, (0.016, 0.016, 0.016), cold_s=60.0, warm_s=9.0),
    Row("eager, 8 seeds", "eager", False, 8, left_out="an iteration of 8 seeds would take about 20 s"),
)


def tiny(objective: str) -> Case:
    return Case("toy", f"tiny, {objective}", (*TINY, f"objective={objective}"), (2,))


def make_result(title: str) -> Result:
    return Result(title, ("dataset=ring8",), "python scripts/bench.py", Work(10**8, 10**7), ROWS)


@pytest.mark.parametrize("objective", cases.OBJECTIVES)
def test_both_loops_do_the_same_work(objective: str) -> None:
    agreement = compare(tiny(objective).build_setup("cpu"))
    assert agreement.largest <= 1e-5
    assert agreement.holds
    assert agreement.movement > 1e-4


@pytest.mark.parametrize("forgotten", ["generator_step", "critic_step"])
def test_a_loop_that_does_less_is_told_apart(forgotten: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Textbook, forgotten, lambda *_: torch.zeros(()))
    assert not compare(tiny("wgan_gp").build_setup("cpu")).holds


def test_the_loader_and_the_rows_of_a_tensor_feed_whole_batches() -> None:
    setup = tiny("wgan").build_setup("cpu")
    samples = draw_samples(setup)[:40]  # two batches of 16 and a rest
    for loader in (True, False):
        textbook = Textbook(setup, samples, loader=loader)
        textbook.iterate()
        textbook.iterate()
        assert all(loss == loss for loss in textbook.losses)  # not NaN, as before the first iteration
        reals = [next(textbook._reals) for _ in range(3)]
        assert all(real.shape == (16, 2) and torch.isin(real, samples).all() for real in reals)


def test_operations_are_counted_as_torch_counts_them() -> None:
    setup = tiny("wgan").build_setup("cpu")
    source = BatchSource(setup.dataset.open(CPU), setup.batch_shape, 0, CPU)
    batch = map_tensors(lambda block: block[0], source.block(0))
    with FlopCounterMode(display=False) as counter:
        make_iteration(setup.game)(setup.init_state(), batch)
    assert count_work(setup).flops == counter.get_total_flops() > 0
    assert count_work(tiny("wgan_gp").build_setup("cpu")).flops > counter.get_total_flops()


def test_the_bytes_of_an_iteration_by_hand() -> None:
    """The generator has 2 x 16 + 16, 16 x 16 + 16 and 16 x 2 + 2 parameters; the critic has one output."""
    generator, critic, batch = 48 + 272 + 34, 48 + 272 + 17, 3 * 16 * (2 + 2)
    critic_steps = 2 * 2 * (critic + critic)  # two steps, read and written, parameters and mean square
    generator_step = 2 * (generator + generator + generator)  # and the average
    moved = critic_steps + generator_step + generator + critic + batch
    assert count_work(tiny("wgan").build_setup("cpu")).bytes == 4 * moved


def test_the_limit_is_the_slower_of_arithmetic_and_traffic() -> None:
    assert least_seconds(Work(10**9, 10**6), MACHINE, bf16=False) == pytest.approx(0.010)
    assert least_seconds(Work(10**9, 10**6), MACHINE, bf16=True) == pytest.approx(0.0025)
    assert least_seconds(Work(10**6, 10**9), MACHINE, bf16=True) == pytest.approx(0.050)


def test_ratios_are_taken_turn_by_turn() -> None:
    assert ratios([2.0, 30.0, 4.0], [1.0, 10.0, 1.0]) == Spread(3.0, 2.0, 4.0)


@pytest.mark.parametrize(
    ("once_s", "period", "expected"), [(0.01, 1, 100), (0.01, 64, 128), (0.5, 64, 2), (9.0, 1, 1)]
)
def test_a_turn_takes_whole_periods_where_they_fit(once_s: float, period: int, expected: int) -> None:
    assert choose_repeats(once_s, 1.0, period) == expected


def test_a_table_from_known_numbers() -> None:
    text = format_result(make_result("a case"), MACHINE)
    assert "0.1 GFLOP" in text
    assert "10 MB moved an iteration; limit 1 ms." in text
    assert "| textbook | 22.0 (20.0 to 30.0) | 1 |  | 4.55 | 5% | 5 |" in text
    assert (
        "| compiled, bf16 | 5.00 (5.00 to 11.0) | 4.00 (2.00 to 6.00) | 41 / 5 | 20.0 | 10% | not known |"
    ) in text
    assert "| compiled, 8 seeds | 2.00 (2.00 to 2.00) | 11.0 (10.0 to 15.0) | 60 / 9 | 50.0 | 50% |" in text
    assert text.endswith("Left out: eager, 8 seeds: an iteration of 8 seeds would take about 20 s.")


def test_a_report_holds_machine_command_summary_and_cases() -> None:
    text = format_report(Report(MACHINE, {"a case": make_result("a case")}))
    assert text.startswith("a processor, 2 cores; 2 threads; torch 9; fp32 products; load before 0.2.\n")
    assert "`python scripts/bench.py`" in text
    assert "### a case" in text
    assert "| a case | 22.0 |  |  |  |  |  |  | 11.0 (10.0 to 15.0), 8 seeds |" in text


def test_results_survive_the_file_but_not_another_machine(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    assert read_results(path, MACHINE) == {}
    results = {"a case": make_result("a case")}
    Report(MACHINE, results).write(path)
    assert read_results(path, MACHINE) == results
    other = dataclasses.replace(MACHINE, threads=1)
    assert read_results(path, other) == {}


def test_figures_are_drawn_of_what_was_measured(tmp_path: Path) -> None:
    results = {title: make_result(title) for title in cases.BATCH_CURVE.values()}
    drawn = draw_curves(results, tmp_path)  # which have the case of the seeds' figure among them
    assert [path.name for path in drawn] == ["performance_seeds.png", "performance_batch.png"]
    assert all(5_000 < path.stat().st_size < 100_000 for path in drawn)


def test_the_figures_cases_exist() -> None:
    titles = [case.title for case in (*cases.CASES, *cases.CURVE_CASES)]
    assert len(set(titles)) == len(titles)
    assert set(titles) >= cases.SHOWN


def test_arguments_choose_cases() -> None:
    everything = bench.read_arguments([])
    assert everything.selected == list(cases.CASES)
    assert everything.curves
    part = bench.read_arguments(["--cases", "mlp,dcgan64", "--turns", "2"])
    assert {case.group for case in part.selected} == {"mlp", "dcgan64"}
    assert not part.curves
    assert part.effort.turns == 2
    curves = bench.read_arguments(["--curves"])
    assert curves.selected == []
    assert curves.curves
    assert bench.read_arguments(["--quick"]).selected == list(cases.QUICK_CASES)
    with pytest.raises(SystemExit):
        bench.read_arguments(["--cases", "nonsense"])


def test_figures_reuse_what_was_measured_before() -> None:
    known = Report(MACHINE, {cases.SEEDS_CURVE: make_result(cases.SEEDS_CURVE)})
    titles = {case.title for case in bench.lacking([], known)}
    assert titles == cases.SHOWN - {cases.SEEDS_CURVE}


def test_everybody_takes_part_where_they_can() -> None:
    names = [one.name for one in enter(CPU, (8,), in_memory=True)]
    assert names == [
        "textbook",
        "textbook, data in memory",
        "eager",
        "compiled",
        "eager, bf16",
        "compiled, bf16",
        "eager, 8 seeds",
        "compiled, 8 seeds",
    ]


def test_memory_at_the_peak_is_what_is_added_and_what_stays() -> None:
    kept = torch.zeros(1 << 20)
    runner = Runner(lambda: torch.ones(1 << 24).sum_to_size(1), 1, lambda: [kept])
    peak = measure_peak(runner, CPU)
    if peak is None:
        pytest.skip("the system does not tell")
    assert 67 << 20 <= peak < 80 << 20  # 64 + 4 MiB; Linux counts a little late


@pytest.mark.parametrize("seeds", [1, 2])
def test_ours_plays_with_draws_and_measurements(seeds: int) -> None:
    setup = tiny("wgan_gp").build_setup("cpu")
    runner = make_runner(Contestant("eager", seeds=seeds), setup, draw_samples(setup))
    before = [tensor.clone() for tensor in runner.tensors()]
    for _ in range(51):  # past one fetch
        runner.iterate()
    after = runner.tensors()
    assert any((one != other).any() for one, other in zip(before, after, strict=True))
    assert (after[0].ndim == 3) == (seeds > 1)


@pytest.mark.parametrize("seeds", [(), pytest.param((2,), marks=pytest.mark.slow)])
def test_one_case_from_config_to_rows(seeds: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two compiled contestants none compiles again when the other has had its turn."""
    monkeypatch.setattr(contestants, "make_execution", partial(make_execution, backend="eager"))
    machine = dataclasses.replace(MACHINE, no_bf16="there are no units")
    case = Case("toy", "tiny", (*TINY[:2], "train.n_critic=1", *TINY[3:], "objective=wgan"), seeds)
    result = measure(case, "cpu", machine, Effort(2, 0.01, 1.0, 1e9), "a command")
    compiled = {"compiled", *(f"compiled, {n} seeds" for n in seeds)}
    expected = {"textbook", "textbook, data in memory", "eager", *(f"eager, {n} seeds" for n in seeds)}
    assert {row.name for row in result.rows if len(row.seconds) == 2} == expected | compiled
    assert {row.name for row in result.rows if row.cold_s and row.warm_s} == compiled
    assert {row.name for row in result.rows if row.left_out} == {"eager, bf16", "compiled, bf16"}


def test_what_would_take_too_long_is_left_out_with_a_reason() -> None:
    case = Case("toy", "tiny", (*TINY, "objective=wgan"), (10**9,))
    setup = case.build_setup("cpu")
    field = Field(setup, [Contestant("eager", seeds=10**9)], MACHINE, Effort(1, 0.01, 1.0, 5.0))
    (row,) = field.rows()
    assert row.left_out is not None
    assert row.left_out.startswith("an iteration of 1000000000 seeds would take")
