"""What the log says, once a run, of numbers that rounding has taken."""

import logging

from gan_lab.config.phrases import verb
from gan_lab.tracking.buffer import Block

log = logging.getLogger(__name__)


class Remarks:
    """Says of each number, when it is unresolved for the first time, that it is.

    Args:
        seed: of the run, by which the log tells several apart.
        arithmetic: the networks' floating-point type, such as "float32".
    """

    def __init__(self, seed: int, arithmetic: str) -> None:
        self._seed, self._arithmetic = seed, arithmetic
        self._told: set[str] = set()
        self._told_alike = False

    def of(self, block: Block) -> None:
        """Look through a block."""
        if not self._told_alike and block.alike.any():
            self._told_alike = True
            log.warning(
                "Seed %d, iteration %s: the critic scores all real and generated samples alike, as far as %s "
                "resolves. What it says of a distance means nothing; a bound of 0 on a divergence, where "
                "one is logged, is true and tells nothing.",
                *(self._seed, f"{block.first + int(block.alike.argmax()):,}", self._arithmetic),
            )
        new = {tag: int(rows.argmax()) for tag, rows in block.unresolved.items() if rows.any()}
        new = {tag: row for tag, row in new.items() if tag not in self._told}
        for row in sorted(set(new.values())):
            tags = [tag for tag, first in new.items() if first == row]
            self._told |= set(tags)
            log.warning(
                "Seed %d, iteration %s: %s %s unresolved, because %s rounds by more than there is to see. "
                "Cells of metrics.csv are empty where that is so.",
                *(self._seed, f"{block.first + row:,}", ", ".join(tags)),
                *(verb(len(tags), "is", "are"), self._arithmetic),
            )
