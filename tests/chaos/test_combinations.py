"""Every combination of settings trains with finite numbers, or is refused in a sentence."""

from collections import Counter
from pathlib import Path

import pytest

from support.chaos.combinations import combine
from support.chaos.warm import Warm

COMBINATIONS, FEW = 500, 4


@pytest.mark.slow
def test_some_combinations(commands: Warm, tmp_path: Path) -> None:
    tried = [*combine(commands, range(FEW), tmp_path)]
    assert [one for one in tried if one.faults] == []
    assert "trained" in {one.verdict for one in tried}


@pytest.mark.slow
def test_many_combinations(commands: Warm, tmp_path: Path) -> None:
    tried = [*combine(commands, range(COMBINATIONS), tmp_path)]
    wrong = [one for one in tried if one.faults]
    print(f"\n{len(tried)} combinations, {dict(Counter(one.verdict for one in tried))}; {len(wrong)} wrong")
    assert wrong == []
    assert sum(one.verdict != "refused" for one in tried) > COMBINATIONS / 2
