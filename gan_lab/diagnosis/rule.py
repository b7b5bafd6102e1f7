"""What a rule is: what it needs, what it says, and what a reader is told of it."""

from collections.abc import Callable
from dataclasses import dataclass

from gan_lab.diagnosis.observed import Observed
from gan_lab.runs.finding import Finding


@dataclass(frozen=True)
class Rule:
    """A named rule.

    Attributes:
        name: as it is shown and stored.
        needs: tags without which it says nothing: no number, no verdict.
        judge: returns what it sees in a run in which all of these were measured, None if nothing.
        symptom: what a person notices; a sentence of Markdown, as the following are.
        shows: by which numbers, with their threshold.
        cause: why it happens, with the source.
        cure: what to do, with options of the lab.
    """

    name: str
    needs: tuple[str, ...]
    judge: Callable[[Observed], Finding | None]
    symptom: str
    shows: str
    cause: str
    cure: str

    def of(self, run: Observed) -> Finding | None:
        """Return what the rule sees in a run; None if nothing, or if what it needs was not measured."""
        return self.judge(run) if run.has(*self.needs) else None
