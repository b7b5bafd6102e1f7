"""Every mode that Pillow has, with and without a transparent colour, is read to the colours that one sees."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from gan_lab.datasets.colours import on_white, raw_mode
from gan_lab.datasets.pixels import decode, frame
from support.pictures import chunk, directory, png

# one colour in every mode, and what is seen of it
SEEN = {
    "1": (255, (255, 255, 255)),
    "L": (90, (90, 90, 90)),
    "P": (7, (30, 60, 90)),
    "LA": ((90, 255), (90, 90, 90)),
    "La": ((90, 255), (90, 90, 90)),
    "PA": ((7, 255), (30, 60, 90)),
    "RGB": ((30, 60, 90), (30, 60, 90)),
    "RGBA": ((30, 60, 90, 255), (30, 60, 90)),
    "RGBa": ((30, 60, 90, 255), (30, 60, 90)),
    "RGBX": ((30, 60, 90, 0), (30, 60, 90)),
    "CMYK": ((225, 195, 165, 0), (30, 60, 90)),
    "YCbCr": ((76, 85, 255), (254, 0, 0)),
    "HSV": ((85, 255, 200), (0, 200, 0)),
    "LAB": ((255, 128, 128), (255, 255, 255)),
    "I;16": (90 * 256 + 200, (90, 90, 90)),
    "I;16L": (90 * 256 + 200, (90, 90, 90)),
    "I;16B": (90 * 256 + 200, (90, 90, 90)),
    "I;16N": (90 * 256 + 200, (90, 90, 90)),
}
UNBOUNDED = ("I", "F")
TRANSPARENT = {
    "LA": (90, 0),
    "La": (0, 0),
    "PA": (7, 0),
    "RGBA": (30, 60, 90, 0),
    "RGBa": (0, 0, 0, 0),
}


def picture(mode: str, colour: object) -> Image.Image:
    image = Image.new(mode, (4, 4), colour)
    if mode in ("P", "PA"):
        image.putpalette([30, 60, 90] * 256)
    return image


def luma(rgb: tuple[int, int, int]) -> int:
    return Image.new("RGB", (1, 1), rgb).convert("L").getpixel((0, 0))


def colour_of(content: bytes, channels: int = 3) -> list[int]:
    """The first column of a picture two pixels wide, and the second: (left, right)."""
    image = decode(io.BytesIO(content), 2, channels)
    return [image[:, 0, 0].tolist(), image[:, 0, 1].tolist()]


def test_the_table_holds_every_mode_of_pillow() -> None:
    assert {*SEEN, *UNBOUNDED} == set(Image.MODES)


@pytest.mark.parametrize("mode", SEEN)
def test_every_mode_becomes_colour_and_grey(mode: str) -> None:
    colour, rgb = SEEN[mode]
    image = picture(mode, colour)
    np.testing.assert_allclose(frame(image, 2, 3)[:, 0, 0], rgb, rtol=0, atol=1)
    np.testing.assert_allclose(frame(image, 2, 1)[:, 0, 0], luma(rgb), rtol=0, atol=1)


@pytest.mark.parametrize("mode", TRANSPARENT)
def test_transparent_parts_show_the_page(mode: str) -> None:
    assert (frame(picture(mode, TRANSPARENT[mode]), 2, 3) == 255).all()
    assert (frame(picture(mode, TRANSPARENT[mode]), 2, 1) == 255).all()


@pytest.mark.parametrize("mode", UNBOUNDED)
def test_pixels_without_a_largest_value_are_refused(mode: str) -> None:
    with pytest.raises(ValueError, match=f"unbounded type {mode}"):
        frame(Image.new(mode, (4, 4)), 2, 3)


def packed_row(left: int, right: int, depth: int) -> bytes:
    """Two samples of a row, packed as PNG packs them."""
    if depth == 16:
        return struct.pack(">HH", left, right)
    return bytes([left, right]) if depth == 8 else bytes([left << (8 - depth) | right << (8 - 2 * depth)])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_the_transparent_colour_of_grey_is_counted_in_the_levels_of_the_file(
    depth: int, channels: int
) -> None:
    top = 2**depth - 1
    for left, right in [(0, top), (top, 0), (top // 3, top // 5), (top // 5, top // 3)]:
        key = chunk(b"tRNS", struct.pack(">H", left))
        first, second = colour_of(png(0, depth, packed_row(left, right, depth), key), channels)
        seen = right >> 8 if depth == 16 else right * 255 // top
        assert first == [255] * channels
        assert second == [255 if left == right else seen] * channels


def test_sixteen_bits_are_compared_whole() -> None:
    key = chunk(b"tRNS", struct.pack(">H", 90 * 256 + 1))
    assert colour_of(png(0, 16, packed_row(90 * 256 + 1, 90 * 256 + 2, 16), key)) == [[255] * 3, [90] * 3]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("depth", [8, 16])
def test_the_transparent_colour_of_rgb_is_the_page(depth: int, channels: int) -> None:
    shift = depth - 8
    left, right = (10, 20, 30), (10, 20, 31)
    word = ">" + ("B" if depth == 8 else "H") * 3
    row = b"".join(struct.pack(word, *(level << shift for level in colour)) for colour in (left, right))
    key = chunk(b"tRNS", struct.pack(">HHH", *(level << shift for level in left)))
    first, second = colour_of(png(2, depth, row, key), channels)
    assert first == [255] * channels
    assert second == ([10, 20, 31] if channels == 3 else [luma(right)])


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
@pytest.mark.parametrize("alpha", [b"\0", b"\0\xff", b"\0\x80"])
def test_a_palette_may_be_transparent_by_entry(depth: int, alpha: bytes) -> None:
    palette = chunk(b"PLTE", bytes([0, 0, 0, 30, 60, 90]))
    first, second = colour_of(png(3, depth, packed_row(0, 1, depth), palette, chunk(b"tRNS", alpha)))
    share = (alpha + b"\xff")[1] / 255
    assert first == [255, 255, 255]
    np.testing.assert_allclose(second, 255 - share * (255 - np.array([30, 60, 90])), rtol=0, atol=1)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize(("colour_type", "levels"), [(4, (90,)), (6, (30, 60, 90))])
def test_alpha_of_8_and_16_bits(depth: int, colour_type: int, levels: tuple[int, ...]) -> None:
    word = ">" + ("B" if depth == 8 else "H") * (len(levels) + 1)
    row = b"".join(
        struct.pack(word, *(level << (depth - 8) for level in (*levels, alpha))) for alpha in (0, 255)
    )
    first, second = colour_of(png(colour_type, depth, row))
    assert first == [255, 255, 255]
    np.testing.assert_allclose(second, levels * (3 // len(levels)), rtol=0, atol=1)


def test_sixteen_bits_of_a_portable_greymap() -> None:
    content = b"P5 2 2 65535\n" + struct.pack(">HHHH", 90 * 256 + 200, 65535, 0, 0)
    assert colour_of(content) == [[90] * 3, [255] * 3]


def test_twelve_bits_of_a_tiff() -> None:
    pixels = bytes([0x5A, 0xFF, 0xFF] * 2)  # 0x5AF and 0xFFF in each of two rows
    numbers = {256: 2, 257: 2, 258: 12, 259: 1, 262: 1, 273: 8 + 2 + 12 * 9 + 4, 277: 1, 278: 2, 279: 6}
    entries = [(key, 3, 1, struct.pack("<H", value)) for key, value in numbers.items()]
    content = directory(entries, "<") + pixels
    assert colour_of(content) == [[0x5A] * 3, [255] * 3]


def test_a_key_that_is_no_colour_is_passed_over() -> None:
    grey, colour = picture("L", 90), picture("RGB", (30, 60, 90))
    grey.info["transparency"], colour.info["transparency"] = b"\0\1", 5
    assert raw_mode(grey) == ""
    assert on_white(grey).getpixel((0, 0)) == 90
    assert on_white(colour).getpixel((0, 0)) == (30, 60, 90)
