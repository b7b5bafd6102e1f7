"""``train.deterministic``: no other byte on a processor, no other hash of runs that lack it."""

import logging

import pytest
import torch

from gan_lab.config.errors import UserError
from gan_lab.runs.config_hash import config_hash
from gan_lab.training import launch as module
from support.configs import TOY, Train, compose_config

RUN = (*TOY, "objective=wgan_gp", "train.execution=eager", "train.iterations=4", "metrics.every=2")


def test_on_a_processor_no_byte_changes(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    train_all = module.train_all

    def noted(*of: object, **more: object) -> None:
        seen.append(torch.are_deterministic_algorithms_enabled())
        train_all(*of, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "train_all", noted)
    plain, same = (train(each, *RUN, f"train.deterministic={each}") for each in ("false", "true"))
    assert seen == [False, True]
    assert (plain / "metrics.csv").read_bytes() == (same / "metrics.csv").read_bytes()
    assert not torch.are_deterministic_algorithms_enabled()


def test_runs_from_before_there_was_such_a_key_keep_their_hash() -> None:
    config = compose_config("dataset=ring8")
    assert config["train"]["deterministic"] is False
    before = config | {
        "train": {key: value for key, value in config["train"].items() if key != "deterministic"}
    }
    assert config_hash(before) == config_hash(config)
    asked = config | {"train": config["train"] | {"deterministic": True}}
    assert config_hash(asked) != config_hash(config)


def test_a_difference_does_not_name_a_key_that_says_nothing_new(
    train: Train, caplog: pytest.LogCaptureFixture
) -> None:
    run = train("run", *RUN)
    text = (run / "config.yaml").read_text()
    assert text.count("  deterministic: false\n") == 1
    (run / "config.yaml").write_text(text.replace("  deterministic: false\n", ""))
    with caplog.at_level(logging.ERROR), pytest.raises(UserError) as refusal:
        train("run", *RUN, "train.batch_size=7")
    assert "train.batch_size=" in str(refusal.value)
    assert "deterministic" not in str(refusal.value)


def test_what_cannot_be_the_same_each_time_is_refused_in_a_sentence(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = (
        "histc_cuda does not have a deterministic implementation, but you set "
        "'torch.use_deterministic_algorithms(True)'. You can turn off determinism just for this operation."
    )

    def fail(*of: object, **more: object) -> None:
        raise RuntimeError(told)

    monkeypatch.setattr(module, "train_all", fail)
    with pytest.raises(UserError) as refusal:
        train("run", *RUN, "train.deterministic=true")
    assert str(refusal.value) == (
        "train.deterministic=true cannot be kept here: histc_cuda does not have a deterministic "
        "implementation on this device; use false."
    )
