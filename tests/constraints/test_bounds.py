"""A row of the table of constraints: what it says of a critic."""

import pytest

from gan_lab.constraints.bounds import Bounds, Critic

ROW = Bounds(none="everywhere", layer="local", batch="batches", unknown="between")


@pytest.mark.parametrize(
    ("critic", "bounded"),
    [
        (Critic("none"), "everywhere"),
        (Critic("layer"), "local"),
        (Critic("batch"), "batches"),
        (Critic("unknown", ("Mystery",)), "between"),
        # how an unknown layer changes with a batch is as unknown
        (Critic("batch", ("Mystery",)), "nothing"),
    ],
)
def test_a_row_is_read_beside_what_the_critic_is_made_of(critic: Critic, bounded: str) -> None:
    assert ROW.beside(critic) == bounded
