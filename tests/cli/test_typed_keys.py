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


RING, NOTHING = "dataset=ring8", "decides nothing here, and must be left out"
UNREAD = [
    (["gp_weight=1"], f"gp_weight {NOTHING}: constraint=gp reads it, and "),
    (
        [RING, "clip_bound=.5", "constraint.bound=.1"],
        f"clip_bound {NOTHING}: ",
    ),
    (["constraint=gp", "clip_bound=.5"], f"clip_bound {NOTHING}: "),
    ([RING, "critic_norm=layer"], f"critic_norm {NOTHING}: a DCGAN critic "),
    (
        [RING, "objective=gan", "train.warmup_iterations=25"],
        f"train.warmup_iterations {NOTHING}: without train.warmup_critic_steps above 0 there is no warm-up; "
        "got 25.",
    ),
    ([RING, "objective=gan", "train.warmup_every=5"], f"train.warmup_every {NOTHING}: "),
    (
        [RING, "objective=gan", "train.warmup_critic_steps=50"],
        f"train.warmup_critic_steps {NOTHING}: without train.warmup_iterations or train.warmup_every above 0 "
        "there is no warm-up; got 50.",
    ),
    ([RING, "train.seeds=[1,2]", "seed=5"], f"seed {NOTHING}: train.seeds lists the seeds; got 5."),
    (
        ["experiment=n_critic", "hydra.mode=RUN", "draw=3"],
        f"draw {NOTHING}: ",
    ),
    (
        ["experiment=clip_value", "hydra.mode=RUN", "learning_rate=1e-3"],
        f"learning_rate {NOTHING}: an optimizer whose rate nothing else sets reads it, and optimizer.lr sets "
        "it; got 0.001.",
    ),
    (
        ["experiment=clip_value", "hydra.mode=RUN", "learning_rate=foo"],
        "learning_rate must be a number greater than 0; got 'foo'.",
    ),
]


@pytest.mark.parametrize(("typed", "sentence"), UNREAD, ids=lambda each: str(each)[:60])
def test_what_was_typed_and_is_read_by_nothing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: list[str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    called = gan_lab("train", *typed, "train.iterations=1")
    assert called.status == 2, called
    assert called.err.startswith(f"gan-lab: {sentence}")
    assert called.err.count("\n") == 1
    assert not list(tmp_path.rglob("run.json"))


@pytest.mark.parametrize(("every", "told"), [(0, True), (1, False)])
def test_what_only_a_later_command_reads_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, every: int, told: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    small = ["device=cpu", "train.iterations=1", "train.batch_size=4", f"metrics.every={every}"]
    called = gan_lab("train", RING, "objective=gan", *small, "metrics.samples=64")
    assert called.status == 0, called.err
    assert ("metrics.samples is read by gan-lab evaluate alone: metrics.every is 0" in called.out) == told
    assert ("metrics.every=100 measures them" in called.out) == told


def test_in_a_sweep_of_which_another_job_may_read_it_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    small = ["device=cpu", "train.iterations=1", "train.warmup_critic_steps=0", "train.batch_size=4"]
    called = gan_lab("train", "-m", *small, "dataset=ring8", "constraint=clip,gp", "gp_weight=3")
    assert called.status == 0, called.err
    assert called.out.count("gp_weight decides nothing here: constraint=gp reads it") == 1
    called = gan_lab("train", "-m", *small, "experiment=clip_value", "scale=smoke", "learning_rate=foo")
    assert called.status == 2
    assert "learning_rate must be a number greater than 0; got 'foo'." in called.err


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


def test_a_share_beside_an_optimizer_of_the_critics_own_is_refused() -> None:
    called = gan_lab("train", "critic_lr_share=3", "+optimizer@critic_optimizer=adam", "train.iterations=1")
    assert called.status == 2
    assert "critic_lr_share decides nothing here" in called.err
    assert "critic_optimizer.lr sets its rate; got 3." in called.err
