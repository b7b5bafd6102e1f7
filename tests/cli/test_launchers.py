"""Launchers, sweepers, and what is said of jobs that fail, whatever process they run in."""

import dataclasses
import importlib.util
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hydra
import pytest
import yaml
from hydra_plugins.hydra_joblib_launcher.config import JobLibLauncherConf
from hydra_plugins.hydra_submitit_launcher.config import LocalQueueConf, SlurmQueueConf
from omegaconf import OmegaConf

from gan_lab.cli import parallelism
from gan_lab.cli.hydra_plugins import prefer_own_configs
from gan_lab.cli.resolvers import register_resolvers
from gan_lab.cli.tasks import join_tasks
from gan_lab.config.options import config_folder
from gan_lab.config.ranks import count_here, rank_here
from gan_lab.runs.reading import find_runs
from gan_lab.training import signals
from gan_lab.training.signals import stop_on_signals
from support.command_line import Called, gan_lab
from support.configs import FEW, TOY

ROOT = Path(__file__).parents[2]
QUICK = [*TOY, *FEW, "objective=gan", "device=cpu", "train.execution=eager", "train.iterations=4"]
OPTUNA = importlib.util.find_spec("optuna") is not None
SWEEP = ["train", "-m", *QUICK, "hydra.sweep.dir=sweep"]

OWN = ["train", "--config-dir", "my_conf", *SWEEP[1:], "trusted=[crashing]"]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin in a folder of its own, and with workers of its own, which stay where they were started."""
    monkeypatch.chdir(tmp_path)
    yield
    loky = sys.modules.get("joblib.externals.loky")
    if loky is not None:
        loky.get_reusable_executor().shutdown(wait=True, kill_workers=True)


def hydra_config(node: str, *overrides: str) -> dict[str, Any]:
    """Return a node of Hydra's own config as a sweep with these overrides composes it, resolved."""
    register_resolvers()
    prefer_own_configs()
    with hydra.initialize_config_dir(str(config_folder()), version_base="1.3"):
        composed = hydra.compose("config", overrides=list(overrides), return_hydra_config=True)
        composed.hydra.job.name = "train"
        config: dict[str, Any] = OmegaConf.to_container(composed.hydra[node], resolve=True)
    return config


def errors(called: Called) -> list[str]:
    return [line for line in called.err.splitlines() if line.startswith("gan-lab: ")]


def files(folder: Path) -> dict[Path, tuple[bytes, int]]:
    """Content and time of change of every file of a run; Hydra's own log says that it was asked again."""
    found = [path for path in folder.rglob("*") if path.is_file() and path.name not in ("train.log", ".lock")]
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in found}


@pytest.mark.parametrize(
    ("name", "plugin", "own"),
    [
        ("joblib", JobLibLauncherConf, {"n_jobs"}),
        ("submitit_local", LocalQueueConf, {"timeout_min", "gpus_per_node"}),
        ("submitit_slurm", SlurmQueueConf, {"array_parallelism", "gpus_per_node", "timeout_min", "setup"}),
    ],
)
def test_a_launchers_config_has_the_plugins_arguments(name: str, plugin: type, own: set[str]) -> None:
    config = hydra_config("launcher", f"hydra/launcher={name}")
    assert own <= set(config) <= {field.name for field in dataclasses.fields(plugin)}
    assert config["_target_"] == next(f.default for f in dataclasses.fields(plugin) if f.name == "_target_")


def test_every_launcher_comes_with_a_line_of_explanation() -> None:
    for path in (config_folder() / "hydra").rglob("*.yaml"):
        comments = [line for line in path.read_text().splitlines() if line.startswith("# ")]
        assert [line for line in comments if not line.startswith("# @package")], path


def test_jobs_share_the_cores_but_not_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joblib.cpu_count", lambda: 6)
    assert hydra_config("launcher", "hydra/launcher=joblib", "device=cpu")["n_jobs"] == 6
    assert hydra_config("launcher", "hydra/launcher=joblib", "device=cuda:1")["n_jobs"] == 1
    assert hydra_config("sweeper", "hydra/launcher=submitit_local", "device=cpu")["max_batch_size"] == 6
    assert hydra_config("sweeper", "hydra/launcher=joblib", "device=cpu")["max_batch_size"] is None
    two = ("hydra/launcher=submitit_local", "hydra.launcher.tasks_per_node=4", "device=cpu")
    assert hydra_config("sweeper", *two)["max_batch_size"] == 1
    assert hydra_config("launcher", "hydra/launcher=submitit_local", "device=cuda")["gpus_per_node"] == 1
    assert hydra_config("launcher", "hydra/launcher=joblib", "hydra.launcher.n_jobs=3")["n_jobs"] == 3


def test_a_driver_tells_of_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(parallelism, "_DRIVERS", (str(tmp_path / "driver"),))
    assert not parallelism.uses_gpu("auto")
    (tmp_path / "driver").touch()
    assert parallelism.uses_gpu("auto")
    assert not parallelism.uses_gpu("cpu")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert not parallelism.uses_gpu("auto")


@pytest.mark.parametrize(
    ("choice", "plugin"),
    [
        ("hydra/launcher=joblib", "launcher joblib"),
        ("hydra/launcher=submitit_slurm", "launcher submitit"),
        ("hydra/sweeper=optuna", "sweeper optuna"),
    ],
)
def test_a_plugin_that_is_missing_is_named(choice: str, plugin: str) -> None:
    script = (
        "import sys; sys.modules['hydra_plugins'] = None; from gan_lab.cli.main import main; sys.exit(main())"
    )
    command = [sys.executable, "-c", script, *SWEEP, "seed=0,1", choice]
    called = subprocess.run(command, capture_output=True, text=True, check=False)
    assert called.returncode == 2
    assert (
        called.stderr
        == f"gan-lab: The {plugin} is not installed; it comes with pip install 'gan-lab[sweeps]'.\n"
    )


CRASHING = """
from dataclasses import dataclass
from gan_lab.objectives.wasserstein import Wasserstein

class Unsendable(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one}\\n{two}")

@dataclass(frozen=True)
class Crashing(Wasserstein):
    def critic_loss(self, real, fake):
        raise Unsendable("no scores", "today")
"""


@pytest.fixture
def _crashing_objective(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An objective that raises what no process can send to another."""
    (tmp_path / "my_conf" / "objective").mkdir(parents=True)
    (tmp_path / "my_conf" / "objective" / "crashing.yaml").write_text("_target_: crashing.Crashing\n")
    (tmp_path / "crashing.py").write_text(CRASHING)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("crashing", None)


@pytest.mark.usefixtures("_crashing_objective")
@pytest.mark.parametrize("launcher", ["basic", pytest.param("joblib", marks=pytest.mark.slow)])
def test_a_job_that_crashes_stops_no_other(launcher: str, tmp_path: Path) -> None:
    sweep = [*OWN, f"hydra/launcher={launcher}"]
    called = gan_lab(*sweep, "objective=crashing,gan", "optimizer.lr=1e-3,-1")
    assert called.status == 1
    crashed, *refused = errors(called)
    assert "objective=crashing " in crashed
    assert "Crashed with Unsendable: no scores (traceback in " in crashed
    assert [line.rpartition(": ")[2] for line in refused] == [
        "optimizer.lr must be a number greater than 0; got -1."
    ] * 2
    (run,) = [run for run in find_runs(tmp_path) if run.status == "failed"]
    assert "Unsendable" in (run.path / "train.log").read_text()
    assert [run.status for run in find_runs(tmp_path) if run.choices["objective"] == "gan"] == ["completed"]
    assert not list(tmp_path.rglob(".failures"))


def test_notes_of_an_earlier_sweep_are_forgotten(tmp_path: Path) -> None:
    notes = tmp_path / "sweep" / ".failures"
    notes.mkdir(parents=True)
    (notes / "0.json").write_text(json.dumps(["an earlier job", 1]))
    called = gan_lab(*SWEEP, "seed=0")
    assert (called.status, errors(called)) == (0, [])


@pytest.mark.slow
def test_a_joblib_sweep_reports_repeats_nothing_and_goes_on(tmp_path: Path) -> None:
    sweep = [*SWEEP, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "optimizer.lr=-1,1e-3,1e30,1e-4"]
    called = gan_lab(*sweep)
    assert called.status == 2
    (line,) = errors(called)
    assert "optimizer.lr=-1: optimizer.lr must be a number greater than 0; got -1." in line
    runs = find_runs(tmp_path)
    assert sorted(run.status for run in runs) == ["completed", "completed", "diverged"]
    killed = next(run for run in runs if run.status == "completed")
    record = json.loads((killed.path / "run.json").read_text())
    (killed.path / "run.json").write_text(json.dumps(record | {"status": "running", "iteration": 0}))
    before = {run.path: files(run.path) for run in runs}
    assert errors(gan_lab(*sweep)) == [line]
    assert sorted(run.status for run in find_runs(tmp_path)) == ["completed", "completed", "diverged"]
    for run in runs:
        assert (files(run.path) == before[run.path]) == (run.path != killed.path)


@pytest.mark.slow
def test_a_joblib_worker_computes_with_its_share_of_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    from joblib import Parallel, cpu_count, delayed
    from torch import get_num_threads

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    config = hydra_config("launcher", "hydra/launcher=joblib", "device=cpu")
    del config["_target_"]
    threads = Parallel(**config, backend="loky")(delayed(get_num_threads)() for _ in range(cpu_count()))
    assert set(threads) == {1}


@pytest.mark.slow
def test_workers_of_a_killed_sweep_save_and_the_same_command_goes_on(tmp_path: Path) -> None:
    """After kill -9 of the parent its workers save and leave; the sweep starts again at once."""
    sweep = [*SWEEP, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "seed=0,1", "train.iterations=3000"]
    sweep += ["train.log_every=50", "train.sample_every=3000", "train.checkpoint_every=3000"]
    command = [sys.executable, "-m", "gan_lab", *sweep]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as parent:
        wait_until(lambda: len([*tmp_path.rglob("metrics.csv")]) == 2)
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: {run.status for run in find_runs(tmp_path)} == {"interrupted"})
    assert all(0 < run.iteration < 3000 for run in find_runs(tmp_path))
    assert gan_lab(*sweep).status == 0
    assert [(run.status, run.iteration) for run in find_runs(tmp_path)] == [("completed", 3000)] * 2
    for run in find_runs(tmp_path):
        assert "goes on after iteration" in (run.path / "train.log").read_text()


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.usefixtures("_crashing_objective")
def test_a_worker_that_is_killed_breaks_the_sweep_off_in_one_line(tmp_path: Path) -> None:
    """The objective kills its process, as the system does where memory is short."""
    killing = CRASHING.replace("raise Unsendable", "__import__('os').kill(__import__('os').getpid(), 9), ")
    (tmp_path / "crashing.py").write_text(killing)
    called = gan_lab(*OWN, "hydra/launcher=joblib", "objective=crashing", "seed=0")
    assert called.status == 1
    (line,) = errors(called)
    assert line.startswith("gan-lab: The sweep broke off (TerminatedWorkerError: ")
    assert line.endswith("; the same command again does what is left.")


@pytest.mark.slow
def test_submitit_runs_each_job_in_a_process_of_its_own(tmp_path: Path) -> None:
    called = gan_lab(*SWEEP, "hydra/launcher=submitit_local", "optimizer.lr=1e-3,-1")
    assert called.status == 2
    (line,) = errors(called)
    assert "optimizer.lr must be a number greater than 0; got -1." in line
    assert [run.status for run in find_runs(tmp_path)] == ["completed"]


@pytest.mark.slow
@pytest.mark.skipif(not OPTUNA, reason="the plugin of Optuna needs Hydra 1.3")
@pytest.mark.filterwarnings("ignore")  # optuna 2.10's own
def test_optuna_finds_the_best_and_repeats_nothing(tmp_path: Path) -> None:
    sweep = [
        *SWEEP,
        "hydra/sweeper=optuna",
        "hydra.sweeper.n_trials=3",
        "metrics.every=4",
        "metrics.samples=32",
    ]
    sweep += ["optimizer.lr=interval(1e-5,1e-2)", "train.returned_metric=distance/w1_exact"]
    assert gan_lab(*sweep).status == 0
    results = tmp_path / "sweep" / "optimization_results.yaml"
    best = yaml.safe_load(results.read_text())
    runs = find_runs(tmp_path)
    assert len(runs) == 3
    assert best["best_value"] == min(run.numbers["distance/w1_exact"] for run in runs)
    before = {run.path: files(run.path) for run in runs}
    assert gan_lab(*sweep).status == 0
    assert {run.path: files(run.path) for run in find_runs(tmp_path)} == before
    assert yaml.safe_load(results.read_text()) == best


@pytest.mark.skipif(not OPTUNA, reason="the plugin of Optuna needs Hydra 1.3")
@pytest.mark.filterwarnings("ignore")
def test_optuna_leaves_out_what_is_refused() -> None:
    called = gan_lab(
        *SWEEP, "hydra/sweeper=optuna", "hydra.sweeper.n_trials=2", "optimizer.lr=interval(-2,-1)"
    )
    assert called.status == 2
    assert len(errors(called)) == 2
    assert all("optimizer.lr must be a number greater than 0" in line for line in errors(called))


def test_a_schedulers_warning_has_its_turn_after_the_block() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR2, lambda number, frame: heard.append(number))
    try:
        with stop_on_signals() as request:
            assert signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL  # nobody waits for that one
            signal.raise_signal(signal.SIGUSR2)
            signal.raise_signal(signal.SIGUSR2)  # said again, it is no hurry
            assert request
            assert heard == []
        assert heard == [signal.SIGUSR2]
    finally:
        signal.signal(signal.SIGUSR2, before)


def test_a_worker_without_its_parent_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not signals.StopRequest()
    parent = SimpleNamespace(pid=os.getppid())
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: parent)
    assert not signals.StopRequest()
    parent.pid += 1
    request = signals.StopRequest()
    assert request
    assert request.signal == signal.SIGHUP


@pytest.mark.parametrize(("arguments", "status"), [([], 0), (["--require"], 1)], ids=str)
def test_the_proof_of_slurm_is_skipped_with_a_reason(arguments: list[str], status: int) -> None:
    script = ROOT / "scripts" / "slurm_proof.sh"
    if not script.exists():
        pytest.skip("not in a checkout")
    environment = {"PATH": "/usr/bin:/bin", "PYTHON": "/bin/false"}
    called = subprocess.run(
        ["bash", str(script), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert called.returncode == status
    assert called.stdout.startswith("skipped: ")


@pytest.mark.slow
def test_the_tasks_of_a_job_train_its_run_together(tmp_path: Path) -> None:
    """Two of them; what is refused is noted once, and the second one writes nothing."""
    together = ["hydra/launcher=submitit_local", "hydra.launcher.tasks_per_node=2"]
    called = gan_lab(*SWEEP, *together, "optimizer.lr=1e-3,-1")
    assert called.status == 2
    (line,) = errors(called)
    assert "optimizer.lr must be a number greater than 0; got -1." in line
    (run,) = find_runs(tmp_path)
    assert (run.status, str(run.execution)) == ("completed", "eager, 2 processes")
    alone = tmp_path / "alone"
    assert gan_lab("train", *QUICK, "optimizer.lr=1e-3", f"hydra.run.dir={alone}").status == 0
    told, expected = (
        sorted(path.name.partition(".tfevents")[0] for path in folder.iterdir())
        for folder in (run.path, alone)
    )
    assert told == expected
    # the sweep is done: nothing is left to do but what is refused
    before = files(run.path)
    assert gan_lab(*SWEEP, *together, "optimizer.lr=1e-3,-1").status == 2
    assert files(run.path) == before


@pytest.mark.parametrize(
    ("variables", "launcher", "joined"),
    [
        ({"SUBMITIT_EXECUTOR": "local"}, "hydra_plugins.hydra_submitit_launcher.submitit_launcher.X", True),
        ({"SUBMITIT_EXECUTOR": "local"}, "hydra._internal.core_plugins.basic_launcher.BasicLauncher", False),
        ({}, "hydra_plugins.hydra_submitit_launcher.submitit_launcher.X", False),
    ],
)
def test_only_a_job_of_submitit_has_tasks(
    variables: dict[str, str], launcher: str, joined: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = {"JOB_ID": "7", "NTASKS": "2", "GLOBALID": "1", "LOCALID": "1", "NNODES": "1", "NODEID": "0"}
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "")  # so that it is taken back at the end
        monkeypatch.delenv(name)
    monkeypatch.delenv("SUBMITIT_EXECUTOR", raising=False)
    for name, value in (variables | {f"SUBMITIT_LOCAL_{key}": text for key, text in local.items()}).items():
        monkeypatch.setenv(name, value)
    join_tasks({"_target_": launcher})
    assert (rank_here(), count_here()) == ((1, 2) if joined else (0, 1))
