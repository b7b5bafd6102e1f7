"""Going on with what an earlier process began: a run, or the seeds that were trained together."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gan_lab.config.build import build
from gan_lab.config.command_lines import command_line, path_word
from gan_lab.datasets.base import Dataset
from gan_lab.datasets.known_roots import require_known_root
from gan_lab.runs.begun import changes_of, find_begun
from gan_lab.training.launch import launch
from gan_lab.training.same_data import ACCEPT


def resume(
    folder: Path,
    overrides: Iterable[str],
    trusted: Iterable[str],
    *,
    trust_data: bool = False,
    accept_changed_data: bool = False,
    tracker: Mapping[str, Any] | None = None,
    typed_tracker: Iterable[str] = (),
) -> None:
    """Go on with a run, or with seeds that were trained together, where the newest checkpoints are.

    Args:
        folder: a run's folder, or one that holds the runs of its seeds.
        overrides: ``train.iterations=N``, ``train.execution=MODE``, ``device=NAME``; where the same images
            lie somewhere else now, ``dataset.root=FOLDER``. Nothing else that decides on numbers can change.
        trusted: packages besides gan_lab that its config may name classes of; what the config itself
            trusts does not count, since the folder may be a stranger's.
        trust_data: whether its config may name any folder of data, for the same reason.
        accept_changed_data: whether it goes on with other images than it began with.
        tracker: where numbers go in this sitting, as the config of a tracker; None for where the run's own
            config says.
        typed_tracker: how that was typed.

    Raises:
        UserError: if it is no such folder, or an override is another one.
    """
    begun, overrides = find_begun(folder), list(overrides)
    config = begun.config
    changes = changes_of(overrides, config)
    iterations = begun.iterations(changes)
    trusted = tuple(trusted)
    root = begun.data_root(changes)
    node = config.get("dataset")
    dataset = build(node | {"root": root} if root and node else node, Dataset, "dataset", trusted)
    # who types a folder names it, to be read and packed; downloads are another matter
    named = root is not None and not getattr(dataset, "download", False)
    require_known_root(dataset, folder, trust_data=trust_data or named)
    flags = [word for package in trusted for word in ("--trust", package)]
    flags += ["--trust-data"] * trust_data + [ACCEPT] * accept_changed_data
    launch(
        config,
        folder,
        choices=begun.choices,
        command=command_line(["gan-lab", "resume", path_word(folder), *overrides, *typed_tracker, *flags]),
        trusted=trusted,
        iterations=iterations,
        device=changes.get("device"),
        execution=changes.get("train.execution"),
        data_root=root,
        tracker_node=tracker,
        accept_changed_data=accept_changed_data,
    )
