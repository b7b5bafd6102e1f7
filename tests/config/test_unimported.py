"""Rules of settings as they are read from source: those of the classes themselves, or none."""

import dataclasses
import importlib
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest

from gan_lab.architectures.shapes import Role, require_samples
from gan_lab.config.build import build
from gan_lab.config.checks import Rule, Settings, config_key, describe_rule
from gan_lab.config.errors import UserError
from gan_lab.config.options import config_folder, list_options, option_node
from gan_lab.config.unimported import check_node, check_settings, read_fields, read_property

SETTINGS = ["gan_lab.game.settings.TrainSettings", "gan_lab.game.settings.MetricsSettings"]
TARGETS = sorted(
    {
        path
        for file in config_folder().rglob("*.yaml")
        for path in re.findall(r"_target_: (gan_lab\.[\w.]+)", file.read_text())
        if not path.startswith("gan_lab.cli")
    }
)
OF_RUNS = [path for path in TARGETS if not path.startswith("gan_lab.lectures")]


def imported(path: str) -> type[Settings]:
    module, _, name = path.rpartition(".")
    found: type[Settings] = getattr(importlib.import_module(module), name)
    return found


def in_words(hint: Any) -> str:
    """A hint as a refusal words it; what is built of a node, and so checked by itself, is alike."""
    if (isinstance(hint, type) and issubclass(hint, Settings)) or hint is Any:
        return "a node"
    if get_origin(hint) is Annotated and any(isinstance(each, Rule) for each in get_args(hint)):
        return f"{in_words(get_args(hint)[0])}, {describe_rule(hint)}"
    if get_args(hint):
        return f"{get_origin(hint)}[{', '.join(map(in_words, get_args(hint)))}]"
    return str(hint)


@pytest.mark.parametrize("path", [*SETTINGS, *TARGETS])
def test_fields_are_those_of_the_class(path: str) -> None:
    fields = {each.name: each for each in dataclasses.fields(imported(path))}  # type: ignore[arg-type]
    read = read_fields(path)
    assert read is not None
    assert list(read) == list(fields)
    missing = dataclasses.MISSING
    for name, field in fields.items():
        assert read[name].key == config_key(field)
        assert read[name].has_default == (
            field.default is not missing or field.default_factory is not missing
        )


@pytest.mark.parametrize("path", [*SETTINGS, *OF_RUNS])
def test_every_rule_of_a_run_is_read(path: str) -> None:
    hints, read = get_type_hints(imported(path), include_extras=True), read_fields(path)
    assert read is not None
    assert {name: in_words(each.hint) for name, each in read.items()} == {
        name: in_words(hints[name]) for name in read
    }


def test_the_options_of_runs_are_many() -> None:
    assert len(OF_RUNS) > 40


@pytest.mark.parametrize("path", TARGETS)
def test_a_rule_that_cannot_be_read_is_none(path: str) -> None:
    """The lectures have rules made by functions; of those nothing is known, instead of something else."""
    hints, read = get_type_hints(imported(path), include_extras=True), read_fields(path)
    assert read is not None
    known = {name: each.hint for name, each in read.items() if each.hint is not Any}
    assert {name: in_words(hint) for name, hint in known.items()} == {
        name: in_words(hints[name]) for name in known
    }


def refusal_of(check: Any, node: Mapping[str, Any]) -> str:
    with pytest.raises(UserError) as refused:
        check(node)
    return str(refused.value)


RING = {"_target_": "gan_lab.datasets.toy.Ring"}


@pytest.mark.parametrize(
    "node",
    [
        RING | {"n_modes": 0},
        RING | {"radius": "wide"},
        RING | {"stdd": 1.0},
        {"_target_": "gan_lab.objectives.gan.GAN", "generator_loss": "sideways"},
        {
            "_target_": "gan_lab.constraints.compose.Compose",
            "parts": {"clip": {"_target_": "gan_lab.constraints.clip.WeightClip", "bound": -1}},
        },
        {"_target_": "gan_lab.optimizers.linear_decay.LinearDecay", "rule": None},
    ],
    ids=lambda node: str(sorted(node)),
)
def test_refusals_are_those_of_build(node: Mapping[str, Any]) -> None:
    said = refusal_of(lambda it: check_node(it, "x"), node)
    assert said == refusal_of(lambda it: build(it, Settings, "x"), node)


@pytest.mark.parametrize(
    "node",
    [
        RING | {"n_modes": 3},
        {"_target_": "somebody.else.Ring", "n_modes": -3},
        {"_target_": "gan_lab.no_such_module.Ring", "n_modes": -3},
        {"_target_": "gan_lab.datasets.toy.NoSuchClass", "n_modes": -3},
        {"_target_": "gan_lab/../../x", "n_modes": -3},
        "no node",
        None,
    ],
)
def test_what_is_unknown_is_left_to_whoever_builds(node: object) -> None:
    check_node(node, "x")


def test_a_plain_section_is_checked_by_the_name_of_its_class() -> None:
    check_settings(SETTINGS[1], {"samples": 32}, "metrics")
    said = refusal_of(lambda it: check_settings(SETTINGS[1], it, "metrics"), {"samples": 31})
    assert said == "metrics.samples must be a whole number of at least 32; got 31."


@pytest.mark.parametrize("name", sorted(list_options("dataset", [config_folder()])))
def test_shapes_are_read_as_the_datasets_have_them(name: str) -> None:
    node = dict(option_node("dataset", name))
    path = node.pop("_target_")
    shape = build({"_target_": path, **node}, Settings, "dataset").data_shape  # type: ignore[attr-defined]
    assert read_property(path, "data_shape", node) == shape


def test_a_property_that_is_more_than_an_expression_is_not_read() -> None:
    path = "gan_lab.datasets.torchvision_sets.Mnist"
    assert read_property(path, "pack_path", {"size": 32}) is None
    assert read_property(path, "nothing", {}) is None
    assert read_property("torch.nn.Linear", "data_shape", {}) is None


SHAPES = [(2,), (1, 28, 28), (3, 32, 32), (1, 16, 32)]


@pytest.mark.parametrize("role", ["generator", "critic"])
def test_samples_that_an_architecture_refuses_are_refused_in_the_same_words_before(role: Role) -> None:
    group, kinds = f"architecture/{role}", set()
    for option in list_options(group, [config_folder()]):
        node = dict(option_node(group, option))
        samples = read_property(node["_target_"], "samples", {})
        kinds.add(samples)
        small = {key: value for key, value in {"width": 2, "norm": "none"}.items() if key in node}
        network: Any = build({**node, **small}, Settings, "x")
        for shape in SHAPES:
            given = (2, shape) if role == "generator" else (shape,)
            before = refused(partial(require_samples, samples, role, shape))
            assert before == refused(partial(network.build, *given)), (option, shape)
    assert kinds == {"images", "dcgan_images", "vectors"}


def refused(call: Callable[[], object]) -> str | None:
    """What a call is refused with; None if it is not."""
    try:
        call()
    except UserError as error:
        return str(error)
    return None
