"""The table of keys that composition alone reads, held to the files that read them."""

import pytest
import yaml

from gan_lab.config.composition import TABLE, CompositionKey
from gan_lab.config.options import config_folder
from gan_lab.runs.config_hash import KEYS_OF_COMPOSITION, KEYS_OF_EXPERIMENTS


@pytest.mark.parametrize("key", TABLE, ids=lambda key: key.name)
def test_the_files_that_read_a_key_are_those_that_the_table_names(key: CompositionKey) -> None:
    texts = {path: path.read_text() for path in config_folder().rglob("*.yaml")}
    readers = {path for path, text in texts.items() if key.interpolation in text}
    assert readers
    assert key.name in yaml.safe_load(texts[config_folder() / "config.yaml"])
    if key.group:
        assert readers == {config_folder() / key.group / f"{key.option}.yaml"}
    if key.group and key.setter and not key.trace:
        (reader,) = readers
        line = next(line for line in texts[reader].splitlines() if key.interpolation in line)
        assert line.partition(":")[0].strip() == key.setter.rpartition(".")[2]


def test_lists_are_taken_from_the_table() -> None:
    assert KEYS_OF_EXPERIMENTS == ("scale", "draw", "learning_rate")
    assert {*KEYS_OF_COMPOSITION} == {key.name for key in TABLE} - {"critic_norm"}


def test_a_setting_is_that_of_a_lone_option_or_of_one_among_several() -> None:
    setters = {key.name: key.setters for key in TABLE}
    assert setters["r1_weight"] == {"constraint.weight", "constraint.parts.r1.weight"}
    assert setters["clip_lr_share"] == {"critic_lr_share"}
    assert setters["draw"] == set()
