"""What the files of pictures hold besides their pixels: taken out, so that it cannot get in the way."""

import struct

from PIL import Image

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"

_SCAN, _END = 0xDA, 0xD9
_ALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a length behind them
_SAID_ASIDE = {*range(0xE0, 0xF0), 0xFE}  # application segments and comments
_ADOBE = 0xEE  # says how the colours are stored

_TIFF = {b"II*\0": "<", b"MM\0*": ">"}
_ENTRY = 12  # bytes of a tag in a TIFF's directory
_OF_PIXELS = {
    # what the TIFF 6.0 specification needs to find and read the samples, and which way up they are
    *(254, 255, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 292, 293, 317, 320),
    *(322, 323, 324, 325, 332, 334, 338, 339, 347, *range(512, 522), 529, 530, 531, 532),
}

_NO_ORIENTATION = 1


def without_metadata(content: bytes) -> tuple[bytes, bytes] | None:
    """Return a file with nothing left in it but its picture, and its EXIF.

    Of a PNG the chunks stay that a decoder needs, and the transparent colour; of a JPEG all segments but
    comments and those of applications; of a TIFF the tags of its first picture that describe pixels.

    Args:
        content: of the file.

    Returns:
        The smaller file and what its EXIF was, empty if it had none; None for other formats. A TIFF keeps
        its orientation, which Pillow follows by itself.
    """
    if content.startswith(_PNG):
        return _bare_png(content)
    if content.startswith(_JPEG):
        return _bare_jpeg(content)
    if content[:4] in _TIFF:
        return _bare_tiff(content, _TIFF[content[:4]])
    return None


def orientation_in(exif: bytes) -> int:
    """Return EXIF's tag Orientation, 1 (upright) where it cannot be read."""
    found = Image.Exif()
    try:
        found.load(exif)
        return int(found.get(0x0112, _NO_ORIENTATION))
    except (OSError, SyntaxError, ValueError, LookupError, TypeError, ArithmeticError, struct.error):
        return _NO_ORIENTATION


def _bare_png(content: bytes) -> tuple[bytes, bytes]:
    kept, exif, at = [_PNG], b"", len(_PNG)
    while at + 8 <= len(content):
        length, kind = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        end = at + 12 + length  # length, kind, data and checksum
        critical = not kind[0] & 32  # a capital letter first
        if critical or kind == b"tRNS":
            kept.append(content[at:end])
        elif kind == b"eXIf":
            exif = content[at + 8 : end - 4]
        at = end
    return b"".join(kept), exif


def _bare_jpeg(content: bytes) -> tuple[bytes, bytes]:
    kept, exif, at = [_JPEG], b"", len(_JPEG)
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker in (_SCAN, _END):
            break
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        end = at + 2 if marker in _ALONE else at + 2 + int.from_bytes(content[at + 2 : at + 4])
        body = content[at + 4 : end]
        if marker not in _SAID_ASIDE or (marker == _ADOBE and body.startswith(b"Adobe") and len(body) >= 12):
            kept.append(content[at:end])
        elif body.startswith(b"Exif\0\0") and not exif:
            exif = body[6:]
        at = end
    return b"".join([*kept, content[at:]]), exif


def _bare_tiff(content: bytes, order: str) -> tuple[bytes, bytes] | None:
    try:
        (at,) = struct.unpack_from(f"{order}I", content, 4)
        (count,) = struct.unpack_from(f"{order}H", content, at)
        entries = [content[k : k + _ENTRY] for k in range(at + 2, at + 2 + count * _ENTRY, _ENTRY)]
        kept = [entry for entry in entries if struct.unpack_from(f"{order}H", entry)[0] in _OF_PIXELS]
    except struct.error:
        return None
    # fewer entries in the same place, so that all offsets still hold; and no picture after this one
    directory = struct.pack(f"{order}H", len(kept)) + b"".join(kept) + bytes(4)
    return content[:at] + directory + content[at + len(directory) :], b""
