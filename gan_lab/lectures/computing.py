"""Running an experiment with whatever was typed: a result, or a sentence on the numbers that have none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_lab.config.errors import BadValueError, UserError

if TYPE_CHECKING:  # a bad value is refused without what figures take
    from gan_lab.lectures.base import Findings, LectureExperiment

SMALLEST, LARGEST = 1e-30, 1e30
"""Of a number that is not 0: what lies between is a number to float32, too, and its powers are to float64."""

_NOT_A_NUMBER = re.compile(r"\bnan\b")


def require_magnitudes(config: Mapping[str, Any]) -> None:
    """Check that no number of an experiment's config is too small or large to be reckoned with.

    Raises:
        BadValueError: naming the first.
    """
    for key, value in _numbers(config):
        if value != 0 and not SMALLEST <= abs(value) <= LARGEST:
            raise BadValueError(key, f"0, or between {SMALLEST:g} and {LARGEST:g} in size", value)


def compute(experiment: LectureExperiment) -> Findings:
    """Return what an experiment finds.

    Raises:
        UserError: if its settings do not fit each other, or what follows from them is beyond floating-point
            numbers: an overflow, or a nan where a number is to be said.
    """
    try:
        with np.errstate(invalid="raise"):
            findings = experiment.run()
    except UserError:
        raise
    except (ArithmeticError, ValueError) as error:  # linear algebra fails with the latter
        reason = " ".join(str(error).split())
        raise UserError(f"floating-point numbers do not hold what follows from it ({reason}).") from error
    if _NOT_A_NUMBER.search(findings.sentence):
        raise UserError("floating-point numbers do not hold what follows from it (a result is nan).")
    return findings


def by_typed_keys(error: UserError, config: Mapping[str, Any], typed: list[str]) -> UserError:
    """Return a refusal that names what was typed, where it names nothing that an experiment's config has.

    Args:
        error: of building or computing it.
        config: composed and resolved.
        typed: ``key=value``, without the choice of the experiment.
    """
    key = re.split(r"[\s:\[]", str(error), maxsplit=1)[0]
    known = {name for name, _ in _leaves(config)}
    if not typed or any(name == key or name.startswith(f"{key}.") for name in known):
        return error
    keys = {each.partition("=")[0].lstrip("+~") for each in typed}
    if any(re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", str(error)) for name in keys):
        return error
    return UserError(f"{' '.join(typed)} cannot be computed: {error}")


def _numbers(node: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for key, value in _leaves(node):
        for each in value if isinstance(value, list) else [value]:
            # infinities and nan are refused by the rule of the field
            if isinstance(each, int | float) and not isinstance(each, bool) and abs(each) < float("inf"):
                yield key, each


def _leaves(node: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
