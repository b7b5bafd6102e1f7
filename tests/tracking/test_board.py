"""The address under which TensorBoard shows what tells most before all else."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from gan_lab.config.errors import UserError
from gan_lab.tracking.board import address_of, pinned_view, tensorboard_command
from support.report_runs import table, write_run


def cards_of(view: str) -> list[dict[str, Any]]:
    cards: list[dict[str, Any]] = json.loads(parse_qs(urlsplit(view).query)["pinnedCards"][0])
    return cards


def test_what_was_measured_is_pinned_in_reading_order_with_samples_in_the_first_row(tmp_path: Path) -> None:
    for job, estimate in (("b job=1", "jsd"), ("a", None)):
        for seed in range(2):
            numbers = table(estimate=estimate, health__critic_slope=1.0)
            write_run(tmp_path / job / f"seed{seed}", numbers=numbers, seed=seed)
    cards = cards_of(pinned_view(tmp_path))
    assert [card["tag"] for card in cards if card["plugin"] == "scalars"] == [
        "distance/jsd",
        "distance/critic_median",
        "distance/w1_exact",
        "health/critic_slope",
        "quality/modes_hit",
    ]
    assert [card["plugin"] for card in cards][:2] == ["scalars", "images"]


def test_samples_are_of_the_newest_run_of_each_objective(tmp_path: Path) -> None:
    for name, objective, hour in (("a", "gan", 1), ("b", "gan", 3), ("c", "wgan", 4), ("d", "wgan", 2)):
        updated = f"2026-01-01T0{hour}:00:00+00:00"
        write_run(tmp_path / name, choices={"objective": objective}, updated=updated)
    shown = [card["runId"] for card in cards_of(pinned_view(tmp_path)) if card["plugin"] == "images"]
    assert shown == ["defaultExperimentId/c", "defaultExperimentId/b"]


@pytest.mark.parametrize("run", ["alone", "job=1/seed0", "job=1/seed12", "seed3/alone"])
def test_seeds_of_a_job_share_a_colour_and_every_other_run_has_its_own(run: str, tmp_path: Path) -> None:
    (found,) = parse_qs(urlsplit(pinned_view(tmp_path)).query)["runColorGroup"]
    # TensorBoard groups runs by what the parentheses match
    (group,) = re.fullmatch(found.removeprefix("regex:"), run).groups()  # type: ignore[union-attr]
    assert group == run.removesuffix("/seed0").removesuffix("/seed12")


def test_the_view_is_of_no_tab_so_that_an_address_with_one_leads_there(tmp_path: Path) -> None:
    # where a redirect names a fragment, the one that was asked for is lost: RFC 9110, 10.2.2
    assert urlsplit(pinned_view(tmp_path)).fragment == ""


@pytest.mark.parametrize("port", ["65536", "99999999", "-1", "http", "6006.0", "9" * 5000])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(UserError, match="--port must be default, or a whole number from 0 to 65535; got"):
        address_of([f"--port={port}"])


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ([], "http://localhost:6006/"),
        (["--port", "7007", "--bind_all"], "http://localhost:7007/"),
        (["--host=0.0.0.0", "--port=7007"], "http://0.0.0.0:7007/"),
        (["--port", "default"], "http://localhost:6006/"),
        (["--port", "0"], ""),  # a free one, which the server says
        (["--path_prefix=/board/"], "http://localhost:6006/board/"),
    ],
)
def test_the_address_is_short_and_where_tensorboard_will_be(options: list[str], address: str) -> None:
    assert address_of(options) == address


def test_a_run_without_a_table_is_no_obstacle(tmp_path: Path) -> None:
    (write_run(tmp_path / "run") / "metrics.csv").unlink()
    assert [card["plugin"] for card in cards_of(pinned_view(tmp_path))] == ["images"]


def test_own_options_come_last_so_that_they_win(tmp_path: Path) -> None:
    *_, limits, last = tensorboard_command(tmp_path, ["--samples_per_plugin=scalars=10"])
    assert limits.startswith("--samples_per_plugin=scalars=1000000000,")
    assert last == "--samples_per_plugin=scalars=10"
