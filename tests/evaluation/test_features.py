import io
import re

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gan_lab.config.errors import BadValueError
from gan_lab.datasets.embedded import Digits, StackedDigits
from gan_lab.datasets.resident import to_unit_range
from gan_lab.evaluation.feature_network import FeatureNetwork, init_parameters
from gan_lab.evaluation.feature_training import shifted, train_feature_network


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def untrained(channels: int, size: int, channel_wise: bool = False) -> FeatureNetwork:
    return FeatureNetwork(init_parameters((channels, size, size), 10, seeded()), (size, size), channel_wise)


def noise(*shape: int) -> Tensor:
    return torch.rand(shape, generator=seeded(1)) * 2 - 1


@pytest.fixture(scope="module")
def trained() -> tuple[FeatureNetwork, float]:
    return train_feature_network(*StackedDigits().labelled(), 10, seeded(), channel_wise=True, n_steps=250)


def test_digits_are_told_apart(trained: tuple[FeatureNetwork, float]) -> None:
    network, held_out_accuracy = trained
    images, labels = Digits().labelled()
    right = network.classify(to_unit_range(images)) == labels
    assert 0.97 < held_out_accuracy <= 1
    # a fifth of the images was held out, and most of the others are known by heart
    assert right.double().mean() > 0.98
    assert held_out_accuracy * 359 == pytest.approx(round(held_out_accuracy * 359), abs=1e-6)


def test_three_digits_name_one_of_a_thousand_classes(trained: tuple[FeatureNetwork, float]) -> None:
    network, _ = trained
    images, labels = StackedDigits().labelled()
    rows = torch.randint(len(images), (2000, 3), generator=seeded())
    stacks = to_unit_range(images.squeeze(1)[rows])  # (2000, 3, 16, 16)
    expected = labels[rows] @ torch.tensor([100, 10, 1])
    assert (network.classify(stacks) == expected).double().mean() > 0.95


def test_channels_are_looked_at_one_by_one(trained: tuple[FeatureNetwork, float]) -> None:
    network, _ = trained
    stacks = noise(5, 3, 16, 16)
    alone = [network.features(stacks[:, c : c + 1]) for c in range(3)]
    torch.testing.assert_close(network.features(stacks), torch.cat(alone, dim=1), rtol=0, atol=1e-5)


def test_probabilities_of_stacks_are_products_and_agree_with_the_class(
    trained: tuple[FeatureNetwork, float],
) -> None:
    network, _ = trained
    stacks = noise(40, 3, 16, 16)
    a, b, c = (network.class_probabilities(stacks[:, k : k + 1]) for k in range(3))
    joint = network.class_probabilities(stacks)
    expected = torch.einsum("na,nb,nc->nabc", a, b, c).reshape(40, 1000)
    torch.testing.assert_close(joint, expected, rtol=0, atol=1e-6)
    assert torch.equal(joint.argmax(dim=1), network.classify(stacks))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("size", "side"), [(3, 3), (8, 4), (16, 4), (17, 3), (28, 4), (32, 4), (64, 4)])
def test_the_network_is_what_torch_nn_builds(channels: int, size: int, side: int) -> None:
    network, images = untrained(channels, size), noise(3, channels, size, size)
    layers: list[nn.Module] = []
    left, width, k = size, channels, 0
    while k == 0 or left > 4:
        wider = (16, 32, 64, 64, 64)[k]
        layers += [nn.Conv2d(width, wider, 3, stride=1 if k == 0 else 2, padding=1), nn.ReLU()]
        left, width, k = left if k == 0 else (left + 1) // 2, wider, k + 1
    assert left == side
    body = nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * left**2, 64), nn.ReLU())
    reference = nn.Sequential(body, nn.Linear(64, 10), nn.Softmax(dim=1))
    names = reference.state_dict().keys()
    reference.load_state_dict(dict(zip(names, network.parameters.values(), strict=True)))
    with torch.no_grad():
        torch.testing.assert_close(network.features(images), body(images), rtol=0, atol=1e-5)
        torch.testing.assert_close(network.class_probabilities(images), reference(images), rtol=0, atol=1e-5)
    assert torch.equal(network.classify(images), reference(images).argmax(dim=1))


def test_initial_weights_are_he_normal() -> None:
    parameters = init_parameters((3, 64, 64), 10, seeded())
    for name, fan_in in (("convolution2", 32 * 9), ("features", 64 * 16)):
        weight = parameters[f"{name}.weight"]
        assert weight.std().item() == pytest.approx((2 / fan_in) ** 0.5, rel=0.02)
        assert not parameters[f"{name}.bias"].any()


def test_features_do_not_depend_on_what_else_is_looked_at() -> None:
    network, images = untrained(1, 16), noise(1100, 1, 16, 16)  # more than two chunks
    features = network.features(images)
    assert features.shape == (1100, 64)
    assert features.dtype == torch.float32
    assert features.min() == 0
    rows = [0, 511, 512, 1099]
    alone = torch.cat([network.features(images[row : row + 1]) for row in rows])
    torch.testing.assert_close(features[rows], alone, rtol=0, atol=1e-5)
    assert network.features(images[:3].bfloat16()).dtype == torch.float32


def test_parameters_can_be_saved_and_read_safely() -> None:
    network, file = untrained(3, 16), io.BytesIO()
    torch.save(network.parameters, file)
    file.seek(0)
    again = FeatureNetwork(torch.load(file, weights_only=True), (16, 16))
    assert torch.equal(again.features(noise(2, 3, 16, 16)), network.features(noise(2, 3, 16, 16)))


def test_the_generator_alone_decides_on_the_network() -> None:
    images, labels = Digits(8).labelled()

    def train(seed: int) -> tuple[FeatureNetwork, float]:
        return train_feature_network(images, labels, 10, seeded(seed), n_steps=15)

    state = torch.get_rng_state()
    (first, accuracy), (second, again), (other, _) = train(3), train(3), train(4)
    assert torch.equal(torch.get_rng_state(), state)
    assert accuracy == again
    assert all(torch.equal(first.parameters[name], second.parameters[name]) for name in first.parameters)
    assert not any(torch.equal(first.parameters[name], other.parameters[name]) for name in first.parameters)
    assert not any(parameter.requires_grad for parameter in first.parameters.values())


def test_threads_do_not_change_the_network_and_its_digest_tells_it_from_others() -> None:
    images, labels = Digits().labelled()
    threads, digests = torch.get_num_threads(), []
    try:
        for number, seed in ((1, 0), (2, 0), (1, 1)):
            torch.set_num_threads(number)
            network, _ = train_feature_network(images[:200], labels[:200], 10, seeded(seed), n_steps=20)
            digests.append(network.digest)
            assert torch.get_num_threads() == number
    finally:
        torch.set_num_threads(threads)
    assert digests[0] == digests[1] != digests[2]


def test_what_is_held_out_was_not_trained_on() -> None:
    """Labels without a meaning can be learnt by heart, and told only of what was seen."""
    images = torch.randint(256, (500, 1, 8, 8), generator=seeded(), dtype=torch.uint8)
    labels = torch.randint(2, (500,), generator=seeded(1))
    network, accuracy = train_feature_network(images, labels, 2, seeded(), n_steps=250)
    right = network.classify(to_unit_range(images)) == labels
    assert accuracy == pytest.approx(0.5, abs=0.2)  # 4 standard errors of 100 images
    assert right.double().mean() == pytest.approx(0.8 + 0.2 * accuracy, abs=0.01)


def test_colours_are_told_apart() -> None:
    labels = torch.arange(90) % 3
    images = (200 * torch.eye(3)[labels])[:, :, None, None].expand(-1, -1, 8, 8).to(torch.uint8)
    assert train_feature_network(images, labels, 3, seeded(), n_steps=60)[1] == 1


def test_shifts_are_whole_pixels_evenly_spread() -> None:
    row, column = torch.meshgrid(torch.arange(8.0), torch.arange(6.0), indexing="ij")
    images = torch.stack([row, column]).expand(9000, 2, 8, 6)  # each pixel says where it comes from
    moved = shifted(images, 1, seeded())
    shift = moved[:, :, 4, 3] - torch.tensor([4.0, 3.0])  # (9000, 2)
    np.testing.assert_allclose((3 * shift[:, 0] + shift[:, 1] + 4).int().bincount() / 9000, 1 / 9, atol=0.015)
    np.testing.assert_array_equal(moved[:, 0], (row + shift[:, :1, None]).clamp(0, 7))
    np.testing.assert_array_equal(moved[:, 1], (column + shift[:, 1:, None]).clamp(0, 5))
    assert torch.equal(shifted(images[:2], 0, seeded()), images[:2])


@pytest.mark.parametrize(
    "images",
    [
        torch.zeros(2, 1, 16, 16),
        torch.zeros(2, 3, 8, 16),
        torch.zeros(0, 3, 16, 16),
        torch.zeros(3, 16, 16),
        torch.zeros(2, 3, 16, 16, dtype=torch.uint8),
    ],
)
def test_other_images_are_refused(images: Tensor) -> None:
    rule = r"^images must be at least one image of floats in \[-1, 1\], of shape \(3, 16, 16\); got "
    with pytest.raises(
        BadValueError, match=rule + re.escape(repr(f"{tuple(images.shape)} of {images.dtype}"))
    ):
        untrained(3, 16).features(images)


def test_a_channel_wise_network_takes_any_number_of_channels_but_no_other_size() -> None:
    network = untrained(1, 16, channel_wise=True)
    assert network.features(noise(2, 4, 16, 16)).shape == (2, 4 * 64)
    with pytest.raises(BadValueError, match=r"of shape \(1, 16, 16\) for each channel; got"):
        network.classify(noise(2, 3, 8, 8))


IMAGES, LABELS = torch.zeros(6, 1, 8, 8, dtype=torch.uint8), torch.arange(6)


@pytest.mark.parametrize(
    ("images", "labels", "more", "message"),
    [
        (IMAGES.float(), LABELS, {}, r"images must be at least 5 images .* of bytes; got '\(6, 1, 8, 8\)"),
        (IMAGES[:4], LABELS[:4], {}, r"images must be at least 5 images"),
        (IMAGES, LABELS[:5], {}, r"labels must be one int64 for each of 6 images; got '\(5,\)"),
        (IMAGES, LABELS.float(), {}, r"labels must be one int64 .*float32"),
        (IMAGES, LABELS - 1, {}, r"labels must be from 0 to 5; got '-1 to 4'"),
        (IMAGES, LABELS + 1, {}, r"labels must be from 0 to 5; got '1 to 6'"),
        (IMAGES, LABELS, {"n_steps": 0}, r"n_steps must be a whole number greater than 0; got 0"),
        (IMAGES, LABELS, {"batch_size": 0}, r"batch_size must be a whole number greater than 0; got 0"),
        (IMAGES.expand(-1, 3, -1, -1), LABELS, {"channel_wise": True}, r"images must be of one channel"),
    ],
)
def test_images_and_labels_that_do_not_fit_are_refused(
    images: Tensor, labels: Tensor, more: dict[str, int], message: str
) -> None:
    with pytest.raises(BadValueError, match=f"^{message}"):
        train_feature_network(images, labels, 6, seeded(), **more)


@pytest.mark.gpu
def test_on_cuda_the_same_seed_gives_the_same_network() -> None:
    images, labels = Digits().labelled()
    first, second = (
        train_feature_network(images, labels, 10, torch.Generator("cuda").manual_seed(0), n_steps=200)
        for _ in range(2)
    )
    assert first[1] == second[1] > 0.9
    drawn = noise(10, 1, 16, 16)
    assert first[0].features(drawn).device.type == "cuda"
    assert torch.equal(first[0].features(drawn), second[0].features(drawn))
