"""The board of runs has no bands over seeds among them, and the board of bands has nothing else."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from werkzeug.test import Client

from gan_lab.tracking.board import pinned_view
from gan_lab.tracking.board_bands import BANDS_VIEW, has_bands, is_band
from gan_lab.tracking.board_server import OwnAnswers
from support.report_runs import write_run

RUN, BAND = "wgan/seed0", "report/tensorboard/wgan"
PICTURES = {"tagRunSampledInfo": {"samples/real": {RUN: {"maxSamplesPerStep": 1}}}}
MULTILINE, MARGIN = {"title": "slope", "multiline": {}}, {"title": "slope", "margin": {}}


def series(*runs: str) -> dict[str, Any]:
    return {"scalars": {"runTagInfo": {run: ["a"] for run in runs}}, "images": PICTURES}


def layout(*charts: dict[str, Any]) -> dict[str, Any]:
    return {"category": [{"title": "health", "chart": [*charts], "closed": False}]}


# what TensorBoard answers, what of it is the board of runs', and what that of bands
ANSWERS: dict[str, tuple[Any, Any, Any]] = {
    "/data/runs": ([RUN, BAND], [RUN], [BAND]),
    "/experiment/defaultExperimentId/data/runs": ([RUN, BAND], [RUN], [BAND]),
    "/data/plugin/scalars/tags": ({RUN: ["a"], BAND: ["b"]}, {RUN: ["a"]}, {BAND: ["b"]}),
    "/data/plugin/images/tags": ({RUN: ["a"]}, {RUN: ["a"]}, {}),
    "/data/plugin/timeseries/tags": (series(RUN, BAND), series(RUN), series(BAND)),
    "/data/plugin/custom_scalars/layout": (layout(MULTILINE, MARGIN), layout(MULTILINE), layout(MARGIN)),
    "/data/plugin/scalars/scalars": ([[0.0, 1, 2.0]], [[0.0, 1, 2.0]], [[0.0, 1, 2.0]]),
}


def tensorboard(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Stand for TensorBoard."""
    path = environ["PATH_INFO"].removeprefix("/board")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"<html><body>page</body></html>" if path == "/" else json.dumps(ANSWERS[path][0]).encode()]


def write_bands(sweep: Path) -> None:
    folder = sweep / "report" / "tensorboard" / "wgan"
    folder.mkdir(parents=True)
    (folder / "events.out.tfevents.0000000000.seeds").touch()


@pytest.mark.parametrize("prefix", ["", "/board"])
@pytest.mark.parametrize("path", ANSWERS)
def test_each_board_has_its_own(path: str, prefix: str, tmp_path: Path) -> None:
    client = Client(OwnAnswers(tensorboard, tmp_path, prefix))
    _, runs, bands = ANSWERS[path]
    assert json.loads(client.get(f"{prefix}{path}").text) == runs
    assert json.loads(client.get(f"{prefix}/bands{path}").text) == bands


def test_a_category_without_charts_and_a_layout_that_is_none_are_left_out(
    tmp_path: Path, monkeypatch: Any
) -> None:
    client = Client(OwnAnswers(tensorboard, tmp_path))
    path = "/data/plugin/custom_scalars/layout"
    for answer, expected in ((layout(MARGIN), {"category": []}), ({}, {})):
        monkeypatch.setitem(ANSWERS, path, (answer, None, None))
        assert json.loads(client.get(path).text) == expected


@pytest.mark.parametrize("path", ANSWERS)
def test_of_the_folder_of_bands_alone_they_are_the_runs(path: str, tmp_path: Path) -> None:
    client = Client(OwnAnswers(tensorboard, tmp_path / "report" / "tensorboard"))
    assert json.loads(client.get(path).text) == ANSWERS[path][0]


@pytest.mark.parametrize("prefix", ["", "/board"])
def test_each_page_has_a_link_to_the_other(prefix: str, tmp_path: Path) -> None:
    write_run(tmp_path / "sweep" / "run")
    client = Client(OwnAnswers(tensorboard, tmp_path, prefix))
    alone = f"{prefix}/{pinned_view(tmp_path)}"
    # without bands there is nothing to link to, and their address leads to the runs
    assert client.get(f"{prefix}/?x").text == "<html><body>page</body></html>"
    assert client.get(f"{prefix}/bands/").headers["Location"] == alone
    write_bands(tmp_path / "sweep")
    assert '<body>page<a href="bands/"' in client.get(f"{prefix}/?x").text
    assert '<body>page<a href="../"' in client.get(f"{prefix}/bands/?x").text
    assert client.get(f"{prefix}/").headers["Location"] == alone
    for address in ("/bands", "/bands/"):
        assert client.get(f"{prefix}{address}").headers["Location"] == f"{prefix}/bands/{BANDS_VIEW}"


@pytest.mark.parametrize("sweep", [".", "sweep", "outputs/sweep"])
def test_bands_are_found_beside_the_runs_that_they_are_of(sweep: str, tmp_path: Path) -> None:
    write_run(tmp_path / sweep / "job" / "seed0")
    assert not has_bands(tmp_path)
    write_bands(tmp_path / sweep)
    assert has_bands(tmp_path)
    assert not has_bands(tmp_path / sweep / "job")


@pytest.mark.parametrize(
    ("run", "band"),
    [
        (RUN, False),
        (BAND, True),
        (f"stability/{BAND}", True),
        ("report/seed0", False),
        ("my_report/tensorboard/a", False),
        ("report/tensorboard", False),
    ],
)
def test_bands_are_known_by_their_folder(run: str, band: bool) -> None:
    assert is_band(run) == band
