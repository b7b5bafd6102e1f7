"""How a run's samples became what they are: the pictures that training left, one after another."""

import io
import logging
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from gan_lab.config.errors import UserError
from gan_lab.config.phrases import counted
from gan_lab.files.atomic import write_atomically
from gan_lab.files.regular import read_regular, require_regular
from gan_lab.plotting.gifs import encode_gif
from gan_lab.runs.reading import read_run
from gan_lab.runs.record import RunRecord

log = logging.getLogger(__name__)

LAST_FRAME_MS = 2000
_MOST_FRAMES, _WHOLE_MS, _SHORTEST_MS, _LONGEST_MS = 120, 8000, 80, 500
_MOST_BYTES, _MOST_SIDE = 1 << 26, 4096
_PICTURE = re.compile(r"(?P<iteration>\d{6,})\.png")
_STRIP, _TEXT_SIZE = 26, 16  # pixels beneath each picture, and of the letters there


def write_progress(run_dir: Path, out: Path) -> Path:
    """Write the samples that training looked at as a GIF, whose last frame rests two seconds.

    Of more than 120 pictures, as many are taken, evenly, the first and the last among them.

    Returns:
        ``training_to_iteration<last>.gif`` below ``out``.

    Raises:
        UserError: if it is no run folder, has no such pictures, or one of them is damaged.
    """
    record = read_run(run_dir)
    looks = _evenly(_looks_of(record))
    frames = [_with_caption(_read(path), f"iteration {iteration:,}") for iteration, path in looks]
    if len({frame.shape for frame in frames}) > 1:
        raise UserError(f"{record.samples_path} holds pictures of several sizes; a GIF needs one.")
    out.mkdir(parents=True, exist_ok=True)
    require_regular(out, ["training_*"])
    path = out / f"training_to_iteration{looks[-1][0]}.gif"
    each = min(max(_WHOLE_MS // len(frames), _SHORTEST_MS), _LONGEST_MS)
    write_atomically(path, encode_gif(frames, [each] * (len(frames) - 1) + [LAST_FRAME_MS]))
    span = f"from iteration {looks[0][0]:,} to {looks[-1][0]:,}"
    log.info("%s: %s, %s", path, counted(len(frames), "picture"), span)
    return path


def _looks_of(record: RunRecord) -> list[tuple[int, Path]]:
    folder = record.samples_path
    names = sorted(folder.iterdir()) if folder.is_dir() else []
    found = [(int(match["iteration"]), path) for path in names if (match := _PICTURE.fullmatch(path.name))]
    if not found:
        raise UserError(
            f"{folder} holds no pictures of training; train.sample_every says how often one is made."
        )
    return sorted(found)


def _evenly(looks: list[tuple[int, Path]]) -> list[tuple[int, Path]]:
    places = np.linspace(0, len(looks) - 1, min(len(looks), _MOST_FRAMES)).round().astype(int)
    return [looks[place] for place in places]


def _read(path: Path) -> Image.Image:
    data = read_regular(path, _MOST_BYTES)
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if max(image.size) > _MOST_SIDE:
                raise ValueError(f"{image.width}x{image.height} pixels are more than gan-lab draws")
            return image.convert("RGB")
    # what Pillow raises on a damaged PNG
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        reason = str(error).partition(": ")[0]
        raise UserError(f"{path} is no picture that gan-lab made ({reason}).") from error


def _with_caption(image: Image.Image, text: str) -> NDArray[np.uint8]:
    """Return a picture (H, W, 3) with a line of text beneath."""
    page = Image.new("RGB", (image.width, image.height + _STRIP), "white")
    page.paste(image)
    font = ImageFont.load_default(_TEXT_SIZE)
    ImageDraw.Draw(page).text((8, image.height + 4), text, fill="black", font=font)
    return np.asarray(page)
