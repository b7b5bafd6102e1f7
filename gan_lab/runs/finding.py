"""One thing that was seen of a run, in words: what ``run.json`` keeps of its diagnosis."""

from dataclasses import dataclass
from typing import Literal

from gan_lab.config.checks import Settings

Severity = Literal["failure", "warning", "advice", "none"]

SEVERITIES: tuple[Severity, ...] = ("failure", "warning", "advice", "none")
"""Worst first."""


@dataclass(frozen=True)
class Finding(Settings):
    """What a rule saw of a run.

    Attributes:
        name: of the rule, such as "critic_dead"; "all_well" where none saw anything, "unmeasured" where
            that says nothing of the samples.
        severity: ``failure`` where the run or its numbers cannot be used, ``warning`` where they mislead,
            ``advice`` where time is lost, ``none`` where nothing was seen.
        sentence: what was seen, with the run's own numbers.
        remedy: overrides of ``gan-lab train`` that lead out of it, as they are typed; empty without one.
    """

    name: str
    severity: Severity
    sentence: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.sentence}" + (f" Way out: {self.remedy}" if self.remedy else "")
