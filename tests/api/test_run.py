"""`gan_lab.load`: what the object gives is what the command line and the run's own files give."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

import gan_lab
from gan_lab.config.errors import UserError
from gan_lab.game.networks import critic_of
from support.command_line import gan_lab as command
from support.configs import DIGITS, TOY, Train

SHORT = ["train.iterations=3", "train.warmup_critic_steps=0"]


@pytest.fixture(name="folder", params=["toy", "digits"])
def _folder(request: pytest.FixtureRequest, train: Train) -> Path:
    return train("run", *(TOY if request.param == "toy" else DIGITS), *SHORT)


def test_samples_are_those_of_the_command_line(folder: Path) -> None:
    run = gan_lab.load(folder, device="cpu")
    assert (
        command("sample", str(folder), "--n", "5", "--seed", "2", "--format", "npy", "--device", "cpu").status
        == 0
    )
    (path,) = (folder / "generated").glob("*.npy")
    assert np.array_equal(run.sample(5, seed=2).numpy(), np.load(path))
    torch.testing.assert_close(run.sample(2, seed=2), run.sample(5, seed=2)[:2], atol=1e-6, rtol=0)
    assert not torch.equal(run.sample(5), run.sample(5, seed=2))


def test_the_generator_is_an_ordinary_module(folder: Path) -> None:
    run = gan_lab.load(str(folder), device="cpu")
    assert isinstance(run.generator, torch.nn.Module)
    assert not run.generator.training
    weights = run.generator.state_dict()
    again = gan_lab.load(folder, device="cpu").generator
    with torch.no_grad():
        for parameter in again.parameters():
            parameter.zero_()
    again.load_state_dict(weights)
    latents = torch.randn(4, run.latent_dim)
    assert torch.equal(again(latents), run.generator(latents))


def test_the_generator_is_averaged_and_constrained_as_samples_are(train: Train) -> None:
    run = gan_lab.load(train("run", *TOY, *SHORT, "train.ema=0.5"), device="cpu")
    state = run._trained.state
    weights = dict(run.generator.named_parameters())
    assert all(torch.equal(weights[name], value) for name, value in state.average.items())
    assert any(not torch.equal(weights[name], value) for name, value in state.generator.items())


def test_the_critic_scores_as_its_constraint_lets_it(train: Train) -> None:
    """By spectrally normalised weights, not by those that the optimizer moves."""
    run = gan_lab.load(train("run", *TOY, *SHORT, "constraint=spectral_norm"), device="cpu")
    points = run.real(300, seed=1)
    scores = run.critic(points)
    trained = run._trained
    torch.testing.assert_close(scores, critic_of(trained.setup.game, trained.state)(points))
    slope = (scores[:, None] - scores).abs() / torch.cdist(points, points).clamp(min=1e-9)
    assert float(slope.max()) <= 1.01
    assert torch.equal(run.critic(points.numpy()), scores)
    asking = points.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(run.critic(asking).sum(), asking)
    assert 0 < float(gradient.norm(dim=1).max()) <= 1.01


def test_config_record_and_numbers_are_what_its_files_say(folder: Path) -> None:
    run = gan_lab.load(folder)
    assert (run.path, run.iteration, run.record.status) == (folder, 3, "completed")
    assert run.config["train"]["iterations"] == 3
    with (folder / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(run.numbers.index) == [int(row["iteration"]) for row in rows]
    column = run.numbers["loss/generator"]
    assert [float(row["loss/generator"]) for row in rows] == pytest.approx(list(column), rel=1e-12)
    assert repr(run) == f"LoadedRun({str(folder)!r}, completed at iteration 3)"


def test_real_samples_are_of_its_data(folder: Path) -> None:
    run = gan_lab.load(folder, device="cpu")
    sampler = run._trained.setup.dataset.open(torch.device("cpu"))
    assert run.real(4).shape == sampler(4, torch.Generator()).shape
    assert torch.equal(run.real(4, seed=1), run.real(4, seed=1))


def test_numbers_are_there_without_a_checkpoint(folder: Path) -> None:
    for path in (folder / "checkpoints").iterdir():
        path.unlink()
    run = gan_lab.load(folder)
    assert len(run.numbers) == 3
    with pytest.raises(UserError, match="holds no checkpoint"):
        run.sample(3)
    (folder / "metrics.csv").unlink()
    with pytest.raises(UserError, match=r"it has no metrics\.csv\.$"):
        gan_lab.load(folder).numbers  # noqa: B018


def test_what_is_asked_wrongly_is_refused_in_a_sentence(folder: Path) -> None:
    run = gan_lab.load(folder, device="cpu")
    shape = tuple(run.sample(1).shape[1:])
    for call, sentence in (
        (lambda: gan_lab.load(""), "^run must be the path of a run's folder; got ''.$"),
        (lambda: gan_lab.load(None), "^run must be the path of a run's folder; got None.$"),
        (lambda: gan_lab.load(folder / "nowhere"), "nowhere does not exist."),
        (lambda: run.sample(3, class_=1), "class_ must be left out: "),
        (lambda: run.sample(0), "n must be a whole number greater than 0; got 0."),
        (lambda: run.sample(3, seed=-1), "seed must be a whole number, 0 or greater; got -1."),
        (lambda: run.critic(np.zeros((2, 5))), r"samples must be of shape \(n, "),
        (lambda: run.critic(torch.zeros(0, *shape)), "n at least 1; got "),
        (lambda: run.critic(1.0), r"n at least 1; got \(\)"),
    ):
        with pytest.raises(UserError, match=sentence):
            call()
