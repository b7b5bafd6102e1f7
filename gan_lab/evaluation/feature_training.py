"""How the classifier whose features images are compared in is trained: once for a dataset, in seconds."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_lab.config.checks import PositiveInt, conform
from gan_lab.config.errors import BadValueError
from gan_lab.evaluation.feature_network import FeatureNetwork, init_parameters, logits_of
from gan_lab.numerics.draws import integers, permutation
from gan_lab.types import Params

HELD_OUT_FRACTION = 0.2
LEARNING_RATE = 2e-3
SHIFT_FRACTION = 1 / 16
"""Training images are moved by up to this part of their shorter side, either way."""


def train_feature_network(
    images: Tensor,
    labels: Tensor,
    n_classes: int,
    generator: torch.Generator,
    channel_wise: bool = False,
    n_steps: int = 1000,
    batch_size: int = 64,
) -> tuple[FeatureNetwork, float]:
    """Train a classifier on four fifths of the images and test it on the rest.

    Adam (Kingma & Ba 2015) on the cross-entropy, its rate falling to 0 along half a cosine, on images that
    are shifted at random. The same data, generator and device give the same network: on a CPU it is trained
    in one thread, whose sums are always taken in the same order. Another kind of CPU may give another one.

    Args:
        images: bytes (N, C, H, W) uint8 with N at least 5; C = 1 where ``channel_wise``.
        labels: (N,) int64 from 0 to ``n_classes`` - 1.
        n_classes: K.
        generator: source of the split, the weights, the batches and the shifts; its device trains.
        channel_wise: whether the network will look at each channel of an image on its own.
        n_steps: updates of Adam.
        batch_size: images in each.

    Returns:
        The network, and its accuracy a on the held-out fifth, in [0, 1]: unbiased for images like these,
        with a standard error of sqrt(5 a (1 - a) / N).

    Raises:
        BadValueError: if images and labels do not fit together, or a number is out of its range.
    """
    _check_labelled(images, labels, n_classes, channel_wise)
    n_steps = conform("n_steps", n_steps, PositiveInt)
    batch_size = conform("batch_size", batch_size, PositiveInt)
    images, labels = images.to(generator.device), labels.to(generator.device)
    order = permutation(len(images), generator)
    held_out, kept = order.tensor_split([round(HELD_OUT_FRACTION * len(images))])
    parameters = init_parameters(tuple(images.shape[1:]), n_classes, generator)
    with _reproducible_sums():
        _fit(parameters, (images[kept], labels[kept]), generator, n_steps, batch_size)
    height, width = images.shape[2:]
    network = FeatureNetwork(parameters, (height, width), channel_wise)
    right = network.classify(_to_unit_range(images[held_out])) == labels[held_out]
    return network, float(right.double().mean())


def shifted(images: Tensor, reach: int, generator: torch.Generator) -> Tensor:
    """Move each image by a whole number of pixels of its own, its outermost pixels repeated.

    Args:
        images: floats (n, C, H, W).
        reach: pixels up or down, left or right, at most.
        generator: source of the shifts, on the device of the images.
    """
    n, channels, height, width = images.shape
    device = images.device
    padded = nn.functional.pad(images, [reach] * 4, mode="replicate")
    shift = integers(2 * reach + 1, (2, n, 1), generator)
    rows = shift[0] + torch.arange(height, device=device)  # (n, H)
    columns = shift[1] + torch.arange(width, device=device)  # (n, W)
    image = torch.arange(n, device=device)[:, None, None, None]
    channel = torch.arange(channels, device=device)[:, None, None]
    return padded[image, channel, rows[:, None, :, None], columns[:, None, None, :]]


def _fit(
    parameters: Params,
    data: tuple[Tensor, Tensor],
    generator: torch.Generator,
    n_steps: int,
    batch_size: int,
) -> None:
    """Train ``parameters`` in place on images and labels."""
    images, labels = data
    trained = [parameter.requires_grad_() for parameter in parameters.values()]
    optimizer = torch.optim.Adam(trained, lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_steps)
    reach = round(SHIFT_FRACTION * min(images.shape[2:]))
    for _ in range(n_steps):
        rows = integers(len(images), (batch_size,), generator)
        batch = shifted(_to_unit_range(images[rows]), reach, generator)
        optimizer.zero_grad()
        F.cross_entropy(logits_of(parameters, batch), labels[rows]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    for parameter in trained:
        parameter.requires_grad_(False)


@contextmanager
def _reproducible_sums() -> Iterator[None]:
    """Keep the CPU to one thread, and cuDNN to algorithms that are not chosen by a race."""
    cudnn, threads = torch.backends.cudnn, torch.get_num_threads()
    before = cudnn.deterministic, cudnn.benchmark
    cudnn.deterministic, cudnn.benchmark = True, False
    torch.set_num_threads(1)
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark = before
        torch.set_num_threads(threads)


def _to_unit_range(images: Tensor) -> Tensor:
    return images.float() / 127.5 - 1


def _check_labelled(images: Tensor, labels: Tensor, n_classes: int, channel_wise: bool) -> None:
    if images.dtype != torch.uint8 or images.ndim != 4 or len(images) < 5 or images.numel() == 0:
        rule, got = "at least 5 images (N, C, H, W) of bytes", f"{tuple(images.shape)} of {images.dtype}"
        raise BadValueError("images", rule, got)
    if channel_wise and images.shape[1] != 1:
        raise BadValueError("images", "of one channel where channel_wise", tuple(images.shape))
    if labels.shape != (len(images),) or labels.dtype != torch.int64:
        rule = f"one int64 for each of {len(images):,} images"
        raise BadValueError("labels", rule, f"{tuple(labels.shape)} of {labels.dtype}")
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0 or highest >= n_classes:
        raise BadValueError("labels", f"from 0 to {n_classes - 1}", f"{lowest} to {highest}")
