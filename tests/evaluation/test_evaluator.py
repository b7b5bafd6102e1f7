"""What is measured of a state: the truth where the samples are known, and nothing of the run is touched."""

import csv
import dataclasses
import math
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor

from gan_lab.config.errors import UserError
from gan_lab.diagnosis.samples import Lines
from gan_lab.evaluation import feature_cache
from gan_lab.evaluation.evaluator import Evaluator, make_evaluator
from gan_lab.evaluation.feature_cache import cache_folder, find_feature_network
from gan_lab.evaluation.readings import Reading, numbers_of
from gan_lab.game.sampling import sample, sampling_network_of
from gan_lab.game.setup import Setup, build_setup
from gan_lab.metrics.debiased import debiased_scatter
from gan_lab.metrics.transport import wasserstein
from gan_lab.numerics.streams import make_rng
from gan_lab.runs.reading import read_run
from gan_lab.tags.names import floor_tag
from gan_lab.training.resume import resume
from gan_lab.types import State
from support.configs import DIGITS, TOY, Train, compose_config

EVALUATED = ["metrics.every=4", "metrics.samples=80"]


def setup_of(*overrides: str) -> Setup:
    return build_setup(compose_config("device=cpu", *overrides))


def evaluator_of(setup: Setup, samples: int = 500) -> Evaluator:
    return make_evaluator(setup, setup.dataset.open(setup.device), samples=samples)


def measure(
    evaluator: Evaluator, fake: Tensor, state: State, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Reading]:
    """Measure these samples in the place of those that the state's generator makes."""
    monkeypatch.setattr(evaluator, "_draw_from", lambda state, averaged: fake)
    return evaluator.measure(state)


def test_a_perfect_generator_gets_the_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = setup_of(*TOY)
    evaluator = evaluator_of(setup, 2500)
    fake = setup.dataset.open(setup.device)(2500, make_rng(7, "a perfect generator"))
    readings = measure(evaluator, fake, setup.init_state(), monkeypatch)
    assert readings["quality/modes_hit"] == Reading(8, 8)
    # P(χ² of 2 degrees <= 9) = 1 - exp(-4.5) = .98889; three standard errors of 2,500 draws are .0063
    assert readings["quality/high_quality_share"].value == pytest.approx(1 - math.exp(-4.5), abs=0.0063)
    for tag in ("quality/precision", "quality/recall", "quality/density", "quality/coverage"):
        value, floor = readings[tag]
        assert value == pytest.approx(floor, abs=0.06), tag
    for tag in ("distance/w1_exact", "quality/sliced_w1"):
        value, floor = readings[tag]
        assert floor is not None
        assert 0.3 * floor < value < 3 * floor < 0.3, tag


def test_what_there_will_be_numbers_of_is_known_before_anything_is_measured() -> None:
    for overrides in (TOY, [*DIGITS, "train.ema=0.9"]):
        setup = setup_of(*overrides)
        evaluator = evaluator_of(setup, 100)
        tags = evaluator.tags
        assert "floors" not in vars(evaluator)  # which take seconds, of images
        numbers = numbers_of(evaluator.measure(setup.init_state()))
        undefined = {"quality/mode_kl", "quality/mode_p_value", "quality/mode_p_value_floor"}
        assert set(tags) - set(numbers) <= undefined
        assert set(numbers) <= set(tags)


def test_the_debiased_distance_is_of_samples_from_latents_of_their_own() -> None:
    setup = setup_of(*TOY)
    evaluator, state = evaluator_of(setup, 64), setup.init_state()
    readings = evaluator.measure(state)
    fake, other_fake = (
        sample(sampling_network_of(setup, state), torch.randn(64, 2, generator=make_rng(0, stream)))
        for stream in ("metrics latents", "metrics other latents")
    )
    assert torch.equal(evaluator.draw(state), fake)
    floor = readings["distance/w1_exact"].floor
    assert floor is not None
    expected = wasserstein(evaluator.real, fake) - (floor + wasserstein(fake, other_fake)) / 2
    assert readings["distance/w1_debiased"] == Reading(
        pytest.approx(expected, rel=1e-9), debiased_scatter(evaluator.real, evaluator.other_real)
    )
    order = list(numbers_of(readings))
    assert order.index("distance/w1_debiased") == order.index("distance/w1_exact") + 1
    assert "distance/w1_debiased_scatter" in order


def test_a_perfect_generator_is_at_0_debiased_and_one_in_a_point_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setup = setup_of(*TOY)
    evaluator = evaluator_of(setup, 256)
    draw = setup.dataset.open(setup.device)
    values = []
    for k in range(10):
        others = draw(256, make_rng(k, "other samples of it"))
        monkeypatch.setattr(evaluator, "_draw_others", lambda state, others=others: others)
        fake = draw(256, make_rng(k, "a perfect generator"))
        value, scatter = measure(evaluator, fake, setup.init_state(), monkeypatch)["distance/w1_debiased"]
        assert scatter is not None
        values.append(value / scatter)
    assert max(values) < 3
    assert min(values) < 0
    monkeypatch.setattr(evaluator, "_draw_others", lambda state: 0 * fake)
    value, _ = measure(evaluator, 0 * fake, setup.init_state(), monkeypatch)["distance/w1_debiased"]
    assert value > 10 * scatter


def test_a_shift_is_measured_in_units_of_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = setup_of(*TOY)
    evaluator = evaluator_of(setup)
    readings = measure(evaluator, evaluator.real + torch.tensor([3.0, 4.0]), setup.init_state(), monkeypatch)
    # the same points, moved by 5: W1 = 5, and sliced in the plane 2 * 5 / π and 5 / √2
    assert readings["distance/w1_exact"].value == pytest.approx(5, abs=1e-4)
    assert readings["quality/sliced_w1"].value == pytest.approx(10 / math.pi, abs=0.15)
    assert readings["quality/sliced_w2"].value == pytest.approx(5 / math.sqrt(2), abs=0.15)
    assert readings["quality/modes_hit"].value == 0
    assert readings["quality/precision"].value == readings["quality/recall"].value == 0
    assert math.isnan(readings["quality/mode_kl"].value)
    assert "quality/mode_kl" not in numbers_of(readings)


def test_a_critic_that_is_not_finite_leaves_the_quality_of_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = setup_of(*TOY)
    evaluator = evaluator_of(setup)
    monkeypatch.setattr(evaluator, "_score", lambda state, samples: samples[:, 0] / 0)
    readings = evaluator.measure(setup.init_state())
    assert "quality/sliced_w1" in readings
    assert not {"distance/certified", "distance/critic_gap", "health/pairwise_slope"} & set(readings)


def test_a_critic_is_measured_in_float32_whatever_it_trains_in() -> None:
    setup = setup_of(*TOY)
    game = dataclasses.replace(setup.game, dtype=torch.bfloat16)
    state = setup.init_state()
    rounded = evaluator_of(dataclasses.replace(setup, game=game)).measure(state)
    assert rounded["distance/certified"] == evaluator_of(setup).measure(state)["distance/certified"]


@pytest.mark.parametrize("constraint", ["none", "clip", "gp", "spectral_norm"])
def test_what_a_critic_certifies_is_below_the_exact_distance(constraint: str) -> None:
    setup = setup_of(*TOY, "objective=wgan", f"constraint={constraint}")
    readings = evaluator_of(setup).measure(setup.init_state())
    assert abs(readings["distance/certified"].value) <= readings["distance/w1_exact"].value
    assert readings["health/pairwise_slope"].value > 0
    assert readings["distance/certified"].floor is None


def test_a_critic_that_is_optimal_certifies_the_whole_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = setup_of(*TOY)
    evaluator = evaluator_of(setup)
    # V(x) = -2 x1 is twice a potential of a shift along x1
    monkeypatch.setattr(evaluator, "_score", lambda state, samples, dtype=None: -2 * samples[:, 0])
    readings = measure(evaluator, evaluator.real + torch.tensor([3.0, 0.0]), setup.init_state(), monkeypatch)
    assert readings["health/pairwise_slope"].value == pytest.approx(2, abs=1e-3)
    assert readings["distance/certified"].value == pytest.approx(3, abs=2e-3)


def test_samples_that_are_not_finite_have_no_quality(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = setup_of(*TOY)
    evaluator = evaluator_of(setup)
    assert measure(evaluator, evaluator.real * math.inf, setup.init_state(), monkeypatch) == {}


def test_blurred_digits_are_as_precise_as_few_real_ones_and_of_no_clear_class(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setup = setup_of(*DIGITS)
    evaluator = evaluator_of(setup, 300)
    real = setup.dataset.open(setup.device)(1500, make_rng(7, "real images"))
    few, blurred = real[:10].repeat(30, 1, 1, 1), real.unflatten(0, (300, 5)).mean(dim=1)
    shares = []
    for fake in (few, blurred):
        found = measure(evaluator, fake, setup.init_state(), monkeypatch)
        precision, confident = found["quality/precision"], found["quality/confident_share"]
        assert precision.floor is not None
        assert confident.floor is not None
        assert precision.value > Lines().precision_share * precision.floor
        shares.append(confident.value / confident.floor)
    assert shares[0] > Lines().confident_share > shares[1]


def test_digits_are_compared_by_features_and_real_ones_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = setup_of(*DIGITS)
    evaluator = evaluator_of(setup, 300)
    fake = setup.dataset.open(setup.device)(300, make_rng(7, "a perfect generator"))
    good = measure(evaluator, fake, setup.init_state(), monkeypatch)
    assert good["quality/modes_hit"] == Reading(10, 10)
    assert good["quality/classifier_score"].value > 8
    assert good["quality/confident_share"].value > 0.95
    noise = torch.rand(fake.shape, generator=make_rng(7, "noise")) * 2 - 1
    bad = measure(evaluator, noise, setup.init_state(), monkeypatch)
    worse_above = (
        "distance/w1_exact",
        "quality/frechet_features",
        "quality/kernel_features",
        "quality/patches",
    )
    for tag in worse_above:
        assert bad[tag].value > 2 * abs(good[tag].value), tag
    assert all(
        bad[tag].value < 0.1 < 0.5 < good[tag].value for tag in ("quality/precision", "quality/coverage")
    )


def test_images_without_labels_are_compared_by_patches() -> None:
    setup = setup_of("dataset=photos", "dataset.size=32", *DIGITS[1:])
    evaluator = evaluator_of(setup, 32)
    readings = evaluator.measure(setup.init_state())
    patches = {"quality/patches", "quality/patches_32px", "quality/patches_16px"}
    assert set(readings) == patches | {"quality/copied_share", "distance/critic_gap"}
    assert evaluator.test(setup.init_state()) == {}
    assert readings["quality/patches"].value > readings["quality/patches"].floor  # type: ignore[operator]


def test_too_few_samples_are_refused() -> None:
    setup = setup_of(*DIGITS)
    with pytest.raises(UserError, match=r"^metrics\.samples must be at least 65 for this dataset; got 64\.$"):
        evaluator_of(setup, 64)


@pytest.mark.parametrize("data", [TOY, DIGITS], ids=["ring8", "digits"])
def test_tags_are_known_before(data: list[str]) -> None:
    setup = setup_of(*data)
    evaluator = evaluator_of(setup, 80)
    assert set(numbers_of(evaluator.measure(setup.init_state()))) <= set(evaluator.tags)
    assert len(evaluator.tags) == len(set(evaluator.tags))


# In training


def rows(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_measures_as_often_as_asked(train: Train) -> None:
    run = train("run", *TOY, *EVALUATED, "train.iterations=10", "train.log_every=3")
    filled = [row["iteration"] for row in rows(run) if row["quality/sliced_w1"]]
    assert filled == ["4", "8"]
    events = EventAccumulator(str(run)).Reload()
    assert [event.step for event in events.Scalars("distance/w1_exact")] == [4, 8]
    final = read_run(run).numbers
    # at the end it is measured anew, for the record alone
    assert float(rows(run)[7]["distance/certified"]) != final["distance/certified"]
    assert final["distance/certified"] <= final["distance/w1_exact"]
    assert read_run(run).measured_by == ()  # points are compared as they are


def test_a_run_says_which_feature_network_measured_it(train: Train) -> None:
    run = train("run", *DIGITS, *EVALUATED, "train.iterations=4", "train.warmup_critic_steps=0")
    dataset = build_setup(compose_config("device=cpu", *DIGITS)).dataset
    network = find_feature_network(dataset, torch.device("cpu"))
    assert network is not None
    assert read_run(run).measured_by == (network.digest,)


def test_measuring_changes_nothing_else(train: Train) -> None:
    measured, plain = (
        train("measured", *TOY, *EVALUATED, "train.iterations=8"),
        train("plain", *TOY, "train.iterations=8"),
    )
    tags = rows(plain)[0].keys()
    assert [{tag: row[tag] for tag in tags} for row in rows(measured)] == rows(plain)


def test_a_run_that_goes_on_is_the_same_to_the_byte(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    overrides = (*TOY, *EVALUATED, "train.iterations=12")
    whole = train("whole", *overrides)
    stops = iter(range(1, 100))
    with monkeypatch.context() as patch:
        patch.setattr("gan_lab.training.signals.StopRequest.__bool__", lambda self: next(stops) >= 6)
        train("broken", *overrides)
    assert read_run(whole.with_name("broken")).status == "interrupted"
    broken = train("broken", *overrides)
    assert (broken / "metrics.csv").read_bytes() == (whole / "metrics.csv").read_bytes()


@pytest.mark.parametrize("data", [TOY, DIGITS], ids=["ring8", "digits"])
def test_more_iterations_are_the_same_as_a_longer_run(train: Train, data: list[str]) -> None:
    overrides = [*data, *EVALUATED, "train.warmup_critic_steps=0"]
    longer = train("longer", *overrides, "train.iterations=12")
    extended = train("extended", *overrides, "train.iterations=10")
    resume(extended, ["train.iterations=12"], [])
    assert (extended / "metrics.csv").read_bytes() == (longer / "metrics.csv").read_bytes()
    assert read_run(extended).numbers == read_run(longer).numbers


def test_a_sweeper_can_ask_for_a_quality(train: Train) -> None:
    run = train("run", *TOY, *EVALUATED, "train.iterations=4", "train.returned_metric=quality/sliced_w1")
    assert read_run(run).numbers["quality/sliced_w1"] > 0


def test_a_run_of_an_earlier_version_measures_nothing() -> None:
    config = compose_config(*TOY)
    del config["metrics"]
    assert build_setup(config).metrics.every == 0


# The feature network's cache


def test_a_network_is_trained_once_and_again_where_its_file_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_LAB_CACHE", str(tmp_path))
    trained = []
    train_network = feature_cache.train_feature_network

    def counted(*args: object, **more: object) -> object:
        trained.append(1)
        return train_network(*args, **more, n_steps=3)  # type: ignore[arg-type]

    monkeypatch.setattr(feature_cache, "train_feature_network", counted)
    dataset, cpu = setup_of(*DIGITS).dataset, torch.device("cpu")
    first = find_feature_network(dataset, cpu)
    again = find_feature_network(dataset, cpu)
    assert first is not None
    assert again is not None
    assert len(trained) == 1
    assert all(torch.equal(value, again.parameters[name]) for name, value in first.parameters.items())
    (path,) = (cache_folder() / "features").glob("*.pt")
    path.write_bytes(path.read_bytes()[:100])
    assert find_feature_network(dataset, cpu) is not None
    assert len(trained) == 2
    assert find_feature_network(setup_of("dataset=photos").dataset, cpu) is None


def test_a_network_whose_weights_were_replaced_is_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is as good a file as the one before, and would measure something else under the same name."""
    monkeypatch.setenv("GAN_LAB_CACHE", str(tmp_path))
    train_network = feature_cache.train_feature_network
    monkeypatch.setattr(
        feature_cache, "train_feature_network", lambda *a, **more: train_network(*a, **more, n_steps=3)
    )
    dataset, cpu = setup_of(*DIGITS).dataset, torch.device("cpu")
    first = find_feature_network(dataset, cpu)
    assert first is not None
    (path,) = (cache_folder() / "features").glob("*.pt")

    def assert_trained_again(sentence: str) -> None:
        caplog.clear()
        again = find_feature_network(dataset, cpu)
        assert again is not None
        assert all(value.abs().sum() > 0 for name, value in again.parameters.items() if "weight" in name)
        assert [line for line in caplog.messages if line == sentence] != []

    content = torch.load(path, weights_only=True)
    content["parameters"] = {name: value * 0 for name, value in content["parameters"].items()}
    torch.save(content, path)
    assert_trained_again(f"{path} is damaged; the feature network is trained again.")
    torch.save(content, path)
    path.with_suffix(".sha256").unlink()
    assert_trained_again(f"{path} has no checksum beside it; the feature network is trained again.")
    caplog.clear()
    assert find_feature_network(dataset, cpu) is not None
    assert caplog.messages == []


def test_floors_have_tags_of_their_own() -> None:
    assert floor_tag("distance/w1_exact") == "distance/floor"
    assert floor_tag("quality/sliced_w1") == "quality/sliced_w1_floor"
