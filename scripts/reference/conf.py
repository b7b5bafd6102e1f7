"""All of conf/ at once: what is said of each value, wherever it is said, and which options set which keys."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from gan_lab.config.groups import own_groups
from gan_lab.config.options import config_folder
from reference.commented import Value, is_global, read_defaults, read_values

SHARED = ("settings", "sizes")
"""Folders of conf/ that hold what options share."""


class Conf:
    """The files of conf/.

    A value is explained in its own place, or once for all: a key of the config where the config begins with
    it, a field of a class wherever one of that class is described.
    """

    def __init__(self) -> None:
        self.folder = config_folder()
        self.paths = sorted(self.folder.rglob("*.yaml"), key=self._rank)

    @cached_property
    def values(self) -> list[Value]:
        """The values of all files, those nearer to the top of conf/ first."""
        return [value for path in self.paths for value in read_values(path)]

    def _rank(self, path: Path) -> tuple[bool, bool, str]:
        """Order files so that what a key is stands before what somebody sets it to."""
        top = path.relative_to(self.folder).parts[0]
        return path.parent != self.folder, top in (*own_groups().bundles, *SHARED), str(path)

    def of(self, file: str) -> list[Value]:
        """Return the values of a file, such as ``constraint/clip``."""
        return [value for value in self.values if value.file == file]

    def options(self, group: str) -> dict[str, Path]:
        """Return the files of a group's options by name."""
        return {path.stem: path for path in sorted((self.folder / group).glob("*.yaml"))}

    def config_key(self, value: Value) -> str:
        """Return where a value stands in the composed config: ``constraint.bound``."""
        group, _, _ = value.file.rpartition("/")
        path = self.folder / f"{value.file}.yaml"
        if not group or is_global(path) or group in ("distances", *SHARED):
            return ".".join(value.keys)
        return ".".join([*group.split("/"), *value.keys])

    def comment(self, value: Value) -> str:
        """Return what is said of a value; empty if nothing is, anywhere."""
        if value.comment:
            return value.comment
        key = self.config_key(value)
        of_group = key.removeprefix("hydra.sweeper.params.")
        said = (
            self._of_fields.get((value.kind, value.keys[-1]), "")
            or self._of_keys.get(of_group, "")
            or (f"swept: options of the group `{of_group}`" if (self.folder / of_group).is_dir() else "")
        )
        # what is Hydra's is said of a node as a whole, and what stands in one line has one comment
        return said or (value.above[-1] if value.above else "")

    def set_by(self, key: str) -> dict[str, list[str]]:
        """Return who sets a key of the config, beside the file it begins in: options, by what they write."""
        found: dict[str, list[str]] = {}
        for option, brought in self.brings.items():
            for name, value in brought:
                if name == key:
                    found.setdefault(value.written, []).append(option)
        return found

    @cached_property
    def brings(self) -> dict[str, list[tuple[str, Value]]]:
        """What options set outside their own node, by option as it is typed: keys of the config and values.

        What an option sets itself takes the place of what the settings that it shares set. What experiments
        share, conf/sizes, is left out: it is the same for all of a kind.
        """
        found: dict[str, list[tuple[str, Value]]] = {}
        for path in self.paths:
            group = path.parent.relative_to(self.folder).as_posix()
            if group in (".", "distances", *SHARED) or not is_global(path):
                continue
            files = [*self._shared(path), f"{group}/{path.stem}"]
            values = {self.config_key(value): value for file in files for value in self.of(file)}
            found[f"{group}={path.stem}"] = [
                (key, value) for key, value in values.items() if not key.startswith(f"{group}.")
            ]
        return found

    def choices(self, path: Path) -> list[str]:
        """Return the options of other groups that a file chooses, as they are typed: ``optimizer=adam``."""
        return [
            f"{group.removeprefix('override ').lstrip('/')}={option}"
            for group, option in read_defaults(path)
            if group.startswith("override ")
        ]

    def _shared(self, path: Path) -> Iterator[str]:
        for group, option in read_defaults(path):
            if group == "/settings":
                yield f"settings/{option}"

    @cached_property
    def _of_keys(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for value in self.values:
            if value.comment:
                found.setdefault(self.config_key(value), value.comment)
        return found

    @cached_property
    def _of_fields(self) -> dict[tuple[str, str], str]:
        found: dict[tuple[str, str], str] = {}
        for value in self.values:
            if value.comment and value.kind:
                found.setdefault((value.kind, value.keys[-1]), value.comment)
        return found
