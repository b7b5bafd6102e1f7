"""What was typed to start a job, as a command that starts it again."""

from typing import Any

from gan_lab.config.command_lines import command_line


def typed_command(name: str, settings: Any, overrides: list[str]) -> str:
    """Return the command of one job, without what only says where and how it ran.

    Args:
        name: ``train`` or ``distances``.
        settings: Hydra's own part of the config.
        overrides: of the job.
    """
    sources = settings.runtime.config_sources
    brought = [str(source.path) for source in sources if source.provider == "command-line"]
    folders = [word for path in brought for word in ("--config-dir", path)]
    searched = [each for each in settings.overrides.hydra if each.lstrip("+").startswith("hydra.searchpath=")]
    return command_line(["gan-lab", name, *folders, *searched, *overrides])
