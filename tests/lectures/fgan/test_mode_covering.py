"""Mode covering: what the table, the matrix, the sentence, the figure and the animation say of the fits."""

import functools
import math
from pathlib import Path

import numpy as np
import pytest
from pandas import DataFrame, read_csv

from gan_lab.config.errors import BadValueError
from gan_lab.distances.by_name import BY_NAME, DivergenceName
from gan_lab.distances.fits.gaussian_fits import Minimum
from gan_lab.distances.line import Gaussian, LineMixture
from gan_lab.lectures.base import Findings
from gan_lab.lectures.drawing import slide_style
from gan_lab.lectures.fgan.alpha_path import ALPHAS, alpha_landscape, animate_alpha
from gan_lab.lectures.fgan.fitted_gaussians import covers, modes_covered
from gan_lab.lectures.fgan.mode_covering import ModeCovering
from gan_lab.lectures.names import name_of
from support.command_line import gan_lab

TWINS = LineMixture((0.5, 0.5), (-2.0, 2.0), (0.6, 0.6))
NAMES: tuple[DivergenceName, ...] = (
    "kl",
    "reverse_kl",
    "squared_hellinger",
    "neyman_chi_squared",
    "wasserstein_2",
)


@functools.cache
def findings() -> Findings:
    with slide_style():
        return ModeCovering(TWINS, NAMES).run()


def rows_of(name: str) -> DataFrame:
    table = findings().table
    return table[table["divergence"] == name]


def test_the_table_has_global_and_local_minima_and_what_they_cover() -> None:
    assert rows_of("kl")["minimum"].to_list() == ["global"]
    assert rows_of("reverse_kl")["minimum"].to_list() == ["global", "global", "local"]
    assert rows_of("reverse_kl")["modes_covered"].to_list() == [1, 1, 2]
    assert rows_of("squared_hellinger")["modes_covered"].to_list() == [2, 1, 1]
    values = rows_of("reverse_kl")["value"].to_list()
    assert values == pytest.approx([0.691836, 0.691836, 1.138382], abs=1e-5)


def test_values_are_those_of_the_exact_functions() -> None:
    for _, row in findings().table.iterrows():
        exact = BY_NAME[row["divergence"]].exact(TWINS, Gaussian(row["mean"], row["scale"]))
        assert row["value"] == pytest.approx(exact, rel=1e-12)


def test_the_matrix_is_least_on_its_diagonal_and_infinite_where_the_divergence_is() -> None:
    matrix = findings().details["matrix"].set_index("fitted_under")
    values = matrix.to_numpy()
    assert list(matrix.index) == list(matrix.columns) == list(NAMES)
    assert (values.argmin(axis=0) == np.arange(len(NAMES))).all()
    wide = [math.isinf(value) for value in matrix["neyman_chi_squared"]]
    assert wide == [True, False, True, False, True]
    assert np.isfinite(matrix.drop(columns="neyman_chi_squared").to_numpy()).all()


def test_the_sentence_says_who_covers_who_seeks_and_what_is_infinite() -> None:
    sentence = findings().sentence
    assert "under KL(p, q), Hellinger² and W2 covers all 2 modes" in sentence
    assert "Under KL(q, p) and Neyman χ² it leaves modes out" in sentence
    assert "Local minima, in which a descent can end, are left under KL(q, p) and Hellinger²." in sentence
    assert "Neyman χ² is infinite at the fit under KL(p, q), Hellinger² and W2." in sentence


def test_the_curves_behind_the_figure_are_densities() -> None:
    curves = findings().details["densities"]
    assert list(curves.columns[:5]) == ["x", "target", "kl_1", "reverse_kl_1", "reverse_kl_2"]
    for name in curves.columns[1:]:
        assert 0.9 < np.trapezoid(curves[name], curves["x"]) < 1 + 1e-6


def test_the_figure_has_a_panel_for_each_divergence_with_local_minima_dashed() -> None:
    panels = {axes.get_title(): axes for axes in findings().figure.axes}
    assert set(panels) == {name_of(name) for name in NAMES}
    assert [line.get_linestyle() for line in panels["KL(q, p)"].lines] == ["-", "-", "--"]
    assert [line.get_linestyle() for line in panels["KL(p, q)"].lines] == ["-"]
    covering, seeking = panels["KL(p, q)"].lines[0], panels["KL(q, p)"].lines[0]
    twin = panels["KL(q, p)"].lines[1]
    assert len({covering.get_color(), seeking.get_color(), twin.get_color()}) == 3
    assert [text.get_text() for text in panels["KL(p, q)"].texts] == ["covers 2 of 2"]
    assert [text.get_text() for text in panels["KL(q, p)"].texts] == ["covers 1 of 2"]
    # each best fit of the two is drawn about its own mode alone, lest they look like one of two modes
    for line, side in ((seeking, -1), (twin, 1)):
        x, y = np.ravel(line.get_xdata()), np.ravel(line.get_ydata())
        assert (side * x[np.isfinite(y)] > 0).all()


def test_a_mode_is_covered_within_two_scales() -> None:
    def fit(mean: float, scale: float) -> Minimum:
        return Minimum(mean, scale, 0.0, True)

    assert modes_covered(TWINS, fit(0.0, 0.99)) == 0
    assert modes_covered(TWINS, fit(1.0, 0.6)) == 1
    assert covers(TWINS, fit(0.0, 1.01))
    assert not covers(TWINS, fit(1.0, 1.49))


def test_one_component_is_covered_by_all_and_says_so() -> None:
    with slide_style():
        found = ModeCovering(LineMixture((1.0,), (3.0,), (2.0,)), ("kl", "reverse_kl")).run()
    assert found.table["value"].to_list() == pytest.approx([0, 0], abs=1e-9)
    assert "leaves modes out" not in found.sentence
    assert "Local" not in found.sentence


def test_the_alpha_divergence_passes_through_both_kl_divergences_and_the_hellinger_distance() -> None:
    assert {-1.0, 0.0, 0.5, 1.0, 2.0} <= set(ALPHAS)
    for alpha, name, factor in [
        *((0.0, "reverse_kl", 1.0), (1e-6, "reverse_kl", 1.0), (1 - 1e-6, "kl", 1.0), (1.0, "kl", 1.0)),
        *((0.5, "squared_hellinger", 2.0), (-1.0, "neyman_chi_squared", 0.5)),
        (2.0, "pearson_chi_squared", 0.5),
    ]:
        height = alpha_landscape(TWINS, alpha).height(0.3, 0.8)
        assert height == pytest.approx(factor * BY_NAME[name].landscape(TWINS).height(0.3, 0.8), rel=1e-4)


def test_the_animation_goes_from_seeking_to_covering() -> None:
    with slide_style():
        animation = animate_alpha(TWINS, (-1.0, 2.0))
        animation.draw(0)
        densities, scales = animation.figure.axes
        assert densities.get_title() == "α = -1.00"
        assert len(densities.lines) == 2
        animation.draw(1)
        densities, scales = animation.figure.axes
        assert len(densities.lines) == 1
        drawn = [float(np.ravel(line.get_ydata())[0]) for line in scales.lines if line.get_marker() == "o"]
        assert drawn == pytest.approx([0.6022, 0.6022, 2.1274], abs=1e-3)
    assert animation.n_frames == 2


def test_the_keys_of_the_command_line(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    called = gan_lab(
        *("distances", "experiment=mode_covering", f"hydra.run.dir={folder}", "divergences=[kl,reverse_kl]"),
        *("target.weights=[.4,.6]", "target.means=[-1,3]", "target.scales=[.5,1]"),
    )
    assert (called.status, called.err) == (0, "")
    table = read_csv(folder / "table.csv")
    assert table["mean"].to_list() == pytest.approx([1.4, 2.90597, 2.30033, -0.98012], abs=1e-3)
    assert table["scale"].to_list() == pytest.approx([2.13073, 1.12248, 1.64434, 0.52446], abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["target.weights=[.4,.5]"], "target.weights must be numbers >= 0 that sum to 1; got [0.4, 0.5]."),
        (["target.scales=[.5,-1]"], "target.scales must be numbers greater than 0, at least one"),
        (["target.means=[0]"], "target.means must be as many entries as weights has, 2; got [0.0]."),
        (
            ["divergences=[kl,kll]"],
            "divergences must be different names, at least one, out of kl, reverse_kl",
        ),
    ],
)
def test_bad_settings_are_refused_in_a_sentence(arguments: list[str], sentence: str) -> None:
    called = gan_lab("distances", "experiment=mode_covering", *arguments)
    assert (called.status, called.out) == (2, "")
    assert called.err.startswith(f"gan-lab: {sentence}")


def test_names_must_differ_and_there_must_be_one() -> None:
    for names in ((), ("kl", "kl")):
        with pytest.raises(BadValueError, match="divergences must be different names, at least one"):
            ModeCovering(TWINS, names)
