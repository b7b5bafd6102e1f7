"""Spectral normalisation by the norm of a convolution itself, as the linear map that it is on its input."""

import copy
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import normalize
from torch.nn.modules.conv import _ConvNd

from gan_lab.constraints.scales import divided, near_one
from gan_lab.numerics.draws import normal
from gan_lab.types import ConstraintState, Params


@dataclass(frozen=True)
class Convolution:
    """A convolution, or a transposed one, at the size that it sees in a network.

    Attributes:
        layer: without bias and without a weight of its own; its stride, padding and groups are read.
        inputs: shape of one input, (C, *size).
    """

    layer: nn.Module
    inputs: tuple[int, ...]

    def apply(self, weight: Tensor, x: Tensor) -> Tensor:
        """Return what the layer makes of one input (C, *size) with a weight: (C', *size')."""
        made: Tensor = functional_call(self.layer, {"weight": weight}, (x[None],))
        return made[0]

    def random_output(self, weight: Tensor, rng: torch.Generator) -> Tensor:
        """Return a random unit vector of the shape of an output."""
        with torch.no_grad():
            shape = self.apply(weight, weight.new_zeros(self.inputs)).shape
        vector = normal(tuple(shape), rng, weight.dtype)
        return unit(vector).to(weight.device)


@dataclass(frozen=True)
class Convolutions:
    """The convolutions of a network by the names of their weights."""

    by_name: dict[str, Convolution] = field(default_factory=dict)

    def init(self, params: Params, rng: torch.Generator) -> ConstraintState:
        """Return a random unit output (C', *size') for each."""
        return {name: each.random_output(params[name], rng) for name, each in self.by_name.items()}

    def normalise(
        self, params: Params, state: ConstraintState, power_iterations: int
    ) -> tuple[Params, ConstraintState]:
        """Return each weight divided by the norm of its convolution, and the next outputs."""
        weights, following = {}, {}
        for name, convolution in self.by_name.items():
            norm, following[name] = operator_norm(convolution, params[name], state[name], power_iterations)
            weights[name] = divided(params[name], norm)
        return weights, following


def operator_norm(
    convolution: Convolution, weight: Tensor, left: Tensor, power_iterations: int
) -> tuple[Tensor, Tensor]:
    """Estimate the largest singular value of a convolution by power iteration through it and its transpose.

    Args:
        convolution: as it stands in its network.
        weight: W, of the layer's shape.
        left: u, the present guess of the left singular vector, shaped as an output (C', *size').
        power_iterations: how often to improve it, at least 1.

    Returns:
        σ = ⟨u, W * v⟩ (), differentiable by W alone, and the improved u. Of W = 0 these are 0 and u itself.
    """
    scale = near_one(weight)
    fixed = weight.detach() / scale
    right = fixed.new_zeros(convolution.inputs)
    transposed = torch.func.vjp(lambda x: convolution.apply(fixed, x), right)[1]
    for _ in range(power_iterations):
        right = unit(transposed(left)[0])
        image = unit(convolution.apply(fixed, right))
        left = torch.where(image.any(), image, left)
    left, right = left.detach(), right.detach()
    return scale * (left * convolution.apply(weight / scale, right)).sum(), left


def find_convolutions(network: nn.Module, shape: tuple[int, ...]) -> Convolutions:
    """Return the convolutions of a network of inputs (*shape), each at the largest input that it sees."""
    found: dict[str, Convolution] = {}
    modules = network.named_modules()
    names: dict[nn.Module, str] = {layer: f"{name}.weight" for name, layer in modules if _is_one(layer)}

    def note(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen, before = tuple(inputs[0].shape[1:]), found.get(names[layer])
        if before is None or torch.Size(seen).numel() > torch.Size(before.inputs).numel():
            found[names[layer]] = Convolution(_template(layer), seen)

    hooks = [layer.register_forward_pre_hook(note) for layer in names]
    try:
        with torch.no_grad():
            network(torch.zeros(2, *shape))
    finally:
        for hook in hooks:
            hook.remove()
    return Convolutions(found)


def unit(vector: Tensor) -> Tensor:
    """Return a tensor brought to Euclidean length 1, whatever its shape; zeros stay zeros."""
    return normalize(vector.flatten(), dim=0).reshape(vector.shape)


def _is_one(layer: nn.Module) -> bool:
    return isinstance(layer, _ConvNd)


def _template(layer: nn.Module) -> nn.Module:
    template = copy.deepcopy(layer)
    template._forward_pre_hooks.clear()
    template.register_parameter("bias", None)
    template.register_parameter("weight", nn.Parameter(layer.get_parameter("weight").to("meta")))
    return template
