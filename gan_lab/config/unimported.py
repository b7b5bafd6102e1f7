"""The rules of settings, read from source: importing a class would import torch, which takes seconds.

A config that breaks a rule is refused at once by what is read here. Nothing is accepted by it: what cannot be
read, such as a rule that calls a function, is left to :mod:`gan_lab.config.build`, which comes afterwards.
"""

import ast
import builtins
import functools
import importlib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, field, make_dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from gan_lab.config.build import make
from gan_lab.config.checks import Settings
from gan_lab.config.errors import below

_PACKAGE = Path(__file__).parents[1]
_LIGHT = ("gan_lab.config", "typing", "collections", "dataclasses", "math", "pathlib")  # imported as they are


class _UnreadableError(Exception):
    """A name or a rule that is known only to whoever imports its module."""


class ReadField(NamedTuple):
    """A field of a settings class.

    Attributes:
        hint: its annotation, ``Any`` for what cannot be read.
        key: what a config calls it.
        has_default: whether a config may leave it out.
    """

    hint: Any
    key: str
    has_default: bool


def check_node(node: object, key: str) -> None:
    """Hold a config's node, and those in it, to the rules of the classes of gan-lab that they name.

    Args:
        node: as :func:`gan_lab.config.build.build` gets it.
        key: where it stands in the config, for errors; empty for the config itself.

    Raises:
        UserError: as ``build`` raises it, of a setting that is unknown, missing or breaks a rule.
    """
    if not isinstance(node, Mapping):
        return
    for name, value in node.items():
        check_node(value, below(key, name))
    if isinstance(node.get("_target_"), str):
        check_settings(node["_target_"], {k: v for k, v in node.items() if k != "_target_"}, key)


def check_settings(path: str, values: Mapping[str, Any], key: str) -> None:
    """Hold values to the rules of a class.

    Args:
        path: dotted, of a settings class; of another package, or of none, nothing is checked.
        values: the settings by their keys.
        key: where they stand in the config.

    Raises:
        UserError: as :func:`gan_lab.config.build.make` raises it.
    """
    read = read_fields(path)
    if read is None:
        return
    # a default is not known here, and was checked where it was written
    stand_ins = [
        (name, each.hint if each.key in values else Any, _stand_in(each)) for name, each in read.items()
    ]
    cls = make_dataclass(path.rpartition(".")[2], stand_ins, bases=(Settings,), frozen=True, kw_only=True)
    make(cls, values, key)


def read_fields(path: str) -> dict[str, ReadField] | None:
    """Return the fields of a settings class of gan-lab by their names, or None if there is no such class."""
    module, _, name = path.rpartition(".")
    try:
        return dict(_fields_of(module, name))
    except _UnreadableError:
        return None


def read_of(node: object, name: str) -> Any:
    """Return a constant or a property of what a config's node describes, where :func:`read_property` can."""
    if not isinstance(node, Mapping):
        return None
    return read_property(str(node.get("_target_")), name, {k: v for k, v in node.items() if k != "_target_"})


def read_property(path: str, name: str, values: Mapping[str, Any]) -> Any:
    """Return a constant of a class, or a property of its objects whose source is one expression; else None.

    Args:
        path: dotted, of a settings class of gan-lab.
        name: of the constant or the property.
        values: all settings of the object, by their names.
    """
    module, _, cls = path.rpartition(".")
    constants: dict[str, Any] = {}
    found: ast.expr | None = None
    try:
        for line in _lines_of(module, cls):
            if isinstance(line, ast.AnnAssign) and isinstance(line.value, ast.Constant):
                constants[ast.unparse(line.target)] = line.value.value
            elif isinstance(line, ast.FunctionDef) and line.name == name:
                found = _returned(line)
        if found is None:
            return constants.get(name)
        own = SimpleNamespace(**{**constants, **values})
        # gan-lab's own source, on plain values
        return eval(compile(ast.Expression(found), module, "eval"), {"self": own})
    except (_UnreadableError, AttributeError, NameError, TypeError, LookupError):
        return None


def _returned(function: ast.FunctionDef) -> ast.expr | None:
    """Return the expression that a function is, behind its docstring; None if it is more than that."""
    *before, last = function.body
    is_one = isinstance(last, ast.Return) and all(isinstance(each, ast.Expr) for each in before)
    return last.value if isinstance(last, ast.Return) and is_one else None


def _lines_of(module: str, name: str) -> Iterator[ast.stmt]:
    """Yield the statements of a class of gan-lab, behind those of its bases."""
    definition = _names_of(module).get(name)
    if isinstance(definition, tuple):
        yield from _lines_of(*definition)
    elif isinstance(definition, ast.ClassDef):
        for base in reversed(definition.bases):
            if isinstance(base, ast.Name) and base.id != "ABC":
                yield from _lines_of(module, base.id)
        yield from definition.body


def _stand_in(read: ReadField) -> Any:
    return field(default=None if read.has_default else MISSING, metadata={"key": read.key})


def _fields_of(module: str, name: str) -> Iterator[tuple[str, ReadField]]:
    definition = _names_of(module).get(name)
    if not isinstance(definition, ast.ClassDef):
        if not isinstance(definition, tuple):
            raise _UnreadableError(name)
        yield from _fields_of(*definition)  # imported from there
        return
    for base in definition.bases:
        if isinstance(base, ast.Name) and base.id not in ("ABC", "Settings", "Protocol"):
            yield from _fields_of(module, base.id)
    for line in definition.body:
        if isinstance(line, ast.AnnAssign) and "ClassVar" not in ast.dump(line.annotation):
            name = ast.unparse(line.target)
            yield name, _field_of(module, name, line)


def _field_of(module: str, name: str, line: ast.AnnAssign) -> ReadField:
    try:
        hint = _value_of(module, line.annotation)
    except _UnreadableError:
        hint = Any
    given = {}
    if isinstance(line.value, ast.Call) and getattr(line.value.func, "id", "") == "field":
        given = {each.arg: each.value for each in line.value.keywords}
        has_default = "default" in given or "default_factory" in given
    else:
        has_default = line.value is not None
    metadata = ast.literal_eval(given["metadata"]) if "metadata" in given else {}
    return ReadField(hint, metadata.get("key", name), has_default)


def _value_of(module: str, expression: ast.expr) -> Any:
    """Return the value of an expression of annotations, as the module would compute it."""
    names = [each for each in ast.walk(expression) if isinstance(each, ast.Name)]
    own = {each.arg for each in ast.walk(expression) if isinstance(each, ast.arg)}
    own |= {each.id for each in names if isinstance(each.ctx, ast.Store)}  # of a comprehension
    used = {each.id for each in names} - own
    known = {name: _named(module, name) for name in used if not hasattr(builtins, name)}
    try:
        # gan-lab's own source, and no value of a config
        return eval(compile(ast.Expression(expression), module, "eval"), known)
    except (AttributeError, TypeError) as error:  # of something that stands for a class that was not imported
        raise _UnreadableError(module) from error


@functools.cache
def _named(module: str, name: str) -> Any:
    """Return what a name stands for in a module; a class that would have to be imported is ``Any``."""
    if module.startswith(_LIGHT):
        return getattr(importlib.import_module(module), name)
    definition = _names_of(module).get(name)
    if isinstance(definition, tuple):
        return _named(*definition)
    if isinstance(definition, ast.ClassDef):
        return Any
    if isinstance(definition, ast.expr):
        return _value_of(module, definition)
    raise _UnreadableError(name)


@functools.cache
def _names_of(module: str) -> Mapping[str, ast.expr | ast.ClassDef | tuple[str, str]]:
    """Return what a module of gan-lab defines at its top: values, classes, and what comes from elsewhere."""
    package, *parts = module.split(".")
    path = _PACKAGE.joinpath(*parts)
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if package != _PACKAGE.name or not all(part.isidentifier() for part in parts) or not path.is_file():
        raise _UnreadableError(module)
    names: dict[str, ast.expr | ast.ClassDef | tuple[str, str]] = {}
    for line in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(line, ast.ImportFrom) and line.module:
            names |= {alias.asname or alias.name: (line.module, alias.name) for alias in line.names}
        elif isinstance(line, ast.ClassDef):
            names[line.name] = line
        elif isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
            names[line.targets[0].id] = line.value
    return names
