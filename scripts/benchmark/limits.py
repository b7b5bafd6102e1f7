"""The least that an iteration can take on a machine, from its arithmetic and its traffic with memory."""

from dataclasses import dataclass

from benchmark.machine import Machine
from benchmark.memory import bytes_of
from gan_lab.game.batches import BatchSource, Prefetcher
from gan_lab.game.execution import make_execution
from gan_lab.game.setup import Setup
from gan_lab.numerics.trees import tensors_of
from gan_lab.training.flops import count_flops


@dataclass(frozen=True)
class Work:
    """What one iteration of one seed has to do.

    Attributes:
        flops: floating point operations of its matrix products and convolutions, and of nothing else.
        bytes: that have to move even if all activations stayed in the cache: parameters, optimizer state and
            average read and written at each step, the other network's parameters and the batch read once.
    """

    flops: int
    bytes: int


def count_work(setup: Setup) -> Work:
    """Count the work of one iteration by playing it."""
    sampler = setup.dataset.open(setup.device)
    source = BatchSource(sampler, setup.batch_shape, setup.seed, setup.device)
    batch = Prefetcher([source], setup.device, ahead=False).batch(0)
    state = setup.init_state()
    flops = count_flops(make_execution(setup.game, "eager").iteration, state, batch)
    generator, critic = bytes_of(tensors_of(state.generator)), bytes_of(tensors_of(state.critic))
    of_critic_step = critic + bytes_of(tensors_of((state.critic_optimizer, state.constraint)))
    of_generator_step = generator + bytes_of(tensors_of((state.generator_optimizer, state.average)))
    moved = 2 * setup.game.n_critic * of_critic_step + 2 * of_generator_step
    return Work(flops, moved + generator + critic + bytes_of(list(batch)))


def least_seconds(work: Work, machine: Machine, *, bf16: bool) -> float:
    """Return the time that arithmetic or traffic takes at the machine's own rates, whichever is longer."""
    flops = machine.bf16_flops if bf16 and machine.bf16_flops else machine.flops
    return max(work.flops / flops, work.bytes / machine.copied_bytes)
