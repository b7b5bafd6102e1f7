"""The format of ``run.json``, and how the records of earlier formats are read.

Format 1 kept two texts where format 2 has values: ``execution``, such as "eager, 16 seeds stacked", and
``measured_by``, digests joined by "+".
"""

import re
from collections.abc import Mapping
from typing import Any, get_args

from gan_lab.config.checks import conform
from gan_lab.config.errors import BadValueError
from gan_lab.config.modes import Mode

FORMAT = 2
"""Of the records that this version writes."""

_EXECUTION = re.compile(
    rf"(?P<mode>{'|'.join(get_args(Mode))})"
    r"(, (?P<seeds>[2-9]|[1-9][0-9]{1,8}) seeds (?P<layout>stacked|in turn))?"
)


def in_current_format(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a ``run.json`` of any known format says, as the current format says it.

    Args:
        content: as it was read; what it holds is not checked here, except for texts that are taken apart.

    Raises:
        BadValueError: if the format is unknown, or a text of format 1 says nothing that it could say.
    """
    if content.get("format") == FORMAT:
        return content
    if content.get("format") != 1:
        raise BadValueError("format", f"1 or {FORMAT}", content.get("format"))
    execution = conform("execution", content.get("execution", ""), str)
    measured_by = conform("measured_by", content.get("measured_by", ""), str)
    return {
        **content,
        "execution": _parse_execution(execution) if execution else None,
        "measured_by": [digest for digest in measured_by.split("+") if digest],
    }


def _parse_execution(text: str) -> dict[str, Any]:
    match = _EXECUTION.fullmatch(text)
    if match is None:
        raise BadValueError("execution", 'a text such as "eager" or "eager, 16 seeds stacked"', text)
    seeds = int(match["seeds"] or 1)
    return {"mode": match["mode"], "seeds": seeds, "stacked": match["layout"] == "stacked"}
