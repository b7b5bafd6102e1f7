"""What lies beside a run that is from an archive."""

from pathlib import Path

import pytest

from gan_lab.config.errors import UserError
from gan_lab.runs.archived import ARCHIVED_NAME, Archived, most_bytes_of, read_archived
from gan_lab.runs.checkpoint import load_newest
from gan_lab.runs.finding import Finding
from gan_lab.runs.opening import open_run
from gan_lab.runs.reading import load_record

CONFIG = {"seed": 0}


def begin(path: Path, iterations: int = 10) -> None:
    given = {"iterations": iterations, "seed": 0, "device": "cpu", "command": "", "choices": {}}
    with open_run(path, CONFIG, **given) as run:
        run.update(status="completed", iteration=10)


def test_a_run_from_an_archive_is_neither_trained_on_nor_sampled_nor_touched(tmp_path: Path) -> None:
    begin(tmp_path / "run")
    begin(tmp_path / "run", iterations=20)  # which goes on with one that is whole
    (tmp_path / "run" / ARCHIVED_NAME).write_bytes(Archived().to_json())
    before = load_record(tmp_path / "run")
    words = (
        "run is from an archive, which keeps no checkpoints: it can be reported and not resumed or sampled"
    )
    with pytest.raises(UserError, match=words):
        begin(tmp_path / "run", iterations=30)
    with pytest.raises(UserError, match=words):
        load_newest(tmp_path / "run")
    assert load_record(tmp_path / "run") == before
    (tmp_path / "run" / ARCHIVED_NAME).unlink()
    begin(tmp_path / "run", iterations=30)


def test_the_same_command_skips_what_had_ended(tmp_path: Path) -> None:
    begin(tmp_path / "run")
    (tmp_path / "run" / ARCHIVED_NAME).write_bytes(Archived().to_json())
    given = {"iterations": 10, "seed": 0, "device": "cpu", "command": "", "choices": {}}
    assert open_run(tmp_path / "run", CONFIG, **given).outcome == "finished"


def test_what_is_said_of_a_run_is_read_again(tmp_path: Path) -> None:
    finding = Finding("poor", "warning", "The samples are poor.", "train.iterations=4")
    said = Archived(5, 1000, 300, "distance/jsd", (finding,))
    (tmp_path / ARCHIVED_NAME).write_bytes(said.to_json())
    assert read_archived(tmp_path) == said
    assert read_archived(tmp_path / "none") is None


@pytest.mark.parametrize(
    ("name", "may_be"),
    [
        ("archive.json", True),
        ("run.json", True),
        ("a/b/metrics.csv", True),
        ("a/samples/000010.png", True),
        ("a/samples/real.png", True),
        ("a/evaluation/iteration10_seed0_n256_features-0a.csv", True),
        ("a/archive.json", False),
        ("a/samples/\u0661.png", False),
        ("a/samples/real.png.exe", False),
        ("a/checkpoints/000000010-0a.pt", False),
        ("a/evaluation/b/c.csv", False),
        ("a/xrun.json", False),
        ("a/run.json\n", False),
        ("__init__.py", False),
        ("", False),
    ],
)
def test_an_archive_holds_no_other_files(name: str, may_be: bool) -> None:
    assert (most_bytes_of(name) is not None) == may_be
