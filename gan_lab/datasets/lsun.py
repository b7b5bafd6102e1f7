"""The bedrooms of LSUN, read from their lmdb database.

torchvision's reader is not used: it leaves a pickle of all keys in the current directory, named by nothing
but the letters of the path, and loads whatever lies there under that name.
"""

import contextlib
import importlib
import io
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gan_lab.config.errors import UserError
from gan_lab.datasets.packed_dataset import PackedDataset
from gan_lab.datasets.packing import DamagedImageError, Images
from gan_lab.datasets.pixels import DECODING_ERRORS, decode, first_line, reason_of

DATABASE = "bedroom_train_lmdb"
SPARED = 1e-3
"""Largest share of damaged images that is left out; nobody can mend one image of a database."""

_LIST_KEYS = """
import sys, lmdb
with lmdb.open(sys.argv[1], readonly=True, lock=False, readahead=False).begin() as transaction:
    for key in transaction.cursor().iternext(keys=True, values=False):
        pass
"""


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
        folder = self.folder / DATABASE
        database, keys = self._open(folder)

        def read(index: int) -> NDArray[np.uint8]:
            with database.begin() as transaction:
                content = transaction.get(keys[index])
            try:
                return decode(io.BytesIO(content or b""), self.size, 3)
            except DECODING_ERRORS as error:
                name = keys[index].decode("ascii", "backslashreplace")
                short = f"{name} ({reason_of(error)})"
                raise DamagedImageError(f"{folder} has a damaged image {short}", short) from error

        return Images(len(keys), read, str(folder), lambda _: "download it again", SPARED, database.close)

    def _open(self, folder: Path) -> tuple[Any, list[bytes]]:
        """Return the database and its keys in order."""
        try:
            lmdb = importlib.import_module("lmdb")
        except ImportError as error:
            raise UserError(
                "dataset=lsun_bedroom needs the package lmdb; install it with `pip install lmdb`."
            ) from error
        try:
            database = lmdb.open(str(folder), readonly=True, lock=False, readahead=False, meminit=False)
            with contextlib.ExitStack() as if_refused:
                # a process opens a database once
                if_refused.callback(database.close)
                _refuse_cut_short(database, folder / "data.mdb")
                _refuse_broken_pages(folder)
                with database.begin() as transaction:
                    keys = list(transaction.cursor().iternext(keys=True, values=False))
                if_refused.pop_all()
        except lmdb.Error as error:
            raise UserError(f"{folder} is damaged ({first_line(error)}); download it again.") from error
        return database, keys


def _refuse_cut_short(database: Any, path: Path) -> None:
    """Refuse a file that ends before the last page which its header says is in use.

    The pages are mapped into memory: reading one behind the end of the file would kill the process.
    """
    needed = (database.info()["last_pgno"] + 1) * database.stat()["psize"]
    size = path.stat().st_size
    if size < needed:
        raise UserError(
            f"{path} is cut short: it holds {size:,} bytes of at least {needed:,}; download it again."
        )


def _refuse_broken_pages(folder: Path) -> None:
    """Refuse a database whose keys cannot be listed, as of a download with holes.

    On such pages lmdb ends the process, so that another one has to try.
    """
    listed = subprocess.run([sys.executable, "-I", "-c", _LIST_KEYS, str(folder)], capture_output=True)
    if listed.returncode != 0:
        raise UserError(f"{folder} is damaged (its pages do not hang together); download it again.")
