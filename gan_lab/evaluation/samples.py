"""Samples of a finished run, as pictures or as numbers."""

import io
import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_lab.config.errors import BadValueError, UserError
from gan_lab.files.atomic import write_atomically
from gan_lab.files.regular import require_regular
from gan_lab.game.sampling import sample, sampling_network_of
from gan_lab.game.setup import Setup, build_setup
from gan_lab.numerics.memory import total_bytes
from gan_lab.numerics.streams import make_rng
from gan_lab.numerics.trees import to_device
from gan_lab.plotting.images import encode_png, enlarge, image_grid, scatter_figure, to_pixels
from gan_lab.runs.checkpoint import load_newest
from gan_lab.runs.reading import read_run
from gan_lab.types import State

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SampleRequest:
    """What ``gan-lab sample`` was asked for.

    Attributes:
        n: number of samples.
        seed: of the latents.
        format: ``png`` for every image on its own, ``npy`` for one array, None for the grid only.
        device: as in the config.
    """

    n: int
    seed: int
    format: Literal["png", "npy"] | None
    device: str


def write_samples(run_dir: Path, out: Path, request: SampleRequest, trusted: Iterable[str] = ()) -> None:
    """Write samples of a run's newest checkpoint; file names say iteration, seed and number.

    Raises:
        UserError: if it is no run folder, has no readable checkpoint, or ``out`` cannot be written.
    """
    record = read_run(run_dir)
    setup = build_setup(record.read_config() | {"device": request.device}, trusted)
    checkpoint = load_newest(run_dir, like=setup.init_state())
    _require_room(setup, request.n)
    samples = _draw(setup, checkpoint.state, request)
    is_image = samples.ndim == 4
    if request.format == "png" and not is_image:
        raise UserError(f"--format must be npy for vectors; {run_dir} makes {tuple(samples.shape[1:])}.")
    out.mkdir(parents=True, exist_ok=True)
    require_regular(out, ["samples_*"])
    stem = f"iteration{checkpoint.iteration}_seed{request.seed}_n{request.n}"
    picture = image_grid(samples) if is_image else _scatter(setup, samples)
    write_atomically(out / f"grid_{stem}.png", encode_png(enlarge(picture)))
    log.info("%s", out / f"grid_{stem}.png")
    if request.format == "npy":
        array = io.BytesIO()
        np.save(array, samples.cpu().numpy())
        write_atomically(out / f"samples_{stem}.npy", array.getvalue())
        log.info("%s: float32 %s", out / f"samples_{stem}.npy", tuple(samples.shape))
    elif request.format == "png":
        folder = out / f"samples_{stem}"
        _save_each(samples, folder)
        log.info("%s: %d images", folder, len(samples))


def _require_room(setup: Setup, n: int) -> None:
    """Refuse samples that memory cannot hold before the first of them is drawn."""
    # latents, samples, and a copy of either on its way
    bytes_per_sample = 8 * (setup.batch_shape.latent_dim + math.prod(setup.dataset.data_shape))
    most = total_bytes(torch.device("cpu")) // bytes_per_sample
    if n > most:
        raise BadValueError("--n", f"at most {most:,}, which is what memory holds of such samples", n)


def _draw(setup: Setup, state: State, request: SampleRequest) -> Tensor:
    latent_dim = setup.batch_shape.latent_dim
    network = sampling_network_of(setup, to_device(state, setup.device))
    # drawn on the CPU, so that a seed means the same samples on every device, and one by one, because
    # what torch draws at once depends on how much that is: the first of two would not be the one alone
    rng = make_rng(request.seed, "sample")
    latents = torch.stack([torch.randn(latent_dim, generator=rng) for _ in range(request.n)])
    return sample(network, latents.to(setup.device))


def _scatter(setup: Setup, samples: Tensor) -> NDArray[np.uint8]:
    sampler = setup.dataset.open(setup.device)
    return scatter_figure(sampler(len(samples), make_rng(0, "look", setup.device)), samples)


def _save_each(samples: Tensor, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for i, pixels in enumerate(to_pixels(samples).permute(0, 2, 3, 1).numpy()):
        png = encode_png(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels)
        write_atomically(folder / f"{i:05d}.png", png, durable=False)
