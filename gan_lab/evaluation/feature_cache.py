"""Feature networks of datasets with labels: trained once, in a minute, and kept in a cache."""

import hashlib
import io
import logging
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from gan_lab.datasets.base import Dataset
from gan_lab.datasets.labelled import LabelledDataset
from gan_lab.datasets.packed_dataset import PackedDataset
from gan_lab.evaluation.feature_network import FeatureNetwork
from gan_lab.evaluation.feature_training import train_feature_network
from gan_lab.files.atomic import write_atomically
from gan_lab.files.cache import cache_folder
from gan_lab.files.lock import sole_writer
from gan_lab.files.regular import read_regular
from gan_lab.numerics.streams import make_rng
from gan_lab.numerics.trees import map_tensors

log = logging.getLogger(__name__)

_MOST_BYTES = 1 << 28
_VERSION = 2  # of what is trained and how: another number, another network


def find_feature_network(
    dataset: Dataset, device: torch.device, before_training: Callable[[], None] | None = None
) -> FeatureNetwork | None:
    """Return a classifier of a dataset's images, from the cache or trained now; None where it has no labels.

    It is trained on the CPU, so that every device measures with the same network.

    Args:
        dataset: whose labels it learns.
        device: where it shall compute.
        before_training: called before it is trained, where it is: that takes seconds, up to a minute.

    Raises:
        UserError: if the labels cannot be read, or the cache cannot be written.
    """
    if not isinstance(dataset, LabelledDataset):
        return None
    path = cache_folder() / "features" / f"{_key(dataset)}.pt"
    network = _load(path)
    if network is None:
        # one of several jobs trains: twice does not always give the same network
        with sole_writer(path, "set GAN_LAB_CACHE to a folder of yours"):
            network = _load(path)
            if network is None:
                if before_training is not None:
                    before_training()
                network = _train(dataset, path)
    return FeatureNetwork(
        map_tensors(lambda value: value.to(device), network.parameters), network.size, network.channel_wise
    )


def _key(dataset: LabelledDataset) -> str:
    """Return a file name that is another one where the images, the labels or the training are."""
    # not the times of files: the same images are to be measured with the same network everywhere
    files = dataset.fingerprint(times=False) if isinstance(dataset, PackedDataset) else None
    kind = f"{type(dataset).__module__}.{type(dataset).__qualname__}"
    text = f"{_VERSION} {kind} {dataset.data_shape} {files} {dataset.contents()}"
    return f"{type(dataset).__name__.lower()}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _train(dataset: LabelledDataset, path: Path) -> FeatureNetwork:
    log.info("A feature network is trained on the labels of this dataset, once; it takes up to a minute.")
    images, labels = dataset.labelled()
    rng = make_rng(0, "feature network")
    network, accuracy = train_feature_network(
        images, labels, dataset.n_classes, rng, channel_wise=dataset.channel_wise
    )
    log.info("It names %.1f %% of held-out images correctly, and is kept in %s.", 100 * accuracy, path)
    content = {
        "parameters": network.parameters,
        "size": network.size,
        "channel_wise": network.channel_wise,
        "held_out_accuracy": accuracy,
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    # the checksum first: without its file, or with another one's, it vouches for nothing
    write_atomically(_checksum_path(path), f"{hashlib.sha256(buffer.getvalue()).hexdigest()}\n".encode())
    write_atomically(path, buffer.getvalue())
    return network


def _checksum_path(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _load(path: Path) -> FeatureNetwork | None:
    """Return the network of a file, None if there is none or it is not as it was written: it is made again.

    A network whose weights were replaced would measure something else under the same name.
    """
    try:
        data = read_regular(path, _MOST_BYTES)
        if read_regular(_checksum_path(path), _MOST_BYTES).split() != [
            hashlib.sha256(data).hexdigest().encode()
        ]:
            raise ValueError("another checksum")
        content: dict[str, Any] = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        return FeatureNetwork(content["parameters"], tuple(content["size"]), content["channel_wise"])
    except FileNotFoundError:
        if path.exists():
            log.warning("%s has no checksum beside it; the feature network is trained again.", path)
        return None
    except (OSError, EOFError, RuntimeError, ValueError, LookupError, TypeError, pickle.UnpicklingError):
        log.warning("%s is damaged; the feature network is trained again.", path)
        return None
