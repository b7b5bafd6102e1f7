"""How the operations of an iteration reach the processor: the names that configs and run records share."""

from typing import Literal

Mode = Literal["eager", "compiled", "graph"]
"""``eager`` runs operator by operator, ``compiled`` by torch.compile, ``graph`` replays a CUDA graph."""
