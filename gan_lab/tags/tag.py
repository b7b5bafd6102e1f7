"""What the table says of a tag."""

import re
from dataclasses import dataclass

EVERY_RUN = "every run"
"""Who logs what is measured whatever is trained."""


@dataclass(frozen=True)
class Tag:
    """A row of the table.

    Attributes:
        name: such as "distance/jsd". What stands in angle brackets differs from run to run, as in
            "layers/<parameter>": such a row is of a family of tags.
        unit: such as "nats"; empty for what has none.
        logged_by: which runs or commands write it.
        meaning: what the number is, and what it bounds if anything; Markdown without a full stop.
        title: what a chart or an axis calls it; empty where the name says as much.
        short: what a line in the terminal calls it, in a word or two; empty for the title.
        chart: the chart of TensorBoard's custom scalars that it is in; empty for none.
        pinned: whether ``gan-lab board`` pins its card.
    """

    name: str
    unit: str
    logged_by: str
    meaning: str
    title: str = ""
    short: str = ""
    chart: str = ""
    pinned: bool = False

    @property
    def is_family(self) -> bool:
        """Whether several tags share the row."""
        return "<" in self.name

    def matches(self, tag: str) -> bool:
        """Return whether the row is about a tag."""
        pattern = "".join(".+" if part[:1] == "<" else re.escape(part) for part in _PARTS.split(self.name))
        return re.fullmatch(pattern, tag) is not None


_PARTS = re.compile(r"(<\w+>)")
