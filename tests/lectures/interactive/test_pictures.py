"""The pictures of interactive pages: few bytes, as many pixels, no colour far from the drawn one."""

import base64
import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gan_lab.lectures.comparisons.parallel_lines import ParallelLinesExperiment
from gan_lab.lectures.drawing import slide_style
from gan_lab.lectures.interactive.frames import WIDTH
from gan_lab.lectures.interactive.pictures import COLOURS, shrink_picture
from gan_lab.plotting.style import encode_picture
from lectures.interactive.test_frames import WITH_SLIDERS
from lectures.interactive.test_gallery_pages import page_of

LARGEST_FRAME = 64_000  # bytes: the eight fields of arrows of dirac_gan take the most
FARTHEST = 40  # grey levels of 255, of the colour that differs most


def pixels(picture: bytes) -> NDArray[np.int16]:
    with Image.open(io.BytesIO(picture)) as image:
        return np.asarray(image.convert("RGB")).astype(np.int16)


def test_a_frame_takes_two_thirds_of_a_png_and_looks_the_same() -> None:
    with slide_style():
        figure = ParallelLinesExperiment((0.5,), 16).run().figure
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # else the second picture would be laid out anew
        png = encode_picture(figure, WIDTH)
        every_colour = io.BytesIO()
        figure.savefig(every_colour, format="png", dpi=WIDTH / figure.get_size_inches()[0])
    small = shrink_picture(png)
    assert len(small) < 2 / 3 * len(png)
    shown, drawn = pixels(small), pixels(every_colour.getvalue())
    assert shown.shape == drawn.shape
    assert np.abs(shown - drawn).max() <= FARTHEST
    assert np.abs(shown - drawn).mean() < 0.5
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) <= COLOURS


def test_areas_of_near_colours_stay_apart_and_a_rare_colour_stays() -> None:
    numbers = np.tile(np.arange(256, dtype=np.uint8), (256, 1))
    numbers[:40, :40], numbers[:40, 40:80], numbers[100:102, 100:102] = 200, 202, 255
    picture = Image.fromarray(numbers, mode="P")
    picture.putpalette(bytes(level for grey in range(255) for level in (grey,) * 3) + bytes((213, 94, 0)))
    png = io.BytesIO()
    picture.save(png, format="PNG")
    shown = pixels(shrink_picture(png.getvalue()))
    assert np.unique(shown[:40, :40]).tolist() == [200]
    assert np.unique(shown[:40, 40:80]).tolist() == [202]
    assert np.unique(shown[100:102, 100:102].reshape(-1, 3), axis=0).tolist() == [[213, 94, 0]]
    assert np.abs(shown - pixels(png.getvalue())).max() <= 4
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) <= COLOURS


@pytest.mark.parametrize("name", WITH_SLIDERS)
def test_the_frames_of_the_gallery_are_small(name: str) -> None:
    frames = page_of(name).data("frames")
    pictures = [base64.b64decode(f["picture"].removeprefix("data:image/webp;base64,")) for f in frames]
    assert max(map(len, pictures)) < LARGEST_FRAME
    with Image.open(io.BytesIO(pictures[0])) as image:
        assert (image.format, image.size) == ("WEBP", (WIDTH, WIDTH * 9 // 16))
