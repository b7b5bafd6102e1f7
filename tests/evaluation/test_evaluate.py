"""`gan-lab evaluate` as a user types it."""

import csv
import hashlib
import importlib.util
import math
import re
from pathlib import Path

import pytest
import torch
from torch import Tensor

from gan_lab.datasets.toy import Ring
from gan_lab.evaluation import evaluate as evaluation
from gan_lab.evaluation import inception
from gan_lab.evaluation.answer import answer_of, answer_of_several
from gan_lab.evaluation.comparison import VectorComparison
from gan_lab.evaluation.inception import InceptionOutput
from gan_lab.evaluation.lines import Line, compared, format_lines
from gan_lab.metrics.frechet import MeanAndStd
from gan_lab.tags.names import MODES_HIT, W1_DEBIASED, W1_EXACT
from support.command_line import gan_lab
from support.configs import DIGITS, FEW, TOY, Train


@pytest.fixture
def run(train: Train) -> Path:
    return train("run", *TOY, "train.iterations=2")


def test_a_run_is_measured_beside_real_samples(run: Path) -> None:
    called = gan_lab("evaluate", str(run), "--samples", "64", "--device", "cpu")
    assert (called.status, called.err) == (0, "")
    lines = called.out.splitlines()
    assert lines[0] == f"{run}: iteration 2, 64 samples on either side, seed 0"
    assert lines[1].startswith("The samples are poor: quality/high_quality_share is 0")
    assert lines[2].startswith(
        "Read first: quality/high_quality_share, distance/w1_exact, quality/modes_hit, "
    )
    assert lines[3].split() == ["metric", "value", "real", "against", "real", "p-value"]
    shown = [line.split()[0] for line in lines[4 : lines.index("")]]
    assert {
        "distance/certified",
        "distance/w1_exact",
        "quality/modes_hit",
        "test/MMD²",
        "test/classifier",
    } <= set(shown)
    (path,) = (run / "evaluation").iterdir()
    assert path.name == "iteration2_seed0_n64.csv"
    with path.open(newline="") as file:
        table = {row["metric"]: row for row in csv.DictReader(file)}
    assert table.keys() == set(shown) - {"test/energy"} | {"test/energy distance"}
    # an untrained generator is told from the ring by every test
    assert all(float(row["p_value"]) < 0.01 for name, row in table.items() if name.startswith("test/"))
    assert all(row["samples"] == "64" for row in table.values())
    assert float(table["distance/certified"]["value"]) <= float(table["distance/w1_exact"]["value"])


def test_images_of_a_run_are_measured_by_parzen_windows(train: Train) -> None:
    run = train("run", *DIGITS, "dataset=photos", "dataset.size=16", *FEW, "train.iterations=1")
    called = gan_lab("evaluate", str(run), "--samples", "40", "--device", "cpu")
    assert (called.status, called.err) == (0, "")
    (path,) = (run / "evaluation").iterdir()
    with path.open(newline="") as file:
        table = {row["metric"]: row for row in csv.DictReader(file)}
    # an untrained generator is less likely than other photographs
    likelihood = table["parzen/log_likelihood"]
    assert float(likelihood["value"]) < float(likelihood["floor"])
    assert {"parzen/standard_error", "parzen/width"} <= table.keys()


def test_the_same_request_writes_the_same_file(run: Path) -> None:
    for _ in range(2):
        assert gan_lab("evaluate", str(run), "--samples", "40", "--device", "cpu").status == 0
    (path,) = (run / "evaluation").iterdir()
    before = path.read_bytes()
    assert gan_lab("evaluate", str(run), "--samples", "40", "--seed", "1", "--device", "cpu").status == 0
    assert len(list((run / "evaluation").iterdir())) == 2
    assert path.read_bytes() == before


def test_what_cannot_be_measured_is_named_and_the_rest_is_measured(run: Path, train: Train) -> None:
    other = train("other", *TOY, "train.iterations=2")
    for checkpoint in (other / "checkpoints").iterdir():
        checkpoint.unlink()
    called = gan_lab("evaluate", str(run.parent), "--samples", "40", "--device", "cpu")
    assert called.status == 2
    # the fault names the run's folder by itself, and once is enough
    assert called.err.startswith(f"gan-lab: {other}/checkpoints holds no checkpoint")
    assert called.err.count(str(other)) == 1
    assert len(called.err.splitlines()) == 1
    assert (run / "evaluation").is_dir()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--samples", "7"], "--samples must be at least 8 for this dataset; got 7."),
    ],
)
def test_a_bad_request_is_refused_in_a_sentence(run: Path, arguments: list[str], message: str) -> None:
    called = gan_lab("evaluate", str(run), "--device", "cpu", *arguments)
    assert called.status == 2
    assert message in called.err
    assert len(called.err.splitlines()) == 1
    assert not (run / "evaluation").exists()


def test_inception_is_asked_for_first_and_needs_enough_samples(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    called = gan_lab("evaluate", str(run), "--device", "cpu", "--inception", "missing.pth")
    assert (called.status, called.out) == (2, "")
    assert "pip install gan-lab[inception]" in called.err
    monkeypatch.setattr(evaluation, "load_inception", lambda weights, device: object())
    called = gan_lab("evaluate", str(run), "--device", "cpu", "--inception", "weights.pth")
    assert called.err == "gan-lab: --samples must be more than 2048 for FID; got 1024.\n"


@pytest.mark.slow
def test_inception_compares_images_beside_the_rest(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    run = train("digits", *DIGITS, "train.iterations=2", "train.warmup_critic_steps=0")

    def extract(images: Tensor) -> InceptionOutput:
        flat = images.double().flatten(1)
        return InceptionOutput(flat[:, 300:304], flat[:, 300:310] / 255)

    monkeypatch.setattr(evaluation, "load_inception", lambda weights, device: extract)
    monkeypatch.setattr(evaluation, "INCEPTION_FEATURES", 4)
    monkeypatch.setattr(inception, "kernel_feature_distance", lambda *args, **more: MeanAndStd(0.5, 0.1))
    asked = ["--samples", "80", "--device", "cpu"]
    assert gan_lab("evaluate", str(run), *asked).status == 0
    weights = run / "weights.pth"
    weights.write_bytes(b"weights")
    called = gan_lab("evaluate", str(run), *asked, "--inception", str(weights))
    assert (called.status, called.err) == (0, "")
    names = sorted(path.name for path in (run / "evaluation").iterdir())
    features = r"iteration2_seed0_n80_features-[0-9a-f]{8}"
    digest = hashlib.sha256(b"weights").hexdigest()[:8]
    assert re.fullmatch(rf"{features}\.csv {features}_inception-{digest}\.csv", " ".join(names))
    with (run / "evaluation" / names[1]).open(newline="") as file:
        table = {row["metric"]: row for row in csv.DictReader(file)}
    assert float(table["inception/fid"]["value"]) > 5 * float(table["inception/fid"]["floor"]) > 0
    assert float(table["inception/kid"]["value"]) == 0.5


def test_a_lack_of_memory_is_said_in_a_sentence(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_large(*args: object, **more: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes")

    monkeypatch.setattr(evaluation, "make_evaluator", too_large)
    called = gan_lab("evaluate", str(run), "--device", "cpu")
    assert called.status == 2
    assert called.err.startswith(
        "gan-lab: There is not enough memory; lower --samples (DefaultCPUAllocator: "
    )
    assert called.err.count("\n") == 1


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    called = gan_lab("evaluate", str(tmp_path))
    assert (called.status, called.err) == (2, f"gan-lab: There are no runs in {tmp_path}.\n")


def test_columns_are_aligned() -> None:
    table = format_lines([Line("a/long_name", 1.5, 0.25), Line("b", -3.0, None, 0.01)])
    assert table.splitlines() == [
        "metric       value  real against real  p-value",
        "a/long_name    1.5               0.25",
        "b               -3                        0.01",
    ]


@pytest.mark.parametrize(("on_modes", "is_told"), [(0, False), (1, False), (14, False), (15, True)])
def test_proportions_are_tested_where_enough_samples_lie_on_modes(on_modes: int, is_told: bool) -> None:
    ring = Ring()
    fake = torch.full((64, 2), 100.0)
    fake[:on_modes] = ring.modes[torch.arange(on_modes) % 8].float()
    numbers = VectorComparison(ring).compare(torch.zeros(64, 2), fake)
    assert numbers["quality/modes_hit"] == min(on_modes, 8)
    assert math.isnan(numbers["quality/mode_p_value"]) != is_told
    told = format_lines([Line(tag, value) for tag, value in numbers.items()])
    reason = "quality/mode_p_value is undefined: too few samples lie within 3 standard deviations of a mode"
    assert (reason in told) != is_told
    assert ("quality/mode_kl is undefined: no sample lies" in told) == (on_modes == 0)


@pytest.mark.parametrize(("on_one_mode", "p_value"), [(10, 7.45e-9), (3, 1 / 64), (2, math.nan)])
def test_few_samples_tell_where_they_are_improbable_all_the_same(on_one_mode: int, p_value: float) -> None:
    ring = Ring()
    fake = torch.full((64, 2), 100.0)
    fake[:on_one_mode] = ring.modes[0].float()
    numbers = VectorComparison(ring).compare(torch.zeros(64, 2), fake)
    assert numbers["quality/mode_p_value"] == pytest.approx(p_value, rel=1e-2, nan_ok=True)


def test_several_runs_end_in_one_table(run: Path, train: Train) -> None:
    other = train("other", *TOY, "train.iterations=2", "seed=1")
    called = gan_lab("evaluate", str(run), str(other), "--samples", "64", "--device", "cpu")
    assert called.status == 0
    last = called.out.rstrip().rpartition("\n\n")[2].splitlines()
    assert last[0].startswith(
        "Samples of 2 runs: 2 poor, by the lines of gan-lab diagnose for poor and collapsed samples. "
    )
    assert last[1].split()[:2] == ["run", "W1"]
    values = [float(line.rpartition("/")[2].split()[1]) for line in last[2:4]]
    assert values == sorted(values)
    assert {Path(line.split()[0]).name for line in last[2:4]} == {"run", "other"}
    alone = gan_lab("evaluate", str(run), "--samples", "64", "--device", "cpu")
    assert "run  " not in alone.out


def test_the_table_of_several_begins_with_the_best_and_has_a_word_for_what_is_no_number() -> None:
    measured = {
        Path("a"): [Line(W1_EXACT, float("nan"), 0.25), Line(MODES_HIT, 1.0, 8.0)],
        Path("b"): [Line(W1_EXACT, 2.0, 0.25)],
        Path("c"): [Line(W1_EXACT, 0.5, 0.25), Line(MODES_HIT, 7.0, 9.0)],
    }
    assert compared(measured).splitlines() == [
        "run                       W1  modes",
        "c                        0.5      7",
        "b                          2      -",
        "a                  undefined      1",
        "real against real       0.25      -",  # of modes there is no one floor
    ]


MIXTURE = [
    Line(W1_EXACT, 0.2, 0.04),
    Line("quality/high_quality_share", 0.9, 0.98),
    Line(MODES_HIT, 8.0, 8.0),
    Line("quality/recall", 0.7, 0.9),
]


@pytest.mark.parametrize(
    ("changed", "said", "counts"),
    [
        (
            {},
            "The samples are good enough by the lines of gan-lab diagnose for poor and collapsed samples: "
            "quality/high_quality_share is 0.9, "
            "of real samples 0.98, distance/w1_exact is 0.2, of real samples 0.04.\nRead first: "
            "quality/high_quality_share, distance/w1_exact, quality/modes_hit, quality/recall; each beside "
            "what real samples get, real against real.",
            "2 good enough",
        ),
        (
            {MODES_HIT: 3.0},
            "The samples are good, but of too few kinds: quality/modes_hit is 3, below 50% of ",
            "1 good enough; 1 good, but of too few kinds",
        ),
        (
            {"quality/high_quality_share": 0.4},
            "The samples are poor: quality/high_quality_share is 0.4, below ",
            "1 good enough; 1 poor",
        ),
    ],
)
def test_a_table_is_led_by_what_it_says(changed: dict[str, float], said: str, counts: str) -> None:
    lines = [line._replace(value=changed.get(line.metric, line.value)) for line in MIXTURE]
    assert answer_of(lines).startswith(said)
    nearer = [line._replace(value=0.1) if line.metric == W1_EXACT else line for line in lines]
    assert answer_of_several({Path("a"): MIXTURE, Path("b"): nearer}) == (
        f"Samples of 2 runs: {counts}, by the lines of gan-lab diagnose for poor and collapsed samples. "
        "b has the smallest W1, 0.1; real samples have 0.04."
    )


def test_numbers_of_fewer_samples_do_not_say_that_samples_are_closer_together() -> None:
    lines = [Line(W1_EXACT, 5.93, 0.173), Line(W1_DEBIASED, 5.88, 0.05, samples=128)]
    assert answer_of(lines).startswith("The samples are poor: distance/w1_exact is 5.93, above 0.519; real ")
    # of as many samples, two of the generator's are 2 (5.93 - 5.88) - 0.173 apart
    alike = [line._replace(samples=None) for line in lines]
    assert "which samples closer together than real ones make too small" in answer_of(alike)


def test_what_real_samples_lack_is_said_of_them() -> None:
    (told,) = format_lines([Line("quality/other", 0.2, math.nan)]).splitlines()[2:]
    assert told == "quality/other is without a floor: real samples have none."


def test_numbers_that_decide_nothing_are_called_so() -> None:
    lines = [Line("quality/sliced_w1", 0.2, 0.1)]
    assert answer_of(lines).startswith("Whether the samples are good is not decided")
    others = [line._replace(floor=0.05) for line in MIXTURE]
    told = answer_of_several({Path("a"): MIXTURE, Path("b"): others, Path("c"): lines})
    assert told.startswith(
        "Samples of 3 runs: 2 good enough; 1 undecided, by the lines of gan-lab diagnose for poor and "
        "collapsed samples. No one distance was"
    )
