"""Your own images: every picture below a folder."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from gan_lab.config.errors import UserError
from gan_lab.datasets.packed import Images
from gan_lab.datasets.packed_dataset import PackedDataset
from gan_lab.datasets.pixels import decode_file

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif")


@dataclass(frozen=True)
class ImageFolder(PackedDataset):
    """All pictures below ``root``, however deep: their largest centred square, resized to ``size``.

    A picture is a file that ends in jpg, jpeg, png, bmp, webp or gif (first frame), in small or capital
    letters. Names that begin with a dot are passed over, and links to folders are not followed. The folder
    is packed on first use and again when a file is added, removed, renamed or changes its size.

    Args:
        size: height and width in pixels.
        root: the folder; relative to the current directory.
        resident: whether the images live in the device's memory as bytes: if they fit, always, never.
        channels: 1 for grey, 3 for colour.
    """

    root: str = "data/images"
    channels: Literal[1, 3] = 3

    name: ClassVar[str] = "image_folder"

    @property
    def data_shape(self) -> tuple[int, ...]:
        """Square images of ``channels``."""
        return (self.channels, self.size, self.size)

    def source_files(self) -> list[Path]:
        """Return all pictures, sorted by path."""
        return sorted(
            Path(folder) / name
            for folder, _, names in os.walk(self.folder)
            for name in names
            if name.lower().endswith(SUFFIXES) and not name.startswith(".")
        )

    def check_obtainable(self) -> None:
        """Refuse a folder that does not exist or holds no picture."""
        if not self.folder.is_dir():
            raise UserError(f"dataset.root must be a folder of images; {self.folder} is none.")
        raise UserError(
            f"dataset.root must hold images ({', '.join(suffix[1:] for suffix in SUFFIXES)}); "
            f"there are none below {self.folder}."
        )

    def images(self) -> Images:
        """Return the pictures in the order of ``source_files``."""
        files = self.source_files()
        command = self.prepare_command
        return Images(len(files), lambda index: decode_file(files[index], self.size, self.channels, command))
