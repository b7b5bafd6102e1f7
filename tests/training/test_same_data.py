"""A run goes on with the images that it began with, or somebody has said that it shall not."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gan_lab.config.errors import UserError
from gan_lab.datasets.image_folder import ImageFolder
from gan_lab.datasets.known_roots import remember_root
from gan_lab.runs.reading import load_record
from gan_lab.runs.record import DataRecord
from gan_lab.training.resume import resume
from support.command_line import gan_lab
from support.configs import DIGITS, Train

SMALL = [
    "architecture.generator.width=8",
    "architecture.critic.width=8",
    "train.iterations=2",
    "train.execution=eager",
]


def save(path: Path, grey: int) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", (16, 16), (grey,) * 3).save(path)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for k in range(3):
        save(tmp_path / "pictures" / f"{k}.bmp", 50 * k)
    remember_root(ImageFolder(root=str(tmp_path / "pictures"), size=16))  # as `gan-lab train` does
    return tmp_path / "pictures"


@pytest.fixture
def on_pictures(pictures: Path) -> list[str]:
    return ["dataset=image_folder", "dataset.size=16", f"dataset.root={pictures}", *SMALL]


def written(run: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((run / "run.json").read_bytes())
    return content


def longer(run: Path, **more: Any) -> None:
    resume(run, ["train.iterations=3"], (), **more)


def test_the_record_says_which_images(train: Train, pictures: Path, on_pictures: list[str]) -> None:
    run = train("run", *on_pictures)
    contents = ImageFolder(root=str(pictures), size=16).contents()
    assert contents is not None
    assert written(run)["data"] == [{"images": 3, "digest": contents.digest}]
    assert load_record(run).data == (DataRecord(3, contents.digest),)
    digits = train("digits", *DIGITS, "train.iterations=2", "train.execution=eager")
    assert [each["images"] for each in written(digits)["data"]] == [1797]
    ring = train("ring", "dataset=ring8", "train.iterations=4", "train.execution=eager")
    assert written(ring)["data"] == []


@pytest.mark.parametrize("change", ["more", "others"])
def test_changed_images_are_refused_and_nothing_is_lost(
    train: Train, pictures: Path, on_pictures: list[str], change: str
) -> None:
    run = train("run", *on_pictures)
    if change == "more":
        save(pictures / "3.bmp", 200)
    else:
        save(pictures / "0.bmp", 200)  # of equal size
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != ".lock"}
    held = {"more": "4 in all", "others": "3 others"}[change]
    expected = (
        rf"^{run} was trained on 3 images, and its dataset holds {held} now; bring those back, or add "
        rf"--accept-changed-data to `gan-lab resume {run}`\.$"
    )
    with pytest.raises(UserError, match=expected):
        longer(run)
    assert {path: path.read_bytes() for path in before} == before

    longer(run, accept_changed_data=True)
    record = load_record(run)
    assert (record.status, record.iteration) == ("completed", 3)
    assert [each.images for each in record.data] == [3, int(held[0])]
    assert record.history[-1].command.endswith("train.iterations=3 --accept-changed-data")
    resume(run, ["train.iterations=4"], ())  # what was accepted is what it is held to
    assert load_record(run).data == record.data


def test_the_same_images_go_on_wherever_they_lie_and_whenever_they_were_written(
    train: Train, pictures: Path, on_pictures: list[str]
) -> None:
    run = train("run", *on_pictures)
    for path in pictures.glob("*.bmp"):
        os.utime(path, ns=(1, 1))
    (pictures / "notes.txt").write_text("three greys")
    pictures.rename(pictures.parent / "elsewhere")
    pictures.symlink_to("elsewhere")
    longer(run)
    assert load_record(run).iteration == 3
    assert len(load_record(run).data) == 1


def test_seeds_that_were_trained_together_are_held_to_it_too(
    train: Train, pictures: Path, on_pictures: list[str]
) -> None:
    group = train("group", *on_pictures, "train.seeds=2", "train.execution=eager")
    records = [(group / f"seed{k}" / "run.json").read_bytes() for k in range(2)]
    save(pictures / "3.bmp", 200)
    with pytest.raises(UserError, match=rf"seed0 was trained on 3 images, .* `gan-lab resume {group}`\.$"):
        longer(group)
    assert [(group / f"seed{k}" / "run.json").read_bytes() for k in range(2)] == records
    longer(group, accept_changed_data=True)
    assert [len(load_record(group / f"seed{k}").data) for k in range(2)] == [2, 2]


def test_a_run_that_wrote_down_nothing_goes_on_and_writes_it_down(
    train: Train, on_pictures: list[str]
) -> None:
    run = train("run", *on_pictures)
    content = written(run)
    del content["data"]
    (run / "run.json").write_text(json.dumps(content))
    longer(run)
    assert [each.images for each in load_record(run).data] == [3]


@pytest.mark.parametrize(
    "data", [3, "x", [3], [{"images": -1, "digest": "a"}], [{"images": 3}], {"images": 3}]
)
def test_a_record_whose_data_makes_no_sense_is_refused(
    train: Train, on_pictures: list[str], data: object
) -> None:
    run = train("run", *on_pictures)
    (run / "run.json").write_text(json.dumps({**written(run), "data": data}))
    with pytest.raises(UserError, match=r"run\.json is damaged"):
        load_record(run)


def test_it_can_be_said_on_the_command_line(train: Train, pictures: Path, on_pictures: list[str]) -> None:
    run = train("run", *on_pictures)
    save(pictures / "3.bmp", 200)
    refused = gan_lab("resume", str(run), "train.iterations=3")
    assert (refused.status, refused.err.count("\n")) == (2, 1)
    assert "was trained on 3 images, and its dataset holds 4 in all now" in refused.err
    assert gan_lab("resume", str(run), "train.iterations=3", "--accept-changed-data").status == 0


def test_prepare_can_be_forced(pictures: Path) -> None:
    words = ["dataset=image_folder", "dataset.size=16", f"dataset.root={pictures}"]
    assert gan_lab("prepare", *words).status == 0
    status = (pictures / "1.bmp").stat()
    save(pictures / "1.bmp", 200)
    os.utime(pictures / "1.bmp", ns=(status.st_atime_ns, status.st_mtime_ns))
    dataset = ImageFolder(root=str(pictures), size=16)
    before = dataset.contents()
    assert "was packed before: 3 images" in gan_lab("prepare", *words).out
    assert dataset.contents() == before
    assert "Packing" in gan_lab("prepare", "--force", *words).out
    assert dataset.contents() != before


def test_evaluate_says_that_it_compares_with_other_images(
    train: Train, pictures: Path, on_pictures: list[str]
) -> None:
    run = train("run", *on_pictures)
    save(pictures / "3.bmp", 200)
    called = gan_lab("evaluate", str(run), "--samples", "16", "--device", "cpu")
    assert "was trained on 3 other images than the 4 that its samples are compared with here" in called.out


def test_a_folder_that_was_moved_is_found_again(
    train: Train, pictures: Path, on_pictures: list[str], tmp_path: Path
) -> None:
    undisturbed = train("undisturbed", *on_pictures)
    longer(undisturbed)
    run = train("run", *on_pictures)
    before = (run / "config.yaml").read_bytes(), written(run)["config_hash"]
    moved = pictures.rename(tmp_path / "moved")
    with pytest.raises(UserError):
        longer(run)
    called = gan_lab("resume", str(run), "train.iterations=3", f"dataset.root={moved}")
    assert called.status == 0, called.err
    assert load_record(run).status == "completed"
    assert load_record(run).iteration == 3
    assert (run / "metrics.csv").read_bytes() == (undisturbed / "metrics.csv").read_bytes()
    assert len(written(run)["data"]) == 1
    # what the run is stays what it was
    assert ((run / "config.yaml").read_bytes(), written(run)["config_hash"]) == before
    assert f"dataset.root={moved}" in written(run)["sittings"][-1]["command"]


def test_another_folder_is_not_taken_for_the_one_that_was_moved(
    train: Train, pictures: Path, on_pictures: list[str], tmp_path: Path
) -> None:
    run = train("run", *on_pictures)
    other = pictures.rename(tmp_path / "other")
    save(other / "0.bmp", 99)
    called = gan_lab("resume", str(run), "train.iterations=3", f"dataset.root={other}")
    assert called.status == 2
    assert "was trained on 3 images, and its dataset holds 3 others now" in called.err
    assert load_record(run).iteration == 2
    called = gan_lab(
        "resume", str(run), "train.iterations=3", f"dataset.root={other}", "--accept-changed-data"
    )
    assert called.status == 0, called.err


def test_a_place_where_nothing_lies_is_refused_and_so_is_one_of_data_that_are_made(
    train: Train, on_pictures: list[str]
) -> None:
    run = train("run", *on_pictures)
    for nowhere in ("", "no such folder", "x" * 5000):
        called = gan_lab("resume", str(run), f"dataset.root={nowhere}")
        assert called.status == 2
        assert called.err.startswith(
            "gan-lab: dataset.root must be the folder that the run's data lie in now"
        )
    made = train("made", *DIGITS, *SMALL)
    called = gan_lab("resume", str(made), "dataset.root=.")
    assert (called.status, called.err) == (
        2,
        "gan-lab: dataset.root must be left out: this run's dataset reads no folder.\n",
    )
