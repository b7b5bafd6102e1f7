"""Samples as a person sees them: grids of images, and points."""

import io
import math

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor


def to_pixels(images: Tensor) -> Tensor:
    """Return images (n, C, H, W) in [-1, 1] as uint8 with 1 or 3 channels, on the CPU.

    The range is the same for every image: a grid does not brighten a dark sample. Two channels, or more
    than three, are shown as the mean over channels.
    """
    if images.shape[1] not in (1, 3):
        images = images.mean(dim=1, keepdim=True)
    return ((images.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).cpu()


def image_grid(images: Tensor, columns: int | None = None) -> NDArray[np.uint8]:
    """Return images (n, C, H, W) in [-1, 1] as one grid (H', W', 3).

    Args:
        images: row by row.
        columns: images in a row; None for a grid that is as square as n allows.
    """
    from torchvision.utils import make_grid  # takes two seconds to import, and points need none

    pixels = to_pixels(images)
    columns = columns or math.ceil(math.sqrt(len(pixels)))
    grid: NDArray[np.uint8] = (
        make_grid(pixels, nrow=columns, padding=1, pad_value=32).permute(1, 2, 0).numpy()
    )
    return grid


def enlarge(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an image (H, W, 3) or (H, W) at up to 512 pixels: enlarged by a whole factor, or itself."""
    factor = 512 // max(pixels.shape[:2])
    return pixels if factor < 2 else pixels.repeat(factor, axis=0).repeat(factor, axis=1)


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """Return an image (H, W, 3) or (H, W) as a PNG."""
    buffer = io.BytesIO()
    # a tenth larger, in half the time
    Image.fromarray(pixels).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


def scatter_figure(real: Tensor, fake: Tensor) -> NDArray[np.uint8]:
    """Return the first two coordinates, or the histogram if d = 1, of points (n, d), (m, d) as pixels."""
    # matplotlib takes a second to import, and most runs draw images
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.4, 4.8), dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.14, 0.11, 0.83, 0.86))
    for points, label, colour in ((real, "real", "tab:blue"), (fake, "generated", "tab:orange")):
        values = points.cpu().numpy()
        if values.shape[1] == 1:
            # one outline, which is drawn at once, where bars are drawn one by one
            axes.hist(
                values[:, 0],
                bins=60,
                density=True,
                histtype="stepfilled",
                alpha=0.6,
                color=colour,
                label=label,
            )
        else:
            axes.scatter(values[:, 0], values[:, 1], s=4, c=colour, alpha=0.6, label=label)
    axes.set(xlabel="$x_1$", ylabel="density" if real.shape[1] == 1 else "$x_2$")
    axes.legend()
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.array(canvas.buffer_rgba())[:, :, :3]  # type: ignore[no-untyped-call]
