"""Pictures one after another, as a GIF."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_COLOURS = 256


def encode_gif(frames: Sequence[NDArray[np.uint8]], durations_ms: Sequence[int]) -> bytes:
    """Return frames (H, W, 3) of one size as a GIF that repeats; the same bytes from the same frames.

    Args:
        frames: at least one.
        durations_ms: how long each is shown; GIFs count in hundredths of a second.
    """
    # colours of each frame's own: one palette for all would be made of the first
    pictures = [Image.fromarray(frame).quantize(_COLOURS, dither=Image.Dither.NONE) for frame in frames]
    buffer = io.BytesIO()
    pictures[0].save(
        buffer,
        "GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=list(durations_ms),
        loop=0,
        disposal=1,
    )
    return buffer.getvalue()
