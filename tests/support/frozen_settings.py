"""What the tests of experiments on frozen generators share: small networks on small digits."""

from typing import Any

from gan_lab.architectures.mlp import MLPCritic, MLPGenerator
from gan_lab.datasets.embedded import Digits
from gan_lab.optimizers.adam import Adam

SETTINGS: dict[str, Any] = {
    "dataset": Digits(size=8),
    "generator": MLPGenerator(width=16, depth=1),
    "discriminator": MLPCritic(width=32, depth=1),
    "optimizer": Adam(lr=2e-3),
    "latent_dim": 4,
    "batch_size": 32,
    "stages": (5, 30),
    "steps": 60,
    "look_every": 10,
    "held_out": 100,
    "shifts": (1.0, 4.0),
    "seed": 0,
}
