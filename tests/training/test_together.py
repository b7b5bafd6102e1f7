"""One run on several processes: what one alone gets, to rounding, whatever batches share; and refusals."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gan_lab.config.errors import UserError
from gan_lab.config.ranks import count_here, rank_here
from gan_lab.game.setup import Setup, build_setup
from gan_lab.numerics.processes import Processes
from gan_lab.runs.reading import read_run
from gan_lab.training.together import require_divisible
from support.configs import DIGITS, FEW, TOY, Train, compose_config
from support.processes import started_together

SHORT = [*FEW, "train.log_every=1", "train.n_critic=2", "train.execution=eager", "train.iterations=2"]
ROUNDING = 1e-3  # the first step of Adam is as long for a tiny gradient, and turns where its sign does


def numbers(run_dir: Path) -> list[dict[str, float]]:
    with (run_dir / "metrics.csv").open() as file:
        return [{tag: float(text) for tag, text in row.items() if text} for row in csv.DictReader(file)]


@pytest.mark.parametrize(
    "overrides",
    [
        [*TOY, "objective=wgan_gp", "train.warmup_critic_steps=3", "train.warmup_iterations=1"],
        # batch norm in both networks, and a penalty that is differentiated through the critic's
        [*DIGITS, "architecture=dcgan", "objective=gan", "constraint=r1", "critic_norm=batch"],
    ],
    ids=["wgan_gp", "batch norm and r1"],
)
def test_two_processes_get_what_one_gets(overrides: list[str], train: Train, tmp_path: Path) -> None:
    alone = train("alone", *SHORT, *overrides)
    together = tmp_path / "together"
    arguments = ["train", "device=cpu", *SHORT, *overrides, f"hydra.run.dir={together}"]
    first, second = started_together(2, arguments, tmp_path)
    said, complaint = first.communicate()
    assert (first.returncode, second.wait()) == (0, 0), complaint
    assert second.communicate()[0] == ""
    assert "2 processes" in said
    expected, found = numbers(alone), numbers(together)
    for row, other in zip(expected, found, strict=True):
        assert other == pytest.approx(row, rel=ROUNDING, abs=ROUNDING)
    # before the second step, nothing but sums of halves is in the way
    assert found[0]["health/critic_slope"] == pytest.approx(expected[0]["health/critic_slope"], rel=ROUNDING)
    execution = read_run(together).execution
    assert execution is not None
    assert (execution.processes, str(execution)) == (2, "eager, 2 processes")
    assert {path.name for path in tmp_path.iterdir()} == {"alone", "together"}


@pytest.mark.slow
def test_a_process_that_is_killed_ends_the_run_in_a_sentence_and_another_goes_on(tmp_path: Path) -> None:
    run = tmp_path / "run"
    toy = [*TOY, *FEW, "objective=gan", "device=cpu", "train.iterations=100000"]
    first, second = started_together(2, ["train", *toy, f"hydra.run.dir={run}"], tmp_path)
    deadline = time.monotonic() + 300
    while not list(run.glob("checkpoints/*.pt")):
        assert first.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    second.send_signal(signal.SIGKILL)
    _, complaint = first.communicate(timeout=300)
    second.communicate()
    assert first.returncode == 2
    assert complaint.splitlines()[-1].startswith("gan-lab: Another process of this run is gone")
    assert "Traceback" not in complaint
    record = read_run(run)
    assert record.status == "failed"
    resumed = [
        sys.executable,
        "-m",
        "gan_lab",
        "resume",
        str(run),
        f"train.iterations={record.iteration + 4}",
    ]
    done = subprocess.run(resumed, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "processes were 2 when it was begun, and are 1 now" in done.stdout
    assert read_run(run).status == "completed"


@pytest.mark.slow
def test_torchrun_starts_them_and_what_is_no_training_is_refused_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "gan_lab"]
    refused = subprocess.run([*command, "runs"], capture_output=True, text=True, check=False, cwd=tmp_path)
    told = [line for line in refused.stderr.splitlines() if line.startswith("gan-lab: ")]
    assert told == ["gan-lab: gan-lab runs runs in one process; start it without torchrun."]


def setup_of(*overrides: str) -> Setup:
    return build_setup(compose_config("device=cpu", *overrides))


@pytest.mark.parametrize(
    ("overrides", "seeds", "named"),
    [
        (["train.batch_size=9"], 1, "train.batch_size must be a multiple of the 2 processes; got 9"),
        ([], 2, "train.seeds must be 1 or null"),
        (["train.execution=compiled"], 1, "train.execution must be auto or eager"),
        (["constraint=dragan"], 1, "constraint=dragan measures whole batches"),
    ],
)
def test_what_several_processes_cannot_share_is_refused(overrides: list[str], seeds: int, named: str) -> None:
    setup = setup_of(*TOY, *FEW, "objective=gan", *overrides)
    require_divisible(setup, [{}] * seeds, Processes(0, 1))
    with pytest.raises(UserError, match=named):
        require_divisible(setup, [{}] * seeds, Processes(1, 2))


def test_a_batch_is_divided_in_the_order_of_ranks() -> None:
    rows = [list(range(12))[Processes(rank, 3).rows(12)] for rank in range(3)]
    assert rows == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]


@pytest.mark.parametrize(("text", "rank"), [("3", 3), ("", 0), ("-1", 0), ("one", 0), ("²", 0)])
def test_a_rank_is_what_torchrun_says_or_none(text: str, rank: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", text)
    monkeypatch.setenv("WORLD_SIZE", text)
    assert rank_here() == rank
    assert count_here() == max(rank, 1)
    assert os.environ["RANK"] == text
