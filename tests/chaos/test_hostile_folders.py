"""Damaged and hostile run folders: nothing outside is touched, nothing in them executed, nothing hangs."""

from pathlib import Path

import pytest

from support.chaos.hostile import COMMANDS, visit
from support.chaos.warm import Warm

FOLDERS, FEW = 200, 7


def test_some_folders(commands: Warm, tmp_path: Path) -> None:
    visits = [*visit(commands, range(FEW), tmp_path, each=1)]
    assert {one.command for one in visits} == set(COMMANDS)
    assert [one for one in visits if one.faults] == []


@pytest.mark.slow
def test_many_folders(commands: Warm, tmp_path: Path) -> None:
    visits = [*visit(commands, range(FOLDERS), tmp_path)]
    wrong = [one for one in visits if one.faults]
    kinds = len({one.how for one in visits})
    print(f"\n{FOLDERS} folders of {kinds} kinds, {len(visits)} commands on them, {len(wrong)} wrong")
    assert wrong == []
