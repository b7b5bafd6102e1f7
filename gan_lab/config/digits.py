"""Texts that are numbers; those of thousands of digits Python refuses with a sentence about itself."""

MOST_DIGITS = 4000
"""Of a whole number that is read; Python reads some more."""


def whole_number(text: str) -> int | str:
    """Return a whole number; of too many digits its text, which the rule of its key then refuses.

    Raises:
        ValueError: if the text is short and no whole number.
    """
    return text if len(text) > MOST_DIGITS else int(text)


def is_number(text: str) -> bool:
    """Return whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
