"""What the README shows works as it is shown."""

import re
import shlex
import sys
from itertools import product
from pathlib import Path

import pytest

from gan_lab.cli import main as cli
from gan_lab.config.groups import own_groups
from gan_lab.config.options import config_folder, list_options
from gan_lab.game.setup import build_setup
from gan_lab.runs.record import find_runs
from support.configs import FEW, compose_config

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def train_commands() -> list[list[str]]:
    lines = [line.partition(" #")[0] for block in blocks("") for line in block.splitlines()]
    return [shlex.split(line)[2:] for line in lines if line.startswith("gan-lab train")]


def expand(arguments: list[str]) -> list[tuple[str, ...]]:
    """The jobs of a command: every combination of values that are separated by commas outside brackets."""
    overrides = [argument for argument in arguments if "=" in argument]
    return list(product(*([o] if "[" in o else spread(o) for o in overrides)))


def spread(override: str) -> list[str]:
    key, _, values = override.partition("=")
    return [f"{key}={value}" for value in values.split(",")]


def test_the_readme_has_commands_to_test() -> None:
    assert len(train_commands()) >= 5


@pytest.mark.parametrize("arguments", train_commands(), ids=" ".join)
def test_a_train_command_composes_and_builds(arguments: list[str]) -> None:
    for job in expand(arguments)[:4]:
        build_setup(compose_config(*[o for o in job if not o.startswith("device=")]))


def test_the_table_lists_every_option() -> None:
    table = README.partition("## Choosing")[2].partition("## Sweeps")[0]
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]*)`", table))))
    for group in own_groups().shown:
        options = set(list_options(group, [config_folder()])) - {"compose", "spectral_norm_consistency"}
        assert options <= named, group


def test_the_objective_of_the_readme_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, config = blocks("python")[0], blocks("yaml")[0]
    (tmp_path / "my_package.py").write_text(code)
    (tmp_path / "conf" / "objective").mkdir(parents=True)
    config = config.replace("gan_lab.objectives.relativistic", "my_package")
    (tmp_path / "conf" / "objective" / "relativistic.yaml").write_text(config)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    arguments = ["--config-dir", "conf", "objective=relativistic", "trusted=[my_package]", "device=cpu"]
    small = ["dataset=ring8", "train.iterations=4", "architecture.critic.width=8", *FEW]
    monkeypatch.setattr(sys, "argv", ["gan-lab", "train", *arguments, *small])
    assert cli.main() == 0, capsys.readouterr().err
    (record,) = find_runs(tmp_path)
    assert (record.status, record.iteration) == ("completed", 4)
