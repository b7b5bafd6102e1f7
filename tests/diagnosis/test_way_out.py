"""Every way out, as the command that is printed: it composes, whatever was typed, and leads where it says."""

import shlex
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import pytest

from gan_lab.cli.compose import compose
from gan_lab.cli.configs import expand_lists, to_plain, version_base
from gan_lab.cli.early import refuse_early
from gan_lab.cli.hydra_plugins import prefer_own_configs
from gan_lab.cli.resolvers import register_resolvers
from gan_lab.cli.unread import refuse_unread
from gan_lab.config.errors import UserError
from gan_lab.config.options import config_folder, list_options
from gan_lab.diagnosis.observed import Observed
from gan_lab.diagnosis.way_out import command_of
from gan_lab.diagnosis.words import scaled
from gan_lab.runs.config_hash import KEYS_OF_COMPOSITION
from gan_lab.runs.record import RunRecord, leaves_of

RING = "dataset=ring8"
EXPERIMENTS = list_options("experiment", [config_folder()])
TYPED = {
    "nothing": [],
    "clip": ["constraint=clip"],
    "bound": ["constraint.bound=.01"],
    "both": ["constraint=clip", "constraint.bound=.01"],
    "clip_bound": ["clip_bound=.5"],
    "optimizer": ["optimizer=rmsprop", "optimizer.lr=1e-3"],
    "rate": ["optimizer.lr=1e-3"],
    "alpha": ["optimizer.alpha=.9"],
    "critic's": ["+optimizer@critic_optimizer=adam", "critic_optimizer.lr=1e-4"],
    "list": [
        *("constraint=compose", "+constraint@constraint.parts.clip=clip"),
        "constraint.parts.clip.bound=.1",
    ],
    "seeds": ["train.seeds=3", "train.n_critic=2", "train.iterations=9"],
    "folder": ["hydra.run.dir=runs/mine", "hydra.mode=RUN"],
    "norm": ["dataset=digits", "critic_norm=batch"],
    "its norm": ["dataset=digits", "architecture.critic.norm=batch"],
    "objective": ["objective=fgan_alpha", "objective.alpha=3"],
    **{f"experiment={name}": [f"experiment={name}", "hydra.mode=RUN", "scale=smoke"] for name in EXPERIMENTS},
    "axis": ["experiment=clip_value", "hydra.mode=RUN", "constraint.bound=0.001"],
    "clip_lr_share": ["objective=wgan", "clip_lr_share=0.5"],
    "gp_weight": ["objective=wgan_gp", "gp_weight=3"],
    "label_distance": ["objective=lsgan", "label_distance=2"],
    "r1_weight": ["objective=fgan_kl", "constraint=r1", "r1_weight=3"],
    "adam_beta1": ["objective=gan", "adam_beta1=0.9"],
    "[clip,gp]": ["constraint=[clip,gp]", "clip_bound=0.02", "gp_weight=3"],
    "an experiment's rate": ["experiment=stability", "hydra.mode=RUN", "learning_rate=1e-3"],
}
WAYS = [
    "objective=wgan_gp",
    "constraint=[gp,consistency]",
    "optimizer.lr=0.01",
    "train.n_critic=5",
    "train.batch_size=256",
    "train.iterations=4938268",
]


def words(typed: list[str], way: str) -> list[str]:
    program, command, *rest = shlex.split(command_of(shlex.join(["gan-lab", "train", *typed]), way))
    assert (program, command) == ("gan-lab", "train")
    return rest


def read_whole(typed: list[str]) -> Any:
    """Return what is composed, of which every typed key decides something."""
    register_resolvers()
    prefer_own_configs()
    with hydra.initialize_config_dir(str(config_folder()), **version_base()):
        root = hydra.compose("config", expand_lists(typed))
        refuse_unread(root, typed, swept=False)
    return {key: value for key, value in to_plain(root).items() if key not in KEYS_OF_COMPOSITION}


@pytest.mark.parametrize("typed", TYPED)
@pytest.mark.parametrize("way", WAYS)
def test_it_runs_as_printed(typed: str, way: str) -> None:
    given = words(TYPED[typed] if "experiment" in str(TYPED[typed]) else [RING, *TYPED[typed]], way)
    config = read_whole(given)
    key, _, value = way.partition("=")
    refuse_early(config)
    assert not any(word.startswith("hydra.run.dir") for word in given)
    if way == "objective=wgan_gp":
        assert config["constraint"]["_target_"] == "gan_lab.constraints.gradient_penalty.GradientPenalty"
    elif "." in key:
        assert leaves_of(config)[key] == float(value)


@pytest.mark.parametrize(
    ("typed", "way", "kept"),
    [
        ("[clip,gp]", "constraint.parts.clip.bound=0.1", ["constraint=[clip,gp]", "gp_weight=3"]),
        ("[clip,gp]", "constraint.parts.gp.weight=1", ["constraint=[clip,gp]", "clip_bound=0.02"]),
        ("[clip,gp]", "constraint=[gp,consistency]", ["gp_weight=3"]),
        ("clip_bound", "constraint.bound=0.1", []),
        ("clip_bound", "clip_bound=0.1", []),
        ("bound", "clip_bound=0.1", []),
        ("r1_weight", "constraint.weight=1", ["objective=fgan_kl", "constraint=r1"]),
        ("clip_lr_share", "critic_lr_share=0.1", ["objective=wgan"]),
        ("its norm", "critic_norm=layer", ["dataset=digits"]),
    ],
)
def test_keys_that_nothing_would_read_are_left_out_and_others_stay(
    typed: str, way: str, kept: list[str]
) -> None:
    begin = [] if "norm" in typed else [RING]
    given = words([*begin, *TYPED[typed]], way)
    assert given == [*begin, *kept, way]
    read_whole(given)


@pytest.mark.parametrize("typed", ["nothing", "norm", "its norm", "clip_bound", "list"])
def test_a_penalty_of_a_critic_with_batch_norm_comes_with_another_norm(typed: str) -> None:
    dcgan = [] if "norm" in typed else ["architecture=dcgan"]
    given = words([*dcgan, *TYPED[typed]], "constraint=[gp,consistency] architecture.critic.norm=layer")
    assert leaves_of(read_whole(given))["architecture.critic.norm"] == "layer"


def test_a_norm_that_hung_on_the_constraint_is_kept_beside_another() -> None:
    photos = ["objective=gan", "dataset=photos"]
    given = words(photos, "constraint=[gp,consistency] architecture.critic.norm=none")
    assert leaves_of(read_whole(given))["architecture.critic.norm"] == "none"
    assert (
        leaves_of(read_whole([*photos, "constraint=[gp,consistency]"]))["architecture.critic.norm"] == "batch"
    )


@pytest.mark.parametrize("typed", ["clip", "bound", "both", "list", "norm", "alpha"])
def test_it_could_not_be_added_to_what_was_typed(typed: str) -> None:
    way = "objective=wgan_gp"
    try:
        config = compose([RING, *TYPED[typed], way]).config
    except UserError:
        return  # an option of a constraint or optimizer that is there no more
    assert "WeightClip" in str(config["constraint"]) or config["critic_norm"] == "batch"


def test_what_else_was_typed_stays() -> None:
    typed = ["--config-dir", "my conf", RING, "optimizer=rmsprop", "optimizer.alpha=.9", "seed=3"]
    assert words(typed, "objective=wgan_gp") == [*typed, "objective=wgan_gp"]
    typed = ["+optimizer@critic_optimizer=adam", "optimizer.lr=1", "tracker=[tensorboard,wandb]"]
    assert words([*typed, "learning_rate=2"], "optimizer.lr=0.1") == [typed[0], typed[2], "optimizer.lr=0.1"]
    assert words([*typed, "constraint.bound=2"], "train.n_critic=5")[3] == "constraint.bound=2"


def test_there_is_none_where_nothing_was_said_or_another_command_typed() -> None:
    assert command_of("gan-lab train", "") == ""
    assert command_of("python -c 'import'", "objective=wgan_gp") == ""


@pytest.mark.parametrize(("value", "said"), [(1234567, "4938268"), (1e-7, "4e-07"), (1e30, "4e+30")])
def test_whole_numbers_keep_their_digits(value: float, said: str) -> None:
    run = Observed(RunRecord(Path(), "completed"), np.zeros(0, np.int64), {}, {"train.iterations": value})
    assert scaled(run, "train.iterations", 4) == f"train.iterations={said}"
