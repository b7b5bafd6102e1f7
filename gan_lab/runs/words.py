"""How lines in the terminal word what a run's record says."""

from gan_lab.runs.record import RunRecord


def verdict_of(record: RunRecord) -> str:
    """Return the word that a run's record has on how it went; empty where it has none."""
    verdict = getattr(record, "verdict", None)
    return verdict if isinstance(verdict, str) else ""


def duration_text(seconds: float) -> str:
    """Return a duration as hours, minutes and seconds."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}"
