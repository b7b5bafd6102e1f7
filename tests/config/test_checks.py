"""Rules, and the one wording of breaking one."""

import pickle
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest

from gan_lab.config.checks import (
    Decay,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    Probability,
    Rule,
    Settings,
    UpToThousand,
)
from gan_lab.config.errors import BadValueError


@dataclass(frozen=True)
class Settings(Settings):
    count: PositiveInt = 3
    rate: PositiveFloat | None = None
    seeds: PositiveInt | tuple[NonNegativeInt, ...] = 1
    kind: Literal["clip", "gp"] = "clip"
    channels: Literal[1, 3] = 1
    points: tuple[tuple[float, ...], ...] = ()
    parts: dict[str, int] | None = None
    decay: Decay = 0.9
    rounds: UpToThousand = 1
    share: Probability = 0.5
    name: Annotated[str, Rule("a short name", lambda v: len(v) < 9)] = "wgan"
    bounds: Annotated[tuple[float, ...], Rule("numbers, at least one", lambda v: len(v) > 0)] = (0.1,)


def test_values_become_what_the_annotation_says() -> None:
    settings = Settings(rate=2, points=[[1, 2.5], [3]])  # type: ignore[arg-type]
    assert (settings.rate, type(settings.rate)) == (2.0, float)
    assert settings.points == ((1.0, 2.5), (3.0,))


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("count", 0, "a whole number greater than 0"),
        ("count", True, "a whole number greater than 0"),
        ("count", 1.0, "a whole number greater than 0"),
        ("count", 10**18 + 1, "at most 10^18"),
        ("seeds", 10**18 + 1, "at most 10^18"),
        ("seeds", [1, 10**18 + 1], "at most 10^18"),
        ("name", 5, "a short name"),  # whose rules hold of texts, and of no number
        ("bounds", 5, "numbers, at least one"),
        ("seeds", [-1], "a whole number greater than 0 or a list, each entry a whole number, 0 or greater"),
        ("rounds", 1001, "a whole number from 1 to 1000"),
        ("rate", -1.0, "a number greater than 0 or null"),
        ("rate", float("nan"), "a finite number greater than 0 or null"),
        ("rate", float("inf"), "a finite number greater than 0 or null"),
        ("rate", "fast", "a number greater than 0 or null"),
        ("rate", 10**400, "a number greater than 0 or null"),
        ("kind", "r1", "one of clip, gp"),
        ("channels", 2, "one of 1, 3"),
        ("channels", 3.0, "one of 1, 3"),
        ("channels", True, "one of 1, 3"),
        ("points", [[1.0], ["a"]], "a list, each entry a list, each entry a finite number"),
        ("points", 1.0, "a list, each entry a list, each entry a finite number"),
        ("parts", {"a": "b"}, "a mapping, each entry a whole number or null"),
        ("decay", 1.0, "a number from 0 up to, but not including, 1"),
        ("share", 1.1, "a number between 0 and 1"),
    ],
)
def test_a_broken_rule_is_said_in_a_sentence(name: str, value: Any, rule: str) -> None:
    with pytest.raises(BadValueError) as caught:
        Settings(**{name: value})
    assert str(caught.value) == f"{name} must be {rule}; got {value!r}."
    assert str(caught.value.below("group")) == f"group.{name} must be {rule}; got {value!r}."


def test_a_refusal_survives_the_way_back_from_a_worker_process() -> None:
    error = pickle.loads(pickle.dumps(BadValueError("a.b", "positive", -1)))
    assert (str(error), error.key) == ("a.b must be positive; got -1.", "a.b")
