"""What folders of jobs and sweeps are called: two jobs never meet in one, and the same job finds its own."""

import re
from pathlib import Path

import hydra
import pytest

from gan_lab.cli.configs import version_base
from gan_lab.cli.hydra_plugins import prefer_own_configs
from gan_lab.cli.naming import sweep_name
from gan_lab.cli.resolvers import register_resolvers
from gan_lab.config.options import config_folder

RING = ("dataset=ring8", "objective=gan")


def folder_of(*overrides: str) -> str:
    """The folder of a job below that of its sweep."""
    register_resolvers()
    prefer_own_configs()
    with hydra.initialize_config_dir(str(config_folder()), **version_base()):
        root = hydra.compose("config", overrides=list(overrides), return_hydra_config=True)
    return str(root.hydra.sweep.subdir)


def name_and_hash(*overrides: str) -> tuple[str, str]:
    name, _, digest = folder_of(*overrides).rpartition("_")
    assert len(digest) == 8
    return name, digest


def test_a_name_says_the_seed_whether_it_was_typed_or_not() -> None:
    names = {seed: name_and_hash(*RING, *typed) for seed, typed in {0: (), 7: ("seed=7",)}.items()}
    for seed, (name, _) in names.items():
        assert f"seed{seed}" in name.split("_")
        assert name.count("seed") == 1  # what was typed is not said a second time
    assert names[0][1] != names[7][1]


def test_a_name_says_the_objective_and_the_dataset_and_no_value() -> None:
    name, _ = name_and_hash(*RING, "optimizer.lr=0.002", "train.n_critic=3")
    assert name == "gan_ring8_seed0"


@pytest.mark.parametrize(("seeds", "said"), [("3", "3seeds"), ("[5,9]", "2seeds"), ("null", "seed4")])
def test_a_name_says_how_many_seeds_are_trained_together(seeds: str, said: str) -> None:
    assert name_and_hash(*RING, "seed=4", f"train.seeds={seeds}")[0] == f"gan_ring8_{said}"


def test_a_lone_run_is_called_like_a_job_and_the_time_comes_last() -> None:
    register_resolvers()
    prefer_own_configs()
    with hydra.initialize_config_dir(str(config_folder()), **version_base()):
        root = hydra.compose("config", overrides=list(RING), return_hydra_config=True)
    name, digest = name_and_hash(*RING)
    folder = str(root.hydra.run.dir)
    assert re.fullmatch(rf"outputs/runs/{name}_{digest[:4]}_\d{{4}}-\d\d-\d\d_[\d-]+", folder)


@pytest.mark.parametrize("change", ["seed=1", "optimizer.lr=0.0021", "train.iterations=7", "device=cpu"])
def test_another_config_is_another_folder(change: str) -> None:
    assert name_and_hash(*RING, change)[1] != name_and_hash(*RING)[1]


@pytest.mark.parametrize("key", ["scale=paper", "scale=smoke", "draw=3", "learning_rate=0.1"])
def test_what_only_files_of_experiments_read_is_no_other_config(key: str) -> None:
    """Where it changes a setting, that setting is another; where it changes none, the job is the same."""
    assert name_and_hash(*RING, key)[1] == name_and_hash(*RING)[1]


def test_a_scale_that_changes_sizes_changes_the_hash_through_them() -> None:
    smoke, paper = (name_and_hash("experiment=fig3", f"scale={s}") for s in ("smoke", "paper"))
    assert smoke[1] != paper[1]


def test_a_sweep_is_called_alike_in_any_order_and_otherwise_when_it_is_another() -> None:
    sweep = ["objective=gan,wgan", "seed=0,1", "dataset=ring8"]
    assert sweep_name(sweep) == sweep_name(sweep[::-1])
    assert sweep_name([*sweep, "hydra.launcher.n_jobs=2"]) == sweep_name(sweep)
    others = [
        sweep_name([*sweep[:2], "dataset=grid25"]),
        sweep_name(["objective=gan,wgan", "seed=0,2", sweep[2]]),
    ]
    assert len({sweep_name(sweep), *others}) == 3


def test_no_value_in_the_name_of_a_sweep_is_cut() -> None:
    sweep = [
        "objective=gan,wgan,wgan_gp,hinge,lsgan",
        "optimizer.lr=0.00012345,0.00023456,0.00034567",
        "seed=0,1",
    ]
    words = sweep_name(sweep).rpartition("_")[0]
    assert words == "objective=gan,wgan,wgan_gp,hinge,lsgan_seed=0,1"


def test_a_sweep_that_was_begun_under_an_old_name_keeps_it(tmp_path: Path) -> None:
    sweep = ["objective=gan,wgan", "seed=0,1"]
    name = sweep_name(sweep, tmp_path)
    digest = name.rpartition("_")[2]
    (tmp_path / f"cut_at_some_byt_{digest}").mkdir()
    assert sweep_name(sweep, tmp_path) == f"cut_at_some_byt_{digest}"
    assert sweep_name([*sweep, "dataset=ring8"], tmp_path) != f"cut_at_some_byt_{digest}"
