"""What the README and the pages of docs/ show works as it is shown."""

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
from gan_lab.runs.reading import find_runs
from support.configs import FEW, compose_config

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


def train_commands() -> list[tuple[str, ...]]:
    """The commands that pages show, without those with a part that the reader fills in."""
    shown = [block for page in PAGES for language in ("", "console") for block in blocks(page, language)]
    lines = [
        line.partition(" #")[0].removeprefix("$ ")
        for b in shown
        for line in b.replace("\\\n", "").splitlines()
    ]
    commands = [shlex.split(line)[2:] for line in lines if line.startswith("gan-lab train")]
    return [command for command in dict.fromkeys(map(tuple, commands)) if "--config-dir" not in command]


def expand(arguments: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The jobs of a command: every combination of values that are separated by commas outside brackets."""
    # what is Hydra's says who trains, not what
    overrides = [argument for argument in arguments if "=" in argument and not argument.startswith("hydra")]
    return list(product(*([o] if "[" in o else spread(o) for o in overrides)))


def spread(override: str) -> list[str]:
    key, _, values = override.partition("=")
    if function := re.fullmatch(r"(?:.*\()([^,()]+)[^()]*\)+", values):
        return [f"{key}={function[1]}"]  # range(8), tag(log, interval(1e-5, 1e-2))
    return [f"{key}={value}" for value in values.split(",")]


def test_the_pages_have_commands_to_test() -> None:
    commands = train_commands()
    assert len(commands) >= 20
    for shown in (["dataset=image_folder", "experiment=stability"], ["hydra/sweeper=optuna"]):
        assert all(any(part in command for command in commands) for part in shown)


@pytest.mark.parametrize("arguments", train_commands(), ids=" ".join)
def test_a_train_command_composes_and_builds(arguments: tuple[str, ...]) -> None:
    for job in expand(arguments)[:4]:
        build_setup(compose_config(*[o for o in job if not o.startswith("device=")]))


def test_the_readme_is_short_and_shows_a_picture_first() -> None:
    lines = README.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 120
    assert any(line.startswith("![") for line in lines[:20])


def test_the_readme_names_every_page() -> None:
    linked = set(re.findall(r"\]\((docs/[^)#]+\.md)", README.read_text(encoding="utf-8")))
    known = {"docs/tutorial.md", "docs/install.md", "docs/configuration.md", "docs/results/README.md"}
    assert known <= linked


def test_the_table_lists_every_option() -> None:
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]*)`", text_of("docs/choosing.md")))))
    named |= set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]*)`", text_of("docs/experiments.md")))))
    for group in own_groups().shown:
        options = set(list_options(group, [config_folder()])) - {"compose", "spectral_norm_consistency"}
        assert options <= named, group


def test_the_objective_that_is_shown_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = ROOT / "docs" / "plugins.md"
    code, config = blocks(page, "python")[0], blocks(page, "yaml")[0]
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
