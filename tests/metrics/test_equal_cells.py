"""The exact test of equal cells: against every histogram, against the binomial, and in the limit χ²."""

from itertools import product
from math import factorial, prod

import numpy as np
import pytest
import torch
from scipy.stats import binom, chi2

from gan_lab.datasets.toy import Grid, Ring
from gan_lab.metrics import equal_cells, mode_coverage, multinomial
from gan_lab.metrics.equal_cells import RESOLUTION, tail_probability
from gan_lab.metrics.multinomial import fit_test
from gan_lab.tags.names import MODE_P_VALUE
from gan_lab.tags.table import TABLE

ABOVE_ROUNDING = 1e-12


def every_tail(n: int, n_cells: int) -> dict[int, float]:
    """P(Σ c² >= s) for every value s of it, by the probability of every histogram."""
    mass: dict[int, int] = {}
    for counts in product(range(n + 1), repeat=n_cells):
        if sum(counts) == n:
            squares = sum(c * c for c in counts)
            mass[squares] = mass.get(squares, 0) + factorial(n) // prod(map(factorial, counts))
    return {s: sum(m for t, m in mass.items() if t >= s) / n_cells**n for s in mass}


@pytest.mark.parametrize(("n", "n_cells"), [(1, 1), (1, 4), (7, 1), (6, 3), (13, 4), (9, 5), (31, 3)])
def test_every_tail_is_that_of_all_histograms(n: int, n_cells: int) -> None:
    for squares, expected in every_tail(n, n_cells).items():
        found = tail_probability(n, n_cells, squares)
        assert found == pytest.approx(max(expected, RESOLUTION), abs=ABOVE_ROUNDING)


@pytest.mark.parametrize("n", [50, 401])
def test_two_cells_are_the_two_sided_binomial(n: int) -> None:
    spread = n**0.5 / 2
    for gap in (0, 1, 2, 5):
        first = round(n / 2 + gap * spread)
        low = min(first, n - first)
        expected = min(1.0, 2 * binom.cdf(low, n, 0.5)) if 2 * low < n else 1.0
        found = tail_probability(n, 2, first**2 + (n - first) ** 2)
        assert found == pytest.approx(expected, abs=ABOVE_ROUNDING)


@pytest.mark.parametrize(("n", "n_cells"), [(1000, 8), (2500, 25)])
def test_with_many_items_it_nears_chi_squared_and_beyond_resolution_it_stops(n: int, n_cells: int) -> None:
    for level in (0.9, 0.5, 0.05, 1e-3):
        squares = round((chi2(n_cells - 1).isf(level) + n) * n / n_cells)
        found = tail_probability(n, n_cells, squares)
        assert found == pytest.approx(level, rel=0.15)
        assert found != pytest.approx(level, rel=1e-9)
    assert tail_probability(n, n_cells, n * n) == RESOLUTION


@pytest.mark.parametrize("mixture", [Ring(), Grid()], ids=["ring8", "grid25"])
def test_the_usual_rings_and_grids_are_not_simulated(mixture: Ring | Grid) -> None:
    samples = mixture.open(torch.device("cpu"))(1024, torch.Generator().manual_seed(0))
    known = mixture.modes, mixture.mode_stds, mixture.mode_weights
    found = {
        mode_coverage.mode_coverage(samples, *known, torch.Generator().manual_seed(seed), n_simulations=20)
        for seed in (0, 1)
    }
    assert len(found) == 1  # nothing of it is drawn
    assert found.pop().p_value_by == "convolution"


def test_it_agrees_with_drawn_histograms() -> None:
    rng = np.random.default_rng(0)
    counts = torch.from_numpy(rng.multinomial(400, [1 / 12] * 12))
    fit = fit_test(counts, torch.full((12,), 1 / 12), torch.Generator())
    squares = (rng.multinomial(400, [1 / 12] * 12, size=50_000) ** 2).sum(axis=1)
    share = (squares >= int((counts**2).sum())).mean()
    assert fit.p_value_by == "convolution"
    assert fit.p_value == pytest.approx(share, abs=4 * (share * (1 - share) / 50_000) ** 0.5)


def test_false_alarms_are_as_many_as_the_level_says() -> None:
    n, n_cells = 300, 10
    drawn = np.random.default_rng(1).multinomial(n, [1 / n_cells] * n_cells, size=150)
    p_values = np.array([tail_probability(n, n_cells, int((c**2).sum())) for c in drawn])
    for level in (0.05, 0.3, 0.7):
        low, high = binom.interval(0.999, len(drawn), level)
        assert low <= (p_values <= level).sum() <= high


def test_the_tag_says_up_to_how_many_samples_equal_weights_are_exact() -> None:
    for n_cells, most in ((3, 8_000), (8, 15_000), (25, 26_000)):  # as tail_probability has it
        for n in (int(0.95 * most), int(1.05 * most)):
            lattice = equal_cells._make_lattice(n, n_cells)
            fits = lattice.n_sums * lattice.n_halves <= equal_cells._LARGEST_TABLE
            assert fits == (n < most)
    large = fit_test(torch.full((8,), 2_500), torch.full((8,), 1 / 8), torch.Generator(), 9)
    assert large.p_value_by == "Monte Carlo"
    row = next(tag for tag in TABLE if tag.name == MODE_P_VALUE)
    assert "up to some 10,000 samples, for modes of equal weight, else Monte Carlo" in row.meaning


def test_what_is_too_large_or_unequal_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multinomial, "TABLE_LIMIT", 0)
    unequal = fit_test(torch.tensor([5, 3, 2]), torch.tensor([0.4, 0.3, 0.3]), torch.Generator(), 99)
    assert unequal.p_value_by == "Monte Carlo"
    monkeypatch.setattr(equal_cells, "_LARGEST_TABLE", 10)
    assert tail_probability(100, 5, 2000) is None
    equal = fit_test(torch.tensor([100, 0, 0]), torch.full((3,), 1 / 3), torch.Generator(), 99)
    assert equal == (1 / 100, "Monte Carlo")  # its floor: one in the draws and one
