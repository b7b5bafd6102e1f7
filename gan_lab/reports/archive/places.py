"""Absolute paths as their last names: where somebody's files lay says nothing to others."""

import re
from pathlib import PurePosixPath
from typing import Any

from gan_lab.files.plain_yaml import PlainYamlError, dump_plain, load_plain

_PATH = re.compile(
    r"""(?:^|(?<=[\s,:=(\[{]))  # where a value of Hydra's begins, or one of several
    (?:(?P<quote>['"])(?P<quoted>(?:file:/+|/(?!/)|~).*?)(?=(?P=quote))
    |(?P<bare>(?:file:/+|/(?!/)|~)[^,()\[\]{}'"]*))""",
    re.VERBOSE,
)


def without_places(config: bytes) -> bytes:
    """Return a config with absolute paths as their last names, ``.../name``; others as they are.

    Where somebody's images lay says nothing to others, and often a name too much.
    """
    try:
        content = load_plain(config)
    except PlainYamlError:
        return config  # a report says so
    shortened = _without_places(content)
    return config if shortened == content else dump_plain(shortened)


def typed_without_places(part: dict[str, Any]) -> dict[str, Any]:
    """Return what was typed to start a sweep with absolute paths as their last names; the rest as it is.

    Args:
        part: of ``multirun.yaml``, as :func:`gan_lab.reports.sweep.sweep_command.typed_part` returns it.
    """
    overrides, sweeper = part["hydra"]["overrides"], part["hydra"]["sweeper"]
    words = {key: [_short_override(str(word)) for word in typed] for key, typed in overrides.items()}
    params = {
        key: _short(value) if isinstance(value, str) else value
        for key, value in (sweeper["params"] or {}).items()
    }
    return {"hydra": {"overrides": words, "sweeper": {**sweeper, "params": params or sweeper["params"]}}}


def _short_override(word: str) -> str:
    key, equals, value = word.partition("=")
    return f"{key}{equals}{_short(value)}"


def _short(value: str) -> str:
    """Return a value in Hydra's words, which may be several, quoted or in brackets, without places."""
    return _PATH.sub(
        lambda found: (found["quote"] or "") + _last_name(found["quoted"] or found["bare"]), value
    )


def _without_places(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _without_places(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_without_places(value) for value in content]
    if isinstance(content, str) and content.startswith(("/", "~")):
        return _last_name(content)
    return content


def _last_name(path: str) -> str:
    return f".../{PurePosixPath(path).name}"
