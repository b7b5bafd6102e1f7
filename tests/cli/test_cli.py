"""What a user types and gets: help, sweeps, completion, samples, resumption."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from omegaconf import DictConfig
from PIL import Image

import gan_lab as package
from gan_lab.cli import main as cli
from gan_lab.cli.hydra_app import run_app
from gan_lab.cli.naming import sweep_name
from gan_lab.config.groups import own_groups
from gan_lab.config.options import config_folder, list_options
from gan_lab.runs.reading import find_runs
from support.command_line import gan_lab, no_log_handlers
from support.configs import DIGITS, TOY
from support.report_runs import write_run

FAST = [
    "device=cpu",
    "train.iterations=2",
    "train.batch_size=4",
    "train.warmup_critic_steps=0",
    "train.n_critic=1",
]
SMALL = [*TOY, *FAST]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def toy_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "toy"
    assert gan_lab("train", *SMALL, "objective=gan", f"hydra.run.dir={run}").status == 0
    return run


@pytest.fixture(scope="module")
def digits_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "digits"
    assert gan_lab("train", *DIGITS, *FAST, "objective=gan", f"hydra.run.dir={run}").status == 0
    return run


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def records(folder: Path) -> dict[Path, dict[str, object]]:
    return {path.parent: json.loads(path.read_text()) for path in sorted(folder.rglob("run.json"))}


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]], ids=str)
def test_help_lists_the_commands(arguments: list[str]) -> None:
    called = gan_lab(*arguments)
    assert called.status == 0
    assert all(f"  {name} " in called.out for name in cli.COMMANDS)


@pytest.mark.parametrize(
    "command", ["sample", "interpolate", "export", "resume", "diagnose", "runs", "board"]
)
def test_every_command_that_reads_runs_has_help(command: str) -> None:
    called = gan_lab(command, "--help")
    assert called.status == 0
    assert called.out.startswith(f"usage: gan-lab {command}")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["evaluate", "RUN", "--samples", "abc"],
            "--samples must be a whole number greater than 0; got 'abc'.",
        ),
        (["evaluate", "RUN", "--seed", "x"], "--seed must be a whole number, 0 or greater; got 'x'."),
        (["sample", "RUN", "--n", "0"], "--n must be a whole number greater than 0; got '0'."),
        (["sample", "RUN", "--format", "gif"], "--format must be one of png, npy; got 'gif'."),
        (
            ["runs", "DIR", "--bogus"],
            "runs: unrecognized arguments: --bogus; gan-lab runs --help lists what there is.",
        ),
    ],
)
def test_a_wrong_plain_argument_is_refused_in_a_line(arguments: list[str], line: str) -> None:
    assert gan_lab(*arguments) == (2, "", f"gan-lab: {line}\n")


def test_version() -> None:
    assert gan_lab("--version") == (0, f"gan-lab {package.__version__}\n", "")


def test_an_unknown_command_is_refused() -> None:
    called = gan_lab("trian")
    assert (called.status, called.out) == (2, "")
    allowed = ", ".join(cli.COMMANDS)
    expected = f"gan-lab: The command must be one of {allowed}; got 'trian'. Did you mean train?\n"
    assert called.err == expected


def test_help_of_train_has_every_option_with_its_line() -> None:
    called = gan_lab("train", "--help")
    assert called.status == 0
    lines = [" ".join(line.split()) for line in called.out.splitlines()]
    for group in own_groups().shown:
        options = list_options(group, [config_folder()])
        assert not options or group in lines
        for name, text in options.items():
            assert f"{name} {' '.join(text.split())}" in lines


def test_cfg_job_prints_the_config_and_runs_nothing(tmp_path: Path) -> None:
    called = gan_lab("train", "--cfg", "job", "objective=wgan_gp", "dataset=ring8", "seed=7")
    assert called.status == 0
    config = yaml.safe_load(called.out)
    assert config["seed"] == 7
    assert config["constraint"]["_target_"].endswith("GradientPenalty")
    assert list(tmp_path.iterdir()) == []


def test_info_defaults_says_where_each_part_comes_from(tmp_path: Path) -> None:
    called = gan_lab("train", "--info", "defaults", "objective=hinge")
    assert called.status == 0
    assert "constraint/spectral_norm" in called.out
    assert list(tmp_path.rglob("run.json")) == []


def test_constraints_in_brackets_stand_side_by_side(tmp_path: Path) -> None:
    run = tmp_path / "run"
    called = gan_lab(
        *("train", *DIGITS, *FAST, "constraint=[spectral_norm,consistency]", "critic_norm=none"),
        f"hydra.run.dir={run}",
    )
    assert called.status == 0
    parts = yaml.safe_load((run / "config.yaml").read_text())["constraint"]["parts"]
    assert list(parts) == ["spectral_norm", "consistency"]


SWEEP = ["train", "-m", *SMALL, "objective=gan,wgan", "hydra.sweep.dir=sweep"]


def test_a_sweep_again_repeats_nothing(tmp_path: Path) -> None:
    sweep = ["train", "-m", *SMALL, "objective=gan,wgan"]  # in the folder that is named after it
    called = gan_lab(*sweep)
    assert called.status == 0
    (folder,) = (tmp_path / "outputs" / "sweeps").iterdir()
    assert f"gan-lab report {folder.relative_to(tmp_path)}\n" in called.out
    found = records(tmp_path / "outputs" / "sweeps")
    assert [record["status"] for record in found.values()] == ["completed"] * 2
    assert {run.parent for run in found} == {next(iter(found)).parent}
    assert {record["choices"]["objective"] for record in found.values()} == {"gan", "wgan"}
    before = contents(tmp_path)
    assert gan_lab(*sweep[:2], *reversed(sweep[2:])).status == 0
    changed = [path for path, data in contents(tmp_path).items() if data != before.get(path)]
    # the sweep's own record, and the log that says it was completed before
    assert {path.name for path in changed} <= {"multirun.yaml", "train.log"}


def test_an_interrupted_sweep_goes_on_where_it_was(tmp_path: Path) -> None:
    assert gan_lab(*SWEEP).status == 0
    finished, killed = records(tmp_path)
    complete = contents(killed / "checkpoints")
    record = json.loads((killed / "run.json").read_text())
    (killed / "run.json").write_text(json.dumps(record | {"status": "running", "iteration": 0, "final": {}}))
    for path in complete:
        path.unlink()
    before = contents(finished)
    assert gan_lab(*SWEEP).status == 0
    assert [each["status"] for each in records(tmp_path).values()] == ["completed"] * 2
    assert {path.name for path in contents(killed / "checkpoints")} == {path.name for path in complete}
    after = contents(finished)
    assert [path for path in before if path.name != "train.log" and before[path] != after[path]] == []


def test_another_config_never_lands_in_a_jobs_folder(tmp_path: Path) -> None:
    assert gan_lab(*SWEEP).status == 0
    before = contents(tmp_path / "sweep")
    assert gan_lab(*SWEEP, "optimizer.eps=1e-7").status == 0
    after = contents(tmp_path / "sweep")
    assert len(records(tmp_path / "sweep")) == 4
    assert [path for path in before if path.name != "multirun.yaml" and before[path] != after[path]] == []


def test_a_sweep_ends_whatever_a_job_does(tmp_path: Path) -> None:
    """The first job is refused, the second diverges, the third trains: the end says which was refused."""
    called = gan_lab(
        *("train", "-m", *SMALL, "objective=wgan", "constraint=none", "train.iterations=9"),
        *("optimizer.lr=-1,1e30,1e-4", "hydra.sweep.dir=sweep"),
    )
    assert called.status == 2
    errors = [line for line in called.err.splitlines() if line.startswith("gan-lab: ")]
    assert len(errors) == 1
    assert "optimizer.lr=-1: optimizer.lr must be a number greater than 0; got -1." in errors[0]
    assert "Traceback" not in called.err
    found = records(tmp_path / "sweep")
    assert sorted(record["status"] for record in found.values()) == ["completed", "diverged"]
    assert {path.name for path in (tmp_path / "sweep").iterdir() if path.is_dir()} == {
        run.name for run in found
    }


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("gan-lab tr", {"train"}),
        ("gan-lab r", {"report", "resume", "runs"}),
        ("gan-lab ", set(cli.COMMANDS)),
        ("gan-lab train objective=wg", {"objective=wgan", "objective=wgan_gp"}),
        ("gan-lab train dataset=ring8 train.it", {"train.iterations="}),
        ("gan-lab prepare dataset=cel", {"dataset=celeba"}),
    ],
)
def test_bash_completes_commands_options_and_keys(line: str, expected: set[str]) -> None:
    called = gan_lab("-sc", "query=bash", COMP_LINE=line, COMP_POINT=str(len(line)))
    assert called.status == 0
    words = set(called.out.split())
    assert words == expected or {f"objective={word}" for word in words} == expected


MINE = """
from dataclasses import dataclass
from gan_lab.config.checks import PositiveFloat
from gan_lab.objectives.wasserstein import Wasserstein

@dataclass(frozen=True)
class Scaled(Wasserstein):
    scale: PositiveFloat = 1.0
    def critic_loss(self, real, fake):
        return self.scale * super().critic_loss(real, fake)
"""


@pytest.fixture
def _my_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One .py and one .yaml of a user's own."""
    (tmp_path / "my_losses.py").write_text(MINE)
    (tmp_path / "my_conf" / "objective").mkdir(parents=True)
    text = "# My own.\n_target_: my_losses.Scaled\nscale: 2.0  # of the loss\n"
    (tmp_path / "my_conf" / "objective" / "scaled.yaml").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("my_losses", None)


@pytest.mark.usefixtures("_my_package")
def test_a_users_own_objective_trains_where_it_is_trusted(tmp_path: Path) -> None:
    mine = ["train", "--config-dir", "my_conf", *SMALL, "objective=scaled", "hydra.run.dir=run"]
    refused = gan_lab(*mine)
    assert refused.status == 2
    assert "trusted=[my_losses] to train" in refused.err
    assert not (tmp_path / "run").exists()
    assert gan_lab(*mine, "trusted=[my_losses]").status == 0
    assert yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())["objective"]["scale"] == 2.0
    assert gan_lab("resume", "run", "train.iterations=3").status == 2
    assert gan_lab("resume", "run", "train.iterations=3", "--trust", "my_losses").status == 0
    assert "  scaled " in gan_lab("train", "--config-dir", "my_conf", "--help").out


def sampled(run: Path, out: str, *arguments: str) -> dict[str, bytes]:
    assert gan_lab("sample", str(run), "--out", out, *arguments).status == 0
    return {
        str(path.relative_to(Path(out).absolute())): data
        for path, data in contents(Path(out).absolute()).items()
    }


@pytest.mark.parametrize("kind", ["toy_run", "digits_run"])
def test_the_same_seed_gives_the_same_bytes(kind: str, request: pytest.FixtureRequest) -> None:
    run = request.getfixturevalue(kind)
    before = contents(run)
    first = sampled(run, "first", "--n", "5", "--format", "npy")
    assert sorted(first) == ["grid_iteration2_seed0_n5.png", "samples_iteration2_seed0_n5.npy"]
    assert sampled(run, "again", "--n", "5", "--format", "npy") == first
    other = sampled(run, "other", "--n", "5", "--format", "npy", "--seed", "1")
    assert not set(other.values()) & set(first.values())
    assert contents(run) == before


@pytest.mark.parametrize("kind", ["toy_run", "digits_run"])
def test_one_sample_is_the_first_of_many(kind: str, request: pytest.FixtureRequest) -> None:
    run = request.getfixturevalue(kind)
    sampled(run, "out", "--n", "1", "--format", "npy")
    sampled(run, "out", "--n", "300", "--format", "npy")
    one = np.load("out/samples_iteration2_seed0_n1.npy")
    many = np.load("out/samples_iteration2_seed0_n300.npy")
    assert one.dtype == many.dtype == np.float32
    assert one.shape == (1, *many.shape[1:])
    assert np.unique(many, axis=0).shape == many.shape
    np.testing.assert_allclose(one[0], many[0], atol=1e-5, rtol=0)


def test_png_writes_every_image_on_its_own(digits_run: Path) -> None:
    files = sampled(digits_run, "out", "--n", "3", "--format", "png")
    assert sorted(files) == [
        "grid_iteration2_seed0_n3.png",
        *(f"samples_iteration2_seed0_n3/{i:05d}.png" for i in range(3)),
    ]
    sampled(digits_run, "out", "--n", "3", "--format", "npy")
    pixels = (np.load("out/samples_iteration2_seed0_n3.npy")[2, 0] + 1) * 127.5
    with Image.open("out/samples_iteration2_seed0_n3/00002.png") as image:
        assert (image.size, image.mode) == ((16, 16), "L")
        np.testing.assert_allclose(np.asarray(image, dtype=float), pixels, atol=0.501)


def test_resume_extends_a_run(tmp_path: Path) -> None:
    assert gan_lab("train", *SMALL, "objective=gan", "hydra.run.dir=run").status == 0
    assert gan_lab("resume", "run", "train.iterations=5").status == 0
    assert gan_lab("train", *SMALL, "objective=gan", "train.iterations=5", "hydra.run.dir=whole").status == 0
    assert json.loads(Path("run/run.json").read_text())["iteration"] == 5
    assert Path("run/metrics.csv").read_bytes() == Path("whole/metrics.csv").read_bytes()


def test_runs_lists_every_run(toy_run: Path) -> None:
    called = gan_lab("runs", str(toy_run.parent))
    assert called.status == 0
    header, line = called.out.splitlines()[:2]
    assert {"run", "status", "iteration"} <= set(header.split())
    assert {"toy", "completed", "2/2"} <= set(line.split())
    Path("empty").mkdir()
    assert gan_lab("runs", "empty").out == "There are no runs in empty.\n"


def test_board_opens_tensorboard_that_keeps_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executed: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(os, "execv", lambda path, arguments: executed.append((path, arguments)))
    gan_lab("board", str(tmp_path), "--port", "7007")
    ((path, arguments),) = executed
    assert path == arguments[0] == sys.executable
    assert arguments[1:5] == ["-m", "gan_lab.tracking.board_server", "--logdir", str(tmp_path)]
    assert (
        "--samples_per_plugin=scalars=1000000000,images=1000000000,histograms=1000000000,text=1000000000"
    ) in arguments
    assert arguments[-2:] == ["--port", "7007"]
    assert "--open" not in arguments
    for before in (["--open", str(tmp_path)], [str(tmp_path), "--open"]):
        gan_lab("board", *before)
        assert executed[-1][1][3:5] == ["--logdir", str(tmp_path)]
        assert "--open" in executed[-1][1]


def test_boards_help_says_what_it_opens_and_where() -> None:
    told = " ".join(gan_lab("board", "--help").out.split())
    assert "the runs in and below a folder" in told
    assert "default outputs" in told
    assert "http://localhost:6006/" in told
    for option in ("--open", "--port N", "--host NAME", "--bind_all"):
        assert f"{option} " in told


def test_board_of_a_folder_without_runs_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "execv", lambda path, arguments: None)
    first, second = gan_lab("board", str(tmp_path), "--port=7007").out.splitlines()
    assert first == f"There is no run in {tmp_path} yet; the page shows one soon after it begins."
    assert second.endswith(" http://localhost:7007/")


def test_board_says_where_bands_are_where_there_are_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "execv", lambda path, arguments: None)
    (write_run(tmp_path / "run") / "events.out.tfevents.0000000000.x").touch()
    first = "Distance, health, quality and samples first: http://localhost:7007/\n"
    assert gan_lab("board", str(tmp_path), "--port=7007").out == first
    bands = tmp_path / "report" / "tensorboard" / "gan"
    bands.mkdir(parents=True)
    (bands / "events.out.tfevents.0000000000.seeds").touch()
    told = gan_lab("board", str(tmp_path), "--port=7007").out
    assert told == f"{first}Bands over seeds: http://localhost:7007/bands/\n"


def test_board_says_so_where_no_run_has_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "execv", lambda path, arguments: None)
    for name in ("a", "b"):
        write_run(tmp_path / name)
    first, _ = gan_lab("board", str(tmp_path)).out.splitlines()
    assert first == (
        f"No run in {tmp_path} has events of TensorBoard, which tracker=tensorboard writes: the page is "
        "empty."
    )
    for name in ("a", "b"):
        (tmp_path / name / "archived.json").touch()
    first, _ = gan_lab("board", str(tmp_path)).out.splitlines()
    assert first == (
        "Archives hold no events of TensorBoard, and the page is empty; "
        f"gan-lab report {tmp_path} shows their numbers."
    )


@pytest.mark.parametrize("choice", ["[gp,r1]", "['gp','r1']"])
def test_constraints_that_hydra_would_merge_are_refused(tmp_path: Path, choice: str) -> None:
    swept = [
        f"constraint={choice},clip",
        "dataset=ring8",
        "train.iterations=2",
        f"hydra.sweep.dir={tmp_path}",
    ]
    called = gan_lab("train", "-m", *swept)
    assert called.status == 2
    assert "such as constraint=spectral_norm_consistency" in called.err
    assert find_runs(tmp_path) == []


@pytest.mark.parametrize("variables", [{}, {"GAN_LAB_SWEEP": "mine", "HYDRA_FULL_ERROR": "1"}], ids=str)
@pytest.mark.parametrize("crashing", [False, True])
def test_a_command_leaves_the_process_as_it_was(
    crashing: bool, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """While it runs, Hydra and the workers of launchers find the overrides and the name of the sweep."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", arguments := ["gan-lab", "train"])
    for name in ("GAN_LAB_SWEEP", "HYDRA_FULL_ERROR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    before, during = dict(os.environ), []

    def job(config: DictConfig) -> None:
        during.append((sys.argv[1:], os.environ["GAN_LAB_SWEEP"]))
        if crashing:
            raise RuntimeError

    with no_log_handlers(), pytest.raises(RuntimeError) if crashing else contextlib.nullcontext():
        run_app(job, ["seed=3", "hydra.run.dir=."])
    assert during == [(["seed=3", "hydra.run.dir=."], sweep_name(["seed=3"]))]
    assert sys.argv is arguments
    assert dict(os.environ) == before
