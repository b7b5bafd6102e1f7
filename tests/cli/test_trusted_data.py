"""A run's config may name folders of data that the user has named before, and no others without a word."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from support.command_line import gan_lab

FAST = [
    *(
        "device=cpu",
        "train.iterations=2",
        "train.batch_size=4",
        "train.warmup_critic_steps=0",
        "train.n_critic=1",
    ),
    *(
        "objective=gan",
        "architecture=mlp_mlp",
        "architecture.generator.width=8",
        "architecture.critic.width=8",
    ),
]
FOLDER = ["dataset=image_folder", "dataset.root=pictures", "dataset.size=16"]


@pytest.fixture(name="run")
def _run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run on pictures, of which this user knows nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GAN_LAB_CACHE", str(tmp_path / "cache_of_another"))
    (tmp_path / "pictures").mkdir()
    for k in range(9):
        Image.effect_noise((20, 20), 40 + k).convert("RGB").save(tmp_path / "pictures" / f"{k}.png")
    assert gan_lab("train", *FOLDER, *FAST, "hydra.run.dir=run").status == 0
    shutil.rmtree(tmp_path / "pictures" / "packed")
    monkeypatch.setenv("GAN_LAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "run"


RESUME = ["resume", "run", "train.iterations=3"]
EVALUATE = ["evaluate", "run", "--samples", "32"]


@pytest.mark.parametrize("command", [RESUME, EVALUATE])
def test_data_that_the_user_never_named_is_not_read(run: Path, command: list[str]) -> None:
    called = gan_lab(*command)
    assert called.status == 2
    root = run.parent / "pictures"
    assert called.err == (
        f"gan-lab: run reads dataset.root={str(root)!r}, which no gan-lab train or prepare was given here; "
        "if its data may be read and packed, add --trust-data.\n"
    )
    assert not (root / "packed").exists()
    called = gan_lab(*command, "--trust-data")
    assert called.status == 0, called.err
    assert (root / "packed").exists()
    assert gan_lab(*EVALUATE).status == 0  # it is known now


def test_what_was_given_to_prepare_or_train_needs_no_word(run: Path) -> None:
    assert gan_lab("prepare", *FOLDER).status == 0
    assert gan_lab(*RESUME).status == 0
    # of another kind of dataset, or elsewhere, it is another folder
    roots = json.loads((run.parent / "cache" / "roots.json").read_text())
    assert roots == [["gan_lab.datasets.image_folder.ImageFolder", str(run.parent / "pictures"), False]]


def test_a_sample_reads_no_data(run: Path) -> None:
    assert gan_lab("sample", "run", "--n", "2").status == 0
    assert not (run.parent / "pictures" / "packed").exists()


def test_a_download_is_asked_for_even_into_a_known_folder(run: Path) -> None:
    config = (run / "config.yaml").read_text()
    begin, end = config.index("dataset:"), config.index("\n", config.index("  channels:"))
    mnist = [
        "dataset:",
        "  _target_: gan_lab.datasets.torchvision_sets.Mnist",
        f"  root: {run.parent / 'pictures'}",
        "  size: 16",
        "  download: true",
    ]
    (run / "config.yaml").write_text(config[:begin] + "\n".join(mnist) + config[end:])
    known = ["gan_lab.datasets.torchvision_sets.Mnist", str(run.parent / "pictures"), False]
    (run.parent / "cache").mkdir()
    (run.parent / "cache" / "roots.json").write_text(json.dumps([known]))
    called = gan_lab(*EVALUATE)
    assert (called.status, "reads, or downloads into, dataset.root=" in called.err) == (2, True), called
    assert not (run.parent / "pictures" / "MNIST").exists()


@pytest.mark.parametrize("text", ["", "[[", "[[1]]", "{}", "[[[[", "[5]", "\x00"])
def test_a_damaged_list_knows_nothing_and_is_written_anew(run: Path, text: str) -> None:
    (run.parent / "cache").mkdir()
    (run.parent / "cache" / "roots.json").write_text(text)
    assert gan_lab(*RESUME).status == 2
    assert gan_lab("prepare", *FOLDER).status == 0
    assert gan_lab(*RESUME).status == 0
