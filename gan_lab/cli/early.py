"""What is wrong with a composed config, said before torch is imported.

The same rules stand in the annotations that :mod:`gan_lab.game.setup` checks everything by; that comes
afterwards, and knows more.
"""

from collections.abc import Mapping
from typing import Any

from gan_lab.architectures.shapes import require_samples
from gan_lab.config.build import build
from gan_lab.config.checks import NonNegativeInt, PositiveInt, conform
from gan_lab.config.devices import DeviceName
from gan_lab.config.modes import refuse_on_cpu
from gan_lab.config.unimported import check_node, check_settings, read_of
from gan_lab.game.composed import refuse_unknown_keys, require_different, section_of
from gan_lab.runs.config_hash import TRACKER
from gan_lab.tracking.writers.choice import require_libraries_of

_OWN = "gan_lab."
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {"metrics": {}}  # of sections that may be missing
_PLAIN = {"train": "gan_lab.game.settings.TrainSettings", "metrics": "gan_lab.game.settings.MetricsSettings"}


def refuse_early(config: Mapping[str, Any]) -> None:
    """Hold a config of ``gan-lab train`` to all rules that can be read without importing torch.

    Args:
        config: composed and resolved, as plain containers.

    Raises:
        UserError: naming the first key whose value breaks its rule, or a tracker whose library is missing.
    """
    refuse_unknown_keys(config)
    conform("seed", config.get("seed"), NonNegativeInt)
    conform("device", config.get("device"), DeviceName)
    for key, settings in _PLAIN.items():
        check_settings(settings, section_of(config, key, _DEFAULTS.get(key)), key)
    if config["device"] == "cpu":  # what auto is torch knows
        refuse_on_cpu(*(f"train.{name}={config['train'].get(name)}" for name in ("precision", "execution")))
    if isinstance(seeds := config["train"].get("seeds"), list):
        require_different(seeds, seeds)
    architecture = config.get("architecture")
    if isinstance(architecture, Mapping):
        conform("architecture.latent_dim", architecture.get("latent_dim"), PositiveInt)
    for key, node in config.items():
        check_node(node, key)
    _require_samples(config)
    require_libraries_of(config.get(TRACKER))


def _require_samples(config: Mapping[str, Any]) -> None:
    """Refuse a dataset whose samples are not what an architecture is for, as far as both can be read."""
    dataset, architecture = config.get("dataset"), config.get("architecture")
    if not isinstance(dataset, Mapping) or not isinstance(architecture, Mapping):
        return
    shape = read_of(dataset, "data_shape")
    for role in ("generator", "critic"):
        samples = read_of(architecture.get(role), "samples")
        if shape is not None and samples is not None:
            require_samples(samples, role, shape)


def refuse_missing_data(node: object) -> None:
    """Refuse a dataset of gan-lab's that reads files of which there are none.

    Args:
        node: of the dataset, as :func:`gan_lab.config.build.build` gets it.

    Raises:
        UserError: that says where to put them.
    """
    # those that read no folder are made here, and import torch
    if not isinstance(node, Mapping) or not str(node.get("_target_")).startswith(_OWN) or "root" not in node:
        return
    from gan_lab.datasets.packed_dataset import PackedDataset

    build(node, PackedDataset, "dataset").require_obtainable()
