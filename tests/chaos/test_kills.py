"""A run that is killed at any change to a file, and given again, ends with the bytes of one that was not."""

from pathlib import Path

import pytest

from support.chaos.kills import SCENARIOS, Scenario, kill_often, last
from support.chaos.warm import Warm

KILLS, FEW, END = 300, 2, 64
SHORT = [scenario for scenario in SCENARIOS if scenario.name in ("a lone run", "seeds trained together")]


@pytest.mark.parametrize("scenario", SHORT, ids=lambda scenario: scenario.name)
def test_a_killed_run_ends_as_one_that_was_not(scenario: Scenario, commands: Warm, tmp_path: Path) -> None:
    kills = [*kill_often(commands, scenario, FEW, tmp_path)]
    assert len(kills) == FEW
    assert [kill for kill in kills if kill.faults] == []


@pytest.mark.slow
def test_so_does_one_killed_as_it_ends(commands: Warm, tmp_path: Path) -> None:
    kills = [*kill_often(commands, SHORT[0], END, tmp_path, last)]
    assert len(kills) == END
    assert [kill for kill in kills if kill.faults] == []


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_so_does_one_killed_anywhere(scenario: Scenario, commands: Warm, tmp_path: Path) -> None:
    kills = [*kill_often(commands, scenario, -(-KILLS // len(SCENARIOS)), tmp_path)]
    different = [kill for kill in kills if kill.faults]
    print(f"\n{scenario.name}: {len(kills)} kills, {len(different)} with other bytes")
    assert len(kills) >= KILLS // len(SCENARIOS)
    assert different == []
