"""What several test files share: composed configs, and runs in temporary folders."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gan_lab.cli.compose import compose
from gan_lab.training import launch

Compose = Callable[..., dict[str, Any]]
Train = Callable[..., Path]

TOY = ["dataset=ring8", "architecture.generator.width=16", "architecture.critic.width=16"]
DIGITS = ["dataset=digits", "architecture.generator.width=8", "architecture.critic.width=8"]
FEW = ["train.batch_size=16", "train.log_every=4", "train.sample_every=8", "train.checkpoint_every=4"]


def compose_config(*overrides: str) -> dict[str, Any]:
    """Return what `gan-lab train OVERRIDES` composes, resolved."""
    return compose(list(overrides)).config


@pytest.fixture(autouse=True, scope="session")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what gan-lab caches out of the user's own cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_LAB_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(name="compose")
def _compose() -> Compose:
    return compose_config


@pytest.fixture
def train(tmp_path: Path) -> Train:
    """Return a function that trains in a folder below tmp_path and returns the folder."""

    def run(name: str, *overrides: str, **more: Any) -> Path:
        config = compose_config("device=cpu", *FEW, *overrides)
        launch.launch(config, tmp_path / name, choices={}, command="a test", **more)
        return tmp_path / name

    return run
