"""A small classifier of the data itself, whose penultimate layer is a space to compare images in.

Pixels are a poor space for distances, and Inception was made for photographs of 299x299. Whatever is
measured in the features below can be compared only within one and the same network.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_lab.checks import BadValueError, PositiveInt, conform
from gan_lab.types import Params

N_FEATURES = 64
HELD_OUT_FRACTION = 0.2
LEARNING_RATE = 2e-3
SHIFT_FRACTION = 1 / 16
"""Training images are moved by up to this part of their shorter side, either way."""

_WIDTHS = (16, 32, 64)  # channels of the convolutions; the last repeats where images need more of them
_SMALLEST_SIDE = 4
_CHUNK_IMAGES = 512


@dataclass(frozen=True)
class FeatureNetwork:
    """A trained classifier: images in [-1, 1] to features, classes and their probabilities.

    Results lie on the device of the parameters, wherever the images are.

    Attributes:
        parameters: weights and biases by name.
        size: height and width of the images that it knows.
        channel_wise: whether it looks at each colour channel on its own. Then the features of the C
            channels stand side by side, and an image is in one of K^C classes: a stack of three digits
            a, b, c is in class 100 a + 10 b + c.
    """

    parameters: Params
    size: tuple[int, int]
    channel_wise: bool = False

    def features(self, images: Tensor) -> Tensor:
        """Return the activations of the penultimate layer, which are 0 or greater.

        Args:
            images: (n, C, H, W) in [-1, 1], of any float type.

        Returns:
            (n, F) float32 with F = 64, or 64 C where ``channel_wise``.

        Raises:
            BadValueError: if the images are not such as the network was trained on.
        """
        return self._evaluate(features_of, images).flatten(1)

    def classify(self, images: Tensor) -> Tensor:
        """Return the most probable class of each image, (n,) int64; arguments and errors as ``features``."""
        digits = self._evaluate(logits_of, images).argmax(dim=2)  # (n, 1), or (n, C)
        n_classes = len(self.parameters["classes.bias"])
        label = digits[:, 0]
        for digit in digits[:, 1:].unbind(1):
            label = label * n_classes + digit
        return label

    def class_probabilities(self, images: Tensor) -> Tensor:
        """Return the probability of each class, (n, K) or (n, K^C), in the order of ``classify``.

        Channels that are looked at on their own are taken as independent given the image. Arguments and
        errors are those of ``features``.
        """
        each = self._evaluate(logits_of, images).softmax(dim=2)  # (n, 1, K), or (n, C, K)
        joint = each[:, 0]
        for channel in each[:, 1:].unbind(1):
            joint = (joint.unsqueeze(2) * channel.unsqueeze(1)).flatten(1)
        return joint

    def _evaluate(self, layer: Callable[[Params, Tensor], Tensor], images: Tensor) -> Tensor:
        """Return a layer's outputs (n, 1, W), or (n, C, W) where ``channel_wise``, chunk by chunk."""
        weight = self.parameters["convolution0.weight"]  # (width, channels, 3, 3)
        known = (weight.shape[1], *self.size)
        shape = (1, *images.shape[2:]) if self.channel_wise else tuple(images.shape[1:])
        if images.ndim != 4 or images.numel() == 0 or shape != known or not images.is_floating_point():
            every = " for each channel" if self.channel_wise else ""
            rule = f"at least one image of floats in [-1, 1], of shape {known}{every}"
            raise BadValueError("images", rule, f"{tuple(images.shape)} of {images.dtype}")
        seen = images.flatten(0, 1).unsqueeze(1) if self.channel_wise else images
        starts = range(0, len(seen), _CHUNK_IMAGES)
        with torch.no_grad():
            outputs = [layer(self.parameters, seen[k : k + _CHUNK_IMAGES].to(weight)) for k in starts]
        return torch.cat(outputs).reshape(len(images), len(seen) // len(images), -1)


def features_of(parameters: Params, images: Tensor) -> Tensor:
    """Return the penultimate activations (n, 64) of images (n, C, H, W) in [-1, 1]."""
    hidden, k = images, 0
    while f"convolution{k}.weight" in parameters:
        weight, bias = parameters[f"convolution{k}.weight"], parameters[f"convolution{k}.bias"]
        hidden = F.conv2d(hidden, weight, bias, stride=min(k + 1, 2), padding=1).relu()
        k += 1
    return F.linear(hidden.flatten(1), parameters["features.weight"], parameters["features.bias"]).relu()


def logits_of(parameters: Params, images: Tensor) -> Tensor:
    """Return the scores of the classes (n, K) of images (n, C, H, W) in [-1, 1]."""
    features = features_of(parameters, images)
    return F.linear(features, parameters["classes.weight"], parameters["classes.bias"])


def init_parameters(data_shape: tuple[int, ...], n_classes: int, generator: torch.Generator) -> Params:
    """Return He-normal weights (He et al. 2015, equation 10) and zero biases, on the generator's device.

    The first 3x3 convolution keeps the size of the image, each further one halves it until no side is
    longer than 4; a linear layer makes the features of what is left, another the scores of the classes.

    Args:
        data_shape: (C, H, W).
        n_classes: K.
        generator: source of the weights.
    """
    channels, height, width = data_shape
    shapes: dict[str, tuple[int, ...]] = {}
    n_halvings = ((max(height, width) - 1) // _SMALLEST_SIDE).bit_length()
    for k in range(n_halvings + 1):
        shapes[f"convolution{k}"] = (_WIDTHS[min(k, 2)], channels, 3, 3)
        channels = _WIDTHS[min(k, 2)]
    left = -(-height >> n_halvings) * -(-width >> n_halvings)  # pixels; each halving rounds up
    shapes |= {"features": (N_FEATURES, channels * left), "classes": (n_classes, N_FEATURES)}
    parameters: Params = {}
    for name, shape in shapes.items():
        weight = torch.empty(shape, device=generator.device)
        nn.init.kaiming_normal_(weight, nonlinearity="relu", generator=generator)
        parameters |= {f"{name}.weight": weight, f"{name}.bias": weight.new_zeros(shape[0])}
    return parameters


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
    are shifted at random. The same data, generator and device give the same network; on a CPU the number
    of threads counts as well.

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
    order = torch.randperm(len(images), generator=generator, device=generator.device)
    held_out, kept = order.tensor_split([round(HELD_OUT_FRACTION * len(images))])
    parameters = init_parameters(tuple(images.shape[1:]), n_classes, generator)
    with _reproducible_convolutions():
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
    shift = torch.randint(2 * reach + 1, (2, n, 1), generator=generator, device=device)
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
        rows = torch.randint(len(images), (batch_size,), generator=generator, device=images.device)
        batch = shifted(_to_unit_range(images[rows]), reach, generator)
        optimizer.zero_grad()
        F.cross_entropy(logits_of(parameters, batch), labels[rows]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    for parameter in trained:
        parameter.requires_grad_(False)


@contextmanager
def _reproducible_convolutions() -> Iterator[None]:
    """Keep cuDNN to algorithms that give the same sums every time and are not chosen by a race."""
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    cudnn.deterministic, cudnn.benchmark = True, False
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark = before


def _to_unit_range(images: Tensor) -> Tensor:
    return images.float() / 127.5 - 1


def _check_labelled(images: Tensor, labels: Tensor, n_classes: int, channel_wise: bool) -> None:
    if images.dtype != torch.uint8 or images.ndim != 4 or len(images) < 5 or images.numel() == 0:
        rule, got = "at least 5 images (N, C, H, W) of bytes", f"{tuple(images.shape)} of {images.dtype}"
        raise BadValueError("images", rule, got)
    if channel_wise and images.shape[1] != 1:
        raise BadValueError("images", "of one channel where channel_wise", tuple(images.shape))
    if labels.shape != (len(images),) or labels.dtype != torch.int64:
        rule = f"one int64 for each of {len(images)} images"
        raise BadValueError("labels", rule, f"{tuple(labels.shape)} of {labels.dtype}")
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0 or highest >= n_classes:
        raise BadValueError("labels", f"from 0 to {n_classes - 1}", f"{lowest} to {highest}")
