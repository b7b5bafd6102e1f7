"""What was meant by a word, an option with dashes or a key that is not there; help of a command's own."""

import pytest

from gan_lab.config.options import config_folder, list_options
from support.command_line import gan_lab


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("train --iterations 100", "--iterations is no flag; .* mean train.iterations=100?"),
        ("train seed=1 --train.iterations=7 device=cpu", "mean train.iterations=7?"),
        ("train --batch-size 4", "mean train.batch_size=4?"),
        ("train --seed=3", "mean seed=3?"),
        ("train --lr", "mean optimizer.lr=VALUE?"),
        ("train --objective wgan", "mean objective=wgan?"),
        ("distances --experiment uniform_shift", "mean experiment=uniform_shift?"),
        ("prepare --dataset mnist", "mean dataset=mnist?"),
        ("train =", "train takes group=option and key=value, .* got '='."),
        ("prepare =mnist", "prepare takes group=option and key=value, .* got '=mnist'."),
        ("distances +=1", "distances takes group=option and key=value, .* got '+=1'."),
        ("train ~", "train takes group=option and key=value, .* got '~'."),
        ("train wgan", "'wgan' needs its group: say objective=wgan."),
        ("train -m gan,wgan", "say objective=gan,wgan."),
        ("train dcgan", "say architecture=dcgan or panel=dcgan."),
        ("train wgann", "train takes group=option and key=value, .* mean objective=wgan?"),
        ("distances dirac_gan", "say experiment=dirac_gan."),
        ("prepare mnist", "say dataset=mnist."),
        ("train train.foo=1", " train has iterations, batch_size, .*, returned_when_diverged."),
        ("train train.itrations=1", "mean train.iterations?"),
        ("train objective=gan optimizer.rate=1", " optimizer has lr, beta1, beta2, eps."),
        ("train constraint.wieght=1 objective=wgan_gp", "mean constraint.weight?"),
        ("train foo=1", "there are train, metrics, .*objective, .*seed, "),
        ("train objectve=wgan", "mean objective?"),
        ("distances experiment=uniform_shift shift=[1]", "mean shifts?"),
        ("prepare dataset=mnist dataset.siz=3", "mean dataset.size?"),
    ],
)
def test_what_was_meant_is_said(command: str, said: str) -> None:
    called = gan_lab(*command.split())
    assert (called.status, called.out) == (2, "")
    assert len(called.err.splitlines()) == 1
    place = 0
    for part in said.split(".*"):
        place = called.err.find(part.strip(), place)
        assert place >= 0, called.err


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_prepare_tells_of_itself(flag: str) -> None:
    called = gan_lab("prepare", flag)
    assert called.status == 0
    assert called.out.startswith("Decode an image dataset once into a packed file")
    assert "usage: gan-lab prepare dataset=NAME" in called.out
    begins = [line.split()[0] for line in called.out.splitlines() if line.startswith("  ")]
    described = list_options("dataset", [config_folder()])
    for name in ("celeba", "mnist", "image_folder"):
        assert name in begins
        assert described[name] in called.out
    assert "ring8" not in called.out
    assert "n_critic" not in called.out  # that is train's


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("experiment=di", ["experiment=dirac_gan"]),
        ("experiment=uniform_shift,di", ["experiment=uniform_shift,dirac_gan"]),
        ("experiment=", [f"experiment={name}" for name in list_options("distances", [config_folder()])]),
        ("exp", [f"experiment={name}" for name in list_options("distances", [config_folder()])]),
    ],
)
def test_experiments_of_the_lectures_are_completed(typed: str, names: list[str]) -> None:
    line = f"gan-lab distances {typed}"
    called = gan_lab("-sc", "query=bash", COMP_LINE=line, COMP_POINT=str(len(line)))
    assert called.status == 0
    assert called.out.split() == names


def test_other_words_are_completed_by_hydra() -> None:
    line = "gan-lab distances experiment=uniform_shift shi"
    called = gan_lab("-sc", "query=bash", COMP_LINE=line, COMP_POINT=str(len(line)))
    assert called.status == 0
    assert "experiment=" not in called.out
