"""Your own images: every picture below a folder."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from gan_lab.config.checks import FolderName
from gan_lab.config.errors import UserError
from gan_lab.config.phrases import counted, verb
from gan_lab.datasets.folder_scan import Scan, scan
from gan_lab.datasets.packed_dataset import PackedDataset
from gan_lab.datasets.packing import DamagedImageError, Images
from gan_lab.datasets.pixels import DECODING_ERRORS, decode, readable_suffixes, reason_of

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ImageFolder(PackedDataset):
    """All pictures below ``root``, however deep: their largest centred square, resized to ``size``.

    A picture is a file whose ending is one of a format that Pillow reads, in small or capital letters; of an
    animation, the first frame is taken. Hidden names and links that lead elsewhere are passed over; packing
    says how many of what. The folder is packed on first use and again when a file is added, removed, renamed
    or written to.

    Args:
        size: height and width in pixels.
        root: the folder; relative to the current directory.
        resident: whether the images live in the device's memory as bytes: if they fit, always, never.
        channels: 1 for grey, 3 for colour.
    """

    root: FolderName = "data/images"
    channels: Literal[1, 3] = 3

    name: ClassVar[str] = "image_folder"

    @property
    def data_shape(self) -> tuple[int, ...]:
        """Square images of ``channels``."""
        return (self.channels, self.size, self.size)

    def source_files(self) -> list[Path]:
        """Return all pictures, sorted by path."""
        return self._scan().pictures

    def check_obtainable(self) -> None:
        """Refuse a folder that does not exist or holds no picture."""
        if not self.folder.is_dir():
            raise UserError(f"dataset.root must be a folder of images; {self.folder} is none.")
        said = self._scan().said()
        raise UserError(
            f"dataset.root must hold images (jpg, png, webp, tif or another ending that Pillow reads); "
            f"there are none below {self.folder}{f', which holds {said}' if said else ''}."
        )

    def images(self) -> Images:
        """Return the pictures in the order of ``source_files``."""
        found = self._scan()
        said = found.said()
        passed_over = f"; passed over: {said}" if said else ""
        _log.info("%s below %s%s.", counted(len(found.pictures), "image"), self.folder, passed_over)
        return Images(
            len(found.pictures),
            lambda index: self._decode(found.pictures[index]),
            str(self.folder),
            self._way_out,
        )

    def _way_out(self, damaged: int) -> str:
        return f"replace or remove {verb(damaged, 'it', 'them')} and run `{self.prepare_command}` again"

    def _scan(self) -> Scan:
        return scan(self.folder, readable_suffixes())

    def _decode(self, path: Path) -> NDArray[np.uint8]:
        try:
            return decode(path, self.size, self.channels)
        except DECODING_ERRORS as error:
            reason = reason_of(error)
            raise DamagedImageError(
                f"{path} is not an image that can be read ({reason})",
                f"{path.relative_to(self.folder)} ({reason})",
            ) from error
