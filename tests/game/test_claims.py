"""What estimates bound, and what a run says of it: one table, and critics that are looked at."""

import functools
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import constraints_page

from gan_lab.constraints.base import Constraint
from gan_lab.constraints.bounds import MEANING, Bounds, Critic
from gan_lab.game.claims import claims_of, sentences_of
from gan_lab.game.critics import describe_critic
from gan_lab.game.networks import mixes_samples
from gan_lab.game.setup import Setup, build_setup
from gan_lab.runs.reading import read_run
from support.configs import DIGITS, TOY, Train, compose_config


@functools.cache
def built(*overrides: str) -> Setup:
    return build_setup(compose_config("device=cpu", *DIGITS, *overrides))


class Deviation(nn.Module):
    """The standard deviation over groups of neighbours in the batch, added to every sample."""

    def __init__(self, group: int) -> None:
        super().__init__()
        self.group = group

    def forward(self, x: Tensor) -> Tensor:
        groups = x.reshape(-1, self.group, *x.shape[1:])
        return (groups + groups.std(dim=1, keepdim=True)).reshape(x.shape)


class PixelNorm(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x / x.square().mean(dim=1, keepdim=True).sqrt()


class Doubled(nn.Sequential):
    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = super().forward(x)
        return made * x


def critic(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 8), *layers, nn.ReLU(), nn.Linear(8, 1), nn.Flatten(0))


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([], Critic("none")),
        ([nn.LayerNorm(8)], Critic("layer")),
        ([nn.Sequential(nn.GroupNorm(1, 8))], Critic("layer")),
        ([nn.BatchNorm1d(8, track_running_stats=False)], Critic("batch")),
        ([Deviation(4)], Critic("batch", ("Deviation",))),
        ([Deviation(2)], Critic("batch", ("Deviation",))),
        ([PixelNorm()], Critic("unknown", ("PixelNorm",))),
        ([Doubled(nn.Linear(8, 8))], Critic("unknown", ("Doubled",))),
        ([PixelNorm(), nn.LayerNorm(8)], Critic("unknown", ("PixelNorm",))),
    ],
    ids=repr,
)
def test_a_critic_is_known_by_its_layers_and_by_trying(layers: list[nn.Module], expected: Critic) -> None:
    network = critic(*layers)
    found = describe_critic(network, mixes_samples(network, (4, 4)))
    assert (found.norm, tuple(found.unknown)) == (expected.norm, tuple(expected.unknown))


@pytest.mark.parametrize(
    ("overrides", "norm"),
    [
        (["architecture=dcgan"], "batch"),
        (["architecture=dcgan", "critic_norm=layer"], "layer"),
        (["architecture=dcgan", "critic_norm=none"], "none"),
        (
            ["architecture=deep_dcgan", "critic_norm=none", "architecture.critic.activation=tanh"],
            "none",
        ),
        (["architecture=deep_dcgan", "architecture.critic.activation=smooth_relu"], "batch"),
        (["architecture=mlp_mlp"], "none"),
        (["dataset=ring8", "architecture=mlp_toy", "architecture.critic.activation=groupsort"], "none"),
    ],
)
def test_the_critics_of_the_lab_are_all_known(overrides: list[str], norm: str) -> None:
    setup = built(*overrides)
    assert describe_critic(setup.critic, setup.game.critic_mixes) == Critic(norm)  # type: ignore[arg-type]


CLAIMS = [
    (["objective=gan"], {"distance/jsd": "batches", "distance/critic_raw": "nothing"}),
    (["objective=gan", "critic_norm=none"], {"distance/jsd": "samples", "distance/critic_raw": "nothing"}),
    (["objective=gan_minimax", "critic_norm=layer"], {"distance/jsd": "samples"}),
    (["objective=gan", "architecture=mlp_mlp"], {"distance/jsd": "samples"}),
    (["objective=lsgan"], {"distance/f_divergence": "batches"}),
    (["objective=fgan_kl"], {"distance/f_divergence": "samples"}),
    (["objective=fgan_kl", "constraint=none", "critic_norm=batch"], {"distance/f_divergence": "batches"}),
    (["objective=hinge"], {"distance/f_divergence": "samples", "distance/critic_raw": "everywhere"}),
    (["objective=wgan"], {"distance/critic_raw": "batches"}),
    (["objective=wgan", "critic_norm=none"], {"distance/critic_raw": "everywhere"}),
    (["objective=wgan", "constraint=none"], {"distance/critic_raw": "nothing"}),
    (["objective=wgan", "constraint=none", "critic_norm=none"], {"distance/critic_raw": "nothing"}),
    (["objective=wgan", "constraint=r1", "critic_norm=none"], {"distance/critic_raw": "local"}),
    (["objective=wgan", "constraint=spectral_norm"], {"distance/critic_raw": "nothing"}),
    (["objective=wgan", "constraint=bjorck", "critic_norm=layer"], {"distance/critic_raw": "nothing"}),
    (["objective=wgan", "constraint=bjorck", "critic_norm=none"], {"distance/critic_raw": "everywhere"}),
    (["objective=wgan_gp"], {"distance/critic_raw": "between"}),
    (["objective=wgan_gp", "critic_norm=batch"], {"distance/critic_raw": "nothing"}),
    (["objective=wgan", "constraint=[spectral_norm,clip]"], {"distance/critic_raw": "batches"}),
]


@pytest.mark.parametrize(("overrides", "claims"), CLAIMS, ids=lambda value: str(value)[:60])
def test_what_each_estimate_bounds(overrides: list[str], claims: dict[str, str]) -> None:
    assert dict(claims_of(built(*overrides))).items() >= claims.items()


SILENT = [
    ["objective=wgan", "critic_norm=none"],
    ["objective=wgan_gp"],
    ["objective=gan", "critic_norm=layer"],
    ["objective=hinge"],
    ["objective=gan", "constraint=r1", "critic_norm=layer"],
]
SAID = [
    (["objective=gan"], "distance/jsd is a bound on the divergence of batches of 64 samples, not of samples"),
    (["objective=lsgan", "train.batch_size=32"], "distance/f_divergence is .* of batches of 32 samples"),
    (["objective=wgan"], "Of distance/critic_raw: the critic's score .* batches are compared, not samples"),
    (
        ["objective=wgan", "constraint=none", "critic_norm=none"],
        r"Of distance/critic_raw: there is no K.* Use constraint=clip, which bounds the slope, or "
        r"constraint=gp, which draws it to 1\.",
    ),
    (
        ["objective=wgan", "constraint=none", "critic_norm=batch"],
        r"Of distance/critic_raw: .* Use a critic without batch norm, and constraint=clip, which bounds ",
    ),
    (["objective=wgan", "constraint=r2", "critic_norm=none"], "Of distance/critic_raw: .* there is no K"),
    (
        ["objective=wgan", "constraint=spectral_norm"],
        r"SpectralNorm bounds nothing .* batch norm\. .* Use architecture\.critic\.norm=none\.",
    ),
    (
        ["objective=wgan", "constraint=bjorck", "critic_norm=layer"],
        r"Bjorck bounds nothing .* layer norm\. .* Use architecture\.critic\.norm=none\.",
    ),
    (
        ["objective=wgan_gp", "critic_norm=batch"],
        r"GradientPenalty bounds nothing .* batch norm\. .* Use architecture\.critic\.norm=none or layer\.",
    ),
    (
        ["objective=wgan", "constraint=[gp,spectral_norm]", "critic_norm=layer"],
        r"SpectralNorm bounds nothing .* Use architecture\.critic\.norm=none\.",
    ),
]


@pytest.mark.parametrize("overrides", [overrides for overrides, _ in SAID], ids=" ".join)
def test_no_sentence_begins_within_another(overrides: list[str]) -> None:
    for sentence in sentences_of(built(*overrides)):
        assert re.search(r"[:;,] (The|A|It|Through|Use) ", sentence) is None
        assert re.search(r"\. [a-z]", sentence) is None


@pytest.mark.parametrize("overrides", SILENT, ids=" ".join)
def test_a_run_whose_numbers_bound_what_they_say_is_silent(overrides: list[str]) -> None:
    assert list(sentences_of(built(*overrides))) == []


@pytest.mark.parametrize(("overrides", "words"), SAID, ids=lambda value: str(value)[:60])
def test_one_line_says_what_is_not_bounded(overrides: list[str], words: str) -> None:
    (sentence,) = sentences_of(built(*overrides))
    assert re.match(words, sentence), sentence


def test_a_run_says_it_at_its_start_and_keeps_it(train: Train, caplog: pytest.LogCaptureFixture) -> None:
    run = train("run", *DIGITS, "objective=gan", "train.iterations=2")
    assert [line for line in caplog.messages if "batches of 16 samples, not of samples" in line]
    assert read_run(run).bounds == {"distance/jsd": "batches", "distance/critic_raw": "nothing"}
    caplog.clear()
    run = train("toy", *TOY, "objective=wgan", "train.iterations=2", "train.warmup_critic_steps=0")
    assert "bounds" not in caplog.text
    assert read_run(run).bounds == {"distance/critic_raw": "everywhere"}


def test_a_constraint_declares_its_row_in_its_own_file() -> None:
    @dataclass(frozen=True)
    class Ball(Constraint):
        """Keep weights in a ball."""

        table_row: ClassVar[Bounds] = Bounds(none="everywhere", batch="batches", why="Balls are round.")

    assert Ball().bounds.best == ("none",)
    assert Ball().bounds.beside(Critic("layer")) == "nothing"
    assert Ball().bounds.beside(Critic("batch")) == "batches"
    assert Ball().bounds.beside(Critic("batch", ("Deviation",))) == "nothing"
    said = " ".join(str(Ball.__doc__).split())
    assert said.startswith(
        "Keep weights in a ball. What it bounds in the critic: beside no normalisation, some"
    )
    assert said.endswith("Balls are round.")


@pytest.mark.parametrize("option", constraints_page.options())
def test_a_docstring_ends_in_what_the_table_says(option: str) -> None:
    kind: Any = constraints_page.options()[option]
    if kind is not Constraint:
        assert " ".join(kind.__doc__.split()).endswith(kind.table_row.paragraph)
        assert any(meaning in kind.table_row.paragraph for meaning in MEANING.values())


def test_the_page_is_current() -> None:
    committed = constraints_page.PAGE.read_text(encoding="utf-8")
    assert committed == constraints_page.page(), "run `python scripts/constraints_page.py`"


def test_gains_stay_free_under_spectral_normalisation() -> None:
    """The reason for a cell of the table: a gain of 1,000 beside matrices of norm 1."""
    setup = built("objective=wgan", "constraint=spectral_norm", "critic_norm=layer")
    state, constraint = setup.init_state(), setup.game.constraint
    gains = {name: 1000 * torch.ones_like(value) for name, value in state.critic.items() if value.ndim == 1}
    weights, _ = constraint.reparameterize(state.critic | gains, state.constraint)
    assert all(torch.equal(weights[name], gain) for name, gain in gains.items())
