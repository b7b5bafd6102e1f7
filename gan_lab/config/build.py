"""From a node of a config to the object that it describes, and to nothing else.

A config may come from a stranger's run folder. Only frozen settings classes can be named, only those whose
own module lies in gan_lab or in a package that the *user* listed as trusted, and they are given plain values.
"""

import importlib
import inspect
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from gan_lab.config.checks import Settings, config_key
from gan_lab.config.errors import BadValueError, UserError, below
from gan_lab.config.quoting import LONGEST_VALUE, did_you_mean, quoted, shortened, shown

T = TypeVar("T", bound=Settings)

_MOST_PARTS = 20  # of a dotted path; Python's import recurses over them


def build(node: object, kind: type[T], key: str, trusted: Iterable[str] = ()) -> T:
    """Return the object that a config node describes.

    Args:
        node: a mapping with ``_target_``, the dotted path of a class, and the class's settings.
        kind: the class must be one of these.
        key: where the node stands in the config, for errors; empty for the config itself.
        trusted: packages besides gan_lab whose classes may be named.

    Raises:
        UserError: if the node names something else, or gives it settings it does not have.
        BadValueError: if a setting breaks its rule.
    """
    if not isinstance(node, Mapping) or not isinstance(node.get("_target_"), str):
        raise UserError(f"{key or 'The config'} must be a mapping with a _target_; got {quoted(node)}.")
    allowed = {"gan_lab", *trusted}
    cls = _find_class(node["_target_"], kind, key, allowed)
    values = {
        name: _build_inner(value, below(key, name), allowed)
        for name, value in node.items()
        if name != "_target_"
    }
    return make(cls, values, key)


def make(cls: type[T], values: Mapping[str, Any], key: str) -> T:
    """Return ``cls(**values)``, with errors that name ``key``.

    Raises:
        UserError: if a setting is unknown or missing.
        BadValueError: if a setting breaks its rule.
    """
    known = {config_key(field): field for field in fields(cls)}  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            raise UserError(
                f"{shown(shortened(below(key, name), LONGEST_VALUE))} is not a setting of {cls.__name__}; "
                f"it has {_listed(known)}.{did_you_mean(name, known) if len(known) > 3 else ''}"
            )
    for name, field in known.items():
        if name not in values and field.default is MISSING and field.default_factory is MISSING:
            raise UserError(f"{below(key, name)} is missing; {cls.__name__} has {_listed(known)}.")
    try:
        return cls(**{known[name].name: value for name, value in values.items()})
    except BadValueError as error:
        raise error.below(key) from None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "no settings"


def _build_inner(value: Any, key: str, allowed: set[str]) -> Any:
    if isinstance(value, Mapping) and "_target_" in value:
        return build(value, Settings, key, allowed)
    if isinstance(value, Mapping):
        return {name: _build_inner(inner, below(key, name), allowed) for name, inner in value.items()}
    return value


def _find_class(path: str, kind: type[T], key: str, allowed: set[str]) -> type[T]:
    module_name, _, name = path.rpartition(".")
    path, names = shown(shortened(path, LONGEST_VALUE), keep="\n"), path.split(".")
    _require_allowed(names[0] if module_name else "", path, key, allowed)
    # __main__ would run a program where it is imported
    if len(names) > _MOST_PARTS or "__main__" in names or not all(map(str.isidentifier, names)):
        raise UserError(
            f"{below(key, '_target_')} must be the dotted path of a class, of {_MOST_PARTS} names at most; "
            f"got {path}."
        )
    try:
        found = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError) as error:
        raise UserError(
            f"{below(key, '_target_')} names {path}, which cannot be found: {error} "
            "(is its package installed, or on PYTHONPATH?)."
        ) from None
    if not (isinstance(found, type) and issubclass(found, kind)) or inspect.isabstract(found):
        raise UserError(f"{below(key, '_target_')} must name a class of kind {kind.__name__}; got {path}.")
    # the path may lead through a trusted module to something that it only imported
    _require_allowed(found.__module__.partition(".")[0], path, key, allowed)
    return found


def _require_allowed(package: str, path: str, key: str, allowed: set[str]) -> None:
    if package not in allowed:
        way_out = ""
        if package.isidentifier() and len(package) < LONGEST_VALUE:
            way_out = (
                f"; if you trust {package!r}, say trusted=[{package}] to train, --trust {package} to sample "
                "or resume"
            )
        raise UserError(
            f"{below(key, '_target_')} names {path}, outside the packages that may be used "
            f"({', '.join(sorted(allowed))}){way_out}."
        )
