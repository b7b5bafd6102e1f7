"""GroupSort: an activation that only reorders, so that no gradient shrinks on its way through."""

from torch import Tensor, nn


class GroupSort(nn.Module):
    """Sort the units of each group, in ascending order; groups are neighbouring units, all of one size.

    It permutes its input, so that its Jacobian is a permutation matrix: 1-Lipschitz in every p-norm, and
    it keeps the length of every gradient. ReLU is 1-Lipschitz, too, but where it is not the identity it
    shortens gradients, which is why norm-bounded ReLU networks of slope 1 are linear. Groups of two
    are MaxMin.

    Args:
        group_size: units in a group; it must divide the number of units.

    Reference:
        Anil et al., "Sorting out Lipschitz function approximation", 2019, section 4.1.
    """

    steep_by_weights_alone = True

    def __init__(self, group_size: int = 2) -> None:
        super().__init__()
        self.group_size = group_size

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, width) with each group in ascending order, from (B, width)."""
        groups = x.reshape(len(x), -1, self.group_size)
        return groups.sort(dim=-1).values.flatten(1)
