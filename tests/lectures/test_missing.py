"""An empty cell of a printed table is a dash, and a line below the table says why."""

import re
from pathlib import Path

import pandas
import pytest

from gan_lab.lectures.writing import format_text
from support.command_line import gan_lab

SAID = {
    "dirac_gan": (["steps=3"], "- in first_turn, last_turn: single steps are too wide to be counted"),
    "continuity": (["moves=[0,0.00000001]", "samples=50"], "- in jsd: some samples lie on the other curve"),
    "parallel_lines": (
        ["shifts=[0,1]", "samples=20"],
        "- in w1_slope, jsd_slope: there is no slope at theta = 0.",
    ),
    "transport_1d": (["n_atoms=5"], "- in one_potential: one potential does for the cost |x - y| alone."),
    "integral_metrics": (
        ["points=80"],
        "- in shift, drop, shrink: this class of critics has no closed",
    ),
    "density_first": (
        ["seeds=1", "dimensions=[1]", "n_samples=8"],
        "- in low, high, both_low, both_high: one seed has no interval.",
    ),
    "maximum_likelihood": (
        ["seeds=1", "n_samples=[5]"],
        "- in mean_low, mean_high, scale_low, scale_high: one set of samples has no interval.",
    ),
    "perfect_discriminator": (
        ["seeds=1", "stages=[1]", "steps=2", "look_every=1"],
        "- in first_accurate_step, last_accurate_step, first_perfect_step, last_perfect_step: no seed got",
    ),
    "batchnorm_estimate": (
        ["seeds=1", "steps=1", "batch_size=2", "held_out=2", "width=2"],
        "- in estimate_low, estimate_high: one seed has no interval.",
    ),
    "likelihood_and_quality": ([], "- in log_likelihood: the density of real images is not known."),
    "lipschitz": (["steps=2"], "- in clip_bound, at_box: weights are not clipped."),
}


@pytest.mark.parametrize("name", SAID)
def test_a_dash_is_explained(name: str, tmp_path: Path) -> None:
    overrides, said = SAID[name]
    called = gan_lab("distances", f"experiment={name}", *overrides, f"hydra.run.dir={tmp_path / 'out'}")
    assert called.status == 0, called.err
    table = pandas.read_csv(tmp_path / "out" / "table.csv")
    empty = [column for column in table if table[column].isna().any()]
    assert empty
    assert said in called.out
    explained = re.findall(r"^- in (.*?): ", called.out, re.MULTILINE)
    assert ", ".join(explained).split(", ") == empty
    assert not re.search(r"\bnan\b|<NA>|None|not of this row", called.out)


def test_a_full_table_has_no_such_line_and_another_experiments_column_is_told() -> None:
    full = pandas.DataFrame({"a": [1.0, 2.0]})
    assert format_text(full, {"a": "of no use"}).splitlines() == [" a", " 1", " 2"]
    joined = pandas.concat([full, pandas.DataFrame({"b_1": [3.0]})])
    assert format_text(joined, {"b_*": "because"}).splitlines()[-2:] == [
        "- in a: not of this row.",
        "- in b_1: because.",
    ]


def test_a_sweep_says_it_too(tmp_path: Path) -> None:
    called = gan_lab(
        *("distances", "-m", "experiment=parallel_lines", "shifts=[0],[1]", "samples=20"),
        f"hydra.sweep.dir={tmp_path / 'sweep'}",
    )
    assert called.status == 0, called.err
    *_, why, _, written = called.out.splitlines()
    assert why == "- in w1_slope, jsd_slope: there is no slope at theta = 0."
    assert written == f"Written to {tmp_path / 'sweep' / 'table.csv'}"
