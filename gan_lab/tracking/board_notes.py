"""What TensorBoard says at its start that tells nobody anything, and hides the address."""

from typing import Any, TextIO

_NOTES = (
    "TensorFlow installation not found",  # which nothing here needs
    "\nNOTE: Using experimental fast data loading logic",
)


class WithoutNotes:
    """A stream that passes on all but these notes: what is not known to be one is shown, errors among it.

    Args:
        stream: where the rest goes.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._ends_note = False

    def write(self, text: str) -> int:
        """Write a text that is no note; ``print`` writes the end of a line by itself."""
        is_end, self._ends_note = self._ends_note and text == "\n", False
        if is_end:
            return len(text)
        if text.startswith(_NOTES):
            self._ends_note = not text.endswith("\n")
            return len(text)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
