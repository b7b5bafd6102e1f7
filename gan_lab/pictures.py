"""Samples as a person sees them: grids of images, and points in the plane over the critic's value surface."""

import io
import math
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torchvision.utils import make_grid

from gan_lab.types import Score

_SURFACE_POINTS = 100


def to_pixels(images: Tensor) -> Tensor:
    """Return images (n, C, H, W) in [-1, 1] as uint8 with 1 or 3 channels, on the CPU.

    The range is the same for every image: a grid does not brighten a dark sample. Two channels, or more
    than three, are shown as the mean over channels.
    """
    if images.shape[1] not in (1, 3):
        images = images.mean(dim=1, keepdim=True)
    return ((images.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).cpu()


def image_grid(images: Tensor) -> NDArray[np.uint8]:
    """Return images (n, C, H, W) in [-1, 1] as one grid (H', W', 3), as square as n allows."""
    pixels = to_pixels(images)
    columns = math.ceil(math.sqrt(len(pixels)))
    grid: NDArray[np.uint8] = (
        make_grid(pixels, nrow=columns, padding=1, pad_value=32).permute(1, 2, 0).numpy()
    )
    return grid


def save_image(pixels: NDArray[np.uint8], path: Path) -> None:
    """Write an image (H, W, 3) or (H, W) as a PNG, small ones enlarged by a whole factor to be seen."""
    image = Image.fromarray(pixels)
    factor = max(1, 512 // max(image.size))
    image = image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    image.save(path, format="PNG")


def plane_figure(real: Tensor, fake: Tensor, score: Score) -> NDArray[np.uint8]:
    """Return real and generated points (n, 2), (m, 2) over the critic's value surface, as pixels (H, W, 3).

    The surface is the raw score V(x) on a grid that covers the real points with a margin.
    """
    low, high = real.amin(dim=0), real.amax(dim=0)
    margin = 0.35 * (high - low).amax().clamp(min=1e-3)
    (x0, y0), (x1, y1) = (low - margin).tolist(), (high + margin).tolist()
    xs = torch.linspace(x0, x1, _SURFACE_POINTS, device=real.device)
    ys = torch.linspace(y0, y1, _SURFACE_POINTS, device=real.device)
    grid = torch.cartesian_prod(xs, ys)  # (points^2, 2)
    with torch.no_grad():
        surface = score(grid).view(_SURFACE_POINTS, _SURFACE_POINTS).T.cpu().numpy()
    figure = Figure(figsize=(5.4, 4.8), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    filled = axes.contourf(xs.cpu().numpy(), ys.cpu().numpy(), surface, levels=20, cmap="cividis")
    figure.colorbar(filled, ax=axes, label="critic score V(x)")
    for points, label, colour in ((real, "real", "white"), (fake, "generated", "tab:orange")):
        x, y = points.T.cpu().numpy()
        axes.scatter(x, y, s=4, c=colour, alpha=0.7, label=label, edgecolors="none")
    axes.set(xlim=(x0, x1), ylim=(y0, y1), xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    axes.legend(loc="upper right", markerscale=3, framealpha=0.9)
    return _pixels(figure)


def scatter_figure(real: Tensor, fake: Tensor) -> NDArray[np.uint8]:
    """Return the first two coordinates, or the histogram if d = 1, of points (n, d), (m, d) as pixels."""
    figure = Figure(figsize=(5.4, 4.8), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    for points, label, colour in ((real, "real", "tab:blue"), (fake, "generated", "tab:orange")):
        values = points.cpu().numpy()
        if values.shape[1] == 1:
            axes.hist(values[:, 0], bins=60, density=True, alpha=0.6, color=colour, label=label)
        else:
            axes.scatter(values[:, 0], values[:, 1], s=4, c=colour, alpha=0.6, label=label)
    axes.set(xlabel="$x_1$", ylabel="density" if real.shape[1] == 1 else "$x_2$")
    axes.legend()
    return _pixels(figure)


def _pixels(figure: Figure) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return np.asarray(Image.open(buffer).convert("RGB"))
