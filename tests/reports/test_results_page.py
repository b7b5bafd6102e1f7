"""The pages of docs/results say what the tables beside them hold."""

import re
from pathlib import Path

import pandas
import pytest

RESULTS = Path(__file__).parents[2] / "docs" / "results"
GENERATORS = {"DCGAN": "dcgan", "no batch norm": "dcgan_nobn", "MLP": "mlp"}


def table_of(sweep: str, name: str) -> pandas.DataFrame:
    return pandas.read_csv(RESULTS / sweep / f"{name}.csv")


def rows_of(sweep: str) -> list[list[str]]:
    """The rows of the page's tables, without their heads."""
    lines = (RESULTS / sweep / "README.md").read_text(encoding="utf-8").splitlines()
    return [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")][1:]


def interval(row: "pandas.Series[float]", *columns: str, form: str = ".2f") -> str:
    mean, low, high = (format(float(row[column]), form) for column in columns)
    return f"{mean} [{low}, {high}]"


def test_distances_and_successes_are_those_of_the_table() -> None:
    by_cell = table_of("stability", "summary").set_index("cell")
    objectives = ("gan", "gan_minimax", "wgan", "wgan_gp")
    told = 0
    for generator, *cells in rows_of("stability"):
        for objective, cell in zip(objectives, cells, strict=True):
            if cell == "not trained to the end":
                continue
            row = by_cell.loc[f"{objective}_{GENERATORS[generator]}"]
            distance = interval(row, "quality_mean", "quality_mean_low", "quality_mean_high", form=",.0f")
            assert cell == f"{distance}; {row['successes']:.0f} of {row['n']:.0f}"
            told += 1
    assert told == 11


def test_the_p_values_are_those_of_the_table() -> None:
    claims = table_of("stability", "claims").query("claim == 'comparisons' and first == 'gan'")
    found = claims.set_index(["second", "setting"])[["p_mcnemar", "p_holm"]].round(4)
    assert found.loc["wgan", "dcgan_nobn"].tolist() == [0.0020, 0.0293]
    assert found.loc["wgan_gp", "mlp"].tolist() == [0.0039, 0.0508]
    assert found.loc["wgan", "dcgan"].tolist() == [0.0625, 0.625]
    page = (RESULTS / "stability" / "README.md").read_text(encoding="utf-8")
    assert "McNemar's exact p is 0.002, and 0.03" in page
    assert "in 9 of 10 (0.004; 0.051)" in page


def test_what_the_page_says_of_classes_holds() -> None:
    modes = table_of("stability", "runs").groupby("cell")["quality/modes_hit"].agg(["min", "max"])
    assert modes.loc[["gan_mlp", "gan_minimax_mlp"], "max"].max() <= 2
    assert modes.loc["wgan_mlp"].tolist() == [2, 5]
    assert modes.loc["wgan_gp_mlp"].tolist() == [10, 10]


@pytest.mark.parametrize(("sweep", "column"), [("fig3", 2), ("fig4", 1)])
def test_correlations_are_those_of_the_table(sweep: str, column: int) -> None:
    claims = table_of(sweep, "claims").query("claim == 'correlations'")
    known = {
        (interval(row, "spearman", "low", "high"), interval(row, "changes", "changes_low", "changes_high"))
        for _, row in claims.iterrows()
    }
    changes = {"fig3": 4, "fig4": 2}[sweep]
    assert {(row[column], row[changes]) for row in rows_of(sweep)} == known


def test_estimates_of_the_gan_are_those_of_the_table() -> None:
    found = table_of("fig4", "summary")["estimate_mean"].tolist()
    told = [float(re.split(r" \[", row[4])[0]) for row in rows_of("fig4")]
    assert told == pytest.approx(found, abs=0.0051)
