"""What the board's server answers instead of TensorBoard."""

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from tensorboard import program
from werkzeug.test import Client

from gan_lab.tracking.board import pinned_view
from gan_lab.tracking.board_notes import WithoutNotes
from gan_lab.tracking.board_server import BoardServer, OwnAnswers, read_options
from support.report_runs import write_run

EXPERIMENT = {
    "hparamInfos": [
        {"name": name, "differs": name == "batch"} for name in ("batch", "architecture", "objective", "seed")
    ],
    "metricInfos": [
        {"name": {"tag": tag, "group": ""}}
        for tag in ("distance/jsd", "final/recall", "final/w1_exact", "final/jsd")
    ],
}


def tensorboard(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Stand for TensorBoard: its HPARAMS, and the path and query of whatever else it is asked."""
    assert "HTTP_ACCEPT_ENCODING" not in environ or "hparams" not in environ["PATH_INFO"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"].endswith("/data/plugin/hparams/experiment"):
        return [json.dumps(EXPERIMENT).encode()]
    return [f"{environ['PATH_INFO']} {environ['QUERY_STRING']}".encode()]


@pytest.mark.parametrize(("prefix", "path"), [("", "/"), ("/board", "/board/"), ("/board", "/board")])
def test_the_bare_address_leads_to_the_view_of_that_moment(prefix: str, path: str, tmp_path: Path) -> None:
    client = Client(OwnAnswers(tensorboard, tmp_path, prefix))
    empty = client.get(path).headers["Location"]
    assert empty == f"{prefix}/{pinned_view(tmp_path)}"
    write_run(tmp_path / "run")
    found = client.get(path).headers["Location"]
    assert found == f"{prefix}/{pinned_view(tmp_path)}"
    assert found != empty


def test_notes_at_tensorboards_start_are_left_out_and_all_else_is_told() -> None:
    told = io.StringIO()
    stream = WithoutNotes(told)
    print("TensorFlow installation not found - running with reduced feature set.", file=stream)
    stream.write(program._DATA_SERVER_ADVISORY_MESSAGE)
    print("ERROR: could not bind to port 6006", file=stream)
    print(file=stream)
    assert told.getvalue() == "ERROR: could not bind to port 6006\n\n"


@pytest.mark.parametrize("path", ["/?x", "/data/environment", "/index.js?v=1"])
def test_everything_else_is_tensorboards(path: str, tmp_path: Path) -> None:
    answer = Client(OwnAnswers(tensorboard, tmp_path)).get(path)
    assert (answer.status_code, answer.text) == (200, f"{path.partition('?')[0]} {path.partition('?')[2]}")


def test_a_folder_that_is_gone_is_tensorboards_to_tell_of(tmp_path: Path) -> None:
    assert Client(OwnAnswers(tensorboard, tmp_path / "gone")).get("/").text == "/ "


def test_hparams_begins_with_what_a_run_is_and_the_numbers_that_tell_most(tmp_path: Path) -> None:
    client = Client(OwnAnswers(tensorboard, tmp_path))
    answer = client.post("/data/plugin/hparams/experiment", headers={"Accept-Encoding": "gzip"})
    found: dict[str, Any] = json.loads(answer.get_data())
    assert [info["name"] for info in found["hparamInfos"]] == ["objective", "architecture", "seed", "batch"]
    assert all(info["differs"] for info in found["hparamInfos"])
    assert [info["name"]["tag"] for info in found["metricInfos"]] == [
        "final/jsd",
        "final/w1_exact",
        "final/recall",
        "distance/jsd",
    ]


def test_a_refusal_of_hparams_is_handed_on(tmp_path: Path) -> None:
    def broken(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        del environ
        start_response("400 Bad Request", [("Content-Type", "text/plain")])
        return [b"no"]

    answer = Client(OwnAnswers(broken, tmp_path)).post("/data/plugin/hparams/experiment")
    assert (answer.status_code, answer.text) == (400, "no")


def test_a_browser_is_opened_where_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("tensorboard.program.WerkzeugServer.serve_forever", lambda self: None)
    monkeypatch.setattr(BoardServer, "get_url", lambda self: "http://here/")
    for opens in (False, True):
        monkeypatch.setattr(BoardServer, "opens", opens)
        BoardServer.__new__(BoardServer).serve_forever()
    assert opened == ["http://here/"]


def test_of_an_option_that_is_none_the_reason_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        read_options(program.TensorBoard(), ["tensorboard", "--logdir", str(tmp_path), "--prot=1"])
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "unrecognized arguments: --prot=1" in said
