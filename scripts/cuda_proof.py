"""Prove on a card, within ten minutes, what no machine without one can: tests, resuming, modes, captures.

    python scripts/cuda_proof.py [--device cuda] [--minutes 10]

Tells which card it is, runs the tests that need one, compares a run that went on after half of its iterations
with one that never stopped, plays the same iterations in every mode and precision (time of an iteration, time
of the first calls, peak memory, largest difference from the eager loop), and lets a capture fail on purpose.
What there is no time for is named. Exits with 1 where something fails. With ``--device cpu`` it does what a
processor can, to try the script itself.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gan_lab.cli.compose import compose
from gan_lab.config.errors import UserError
from gan_lab.game.batches import BatchSource, Prefetcher
from gan_lab.game.cuda_graph import Capture, CaptureError
from gan_lab.game.execution import Execution, make_execution
from gan_lab.game.setup import Setup, build_setup
from gan_lab.numerics.card import card_of
from gan_lab.numerics.precision import find_device, float32_products
from gan_lab.numerics.trees import stack, tensors_of

ROOT = Path(__file__).parents[1]
GRAPH_OF_COMPILED = "compiled+graph"
TESTS_S, RUN_S = 150.0, 90.0
WARM, TIMED = 5, 45  # iterations: those before and after which the difference is taken


class Case(NamedTuple):
    """What is played, by how many seeds in one call."""

    name: str
    words: tuple[str, ...]
    seeds: int = 1
    compiled: bool = False  # also by the compiler, which takes a minute


CASES = (
    Case("toy", ("dataset=ring8", "objective=wgan_gp"), compiled=True),
    Case("toy, 32 seeds", ("dataset=ring8", "objective=wgan_gp"), seeds=32),
    Case("MLP, 64x64", ("dataset=photos", "architecture=mlp_mlp")),
    Case("DCGAN, 64x64", ("dataset=photos",), compiled=True),
    Case("DCGAN, 64x64, 4 seeds", ("dataset=photos",), seeds=4),
)


class Row(NamedTuple):
    """What was measured of one way to play a case.

    Attributes:
        iteration_ms: of an iteration once all is warm.
        first_s: of the first calls, in which kernels are chosen, compiled and recorded.
        peak_mib: memory of the card at most.
        difference: of any number of the state from that of the eager loop after the first calls, at most.
    """

    iteration_ms: float
    first_s: float
    peak_mib: int
    difference: float

    def __str__(self) -> str:
        return (
            f"{self.iteration_ms:.3g} ms an iteration, {self.first_s:.3g} s for the first {WARM}, at most "
            f"{self.peak_mib} MiB, at most {self.difference:.2g} from the eager loop"
        )


def main() -> int:
    """Do what there is time for, and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1, ... or cpu")
    parser.add_argument("--minutes", type=float, default=10.0, help="what would begin later is left out")
    given = parser.parse_args()
    device, end = find_device(given.device), time.monotonic() + 60 * given.minutes
    print(" ".join(f"{key}={value}" for key, value in card_of(device).items()) or "no card", flush=True)

    failed = []
    for name, prove in steps(device):
        if time.monotonic() > end:
            print(f"{name}: not reached in {given.minutes:g} minutes")
            continue
        try:
            print(f"{name}: {prove()}", flush=True)
        except (RuntimeError, ValueError, OSError, subprocess.SubprocessError) as error:
            failed.append(name)
            print(f"{name}: FAILED, {type(error).__name__}: {error}", flush=True)
    print(f"{len(failed)} failed: {', '.join(failed)}" if failed else "Nothing failed.")
    return 1 if failed else 0


def steps(device: torch.device) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield everything that is to be proved by name; what fails raises."""
    on_card = device.type == "cuda"
    if on_card:
        yield "tests", run_tests
    for dataset in ("ring8", "photos") if on_card else ("ring8",):
        yield f"resume {dataset}", partial(resumed_alike, dataset, device)
    references: dict[str, Tensor] = {}
    for case in CASES if on_card else CASES[:2]:
        for precision, mode in ways_to_play(case, device):
            name = f"{case.name}, {precision}, {mode}"
            yield name, partial(measure, case, precision, mode, device, references)
    if on_card:
        yield "a capture that fails", partial(fail_and_go_on, device)


def ways_to_play(case: Case, device: torch.device) -> Iterator[tuple[str, str]]:
    """Yield precisions and modes; the eager loop twice, for the difference between two runs of it."""
    if device.type != "cuda":
        yield from [("fp32", "eager")] * 2
        return
    for precision in ("fp32", "tf32", "bf16"):
        yield from ((precision, mode) for mode in ("eager", "eager", "graph"))
    if case.compiled:
        yield from (("fp32", mode) for mode in ("compiled", GRAPH_OF_COMPILED))


def run_tests() -> str:
    """Run the tests that need a card, and return pytest's last line."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "--tb=line", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TESTS_S, check=False)
    if done.returncode:
        raise RuntimeError("\n".join(done.stdout.splitlines()[-20:]))
    return done.stdout.splitlines()[-1]


def resumed_alike(dataset: str, device: torch.device, iterations: int = 90) -> str:
    """Train twice, and once with a stop in the midst, and tell whether the three tables are the same bytes.

    Whether cuDNN adds gradients in the same order each time, it does not promise: the second whole run tells
    whether a difference of the third is of the resumption.
    """
    with tempfile.TemporaryDirectory() as folder:
        runs = {name: Path(folder) / name for name in ("once", "again", "halved")}
        for name, run in runs.items():
            first = iterations // 2 if name == "halved" else iterations
            words = [f"dataset={dataset}", f"device={device}", f"train.iterations={first}"]
            command("train", *words, f"hydra.run.dir={run}")
        command("resume", str(runs["halved"]), f"train.iterations={iterations}")
        tables = {name: (run / "metrics.csv").read_bytes() for name, run in runs.items()}
    again, halved = (tables[name] == tables["once"] for name in ("again", "halved"))
    if again and not halved:
        raise RuntimeError("two whole runs agree to the bit, and the resumed one does not")
    same = {True: "the same bytes", False: "other bytes"}
    return f"two whole runs have {same[again]}, the resumed one {same[halved]}"


def command(*words: str) -> None:
    """Run gan-lab in a process of its own.

    Raises:
        RuntimeError: with what it said, if it fails.
    """
    called = [sys.executable, "-m", "gan_lab", *words]
    done = subprocess.run(called, cwd=ROOT, capture_output=True, text=True, timeout=RUN_S, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().rpartition("\n")[2])


def measure(
    case: Case, precision: str, mode: str, device: torch.device, references: dict[str, Tensor]
) -> Row:
    """Play a case in one way.

    Args:
        case: what is played.
        precision: of the networks.
        mode: of execution; ``compiled+graph`` records the kernels of a compiled iteration.
        device: where.
        references: case and precision to what the first way that was measured came to; it is added.
    """
    words = [*case.words, f"device={device}", f"train.precision={precision}"]
    setup = build_setup(compose(words).config)
    with float32_products(setup.train.precision):
        execution = execution_of(setup, mode, case.seeds)
        try:
            return play(setup, execution, case.seeds, f"{case.name} {precision}", references)
        finally:
            execution.close()


def execution_of(setup: Setup, mode: str, seeds: int) -> Execution:
    """Return how the iterations of a setup are played."""
    if mode == GRAPH_OF_COMPILED:
        compiled = make_execution(setup.game, "compiled", stacked=seeds > 1)
        return Execution(Capture(compiled.iteration), compiled.critic_step)
    return make_execution(setup.game, mode, stacked=seeds > 1)  # type: ignore[arg-type]


def play(
    setup: Setup, execution: Execution, seeds: int, reference: str, references: dict[str, Tensor]
) -> Row:
    """Play ``WARM`` iterations, and then time ``TIMED`` of them."""
    sampler = setup.dataset.open(setup.device)
    sources = [BatchSource(sampler, setup.batch_shape, seed, setup.device) for seed in range(seeds)]
    batches = Prefetcher(sources, setup.device, ahead=False)
    state = stack([setup.init_state()] * seeds) if seeds > 1 else setup.init_state()
    on_card = setup.device.type == "cuda"
    if on_card:
        torch.cuda.reset_peak_memory_stats(setup.device)

    # The first calls
    began = now(setup.device)
    for iteration in range(WARM):
        state, _ = execution.iteration(state, batches.batch(iteration))
    values = torch.cat([tensor.flatten().double().cpu() for tensor in tensors_of(state)])
    warm = now(setup.device)

    # The others
    for iteration in range(WARM, WARM + TIMED):
        state, _ = execution.iteration(state, batches.batch(iteration))
    done = now(setup.device)

    peak = torch.cuda.max_memory_allocated(setup.device) >> 20 if on_card else 0
    difference = (values - references.setdefault(reference, values)).abs().max().item()
    return Row(1e3 * (done - warm) / TIMED, warm - began, peak, difference)


def now(device: torch.device) -> float:
    """Return the time at which a device has done all that it was given, in seconds."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def fail_and_go_on(device: torch.device) -> str:
    """Let a capture fail, and another one succeed after it."""
    values, stream = torch.ones(1, device=device), torch.cuda.current_stream(device)
    try:
        Capture(lambda each: each + each.item())(values)
    except CaptureError as error:
        cause = error.cause
    else:
        raise UserError("a capture that waits for the device should have failed")
    if torch.cuda.current_stream(device) != stream:
        raise RuntimeError("another stream is the current one now")
    doubled: Tensor = Capture(lambda each: each + each)(values)
    if doubled.item() != 2:
        raise RuntimeError(f"1 + 1 is {doubled.item()} after it")
    return f"{cause}; another one was recorded after it"


if __name__ == "__main__":
    sys.exit(main())
