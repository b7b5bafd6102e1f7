"""Whatever number is typed for an experiment: a result, or one sentence that names what was typed."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas
import pytest
from matplotlib.figure import Figure

from gan_lab.config.errors import BadValueError, UserError
from gan_lab.lectures.base import Findings, LectureExperiment
from gan_lab.lectures.computing import by_typed_keys, compute, require_magnitudes
from support.command_line import gan_lab


@pytest.mark.parametrize(
    ("arguments", "begins"),
    [
        (
            ["uniform_shift", "width=1e-300"],
            "width must be 0, or between 1e-30 and 1e+30 in size; got 1e-300.",
        ),
        (["uniform_shift", "width=1e-25"], "shifts must be 0, or from 1e-34 to 1e-13 for a width of 1e-25"),
        (["uniform_shift", "width=0"], "width must be a number greater than 0; got 0."),
        (["uniform_shift", "width=nan"], "width must be a finite number greater than 0; got nan."),
        (["uniform_shift", "width=-inf"], "width must be a finite number greater than 0; got -inf."),
        (["uniform_shift", "shifts=[1e300]"], "shifts must be 0, or between 1e-30 and 1e+30 in size; "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_number_without_a_result_is_refused_by_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], begins: str
) -> None:
    monkeypatch.chdir(tmp_path)
    experiment, *overrides = arguments
    called = gan_lab("distances", f"experiment={experiment}", *overrides)
    assert called.status == 2, called
    assert called.err.startswith(f"gan-lab: {begins}"), called.err
    assert called.err.count("\n") == 1
    assert not list(tmp_path.rglob("*.csv"))


@dataclass(frozen=True)
class Quotient(LectureExperiment):
    """One number divided by another, by NumPy."""

    above: float = 1.0
    below: float = 1.0

    def run(self) -> Findings:
        value = np.array([self.above]) / np.array([self.below])
        return Findings(pandas.DataFrame({"value": value}), Figure(), f"It is {value[0]:g}.")


def test_an_invalid_operation_is_refused_and_an_infinite_result_is_not() -> None:
    assert compute(Quotient(1, 2)).sentence == "It is 0.5."
    with np.errstate(divide="ignore"):
        assert compute(Quotient(1, 0)).sentence == "It is inf."
    with pytest.raises(UserError, match="do not hold what follows from it"):
        compute(Quotient(0, 0))


@pytest.mark.parametrize("value", [1e-300, -1e-300, 1e300, 10**60, [0.5, 1e-60]])
def test_magnitudes_are_held_to(value: float | list[float]) -> None:
    require_magnitudes({"a": {"b": [0, 1e-12, 1e12, -3, math.inf, math.nan, True, None, "text"]}})
    with pytest.raises(BadValueError, match=r"^a\.b must be 0, or between 1e-30 and 1e\+30 in size"):
        require_magnitudes({"a": {"b": value}})


def test_a_refusal_that_names_a_key_stays_as_it_is() -> None:
    config = {"width": 1.0, "target": {"means": [0, 1]}}
    for sentence in ("width must be less.", "target must have a weight.", "target.means must be two."):
        error = UserError(sentence)
        assert by_typed_keys(error, config, ["width=3"]) is error
    error = UserError("The width is too small.")
    assert by_typed_keys(error, config, ["width=3"]) is error
    assert by_typed_keys(UserError("high must be more."), config, []).args == ("high must be more.",)
    told = by_typed_keys(UserError("high must be more."), config, ["width=3"])
    assert str(told) == "width=3 cannot be computed: high must be more."
