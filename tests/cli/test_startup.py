"""What a command does not use it does not wait for: which modules are imported, never how long that takes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gan_lab.runs.config_hash import config_hash
from gan_lab.runs.reading import read_run
from support.configs import Compose
from support.report_runs import write_run

# each of these takes a second or more to import; torch alone makes up half of what a run needs to start
TORCH, COMPILER = "torch", "torch._dynamo"
READERS_AND_FIGURES = {"torchvision", "sklearn", "matplotlib"}

COMMAND = """
from gan_lab.cli.main import main
sys.argv = ["gan-lab", *given]
try:
    status = main()
except SystemExit as leaving:
    status = leaving.code or 0
with open("status", "w") as file:
    file.write(str(status))
"""

ASSEMBLE = """
from gan_lab.game.setup import build_setup
for config in given:
    build_setup(config)
"""

PLAY_ONE_ITERATION = """
from gan_lab.game.batches import BatchSource
from gan_lab.game.execution import make_execution
from gan_lab.game.setup import build_setup
from gan_lab.types import Batch
for config in given:
    setup = build_setup(config)
    sampler = setup.dataset.open(setup.device)
    block = BatchSource(sampler, setup.batch_shape, setup.seed, setup.device).block(0)
    batch = Batch(*(values[0] for values in block))
    make_execution(setup.game, "eager").iteration(setup.init_state(), batch)
"""


def modules_after(script: str, given: object, folder: Path) -> set[str]:
    """The modules that a new process has imported when a script, which finds ``given``, is done."""
    begin = "import json, sys; given = json.loads(sys.argv[1])"
    end = "with open('modules', 'w') as file: file.write(' '.join(sys.modules))"
    command = [sys.executable, "-c", "\n".join([begin, script, end]), json.dumps(given)]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return set((folder / "modules").read_text().split())


@pytest.mark.parametrize("command", ["train", "distances"])
def test_a_reader_who_has_seen_enough_is_no_fault_of_the_command(command: str, tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    called = subprocess.run(
        [sys.executable, "-m", "gan_lab", command, "--help"],
        cwd=tmp_path,
        stdout=write_end,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write_end)
    assert (called.returncode, called.stderr) == (0, b"")


def test_a_diagnosis_reads_tables_without_torch(tmp_path: Path) -> None:
    write_run(tmp_path / "run")
    imported = modules_after(COMMAND, ["diagnose", "run"], tmp_path)
    assert "gan_lab.diagnosis.diagnose" in imported
    assert imported & {TORCH, *READERS_AND_FIGURES} == set()


@pytest.mark.parametrize("shape", [(40, 3), (0, 2), (40,)], ids=str)
def test_an_array_of_another_shape_is_refused_without_torch(shape: tuple[int, ...], tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(shape, np.float32))
    modules = modules_after(COMMAND, ["evaluate", "--samples", "a.npy", "--dataset", "ring8"], tmp_path)
    assert modules & {TORCH, *READERS_AND_FIGURES} == set()
    assert (tmp_path / "status").read_text() == "2"


@pytest.mark.parametrize("command", ["sample", "interpolate", "export", "report"])
def test_a_file_in_place_of_a_folder_is_refused_without_torch(command: str, tmp_path: Path) -> None:
    write_run(tmp_path / "run")
    (tmp_path / "err").touch()
    modules = modules_after(COMMAND, [command, "run", "--out", "err"], tmp_path)
    assert modules & {TORCH, *READERS_AND_FIGURES} == set()
    assert (tmp_path / "status").read_text() == "2"


def test_a_finished_run_is_resumed_without_torch(tmp_path: Path) -> None:
    config = read_run(write_run(tmp_path / "other")).read_config()
    write_run(tmp_path / "run", config_hash=config_hash(config), iterations=200, iteration=200)
    assert modules_after(COMMAND, ["resume", "run"], tmp_path) & {TORCH, *READERS_AND_FIGURES} == set()
    assert (tmp_path / "status").read_text() == "0"
    for refused in (
        ["train.iterations=many"],
        ["seed=3"],
        ["device=gpu"],
        ["device=cpu", "train.execution=graph"],
        ["train.execution=fast"],
        ["dataset.root=/nope"],
        ["--iterations", "100"],
    ):
        modules = modules_after(COMMAND, ["resume", "run", *refused], tmp_path)
        assert modules & {TORCH, *READERS_AND_FIGURES} == set()
        assert (tmp_path / "status").read_text() == "2"


@pytest.mark.parametrize(
    "arguments",
    [[], ["--help"], ["--version"], ["runs", "."], ["train", "--help"], ["train", "--cfg", "job"]],
    ids=" ".join,
)
def test_commands_that_compute_nothing_do_without_torch(arguments: list[str], tmp_path: Path) -> None:
    modules = modules_after(COMMAND, arguments, tmp_path)
    assert "gan_lab.cli.main" in modules
    assert modules & {TORCH, *READERS_AND_FIGURES} == set()
    assert (tmp_path / "status").read_text() == "0"


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "train.batch_size=-1"],
        ["train", "train.profile=1001"],
        ["train", "train.warmup_critic_steps=1000000000000000000"],
        ["train", "constraint=spectral_norm", "constraint.power_iterations=1000000000000"],
        ["train", "dataset=ring8", "constraint=bjorck", "constraint.iterations=1000000000000"],
        ["train", "dataset=grid25", "dataset.n_per_side=1000000000"],
        ["train", "objective=gan", "optimizer.betas=[2,0.9]"],
        ["train", "+dataset.no_such_key=1"],
        ["train", "+no_such.key=1"],
        ["train", "~train"],
        ["train", "train=5"],
        ["train", "train.seeds=[]"],
        ["train", "train.seeds=[1,1]"],
        ["train", "constraint=[clip,gp]", "constraint.parts.clip.bound=0"],
        ["train", "-m", "seed=-1,-2"],
        ["train", "device=phone"],
        ["train", "device=cpu", "train.precision=tf32"],
        ["train", "device=cpu", "train.execution=graph"],
        ["train", "-m", "device=cpu", "train.precision=tf32", "seed=0,1"],
        ["train", "tracker=[]"],
        ["train", "tracker=several"],
        ["prepare", "dataset=mnist", "dataset.size=-1"],
        ["prepare", "dataset=ring8"],
        ["distances", "experiment=dirac_gan", "start=[0,0]"],
    ],
    ids=" ".join,
)
def test_bad_values_are_refused_without_torch(arguments: list[str], tmp_path: Path) -> None:
    modules = modules_after(COMMAND, arguments, tmp_path)
    assert modules & {TORCH, *READERS_AND_FIGURES} == set()
    assert "numpy" not in modules or arguments[0] == "distances"
    assert (tmp_path / "status").read_text() == "2"


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "tracker=wandb"],
        ["train", "tracker=[tensorboard,mlflow]"],
        ["train", "-m", "seed=0,1", "tracker=wandb"],
        ["resume", "run", "tracker=wandb"],
        ["train", "metrics.samples=64", "train.warmup_iterations=3", "dataset=ring8", "objective=gan"],
        ["train", "dataset=mnist"],
        ["train", "dataset=image_folder", "dataset.root=nowhere"],
        ["prepare", "dataset=cifar10"],
        ["train", f"seed={'9' * 3000}"],
        ["train", f"train.seeds=[1,{10**18 + 1}]"],
    ],
    ids=lambda each: " ".join(each)[:60],
)
def test_what_is_missing_or_unread_is_refused_without_torch(arguments: list[str], tmp_path: Path) -> None:
    without = "import sys; sys.modules['wandb'] = sys.modules['mlflow'] = None\n"
    modules = modules_after(without + COMMAND, arguments, tmp_path)
    assert modules & {TORCH, *READERS_AND_FIGURES} == set()
    assert (tmp_path / "status").read_text() == "2"


@pytest.mark.parametrize("command", ["sample", "interpolate", "evaluate"])
def test_what_is_no_device_is_refused_without_torch(command: str, tmp_path: Path) -> None:
    write_run(tmp_path / "run")
    arguments = [command, "run", "--device", "phone"]
    assert modules_after(COMMAND, arguments, tmp_path) & {TORCH, *READERS_AND_FIGURES} == set()
    assert (tmp_path / "status").read_text() == "2"


@pytest.mark.parametrize("command", ["sample", "interpolate", "export", "evaluate"])
def test_what_is_no_run_is_refused_without_torch(command: str, tmp_path: Path) -> None:
    assert modules_after(COMMAND, [command, "nowhere"], tmp_path) & {TORCH, *READERS_AND_FIGURES} == set()
    assert (tmp_path / "status").read_text() == "2"


@pytest.mark.parametrize("command", ["report", "archive"])
@pytest.mark.parametrize("given", ["nowhere", ".", ""], ids=["absent", "empty", "nothing"])
def test_what_holds_no_runs_is_refused_without_tables(command: str, given: str, tmp_path: Path) -> None:
    modules = modules_after(COMMAND, [command, given], tmp_path)
    assert modules & {TORCH, *READERS_AND_FIGURES, "pandas", "scipy"} == set()
    assert (tmp_path / "status").read_text() == "2"


def test_a_dataset_is_described_without_what_reads_it(compose: Compose, tmp_path: Path) -> None:
    configs = [compose("device=cpu", f"dataset={name}") for name in ("ring8", "digits", "cifar10")]
    modules = modules_after(ASSEMBLE, configs, tmp_path)
    assert TORCH in modules
    assert modules & {COMPILER, *READERS_AND_FIGURES} == set()


def test_toys_are_played_eagerly_without_the_compiler(compose: Compose, tmp_path: Path) -> None:
    objectives = ("wgan", "wgan_gp")
    configs = [compose("device=cpu", "dataset=ring8", f"objective={name}") for name in objectives]
    modules = modules_after(PLAY_ONE_ITERATION, configs, tmp_path)
    assert TORCH in modules
    assert modules & {COMPILER, *READERS_AND_FIGURES} == set()
