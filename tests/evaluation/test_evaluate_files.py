"""`gan-lab evaluate --samples`: files with the samples of any generator."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_lab.config.errors import UserError
from gan_lab.datasets.embedded import Digits
from gan_lab.datasets.toy import Ring
from gan_lab.evaluation.evaluate_files import FilesRequest, evaluate_files
from gan_lab.evaluation.evaluator import make_evaluator
from gan_lab.evaluation.sample_files import read_samples
from gan_lab.evaluation.trained import load_trained
from support.command_line import gan_lab
from support.configs import TOY, Train

ASK = ["--dataset", "ring8", "--device", "cpu"]


def draws_of_ring(n: int) -> np.ndarray:
    return Ring().open(torch.device("cpu"))(n, torch.Generator().manual_seed(3)).numpy()


def test_samples_of_a_run_get_the_numbers_of_the_run(train: Train, tmp_path: Path) -> None:
    run = train("run", *TOY, "train.iterations=2")
    assert gan_lab("evaluate", str(run), "--samples", "64", "--device", "cpu").status == 0
    trained = load_trained(run, "cpu")
    sampler = trained.setup.dataset.open(torch.device("cpu"))
    evaluator = make_evaluator(trained.setup, sampler, samples=64, seed=0)
    fake = tmp_path / "fake.npy"
    np.save(fake, evaluator.draw(trained.state).numpy())
    called = gan_lab("evaluate", "--samples", str(fake), *ASK, "--out", str(tmp_path / "out"))
    assert (called.status, called.err) == (0, "")
    assert called.out.startswith(
        f"{fake}: 64 samples on either side, against ring8, seed 0\nThe samples are "
    )

    def table(path: Path) -> dict[str, dict[str, str]]:
        with path.open(newline="") as file:
            return {row["metric"]: row for row in csv.DictReader(file)}

    of_run = table(run / "evaluation" / "iteration2_seed0_n64.csv")
    of_file = table(tmp_path / "out" / "fake_against_ring8_seed0_n64.csv")
    # a file holds no second sample of the generator: this one number is of halves
    ours, theirs = of_run.pop("distance/w1_debiased"), of_file.pop("distance/w1_debiased")
    assert (ours["samples"], theirs["samples"]) == ("64", "32")
    assert "distance/w1_debiased is of halves, 32 samples each." in called.out
    assert 0.7 < float(ours["value"]) / float(theirs["value"]) < 1.4
    # what only a critic can say, a file lacks
    assert {name: of_run[name] for name in of_file} == of_file
    lacking = of_run.keys() - of_file.keys()
    assert lacking == {"distance/certified", "distance/critic_gap", "health/pairwise_slope", *lacking}
    assert "distance/w1_exact" in of_file


def test_real_samples_are_at_the_floor(tmp_path: Path) -> None:
    np.save(tmp_path / "real.npy", draws_of_ring(400))
    request = FilesRequest(tmp_path / "real.npy", Ring(), "ring8", None, 0, "cpu")
    lines = {line.metric: line for line in evaluate_files(request)}
    assert lines["quality/modes_hit"].value == 8
    w1 = lines["distance/w1_exact"]
    assert w1.floor is not None
    assert w1.value < 3 * w1.floor
    p_value = lines["test/MMD²"].p_value
    assert p_value is not None
    assert p_value > 0.01


def test_a_folder_of_pictures_is_read_in_its_order(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, size=(6, 16, 16), dtype=np.uint8)
    (tmp_path / "deep").mkdir()
    for k, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / ("deep" if k > 3 else ".") / f"z{k}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    os.mkfifo(tmp_path / "a.png")
    found = read_samples(tmp_path, (1, 16, 16), None, 0)
    order = [4, 5, 0, 1, 2, 3]
    torch.testing.assert_close(found[:, 0], torch.from_numpy(pictures[order]) / 127.5 - 1)
    some = read_samples(tmp_path, (1, 16, 16), 4, 1)
    assert len(some) == 4
    kept = [k for k in range(6) if any(torch.equal(found[k], each) for each in some)]
    assert torch.equal(found[kept], some)
    colour = read_samples(tmp_path, (3, 16, 16), None, 0)
    assert torch.equal(colour, found.expand(6, 3, 16, 16))


def test_a_folder_holds_the_same_pictures_as_an_array(tmp_path: Path) -> None:
    rng, folder = np.random.default_rng(0), tmp_path / "pictures"
    folder.mkdir()
    grey = rng.integers(0, 256, size=(16, 16), dtype=np.uint8)
    equal = np.stack([grey] * 3, axis=-1)
    Image.fromarray(equal).save(folder / "a.png")
    Image.fromarray(equal).save(folder / "b.jpg", quality=60)
    Image.fromarray(grey.astype(np.uint16) << 8).save(folder / "c.png")
    np.save(tmp_path / "a.npy", equal[None])
    found, whole = (
        read_samples(folder, (1, 16, 16), None, 0),
        read_samples(tmp_path / "a.npy", (1, 16, 16), None, 0),
    )
    assert torch.equal(found[0], whole[0])
    assert torch.equal(found[2], whole[0])
    Image.fromarray(rng.integers(0, 256, size=(16, 16, 3), dtype=np.uint8)).save(folder / "tint.png")
    np.save(tmp_path / "a.npy", np.asarray(Image.open(folder / "tint.png"))[None])
    for path, name in ((folder, folder / "tint.png"), (tmp_path / "a.npy", tmp_path / "a.npy")):
        with pytest.raises(UserError) as caught:
            read_samples(path, (1, 16, 16), None, 0)
        assert str(caught.value) == (
            f"{name} is in colour, and the images of the dataset are grey: make it grey, or choose a dataset "
            "in colour."
        )


def test_an_array_of_digits_is_measured_with_floors(tmp_path: Path) -> None:
    images = Digits(size=16).labelled()[0][:150].permute(0, 2, 3, 1).numpy()
    np.save(tmp_path / "digits.npy", images)
    path = str(tmp_path / "digits.npy")
    called = gan_lab("evaluate", "--samples", path, "--dataset", "digits", "--device", "cpu")
    assert (called.status, called.err) == (0, "")
    assert f"{path}: 150 samples on either side, against digits, seed 0" in called.out
    assert "quality/frechet_features" in called.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--samples", "a.npy"], "--samples a.npy needs --dataset NAME, which it is compared with."),
        (["--dataset", "ring8"], "--dataset needs --samples PATH, a folder of pictures or a .npy file."),
        (
            ["--samples", "b.npy", *ASK],
            "--samples must be a folder of pictures or a .npy file; got 'b.npy', which does not exist.",
        ),
        (
            ["--samples", "", *ASK],
            "--dataset needs --samples PATH, a folder of pictures or a .npy file; got ''.",
        ),
        (["--samples", ""], "--samples must be a number of samples, or with --dataset a path; got ''."),
        (["--samples", "a.npy", *ASK, "RUN"], "--dataset takes settings such as dataset.size=32 beside it; "),
        (["--samples", "a.npy", *ASK, "dataset.nope=1"], "dataset.nope is no setting; dataset has "),
        (["--samples", "a.npy", "--dataset", "ring9"], "--dataset must be one of celeba, "),
        (
            ["--samples", "a.npy", *ASK, "--n", "41"],
            "--n must be at most 40, which is what a.npy h",
        ),
        (["--samples", "a.npy", *ASK, "--n", "7"], "--n must be at least 8 for this dataset; got 7."),
        (
            ["--samples", "c.npy", *ASK],
            "--samples must hold at least 8 samples for this dataset; got 'c.npy', which holds 7. Of a run, ",
        ),
        (["--samples", "a.npy", *ASK, "--trust", "x"], "--trust goes with RUN_DIR; "),
        (["RUN", "--n", "5"], "--n goes with --samples PATH --dataset NAME; "),
        (["--samples", "folder", *ASK], "--samples must be a .npy file for points of shape (n, 2); got "),
        (["--samples", "folder", "--dataset", "digits"], "folder holds no pictures, but 1 .txt."),
        (
            ["--samples", "small", "--dataset", "digits"],
            "small/a.png has 8x9 pixels, and images of",
        ),
        (["--samples", "damaged", "--dataset", "digits"], "damaged/a.png is not an image that can be read ("),
        (
            ["--samples", "a.npy", *ASK, "--out", "a.npy"],
            "--out must be a folder; got 'a.npy', which is a file.",
        ),
        (["--samples", "a.npy", *ASK, "--inception", "w.pth"], ""),
    ],
)
def test_bad_input_is_refused_in_a_sentence(
    arguments: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("a.npy", draws_of_ring(40))
    np.save("c.npy", draws_of_ring(7))
    for name in ("folder", "small", "damaged"):
        Path(name).mkdir()
    Path("folder/a.txt").touch()
    Image.new("L", (9, 8)).save("small/a.png")
    Path("damaged/a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    called = gan_lab("evaluate", *arguments)
    assert called.status == 2
    assert called.err.startswith(f"gan-lab: {sentence}")
    assert called.err.count("\n") == 1
    assert "Traceback" not in called.out + called.err
