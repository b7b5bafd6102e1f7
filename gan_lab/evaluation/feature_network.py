"""A small classifier of the data itself, whose penultimate layer is a space to compare images in.

Pixels are a poor space for distances, and Inception was made for photographs of 299x299. Whatever is
measured in the features below can be compared only within one and the same network.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_lab.config.errors import BadValueError
from gan_lab.numerics.draws import normal
from gan_lab.types import Params

N_FEATURES = 64

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

    @property
    def digest(self) -> str:
        """What tells the network from every other: 8 hex digits of its parameters' SHA-256."""
        parts = (value.cpu().numpy().tobytes() for _, value in sorted(self.parameters.items()))
        return hashlib.sha256(b"".join(parts)).hexdigest()[:8]

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
        weight = math.sqrt(2) / math.sqrt(math.prod(shape[1:])) * normal(shape, generator)
        parameters |= {f"{name}.weight": weight, f"{name}.bias": weight.new_zeros(shape[0])}
    return parameters
