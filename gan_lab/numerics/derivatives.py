"""How derivatives are taken: as a transformed function, or on the tape of autograd.

``torch.func`` works everywhere: under ``torch.vmap``, ``torch.compile`` and nested in itself. Called operator
by operator it takes half as long again as the tape, which works nowhere else. Both give the same numbers;
derivatives are taken by ``torch.func`` unless :func:`use_autograd` says otherwise.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor

from gan_lab.numerics.trees import map_tensors
from gan_lab.types import Params

Aux = TypeVar("Aux")

_on_the_tape = False  # a plain flag: the compiler guards on it


@contextmanager
def use_autograd() -> Iterator[None]:
    """Take derivatives with autograd's tape inside: for plain eager calls alone."""
    global _on_the_tape
    before, _on_the_tape = _on_the_tape, True
    try:
        # what is differentiated asks for it; anything else need not be recorded
        with torch.no_grad():
            yield
    finally:
        _on_the_tape = before


def value_and_gradients(
    loss: Callable[[Params], tuple[Tensor, Aux]], params: Params
) -> tuple[Params, Tensor, Aux]:
    """Differentiate a loss by parameters.

    Args:
        loss: parameters to the loss () and anything else, made of tensors, tuples and dictionaries.
        params: where to differentiate.

    Returns:
        The gradients by name, the loss and the rest. On the tape all are detached, so that nothing can be
        differentiated through them; by ``torch.func`` they can be, by what else the loss depends on.
    """
    if not _on_the_tape:
        gradients, (value, aux) = torch.func.grad_and_value(loss, has_aux=True)(params)
        return gradients, value, aux
    with torch.enable_grad():
        leaves = {name: value.detach().requires_grad_() for name, value in params.items()}
        value, aux = loss(leaves)
        found = _tape_gradients(value, list(leaves.values()))
    return dict(zip(leaves, found, strict=True)), value.detach(), map_tensors(Tensor.detach, aux)


def input_gradients(score: Callable[[Tensor], Tensor], points: Tensor) -> Tensor:
    """Differentiate the sum of scores (B,) by the points (B, *D).

    The result can be differentiated again by the parameters inside ``score``; the points themselves may not
    depend on these.
    """
    if not _on_the_tape:
        gradients: Tensor = torch.func.grad(lambda x: score(x).sum())(points)
        return gradients
    with torch.enable_grad():
        leaf = points.detach().requires_grad_()
        (gradients,) = _tape_gradients(score(leaf).sum(), [leaf], create_graph=True)
    return gradients


def _tape_gradients(
    value: Tensor, leaves: Sequence[Tensor], *, create_graph: bool = False
) -> Sequence[Tensor]:
    """Return the gradients of a value () by leaves: zeros by what it does not depend on."""
    if not value.requires_grad:  # it depends on none of them, which autograd takes for a mistake
        return [torch.zeros_like(leaf) for leaf in leaves]
    return torch.autograd.grad(
        value, leaves, create_graph=create_graph, allow_unused=True, materialize_grads=True
    )
