"""Fixtures of all tests: composed configs, and runs in temporary folders."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gan_lab.training import launch
from support.configs import FEW, Compose, Train, compose_config


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
