"""One warm process for all commands of a test session."""

from collections.abc import Iterator

import pytest

from support.chaos.warm import Warm


@pytest.fixture(name="commands", scope="session")
def _commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    with Warm(tmp_path_factory.mktemp("warm")) as commands:
        yield commands
