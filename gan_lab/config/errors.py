"""Errors that the user can mend, in one wording."""

from typing import Any

from gan_lab.config.quoting import quoted


class UserError(ValueError):
    """Something the user can mend: the message is one sentence that says what and how."""


class BadValueError(UserError):
    """A setting that breaks its rule; reads "<key> must be <rule>; got <value>."."""

    def __init__(self, key: str, rule: str, value: object) -> None:
        super().__init__(f"{key} must be {rule}; got {quoted(value)}.")
        self.key, self.rule, self.value = key, rule, value

    def __reduce__(self) -> tuple[Any, ...]:
        # launchers send errors between processes
        return type(self), (self.key, self.rule, self.value)

    def below(self, prefix: str) -> "BadValueError":
        """Return the same error with its key placed below a config node."""
        return BadValueError(below(prefix, self.key), self.rule, self.value)


class FollowerError(Exception):
    """What went wrong in one of several processes that is not the first: the first one does not know it."""


def below(prefix: str, name: str) -> str:
    """Return the key of ``name`` below the config node ``prefix``; an empty one is the config itself."""
    return f"{prefix}.{name}" if prefix else name


_SAID_OF_MEMORY = ("can't allocate memory", "Storage size calculation overflowed")


def lack_of_memory(error: Exception, remedy: str) -> UserError | None:
    """Return the refusal of what needs more memory than there is, or None if an error says something else.

    Args:
        error: as the host's or a device's allocator raises it.
        remedy: what to do about it, such as "lower --samples".
    """
    text = str(error)
    by_torch = type(error).__name__ == "OutOfMemoryError"  # by its name, so that nothing here imports torch
    by_words = any(words in text for words in _SAID_OF_MEMORY)
    if isinstance(error, MemoryError) or by_torch or by_words:
        return UserError(f"There is not enough memory; {remedy} ({text.partition('. ')[0].strip()}).")
    return None
