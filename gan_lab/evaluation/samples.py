"""Samples of a finished run, as pictures or as numbers."""

import io
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gan_lab.config.errors import UserError
from gan_lab.config.phrases import counted
from gan_lab.evaluation.trained import load_trained
from gan_lab.files.atomic import write_atomically
from gan_lab.files.regular import require_regular
from gan_lab.game.setup import Setup
from gan_lab.numerics.streams import make_rng
from gan_lab.plotting.images import encode_png, enlarge, image_grid, scatter_figure, to_pixels

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
    trained = load_trained(run_dir, request.device, trusted)
    samples = trained.draw(request.n, request.seed)
    is_image = samples.ndim == 4
    if request.format == "png" and not is_image:
        raise UserError(f"--format must be npy for vectors; {run_dir} makes {tuple(samples.shape[1:])}.")
    out.mkdir(parents=True, exist_ok=True)
    require_regular(out, ["samples_*"])
    stem = f"iteration{trained.iteration}_seed{request.seed}_n{request.n}"
    picture = image_grid(samples) if is_image else scatter_of(trained.setup, samples)
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
        log.info("%s: %s", folder, counted(len(samples), "image"))


def scatter_of(setup: Setup, samples: Tensor) -> NDArray[np.uint8]:
    """Return points (n, d) over as many of the data, as pixels (H, W, 3)."""
    sampler = setup.dataset.open(setup.device)
    return scatter_figure(sampler(len(samples), make_rng(0, "look", setup.device)), samples)


def _save_each(samples: Tensor, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for i, pixels in enumerate(to_pixels(samples).permute(0, 2, 3, 1).numpy()):
        png = encode_png(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels)
        write_atomically(folder / f"{i:05d}.png", png, durable=False)
