"""The folders of data that the user has named on this machine: a stranger's config can name no others.

A config says which folder is read, packed and perhaps downloaded into. Whoever types ``train`` or ``prepare``
decides on that; who resumes or evaluates a run folder takes what its config says, and the folder may be a
stranger's. So what was typed is kept in the cache folder, and the rest asks for ``--trust-data``. Nothing
about the run folder itself could tell: an archive that was unpacked belongs to the user, too.
"""

import contextlib
import json
from pathlib import Path
from typing import NamedTuple

from gan_lab.config.errors import UserError
from gan_lab.config.quoting import quoted
from gan_lab.datasets.base import Dataset
from gan_lab.datasets.packed_dataset import PackedDataset
from gan_lab.files.atomic import write_atomically
from gan_lab.files.cache import cache_folder
from gan_lab.files.lock import sole_writer
from gan_lab.files.regular import read_regular

_MOST_BYTES = 1 << 22


class _Root(NamedTuple):
    """What a user lets a dataset do: read a folder, and pack it; and fill it from the network."""

    kind: str
    folder: str
    download: bool


def remember_root(dataset: Dataset) -> None:
    """Keep the folder that a dataset reads as one that the user has named; does nothing for one without.

    A cache that cannot be written to remembers nothing: then ``resume`` asks again.
    """
    root = _root_of(dataset)
    if root is None or root in _known():
        return
    path = _registry()
    with contextlib.suppress(UserError), sole_writer(path, "set GAN_LAB_CACHE to a folder of yours"):
        roots = sorted(_known() | {root})
        write_atomically(path, json.dumps([list(each) for each in roots], indent=1).encode())


def require_known_root(dataset: Dataset, run: Path, *, trust_data: bool) -> None:
    """Check that a run's data lie in a folder that the user has named.

    Args:
        dataset: of the run's config.
        run: its folder, for the sentence.
        trust_data: whether the user trusts the config in this; the folder is remembered then.

    Raises:
        UserError: if the folder is another one, or would be filled from the network unasked.
    """
    root = _root_of(dataset)
    if root is None:
        return
    if trust_data:
        remember_root(dataset)
        return
    known = _known()
    if root not in known and root._replace(download=True) not in known:
        downloads = ", or downloads into," if root.download else ""
        raise UserError(
            f"{run} reads{downloads} dataset.root={quoted(root.folder)}, which no gan-lab train or prepare "
            "was given here; if its data may be read and packed, add --trust-data."
        )


def _root_of(dataset: Dataset) -> _Root | None:
    if not isinstance(dataset, PackedDataset):
        return None  # made here, or of a package that the user trusts by name
    kind = f"{type(dataset).__module__}.{type(dataset).__qualname__}"
    return _Root(kind, str(dataset.folder), bool(getattr(dataset, "download", False)))


def _registry() -> Path:
    return cache_folder() / "roots.json"


def _known() -> set[_Root]:
    try:
        content = json.loads(read_regular(_registry(), _MOST_BYTES))
        return {_Root(str(kind), str(folder), download is True) for kind, folder, download in content}
    except (OSError, ValueError, TypeError):
        return set()
