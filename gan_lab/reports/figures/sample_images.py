"""The pictures of samples that training has left in ``samples/``, cut to what a figure has room for."""

import io
import math
import re
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan_lab.files.regular import read_regular
from gan_lab.reports.sweep.model import ReportRun

GRID_SIDE = 8
"""Training shows 64 images as eight rows of eight, as ``gan_lab.tracking.snapshots`` has it."""

PICTURE_OF_POINTS = (480, 540)
"""Rows and columns of a picture of points, as ``gan_lab.plotting.surface`` draws it."""

PLANE = (62, 26, 430, 428)
"""Its left, top, right and bottom pixels between which the plane lies."""

_MOST_BYTES = 1 << 26
_NUMBER = re.compile("[0-9]{1,15}")
_FAULTS = (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning)


def pictures_of(run: ReportRun) -> dict[int, Path]:
    """Return a run's pictures of generated samples by iteration, in rising order."""
    return pictures_in(run.record.samples_path)


def pictures_in(folder: Path) -> dict[int, Path]:
    """Return the same of a folder ``samples/``; none where it is missing."""
    named = [path for path in folder.glob("*.png") if _NUMBER.fullmatch(path.stem)]
    return dict(sorted((int(path.stem), path) for path in named))


def choose_evenly(pictures: dict[int, Path], count: int) -> dict[int, Path]:
    """Return at most ``count`` pictures, evenly spaced, the first and the last among them."""
    iterations = list(pictures)
    if len(iterations) > count:
        places = np.linspace(0, len(iterations) - 1, count).round().astype(int)
        iterations = [iterations[place] for place in places]
    return {iteration: pictures[iteration] for iteration in iterations}


def read_picture(path: Path, rows: int, columns: int) -> NDArray[np.uint8] | None:
    """Return a picture (H, W, 3), of a grid its first rows and columns; None if it cannot be read.

    Args:
        path: below a run's ``samples/``.
        rows: images from above, at most eight; what is no grid of images, such as points, is left whole.
        columns: images from the left, likewise.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(read_regular(path, _MOST_BYTES))) as image:
                pixels = np.asarray(image.convert("RGB"))
    except _FAULTS:
        return None
    if shows_points(path):
        return pixels
    pixels = _as_drawn(pixels)
    height, width = pixels.shape[:2]
    return pixels[: math.ceil(height * rows / GRID_SIDE), : math.ceil(width * columns / GRID_SIDE)]


def shows_points(path: Path) -> bool:
    """Return whether a picture below ``samples/`` is of points, with axes, and not a grid of images."""
    # only datasets of images are shown beside real ones
    return not path.with_name("real.png").is_file()


def without_axes(path: Path, pixels: NDArray[np.uint8] | None) -> NDArray[np.uint8] | None:
    """Return of a picture of points (H, W, 3) the plane alone, and any other as it is.

    In a small picture nobody can read what stands beside the plane.

    Args:
        path: below a run's ``samples/``.
        pixels: what ``read_picture`` has read there.
    """
    if pixels is None or not shows_points(path) or pixels.shape[:2] != PICTURE_OF_POINTS:
        return pixels
    left, top, right, bottom = PLANE
    return pixels[top:bottom, left:right]


def _as_drawn(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture without its enlargement by a whole factor (``gan_lab.plotting.images.enlarge``)."""
    height, width = pixels.shape[:2]
    for factor in range(math.gcd(height, width), 1, -1):
        if height % factor == 0 and width % factor == 0:
            small = pixels[::factor, ::factor]
            if np.array_equal(small.repeat(factor, axis=0).repeat(factor, axis=1), pixels):
                return small
    return pixels
