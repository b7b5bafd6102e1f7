"""Picture files written by hand: with any metadata, and of depths that Pillow does not write."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 99: 4}
"""Bytes of one value by type: those of TIFF and EXIF, BigTIFF's, and one that there is not."""

Entry = tuple[int, int, int, bytes]  # tag, type, count, values

ORIENTATION, QUARTER_TURN = 0x0112, 6  # clockwise: what was up is right


def upper_half() -> Image.Image:
    """Return 8x8 RGB: white above, black below; upright at orientation 6 it is white on the right."""
    picture = Image.new("RGB", (8, 8), 0)
    picture.paste((255, 255, 255), (0, 0, 8, 4))
    return picture


def is_turned(image: np.ndarray) -> bool:
    """Whether (C, 8, 8) is ``upper_half`` turned by a quarter."""
    return bool((image[:, :, 5:] > 200).all() and (image[:, :, :3] < 50).all())


def is_upright(image: np.ndarray) -> bool:
    return bool((image[:, :3] > 200).all() and (image[:, 5:] < 50).all())


def values(kind: int, count: int) -> bytes:
    length = TYPE_BYTES[kind] * count
    return (b"\x01\x02\x00\x80" * (length // 4 + 1))[:length]


def directory(entries: list[Entry], order: str, before: int = 0) -> bytes:
    """Return a TIFF file of one directory, which is what EXIF is; ``before`` bytes of pixels follow it."""
    end = 8 + 2 + 12 * len(entries) + 4 + before
    packed, data = b"", b""
    for tag, kind, count, content in sorted(entries):
        place = content.ljust(4, b"\0") if len(content) <= 4 else struct.pack(f"{order}I", end + len(data))
        data += content if len(content) > 4 else b""
        packed += struct.pack(f"{order}HHI", tag, kind, count) + place
    magic = {"<": b"II*\0", ">": b"MM\0*"}[order]
    head = magic + struct.pack(f"{order}IH", 8, len(entries)) + packed + bytes(4)
    return head + bytes(before) + data


def exif(tag: int, kind: int, count: int, order: str) -> bytes:
    """Return EXIF that says a quarter turn, and one tag more."""
    turn = (ORIENTATION, 3, 1, struct.pack(f"{order}H", QUARTER_TURN))
    return directory([turn, (tag, kind, count, values(kind, count))], order)


def tiff(tag: int, kind: int, count: int, order: str) -> bytes:
    """Return ``upper_half`` as a grey TIFF that says a quarter turn, and one tag more."""
    pixels = bytes([255] * 32 + [0] * 32)
    numbers = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: 8 + 2 + 12 * 11 + 4, 277: 1, 278: 8, 279: 64}
    numbers[ORIENTATION] = QUARTER_TURN
    entries = [(key, 3, 1, struct.pack(f"{order}H", value)) for key, value in numbers.items()]
    content = directory([*entries, (tag, kind, count, values(kind, count))], order, before=64)
    return content[: numbers[273]] + pixels + content[numbers[273] + 64 :]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_with(*chunks: bytes) -> bytes:
    """Return ``upper_half`` as a PNG with more chunks before its pixels."""
    buffer = io.BytesIO()
    upper_half().save(buffer, "PNG")
    content = buffer.getvalue()
    return content[:33] + b"".join(chunks) + content[33:]


def jpeg_with(*segments: tuple[int, bytes]) -> bytes:
    """Return ``upper_half`` as a JPEG with more segments, (marker, body) each, at its beginning."""
    buffer = io.BytesIO()
    upper_half().save(buffer, "JPEG", quality=95)
    content = buffer.getvalue()
    more = [bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body for marker, body in segments]
    return content[:2] + b"".join(more) + content[2:]


def png(colour_type: int, depth: int, row: bytes, *chunks: bytes, width: int = 2) -> bytes:
    """Return a PNG of ``width`` x ``width`` whose rows are all alike, from its packed samples."""
    header = struct.pack(">IIBBBBB", width, width, depth, colour_type, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress((b"\0" + row) * width))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks) + pixels + chunk(b"IEND", b"")
