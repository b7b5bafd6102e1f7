"""Time an iteration: the textbook loop, ours eagerly, ours compiled; interleaved, as ratios.

    python scripts/bench.py [--quick] [--device cpu]

The textbook loop is what everybody writes: modules, ``.backward()``, ``torch.optim``, ``.item()`` for the
progress line. All variants of a case take turns within one process, so that a slow moment of the machine
slows all of them; a ratio is the median of the turns' ratios.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hydra
import torch
from torch import Tensor, nn

from gan_lab import app
from gan_lab.draws import Draws
from gan_lab.execution import Execution, make_execution
from gan_lab.experiment import Experiment, assemble
from gan_lab.options import config_folder

CASES = {
    "toy MLP, wgan": ["dataset=ring8", "objective=wgan"],
    "toy MLP, wgan_gp": ["dataset=ring8", "objective=wgan_gp"],
    "DCGAN 16x16, wgan": ["dataset=digits", "objective=wgan"],
    "DCGAN 32x32, wgan": ["dataset=digits", "dataset.size=32", "objective=wgan"],
    "DCGAN 32x32, wgan_gp": ["dataset=digits", "dataset.size=32", "objective=wgan_gp"],
}


def compose(overrides: list[str]) -> dict[str, Any]:
    """Return the config that ``gan-lab train OVERRIDES`` composes."""
    with hydra.initialize_config_dir(str(config_folder()), version_base="1.3"):
        return app.to_plain(hydra.compose("config", overrides=overrides))


def make_textbook(experiment: Experiment, penalised: bool) -> Callable[[], None]:
    """Return one iteration of the loop that everybody writes."""
    device, settings = experiment.device, experiment.train
    generator, critic = experiment.generator.to(device), experiment.critic.to(device)
    real_batches = experiment.dataset.open(device)
    rng = torch.Generator(device).manual_seed(0)
    size, latent_dim = settings.batch_size, experiment.batch_shape.latent_dim
    if penalised:
        of_critic: torch.optim.Optimizer = torch.optim.Adam(critic.parameters(), 1e-4, (0.0, 0.9))
        of_generator: torch.optim.Optimizer = torch.optim.Adam(generator.parameters(), 1e-4, (0.0, 0.9))
    else:
        of_critic = torch.optim.RMSprop(critic.parameters(), 5e-5)
        of_generator = torch.optim.RMSprop(generator.parameters(), 5e-5)

    def iterate() -> None:
        for _ in range(settings.n_critic):
            real = real_batches(size, rng)
            fake = generator(torch.randn(size, latent_dim, device=device)).detach()
            loss = critic(fake).mean() - critic(real).mean()
            if penalised:
                loss = loss + 10 * gradient_penalty(critic, real, fake)
            of_critic.zero_grad()
            loss.backward()
            of_critic.step()
            if not penalised:
                for parameter in critic.parameters():
                    parameter.data.clamp_(-0.01, 0.01)
        loss_of_generator = -critic(generator(torch.randn(size, latent_dim, device=device))).mean()
        of_generator.zero_grad()
        loss_of_generator.backward()
        of_generator.step()
        loss.item(), loss_of_generator.item()

    return iterate


def gradient_penalty(critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    """Return the penalty of WGAN-GP, as most repositories write it."""
    epsilon = torch.rand(len(real), *[1] * (real.ndim - 1), device=real.device)
    between = (epsilon * real + (1 - epsilon) * fake).requires_grad_()
    (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    penalty: Tensor = ((gradient.flatten(1).norm(2, dim=1) - 1) ** 2).mean()
    return penalty


def make_ours(experiment: Experiment, execution: Execution) -> Callable[[], None]:
    """Return one iteration of ours, its draws included."""
    sampler = experiment.dataset.open(experiment.device)
    draws = Draws(sampler, experiment.batch_shape, experiment.seed, experiment.device)
    state = experiment.init_state()

    def iterate() -> None:
        nonlocal state
        state, _ = execution.iteration(state, draws.batch(experiment.train.n_critic))

    return iterate


def time_once(iterate: Callable[[], None], repeats: int, device: torch.device) -> float:
    """Return the milliseconds of one iteration, over ``repeats`` of them."""
    started = time.perf_counter()
    for _ in range(repeats):
        iterate()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return (time.perf_counter() - started) / repeats * 1e3


def measure(overrides: list[str], turns: int, seconds: float) -> dict[str, list[float]]:
    """Return the milliseconds per iteration of each variant, one number a turn."""
    experiment = assemble(compose(overrides))
    penalised = "objective=wgan_gp" in overrides
    variants = {
        "textbook": make_textbook(assemble(compose(overrides)), penalised),
        "eager": make_ours(experiment, make_execution(experiment.game, "eager")),
        "compiled": make_ours(experiment, make_execution(experiment.game, "compiled")),
    }
    repeats = {}
    for name, iterate in variants.items():
        time_once(iterate, 2, experiment.device)
        once = time_once(iterate, 2, experiment.device)
        repeats[name] = max(1, round(seconds * 1e3 / once))
    times: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(turns):
        for name, iterate in variants.items():
            times[name].append(time_once(iterate, repeats[name], experiment.device))
    return times


def main() -> None:
    """Print a Markdown table of all cases."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the toys only, few turns")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, help="also write the table to this file")
    given = parser.parse_args()
    turns, seconds = (3, 0.5) if given.quick else (7, 2.0)
    cases = dict(list(CASES.items())[:2]) if given.quick else CASES
    lines = [
        f"torch {torch.__version__}, {torch.get_num_threads()} threads",
        "",
        "| case | textbook, ms | eager, ms | compiled, ms | eager, times as fast | compiled, times as fast |",
        "|---|---|---|---|---|---|",
    ]
    for title, overrides in cases.items():
        times = measure([*overrides, f"device={given.device}"], turns, seconds)
        cells = [f"{statistics.median(column):.2f}" for column in times.values()]
        for name in ("eager", "compiled"):
            ratios = [t / ours for t, ours in zip(times["textbook"], times[name], strict=True)]
            cells.append(f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
        lines.append(f"| {title} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    table = "\n".join(lines)
    print("\n" + table)
    if given.out:
        given.out.write_text(table + "\n")


if __name__ == "__main__":
    main()
