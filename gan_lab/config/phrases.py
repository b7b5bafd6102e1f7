"""How sentences list words and count things, so that all of them do it alike."""

from collections.abc import Iterable


def listed(words: Iterable[str], last: str = "and") -> str:
    """Return words as a list: "a", "a and b", "a, b and c".

    Args:
        words: at least one.
        last: what stands before the last of several, such as "or".

    Raises:
        ValueError: if there are none.
    """
    *others, end = words
    return f"{', '.join(others)} {last} {end}" if others else end


def counted(count: float, singular: str, plural: str | None = None) -> str:
    """Return how many things there are: "1 step", "1,000 steps".

    Args:
        count: a whole number, as an int or, out of a table, as a float.
        singular: what one of them is called.
        plural: what several are called, and none; None where that is ``singular`` with an s.

    Raises:
        ValueError: if it is no whole number.
    """
    whole = int(count)
    if whole != count:
        raise ValueError(f"count must be a whole number; got {count}")
    return f"{whole:,} {verb(whole, singular, f'{singular}s' if plural is None else plural)}"


def verb(count: float, singular: str, plural: str) -> str:
    """Return the form of a verb that goes with so many things."""
    return singular if count == 1 else plural
