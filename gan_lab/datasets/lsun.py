"""The bedrooms of LSUN, read from their lmdb database.

torchvision's reader is not used: it leaves a pickle of all keys in the current directory, named by nothing
but the letters of the path, and loads whatever lies there under that name.
"""

import importlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gan_lab.config.errors import UserError
from gan_lab.datasets.packed import Images
from gan_lab.datasets.packed_dataset import PackedDataset
from gan_lab.datasets.pixels import DECODING_ERRORS, decode, first_line

DATABASE = "bedroom_train_lmdb"


@dataclass(frozen=True)
class LsunBedroom(PackedDataset):
    """3,033,042 colour photographs of bedrooms (Yu et al. 2015), shorter side 256.

    The centred square is resized to ``size``, as in the experiments of Arjovsky et al. 2017 at 64x64, where
    the pack takes 37 GB.

    Args:
        size: height and width in pixels.
        root: folder that holds ``bedroom_train_lmdb``; relative to the current directory.
        resident: whether the images live in the device's memory as bytes: if they fit, always, never.
    """

    name: ClassVar[str] = "lsun_bedroom"

    @property
    def data_shape(self) -> tuple[int, ...]:
        """Three colour channels."""
        return (3, self.size, self.size)

    def source_files(self) -> list[Path]:
        """Return the database."""
        database = self.folder / DATABASE / "data.mdb"
        return [database] if database.is_file() else []

    def check_obtainable(self) -> None:
        """Refuse a missing database: nothing downloads it."""
        raise UserError(
            f"dataset=lsun_bedroom was not found; put {DATABASE}/data.mdb below {self.folder} "
            f"(bedroom_train_lmdb.zip of https://github.com/fyu/lsun)."
        )

    def images(self) -> Images:
        """Return the images in the order of their keys."""
        try:
            lmdb = importlib.import_module("lmdb")
        except ImportError as error:
            raise UserError(
                "dataset=lsun_bedroom needs the package lmdb; install it with `pip install lmdb`."
            ) from error
        folder = self.folder / DATABASE
        try:
            database = lmdb.open(str(folder), readonly=True, lock=False, readahead=False, meminit=False)
            with database.begin() as transaction:
                keys = list(transaction.cursor().iternext(keys=True, values=False))
        except lmdb.Error as error:
            raise UserError(f"{folder} is damaged ({first_line(error)}); download it again.") from error

        def read(index: int) -> NDArray[np.uint8]:
            with database.begin() as transaction:
                content = transaction.get(keys[index])
            try:
                return decode(io.BytesIO(content), self.size, 3)
            except DECODING_ERRORS as error:
                raise UserError(
                    f"{folder} has a damaged image {keys[index]!r} ({first_line(error)}); download it again."
                ) from error

        return Images(len(keys), read)
