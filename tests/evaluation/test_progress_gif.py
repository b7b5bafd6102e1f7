"""`gan-lab sample --gif`: the pictures that training left, one after another."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from gan_lab.evaluation import progress_gif
from support.command_line import gan_lab
from support.configs import DIGITS, Train


@pytest.fixture
def run(train: Train) -> Path:
    """A run that looked at iterations 8, 16 and 20."""
    return train("run", *DIGITS, "train.iterations=20", "train.warmup_critic_steps=0")


def durations(path: Path) -> list[int]:
    with Image.open(path) as gif:
        return [frame.info["duration"] for frame in ImageSequence.Iterator(gif)]


def test_every_picture_is_a_frame_and_the_last_one_rests(run: Path) -> None:
    looks = sorted((run / "samples").glob("0*.png"))
    assert looks[-1].name == "000020.png"
    called = gan_lab("sample", str(run), "--gif")
    assert (called.status, called.err) == (0, "")
    path = run / "generated" / "training_to_iteration20.gif"
    assert called.out.startswith(f"{path}: {len(looks)} pictures, from iteration {int(looks[0].stem)} to 20")
    assert durations(path) == [500] * (len(looks) - 1) + [2000]
    with Image.open(path) as gif, Image.open(looks[0]) as first:
        shown = np.asarray(gif.convert("RGB"))[: first.height]
        # grey pictures of a few hundred tones: a palette of 256 is exact but for a tone
        assert np.abs(shown.astype(int) - np.asarray(first.convert("RGB"))).max() <= 2


def test_the_same_pictures_give_the_same_bytes(run: Path) -> None:
    path = run / "generated" / "training_to_iteration20.gif"
    assert gan_lab("sample", str(run), "--gif").status == 0
    before = path.read_bytes()
    assert gan_lab("sample", str(run), "--gif").status == 0
    assert path.read_bytes() == before


def test_of_many_pictures_some_are_taken_evenly(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_gif, "_MOST_FRAMES", 3)
    for name in range(1, 8):
        (run / "samples" / f"{name:06d}.png").write_bytes((run / "samples" / "000020.png").read_bytes())
    assert gan_lab("sample", str(run), "--gif").out.count("3 pictures, from iteration 0 to 20") == 1


def test_a_run_without_pictures_and_a_damaged_one_are_refused_in_a_sentence(run: Path) -> None:
    picture = run / "samples" / "000020.png"
    picture.write_bytes(picture.read_bytes()[:200])
    called = gan_lab("sample", str(run), "--gif")
    assert (called.status, called.out) == (2, "")
    assert called.err.startswith(f"gan-lab: {picture} is no picture that gan-lab made (")
    for path in (run / "samples").glob("0*.png"):
        path.unlink()
    called = gan_lab("sample", str(run), "--gif")
    assert called.err.startswith(f"gan-lab: {run / 'samples'} holds no pictures of training; train.sample_ev")
    assert not (run / "generated").exists()


@pytest.mark.parametrize(("option", "value"), [("--format", "npy"), ("--n", "3"), ("--seed", "0")])
def test_a_gif_is_of_no_new_samples(run: Path, option: str, value: str) -> None:
    called = gan_lab("sample", str(run), "--gif", option, value)
    assert (called.status, called.out) == (2, "")
    assert (
        called.err
        == f"gan-lab: --gif is of pictures that training left, {option} of new samples; give one of them.\n"
    )
