"""Every value that an option's file sets is in one table, with its source; and what is composed has it."""

import functools
import json
import math
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch

from gan_lab.config.build import build
from gan_lab.config.options import config_folder
from gan_lab.config.scales import SCALES
from gan_lab.objectives.base import Objective
from gan_lab.runs.record import leaves_of
from support.configs import compose_config
from support.published import FOLDER, Row, option_files, read_table, values_in

TABLE = read_table()
OF_OPTION = {
    option: [row for row in TABLE if row.option == option] for option in {row.option for row in TABLE}
}
OPTIONS_WITH_ROWS = 85  # how many there are; none is to lose all of its rows
OBJECTIVES = sorted(option for option in OF_OPTION if option.startswith("objective/"))
_AT_SCALE = re.compile(r"\$\{gan_lab\.scale:([^${}]*)\}")


@functools.cache
def composed(*overrides: str) -> dict[str, Any]:
    return compose_config(*overrides)


@pytest.mark.parametrize(
    "path", option_files(), ids=lambda path: path.relative_to(config_folder()).as_posix()
)
def test_every_value_of_an_option_is_the_one_in_the_table(path: Any) -> None:
    found = values_in(path)
    assert found, "a file that sets nothing"
    option = next(iter(found))[0]
    if option not in OF_OPTION:
        # a new option is its own two files; its values are looked after once they have rows
        pytest.skip(f"{option} has no row in {FOLDER}/*.csv yet")
    rows = {(row.option, row.key): row.value for row in OF_OPTION[option]}
    missing = found.keys() - rows.keys()
    assert not missing, f"no row, with a source, in {FOLDER}/*.csv for {sorted(missing)}"
    assert found == rows


def test_no_row_is_of_nothing_twice_or_without_a_source() -> None:
    found = {place for path in option_files() for place in values_in(path)}
    places = [(row.option, row.key) for row in TABLE]
    assert set(places) <= found
    assert len(set(places)) == len(places) > 350
    assert [row for row in TABLE if len(row.source) < 10] == []
    assert len(OF_OPTION) >= OPTIONS_WITH_ROWS


ASKED = "rate|adam_beta1|label_distance|gp_weight|r1_weight|clip_bound|at_least|with_constraint"


def published(text: str) -> Any:
    """The value of a row, and of one that asks a resolver, what it resolves to with its first value."""
    value = json.loads(text)
    asked = (
        re.fullmatch(rf"\$\{{gan_lab\.(?:{ASKED}):(?:\[.*\],)?([^,}}]*).*\}}", value)
        if isinstance(value, str)
        else None
    )
    if not asked:
        return value
    return asked[1] if asked[1].isalpha() else float(asked[1])


def follow(option: str) -> list[Row]:
    """The rows of an option and of those that it chooses, with keys as a whole config has them."""
    rows = []
    for row in OF_OPTION[option]:
        chosen = re.fullmatch(r"defaults\./(optimizer|constraint)", row.key)
        if chosen:
            group = chosen[1]
            part = OF_OPTION[f"{group}/{json.loads(row.value)}"]
            rows += [each._replace(key=f"{group}.{each.key}") for each in part]
        elif not row.key.startswith("defaults."):
            rows.append(row)
    return rows


@pytest.mark.parametrize("option", OBJECTIVES)
def test_a_run_of_an_objective_has_what_was_published(option: str) -> None:
    leaves = leaves_of(composed(option.replace("/", "=", 1)))
    for row in follow(option):
        value = leaves[row.key]
        if row.key.endswith("_target_"):
            value = value.rpartition(".")[2]
        assert value == published(row.value), f"{row.key} is {value}; {row.source}"


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(
    ("sizes", "overrides"),
    [
        ("images", ("experiment=fig3", "panel=mlp", "dataset=digits")),
        ("toys", ("experiment=toy_modes", "dataset=ring8", "objective=gan")),
    ],
)
def test_the_sizes_of_experiments_are_those_of_the_table(
    sizes: str, overrides: tuple[str, ...], scale: str
) -> None:
    leaves, compared = leaves_of(composed(*overrides, f"scale={scale}")), 0
    for row in OF_OPTION[f"sizes/{sizes}"]:
        value = json.loads(row.value)
        three = _AT_SCALE.fullmatch(value) if isinstance(value, str) else None
        if row.key in leaves and three:
            expected = three[1].split(",")[SCALES.index(scale)]
            is_number = isinstance(leaves[row.key], int | float)
            assert leaves[row.key] == (
                float(expected) if is_number else None if expected == "null" else expected
            )
            compared += 1
    assert compared >= 8


def softplus(v: float) -> float:
    return math.log1p(math.exp(v))


GENERATOR_LOSSES: dict[str, Callable[[float], float]] = {
    # of one score v of a generated sample; f-GANs minimise -g_f(v) (f-GAN, section 3.2 and table 2)
    "gan": lambda v: softplus(-v),
    "gan_minimax": lambda v: -softplus(v),
    "wgan": lambda v: -v,
    "wgan_gp": lambda v: -v,
    "hinge": lambda v: -v,
    "lsgan": lambda v: (v - 1) ** 2 / 2,
    "fgan_kl": lambda v: -v,
    "fgan_reverse_kl": lambda v: math.exp(-v),
    "fgan_pearson": lambda v: -v,
    "fgan_neyman": lambda v: math.exp(-v) - 1,
    "fgan_squared_hellinger": lambda v: math.exp(-v) - 1,
    "fgan_jeffrey": lambda v: -v,
    "fgan_jensen_shannon": lambda v: softplus(-v) - math.log(2),
    "fgan_gan": lambda v: softplus(-v),
    "fgan_total_variation": lambda v: -math.tanh(v) / 2,
    "fgan_alpha": lambda v: softplus(-v) - 2,
}


@pytest.mark.parametrize("name", GENERATOR_LOSSES)
@pytest.mark.parametrize("score", [-1.3, 0.4, 2.0])
def test_a_generator_minimises_what_its_option_says(name: str, score: float) -> None:
    objective = build(composed(f"objective={name}")["objective"], Objective, "objective")
    fake = torch.full((3,), score, dtype=torch.float64)
    loss = float(objective.generator_loss(torch.zeros_like(fake), fake))
    assert loss == pytest.approx(GENERATOR_LOSSES[name](score), abs=1e-12)
