"""Fixtures of all tests: composed configs, and runs in temporary folders."""

import os
import random
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import settings

from gan_lab.training import launch
from support.configs import FEW, Compose, Train, compose_config

# a test tells of the code, never of its luck: the same examples and draws at each run, on any machine
settings.register_profile("derandomised", derandomize=True, deadline=None, database=None)
settings.load_profile("derandomised")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write what a test printed or failed with as UTF-8: file names need not be, and processes send it."""
    report = yield
    report.sections = [(name, _as_utf8(text)) for name, text in report.sections]
    if report.failed and (text := str(report.longrepr)) != _as_utf8(text):
        report.longrepr = _as_utf8(text)
    return report


def _as_utf8(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


@pytest.fixture(autouse=True)
def _same_draws() -> None:
    """Seed the generators that a test may draw from without one of its own, whichever tests ran before it."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture(autouse=True, scope="session")
def _signals() -> None:
    """Undo that signals are ignored here and in child processes, as under nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True, scope="session")
def _no_waiting_for_disks() -> Iterator[None]:
    """Leave writing to disks to the system: no test takes the power away."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", os.fstat)  # which refuses what is no open file, too
        yield


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
