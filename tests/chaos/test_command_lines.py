"""Whatever is typed ends with 0, or with 2 and one sentence; what was there before stays."""

from collections import Counter
from pathlib import Path

import pytest

from support.chaos.fuzz import fuzz
from support.chaos.lines import line
from support.chaos.warm import Warm

LINES, FEW = 2000, 8


def test_some_lines(commands: Warm, tmp_path: Path) -> None:
    tried = [*fuzz(commands, range(FEW), tmp_path)]
    assert [one for one in tried if one.faults] == []


@pytest.mark.slow
def test_many_lines(commands: Warm, tmp_path: Path) -> None:
    tried = [*fuzz(commands, range(LINES), tmp_path)]
    wrong = [one for one in tried if one.faults]
    statuses = dict(Counter(one.status for one in tried))
    print(f"\n{len(tried)} command lines, by exit status {statuses}; {len(wrong)} wrong")
    assert wrong == []


@pytest.mark.slow
def test_a_line_is_the_same_at_each_call_and_lines_differ() -> None:
    assert [line(number) for number in range(100)] == [line(number) for number in range(100)]
    assert len({tuple(line(number)) for number in range(LINES)}) > 0.95 * LINES
