"""How many floating-point operations a call takes."""

from collections.abc import Callable
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total: int = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        count = flop_registry.get(func._overloadpacket)
        if count is not None:
            self.total += int(count(*args, **(kwargs or {}), out_val=result))
        return result


def count_flops(function: Callable[..., Any], *args: Any) -> int:
    """Return the operations of a call's matrix products and convolutions: a product and a sum count as two.

    Counts what torch's own ``FlopCounterMode`` counts, by its formulas; that one stumbles over derivatives of
    derivatives, because it also follows the modules.

    Args:
        function: called once, operator by operator.
        args: its arguments.
    """
    with _Counter() as counter:
        function(*args)
    return int(counter.total)
