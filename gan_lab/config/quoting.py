"""How a message quotes what somebody else wrote: on one line, of bounded length, nothing a terminal obeys.

A value, a path or a name may come from a stranger's folder. Escape sequences in it could move the cursor,
rewrite what stands above, or reverse the reading order; a value of megabytes would push the sentence away.
"""

import difflib
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gan_lab.config.phrases import listed

LONGEST_VALUE = 450
"""Characters of a value that a message shows."""

_CLOSE = 0.6  # of likeness, from 0 to 1
_MOST_BITS = 14_000  # 4,200 digits

LONGEST_MESSAGE = 1500
"""Characters of a message; longer ones lose their middle."""

# control characters, surrogates (names that are not UTF-8), and formats, which reverse the reading order or
# take no place; line and paragraph separators
_NOT_SHOWN = ("Cc", "Cs", "Cf", "Zl", "Zp")


def shown(text: str, keep: str = "") -> str:
    r"""Return a text with control characters as such: an escape becomes the four characters ``\x1b``.

    Args:
        text: anybody's.
        keep: control characters that stay, such as the line breaks of a table.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(each) if each not in keep else each for each in text)


def shortened(text: str, longest: int) -> str:
    """Return a text without its middle where it is longer than that."""
    if len(text) <= longest:
        return text
    left_out = f" ... ({len(text):,} characters) ... "
    room = max(longest - len(left_out), 2)
    return text[: room - room // 3] + left_out + text[len(text) - room // 3 :]


def quoted(value: Any) -> str:
    """Return what a message shows of a value: its ``repr``, shortened, control characters as such."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > _MOST_BITS:
        # Python refuses to write out whole numbers of thousands of digits
        return f"a whole number of about {int(value.bit_length() * 0.30103):,} digits"
    if isinstance(value, str):
        return shown(repr(shortened(value, LONGEST_VALUE)))
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        text = f"a {type(value).__name__} that cannot be shown"
    return shown(shortened(text, LONGEST_VALUE))


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Return a question that names what was probably meant, after a blank; empty where nothing is close."""
    names = [str(name) for name in known]
    # the last part alone may be right, in the wrong place: batch_size for train.batch_size
    end = given.rpartition(".")[2]
    close = nearest(given, names) or [name for name in names if name.rpartition(".")[2] == end]
    return question_of(close[:1])


def nearest(
    given: str, known: Iterable[str], called: Callable[[str], Iterable[str]] | None = None
) -> list[str]:
    """Return the names that are like a given one, the likest first; of equally like ones in their order.

    Args:
        given: as typed.
        known: names that there are.
        called: returns what else a name is called: the likest of these counts; None for the name alone.
    """
    likeness = {
        name: max(
            difflib.SequenceMatcher(None, each, given).ratio()
            for each in (called(name) if called else [name])
        )
        for name in known
    }
    return sorted((name for name in likeness if likeness[name] >= _CLOSE), key=lambda name: -likeness[name])


def question_of(names: Sequence[str]) -> str:
    """Return " Did you mean a, b or c?"; empty without names."""
    if not names:
        return ""
    return f" Did you mean {listed(names, 'or')}?"


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _NOT_SHOWN:
        return character
    return character.encode("unicode_escape").decode("ascii")
