"""A value is refused by the key that was typed, also where an interpolation carried it to another."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from gan_lab.cli.typed_keys import by_typed_key
from gan_lab.config.errors import BadValueError, UserError
from support.command_line import gan_lab

CONFIG = OmegaConf.create(
    {
        "learning_rate": -1,
        "critic_norm": "foo",
        "optimizer": {"lr": "${gan_lab.rate:2.0e-4}"},
        "architecture": {"critic": {"norm": "${critic_norm}", "width": 8}},
    }
)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "critic_norm=foo"], "critic_norm must be one of batch, layer, none; got 'foo'."),
        (["train", "constraint=gp", "gp_weight=-3"], "gp_weight must be a number greater than 0; got -3."),
        (["train", "clip_bound=-3"], "clip_bound must be a number greater than 0; got -3."),
        (
            ["train", "architecture.critic.norm=foo"],
            "architecture.critic.norm must be one of batch, layer, none; got 'foo'.",
        ),
        (
            ["distances", "experiment=fgan_table", "steps=-1"],
            "steps must be a whole number greater than 0; got -1.",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_refusal_names_what_was_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    called = gan_lab(*arguments)
    assert (called.status, called.err) == (2, f"gan-lab: {sentence}\n")


@pytest.mark.parametrize(
    ("error", "typed", "key"),
    [
        (BadValueError("optimizer.lr", "positive", -1), ["learning_rate=-1"], "learning_rate"),
        (BadValueError("architecture.critic.norm", "batch", "foo"), ["+critic_norm=foo"], "critic_norm"),
        # nobody typed the short key, or it is not what was refused
        (BadValueError("optimizer.lr", "positive", -1), ["seed=1"], "optimizer.lr"),
        (BadValueError("optimizer.lr", "positive", -2), ["learning_rate=-1"], "optimizer.lr"),
        (
            BadValueError("architecture.critic.width", "small", 8),
            ["critic_norm=foo"],
            "architecture.critic.width",
        ),
        (BadValueError("architecture.no.such", "small", 8), ["critic_norm=foo"], "architecture.no.such"),
    ],
)
def test_only_a_key_that_was_typed_and_passed_on_stands_for_another(
    error: BadValueError, typed: list[str], key: str
) -> None:
    named = by_typed_key(error, CONFIG, typed)
    assert isinstance(named, BadValueError)
    assert (named.key, named.rule, named.value) == (key, error.rule, error.value)


def test_other_refusals_stay_as_they_are() -> None:
    error = UserError("A sentence.")
    assert by_typed_key(error, CONFIG, ["critic_norm=foo"]) is error
