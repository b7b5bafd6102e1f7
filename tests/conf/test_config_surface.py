"""Anything at any key: what a config describes is built, or refused in one sentence that names a key."""

import copy
import functools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gan_lab.config.errors import UserError
from gan_lab.game.setup import build_setup
from gan_lab.tracking.writers.choice import build_tracker
from support.configs import compose_config

CONFIGS = {
    "wgan on digits": ["objective=wgan", "dataset=digits"],
    "wgan-gp on a ring": ["objective=wgan_gp", "dataset=ring8"],
    "fgan on a mixture": ["objective=fgan_alpha", "dataset=gaussian_mixture", "constraint=dragan"],
    "two constraints on photos": [
        "objective=hinge",
        "dataset=photos",
        "constraint=[spectral_norm,consistency]",
    ],
    "minimax on lines": [
        "objective=gan_minimax",
        "dataset=parallel_lines",
        "+optimizer@critic_optimizer=rmsprop",
    ],
    "least squares on a folder": ["objective=lsgan", "dataset=image_folder", "architecture=mlp_mlp"],
}

# read by composition or by the command line, before anything is built
NOT_BUILT = {"trusted", "critic_norm"}

# nothing above it: a hundred hidden layers of a hundred thousand units would be granted and fill the memory
LARGEST = 64

numbers = st.integers(-LARGEST, LARGEST) | st.floats() | st.floats(-1, LARGEST)
# too long to be a float, and of another order than anything that can be meant
monsters = st.sampled_from([10**400, -(10**400)])
texts = st.text(max_size=8) | st.sampled_from(
    ["", "adam", "gan_lab.x.Y", "cuda", "cuda:99", "1", "1e-3", "null", "cpu"]
)
scalars = st.none() | st.booleans() | numbers | texts
values = scalars | st.lists(scalars, max_size=3) | st.dictionaries(st.text(max_size=4), scalars, max_size=2)


@functools.cache
def composed(name: str) -> dict[str, Any]:
    return compose_config("device=cpu", *CONFIGS[name])


def leaves(node: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in node.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*path, key))
        elif key not in NOT_BUILT:
            yield (*path, key)


def is_size(path: tuple[str, ...]) -> bool:
    return path[-1] in ("width", "depth", "latent_dim", "size", "stride", "n_modes", "n_per_side")


def put(config: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    config = copy.deepcopy(config)
    node = config
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return config


def names_a_key(message: str, config: dict[str, Any], path: tuple[str, ...]) -> bool:
    """Whether a message names the key that was set, a node above it, or another one that it does not fit."""
    above = {".".join(path[:length]) for length in range(1, len(path) + 1)}
    others = {".".join(leaf) for leaf in leaves(config)} | {"architecture.generator", "architecture.critic"}
    words = set(re.findall(r"[\w]+(?:\.\w+)*", message.split(";")[0]))
    return bool(words & (above | others))


def assert_built_or_refused(config: dict[str, Any], path: tuple[str, ...]) -> None:
    """Build what a config describes, or find a key in the one sentence that refuses it."""
    try:
        build_setup(config)
    except UserError as refusal:
        message = str(refusal)
    else:
        return
    assert names_a_key(message, config, path), message
    assert message.endswith("."), message


@pytest.mark.parametrize("name", CONFIGS)
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
@pytest.mark.slow
def test_any_value_at_any_key(name: str, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(list(leaves(composed(name)))), label="key")
    value = data.draw(values if is_size(path) else values | monsters, label="value")
    assert_built_or_refused(put(composed(name), path, value), path)


@pytest.mark.parametrize(
    "value",
    [None, True, "text", -1, 0.5, float("nan"), float("inf"), [], [1], {}, 10**400],
    ids=lambda value: repr(value)[:8],
)
@pytest.mark.slow
def test_each_of_the_usual_mistakes_at_every_key(value: Any) -> None:
    for name in CONFIGS:
        for path in leaves(composed(name)):
            if not (is_size(path) and value == 10**400):
                assert_built_or_refused(put(composed(name), path, value), path)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_key_that_is_missing_or_misspelt_is_named(name: str) -> None:
    config = composed(name)
    for path in leaves(config):
        node = functools.reduce(lambda inner, key: inner[key], path[:-1], config)
        without = {key: value for key, value in node.items() if key != path[-1]}
        changed = put(config, path[:-1], without) if len(path) > 1 else without
        if "_target_" in node or path[0] == "train":
            # elsewhere Hydra has refused it before; the tracker is no part of the game, and built beside it
            made = build_tracker if path[0] == "tracker" else build_setup
            with pytest.raises(UserError, match=re.escape(f"{'.'.join(path)}_x is not a setting of ")):
                made(put(config, (*path[:-1], f"{path[-1]}_x"), 1))
        assert_built_or_refused(changed, path)


@pytest.mark.parametrize("key", ["architecture", "train", "dataset", "objective", "constraint", "optimizer"])
@pytest.mark.parametrize("value", [None, 5, "text", [1], {}], ids=repr)
def test_a_whole_group_of_something_else_is_named(key: str, value: object) -> None:
    with pytest.raises(UserError, match=rf"^{key}[ .]"):
        build_setup(composed("wgan-gp on a ring") | {key: value})
