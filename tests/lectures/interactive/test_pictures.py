"""The pictures of interactive pages: few bytes, as many pixels, no colour far from the drawn one."""

import base64
import io

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from gan_lab.lectures.comparisons.parallel_lines import ParallelLinesExperiment
from gan_lab.lectures.drawing import slide_style
from gan_lab.lectures.interactive.pictures import (
    COLOURS,
    WIDTH,
    Pixels,
    draw_alike,
    put_together,
    shrink_pictures,
)
from lectures.interactive.test_frames import WITH_SLIDERS
from lectures.interactive.test_gallery_pages import page_of

LARGEST_FRAME = 64_000  # bytes: the eight fields of arrows of dirac_gan take the most
FARTHEST = 40  # grey levels of 255, of the colour that differs most


def far(shown: Pixels, drawn: Pixels) -> np.ndarray:
    return np.abs(shown.astype(np.int16) - drawn)


def test_frames_take_a_third_of_their_pngs_and_look_the_same() -> None:
    with slide_style():
        figures = [ParallelLinesExperiment((shift,), 16, 1.0).run().figure for shift in (-0.5, 0.2, 0.5)]
        drawn = draw_alike(figures)
    base, overlays = shrink_pictures(drawn)
    png = io.BytesIO()
    Image.fromarray(drawn[0]).quantize(256, dither=Image.Dither.NONE).save(png, format="PNG", optimize=True)
    assert sum(map(len, overlays)) < len(overlays) * len(png.getvalue()) / 3
    shown = [put_together(base, overlay) for overlay in overlays]
    for one, other in zip(shown, drawn, strict=True):
        assert one.shape == other.shape
        assert far(one, other).max() <= FARTHEST
        assert far(one, other).mean() < 0.5
    assert len(np.unique(np.concatenate(shown).reshape(-1, 3), axis=0)) <= COLOURS


def test_what_pictures_share_is_in_the_base_alone() -> None:
    paper = np.full((32, 32, 3), 255, np.uint8)
    pictures = [paper.copy() for _ in range(3)]
    for place, picture in enumerate(pictures):
        picture[2:4], picture[10 + place, 5] = 0, (213, 94, 0)
    base, overlays = shrink_pictures(pictures)
    for picture, overlay in zip(pictures, overlays, strict=True):
        assert np.array_equal(put_together(base, overlay), picture)
        with Image.open(io.BytesIO(overlay)) as image:
            assert (np.asarray(image.convert("RGBA"))[..., 3] > 0).sum() == 9 * 9  # the pixel and its margin


@pytest.mark.parametrize("scale", [0.75, 0.4, 0.3])
def test_lines_of_the_base_do_not_shine_through_where_a_browser_scales(scale: float) -> None:
    paper = np.full((120, 120, 3), 255, np.uint8)
    pictures = [paper.copy() for _ in range(3)]
    for picture in pictures[:2]:
        picture[:, 60] = 0  # what most pictures have, and the third has not
    base, overlays = shrink_pictures(pictures)
    with Image.open(io.BytesIO(base)) as below, Image.open(io.BytesIO(overlays[2])) as above:
        size = (round(120 * scale),) * 2
        # a browser scales colours times their opacity
        parts = [each.convert("RGBA").convert("RGBa").resize(size).convert("RGBA") for each in (below, above)]
    assert np.asarray(Image.alpha_composite(*parts))[..., :3].min() >= 250


@pytest.mark.parametrize("size", [8, 10, 12, 14])
def test_letters_of_any_size_have_the_room_that_they_take(size: float) -> None:
    with slide_style():
        figure = Figure(figsize=(12.8, 7.2), dpi=110, layout="constrained")
        axes = figure.add_subplot()
        axes.set_yticks([0, 1], ["a long label of bars", "bars"], fontsize=size)
    (pixels,) = draw_alike([figure])
    inked = (pixels < 128).any(axis=(0, 2))
    assert 4 <= int(np.argmax(inked)) <= 9


def test_areas_of_near_colours_stay_apart_and_a_rare_colour_stays() -> None:
    levels = np.tile(np.arange(256, dtype=np.uint8), (256, 1))
    levels[levels == 255] = 254
    levels[:40, :40], levels[:40, 40:80] = 200, 202
    drawn = np.stack([levels] * 3, axis=2)
    drawn[100:102, 100:102] = (213, 94, 0)
    base, (overlay,) = shrink_pictures([drawn])
    shown = put_together(base, overlay)
    assert np.unique(shown[:40, :40]).tolist() == [200]
    assert np.unique(shown[:40, 40:80]).tolist() == [202]
    assert np.unique(shown[100:102, 100:102].reshape(-1, 3), axis=0).tolist() == [[213, 94, 0]]
    assert far(shown, drawn).max() <= 4
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) <= COLOURS


@pytest.mark.parametrize("name", WITH_SLIDERS)
def test_the_frames_of_the_gallery_are_small(name: str) -> None:
    page = page_of(name)
    addresses = [each["src"] for each in page.attributes("img")] + [f["picture"] for f in page.data("frames")]
    pictures = [base64.b64decode(each.removeprefix("data:image/webp;base64,")) for each in addresses]
    assert max(map(len, pictures)) < LARGEST_FRAME
    for picture in pictures[:2]:  # the base, and the overlay that the page opens with
        with Image.open(io.BytesIO(picture)) as image:
            assert (image.format, image.size) == ("WEBP", (WIDTH, WIDTH * 9 // 16))
