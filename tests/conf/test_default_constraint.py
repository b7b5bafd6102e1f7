"""What objectives without a constraint of their own get: spectral norms of 1; what is typed beats it."""

import pytest

from gan_lab.cli.naming import choices_of
from gan_lab.config.options import config_folder, list_options
from support.configs import compose_config

OBJECTIVES = list_options("objective", [config_folder()])
WITHOUT = {
    name
    for name in OBJECTIVES
    if "override /constraint" not in (config_folder() / "objective" / f"{name}.yaml").read_text()
}


BRINGING = {f"fgan_{name}" for name in ("alpha", "jeffrey", "kl", "neyman", "pearson", "reverse_kl")}
BRINGING |= {"fgan_total_variation", "gan_minimax"}
"""Which diverge, or make poor samples, without it with images, too."""


def constraint_of(*overrides: str) -> str:
    return str(compose_config(*overrides)["constraint"]["_target_"]).rpartition(".")[2]


def test_some_objectives_bring_a_constraint_and_some_do_not() -> None:
    assert {"gan", "lsgan", "fgan_kl", "fgan_total_variation"} <= WITHOUT
    assert not WITHOUT & {"wgan", "wgan_gp", "hinge"}


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_points_bring_spectral_norm_to_objectives_without_a_constraint(objective: str) -> None:
    of_images = constraint_of(f"objective={objective}", "dataset=digits")
    of_points = constraint_of(f"objective={objective}", "dataset=ring8")
    assert of_points == ("SpectralNorm" if objective in WITHOUT else of_images)
    assert objective not in WITHOUT or of_images == (
        "SpectralNorm" if objective in BRINGING else "Constraint"
    )


@pytest.mark.parametrize("objective", sorted(BRINGING))
def test_some_bring_it_with_images_and_a_critic_without_batch_norm(objective: str) -> None:
    composed = compose_config(f"objective={objective}", "dataset=digits")
    assert constraint_of(f"objective={objective}", "dataset=digits") == "SpectralNorm"
    assert composed["architecture"]["critic"]["norm"] == "none"
    typed = compose_config(f"objective={objective}", "dataset=digits", "constraint=none")
    assert (typed["architecture"]["critic"]["norm"], typed["critic_lr_share"]) == ("batch", None)


@pytest.mark.parametrize("dataset", ["photos", "stacked_digits"])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_some_images_bring_r1_beside_it_to_objectives_without_a_constraint(
    objective: str, dataset: str
) -> None:
    composed = compose_config(f"objective={objective}", f"dataset={dataset}")
    parts = set(composed["constraint"].get("parts", ()))
    assert (parts == {"spectral_norm", "r1"}) == (objective in WITHOUT)
    assert objective not in WITHOUT or composed["architecture"]["critic"]["norm"] == "none"
    bare = compose_config(f"objective={objective}", f"dataset={dataset}", "constraint=r1")
    assert bare["critic_lr_share"] is None  # which goes with spectral norms


@pytest.mark.parametrize("dataset", ["photos", "stacked_digits"])
def test_experiments_with_these_images_have_neither_it_nor_an_average(dataset: str) -> None:
    composed = compose_config("experiment=fig4", "objective=gan", f"dataset={dataset}", "hydra.mode=RUN")
    assert str(composed["constraint"]["_target_"]).endswith(".Constraint")
    assert (composed["critic_norm"], composed["train"]["ema"]) == ("batch", None)


@pytest.mark.parametrize(
    ("overrides", "norm"),
    [
        (["constraint=r1"], "none"),
        (["constraint=r2"], "none"),
        (["constraint=[r1,r2]"], "none"),
        (["constraint=r1", "critic_norm=layer"], "layer"),
        (["constraint=consistency"], "batch"),
        (["constraint=r1", "objective=wgan_gp"], "layer"),  # that of the objective
    ],
)
def test_a_penalty_on_the_slope_at_samples_brings_a_critic_without_batch_norm(overrides, norm) -> None:
    composed = compose_config("objective=gan", "dataset=digits", *overrides)
    assert composed["architecture"]["critic"]["norm"] == norm


def test_the_rate_that_some_critics_bring_is_for_images_alone() -> None:
    shares = {name: compose_config(f"objective={name}")["critic_lr_share"] for name in BRINGING}
    assert {name for name, share in shares.items() if share == 4} == {
        "fgan_kl",
        "fgan_pearson",
        "fgan_jeffrey",
    }
    assert compose_config("objective=fgan_kl", "dataset=ring8")["critic_lr_share"] is None


@pytest.mark.parametrize("experiment", ["stability", "fig4"])
def test_experiments_with_images_compare_objectives_as_published(experiment: str) -> None:
    composed = compose_config(f"experiment={experiment}", "objective=gan_minimax", "hydra.mode=RUN")
    assert str(composed["constraint"]["_target_"]).endswith(".Constraint")
    assert composed["critic_norm"] == "batch"


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["constraint=none"], "Constraint"),
        (["constraint=gp"], "GradientPenalty"),
        (["experiment=toy_modes"], "Constraint"),  # which compares objectives as they were published,
        (["experiment=fgan_mnist"], "Constraint"),  # and so does this
    ],
)
def test_what_is_typed_beats_it(overrides: list[str], expected: str) -> None:
    assert constraint_of("objective=fgan_neyman", "dataset=ring8", *overrides) == expected


def test_of_parts_there_is_no_default() -> None:
    composed = compose_config(
        "objective=fgan_neyman", "dataset=ring8", "constraint=[spectral_norm,consistency]"
    )
    assert set(composed["constraint"]["parts"]) == {"spectral_norm", "consistency"}


def test_it_is_no_choice_of_a_run() -> None:
    chosen = {
        "objective": "gan",
        "constraint": "none",
        "default_constraint": "spectral_norm",
        "tracker": "wandb",
    }
    assert choices_of(chosen) == {"objective": "gan", "constraint": "none"}
