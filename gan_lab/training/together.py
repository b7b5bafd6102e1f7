"""One run on several processes: the first one leads and writes, the others play what it announces."""

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from typing import Any

import torch

from gan_lab.config.errors import BadValueError, FollowerError, UserError
from gan_lab.config.phrases import counted
from gan_lab.config.ranks import count_here, count_on_machine, rank_here, rank_on_machine
from gan_lab.datasets.resident import is_streamed
from gan_lab.game.batches import BatchSource, Prefetcher
from gan_lab.game.execution import Execution, make_execution
from gan_lab.game.networks import mixes_samples
from gan_lab.game.parallel import play_together, without_batch_norm
from gan_lab.game.settings import TrainSettings
from gan_lab.game.setup import Setup
from gan_lab.numerics.determinism import deterministic
from gan_lab.numerics.draws import normal
from gan_lab.numerics.precision import float32_products
from gan_lab.numerics.processes import ALONE, Processes, meeting
from gan_lab.numerics.streams import make_rng
from gan_lab.objectives.base import Objective
from gan_lab.types import Measurements, State

_DISMISSED = -1


class Leader:
    """What the first process announces to the others before it plays an iteration itself.

    Args:
        processes: that play together; to one alone there is nothing to say.
        device: where tensors are exchanged.
    """

    def __init__(self, processes: Processes = ALONE, device: torch.device | None = None) -> None:
        self.processes, self._device = processes, device
        self._known: State | None = None  # what all of them have come to
        self._is_playing = False

    def announce(self, iteration: int, state: State) -> None:
        """Tell which iteration is played next, counted from 0, and from what, where others have not that."""
        if self.processes.count > 1:
            is_new, self._is_playing = state is not self._known, True
            self._tell(iteration, int(is_new))
            if is_new:
                self.processes.from_first(state)

    def came_to(self, state: State) -> None:
        """Keep in mind what the iteration that was announced has led all of them to."""
        self._known, self._is_playing = state, False

    def close(self) -> None:
        """Tell the others that nothing is left to play.

        Not from within an iteration, whose exchanges they wait for: they notice that this process is gone.
        """
        if self.processes.count > 1 and not self._is_playing:
            self._tell(_DISMISSED, 0)

    def _tell(self, *numbers: int) -> None:
        self.processes.from_first(torch.tensor(numbers, device=self._device))


ONE_PROCESS = Leader()


@contextmanager
def leading(processes: Processes, device: torch.device) -> Iterator[Leader]:
    """Lead the other processes inside, and let them go."""
    with meeting(processes, device), closing(Leader(processes, device)) as leader:
        yield leader


def play_iteration(
    execution: Execution, batches: Prefetcher, settings: TrainSettings, state: State, iteration: int
) -> tuple[State, Measurements]:
    """Play a generator iteration, counted from 0, with the critic steps of its warm-up."""
    for inputs in batches.warmup(iteration, settings.extra_critic_steps(iteration)):
        state = execution.critic_step(state, *inputs)
    return execution.iteration(state, batches.batch(iteration))


def follow(setup: Setup, processes: Processes) -> None:
    """Play what the first process announces, until it dismisses this one; write nothing.

    Raises:
        FollowerError: if that cannot be gone on with.
    """
    try:
        with (
            _leaving_signals_to_the_first(),
            meeting(processes, setup.device),
            deterministic(setup.train.deterministic),
            computing_as(setup),
        ):
            _play_along(setup, processes)
    except (UserError, MemoryError, RuntimeError, OSError) as error:
        raise FollowerError(f"Process {processes.rank} of {processes.count}, from 0: {error}") from error


@contextmanager
def computing_as(setup: Setup) -> Iterator[None]:
    """Compute on the setup's device, in its precision, inside."""
    on_card = torch.cuda.device(setup.device) if setup.device.type == "cuda" else nullcontext()
    with on_card, float32_products(setup.train.precision):  # streams and graphs go to the current card
        yield


def _play_along(setup: Setup, processes: Processes) -> None:
    sampler = setup.dataset.open(setup.device)
    source = BatchSource(sampler, setup.batch_shape, setup.seed, setup.device, processes)
    execution = make_execution(play_together(setup.game, processes), "eager")
    state, heard = setup.init_state(), torch.zeros(2, dtype=torch.int64, device=setup.device)
    with closing(Prefetcher([source], setup.device, is_streamed(sampler))) as batches:
        while True:
            iteration, is_new = (int(number) for number in processes.from_first(heard))
            if iteration == _DISMISSED:
                return
            if is_new:
                state = processes.from_first(state)
            state, _ = play_iteration(execution, batches, setup.train, state, iteration)


@contextmanager
def _leaving_signals_to_the_first() -> Iterator[None]:
    """Let the first process, which gets the same signals, finish its iteration and save."""
    asking = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in asking}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def processes_here() -> Processes:
    """Return which processes this one was started with; it has not met them yet."""
    return Processes(rank_here(), count_here())


def device_here(name: Any) -> Any:
    """Return the name of the device of this process: each one of a machine has a card of its own.

    Args:
        name: as the config has it, which may be anything.

    Raises:
        UserError: if there are fewer cards than processes, or all of these are given one.
    """
    if count_here() == 1 or not isinstance(name, str) or name == "cpu":
        return name
    cards, processes = torch.cuda.device_count(), count_on_machine()
    if name.startswith("cuda:"):
        raise BadValueError("device", f"auto, cpu or cuda where {count_here()} processes train one run", name)
    if name == "auto" and not cards:
        return name
    if cards < processes:
        has = counted(cards, "card")
        raise UserError(f"{processes} processes were started on this machine, which has {has}.")
    return f"cuda:{rank_on_machine()}"


def require_divisible(setup: Setup, seeds: Sequence[Mapping[str, Any]], processes: Processes) -> None:
    """Check that several processes can train what a config describes, and get what one alone would.

    Args:
        setup: of the run.
        seeds: the configs of all seeds that are asked for.
        processes: that were started.

    Raises:
        UserError: naming what stands in the way.
    """
    if processes.count == 1:
        return
    count, train = processes.count, setup.train
    if len(seeds) > 1:
        raise UserError(
            f"train.seeds must be 1 or null where {count} processes train one run; "
            f"got {counted(len(seeds), 'seed')}: started as one process, it trains them together."
        )
    if train.execution not in ("auto", "eager"):
        rule = f"auto or eager where {count} processes train one run"
        raise BadValueError("train.execution", rule, train.execution)
    if train.batch_size % count:
        raise BadValueError("train.batch_size", f"a multiple of the {count} processes", train.batch_size)
    for part in setup.game.constraint.members:
        if part.shares_batch:
            raise UserError(
                f"constraint={type(part).__name__.lower()} measures whole batches, which {count} processes "
                "divide; choose another, or one process."
            )
    _require_mean_losses(setup.game.objective, processes)
    _require_known_mixing(setup, processes)


def _require_mean_losses(objective: Objective, processes: Processes) -> None:
    """Refuse losses that are no means over rows: the mean of their parts' gradients is another gradient."""
    real, fake = normal((2, 8), make_rng(0, "probing losses"), torch.float64).unbind()
    for loss in (objective.critic_loss, objective.generator_loss):
        parts = [loss(*some) for some in zip(real.chunk(2), fake.chunk(2), strict=True)]
        if not torch.allclose(torch.stack(parts).mean(), loss(real, fake), rtol=1e-9):
            raise UserError(
                f"objective={type(objective).__name__} has a loss that is no mean over the rows of a batch, "
                f"which {processes.count} processes divide; train it with one."
            )


def _require_known_mixing(setup: Setup, processes: Processes) -> None:
    """Refuse networks that let the samples of a batch meet elsewhere than in batch normalisation."""
    shapes = {"generator": (setup.batch_shape.latent_dim,), "critic": setup.dataset.data_shape}
    for name, shape in shapes.items():
        if mixes_samples(without_batch_norm(getattr(setup, name)), shape):
            raise UserError(
                f"architecture.{name} lets the samples of a batch meet elsewhere than in batch "
                f"normalisation, which {processes.count} processes would not see; train it with one."
            )
