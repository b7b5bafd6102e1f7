"""Paths through a generator's latent space, as a grid or as a GIF: does it change gradually, or jump?"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from gan_lab.config.errors import UserError
from gan_lab.config.phrases import counted
from gan_lab.evaluation.samples import scatter_of
from gan_lab.evaluation.trained import latents_of, load_trained
from gan_lab.files.atomic import write_atomically
from gan_lab.files.regular import require_regular
from gan_lab.game.sampling import sample
from gan_lab.plotting.gifs import encode_gif
from gan_lab.plotting.images import encode_png, enlarge, image_grid

log = logging.getLogger(__name__)

Kind = Literal["slerp", "lerp"]

_WORDS: dict[str, str] = {
    "slerp": "along great circles (slerp), where latents stay as long as normal ones are",
    "lerp": "along straight lines (lerp), in whose middle latents are shorter than normal ones are",
}
_MS_PER_FRAME = 80


@dataclass(frozen=True)
class PathRequest:
    """What ``gan-lab interpolate`` was asked for.

    Attributes:
        paths: how many, each between two latents of its own; of a GIF, the stations of one closed path.
        steps: samples on each, its two ends among them.
        seed: of the latents.
        kind: ``slerp`` or ``lerp``.
        gif: whether to write a GIF of one closed path instead of a grid with a row for each.
        device: as in the config.
    """

    paths: int
    steps: int
    seed: int
    kind: Kind
    gif: bool
    device: str


def write_paths(run_dir: Path, out: Path, request: PathRequest, trusted: Iterable[str] = ()) -> Path:
    """Write samples along paths between latents; the file's name says iteration, seed, number and kind.

    Returns:
        The file.

    Raises:
        UserError: if it is no run folder, has no readable checkpoint, makes vectors where a GIF is asked
            for, or ``out`` cannot be written.
    """
    trained = load_trained(run_dir, request.device, trusted)
    is_image = len(trained.data_shape) == 3
    if request.gif and not is_image:
        raise UserError(f"--gif needs a run that makes images; {run_dir} makes {trained.data_shape}.")
    trained.require_room(request.paths * request.steps)
    latents = latents_between(request, trained.latent_dim)
    samples = sample(trained.generator(), latents.flatten(0, 1).to(trained.setup.device))
    out.mkdir(parents=True, exist_ok=True)
    require_regular(out, ["interpolation_*"])
    stem = f"interpolation_iteration{trained.iteration}_seed{request.seed}_{request.kind}"
    path = out / f"{stem}_{request.paths}x{request.steps}.{'gif' if request.gif else 'png'}"
    if request.gif:
        frames = [enlarge(image_grid(frame[None])) for frame in samples]
        write_atomically(path, encode_gif(frames, [_MS_PER_FRAME] * len(frames)))
    elif is_image:
        write_atomically(path, encode_png(enlarge(image_grid(samples, columns=request.steps))))
    else:
        write_atomically(path, encode_png(enlarge(scatter_of(trained.setup, samples))))
    paths, steps = counted(request.paths, "path"), counted(request.steps, "sample")
    log.info("%s: %s of %s %s", path, paths, steps, _WORDS[request.kind])
    return path


def latents_between(request: PathRequest, latent_dim: int) -> Tensor:
    """Return the latents (paths, steps, Z) of a request.

    Without ``gif``, path k leads from latent 2k to latent 2k + 1 of the seed, both ends included. With it,
    path k leads from latent k to latent k + 1 without the latter, and the last one back to the first.
    """
    if request.gif:
        ends = latents_of(request.paths, latent_dim, request.seed)
        starts, goals, t = ends, ends.roll(-1, 0), torch.linspace(0, 1, request.steps + 1)[:-1]
    else:
        ends = latents_of(2 * request.paths, latent_dim, request.seed)
        starts, goals, t = ends[0::2], ends[1::2], torch.linspace(0, 1, request.steps)
    along = slerp if request.kind == "slerp" else torch.lerp
    return along(starts[:, None], goals[:, None], t[None, :, None])


def slerp(start: Tensor, end: Tensor, t: Tensor) -> Tensor:
    """Return (sin((1 - t) ω) start + sin(t ω) end) / sin ω, ω the angle between the two.

    A normal latent of Z dimensions is about √Z long. The middle of a straight line between two is shorter by
    a factor √2, a length that a generator has hardly seen; on this path lengths stay between those of the
    ends, where the two stand at a right angle, as random ones nearly do. Where they point the same way, or
    opposite ways, there is no one great circle, and the path is straight.

    Args:
        start: latents (..., Z).
        end: others, of a shape that goes with it.
        t: from 0 to 1, of a shape that goes with theirs.

    Reference:
        Shoemake, "Animating rotation with quaternion curves", 1985; for latents White, "Sampling generative
        networks", arXiv 1609.04468, section 2.1.
    """
    cosine = torch.cosine_similarity(start.double(), end.double(), dim=-1).clamp(-1, 1)
    angle = cosine.arccos().unsqueeze(-1)
    sine = angle.sin()
    weights = ((1 - t) * angle).sin() / sine, (t * angle).sin() / sine
    straight = sine < 1e-6
    of_start, of_end = (
        torch.where(straight, line, arc) for line, arc in zip((1 - t, t), weights, strict=True)
    )
    return (of_start * start + of_end * end).to(start.dtype)
