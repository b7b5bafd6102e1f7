"""The ladder of the distances, rung by rung, and Pinsker's constant."""

import math

import pytest

from gan_lab.config.errors import BadValueError
from gan_lab.lectures.base import Findings
from gan_lab.lectures.comparisons.hierarchy import Hierarchy
from gan_lab.lectures.drawing import slide_style


def findings(indices: tuple[int, ...] = (2, 10), biases: tuple[float, ...] = (0.1,)) -> Findings:
    with slide_style():
        return Hierarchy(indices, biases, (1e-3, 1.0)).run()


def test_each_sequence_goes_one_step_further() -> None:
    table = findings().table.set_index("sequence")
    assert table["to_zero"].to_dict() == {
        "points": "w1",
        "shift": "w1 tv jsd",
        "shrink": "w1 tv jsd reverse_kl",
        "gaussians": "w1 tv jsd reverse_kl kl",
        "escape": "tv jsd kl",  # on an unbounded space TV does not imply W
    }


def test_every_distance_is_its_closed_form() -> None:
    n = 10
    rows = findings((2, 5, n)).table.set_index("sequence")[["w1", "tv", "reverse_kl", "kl"]]
    gone = -math.log(1 - 1 / n)
    assert list(rows.loc["points"]) == pytest.approx([1 / (4 * n), 1, math.inf, math.inf], abs=1e-10)
    assert list(rows.loc["shift"]) == pytest.approx([1 / n, 1 / n, math.inf, math.inf], abs=1e-10)
    assert list(rows.loc["shrink"]) == pytest.approx([1 / (2 * n), 1 / n, gone, math.inf], abs=1e-10)
    tv = math.erf(1 / (n * math.sqrt(8)))
    assert list(rows.loc["gaussians"]) == pytest.approx([1 / n, tv, 0.5 / n**2, 0.5 / n**2], abs=1e-10)
    assert list(rows.loc["escape"]) == pytest.approx([1, 1 / n, math.inf, gone], abs=1e-10)


def test_the_curves_have_every_sequence_at_every_n() -> None:
    curves = findings((2, 3, 7)).details["curves"]
    looked_at = curves.groupby("sequence")["n"].apply(list)
    assert len(looked_at) == 5
    assert all(indices == [2, 3, 7] for indices in looked_at)
    points = curves[curves["sequence"] == "points"]
    assert list(points["jsd"]) == pytest.approx([math.log(2)] * 3, abs=1e-12)


def test_only_coins_reach_the_bound_of_pinsker() -> None:
    pinsker = findings(biases=(1e-3, 0.4)).details["pinsker"]
    coins = pinsker[pinsker["family"] == "coin"]
    assert (pinsker["share_of_bound"] <= 1).all()
    assert coins["tv"].to_list() == pytest.approx([1e-3, 0.4], abs=1e-12)
    assert coins["share_of_bound"].iloc[0] == pytest.approx(1, abs=1e-6)
    shifted = pinsker[pinsker["family"] == "gaussian"]
    assert shifted["share_of_bound"].iloc[0] == pytest.approx(math.sqrt(2 / math.pi), abs=1e-6)


def test_the_sentence_has_the_numbers_of_its_run() -> None:
    sentence = findings((3, 20)).sentence
    assert sentence.startswith(
        "At n = 20, equally spaced points are 0.0125 from the uniform in W1 and 1 in TV"
    )
    assert "0.05 away in TV with KL(P, Pₙ) = inf" in sentence
    assert "A coin of bias 0.1 reaches" in sentence


@pytest.mark.parametrize(
    ("indices", "biases", "shifts", "sentence"),
    [
        (
            (4,),
            (0.1,),
            (1.0,),
            "indices must be whole numbers from 2 to 10000, increasing, at least two; got",
        ),
        ((4, 4), (0.1,), (1.0,), "indices must be whole numbers from 2 to 10000, increasing, at least two;"),
        ((1, 4), (0.1,), (1.0,), "indices must be whole numbers from 2 to 10000, increasing, at least two;"),
        (
            (4, 10**6),
            (0.1,),
            (1.0,),
            "indices must be whole numbers from 2 to 10000, increasing, at least two",
        ),
        (
            (2, 4),
            (0.5,),
            (1.0,),
            "biases must be numbers from 1e-6 up to 1/2, not including it, at least one; got",
        ),
        # a coin that float64 cannot tell from a fair one
        ((2, 4), (1e-17,), (1.0,), "biases must be numbers from 1e-6 up to 1/2"),
        (
            (2, 4),
            (),
            (1.0,),
            "biases must be numbers from 1e-6 up to 1/2, not including it, at least one; got",
        ),
        ((2, 4), (0.1,), (0.0,), "shifts must be numbers from 1e-6 on, at least one; got"),
    ],
)
def test_bad_settings_are_refused(
    indices: tuple[int, ...], biases: tuple[float, ...], shifts: tuple[float, ...], sentence: str
) -> None:
    with pytest.raises(BadValueError) as error:
        Hierarchy(indices, biases, shifts)
    assert str(error.value).startswith(sentence)
