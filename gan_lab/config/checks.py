"""The rules that a setting is held to, and the one wording of the error when it breaks one.

A dataclass states a rule in the annotation of a field and inherits :class:`Settings`::

    @dataclass(frozen=True)
    class WeightClip(Settings):
        bound: PositiveFloat = 0.01
"""

import math
import types
from collections.abc import Callable
from dataclasses import Field, dataclass, fields
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from gan_lab.config.errors import BadValueError


@dataclass(frozen=True)
class Rule:
    """A condition on a value of the right type; ``text`` completes "must be ..."."""

    text: str
    holds: Callable[[Any], bool]


AT_MOST = Rule("at most 10^18", lambda v: v <= 10**18)
"""Of any whole number: torch, TensorBoard and tables count in 64 bits."""

PositiveInt = Annotated[int, Rule("a whole number greater than 0", lambda v: v > 0), AT_MOST]
UpToThousand = Annotated[int, Rule("a whole number from 1 to 1000", lambda v: 1 <= v <= 1000)]
Depth = UpToThousand
NonNegativeInt = Annotated[int, Rule("a whole number, 0 or greater", lambda v: v >= 0), AT_MOST]
PositiveFloat = Annotated[float, Rule("a number greater than 0", lambda v: v > 0)]
NonNegativeFloat = Annotated[float, Rule("a number, 0 or greater", lambda v: v >= 0)]
Probability = Annotated[float, Rule("a number between 0 and 1", lambda v: 0 <= v <= 1)]
Decay = Annotated[float, Rule("a number from 0 up to, but not including, 1", lambda v: 0 <= v < 1)]
FolderName = Annotated[str, Rule("the path of a folder", lambda v: bool(v.strip()))]
"""An empty one, such as an unset variable of a shell, would be the current folder."""
GivenText = Annotated[str, Rule("text that is not empty", lambda v: bool(v.strip()))]

_PLAIN = {int: "a whole number", float: "a finite number", bool: "true or false", str: "text"}


class Settings:
    """Base of dataclasses that check and convert their fields when they are made.

    Integers become floats and lists become tuples where the annotation asks for it.

    Raises:
        BadValueError: naming the first field that breaks its rule.
    """

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self), include_extras=True)
        for field in fields(self):  # type: ignore[arg-type]
            value = conform(config_key(field), getattr(self, field.name), hints[field.name])
            object.__setattr__(self, field.name, value)


def config_key(field: Field[Any]) -> str:
    """Return what a config calls a field: its name, unless its metadata holds another ``key``.

    Another key is for a field whose name would hide a method, such as ``generator_loss``.
    """
    key: str = field.metadata.get("key", field.name)
    return key


def conform(key: str, value: Any, hint: Any) -> Any:
    """Return ``value`` as ``hint`` wants it.

    Args:
        key: what the error calls the value.
        value: what the user gave.
        hint: a type, ``Literal``, union, ``tuple[X, ...]`` or ``Annotated[X, Rule]``.

    Raises:
        BadValueError: if it is of another type or breaks a rule.
    """
    try:
        return _conform(value, hint)
    except (TypeError, ValueError, OverflowError):
        raise BadValueError(key, _broken_rule(hint, value), value) from None


def describe_rule(hint: Any) -> str:
    """Say in words what a type hint allows; of several rules the first, which says what it is about."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return next(rule.text for rule in args[1:] if isinstance(rule, Rule))
    if origin is Literal:
        return "one of " + ", ".join(str(choice) for choice in args)
    if origin in (Union, types.UnionType):
        return " or ".join(describe_rule(arg) for arg in args)
    if origin in (tuple, dict):
        inner = args[0] if origin is tuple else args[1]
        return f"a {'list' if origin is tuple else 'mapping'}, each entry {describe_rule(inner)}"
    if hint is type(None):
        return "null"
    return _PLAIN.get(hint, f"a {getattr(hint, '__name__', hint)}")


def _broken_rule(hint: Any, value: Any) -> str:
    """Say what a type hint allows; where a value is only too large, or endless, the rule that says so."""
    if _is_too_large(hint, value):
        return AT_MOST.text
    rule = describe_rule(hint)
    if isinstance(value, float) and not math.isfinite(value):
        return rule.replace("a number", "a finite number")
    return rule


def _is_too_large(hint: Any, value: Any) -> bool:
    """Return whether a value, or an entry of a list, breaks ``AT_MOST`` and no other rule."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(_is_too_large(arg, value) for arg in args)
    if origin is tuple and isinstance(value, list | tuple):
        return any(_is_too_large(args[0], each) for each in value)
    if AT_MOST not in args or not isinstance(value, int) or isinstance(value, bool):
        return False
    return [rule for rule in args[1:] if isinstance(rule, Rule) and not rule.holds(value)] == [AT_MOST]


def _conform(value: Any, hint: Any) -> Any:
    origin, args = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin is Annotated:
        return _conform_rules(_conform(value, args[0]), args[1:])
    if origin is Literal:
        # 1, 1.0 and True are equal, but not the same setting
        return _require(value, any(type(value) is type(choice) and value == choice for choice in args))
    if origin in (Union, types.UnionType):
        return _conform_union(value, args)
    if origin is tuple:
        _require(value, isinstance(value, list | tuple))
        return tuple(_conform(item, args[0]) for item in value)
    if origin is dict:
        _require(value, isinstance(value, dict))
        return {key: _conform(item, args[1]) for key, item in value.items()}
    return _conform_plain(value, hint)


def _conform_plain(value: Any, hint: Any) -> Any:
    if hint is float:
        # bool is an int to Python, not to a reader of a config
        _require(value, isinstance(value, int | float) and not isinstance(value, bool))
        return _require(float(value), math.isfinite(value))
    if hint is int:
        return _require(value, isinstance(value, int) and not isinstance(value, bool))
    return _require(value, isinstance(value, hint))


def _conform_rules(value: Any, rules: tuple[Any, ...]) -> Any:
    return _require(value, all(rule.holds(value) for rule in rules if isinstance(rule, Rule)))


def _conform_union(value: Any, hints: tuple[Any, ...]) -> Any:
    for hint in hints:
        try:
            return _conform(value, hint)
        except (TypeError, ValueError, OverflowError):
            continue
    raise ValueError


def _require(value: Any, condition: bool) -> Any:
    if not condition:
        raise ValueError
    return value
