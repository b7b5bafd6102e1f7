"""How lines in the terminal word what a run's record says."""

from gan_lab.runs.record import RunRecord


def verdict_of(record: RunRecord) -> str:
    """Return the name of the worst that was seen in a run when it ended; empty where it was not looked at."""
    return record.verdicts[0].name if record.verdicts else ""


def duration_text(seconds: float) -> str:
    """Return a duration as hours, minutes and seconds."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}"
