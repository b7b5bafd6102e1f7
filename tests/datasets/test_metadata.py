"""What a file says besides its pixels decides how the picture is turned, and never whether it is read."""

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest

from gan_lab.datasets.image_folder import ImageFolder
from gan_lab.datasets.metadata import orientation_in, without_metadata
from gan_lab.datasets.packed import read_pack
from gan_lab.datasets.pixels import decode
from support.pictures import (
    ORIENTATION,
    TYPE_BYTES,
    chunk,
    directory,
    exif,
    is_turned,
    is_upright,
    jpeg_with,
    png_with,
    tiff,
    upper_half,
)

TAGS = {
    "ImageDescription": 0x010E,
    "Make": 0x010F,
    "XResolution": 0x011A,
    "ResolutionUnit": 0x0128,
    "Software": 0x0131,
    "Artist": 0x013B,
    "XMP": 0x02BC,
    "YCbCrPositioning": 0x0213,
    "Copyright": 0x8298,
    "ExifIFD": 0x8769,
    "ICC": 0x8773,
    "GPSInfo": 0x8825,
    "unknown": 0x9000,
}
COUNTS = (0, 1, 2, 5, 70)
LARGE = b"x" * (2 << 20)  # above the mebibyte of text that Pillow bears


def decoded(content: bytes) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of metadata that it passes over
        return decode(io.BytesIO(content), 8, 3)


def encoded(kind: str, block: bytes) -> bytes:
    if kind == "TIFF":
        return block
    buffer = io.BytesIO()
    more = {"lossless": True} if kind == "WEBP" else {}
    upper_half().save(buffer, kind, exif=b"Exif\0\0" + block if kind == "JPEG" else block, **more)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("tag", TAGS.values(), ids=TAGS)
def test_a_picture_is_read_and_turned_whatever_tag_stands_beside(kind: str, tag: int) -> None:
    block = tiff if kind == "TIFF" else exif
    cases = [(value, count, order) for value in TYPE_BYTES for count in COUNTS for order in "<>"]
    assert len(cases) == 150
    wrong = [case for case in cases if not is_turned(decoded(encoded(kind, block(tag, *case))))]
    assert wrong == []


@pytest.mark.parametrize(
    ("kind", "content", "turned"),
    [
        *((kind, struct.pack("<Q", 6)[: TYPE_BYTES[kind]], True) for kind in (3, 4, 8, 9, 16)),
        (5, struct.pack("<II", 6, 1), True),
        (5, struct.pack("<II", 6, 0), False),
        (12, struct.pack("<d", float("nan")), False),
        (2, b"six\0", False),
        (3, struct.pack("<H", 9), False),
        (3, struct.pack("<H", 0), False),
    ],
)
def test_an_orientation_of_any_type_is_followed_if_it_is_one(kind: int, content: bytes, turned: bool) -> None:
    count = len(content) // TYPE_BYTES[kind]
    image = decoded(encoded("JPEG", directory([(ORIENTATION, kind, count, content)], "<")))
    assert (is_turned if turned else is_upright)(image)


PNG_CHUNKS = {
    "much text": [chunk(b"zTXt", b"k\0\0" + zlib.compress(LARGE))],
    "much international text": [chunk(b"iTXt", b"k\0\1\0\0\0" + zlib.compress(LARGE))],
    "many texts": [chunk(b"zTXt", b"k%d\0\0" % k + zlib.compress(LARGE[: 1 << 20])) for k in range(66)],
    "text compressed in no known way": [chunk(b"zTXt", b"k\0\5abc")],
    "a large colour profile": [chunk(b"iCCP", b"x\0\0" + zlib.compress(LARGE))],
    "a profile compressed in no known way": [chunk(b"iCCP", b"x\0\7abc")],
    "an empty profile": [chunk(b"iCCP", b"")],
    "no profile": [chunk(b"iCCP", b"x\0\0abc")],
    "short resolution": [chunk(b"pHYs", b"\0")],
    "short gamma": [chunk(b"gAMA", b"\0")],
    "short chromaticities": [chunk(b"cHRM", b"\0")],
    "short intent": [chunk(b"sRGB", b"")],
    "short animation": [chunk(b"acTL", b"\0")],
    "no animation": [chunk(b"acTL", bytes(8))],
    "a frame outside": [chunk(b"fcTL", bytes(26))],
    "EXIF that is none": [chunk(b"eXIf", b"nonsense")],
    "EXIF as text that is none": [chunk(b"tEXt", b"Raw profile type exif\0\nexif\n zzz\nxx")],
    "a wrong checksum": [chunk(b"tEXt", b"k\0a")[:-4] + b"XXXX"],
}

JPEG_SEGMENTS = {
    "several pictures, broken": (0xE2, b"MPF\0nonsense"),
    "a profile without end": (0xE2, b"ICC_PROFILE\0"),
    "a profile in lost parts": (0xE2, b"ICC_PROFILE\0\7\2abc"),
    "EXIF that is none": (0xE1, b"Exif\0\0nonsense"),
    "EXIF out of bounds": (0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff"),
    "Photoshop's, cut short": (0xED, b"Photoshop 3.0\x008BIM\x03\xed"),
    "Adobe's, cut short": (0xEE, b"Adobe"),
    "JFIF, cut short": (0xE0, b"JFIF"),
    "a comment": (0xFE, b"\xff\xd8\xff\xda" * 100),
}


@pytest.mark.parametrize("chunks", PNG_CHUNKS.values(), ids=PNG_CHUNKS)
def test_no_chunk_decides_whether_a_png_is_read(chunks: list[bytes]) -> None:
    assert is_upright(decoded(png_with(*chunks)))


@pytest.mark.parametrize("segment", JPEG_SEGMENTS.values(), ids=JPEG_SEGMENTS)
def test_no_segment_decides_whether_a_jpeg_is_read(segment: tuple[int, bytes]) -> None:
    assert is_upright(decoded(jpeg_with(segment)))


def test_the_orientation_is_followed_beside_what_pillow_refuses() -> None:
    turn = exif(0x9000, 3, 1, ">")
    broken = (0xED, b"Photoshop 3.0\x008BIM\x03\xed")
    assert is_turned(decoded(jpeg_with((0xE1, b"Exif\0\0" + turn), broken)))
    assert is_turned(decoded(png_with(chunk(b"eXIf", turn), chunk(b"pHYs", b"\0"))))


def test_the_orientation_of_xmp_is_followed() -> None:
    packet = b'http://ns.adobe.com/xap/1.0/\0<rdf tiff:Orientation="6"/>'
    assert is_turned(decoded(jpeg_with((0xE1, packet))))


def test_what_is_left_of_a_file_is_its_picture() -> None:
    whole = png_with(chunk(b"tEXt", b"k\0a"), chunk(b"eXIf", exif(0x9000, 3, 1, "<")))
    left = without_metadata(whole)
    assert left is not None
    assert left[0] == png_with()
    assert orientation_in(left[1]) == 6
    assert without_metadata(jpeg_with((0xFE, b"words"), (0xE1, b"http://x"))) is not None
    assert without_metadata(b"GIF89a") is None
    assert orientation_in(b"") == orientation_in(b"nonsense") == 1


def test_a_folder_of_such_photographs_is_packed_without_a_warning(tmp_path: Path) -> None:
    # the tests make errors of warnings
    (tmp_path / "make.jpg").write_bytes(encoded("JPEG", exif(0x010F, 5, 1, "<")))
    (tmp_path / "short.jpg").write_bytes(encoded("JPEG", exif(0x010F, 2, 70, "<")[:60]))
    (tmp_path / "several.jpg").write_bytes(jpeg_with(JPEG_SEGMENTS["several pictures, broken"]))
    dataset = ImageFolder(root=str(tmp_path), size=8)
    made, several, short = read_pack(dataset.prepare(), dataset.data_shape)
    assert is_turned(made)
    assert is_turned(short)
    assert is_upright(several)
