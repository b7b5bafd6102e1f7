"""Config groups are known by conf/ alone: how today's are shown, and what knows of a new one."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import hydra
import pytest
from omegaconf import DictConfig

from gan_lab.cli.configs import expand_lists, version_base
from gan_lab.cli.hydra_plugins import prefer_own_configs
from gan_lab.cli.naming import choices_of
from gan_lab.cli.resolvers import register_resolvers
from gan_lab.config.groups import own_groups
from gan_lab.config.options import config_folder
from support.command_line import gan_lab

TESTS = Path(__file__).parents[1]


def composed(*overrides: str) -> DictConfig:
    """What Hydra makes of a command line, its own part included."""
    register_resolvers()
    prefer_own_configs()
    with hydra.initialize_config_dir(str(config_folder()), **version_base()):
        expanded = expand_lists(list(overrides))
        return hydra.compose("config", overrides=expanded, return_hydra_config=True)


# Today's groups, by value: other folders' names would make finished sweeps begin anew


def test_help_shows_the_groups_in_this_order() -> None:
    lines = gan_lab("train", "--help").out.splitlines()
    before, after = (index for index, line in enumerate(lines) if line.startswith(("Examples", "Keys ")))
    shown = [line for line in lines[before + 1 : after] if line and not line.startswith(" ")]
    expected = ["objective", "constraint", "architecture", "dataset", "optimizer", "default_constraint"]
    expected += ["tracker", "panel", "experiment"]
    assert shown == expected == list(own_groups().shown)


# with the defaults of then: those of today are other settings
JOBS = [
    ("metrics.every=0", "wgan_digits_seed0", "30865454eada"),
    (
        "objective=wgan_gp dataset=ring8 train.iterations=2000 metrics.every=0",
        "wgan_gp_ring8_seed0",
        "b0ea84e9f6c8",
    ),
    # where its numbers go is no part of what it is
    (
        "tracker=[tensorboard,wandb] tracker.parts.wandb.project=mine metrics.every=0",
        "wgan_digits_seed0",
        "30865454eada",
    ),
    ("optimizer=rmsprop seed=3 metrics.every=0", "wgan_digits_seed3", "206041457784"),
    ("panel=dcgan hydra/launcher=joblib metrics.every=0", "wgan_digits_seed0", "40c9f3061f41"),
    ("+optimizer@critic_optimizer=adam metrics.every=0", "wgan_digits_seed0", "60dd6a6cac80"),
    (
        "metrics.every=0 constraint=[spectral_norm,consistency] architecture.critic.norm=none",
        "wgan_digits_seed0",
        "767915468b3c",
    ),
    ("experiment=momentum scale=smoke", "wgan_digits_2seeds", "6dcc94a603eb"),
    ("experiment=robustness draw=3 train.n_critic=2", "wgan_digits_seed3", "5763a3fde76c"),
]


@pytest.mark.parametrize(("overrides", "name", "digest"), JOBS)
def test_a_job_of_a_sweep_keeps_its_folder(overrides: str, name: str, digest: str) -> None:
    root = composed(*overrides.split())
    assert root.hydra.sweep.subdir == f"{name}_{digest[:8]}"


@pytest.mark.parametrize(("overrides", "name", "digest"), JOBS[:2])
def test_a_job_that_was_begun_under_an_old_name_keeps_it(
    overrides: str, name: str, digest: str, tmp_path: Path
) -> None:
    old = tmp_path / f"wgan_clip_x_{name}_device=cpu_{digest}"
    old.mkdir()
    (tmp_path / f"other_{digest[:-1]}0").mkdir()
    root = composed(*overrides.split(), f"hydra.sweep.dir={tmp_path}")
    assert root.hydra.sweep.subdir == old.name


def test_only_what_the_defaults_name_is_a_choice() -> None:
    root = composed("experiment=momentum", "dataset=ring8", "hydra/launcher=joblib")
    composed_of = set(root.hydra.runtime.choices)
    assert {"settings", "sizes", "hydra/launcher", "optimizer@critic_optimizer"} <= composed_of
    halves = {"architecture/generator", "architecture/critic"}
    assert set(choices_of(root.hydra.runtime.choices)) == {*own_groups().shown, *halves} - {
        "tracker",
        "default_constraint",
    }


def test_a_list_of_options_is_refused_of_every_group_that_always_has_one() -> None:
    expected = ("objective", "constraint", "architecture", "dataset", "optimizer", "tracker")
    assert own_groups().sections == expected
    for group, names in {"objective": "gan,wgan", "optimizer": "adam,rmsprop"}.items():
        called = gan_lab("train", f"{group}=[{names}]")
        assert called.status == 2
        assert called.err.startswith(f"gan-lab: Hydra would merge a list of {group} options into one; ")


# A new group: a folder in conf/, and its default

ASKED = """
import json, sys
from pathlib import Path
from gan_lab.cli.compose import compose
from gan_lab.config.errors import UserError
from gan_lab.game.setup import build_setup
from gan_lab.reports.sweep.cells import group_into_cells
from gan_lab.runs.record import RunRecord
from support.command_line import gan_lab
from test_groups import composed

chosen = compose(["augmentation=flips", "dataset=ring8", "device=cpu"])
choices = [{"augmentation": a, "optimizer": o} for a in ("none", "flips") for o in ("adam", "rmsprop")]
records = [RunRecord(Path(str(k)), "completed", choices=each) for k, each in enumerate(choices)]
try:
    build_setup(chosen.config)  # its key is known, but nothing is built from it yet
except UserError as error:
    refused = str(error)
print(json.dumps({
    "help": gan_lab("train", "--help").out,
    "choices": chosen.choices,
    "refused": refused,
    "name": composed("augmentation=flips").hydra.sweep.subdir,
    "merged": gan_lab("train", "augmentation=[none,flips]").err,
    "labels": [cell.label for cell in group_into_cells([(record, {}) for record in records])],
}))
"""


def test_a_new_group_is_known_by_its_folder_and_its_default(tmp_path: Path) -> None:
    here = Path(__file__).parents[2]
    shutil.copytree(here / "gan_lab", tmp_path / "gan_lab", ignore=shutil.ignore_patterns("__pycache__"))
    conf = shutil.copytree(config_folder(), tmp_path / "conf")
    (conf / "augmentation").mkdir()
    for name in ("none", "flips"):
        (conf / "augmentation" / f"{name}.yaml").write_text(f"# Augmentation by {name}.\nprobability: 0.5\n")
    root = (conf / "config.yaml").read_text()
    (conf / "config.yaml").write_text(root.replace("  - _self_\n", "  - _self_\n  - augmentation: none\n"))

    paths = os.pathsep.join(str(path) for path in (tmp_path, TESTS, TESTS / "cli"))
    command = [sys.executable, "-c", ASKED]
    environment = os.environ | {"PYTHONPATH": paths}
    answered = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    said = json.loads(answered.stdout)

    assert "\naugmentation\n  flips                    Augmentation by flips.\n  none " in said["help"]
    assert said["refused"] == "augmentation is a group or key of conf/ that no part of a run is built from."
    assert said["choices"]["augmentation"] == "flips"
    assert said["name"].startswith("wgan_digits_seed0_")
    assert said["merged"].startswith("gan-lab: Hydra would merge a list of augmentation options into one; ")
    assert said["labels"] == ["none, adam", "none, rmsprop", "flips, adam", "flips, rmsprop"]
