"""How the operations of an iteration reach the processor: the names that configs and run records share."""

from typing import Literal

from gan_lab.config.errors import UserError

Mode = Literal["eager", "compiled", "graph"]
"""``eager`` runs operator by operator, ``compiled`` by torch.compile, ``graph`` replays a CUDA graph."""

_ONLY_ON_CUDA = {
    "train.precision=tf32": "is a mode of CUDA devices; this run is on the CPU: use fp32.",
    "train.execution=graph": (
        "records the kernels of a CUDA device; this run is on the CPU: use auto, eager or compiled."
    ),
}


def refuse_on_cpu(*settings: str) -> None:
    """Refuse what a CPU cannot do.

    Args:
        settings: such as ``train.precision=fp32``.

    Raises:
        UserError: that says what it can do.
    """
    for setting in settings:
        if setting in _ONLY_ON_CUDA:
            raise UserError(f"{setting} {_ONLY_ON_CUDA[setting]}")
