"""Several seeds of one config: each is a run of its own, with the config that it would have alone."""

from pathlib import Path
from typing import Any

from gan_lab.config.checks import BadValueError, NonNegativeInt, PositiveInt, UserError, conform
from gan_lab.runs.record import RECORD_NAME


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
        seeds = range(first, first + seeds)
    if not seeds or len(set(seeds)) < len(seeds):
        raise BadValueError("train.seeds", "a number of seeds, or a list of different ones", asked)
    if (run_dir / RECORD_NAME).exists():
        raise UserError(f"hydra.run.dir must not be the folder of a lone run; got {str(run_dir)!r}.")
    alone = config | {"train": train | {"seeds": None}}
    return {run_dir / f"seed{seed}": alone | {"seed": seed} for seed in seeds}
