"""What was typed to start a job, as a command that starts it again."""

from typing import Any

from hydra.types import RunMode

from gan_lab.config.command_lines import command_line

_SWEEPS, _ALONE = "hydra.mode=MULTIRUN", "hydra.mode=RUN"
_OF_SWEEPS = ("hydra.mode", "hydra.run.", "hydra.sweep", "hydra/sweeper", "hydra/launcher", "hydra.launcher")


def typed_command(name: str, settings: Any, overrides: list[str]) -> str:
    """Return the command that repeats one job alone: of a sweep, without what only concerns the sweep.

    Args:
        name: ``train`` or ``distances``.
        settings: Hydra's own part of the config.
        overrides: of the job.
    """
    sources = settings.runtime.config_sources
    brought = [str(source.path) for source in sources if source.provider == "command-line"]
    folders = [word for path in brought for word in ("--config-dir", path)]
    hydras = list(settings.overrides.hydra)
    if not settings.runtime.choices.get("experiment"):
        # Hydra adds it to every lone job; an experiment would be a sweep without it
        hydras = [each for each in hydras if each != _ALONE]
    if settings.mode == RunMode.MULTIRUN:
        # where it is the experiment that makes a sweep, one must say that it shall be none
        alone = [] if _SWEEPS in hydras else [_ALONE]
        hydras = [each for each in hydras if not each.lstrip("+~").startswith(_OF_SWEEPS)] + alone
    return command_line(["gan-lab", name, *folders, *hydras, *overrides])
