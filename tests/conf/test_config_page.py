"""Every value of conf/ says what it is, and the page of settings says what conf/ says."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import config_page
from reference import commented
from reference.conf import Conf
from reference.kinds import class_of, words_of

from gan_lab.config.checks import describe_rule
from gan_lab.config.composition import TABLE
from support.configs import compose_config

CONF = Conf()
FILES = sorted({value.file for value in CONF.values})

EXAMPLE = """# @package _global_
# What it is,
# in two lines.
defaults:
  - override /optimizer: adam
  - dcgan

# Above the key.
critic_norm: none

train:  # of a node
  batch_size: 64  # a number of samples
  # above, and
  n_critic: 5  # behind
  seeds: [1,
          2]  # behind the last line
constraint: {bound: 0.1, '#': x}  # of all in the line
shown:
  - kl  # of an entry
quoted: 'a # that is text'
"""


def test_what_a_key_of_composition_may_be_is_its_rule_in_the_table() -> None:
    at_the_top = {value.keys[0]: value for value in CONF.of("config") if len(value.keys) == 1}
    ruled = {key.name: key.rule for key in TABLE if key.rule is not None}
    assert {name: words_of(at_the_top[name]) for name in ruled} == {
        name: describe_rule(rule | None) for name, rule in ruled.items()
    }
    assert words_of(at_the_top["gp_weight"]) == "a number greater than 0 or null"
    assert words_of(at_the_top["critic_lr_share"]) == "a number greater than 0 or null"


def test_each_kind_of_comment_finds_its_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commented, "config_folder", lambda: tmp_path)
    path = tmp_path / "objective" / "example.yaml"
    path.parent.mkdir()
    path.write_text(EXAMPLE)
    found = {".".join(value.keys): (value.written, value.comment) for value in commented.read_values(path)}
    assert found == {
        "critic_norm": ("none", "Above the key."),
        "train.batch_size": ("64", "a number of samples"),
        "train.n_critic": ("5", "above, and; behind"),
        "train.seeds": ("[1, 2]", "behind the last line"),
        "constraint.bound": ("0.1", ""),
        "constraint.#": ("x", ""),
        "shown": ("[kl]", ""),
        "quoted": ("a # that is text", ""),
    }
    above = {value.keys[-1]: value.above for value in commented.read_values(path)}
    assert (above["bound"], above["n_critic"]) == (("of all in the line",), ("of a node",))
    assert commented.header(path) == ["What it is,", "in two lines."]
    assert commented.read_defaults(path) == [("override /optimizer", "adam"), ("", "dcgan")]


@pytest.mark.parametrize("file", FILES)
def test_every_value_says_what_it_is(file: str) -> None:
    silent = [".".join(value.keys) for value in CONF.of(file) if not CONF.comment(value)]
    assert silent == [], f"conf/{file}.yaml: put a comment behind"


def test_every_field_says_what_it_may_be() -> None:
    fields = [value for value in CONF.values if value.kind.startswith("gan_lab.")]
    assert len(fields) > 300
    assert [".".join(value.keys) for value in fields if not words_of(value)] == []
    # the class is there, and has the key: the words are not guessed from the value
    assert [value for value in fields if class_of(value.kind) is None] == []


@pytest.mark.parametrize(
    ("file", "key", "words"),
    [
        ("constraint/clip", "bound", "a number greater than 0"),
        ("config", "train.ema", "a number from 0 up to, but not including, 1 or null"),
        ("config", "seed", "a whole number, 0 or greater"),
        ("config", "critic_norm", "one of batch, layer, none"),
        ("objective/gan", "objective.generator_loss", "one of non_saturating, minimax"),
        ("distances/fgan_table", "optimizer.rule.beta1", "a number from 0 up to, but not including, 1"),
        ("hydra/launcher/joblib", "batch_size", "a number"),
    ],
)
def test_the_range_is_that_of_the_class(file: str, key: str, words: str) -> None:
    (value,) = [value for value in CONF.of(file) if ".".join(value.keys) == key]
    assert words_of(value) == words


def test_a_value_that_several_files_set_is_explained_where_it_is_defined() -> None:
    (value,) = [value for value in CONF.of("objective/hinge") if value.keys == ("train", "batch_size")]
    assert CONF.comment(value).startswith("real samples")
    (depth,) = [
        v for v in CONF.of("experiment/clip_value") if v.keys == ("architecture", "generator", "depth")
    ]
    assert CONF.comment(depth) == "convolutions, those that double the size included"


def test_who_sets_a_key_is_who_hydra_lets_set_it() -> None:
    for key in ("n_critic", "batch_size", "warmup_iterations", "ema"):
        for written, options in CONF.set_by(f"train.{key}").items():
            for option in options:
                if not option.startswith("experiment=") and "$" not in written:
                    assert str(compose_config(option)["train"][key]) == written, option
    assert "dataset=ring8" in CONF.set_by("gp_weight")["0.1"]
    norms = CONF.set_by("critic_norm")
    assert (norms["none"], norms["layer"]) == (["objective=hinge"], ["objective=wgan_gp"])


def test_the_page_of_settings_is_what_conf_gives() -> None:
    committed = config_page.PAGE.read_text(encoding="utf-8")
    assert committed == config_page.page(), "run `python scripts/config_page.py`"
    for key in ("train.n_critic", "constraint.bound", "dataset.root", "optimizer.beta1", "look_every"):
        assert f"| `{key}` |" in committed


@pytest.mark.parametrize("option", CONF.brings)
def test_a_key_is_brought_once(option: str) -> None:
    keys = [key for key, _ in CONF.brings[option]]
    assert len(keys) == len(set(keys))


def test_what_an_option_sets_itself_stands_in_the_place_of_what_it_shares() -> None:
    brought = {key: value.written for key, value in CONF.brings["dataset=parallel_lines"]}
    assert brought["clip_bound"] == "0.03"
    assert "dataset=parallel_lines" not in CONF.set_by("clip_bound")["0.07"]
