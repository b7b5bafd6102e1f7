"""Several seeds trained together: each is the run that it would be alone, whatever happens to the others."""

from pathlib import Path
from statistics import fmean

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_lab.game import execution
from gan_lab.game import setup as game_setup
from gan_lab.runs.checkpoint import load_newest
from gan_lab.runs.reading import read_run
from gan_lab.tags.names import MEDIAN
from gan_lab.training.ensemble import Ensemble
from support.command_line import gan_lab
from support.games import read_metrics, recorded
from support.rounding import Course
from support.seed_runs import (
    ALL,
    RUN,
    Group,
    Lone,
    assert_close_run,
    assert_same_run,
    contents,
    how,
    layout,
    poison,
    start,
    statuses,
)

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
        assert how(run) == f"eager, 3 seeds {'stacked' if together else 'in turn'}"
        assert record.execution is not None
        assert record.execution.slot == (k if together else None)
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
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["seed2", "seed5", "seeds.json"]
    for seed in (5, 2):
        assert read_run(tmp_path / "run" / f"seed{seed}").seed == seed
        assert_close_run(tmp_path / "run" / f"seed{seed}", lone(seed), allowed)


def test_a_number_of_seeds_counts_from_the_seed(tmp_path: Path, lone: Lone, allowed: Course) -> None:
    called = gan_lab("train", *RUN, "seed=4", "train.seeds=2", f"hydra.run.dir={tmp_path / 'run'}")
    assert called.status == 0, called.err
    lines = called.out.splitlines()
    (ended,) = [
        place for place, line in enumerate(lines) if line.startswith("Of 2 seeds 2 completed. They took ")
    ]
    assert lines[ended + 1].split() == ["seed", "status", "iteration", "verdict", "estimate", "quality"]
    assert [row.split()[:3] for row in lines[ended + 2 : ended + 4]] == [
        ["4", "completed", "12"],
        ["5", "completed", "12"],
    ]
    assert all("  W " in row for row in lines[ended + 2 : ended + 4])
    assert len(lines[ended + 4 :]) <= 3
    assert sum(line.startswith("Trains ") for line in called.out.splitlines()) == 1
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
    monkeypatch.setattr(execution, "Capture", recorded)
    monkeypatch.setattr(game_setup, "refuse_on_cpu", lambda of_a_graph: None)
    with layout(together=False):
        start(tmp_path, "train.seeds=3", "train.execution=graph")
    for name in ALL:
        assert how(tmp_path / name) == "graph, 3 seeds in turn"
        assert_same_run(tmp_path / name, group(False) / name)


# One that diverges


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
