"""Every experiment at every scale: what it sweeps composes, and each job is built and checked."""

from itertools import product
from typing import Any

import hydra
import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from gan_lab.cli.configs import take_experiment_keys
from gan_lab.cli.hydra_plugins import prefer_own_configs
from gan_lab.cli.naming import sweep_name
from gan_lab.cli.resolvers import register_resolvers
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.config.options import config_folder, list_options
from gan_lab.config.scales import SCALES, at_scale, drawn
from gan_lab.game.setup import Setup, build_setup
from support.configs import compose_config

# the paper's single run sweeps nothing
EXPERIMENTS = [name for name in list_options("experiment", [config_folder()]) if name != "paper_wgan"]


def jobs_of(name: str, scale: str) -> list[list[str]]:
    """The overrides of each job that an experiment sweeps over; of long axes, the first two and the last."""
    overrides = [f"experiment={name}", f"scale={scale}"]
    register_resolvers()
    prefer_own_configs()
    with hydra.initialize_config_dir(str(config_folder()), version_base="1.3"):
        config = hydra.compose("config", overrides=overrides, return_hydra_config=True)
        assert config.hydra.mode.name == "MULTIRUN"
        params: dict[str, Any] = OmegaConf.to_container(config.hydra.sweeper.params, resolve=True)
        parser = OverridesParser.create(GlobalHydra.instance().config_loader())
        axes = []
        for override in parser.parse_overrides([f"{key}={value}" for key, value in params.items()]):
            if override.is_sweep_override():
                values = list(override.sweep_string_iterator())
                axes.append([f"{override.key_or_group}={v}" for v in [*values[:2], *values[2:][-1:]]])
            else:
                axes.append([override.input_line])
    return [[*overrides, *job] for job in product(*axes)]


def assembled(job: list[str]) -> Setup:
    config = compose_config("device=cpu", *job)
    return build_setup(config | {"train": config["train"] | {"seeds": None}})


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_job_of_every_experiment_is_built(name, scale):
    jobs = jobs_of(name, scale)
    assert len(jobs) > 1
    # large networks take seconds to initialise: of those, the first and the last
    for job in jobs if scale == "smoke" else [jobs[0], jobs[-1]]:
        experiment = assembled(job)
        assert 0 < experiment.metrics.every <= experiment.train.iterations


def test_a_scale_is_one_of_three_values():
    assert [at_scale(scale, (1, 2, 3)) for scale in (*SCALES, None)] == [1, 2, 3, 2]
    with pytest.raises(BadValueError, match=r"scale must be one of smoke, laptop, paper; got 'huge'"):
        at_scale("huge", (1, 2, 3))
    with pytest.raises(BadValueError, match=r"gan_lab\.scale must be given 3 values"):
        at_scale("smoke", (1, 2))


@pytest.mark.parametrize("key", ["scale", "draw"])
def test_keys_of_experiments_need_an_experiment(key):
    composed = {"scale": None, "draw": None, "seed": 0} | {key: "paper"}
    with pytest.raises(UserError, match=f"{key} must come with an experiment"):
        take_experiment_keys(composed, {"objective": "wgan"})


def test_a_rate_without_an_experiment_is_no_choice():
    composed = {"scale": None, "draw": None, "learning_rate": 2e-4, "seed": 0}
    assert take_experiment_keys(composed, {"objective": "wgan"}) == {}
    assert composed == {"seed": 0}


def test_keys_of_experiments_become_choices():
    composed = {"scale": None, "draw": 3, "seed": 0}
    assert take_experiment_keys(composed, {"experiment": "x"}) == {"scale": "laptop", "draw": "3"}
    assert composed == {"seed": 0}


def test_draws_are_repeatable_uniform_and_independent():
    values = ("a", "b", "c", "d")
    pairs = [(drawn(k, "width", values), drawn(k, "depth", values)) for k in range(1600)]
    assert pairs[7] == (drawn(7, "width", values), drawn(7, "depth", values))
    counts = [pairs.count(pair) for pair in product(values, values)]
    # 15 degrees of freedom: above 37.7 with probability 0.001
    assert sum((count - 100) ** 2 / 100 for count in counts) < 37.7


@pytest.mark.parametrize(
    ("scale", "rates"), [("laptop", {"gan": 2e-4, "wgan": 2e-4, "wgan_gp": 2e-4}),
                         ("paper", {"gan": 2e-4, "wgan": 5e-5, "wgan_gp": 1e-4})]
)  # fmt: skip
def test_rates_are_one_at_laptop_scale_and_the_published_ones_at_the_papers(scale, rates):
    jobs = {name: ["experiment=stability", f"scale={scale}", f"objective={name}"] for name in rates}
    found = {name: compose_config(*job)["optimizer"]["lr"] for name, job in jobs.items()}
    assert found == rates


def test_a_panels_rate_beats_that_of_its_experiment():
    assert compose_config("experiment=fig3", "panel=mlp_mlp_fast")["optimizer"]["lr"] == 0.05


def test_both_objectives_of_a_draw_meet_the_same_architecture():
    jobs = [["experiment=robustness", f"objective={name}", "draw=5"] for name in ("gan", "wgan_gp")]
    gan, wgan_gp = (assembled(job) for job in jobs)
    assert gan.seed == wgan_gp.seed == 5
    assert str(gan.game.generator) == str(wgan_gp.game.generator)


def test_sweeps_are_named_after_their_experiment():
    name = sweep_name(["experiment=fig3", "scale=smoke", "hydra/launcher=joblib"])
    assert name.startswith("fig3_smoke_")
    assert name == sweep_name(["scale=smoke", "experiment=fig3"])


# what the papers say of their experiments; where an experiment departs from it, its file says so
OF_THE_PAPERS = {
    # objective of the sweep to rate, momentum or decay, batch, critic steps: WGAN algorithm 1; DCGAN; WGAN-GP
    ("stability", "objective=wgan"): {"lr": 5e-5, "batch_size": 64, "n_critic": 5, "bound": 0.01},
    ("stability", "objective=gan"): {"lr": 2e-4, "beta1": 0.5, "batch_size": 64, "n_critic": 1},
    ("stability", "objective=wgan_gp"): {
        "lr": 1e-4,
        "beta1": 0.0,
        "beta2": 0.9,
        "n_critic": 5,
        "weight": 10.0,
    },
    ("fig3", "panel=mlp"): {"lr": 5e-5, "width": 512},
    ("fig3", "panel=mlp_mlp_fast"): {"lr": 0.05, "width": 512},
    ("fig4", "panel=mlp_mlp"): {"lr": 2e-4, "width": 512},
    ("fig6_nobn", "objective=wgan"): {"lr": 5e-5, "width": 64, "bound": 0.01},
    ("clip_value", "constraint.bound=0.001"): {"lr": 5e-5, "depth": 12, "bound": 0.001, "ema": None},
    ("toy_modes", "objective=wgan_gp"): {"lr": 1e-4, "width": 512, "ema": None, "weight": 10.0},
}


def values_of(config: dict[str, Any], key: str) -> list[Any]:
    """The values of a setting in the groups that it may stand in; of networks, both halves'."""
    networks = (config["architecture"][half] for half in ("generator", "critic"))
    nodes = (config["optimizer"], config["train"], config["constraint"], *networks)
    return [node[key] for node in nodes if key in node]


@pytest.mark.parametrize(("experiment", "choice"), OF_THE_PAPERS)
def test_the_papers_scale_is_the_papers(experiment, choice):
    config = compose_config(f"experiment={experiment}", "scale=paper", choice)
    for key, value in OF_THE_PAPERS[experiment, choice].items():
        found = values_of(config, key)
        assert found, key
        assert value in found, key
    assert config["train"]["warmup_critic_steps"] == 0
