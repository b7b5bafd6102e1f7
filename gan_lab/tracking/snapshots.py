"""What is looked at now and then: samples from fixed latents, the critic's slope, its weights."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import functional_call

from gan_lab.constraints.gradient_penalty import interpolate
from gan_lab.constraints.gradients import gradient_norms
from gan_lab.files.atomic import remove_partials, write_atomically
from gan_lab.game.networks import critic_of, generator_weights
from gan_lab.game.sampling import sample, sampling_network_of
from gan_lab.game.setup import Setup
from gan_lab.numerics.derivatives import use_autograd
from gan_lab.numerics.draws import normal, uniform
from gan_lab.numerics.streams import make_rng
from gan_lab.plotting.images import encode_png, enlarge, image_grid, scatter_figure
from gan_lab.plotting.surface import CriticSurface
from gan_lab.tags.names import GENERATED_SAMPLES, REAL_SAMPLES, SLOPE, histogram_tag
from gan_lab.tracking.writers.base import MetricWriter, Picture
from gan_lab.types import Sampler, Score, State

_IMAGES, _POINTS, _SLOPE_POINTS = 64, 1000, 256


class Snapshots:
    """Looks at a state; takes nothing from the generators that training draws from.

    Args:
        setup: what is trained.
        sampler: its real data.
        run_dir: the run's folder; grids go to ``samples/``.
        writer: the trackers; None for the files of ``samples/`` alone.
    """

    def __init__(self, setup: Setup, sampler: Sampler, run_dir: Path, writer: MetricWriter | None) -> None:
        self._setup, self._writer = setup, writer
        self._folder = run_dir / "samples"
        self._folder.mkdir(exist_ok=True)
        remove_partials(self._folder)  # of an earlier process that was killed
        self._is_image = len(setup.dataset.data_shape) == 3
        rng = make_rng(setup.seed, "look")
        count = _IMAGES if self._is_image else _POINTS
        latents = normal((count, setup.batch_shape.latent_dim), rng)
        self._latents = latents.to(setup.device)
        device_rng = make_rng(setup.seed, "look", setup.device)
        self._real = sampler(max(count, _SLOPE_POINTS), device_rng)
        self._mix = uniform((_SLOPE_POINTS,), device_rng)
        self._surface: CriticSurface | None = None  # made for the first look

    def show_real(self) -> None:
        """Show real images once, beside those that will follow."""
        if self._is_image:
            self._show(REAL_SAMPLES, image_grid(self._real[:_IMAGES]), self._folder / "real.png", 0)

    def look(self, state: State, iteration: int) -> None:
        """Show samples and the critic's weights."""
        fake = sample(sampling_network_of(self._setup, state), self._latents)
        critic = critic_of(self._setup.game, state)
        picture = image_grid(fake) if self._is_image else self._figure(fake, critic)
        self._show(GENERATED_SAMPLES, picture, self._folder / f"{iteration:06d}.png", iteration)
        if self._writer is not None:
            _add_histograms(state, iteration, self._writer)

    def measure(self, state: State) -> dict[str, float]:
        """Return what is measured only now and then.

        Returns:
            ``health/critic_slope``: the largest gradient norm of the critic at points between real and
            generated samples, a lower bound of its Lipschitz constant; with batch norm in the critic, of
            the batch's summed score by each sample, which bounds nothing.
        """
        n = min(len(self._latents), _SLOPE_POINTS)
        with torch.no_grad():
            weights = generator_weights(self._setup.game, state)
            fake = functional_call(self._setup.game.generator, weights, (self._latents[:n],))
        points = interpolate(self._real[:n], fake, self._mix[:n])
        with use_autograd():  # the first call of torch.func imports a compiler
            return {SLOPE: float(gradient_norms(critic_of(self._setup.game, state), points).max())}

    def _figure(self, fake: Tensor, score: Score) -> NDArray[np.uint8]:
        if self._setup.dataset.data_shape == (2,):
            if self._surface is None:
                self._surface = CriticSurface(self._real[:_POINTS])
            return self._surface.draw(fake, score)
        return scatter_figure(self._real[:_POINTS], fake)

    def _show(self, tag: str, pixels: NDArray[np.uint8], path: Path, iteration: int) -> None:
        png, larger = encode_png(pixels), enlarge(pixels)
        write_atomically(path, png if larger is pixels else encode_png(larger), durable=False)
        if self._writer is None:
            return
        height, width, channels = pixels.shape
        self._writer.write_images(iteration, {tag: Picture(png, height, width, channels)})


def _add_histograms(state: State, iteration: int, writer: MetricWriter) -> None:
    for name, value in state.critic.items():
        values = value.detach().float().cpu()
        # a histogram of NaN is an error, and a diverged run is a result
        if bool(torch.isfinite(values).all()):
            writer.write_histograms(iteration, {histogram_tag(name): values.numpy()})
