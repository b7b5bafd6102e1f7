"""What every tracker is given of a run, and what an option of the group ``tracker`` is.

The interface is that of ``metric_writers`` of clu (https://github.com/google/CommonLoopUtils): scalars,
images, texts, histograms and hyper-parameters; scalars come by the block, because training fetches them so.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal, Self

from gan_lab.config.checks import Settings
from gan_lab.config.errors import UserError
from gan_lab.config.quoting import shown
from gan_lab.runs.finding import Finding
from gan_lab.runs.record import RunRecord
from gan_lab.tags.names import final_tag

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HyperParameters = Mapping[str, bool | float | str]


@dataclass(frozen=True)
class Picture:
    """An image as a PNG file, and its sizes in pixels."""

    png: bytes
    height: int
    width: int
    channels: int


@dataclass(frozen=True)
class Ending:
    """How a run ended; one that was interrupted has no ending yet.

    Attributes:
        status: of the run.
        step: the iteration of its last numbers.
        final: ``final/...`` to iteration and value, what runs are compared by.
        verdicts: what was seen in its numbers, in sentences, the worst first.
    """

    status: Literal["completed", "diverged"]
    step: int
    final: Mapping[str, tuple[int, float]]
    verdicts: tuple[str, ...]

    @classmethod
    def of(
        cls,
        status: Literal["completed", "diverged"],
        numbers: Mapping[str, float],
        measured_at: Mapping[str, int],
        verdicts: Iterable[Finding],
    ) -> Self:
        """Return the ending of a run.

        Args:
            status: of the run.
            numbers: tag to the last value; those that runs are compared by are taken.
            measured_at: tag to its iteration.
            verdicts: the worst first.
        """
        final = {final_tag(tag): (measured_at[tag], value) for tag, value in numbers.items()}
        return cls(
            status,
            max(measured_at.values(), default=0),
            {tag: last for tag, last in final.items() if tag is not None},
            tuple(shown(str(verdict)) for verdict in verdicts),
        )


class MetricWriter(ABC):
    """Writes what is measured and seen of one run to one place.

    Any method may raise whatever its library raises: ``Writers`` sees to it that no run ends of that.

    Attributes:
        run_id: what the library calls the run, to go on with it later; None where the folder is enough.
        begins: whether nothing that stands at iteration 0 is there yet.
    """

    run_id: str | None = None
    begins: bool = True

    @abstractmethod
    def write_hparams(self, hparams: HyperParameters, command: str) -> None:
        """Write what was chosen and set, by dotted key, and what was typed; once a run."""

    @abstractmethod
    def write_scalars(
        self, steps: "NDArray[np.int64]", values: Mapping[str, "NDArray[np.float32]"], wall_time: float
    ) -> None:
        """Write numbers of several iterations.

        Args:
            steps: iterations (n,).
            values: tag to one number for each of the steps (n,).
            wall_time: of all of them, in seconds since 1970.
        """

    @abstractmethod
    def write_images(self, step: int, images: Mapping[str, Picture]) -> None:
        """Write pictures by tag."""

    @abstractmethod
    def write_histograms(self, step: int, arrays: Mapping[str, "NDArray[np.float32]"]) -> None:
        """Write the distributions of finite values of any shape, by tag."""

    @abstractmethod
    def write_texts(self, step: int, texts: Mapping[str, str]) -> None:
        """Write texts by tag."""

    @abstractmethod
    def write_ending(self, ending: Ending) -> None:
        """Write the numbers that sum a run up, its verdict, and whether it was completed."""

    @abstractmethod
    def close(self) -> None:
        """Let go; a run without an ending was interrupted and may go on later."""


@dataclass(frozen=True)
class ExperimentTracker(Settings, ABC):
    """Base of the options of the group ``tracker``: settings, from which a writer is opened for each run."""

    @abstractmethod
    def open(self, record: RunRecord, resume_at: int) -> MetricWriter:
        """Return the writer of a run.

        Args:
            record: of the run, whose folder is this process's; ``trackers`` holds ids of earlier sittings.
            resume_at: completed iterations; 0 for a new run.
        """

    def rewrite_ending(self, record: RunRecord, ending: Ending) -> None:
        """Write anew how a run ended, of which more is known now.

        Args:
            record: of the run, which is not trained meanwhile.
            ending: in the place of the one before.
        """
        with closing(self.open(record, record.iteration)) as writer:
            writer.write_ending(ending)

    def require(self) -> None:
        """Check what can be checked before anything is written.

        Raises:
            UserError: if a library is missing, or something that it will ask for.
        """

    @property
    def key(self) -> str:
        """What the log, and ``run.json``, call the tracker."""
        return type(self).__name__.lower()

    @property
    def members(self) -> tuple["ExperimentTracker", ...]:
        """The trackers that it consists of: itself, but of ``several``."""
        return (self,)


def require_libraries(option: str, libraries: Sequence[str]) -> None:
    """Check that an option's libraries are installed, without importing them.

    Raises:
        UserError: if one is missing, with the command that brings it.
    """
    for library in libraries:
        found = find_spec(library)
        if found is None or found.origin is None:  # a folder of that name in the working directory is none
            raise UserError(
                f"tracker={option} needs the package {library}, which is not installed: "
                f"pip install 'gan-lab[{option}]' brings it."
            )


def run_name(record: RunRecord) -> str:
    """Return what a tracker shows a run as: its folder, with that of its seeds."""
    path = record.path.absolute()
    return f"{path.parent.name}/{path.name}" if is_of_several_seeds(record) else path.name


def is_of_several_seeds(record: RunRecord) -> bool:
    """Whether a run is one of several that differ in their seed alone and lie in one folder."""
    return record.path.name == f"seed{record.seed}"
