"""Seeds that are trained together: what was asked for, in a file of their folder, before any of them begins.

A process may be killed when some of the runs have a folder and others have none: the file tells which are
missing.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_lab.config.build import make
from gan_lab.config.checks import NonNegativeInt, Settings, conform
from gan_lab.config.digits import whole_number
from gan_lab.config.errors import UserError
from gan_lab.files.atomic import write_atomically
from gan_lab.files.plain_yaml import MOST_BYTES
from gan_lab.files.regular import read_regular
from gan_lab.runs.config_hash import config_hash

GROUP_NAME = "seeds.json"


@dataclass(frozen=True)
class Group(Settings):
    """What ``seeds.json`` says.

    Attributes:
        seeds: all that were ever asked for in the folder, in the order of their slots.
        config: of each of them, but for its seed.
        choices: config group to the name of the chosen option.
    """

    seeds: tuple[NonNegativeInt, ...]
    config: dict[str, Any]
    choices: dict[str, str]

    def write(self, folder: Path) -> None:
        """Write the file, with the seeds that an earlier one names.

        Raises:
            UserError: if the folder holds seeds of another config, or the file cannot be written.
        """
        path, earlier = folder / GROUP_NAME, read_group(folder)
        group = self
        if earlier is not None:
            if _hash(earlier.config) != _hash(self.config):
                raise UserError(
                    f"{folder} holds seeds of another configuration; choose another hydra.run.dir."
                )
            group = dataclasses.replace(self, seeds=tuple(dict.fromkeys([*earlier.seeds, *self.seeds])))
        if group != earlier:
            folder.mkdir(parents=True, exist_ok=True)
            text = json.dumps(dataclasses.asdict(group), indent=2)
            write_atomically(path, (text + "\n").encode())


def read_group(folder: Path) -> Group | None:
    """Return what was asked for in a folder; None where seeds were begun by an earlier version, or none.

    Raises:
        UserError: if the file is damaged.
    """
    path = folder / GROUP_NAME
    try:
        content = json.loads(read_regular(path, MOST_BYTES), parse_int=whole_number)
        group = make(Group, conform("its content", content, dict), "")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UserError(f"{path} could not be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged: {str(error).rstrip('.')}.") from error
    if not group.seeds:
        raise UserError(f"{path} is damaged: it names no seeds.")
    return group


def _hash(config: dict[str, Any]) -> str:
    return config_hash({key: value for key, value in config.items() if key != "seed"})
