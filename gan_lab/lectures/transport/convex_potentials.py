"""Networks convex in their input, whose gradients are optimal maps for the squared cost (Brenier)."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_lab.config.checks import PositiveFloat, PositiveInt, Settings
from gan_lab.numerics.derivatives import input_gradients
from gan_lab.types import Params

_SOFTPLUS_OF_0 = math.log(2)
_SOFTPLUS_GIVES_1 = math.log(math.e - 1)
_LAST_BEFORE_SOFTPLUS = -3.0  # weights of 0.05: at first the hidden units bend f a little
_CONJUGATE_STEPS = 100
_HALVINGS = 30


@dataclass(frozen=True)
class ConvexNetwork(Settings):
    """An input-convex network f, smooth, and strongly convex by a quadratic term of its own.

    z_1 = s(A_0 x + b_0), z_{k+1} = s(W_k z_k + A_k x + b_k), f(x) = w · z_K + a · x + c ‖x‖² / 2, with s the
    softplus. W_k, w and c are softplus of what is stored, hence positive: sums with positive weights of
    convex functions, and increasing convex functions of them, are convex. The paper clips W_k at 0 and has
    ReLUs; softplus has a second derivative, which :func:`conjugate` needs.

    Attributes:
        width: units of each hidden layer.
        depth: hidden layers.

    Reference:
        Amos, Xu and Kolter, "Input Convex Neural Networks", 2017, equation 2.
    """

    width: PositiveInt = 32
    depth: PositiveInt = 2

    def init(self, dimension: int, generator: torch.Generator) -> Params:
        """Return initial parameters for points of ``dimension`` coordinates."""
        params: Params = {}
        for k in range(self.depth):
            params[f"input{k}.weight"] = torch.randn(self.width, dimension, generator=generator)
            params[f"input{k}.bias"] = torch.randn(self.width, generator=generator)
            if k > 0:
                params[f"hidden{k}.weight"] = torch.randn(self.width, self.width, generator=generator)
        params["last.weight"] = torch.full((self.width,), _LAST_BEFORE_SOFTPLUS)
        params["linear.weight"] = torch.zeros(dimension)
        params["quadratic.weight"] = torch.full((), _SOFTPLUS_GIVES_1)
        return params

    def value(self, params: Params, points: Tensor) -> Tensor:
        """Return f (B,) at points (B, d)."""
        hidden = points.new_zeros(())
        for k in range(self.depth):
            rise = F.linear(points, params[f"input{k}.weight"], params[f"input{k}.bias"])
            if k > 0:
                # scaled so that a unit's input does not grow with the width
                weight = F.softplus(params[f"hidden{k}.weight"]) / (_SOFTPLUS_OF_0 * self.width)
                rise = rise + F.linear(hidden, weight)
            hidden = F.softplus(rise)  # (B, width)
        bowl = F.softplus(params["quadratic.weight"]) * points.square().sum(dim=1) / 2
        return hidden @ F.softplus(params["last.weight"]) + points @ params["linear.weight"] + bowl

    def gradient(self, params: Params, points: Tensor) -> Tensor:
        """Return ∇f (B, d) at points (B, d): where they are carried to."""
        return input_gradients(lambda x: self.value(params, x), points)

    def hessian(self, params: Params, points: Tensor) -> Tensor:
        """Return the second derivatives of f (B, d, d) at points (B, d)."""

        def rise(points: Tensor, k: int) -> Tensor:
            gradient: Tensor = torch.func.grad(lambda x: self.value(params, x).sum())(points)
            return gradient[:, k].sum()

        # through torch.func whatever mode derivatives are in: on the tape they cannot be nested
        rows = [torch.func.grad(rise)(points, k) for k in range(points.shape[1])]
        return torch.stack(rows, dim=1)


def conjugate(
    network: ConvexNetwork, params: Params, slopes: Tensor, tolerance: PositiveFloat = 1e-9
) -> Tensor:
    """Return f*(y) = max_x ⟨x, y⟩ - f(x), (B,), at y = ``slopes`` (B, d), by Newton's method.

    The function maximised is strongly concave, so that there is one maximum, and steps that are halved until
    they rise enough find it from anywhere. Whatever x the search stops at, the value does not exceed f*(y).

    Args:
        network: f.
        params: of f, float64 for tolerances below 1e-4.
        slopes: y (B, d), of the same type.
        tolerance: largest ‖y - ∇f(x)‖ to stop at.
    """

    def rise(x: Tensor) -> Tensor:
        return (x * slopes).sum(dim=1) - network.value(params, x)

    x = slopes.clone()
    for _ in range(_CONJUGATE_STEPS):
        residual = slopes - network.gradient(params, x)  # (B, d)
        if residual.norm(dim=1).max() <= tolerance:
            break
        step = torch.linalg.solve(network.hessian(params, x), residual)
        # Armijo's rule, point by point: half of what the slope at x promises
        promised, before = (step * residual).sum(dim=1) / 4, rise(x)
        length = torch.ones_like(before)
        for _ in range(_HALVINGS):
            too_far = rise(x + length[:, None] * step) < before + length * promised - 1e-13 * before.abs()
            if not too_far.any():
                break
            length = torch.where(too_far, length / 2, length)
        x = x + length[:, None] * step
    return rise(x)
