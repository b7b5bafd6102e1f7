"""CUDA graphs: the kernels of a pure function recorded once and replayed without the interpreter."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, ParamSpec, TypeVar

import torch
from torch import Tensor

from gan_lab.config.errors import UserError
from gan_lab.numerics.trees import copy_of, tensors_of

P = ParamSpec("P")
R = TypeVar("R")

_WARMUP_CALLS = (
    3  # torch's documentation of CUDA graphs: libraries initialise themselves outside of a capture
)


class CaptureError(UserError):
    """An iteration of which no graph can be recorded; the device is as it was, and plays on.

    Attributes:
        cause: what the capture failed of, without a full stop.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(
            f"train.execution=graph: no CUDA graph can be made of an iteration ({cause}); "
            "train.execution=eager plays it operator by operator."
        )
        self.cause = cause

    def __reduce__(self) -> tuple[Any, ...]:
        # launchers send errors between processes
        return type(self), (self.cause,)


class Capture(Generic[P, R]):
    """A function as a CUDA graph, recorded at the first call.

    A result lies in memory of the graph, which the next call overwrites; it may be an argument of that call.

    Args:
        function: of trees of CUDA tensors, whose shapes never change; it may neither wait for the device
            nor draw random numbers.
    """

    def __init__(self, function: Callable[P, R]) -> None:
        self._function = function
        self._graph: _Graph | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Copy the arguments, which are positional, to the graph and replay it.

        Raises:
            CaptureError: if it cannot be recorded.
            RuntimeError: if the device is lost with it.
        """
        assert not kwargs, "the arguments of a captured function are positional"
        if self._graph is None:
            self._graph = _Graph(self._function, args)
        result: R = self._graph.replay(args)
        return result

    def close(self) -> None:
        """Free the memory of the graph, that of its results included; the next call records it anew."""
        if self._graph is not None:
            self._graph.reset()
            self._graph = None


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
        with (
            _left_as_it_was(self._graph),
            torch.cuda.graph(self._graph, stream=side, capture_error_mode="thread_local"),
        ):
            self._result = function(*self._inputs)

    def replay(self, args: tuple[Any, ...]) -> Any:
        # one kernel for all tensors of a type: of mixed ones each would be copied by itself
        for to, of in by_type(tensors_of(self._inputs), tensors_of(args)):
            torch._foreach_copy_(to, of)
        self._graph.replay()
        return self._result

    def reset(self) -> None:
        del self._inputs, self._result
        self._graph.reset()


@contextlib.contextmanager
def _left_as_it_was(graph: torch.cuda.CUDAGraph) -> Iterator[None]:
    """Leave stream and memory of the device as they were where a capture fails inside.

    Torch 2.11 leaves the capture's stream the current one, and memory is taken from the graph's pool for
    ever. What ends the capture raises, too, and names no cause; what raised before it does.
    """
    before = torch.cuda.current_stream()
    try:
        yield
    except RuntimeError as error:
        torch.cuda.set_stream(before)
        with contextlib.suppress(RuntimeError):  # where torch has done so itself
            torch._C._cuda_endAllocateToPool(before.device_index, graph.pool())
        # an error that stays, such as a failed assertion of a kernel, is raised here: the device is lost
        torch.cuda.synchronize()
        raise CaptureError(str(_first(error)).partition("\n")[0].rstrip(".")) from error


def _first(error: BaseException) -> BaseException:
    """Return the error that was raised before all others that were raised while it was handled."""
    while isinstance(error.__context__, RuntimeError):
        error = error.__context__
    return error
