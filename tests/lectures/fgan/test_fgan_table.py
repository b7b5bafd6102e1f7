"""The f-GAN table: golden matrix, its diagonal, and a short training against the exact fit."""

import functools
import math
from typing import Any

import numpy as np
import pytest
from pandas import DataFrame, read_csv

from gan_lab.architectures.affine import AffineGenerator
from gan_lab.architectures.mlp_toy import ToyCritic
from gan_lab.config.errors import BadValueError
from gan_lab.distances.line import Gaussian, LineMixture
from gan_lab.distances.variational import exact_divergence
from gan_lab.lectures.base import Findings
from gan_lab.lectures.drawing import slide_style
from gan_lab.lectures.fgan.fgan_table import FGANTable, own_column_wins
from gan_lab.lectures.fgan.fgan_training import FGANTraining
from gan_lab.objectives.f_divergence import FDivergence
from gan_lab.objectives.power_divergences import PearsonChiSquared, TotalVariation
from gan_lab.objectives.relative_entropies import (
    Jeffrey,
    JensenShannon,
    KullbackLeibler,
    ReverseKullbackLeibler,
)
from gan_lab.optimizers.adam import Adam
from gan_lab.optimizers.linear_decay import LinearDecay
from support.command_line import gan_lab

TARGET = LineMixture((0.33, 0.67), (-1.0, 2.0), (0.25, math.sqrt(2)))
FAMILY: dict[str, FDivergence] = {
    "kl": KullbackLeibler("minimax"),
    "reverse_kl": ReverseKullbackLeibler("minimax"),
    "jensen_shannon": JensenShannon("minimax"),
    "jeffrey": Jeffrey("minimax"),
    "pearson": PearsonChiSquared("minimax"),
}
# rows: fitted under; columns: evaluated under
GOLDEN = [
    [0.2881, 0.3545, 0.1366, 0.6426, 0.7576],
    [0.3648, 0.2507, 0.1377, 0.6155, 1.4801],
    [0.3049, 0.2769, 0.1298, 0.5819, 0.9840],
    [0.3107, 0.2684, 0.1303, 0.5791, 1.0298],
    [0.3171, 0.5671, 0.1677, 0.8843, 0.6616],
]


def experiment(**changes: Any) -> FGANTable:
    settings: dict[str, Any] = {
        "target": TARGET,
        "divergences": FAMILY,
        "generator": AffineGenerator(),
        "critic": ToyCritic(width=16, depth=2, activation="tanh"),
        "optimizer": LinearDecay(Adam(lr=0.01), steps=5),
        "batch_size": 64,
        "steps": 5,
        "seed": 0,
    }
    return FGANTable(**(settings | changes))


@functools.cache
def findings() -> Findings:
    with slide_style():
        return experiment().run()


def matrix(name: str) -> DataFrame:
    return findings().details[name].set_index("trained_on")


def test_the_golden_matrix_of_exact_optima() -> None:
    exact = matrix("exact_matrix")
    assert list(exact.columns) == list(exact.index) == list(FAMILY)
    assert exact.to_numpy() == pytest.approx(np.array(GOLDEN), abs=1e-4)


def test_each_row_has_the_minimum_of_its_own_column() -> None:
    values = matrix("exact_matrix").to_numpy()
    assert (values.argmin(axis=0) == np.arange(len(FAMILY))).all()
    assert own_column_wins(matrix("exact_matrix")) == len(FAMILY)
    assert own_column_wins(DataFrame([[2.0, 3.0], [1.0, 0.0]])) == 1


def test_the_table_has_the_fits_of_the_paper() -> None:
    table = findings().table.set_index("trained_on")
    fits = table[["mean", "scale"]].to_numpy()
    printed = [[1.0100, 1.8308], [1.5782, 1.6319], [1.3070, 1.7542], [1.3218, 1.7034], [0.5737, 1.9274]]
    assert fits == pytest.approx(np.array(printed), abs=0.01)
    divergences = [0.2831, 0.2480, 0.1280, 0.5705, 0.6457]  # for the mixture whose rounding is ours
    assert table["least_divergence"].to_list() == pytest.approx(divergences, rel=0.03)


def test_bounds_lie_below_the_divergence_of_the_learned_gaussian() -> None:
    table = findings().table
    assert (table["learned_bound"] < table["learned_divergence"] + 1e-9).all()
    assert (table["learned_divergence"] > table["least_divergence"] - 1e-9).all()


def test_a_short_training_comes_close_to_the_exact_fit() -> None:
    training = FGANTraining(
        critic=ToyCritic(width=32, depth=2, activation="tanh"),
        generator=AffineGenerator(),
        optimizer=LinearDecay(Adam(lr=0.02), steps=600),
        steps=600,
        batch_size=256,
        seed=1,
    )
    learned = training.fit(TARGET, FAMILY["reverse_kl"])
    assert learned.gaussian.location == pytest.approx(1.584093, abs=0.1)
    assert learned.gaussian.scale == pytest.approx(1.629423, abs=0.1)
    exact = exact_divergence(FAMILY["reverse_kl"], TARGET, learned.gaussian)
    assert exact - 0.05 < learned.bound < exact


def test_training_is_the_same_for_a_seed_and_another_for_another() -> None:
    def fit(seed: int) -> Gaussian:
        optimizer = LinearDecay(Adam(lr=0.01), steps=70)
        training = FGANTraining(ToyCritic(8, 1, "tanh"), AffineGenerator(), optimizer, 70, 32, seed)
        return training.fit(TARGET, FAMILY["kl"]).gaussian

    assert fit(0) == fit(0) != fit(1)


def test_total_variation_whose_f_has_a_kink_is_fitted_too() -> None:
    with slide_style():
        table = experiment(divergences={"total_variation": TotalVariation("minimax")}).run().table
    row = table.iloc[0]
    fit = (row["least_divergence"], row["mean"], row["scale"])
    assert fit == pytest.approx((0.241060, 1.339828, 1.878226), abs=1e-4)


def test_the_sentence_has_the_numbers_of_its_run() -> None:
    table, sentence = findings().table, findings().sentence
    assert "in 5 of 5 columns" in sentence
    assert f"{(table['learned_mean'] - table['mean']).abs().max():.3g}" in sentence


def test_the_figure_marks_the_least_of_each_column() -> None:
    left, right = findings().figure.axes
    assert [text.get_text() for text in left.texts if text.get_fontweight() == "bold"] == [
        *("0.288", "0.251", "0.130", "0.579", "0.662")
    ]
    assert len(right.texts) == 25


def test_bad_settings_are_refused() -> None:
    with pytest.raises(BadValueError, match="divergences must be a mapping of at least one name"):
        experiment(divergences={})
    with pytest.raises(BadValueError, match="steps must be a whole number greater than 0; got 0"):
        experiment(steps=0)
    with pytest.raises(BadValueError, match="batch_size"):
        experiment(batch_size=-1)


def test_the_command_line_reaches_every_setting(tmp_path: Any) -> None:
    folder = tmp_path / "out"
    called = gan_lab(
        *("distances", "experiment=fgan_table", f"hydra.run.dir={folder}", "steps=3", "batch_size=8"),
        *("~divergences.jeffrey", "~divergences.reverse_kl", "critic.width=4", "optimizer.rule.lr=0.1"),
    )
    assert (called.status, called.err) == (0, "")
    assert list(read_csv(folder / "table.csv")["trained_on"]) == ["kl", "jensen_shannon", "pearson"]
