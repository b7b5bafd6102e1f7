"""What docs/results says of failures, by the present rule, from the tables that it stores."""

import math
from collections import Counter
from pathlib import Path

import pandas
import pytest

from gan_lab.diagnosis.falls import fall_of
from gan_lab.diagnosis.samples import Ends, Lines, grade_of

RESULTS = Path(__file__).parents[2] / "docs" / "results"


def outcome(row: "pandas.Series[float]") -> str:
    """What the rule says of a stored row, which has neither the first distance nor the KL of the modes."""

    def end(tag: str) -> float:
        name = {row["quality_tag"]: "quality", f"{row['quality_tag']}_floor": "quality_floor"}.get(tag, tag)
        return float(row.get(name, math.nan))

    ends = Ends(end, str(row["quality_tag"]))
    graded = grade_of(ends, Lines())
    assert graded is not None
    fall = fall_of(ends, graded, Lines())
    return "success" if fall is None else fall.outcome


def outcomes(sweep: str) -> pandas.DataFrame:
    runs = pandas.read_csv(RESULTS / sweep / "runs.csv")
    return runs.assign(now=runs.apply(outcome, axis=1))


@pytest.mark.parametrize(
    ("sweep", "were", "collapsed"),
    [
        ("stability", {"collapsed": 37, "frozen": 10, "success": 13}, ["gan_minimax_mlp"]),
        ("fig3", {"collapsed": 5, "frozen": 5, "success": 5}, []),
        ("fig4", {"collapsed": 13, "success": 2}, ["mlp_mlp"]),
    ],
)
def test_what_was_called_collapsed_is_mostly_poor(
    sweep: str, were: dict[str, int], collapsed: list[str]
) -> None:
    runs = outcomes(sweep)
    assert dict(Counter(runs["verdict"])) == were
    assert runs.loc[runs["now"] == "collapsed", "cell"].tolist() == collapsed
    # who succeeds is the same, and so are all rates
    assert ((runs["now"] == "success") == (runs["verdict"] == "success")).all()


def test_the_words_about_the_images_that_are_all_alike() -> None:
    runs = pandas.concat([outcomes("stability").query("cell in ('gan_mlp', 'gan_minimax_mlp')")])
    assert (len(runs), (runs["quality/modes_hit"] <= 2).sum(), (runs["quality/precision"] == 0).sum()) == (
        10,
        10,
        9,
    )
