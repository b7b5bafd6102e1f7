"""``gan-lab prepare``: decoding a dataset once, before training asks for it."""

import logging
from collections.abc import Iterable, Mapping

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from gan_lab.cli.configs import to_plain, trusted_packages
from gan_lab.cli.early import refuse_missing_data
from gan_lab.cli.failures import Failure, noted
from gan_lab.cli.hydra_app import run_app
from gan_lab.config.build import build
from gan_lab.config.errors import UserError
from gan_lab.config.options import config_folder, list_options, option_node
from gan_lab.config.unimported import check_node, read_fields

_FORCED = "+force=true"

_HELP = """\
Decode an image dataset once into a packed file, which training then reads without decoding anything.

usage: gan-lab prepare dataset=NAME [dataset.key=value ...] [--force]

Examples
  gan-lab prepare dataset=celeba dataset.root=/data      the folder that holds its files
  gan-lab prepare dataset=image_folder dataset.root=pictures dataset.size=64
  gan-lab prepare dataset=mnist --force                  decode again, although it is packed

dataset
{options}

`gan-lab prepare dataset=NAME --cfg job -p dataset` prints the settings of one; the pack lies in its root.
Training packs what is not packed yet; the other datasets need no files.

Flags
  --force           pack again in any case
  --cfg job         print the composed config instead of packing
  --config-dir DIR  a folder of your own configs, laid out like conf/
"""

log = logging.getLogger(__name__)


def help_text() -> str:
    """Return what ``gan-lab prepare --help`` says."""
    described = list_options("dataset", [config_folder()])
    packed = {name: text for name, text in described.items() if "root" in option_node("dataset", name)}
    options = "\n".join(f"  {name:<16} {text}" for name, text in packed.items())
    return _HELP.format(options=options)


def prepare_app(arguments: list[str]) -> list[Failure]:
    """Run ``gan-lab prepare``: decode a dataset once into its packed file; returns the jobs that failed."""
    # --force is our own: as an override it reaches the job wherever it runs
    arguments = [_FORCED if argument == "--force" else argument for argument in arguments]
    no_files = ["hydra.run.dir=.", "hydra/job_logging=stdout", "~hydra.job_logging.handlers.file"]
    return run_app(_prepare_job, [*arguments, *no_files])


def prepare(node: object, called: str, trusted: Iterable[str] = (), *, force: bool = False) -> None:
    """Pack the dataset that a config node describes, unless it is packed already.

    Args:
        node: of the dataset.
        called: what an error shall call it, such as ``dataset=mnist``.
        trusted: packages besides gan_lab that the node may name classes of.
        force: whether to pack it in any case.

    Raises:
        UserError: if it has nothing to decode, or cannot be read or written.
    """
    check_node(node, "dataset")
    _refuse_without_files(node, called)
    refuse_missing_data(node)

    # what is left takes torch
    from gan_lab.datasets.base import Dataset
    from gan_lab.datasets.known_roots import remember_root
    from gan_lab.datasets.packed_dataset import PackedDataset

    dataset = build(node, Dataset, "dataset", trusted)
    if not isinstance(dataset, PackedDataset):
        raise _needs_none(called)
    remember_root(dataset)
    log.info("%s", dataset.prepare(force=force))


def _refuse_without_files(node: object, called: str) -> None:
    """Refuse a dataset of gan-lab's that has no folder, before torch is imported."""
    target = str(node.get("_target_")) if isinstance(node, Mapping) else ""
    fields = read_fields(target)
    if fields is not None and "root" not in fields:
        raise _needs_none(called)


def _needs_none(called: str) -> UserError:
    return UserError(f"{called} needs no preparation: it is not read from files.")


@noted
def _prepare_job(config: DictConfig) -> None:
    composed, settings = to_plain(config), HydraConfig.get()
    if not {*settings.overrides.task} - {_FORCED}:
        raise UserError("prepare needs dataset=NAME; gan-lab prepare --help lists what there is.")
    called = f"dataset={settings.runtime.choices.get('dataset')}"
    prepare(composed["dataset"], called, trusted_packages(composed), force=bool(composed.get("force")))
