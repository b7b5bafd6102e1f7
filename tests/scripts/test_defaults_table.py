"""docs/defaults.md is what docs/defaults.csv gives, and the script trains what is missing and no more."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import defaults_table
from defaults_table import Row

from gan_lab.diagnosis.diagnose import ALL_WELL, RULES
from gan_lab.runs.record import RunRecord

SEEDS = [
    Row("ring8", "wgan", 500, seed, verdicts, "0f") for seed, verdicts in enumerate(["poor", "a b", "poor a"])
]


def of_each_once(rows: list[Row]) -> list[Row]:
    """Return cells that have each dataset and each objective: what changes the others changes one of them."""
    cells: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        cells.setdefault((row.dataset, row.objective), []).append(row)
    seen: set[str] = set()
    chosen = []
    for pair, cell in cells.items():
        if not seen.issuperset(pair):
            seen.update(pair)
            chosen += cell
    return chosen


def test_the_page_is_what_the_table_gives() -> None:
    rows = defaults_table.read(defaults_table.TABLE)
    committed = defaults_table.PAGE.read_text(encoding="utf-8")
    assert committed == defaults_table.page(rows), "run `python scripts/defaults_table.py --page`"
    some = of_each_once(rows)
    assert some == defaults_table.current(some), (
        "defaults have changed: run `python scripts/defaults_table.py`"
    )
    names = {name for row in rows for name in row.verdicts.split()}
    assert set() < names <= {ALL_WELL, *(rule.name for rule in RULES)}


def test_each_cell_that_was_trained_has_all_seeds() -> None:
    rows = defaults_table.read(defaults_table.TABLE)
    cells = {(row.dataset, row.objective) for row in rows}
    expected = {(*cell, seed) for cell in cells for seed in range(defaults_table.SEEDS)}
    assert {(row.dataset, row.objective, row.seed) for row in rows} == expected
    assert len(rows) == len(expected)


def test_points_come_first_and_nothing_that_is_downloaded() -> None:
    found = defaults_table.datasets()
    assert found[:2] == ["gaussian_mixture", "grid25"]
    assert found[-3:] == ["digits", "photos", "stacked_digits"]
    assert len(found) == 8
    assert len(defaults_table.objectives()) == 16


def test_what_has_rows_is_not_trained_again() -> None:
    asked = defaults_table.missing(SEEDS, ["wgan*:ring8", "gan:digits"])
    assert asked == [("ring8", "wgan_gp"), ("digits", "gan")]
    assert len(defaults_table.missing([], ["*:*"])) == 16 * 8


def test_a_cell_counts_the_worst_verdicts() -> None:
    assert defaults_table.cell(SEEDS) == "`poor` 2, `a` 1 / 500"
    assert defaults_table.cell([SEEDS[0], SEEDS[2]]) == "`poor` / 500"
    assert defaults_table.cell([]) == ""


def test_rows_are_added_to_what_another_script_has_written_meanwhile(tmp_path: Path) -> None:
    table = tmp_path / "defaults.csv"
    defaults_table.add(table, SEEDS)
    other = Row("grid25", "gan", 5000, 0, "poor", "0f")
    defaults_table.add(table, [other])
    again = SEEDS[1]._replace(verdicts="all_well")
    defaults_table.add(table, [again])
    assert defaults_table.read(table) == [other, SEEDS[0], again, SEEDS[2]]


def test_a_table_survives_the_file(tmp_path: Path) -> None:
    defaults_table.write(tmp_path / "defaults.csv", SEEDS)
    assert defaults_table.read(tmp_path / "defaults.csv") == SEEDS
    assert defaults_table.read(tmp_path / "none.csv") == []


def test_a_run_that_was_stopped_is_no_row(tmp_path: Path) -> None:
    for status in ("interrupted", "failed"):
        (tmp_path / status).mkdir()
        RunRecord(tmp_path / status, status, iterations=5, seed=0).write()
    assert defaults_table.rows_of("ring8", "gan", tmp_path) == []


def test_a_cell_is_trained_and_a_refusal_ends_with_its_words() -> None:
    rows = defaults_table.trained("ring8", "gan", 3)
    assert [(row.seed, row.iterations) for row in rows] == [(0, 3), (1, 3), (2, 3)]
    assert all(row.verdicts for row in rows)
    assert defaults_table.current(rows) == rows
    assert defaults_table.current([row._replace(config="of before") for row in rows]) == []
    with pytest.raises(SystemExit, match="no_such"):
        defaults_table.trained("ring8", "no_such", 3)
