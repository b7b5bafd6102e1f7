"""Animations as files: a GIF, and a film where ffmpeg is there; both rest on their last frame."""

import io
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from gan_lab.lectures.base import Animation

REST_S = 2.0  # on the last frame, which is the one that says something

_DPI = 80


def draw_frames(animation: Animation) -> list[Image.Image]:
    """Return every frame as a picture of RGB."""
    frames = []
    for number in range(animation.n_frames):
        animation.draw(number)
        png = io.BytesIO()
        animation.figure.savefig(png, format="png", dpi=_DPI)
        with Image.open(png) as image:
            frames.append(image.convert("RGB"))
    return frames


def encode_gif(frames: Sequence[Image.Image], frames_per_second: int) -> bytes:
    """Return frames as a GIF that repeats for ever; the same bytes from the same frames."""
    first, *others = [frame.quantize(128, dither=Image.Dither.NONE) for frame in frames]
    durations_ms = [round(1000 / frames_per_second)] * len(others) + [round(1000 * REST_S)]
    gif = io.BytesIO()
    # without others the list is refused
    duration = durations_ms if others else durations_ms[-1]
    first.save(gif, "GIF", save_all=True, append_images=others, duration=duration, loop=0, optimize=True)
    return gif.getvalue()


def encode_mp4(frames: Sequence[Image.Image], frames_per_second: int) -> bytes | None:
    """Return frames as a film that every browser and slide program plays; None where ffmpeg cannot make one.

    It is a second form of the GIF: an ffmpeg that is missing, or has no encoder of H.264, takes nothing away.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        return None
    rest = round(REST_S * frames_per_second) - 1
    # H.264 halves the colours' resolution, and so wants even sizes
    width, height = (side - side % 2 for side in frames[0].size)
    pixels = b"".join(
        np.asarray(frame)[:height, :width].tobytes() for frame in [*frames, *[frames[-1]] * rest]
    )
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.mp4"
        options = ["-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
        options += ["-r", str(frames_per_second), "-i", "-", "-c:v", "libx264", "-pix_fmt", "yuv420p"]
        # bitexact: no version of ffmpeg in the file; faststart: plays before it is loaded
        options += ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart"]
        made = subprocess.run([program, *options, str(film)], input=pixels, capture_output=True, check=False)
        return film.read_bytes() if made.returncode == 0 else None
