"""Experiments in three sizes, and architectures drawn at random: interpolations that conf/ uses.

``${gan_lab.scale:20,2000,200000}`` is the value for ``scale=smoke``, ``laptop`` and ``paper``, in this order,
so that the file of an experiment says beside each other what the sizes change.
"""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

from gan_lab.config.errors import BadValueError

Value = TypeVar("Value")

SCALES = ("smoke", "laptop", "paper")
DEFAULT_SCALE = "laptop"


def at_scale(scale: str | None, values: Sequence[Value]) -> Value:
    """Return the value of a scale; None is the default scale, laptop.

    Raises:
        BadValueError: if the scale is none of the three, or there is not a value for each.
    """
    if scale is not None and scale not in SCALES:
        raise BadValueError("scale", f"one of {', '.join(SCALES)}", scale)
    if len(values) != len(SCALES):
        raise BadValueError("gan_lab.scale", f"given {len(SCALES)} values, for {', '.join(SCALES)}", values)
    return values[SCALES.index(scale or DEFAULT_SCALE)]


def drawn(draw: int, key: str, values: Sequence[Value]) -> Value:
    """Return one of the values, drawn with equal probabilities: always the same for a draw and a key.

    Args:
        draw: number of the draw; other draws are independent.
        key: what is drawn; keys of one draw are independent.
        values: what it is drawn from.
    """
    digest = hashlib.sha256(f"{key} {draw}".encode()).digest()
    return values[int.from_bytes(digest[:8], "big") % len(values)]
