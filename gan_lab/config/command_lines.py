"""Commands that are shown to be pasted: a shell takes them apart into the words that they were made of."""

import os
import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_ESCAPED = {"\n": r"\n", "\t": r"\t", "\r": r"\r", "\\": r"\\", "'": r"\'"}
_BARE = re.compile(r"(?:[A-Za-z_/]|\.\.?/)[\w./:+-]*(?: [\w./:+-]+)*", re.ASCII)
_MEANS_MORE = re.compile(r"null|true|false|inf|nan|yes|no|on|off", re.IGNORECASE)


def command_line(words: Iterable[str]) -> str:
    """Return words as one line for bash or zsh.

    Words that cannot be shown, such as the names of files that are not UTF-8, are spelled in ``$'...'``.
    """
    return " ".join(map(_shell_word, words))


def words_of(command: str) -> list[str]:
    """Return the words of a command that ``command_line`` made; of other texts, what blanks divide."""
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


def path_word(path: Path) -> str:
    """Return a path as a word of a command, where it is not to be taken for an option."""
    text = str(path)
    return f"./{text}" if text.startswith("-") else text


def shown_path(path: Path) -> Path:
    """Return a path as it is shown: from here, where it lies below."""
    return Path(os.path.relpath(path)) if path.is_relative_to(Path.cwd()) else path


def override(key: str, value: Any) -> str:
    """Return ``key=value`` as Hydra has to be given it, so that the value comes out as it is here.

    Args:
        key: dotted.
        value: text, a number, a bool, None, or lists and mappings of these; a text that Hydra or OmegaConf
            would read otherwise is put into quotes.
    """
    return f"{key}={_hydra_value(value)}"


def _shell_word(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(_ESCAPED.get(letter) or _spelled(letter) for letter in word) + "'"


def _spelled(letter: str) -> str:
    if letter.isprintable():
        return letter
    return "".join(f"\\{byte:03o}" for byte in os.fsencode(letter))


def _hydra_value(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        pairs = [f"{_hydra_text(str(key))}:{_hydra_value(item)}" for key, item in value.items()]
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_hydra_value, value)) + "]"
    return _hydra_text(str(value))


def _hydra_text(text: str) -> str:
    if _BARE.fullmatch(text) and not _MEANS_MORE.fullmatch(text):
        return text
    # OmegaConf reads ${...} within quotes, too, unless a backslash stands before it, which one before doubles
    text = re.sub(r"(\\*)\$\{", r"\1\1\\${", text)
    # a backslash counts for itself, except before a quote
    return "'" + re.sub(r"(\\*)('|\Z)", lambda found: found[1] * 2 + (r"\'" if found[2] else ""), text) + "'"
