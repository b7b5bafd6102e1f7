"""Paths through the latent space: ends, lengths, and what `gan-lab interpolate` writes of them."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

from gan_lab.evaluation.interpolation import PathRequest, latents_between, slerp
from gan_lab.evaluation.trained import latents_of, load_trained
from gan_lab.game.sampling import sample
from gan_lab.plotting.images import enlarge, image_grid
from support.command_line import gan_lab
from support.configs import DIGITS, TOY, Train


def test_slerp_turns_at_an_even_rate_and_keeps_the_length() -> None:
    """Between unit vectors at a right angle the closed form is (cos tπ/2, sin tπ/2)."""
    t = torch.linspace(0, 1, 7)[:, None]
    found = slerp(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), t)
    expected = torch.cat([(t * math.pi / 2).cos(), (t * math.pi / 2).sin()], dim=1)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


def test_slerp_between_parallel_latents_is_straight() -> None:
    one = torch.tensor([1.0, 2.0])
    torch.testing.assert_close(slerp(one, 3 * one, torch.tensor([0.25])), 1.5 * one)
    torch.testing.assert_close(slerp(one, -one, torch.tensor([0.5])), 0 * one, atol=1e-6, rtol=0)


def test_latents_of_a_great_circle_are_as_long_as_normal_ones() -> None:
    """Their middle is about √Z long, that of a straight line √(Z / 2): E|(a + b) / 2|² = Z / 2."""
    request = PathRequest(paths=200, steps=3, seed=0, kind="slerp", gif=False, device="cpu")
    arc = latents_between(request, latent_dim=100)[:, 1].norm(dim=1)
    line = latents_between(PathRequest(200, 3, 0, "lerp", False, "cpu"), 100)[:, 1].norm(dim=1)
    assert float(arc.mean()) == pytest.approx(10, rel=0.02)
    assert float(line.mean()) == pytest.approx(10 / math.sqrt(2), rel=0.02)


@pytest.mark.parametrize("kind", ["slerp", "lerp"])
def test_paths_begin_and_end_at_latents_of_the_seed(kind: str) -> None:
    ends = latents_of(6, 4, seed=5)
    paths = latents_between(PathRequest(3, 5, 5, kind, False, "cpu"), 4)  # type: ignore[arg-type]
    torch.testing.assert_close(paths[:, 0], ends[0::2])
    torch.testing.assert_close(paths[:, -1], ends[1::2])
    closed = latents_between(PathRequest(3, 5, 5, kind, True, "cpu"), 4)  # type: ignore[arg-type]
    torch.testing.assert_close(closed[:, 0], ends[:3])
    # the next frame after the last is the first again
    assert closed.shape == (3, 5, 4)
    assert not torch.allclose(closed[2, -1], ends[0])


def test_a_grid_has_a_row_for_each_path(train: Train) -> None:
    run = train("run", *DIGITS, "train.iterations=2")
    called = gan_lab("interpolate", str(run), "--paths", "3", "--steps", "4", "--device", "cpu")
    assert (called.status, called.err) == (0, "")
    path = run / "generated" / "interpolation_iteration2_seed0_slerp_3x4.png"
    assert called.out.startswith(f"{path}: 3 paths of 4 samples along great circles (slerp), ")
    trained = load_trained(run, "cpu")
    latents = latents_between(PathRequest(3, 4, 0, "slerp", False, "cpu"), trained.latent_dim)
    samples = sample(trained.generator(), latents.flatten(0, 1))
    with Image.open(path) as picture:
        assert np.array_equal(np.asarray(picture), enlarge(image_grid(samples, columns=4)))


def test_a_gif_goes_round_once(train: Train) -> None:
    run = train("run", *DIGITS, "train.iterations=2")
    asked = ["--gif", "--paths", "2", "--steps", "3", "--path", "lerp", "--device", "cpu"]
    called = gan_lab("interpolate", str(run), *asked)
    assert (called.status, called.err) == (0, "")
    with Image.open(run / "generated" / "interpolation_iteration2_seed0_lerp_2x3.gif") as gif:
        assert (gif.n_frames, gif.info["loop"]) == (6, 0)  # type: ignore[attr-defined]


def test_points_have_no_gif(train: Train) -> None:
    run = train("run", *TOY, "train.iterations=2")
    assert gan_lab("interpolate", str(run), "--device", "cpu").status == 0
    called = gan_lab("interpolate", str(run), "--gif", "--device", "cpu")
    message = f"gan-lab: --gif needs a run that makes images; {run} makes (2,).\n"
    assert called == (2, "", message)


def test_a_path_has_two_ends() -> None:
    called = gan_lab("interpolate", "run", "--steps", "1")
    assert called == (2, "", "gan-lab: --steps must be a whole number of at least 2; got '1'.\n")
