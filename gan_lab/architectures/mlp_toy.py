"""Fully connected networks for vectors, such as points in the plane."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

from torch import nn

from gan_lab.architectures.base import CriticArchitecture, GeneratorArchitecture
from gan_lab.architectures.group_sort import GroupSort
from gan_lab.architectures.mlp import linear_layers
from gan_lab.architectures.shapes import Samples, require_vectors
from gan_lab.config.checks import Depth, PositiveInt
from gan_lab.config.errors import BadValueError


@dataclass(frozen=True)
class ToyGenerator(GeneratorArchitecture):
    """A perceptron with ReLU and a linear output, from latents to vectors in the data's own units.

    Attributes:
        width: units of each hidden layer; the reference has 512.
        depth: hidden layers.

    Reference:
        ``gan_toy.py`` in the code released with Gulrajani et al., "Improved Training of Wasserstein
        GANs", 2017, whose initialisation it shares.
    """

    samples: ClassVar[Samples] = "vectors"

    width: PositiveInt = 128
    depth: Depth = 3

    def build(self, latent_dim: int, data_shape: tuple[int, ...]) -> nn.Module:
        """Return a generator of vectors: latents (B, Z) to (B, d).

        Raises:
            UserError: if the samples are not vectors.
        """
        dimension = require_vectors("generator", data_shape)
        return init_toy(nn.Sequential(*linear_layers(latent_dim, self.width, self.depth, dimension)))


@dataclass(frozen=True)
class ToyCritic(CriticArchitecture):
    """A perceptron from vectors to one number, with ReLU as in the reference, with GroupSort or with tanh.

    GroupSort permutes and so keeps lengths, and tanh does near 0; their layers start with variance
    1 / inputs, where ReLU's start with 2 / inputs.

    Attributes:
        width: units of each hidden layer; the reference has 512.
        depth: hidden layers.
        activation: of the hidden layers; ``groupsort`` with ``constraint=bjorck`` can have slope 1 everywhere
            without being linear; ``tanh`` is smooth, as in the Gaussian fits of f-GAN.
        group_size: units that GroupSort sorts together, a divisor of ``width``; others have no use for it.

    Reference:
        As for the generator; GroupSort: Anil et al., "Sorting out Lipschitz function approximation", 2019;
        tanh: Nowozin et al., "f-GAN", 2016, section 2.5.
    """

    samples: ClassVar[Samples] = "vectors"

    width: PositiveInt = 128
    depth: Depth = 3
    activation: Literal["relu", "groupsort", "tanh"] = "relu"
    group_size: PositiveInt = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.activation == "groupsort" and self.width % self.group_size:
            rule = f"a multiple of group_size, {self.group_size}, with activation=groupsort"
            raise BadValueError("width", rule, self.width)

    def build(self, data_shape: tuple[int, ...]) -> nn.Module:
        """Return a critic of vectors: (B, d) to scores (B,).

        Raises:
            UserError: if the samples are not vectors.
        """
        dimension = require_vectors("critic", data_shape)
        activations: dict[str, Callable[[], nn.Module]]
        activations = {"relu": nn.ReLU, "groupsort": partial(GroupSort, self.group_size), "tanh": nn.Tanh}
        layers = linear_layers(dimension, self.width, self.depth, 1, activations[self.activation])
        return init_toy(
            nn.Sequential(*layers, nn.Flatten(0)), "relu" if self.activation == "relu" else "linear"
        )


def init_toy(network: nn.Sequential, nonlinearity: Literal["relu", "linear"] = "relu") -> nn.Sequential:
    """Draw weights as ``gan_toy.py`` does, and return the network.

    Hidden layers are He-uniform, of variance 2 / inputs, or 1 / inputs if what follows them keeps lengths
    (``linear``); the last is Glorot-uniform, of variance 2 / (inputs + outputs); biases are 0.
    """
    *hidden, last = [layer for layer in network if isinstance(layer, nn.Linear)]
    for layer in hidden:
        nn.init.kaiming_uniform_(layer.weight, nonlinearity=nonlinearity)
    nn.init.xavier_uniform_(last.weight)
    for layer in (*hidden, last):
        nn.init.zeros_(layer.bias)
    return network
