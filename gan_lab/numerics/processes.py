"""Processes that train one run together, and what they tell one another."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.rendezvous import rendezvous

from gan_lab.config.errors import UserError
from gan_lab.numerics.trees import map_tensors

P = ParamSpec("P")
R = TypeVar("R")
Tree = TypeVar("Tree")

_TO_MEET = timedelta(minutes=10)
_PATIENCE = timedelta(days=1)  # for which the others wait while the first one measures and writes
_GONE = (
    "Another process of this run is gone, and it cannot go on without it: the same command, or gan-lab "
    "resume, goes on from the last checkpoint."
)


def _together(function: Callable[P, R]) -> Callable[P, R]:
    """Say what it means where a process waits for others that are not there any more."""

    @wraps(function)
    def exchanged(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except (dist.DistError, RuntimeError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise UserError(f"{_GONE} ({reason})") from error

    return exchanged


@dataclass(frozen=True)
class Processes:
    """Those that train one run, each on its share of the rows of every batch.

    Attributes:
        rank: of this one, from 0; the first one writes the run.
        count: how many there are. One alone exchanges nothing.
    """

    rank: int = 0
    count: int = 1

    def rows(self, batch_size: int) -> slice:
        """Return which rows of a batch are this one's: as many as everybody's, in the order of ranks."""
        share = batch_size // self.count
        return slice(self.rank * share, (self.rank + 1) * share)

    def mean(self, values: Tensor) -> Tensor:
        """Return the mean of everybody's values, of one shape."""
        return values if self.count == 1 else self._sum(values) / self.count

    def gathered(self, values: Tensor) -> Tensor:
        """Return everybody's values (b, ...) as one tensor (count · b, ...), in the order of the rows."""
        if self.count == 1:
            return values
        everybodys = [torch.empty_like(values) for _ in range(self.count)]
        _gather(everybodys, values.contiguous())
        return torch.cat(everybodys)

    def from_first(self, tree: Tree) -> Tree:
        """Return the first one's tree of tensors, of the form and shapes of everybody's."""
        return tree if self.count == 1 else map_tensors(_of_first, tree)

    def _sum(self, values: Tensor) -> Tensor:
        total = values.clone(memory_format=torch.contiguous_format)
        if self.count > 1:
            _reduce(total)
        return total


ALONE = Processes()


@_together
def _reduce(values: Tensor) -> None:
    dist.all_reduce(values)


@_together
def _gather(into: list[Tensor], values: Tensor) -> None:
    dist.all_gather(into, values)


@_together
def _of_first(values: Tensor) -> Tensor:
    received = values.clone(memory_format=torch.contiguous_format)
    dist.broadcast(received, src=0)
    return received


class Total(torch.autograd.Function):
    """The sum of everybody's values, through which losses are differentiated, any number of times.

    The derivative of the sum of all losses by one process's values is the sum of their derivatives by the
    total.
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor, processes: Processes) -> Tensor:
        """Return the sum of ``values`` over the processes."""
        ctx.processes = processes
        return processes._sum(values)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, None]:
        """Return the sum of everybody's derivatives."""
        return Total.apply(upstream[0], ctx.processes), None


@contextmanager
def meeting(processes: Processes, device: torch.device) -> Iterator[None]:
    """Let processes that were started together exchange tensors of a device inside."""
    if processes.count == 1:
        yield
        return
    try:
        store, rank, count = next(rendezvous("env://", timeout=_TO_MEET))
        backend = "nccl" if device.type == "cuda" else "gloo"
        dist.init_process_group(backend, store=store, rank=rank, world_size=count, timeout=_PATIENCE)
    except (ValueError, dist.DistError, RuntimeError) as error:
        raise UserError(
            f"The {processes.count} processes that WORLD_SIZE counts did not meet ({error}): start them with "
            "torchrun --nproc-per-node."
        ) from error
    try:
        yield
    finally:
        dist.destroy_process_group()
