"""The config groups of ``gan-lab train``, read from conf/: no other list of them is kept.

A folder of conf/ is a group if the defaults of conf/config.yaml name it. Where they name an option, the group
fills the node of its own name in every config; where they say null, it is a bundle, whose options set values
of other groups. The other folders of conf/ hold what options share, and what is Hydra's or another command's.
How groups are shown stands in conf/groups.yaml.
"""

import functools
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from gan_lab.config.options import config_folder


class Groups(NamedTuple):
    """What conf/ says of its groups.

    Attributes:
        shown: all groups, in the order that help and reports show them in.
        sections: those that fill a node of the config, in the order of ``shown``.
        keys: at the top of a config: the sections, and what conf/config.yaml sets besides.
        other_folders: of conf/, which are no groups.
    """

    shown: tuple[str, ...]
    sections: tuple[str, ...]
    keys: tuple[str, ...]
    other_folders: frozenset[str]

    @property
    def bundles(self) -> tuple[str, ...]:
        """The groups whose options set values of other groups; none of them is chosen by default."""
        return tuple(group for group in self.shown if group not in self.sections)

    def is_choice(self, group: str) -> bool:
        """Whether an option of a group, or of one below it, says what is run: it is not just shared."""
        return group.partition("/")[0] not in self.other_folders


def own_groups() -> Groups:
    """Return the groups of gan-lab's own conf/."""
    return read_groups(config_folder())


@functools.cache
def read_groups(folder: Path) -> Groups:
    """Return the groups of a folder that is laid out like conf/."""
    root, shown_as = _read(folder / "config.yaml"), _read(folder / "groups.yaml")
    # every entry but _self_ is a mapping of a group to its option
    default = {group: entry[group] for entry in root["defaults"] if entry != "_self_" for group in entry}
    shown = tuple(dict.fromkeys([*shown_as["order"], *default]))
    sections = tuple(group for group in shown if default[group] is not None)
    others = [key for key in root if key not in ("defaults", "hydra")]
    return Groups(
        shown=shown,
        sections=sections,
        keys=(*sections, *others),
        other_folders=frozenset(path.name for path in folder.iterdir() if path.is_dir()) - set(default),
    )


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content
