"""The table of tags: no other file spells one, all that is written is in it, and pages say what it says."""

import ast
import csv
import re
import sys
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import tags_page

from gan_lab.config.options import config_folder, list_options
from gan_lab.evaluation.comparison import ImageComparison
from gan_lab.evaluation.feature_network import FeatureNetwork, init_parameters
from gan_lab.metrics.parzen import ParzenEstimate
from gan_lab.tags import names
from gan_lab.tags.table import (
    ESTIMATES,
    GROUPS,
    TABLE,
    charts_of,
    estimate_of,
    find_tag,
    label_of,
    order_of,
    title_of,
)
from support.command_line import gan_lab
from support.configs import TOY, Train
from support.games import rules_of

ROOT = Path(__file__).parents[2]
OF_A_TAG = re.compile(rf"^({'|'.join(GROUPS)})/")
IN_A_TEXT = re.compile(r"(?<![\w/.])(?:distance|health|quality|loss|perf)/[a-z][\w<>]*")


def literals(path: Path) -> list[str]:
    """The strings of a file, and the constant parts of its f-strings, without docstrings."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    constants = [node for node in nodes if isinstance(node, ast.Constant) and id(node) not in docstrings]
    return [node.value for node in constants if isinstance(node.value, str)]


def test_no_other_file_spells_a_tag() -> None:
    files = [path for folder in ("gan_lab", "scripts") for path in (ROOT / folder).rglob("*.py")]
    spelled = {path: [text for text in literals(path) if OF_A_TAG.match(text)] for path in files}
    assert len(spelled.pop(ROOT / "gan_lab" / "tags" / "names.py")) > 30
    assert {str(path.relative_to(ROOT)): found for path, found in spelled.items() if found} == {}


def test_every_name_is_in_the_table_once() -> None:
    named = {text for text in literals(ROOT / "gan_lab" / "tags" / "names.py") if OF_A_TAG.match(text)}
    listed = [tag.name for tag in TABLE]
    assert named <= set(listed)
    assert len(listed) == len(set(listed))
    titles = [title_of(tag.name) for tag in TABLE if not tag.is_family]
    assert len(titles) == len(set(titles))
    assert all(tag.meaning and tag.logged_by and not tag.meaning.endswith(".") for tag in TABLE)


def test_a_tag_belongs_to_one_family_at_most() -> None:
    found = {"layers/0.weight": "layers/<parameter>", "quality/patches_16px": "quality/patches_<side>px"}
    found |= {
        "quality/patches_16px_floor": "quality/<metric>_floor",
        "seeds/distance/jsd/low": "seeds/<tag>/low",
    }
    for name, family in found.items():
        assert [tag.name for tag in TABLE if tag.matches(name)] == [family]


def test_units_of_what_a_parzen_window_gives() -> None:
    given = {name: find_tag(names.parzen_tag(name)) for name in ParzenEstimate._fields}
    units = {name: tag.unit for name, tag in given.items() if tag is not None}
    assert units == {"log_likelihood": "nats", "standard_error": "nats", "width": "pixel values"}


# Estimates and their order


@pytest.mark.parametrize(
    ("tags", "estimate"),
    [
        (["distance/critic_raw", "distance/critic_median", "distance/jsd"], "distance/jsd"),
        (["distance/critic_median", "distance/f_divergence"], "distance/f_divergence"),
        (["distance/w1_exact", "distance/critic_raw", "distance/critic_median"], "distance/critic_median"),
        (["distance/critic_raw"], "distance/critic_raw"),
        (["distance/mine"], None),
    ],
)
def test_the_estimate_is_the_divergence_or_else_the_filtered_gap(
    tags: list[str], estimate: str | None
) -> None:
    assert estimate_of(tags) == estimate


def test_the_table_has_estimates_in_the_same_order() -> None:
    assert sorted(ESTIMATES, key=order_of) == list(ESTIMATES)
    assert [tag.name for tag in TABLE[:3]] == list(ESTIMATES[:3])


@pytest.mark.parametrize("objective", list_options("objective", [config_folder()]))
def test_what_an_objective_names_is_an_estimate(objective: str) -> None:
    named = rules_of(objective, "none").objective.estimate_tag
    assert named is None or names.distance_tag(named) in ESTIMATES


def test_tags_of_plug_ins_come_last_in_their_group_and_have_no_unit() -> None:
    tags = [
        "mine",
        "loss/critic",
        "health/mine",
        "health/critic_slope",
        "distance/mine",
        "distance/critic_raw",
    ]
    assert sorted(tags, key=order_of) == [*tags[:3:-1], *tags[3:0:-1], "mine"]
    assert find_tag("health/own_number") is None
    assert label_of("health/own_number") == title_of("health/own_number") == "own number"
    assert label_of("mine") == "mine"


def test_a_label_has_the_unit_behind_the_title() -> None:
    assert label_of("distance/jsd") == "Jensen-Shannon estimate (nats)"
    assert label_of("quality/frechet_features_floor") == "Fréchet distance of features, floor"


def test_the_first_chart_of_distances_is_of_what_every_run_logs() -> None:
    first = next(iter(charts_of("distance").values()))
    assert set(first) == {"distance/critic_raw", "distance/critic_median"}


# What is written


def columns(path: Path) -> list[str]:
    with path.open(newline="") as file:
        return next(csv.reader(file))


def unknown(tags: list[str]) -> list[str]:
    return [tag for tag in tags if find_tag(tag) is None]


def test_what_runs_and_evaluate_write_is_in_the_table(train: Train) -> None:
    measured = ["metrics.every=4", "metrics.samples=32", "metrics.layers=true", "train.iterations=8"]
    for objective in ("wgan_gp", "wgan", "gan", "fgan_kl"):
        run = train(objective, *TOY, *measured, f"objective={objective}", "train.execution=eager")
        written = columns(run / "metrics.csv")
        assert {"distance/w1_exact", "quality/modes_hit_floor", "loss/critic"} <= set(written)
        assert unknown(written[1:]) == unknown(columns(run / "timing.csv")[1:]) == []
        events = EventAccumulator(str(run))
        events.Reload()
        shown = events.Tags()
        assert {"final/w1_exact", "perf/logging_fraction"} <= set(shown["scalars"])
        assert unknown([*shown["scalars"], *shown["images"], *shown["histograms"]]) == []
    assert gan_lab("evaluate", str(run), "--samples", "32", "--device", "cpu").status == 0
    (path,) = (run / "evaluation").iterdir()
    with path.open(newline="") as file:
        written = [row["metric"] for row in csv.DictReader(file)]
    assert {"test/classifier", "health/pairwise_slope", "distance/critic_gap"} <= set(written)
    assert unknown(written) == []


def test_what_images_are_compared_by_is_in_the_table() -> None:
    rng = torch.Generator().manual_seed(0)
    network = FeatureNetwork(init_parameters((1, 8, 8), 10, rng), (8, 8))
    real, fake = torch.rand(2, 80, 1, 8, 8, generator=rng) * 2 - 1
    written = list(ImageComparison(network, (1, 8, 8)).compare(real, fake))
    assert {"quality/frechet_features", "quality/patches", "quality/patches_8px", "quality/mode_kl"} <= set(
        written
    )
    assert unknown([name for tag in written for name in (tag, names.floor_tag(tag))]) == []


# Pages


def test_the_page_of_tags_is_what_the_table_gives() -> None:
    committed = tags_page.PAGE.read_text(encoding="utf-8")
    assert committed == tags_page.page(), "run `python scripts/tags_page.py`"


def test_the_page_about_reading_a_run_says_what_the_table_says() -> None:
    reading = tags_page.READING.read_text(encoding="utf-8")
    assert reading == tags_page.with_rows(reading), "run `python scripts/tags_page.py`"
    rows = [tag.name for tag in TABLE if tags_page.row_of(tag) in reading]
    assert {"distance/jsd", "distance/critic_median", "quality/precision"} <= set(rows)


def test_tags_that_configs_and_pages_name_exist() -> None:
    paths = [*config_folder().rglob("*.yaml"), ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    named = {tag for path in paths for tag in IN_A_TEXT.findall(path.read_text(encoding="utf-8"))}
    assert {"distance/critic_median", "distance/w1_exact", "loss/critic"} <= named
    assert unknown(sorted(named)) == []
