"""Integral probability metrics: each class of functions gives its metric, and its witness attains it."""

import numpy as np
import ot
import pytest
from scipy.optimize import linprog
from scipy.spatial.distance import cdist

from gan_lab.config.errors import UserError
from gan_lab.distances.finite.ipm import (
    bounded_ipm,
    bounded_lipschitz_ipm,
    finite_ipm,
    lipschitz_ipm,
    rkhs_ipm,
)
from gan_lab.distances.finite.linear_programs import lipschitz_constant

POINTS = np.random.default_rng(0).normal(size=(10, 2)) * 2
METRIC = cdist(POINTS, POINTS)
KERNEL = np.exp(-(METRIC**2) / 2)
P, Q = np.random.default_rng(1).dirichlet(np.ones(10), size=2)


def dirac(n: int, i: int) -> np.ndarray:
    return np.eye(n)[i]


def test_bounded_functions_give_twice_the_total_variation() -> None:
    value, f = bounded_ipm(P, Q)
    largest_set = np.maximum(P - Q, 0).sum()  # sup_A P(A) - Q(A)
    assert value == pytest.approx(2 * largest_set, abs=1e-12)
    assert np.abs(f).max() == 1
    assert f @ (P - Q) == pytest.approx(value, abs=1e-12)
    assert bounded_ipm(dirac(2, 0), dirac(2, 1)).value == 2


def test_lipschitz_functions_give_w1() -> None:
    value, f = lipschitz_ipm(METRIC, P, Q)
    assert value == pytest.approx(ot.emd2(P, Q, METRIC), abs=1e-9)
    assert f @ (P - Q) == pytest.approx(value, abs=1e-12)
    assert lipschitz_constant(METRIC, f) <= 1 + 1e-9


@pytest.mark.parametrize("unit", [1e-12, 1e12])
def test_lipschitz_functions_know_no_unit(unit: float) -> None:
    value, f = lipschitz_ipm(unit * METRIC, P, Q)
    assert value / unit == pytest.approx(ot.emd2(P, Q, METRIC), abs=1e-9)
    assert lipschitz_constant(unit * METRIC, f) <= 1 + 1e-9


@pytest.mark.parametrize(("t", "squared"), [(0.5, 0.235006), (1, 0.786939), (2, 1.729329)])
def test_rkhs_ball_gives_mmd_of_two_diracs(t: float, squared: float) -> None:
    kernel = np.exp(-(np.array([[0, t], [t, 0]]) ** 2) / 2)
    assert rkhs_ipm(kernel, dirac(2, 0), dirac(2, 1)).value ** 2 == pytest.approx(squared, abs=1e-6)


def test_rkhs_witness_has_norm_one_and_attains_mmd() -> None:
    value, f = rkhs_ipm(KERNEL, P, Q)
    assert f @ (P - Q) == pytest.approx(value, abs=1e-12)
    assert f @ np.linalg.solve(KERNEL, f) == pytest.approx(1, abs=1e-9)
    others = np.linalg.cholesky(KERNEL) @ np.random.default_rng(2).normal(size=(10, 500))
    norms = np.sqrt((others * np.linalg.solve(KERNEL, others)).sum(axis=0))
    assert ((others / norms).T @ (P - Q)).max() < value


def test_a_kernel_that_sees_nothing_has_no_witness() -> None:
    value, f = rkhs_ipm(np.ones((10, 10)), P, Q)
    assert value == pytest.approx(0, abs=1e-7)
    assert np.abs(f).max() < 1e-7
    assert rkhs_ipm(KERNEL, P, P) == (0.0, pytest.approx(np.zeros(10)))


def test_finite_class_takes_its_best_function_or_the_negative() -> None:
    functions = np.stack([POINTS[:, 0], POINTS[:, 1], -3 * POINTS[:, 0]])
    value, f = finite_ipm(functions, P, Q)
    gaps = functions @ P - functions @ Q
    assert value == pytest.approx(np.abs(gaps).max(), abs=1e-12)
    assert f @ (P - Q) == pytest.approx(value, abs=1e-12)
    swapped = finite_ipm(functions, Q, P)
    assert swapped.value == pytest.approx(value, abs=1e-12)
    assert swapped.function == pytest.approx(-f)
    assert finite_ipm(functions[:1], P, Q).value <= value


def test_bounded_lipschitz_is_its_linear_program() -> None:
    value, f = bounded_lipschitz_ipm(METRIC, P, Q)
    i, j = np.nonzero(~np.eye(10, dtype=bool))
    rises = np.eye(10)[i] - np.eye(10)[j]
    direct = linprog(Q - P, A_ub=rises, b_ub=METRIC[i, j], bounds=(-1, 1), method="highs")
    assert value == pytest.approx(-direct.fun, abs=1e-9)
    assert f @ (P - Q) == pytest.approx(value, abs=1e-12)
    assert np.abs(f).max() <= 1 + 1e-9
    assert lipschitz_constant(METRIC, f) <= 1 + 1e-9


def test_larger_classes_give_larger_metrics() -> None:
    both = bounded_lipschitz_ipm(METRIC, P, Q).value
    assert both <= min(lipschitz_ipm(METRIC, P, Q).value, bounded_ipm(P, Q).value) + 1e-9
    # the feature map of a Gaussian kernel of bandwidth 1 has slope at most 1
    assert rkhs_ipm(KERNEL, P, Q).value <= lipschitz_ipm(METRIC, P, Q).value


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bounded_ipm(P, Q[:9]), "q must be one mass for each of 10 points; got (9,)."),
        (lambda: bounded_ipm(P, 2 * Q), "q must be masses that sum to 1; got 2"),
        (lambda: rkhs_ipm(KERNEL[:9], P, Q), "kernel must be a matrix (10, 10); got (9, 10)."),
        (lambda: rkhs_ipm(-KERNEL, P, Q), "kernel must be positive semidefinite; got"),
        (lambda: rkhs_ipm(np.triu(KERNEL), P, Q), "kernel must be symmetric, of finite numbers"),
        (lambda: finite_ipm(POINTS, P, Q), "functions must be at least one function, values (K, 10)"),
        (lambda: finite_ipm(np.full((1, 10), np.inf), P, Q), "functions must be finite numbers; got inf."),
        (lambda: lipschitz_ipm(METRIC**2, P, Q), "metric must be within the triangle inequality"),
    ],
)
def test_bad_input_gets_its_sentence(call, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UserError) as error:
        call()
    assert message in str(error.value)
