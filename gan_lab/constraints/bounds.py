"""The one table of what a constraint bounds beside each normalisation of the critic.

A row stands in the constraint's own file, as its attribute ``table_row``; the words stand here. Warnings, the
end of a constraint's docstring, ``run.json``, reports and docs/constraints.md are made of both.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, get_args

Norm = Literal["none", "layer", "batch", "unknown"]
Bounded = Literal["everywhere", "between", "local", "batches", "nothing"]

NORMS: dict[Norm, str] = {
    "none": "no normalisation",
    "layer": "layer norm",
    "batch": "batch norm",
    "unknown": "layers that nothing is known of",
}
"""What lies between a critic's affine maps and activations.

``batch``: what makes a score depend on the other samples of its batch, whatever that is. ``layer``: layer,
group or instance normalisation. ``unknown``: a layer that may have any slope. ``none``: nothing of these.
"""

MEANING: dict[Bounded, str] = {
    "everywhere": "some K bounds the critic's slope everywhere, and its score gap is at most K times W1",
    "between": "slopes between real and generated samples are drawn to 1, or below; no K holds everywhere, "
    "but the score gap comes the nearer to W1 the heavier the penalty",
    "local": "slopes are penalised at some samples and held nowhere; there is no K",
    "batches": "the critic's score of a sample depends on the others of its batch, so that batches are "
    "compared, not samples; the score gap is at most K times the W1 between batches, for some K",
    "nothing": "there is no K, and the score gap has no scale",
}
"""What is bounded, the strongest first."""


class Critic(NamedTuple):
    """What decides on a constraint's bound.

    Attributes:
        norm: its normalisation.
        unknown: names of its layers that nothing is known of.
    """

    norm: Norm
    unknown: Sequence[str] = ()


class Bounds(NamedTuple):
    """A row: what a constraint bounds beside each normalisation of the critic.

    Attributes:
        none: without any.
        layer: beside one of each sample by itself.
        batch: beside one that mixes the samples of a batch.
        unknown: beside layers that may have any slope.
        why: a sentence or two on what differs.
    """

    none: Bounded = "nothing"
    layer: Bounded = "nothing"
    batch: Bounded = "nothing"
    unknown: Bounded = "nothing"
    why: str = ""

    def beside(self, critic: Critic) -> Bounded:
        """Return what is bounded in a critic."""
        # how an unknown layer changes with a batch is as unknown
        return "nothing" if critic.norm == "batch" and critic.unknown else self.cell(critic.norm)

    def cell(self, norm: Norm) -> Bounded:
        """Return what stands in the column of a normalisation."""
        bounded: Bounded = getattr(self, norm)
        return bounded

    @property
    def best(self) -> tuple[Norm, ...]:
        """The normalisations beside which it bounds most; none where it bounds nothing whatever they are."""
        most = _strongest(self.cell(norm) for norm in NORMS)
        return tuple(norm for norm in NORMS if self.cell(norm) == most != "nothing" and norm != "unknown")

    @property
    def paragraph(self) -> str:
        """What a docstring says of the row."""
        columns: dict[Bounded, list[str]] = {}
        for norm, name in NORMS.items():
            columns.setdefault(self.cell(norm), []).append(name)
        cells = "; ".join(f"beside {' or '.join(names)}, {MEANING[cell]}" for cell, names in columns.items())
        return f"What it bounds in the critic: {cells}. {self.why}".rstrip()


OF_ALL_PARAMETERS = Bounds(
    none="everywhere",
    layer="everywhere",
    batch="batches",
    why="Through a normalisation K exists by its eps alone: one of 1e-5 may multiply K by 316.",
)
"""The row of what keeps every parameter bounded, the gains of normalisations too."""


def strongest(rows: Iterable[Bounds]) -> Bounds:
    """Return the row of constraints that hold together: beside each normalisation, what bounds most."""
    rows = tuple(rows)
    cells = {norm: _strongest(row.cell(norm) for row in rows) for norm in NORMS}
    return Bounds(**cells, why=" ".join(dict.fromkeys(row.why for row in rows if row.why)))


def _strongest(cells: Iterable[Bounded]) -> Bounded:
    return min(cells, key=get_args(Bounded).index)
