"""Decoding a dataset once, before training asks for it."""

import logging
from collections.abc import Iterable

from gan_lab.config.build import build
from gan_lab.config.checks import UserError
from gan_lab.datasets.base import Dataset
from gan_lab.datasets.packed_dataset import PackedDataset

log = logging.getLogger(__name__)


def prepare(node: object, trusted: Iterable[str] = ()) -> None:
    """Pack the dataset that a config node describes, unless it is packed already.

    Raises:
        UserError: if it has nothing to decode, or cannot be read or written.
    """
    dataset = build(node, Dataset, "dataset", trusted)  # type: ignore[type-abstract]
    if not isinstance(dataset, PackedDataset):
        raise UserError(f"dataset {type(dataset).__name__} needs no preparation: it is not read from files.")
    log.info("%s", dataset.prepare())
