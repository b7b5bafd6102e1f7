"""Which seeds a config asks for: the config and the folder of each, and whether memory holds all of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from gan_lab.config.checks import NonNegativeInt, PositiveInt, conform
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.config.phrases import counted
from gan_lab.game.composed import require_different
from gan_lab.game.setup import Setup
from gan_lab.numerics.memory import BYTES_PER_PARAMETER, total_bytes
from gan_lab.runs.record import RECORD_NAME

_BYTES_PER_SEED = 1 << 20  # however small its networks: writers, buffers, pictures


def configs_by_folder(config: dict[str, Any], run_dir: Path) -> dict[Path, dict[str, Any]]:
    """Return the config of each seed by its run folder; of a lone run, the config as it is.

    Args:
        config: composed; ``train.seeds`` is a number of seeds from ``seed`` on, a list of them, or None.
        run_dir: the run's folder, or the one that holds the folders of the seeds.

    Raises:
        UserError: if the seeds are no whole numbers, or repeat, or the folder holds a lone run.
    """
    train = config.get("train")
    if not isinstance(train, dict) or train.get("seeds") is None:
        return {run_dir: config}
    asked = train["seeds"]
    seeds = conform("train.seeds", asked, PositiveInt | tuple[NonNegativeInt, ...])
    if isinstance(seeds, int):
        first = conform("seed", config.get("seed"), NonNegativeInt)
        most = total_bytes(torch.device("cpu")) // _BYTES_PER_SEED
        if seeds > most:
            raise BadValueError("train.seeds", _rule_of_seeds(most), asked)
        conform("seed", first + seeds - 1, NonNegativeInt)  # of the last of them
        seeds = range(first, first + seeds)
    require_different(seeds, asked)
    if (run_dir / RECORD_NAME).exists():
        raise UserError(f"hydra.run.dir must not be the folder of a lone run; got {str(run_dir)!r}.")
    alone = config | {"train": train | {"seeds": None}}
    return {run_dir / f"seed{seed}": alone | {"seed": seed} for seed in seeds}


def require_memory(setup: Setup, seeds: int, config: Mapping[str, Any]) -> None:
    """Check that the networks of all seeds fit into the device's memory side by side.

    Args:
        setup: of one seed; the others have networks of the same sizes.
        seeds: how many.
        config: as composed, for what it asked for.

    Raises:
        BadValueError: naming ``train.seeds``, if memory holds fewer.
    """
    networks = (setup.generator, setup.critic)
    count = sum(parameter.numel() for network in networks for parameter in network.parameters())
    most = total_bytes(setup.device) // max(count * BYTES_PER_PARAMETER, _BYTES_PER_SEED)
    if seeds > max(most, 1):
        raise BadValueError("train.seeds", _rule_of_seeds(most), config["train"]["seeds"])


def _rule_of_seeds(most: int) -> str:
    return f"at most {counted(most, 'seed')}, for which there is memory"
