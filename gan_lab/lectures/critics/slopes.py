"""How steep a critic is: bounds from above by its weights, and what can be found from below."""

import copy
import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from gan_lab.lectures.critics.critic_fit import FittedCritic
from gan_lab.types import Params

_ROUNDS = 30
_NARROWER = 0.8  # how much nearer than in the round before new places are looked for


def clip_bound(shapes: Iterable[tuple[int, ...]], bound: float) -> float:
    """Return Π_l c √(n_in n_out): what a box of half-width c proves of a perceptron's Lipschitz constant.

    No matrix (n_out, n_in) of entries within ±c has a larger norm, and that of c everywhere has this one: a
    ReLU network of such matrices attains the bound wherever all its units are active, so that it cannot be
    improved without looking at the weights.

    Args:
        shapes: of the weight matrices, (n_out, n_in).
        bound: c.
    """
    return math.prod(bound * math.sqrt(n_out * n_in) for n_out, n_in in shapes)


def norm_bound(weights: Params) -> float:
    """Return Π_l σ(W_l), the product of the largest singular values: a bound for 1-Lipschitz activations.

    Args:
        weights: as the critic scores with them; those of two axes count.
    """
    matrices = (value.double() for value in weights.values() if value.ndim == 2)
    return math.prod(float(torch.linalg.matrix_norm(matrix, ord=2)) for matrix in matrices)


def matrix_shapes(weights: Params) -> list[tuple[int, ...]]:
    """Return the shapes of the weight matrices among parameters."""
    return [tuple(value.shape) for value in weights.values() if value.ndim == 2]


def slopes_at(fitted: FittedCritic, points: Tensor) -> Tensor:
    """Return the gradient norms at points (n, d): (n,) in float64, where the square of 1e-30 is not 0."""
    norms: Tensor = torch.linalg.vector_norm(fitted.gradients(points).double(), dim=1)
    return norms


def layer_slopes(fitted: FittedCritic, points: Tensor) -> list[float]:
    """Return the size of the score's gradient by what each linear layer puts out, the first layer first.

    The mean of ‖∂V(x_i) / ∂h_l(x_i)‖ over points, in float64; the last is 1, for V is the output of the last
    layer. Toward the data it is multiplied by a layer's weights each time, and so shrinks or grows by powers.

    Args:
        fitted: a critic that is a sequence of layers.
        points: (n, d).

    Reference:
        Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, figure 1(b), of the loss.
    """
    network = copy.deepcopy(fitted.game.critic).double()
    network.load_state_dict(fitted.weights)
    assert isinstance(network, nn.Sequential)
    values, outputs = points.double(), []
    for layer in network:
        values = layer(values)
        if isinstance(layer, nn.Linear):
            outputs.append(values)
    gradients = torch.autograd.grad(values.sum(), outputs)
    return [float(gradient.norm(dim=1).mean()) for gradient in gradients]


def steepest_slope(fitted: FittedCritic, points: Tensor, rng: torch.Generator) -> float:
    """Return the largest gradient norm that is found: a lower bound of the Lipschitz constant.

    The gradient of a ReLU network is constant in pieces, so that nothing can be followed uphill: around every
    point, new places are tried at random, nearer and nearer to the best one so far.

    Args:
        fitted: the critic.
        points: where to begin, (n, d).
        rng: of the places that are tried.
    """
    best, places = slopes_at(fitted, points), points
    spread = points.std(dim=0)
    for round_ in range(_ROUNDS):
        step = _NARROWER**round_ * spread * torch.randn(points.shape, generator=rng)
        norms = slopes_at(fitted, places + step)
        places = torch.where((norms > best)[:, None], places + step, places)
        best = torch.maximum(norms, best)
    return float(best.max())
