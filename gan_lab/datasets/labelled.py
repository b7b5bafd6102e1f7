"""Image sets whose images have labels: what a classifier, and so a feature network, is trained on."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gan_lab.datasets.base import Dataset

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class LabelledDataset(Dataset, ABC):
    """A dataset that knows which of ``n_classes`` classes each of its images is in.

    Training draws images alone; the labels are for metrics.
    """

    n_classes: ClassVar[int]
    """Classes of an image; where ``channel_wise``, those of one channel."""

    channel_wise: ClassVar[bool] = False
    """Whether each colour channel is an image with a label of its own.

    An image of C channels is then in one of n_classes^C classes.
    """

    @abstractmethod
    def labelled(self) -> "tuple[Tensor, Tensor]":
        """Return every image, framed and resized as training sees it, and its label; both on the CPU.

        Returns:
            Bytes (N, C, H, W) uint8, with C = 1 where ``channel_wise``, and labels (N,) int64 from 0 to
            ``n_classes`` - 1.

        Raises:
            UserError: if the data is missing, damaged or of another shape.
        """
