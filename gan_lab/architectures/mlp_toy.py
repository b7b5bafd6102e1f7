"""Fully connected networks for vectors, such as points in the plane."""

from dataclasses import dataclass

from torch import nn

from gan_lab.architectures.base import CriticArchitecture, GeneratorArchitecture
from gan_lab.architectures.mlp import linear_layers
from gan_lab.architectures.shapes import require_vectors
from gan_lab.checks import PositiveInt


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

    width: PositiveInt = 128
    depth: PositiveInt = 3

    def build(self, latent_dim: int, data_shape: tuple[int, ...]) -> nn.Module:
        """Return a generator of vectors: latents (B, Z) to (B, d).

        Raises:
            UserError: if the samples are not vectors.
        """
        dimension = require_vectors("generator", data_shape)
        return init_toy(nn.Sequential(*linear_layers(latent_dim, self.width, self.depth, dimension)))


@dataclass(frozen=True)
class ToyCritic(CriticArchitecture):
    """A perceptron with ReLU, from vectors to one number.

    Attributes:
        width: units of each hidden layer; the reference has 512.
        depth: hidden layers.

    Reference:
        As for the generator.
    """

    width: PositiveInt = 128
    depth: PositiveInt = 3

    def build(self, data_shape: tuple[int, ...]) -> nn.Module:
        """Return a critic of vectors: (B, d) to scores (B,).

        Raises:
            UserError: if the samples are not vectors.
        """
        dimension = require_vectors("critic", data_shape)
        layers = linear_layers(dimension, self.width, self.depth, 1)
        return init_toy(nn.Sequential(*layers, nn.Flatten(0)))


def init_toy(network: nn.Sequential) -> nn.Sequential:
    """Draw weights as ``gan_toy.py`` does, and return the network.

    Hidden layers are He-uniform, of variance 2 / inputs; the last is Glorot-uniform, of variance
    2 / (inputs + outputs); biases are 0.
    """
    *hidden, last = [layer for layer in network if isinstance(layer, nn.Linear)]
    for layer in hidden:
        nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
    nn.init.xavier_uniform_(last.weight)
    for layer in (*hidden, last):
        nn.init.zeros_(layer.bias)
    return network
