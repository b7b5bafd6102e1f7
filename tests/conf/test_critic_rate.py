"""The critic's learning rate beside the generator's: typed, or brought by a dataset for clipped critics."""

from pathlib import Path
from typing import Any

import pytest

from gan_lab.config.errors import UserError
from gan_lab.game.setup import build_setup
from gan_lab.runs.config_hash import config_hash
from support.configs import compose_config


def rates(*overrides: str) -> tuple[float, float]:
    """The learning rates of generator and critic."""
    rules: Any = build_setup(compose_config("device=cpu", *overrides)).game
    return rules.generator_optimizer.lr, rules.critic_optimizer.lr


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["objective=wgan"], (5e-5, 5e-5)),
        (["objective=gan"], (2e-4, 2e-4)),
        (["objective=wgan", "dataset=photos"], (2e-4, 2e-4)),
        (["objective=wgan_gp", "dataset=stacked_digits"], (2e-4, 2e-4)),
        (
            ["experiment=fig4", "objective=wgan", "dataset=photos", "scale=paper", "hydra.mode=RUN"],
            (5e-5, 5e-5),
        ),
        (["experiment=paper_wgan", "dataset=photos"], (5e-5, 5e-5)),
        (["objective=wgan", "learning_rate=3e-4"], (3e-4, 3e-4)),
        (["objective=wgan", "dataset=ring8"], (1e-3, 2e-4)),
        (["objective=wgan", "dataset=grid25", "optimizer.lr=1e-4"], (1e-4, 2e-5)),
        (["objective=wgan", "dataset=ring8", "critic_lr_share=null"], (1e-3, 1e-3)),
        (["objective=wgan_gp", "dataset=ring8"], (1e-3, 1e-3)),
        (["objective=gan", "dataset=ring8"], (1e-3, 1e-3)),
        (["objective=gan", "dataset=ring8", "constraint=clip"], (1e-3, 2e-4)),
        (["objective=wgan", "dataset=ring8", "constraint=gp"], (1e-3, 1e-3)),
        (["objective=wgan", "dataset=ring8", "constraint=[gp,clip]"], (1e-3, 2e-4)),
        (["objective=wgan", "dataset=ring8", "constraint.bound=0.05"], (1e-3, 2e-4)),
        (["objective=gan", "critic_lr_share=4"], (2e-4, 8e-4)),
        (["objective=wgan", "dataset=ring8", "+optimizer@critic_optimizer=adam"], (1e-3, 2e-4)),
        (["critic_lr_share=3", "+optimizer@critic_optimizer=adam", "critic_optimizer.lr=7e-5"], (5e-5, 7e-5)),
    ],
)
def test_the_rates_of_generator_and_critic(overrides: list[str], expected: tuple[float, float]) -> None:
    assert rates(*overrides) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "fast", "true", "[1]"])
def test_a_share_that_is_none_is_refused_by_its_name(value: str) -> None:
    with pytest.raises(UserError, match="critic_lr_share"):
        rates(f"critic_lr_share={value}")


PLUGIN = """
from dataclasses import dataclass
from gan_lab.optimizers.base import UpdateRule

@dataclass(frozen=True)
class NoRate(UpdateRule):
    def init(self, parameters):
        return {}

    def update(self, gradient, state):
        return -gradient, state
"""


def test_an_optimizer_without_a_rate_has_no_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "of_a_user.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(tmp_path)
    config = compose_config("device=cpu", "critic_lr_share=2")
    config["optimizer"] = {"_target_": "of_a_user.NoRate"}
    with pytest.raises(UserError, match=r"share of optimizer\.lr; NoRate has no lr"):
        build_setup(config, trusted=["of_a_user"])


def test_runs_from_before_there_was_a_share_keep_their_hash() -> None:
    config = compose_config("dataset=digits")
    assert config["critic_lr_share"] is None
    before = {key: value for key, value in config.items() if key != "critic_lr_share"}
    assert config_hash(before) == config_hash(config)
    assert config_hash(before | {"critic_lr_share": 0.2}) != config_hash(config)
