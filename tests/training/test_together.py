"""One run on several processes: what one alone gets, to rounding, whatever batches share; and refusals."""

import csv
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from PIL import Image
from torch import Tensor, nn

from gan_lab.config.errors import UserError
from gan_lab.config.options import config_folder, list_options
from gan_lab.config.ranks import count_here, rank_here
from gan_lab.game.setup import Setup, build_setup
from gan_lab.numerics.processes import Processes
from gan_lab.objectives.gan import GAN
from gan_lab.runs.reading import read_run
from gan_lab.training.together import Leader, device_here, require_divisible
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


def test_two_processes_read_images_from_the_disk_and_go_on_from_a_checkpoint_as_one(
    train: Train, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (12, 16, 16, 3), np.uint8)
    for number, each in enumerate(pixels):
        Image.fromarray(each).save(folder / f"{number}.png")
    images = ["dataset=image_folder", f"dataset.root={folder}", "dataset.size=16", "dataset.resident=never"]
    small = ["architecture.generator.width=8", "architecture.critic.width=8", "objective=wgan"]
    words = [*SHORT, *images, *small, "train.checkpoint_every=2"]
    alone = train("alone", *words, "train.iterations=4")
    together = tmp_path / "together"
    for command in (
        ["train", "device=cpu", *words, f"hydra.run.dir={together}"],
        ["resume", str(together), "train.iterations=4"],
    ):
        processes = started_together(2, command, tmp_path)
        complaints = [process.communicate()[1] for process in processes]
        assert [process.returncode for process in processes] == [0, 0], complaints
    record = read_run(together)
    assert (record.status, record.iteration) == ("completed", 4)
    assert [sitting.iteration for sitting in record.sittings] == [0, 2]
    expected, found = numbers(alone), numbers(together)
    assert len(found) == len(expected) == 4
    for row, other in zip(expected, found, strict=True):
        assert other == pytest.approx(row, rel=ROUNDING, abs=ROUNDING)


def two_in_the_midst_of(run: Path) -> tuple[Any, Any]:
    """Two processes that have saved a checkpoint of a run, and go on for long."""
    toy = [*TOY, *FEW, "objective=gan", "device=cpu", "train.iterations=100000"]
    first, second = started_together(2, ["train", *toy, f"hydra.run.dir={run}"], run.parent)
    deadline = time.monotonic() + 300
    while not list(run.glob("checkpoints/*.pt")):
        assert first.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return first, second


@pytest.mark.slow
def test_a_process_that_is_killed_ends_the_run_in_a_sentence_and_another_goes_on(tmp_path: Path) -> None:
    run = tmp_path / "run"
    first, second = two_in_the_midst_of(run)
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
    assert "processes were 2 the last time, and are 1 now" in done.stdout
    assert read_run(run).status == "completed"


@pytest.mark.slow
def test_what_goes_wrong_in_another_process_is_said_by_it(tmp_path: Path) -> None:
    run = tmp_path / "run"
    first, second = two_in_the_midst_of(run)
    first.send_signal(signal.SIGKILL)
    said, complaint = second.communicate(timeout=300)
    first.communicate()
    assert (second.returncode, said) == (2, "")
    assert complaint.startswith("gan-lab: Process 1 of 2, from 0: Another process of this run is gone")
    assert complaint.count("\n") == 1


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


class Relativistic(GAN):
    """Of Jolicoeur-Martineau (2018): a mean inside of what is averaged."""

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return super().critic_loss(real - fake.mean(), fake - real.mean())


def test_a_loss_that_is_no_mean_over_rows_is_refused() -> None:
    setup = setup_of(*TOY, *FEW, "objective=gan")
    game = replace(setup.game, objective=Relativistic())
    with pytest.raises(UserError, match="objective=Relativistic has a loss that is no mean over the rows"):
        require_divisible(replace(setup, game=game), [{}], Processes(0, 2))


@pytest.mark.parametrize("objective", list_options("objective", [config_folder()]))
def test_every_loss_of_ours_is_a_mean_over_rows(objective: str) -> None:
    setup = setup_of(*TOY, *FEW, f"objective={objective}")
    require_divisible(setup, [{}], Processes(0, 2))


class Centred(nn.Module):
    """Lets the samples of a batch meet."""

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs - inputs.mean(0)


class OwnNorm(nn.BatchNorm1d):
    """Does something else besides."""

    def forward(self, inputs: Tensor) -> Tensor:
        return super().forward(inputs) + inputs.mean()


@pytest.mark.parametrize(
    "layer", [Centred(), OwnNorm(2, track_running_stats=False)], ids=["own", "of torch's"]
)
@pytest.mark.parametrize("name", ["generator", "critic"])
def test_samples_that_meet_elsewhere_are_refused(layer: nn.Module, name: str) -> None:
    setup = setup_of(*TOY, *FEW, "objective=gan")
    mixing = replace(setup, **{name: nn.Sequential(layer, getattr(setup, name))})
    with pytest.raises(UserError, match=f"architecture.{name} lets the samples of a batch meet elsewhere"):
        require_divisible(mixing, [{}], Processes(0, 2))


class Overheard(Processes):
    """Two processes, of which the second one only listens."""

    said: ClassVar[list[list[int]]] = []

    def from_first(self, tree: Any) -> Any:
        self.said.append(tree.tolist() if isinstance(tree, Tensor) else ["state"])
        return tree


def test_a_state_is_announced_where_the_others_do_not_have_it() -> None:
    state, other = setup_of(*TOY, "objective=gan").init_state(), setup_of(*TOY, "objective=gan").init_state()
    leader, said = Leader(Overheard(0, 2)), Overheard.said
    leader.announce(3, state)
    leader.came_to(other)
    leader.announce(4, other)
    leader.came_to(other)
    leader.announce(4, state)  # played again, as after a value that was not finite
    assert said == [[3, 1], ["state"], [4, 0], [4, 1], ["state"]]
    leader.close()  # from within an iteration: they wait for its exchanges
    assert said[5:] == []
    leader.came_to(state)
    leader.close()
    assert said[5:] == [[-1, 0]]


@pytest.mark.parametrize(
    ("device", "cards", "found"),
    [
        ("cpu", 2, "cpu"),
        ("auto", 0, "auto"),
        ("auto", 2, "cuda:1"),
        ("cuda", 2, "cuda:1"),
        (None, 2, None),
        (3, 2, 3),
        ("cuda:0", 2, "device must be auto, cpu or cuda where 2 processes"),
        ("cuda", 1, "2 processes were started on this machine, which has 1 card"),
    ],
)
def test_each_process_has_a_card_of_its_own(
    device: Any, cards: int, found: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: cards)
    assert device_here(device) == device  # one process alone
    for name, number in {"RANK": 1, "WORLD_SIZE": 2, "LOCAL_RANK": 1, "LOCAL_WORLD_SIZE": 2}.items():
        monkeypatch.setenv(name, str(number))
    if isinstance(found, str) and " " in found:
        with pytest.raises(UserError, match=found):
            device_here(device)
    else:
        assert device_here(device) == found


def test_a_rank_without_a_number_of_processes_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert (rank_here(), count_here()) == (0, 1)


def test_a_batch_is_divided_in_the_order_of_ranks() -> None:
    rows = [list(range(12))[Processes(rank, 3).rows(12)] for rank in range(3)]
    assert rows == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]


@pytest.mark.parametrize(("text", "rank"), [("3", 3), ("", 0), ("-1", 0), ("one", 0), ("²", 0)])
def test_a_rank_is_what_torchrun_says_or_none(text: str, rank: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", text)
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert (rank_here(), count_here()) == (rank, 4)
    monkeypatch.setenv("WORLD_SIZE", text)
    assert (rank_here(), count_here()) == (0, max(rank, 1))
