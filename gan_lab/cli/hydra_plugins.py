"""What conf/hydra/ needs to describe launchers and sweepers: that it is read, and numbers of this machine."""

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from omegaconf import DictConfig

from gan_lab.cli.parallelism import jobs_at_once, uses_gpu
from gan_lab.config.options import config_folder

# by Hydra itself, for callbacks and samplers; what a run is made of is built, and checked, in config/build.py
HYDRA_MAY_NAME = ["gan_lab.cli.failures.FailureNotes", "optuna.samplers.*", "hydra_plugins.*"]


def prefer_own_configs() -> None:
    """Let the files in conf/hydra/ stand for launchers and sweepers of plugins and of Hydra.

    Hydra 1.3 would merge each into the plugin's own config of that name, and warn that it will cease to.
    """
    Plugins.instance()  # imports the plugins, which register their configs
    for path in (config_folder() / "hydra").rglob("*.yaml"):
        node = ConfigStore.instance().repo
        for group in path.relative_to(config_folder()).parent.parts:
            node = node.get(group, {})
        node.pop(path.name, None)


def _device(root: DictConfig) -> str:
    return str(root.get("device", "auto"))  # `--cfg hydra` shows Hydra's part alone


def _jobs_at_once(*, _root_: DictConfig) -> int:
    return jobs_at_once(_device(_root_))


def _batch_size(*, _root_: DictConfig) -> int | None:
    """Return how many jobs a launcher is given at once: all of them, if it knows by itself what fits."""
    launcher = _root_.hydra.launcher
    if not str(launcher.get("_target_")).endswith(".LocalLauncher"):
        return None
    tasks = launcher.get("tasks_per_node")
    return max(1, jobs_at_once(_device(_root_)) // max(1, tasks if isinstance(tasks, int) else 1))


def _gpus(*, _root_: DictConfig) -> int:
    return int(uses_gpu(_device(_root_)))


# interpolations by the name after `gan_lab.`
RESOLVERS = {"jobs_at_once": _jobs_at_once, "batch_size": _batch_size, "gpus": _gpus}
