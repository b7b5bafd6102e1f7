"""Hashes of what three iterations make of a state: run as a program, it prints those of every config below.

``python -m support.three_iterations eager`` from tests/; the environment decides the arithmetic.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

import torch
from torch import Tensor

from gan_lab.game.batches import BatchSource
from gan_lab.game.execution import Mode, make_execution
from gan_lab.game.setup import build_setup
from gan_lab.types import Batch
from support.configs import compose_config

PORTABLE = {
    # one thread and no instructions that some processors lack, so that most round alike
    "OMP_NUM_THREADS": "1",
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_CBWR": "COMPATIBLE",
}
RECORDED = Path(__file__).parents[1] / "data" / "three_iterations.json"
_STATE = ("generator", "critic", "generator_optimizer", "critic_optimizer", "constraint")


def digest(tensors: dict[str, Tensor]) -> str:
    """Return 16 hex digits of the names and bytes of tensors."""
    found = hashlib.sha256()
    for name in sorted(tensors):
        found.update(name.encode())
        found.update(tensors[name].detach().contiguous().numpy().tobytes())
    return found.hexdigest()[:16]


def arithmetic() -> str:
    """Return a hash of what this processor makes of the operations that networks are made of."""
    rng = torch.Generator().manual_seed(0)
    image, kernel = torch.randn(4, 3, 16, 16, generator=rng), torch.randn(8, 3, 4, 4, generator=rng)
    matrix = torch.randn(64, 257, generator=rng)
    kernel.requires_grad_()
    convolved = torch.nn.functional.conv2d(image, kernel, stride=2, padding=1)
    convolved.square().sum().backward()
    assert kernel.grad is not None
    made = [
        convolved,
        kernel.grad,
        matrix @ matrix.T,
        matrix.exp(),
        matrix.tanh(),
        matrix.sum(0),
        matrix.var(1),
    ]
    made += [torch.nn.functional.softplus(matrix), *trained(rng)]
    return digest({str(k): tensor for k, tensor in enumerate(made)})


def trained(rng: torch.Generator) -> list[Tensor]:
    """Return what a few steps of plain torch make of two small networks, whose products have many shapes."""
    weights = [torch.randn(shape, generator=rng) / 8 for shape in ((16, 2), (16, 16), (1, 16))]
    kernels = [
        torch.randn(shape, generator=rng) / 8 for shape in ((8, 1, 4, 4), (16, 8, 4, 4), (1, 16, 4, 4))
    ]
    parameters = [each.requires_grad_() for each in weights + kernels]
    optimizer = torch.optim.Adam(parameters, lr=1e-2)
    for _ in range(3):
        points, images = torch.randn(16, 2, generator=rng), torch.randn(64, 1, 16, 16, generator=rng)
        for weight in weights:
            points = torch.nn.functional.leaky_relu(points @ weight.T, 0.2)
        for kernel, stride in zip(kernels, (2, 2, 1), strict=True):
            images = torch.nn.functional.leaky_relu(
                torch.nn.functional.conv2d(images, kernel, stride=stride, padding=1), 0.2
            )
        optimizer.zero_grad()
        (points.square().mean() + torch.nn.functional.softplus(-images).mean()).backward()
        optimizer.step()
    return [each.detach() for each in parameters]


def play(overrides: list[str], mode: Mode) -> dict[str, str]:
    """Return hashes of what there is after a warm-up step and three iterations.

    Of the state that training goes on from; of the generator's average, which nothing goes back into; and of
    what was measured.
    """
    setup = build_setup(compose_config("device=cpu", *overrides))
    source = BatchSource(setup.dataset.open(setup.device), setup.batch_shape, setup.seed, setup.device)
    execution, state, block = make_execution(setup.game, mode), setup.init_state(), source.block(0)
    for inputs in source.warmup(0, 1):
        state = execution.critic_step(state, *inputs)
    for row in range(3):
        state, measurements = execution.iteration(state, Batch(*(values[row] for values in block)))
    parts = {f"{part}/{k}": v for part in _STATE for k, v in getattr(state, part).items()}
    return {
        "state": digest(parts),
        "average": digest(state.average),
        "measurements": digest(measurements),
    }


def main() -> None:
    """Print the hashes of all configs, or of those named after the mode, as JSON."""
    mode, *names = sys.argv[1:]
    torch.set_num_threads(1)
    torch.backends.mkldnn.enabled = False  # it picks its loops by the size of the caches
    configs = json.loads(RECORDED.read_text())["configs"]
    found = {name: play(configs[name], mode) for name in names or configs}  # type: ignore[arg-type]
    about = {"arithmetic": arithmetic(), "torch": torch.__version__.partition("+")[0]}
    sys.stdout.write(json.dumps(about | {"hashes": found}) + "\n")


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # the compiler's threads need not be waited for
