"""CUDA graphs: the kernels of a pure function recorded once and replayed without the interpreter."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ParamSpec, TypeVar

import torch
from torch import Tensor

from gan_lab.numerics.trees import copy_of, tensors_of

P = ParamSpec("P")
R = TypeVar("R")

_WARMUP_CALLS = (
    3  # torch's documentation of CUDA graphs: libraries initialise themselves outside of a capture
)


def capture(function: Callable[P, R]) -> Callable[P, R]:
    """Return ``function`` as a CUDA graph, recorded at the first call.

    Args:
        function: of trees of CUDA tensors, whose shapes never change; it may neither wait for the device
            nor draw random numbers.

    Returns:
        The same function. Its result lies in memory of the graph, which the next call overwrites; a result
        may be an argument of that call.
    """
    graph: _Graph | None = None

    def replay(*args: P.args, **kwargs: P.kwargs) -> R:
        nonlocal graph
        assert not kwargs, "the arguments of a captured function are positional"
        if graph is None:
            graph = _Graph(function, args)
        result: R = graph.replay(args)
        return result

    return replay


def by_type(to: Sequence[Tensor], of: Sequence[Tensor]) -> Iterator[tuple[list[Tensor], list[Tensor]]]:
    """Yield the pairs of two lists of tensors that hold something, those of one type together."""
    pairs = [(one, other) for one, other in zip(to, of, strict=True) if one.numel()]
    for dtype in dict.fromkeys(one.dtype for one, _ in pairs):
        alike = [pair for pair in pairs if pair[0].dtype == dtype]
        yield [one for one, _ in alike], [other for _, other in alike]


class _Graph:
    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self._inputs = copy_of(args)
        # on a stream of its own, because a capture sees all that its stream does
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(_WARMUP_CALLS):
                function(*self._inputs)
        torch.cuda.current_stream().wait_stream(side)
        self._graph = torch.cuda.CUDAGraph()
        # on this device's stream: torch's own for captures is of the device that was captured on first;
        # and a thread that draws the next batches allocates meanwhile
        with torch.cuda.graph(self._graph, stream=side, capture_error_mode="thread_local"):
            self._result = function(*self._inputs)

    def replay(self, args: tuple[Any, ...]) -> Any:
        # one kernel for all tensors of a type: of mixed ones each would be copied by itself
        for to, of in by_type(tensors_of(self._inputs), tensors_of(args)):
            torch._foreach_copy_(to, of)
        self._graph.replay()
        return self._result
