"""Shapes, parameter counts, initial weights and purity of all architectures."""

from itertools import product
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from torch import nn
from torch.func import functional_call

from gan_lab.architectures.dcgan import DCGANCritic, DCGANGenerator
from gan_lab.architectures.dcgan_nobn import ConstantWidthGenerator
from gan_lab.architectures.deep_dcgan import DeepCritic, DeepGenerator, SmoothReLU, further_layers
from gan_lab.architectures.mlp import MLPCritic, MLPGenerator
from gan_lab.architectures.mlp_toy import ToyCritic, ToyGenerator
from gan_lab.cli.hydra_plugins import prefer_own_configs
from gan_lab.config.errors import BadValueError

CONF = Path(__file__).parents[2] / "conf"
SMALL = (3, 16, 16)
IMAGES = list(product((16, 32, 64, 128), (1, 3)))
IMAGE_GENERATORS = [DCGANGenerator(width=4), ConstantWidthGenerator(width=4), MLPGenerator(width=8)]
IMAGE_GENERATORS += [DeepGenerator(width=4), DeepGenerator(width=4, activation="smooth_relu", norm="none")]
IMAGE_CRITICS = [
    DCGANCritic(width=4, norm="batch"),
    DCGANCritic(width=4, norm="layer"),
    DCGANCritic(width=4, norm="none"),
    MLPCritic(width=8),
    DeepCritic(width=4, norm="layer"),
    DeepCritic(width=4, activation="tanh", norm="none"),
]
GENERATORS = [*((one, SMALL) for one in IMAGE_GENERATORS), (ToyGenerator(width=8), (5,))]
CRITICS = [*((one, SMALL) for one in IMAGE_CRITICS), (ToyCritic(width=8), (5,))]


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def named(options):
    return [pytest.param(*option, id=repr(option[0])) for option in options]


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def convolutions(module: nn.Module) -> list[nn.Module]:
    return [part for part in module.modules() if isinstance(part, nn.Conv2d | nn.ConvTranspose2d)]


@pytest.mark.parametrize(("size", "channels"), IMAGES)
@pytest.mark.parametrize("architecture", IMAGE_GENERATORS, ids=repr)
def test_generators_make_images_in_range(architecture, size, channels):
    generator = architecture.build(7, (channels, size, size))
    large = {name: 100 * value for name, value in generator.named_parameters()}
    images = functional_call(generator, large, (torch.randn(2, 7),))
    assert images.shape == (2, channels, size, size)
    assert 0.99 < images.abs().max() <= 1


@pytest.mark.parametrize(("size", "channels"), IMAGES)
@pytest.mark.parametrize("architecture", IMAGE_CRITICS, ids=repr)
@pytest.mark.parametrize("batch", [1, 2])
def test_critics_give_one_score_a_sample(architecture, size, channels, batch):
    critic = architecture.build((channels, size, size))
    assert critic(torch.randn(batch, channels, size, size)).shape == (batch,)


@pytest.mark.parametrize("dimension", [1, 2, 128])
def test_toy_networks_take_vectors_of_any_dimension(dimension):
    vectors = ToyGenerator().build(2, (dimension,))(100 * torch.randn(64, 2))
    assert vectors.shape == (64, dimension)
    assert vectors.abs().max() > 1  # no tanh
    assert ToyCritic().build((dimension,))(vectors).shape == (64,)
    assert ToyCritic().build((dimension,))(vectors[:1]).shape == (1,)


def test_parameter_counts_of_the_released_code():
    assert count(DCGANGenerator().build(100, (3, 64, 64))) == 3_576_704
    assert count(DCGANCritic().build((3, 64, 64))) == 2_765_568
    assert count(DCGANCritic(norm="layer").build((3, 64, 64))) == 2_765_568


def test_the_constant_width_generator_is_ten_times_smaller():
    generator = ConstantWidthGenerator().build(100, (3, 64, 64))
    assert count(DCGANGenerator().build(100, (3, 64, 64))) / count(generator) > 10
    layers = convolutions(generator)
    assert [layer.in_channels for layer in layers] == [100, 64, 64, 64, 64]
    assert [layer.out_channels for layer in layers] == [64, 64, 64, 64, 3]
    assert all(layer.bias is not None for layer in layers)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in generator.modules())


def test_dcgan_filters_halve_in_the_generator_and_double_in_the_critic():
    generator, critic = DCGANGenerator().build(100, (3, 64, 64)), DCGANCritic().build((3, 64, 64))
    assert [layer.out_channels for layer in convolutions(generator)] == [512, 256, 128, 64, 3]
    assert [layer.out_channels for layer in convolutions(critic)] == [64, 128, 256, 512, 1]
    for layer in [*convolutions(generator), *convolutions(critic)]:
        assert layer.kernel_size == (4, 4)
        assert layer.bias is None


@pytest.mark.parametrize(
    ("norm", "kind", "biased"),
    [("batch", nn.BatchNorm2d, False), ("layer", nn.GroupNorm, False), ("none", None, True)],
)
def test_the_critics_first_and_last_layer_are_not_normalised(norm, kind, biased):
    critic = DCGANCritic(norm=norm).build((3, 64, 64))
    norms = [part for part in critic.modules() if isinstance(part, nn.BatchNorm2d | nn.GroupNorm)]
    assert [type(part) for part in norms] == ([kind] * 3 if kind else [])
    assert all((layer.bias is not None) is biased for layer in convolutions(critic))
    assert isinstance(critic[1], nn.LeakyReLU)
    assert critic[1].negative_slope == 0.2


def test_layer_norm_takes_its_statistics_from_one_sample():
    critic = DCGANCritic(width=4, norm="layer").build(SMALL)
    images = torch.randn(4, *SMALL)
    torch.testing.assert_close(critic(images)[:1], critic(images[:1]), atol=1e-5, rtol=0)
    norm = next(part for part in critic.modules() if isinstance(part, nn.GroupNorm))
    assert norm.num_groups == 1


@pytest.mark.parametrize("build", [DCGANGenerator().build, ConstantWidthGenerator(width=256).build])
def test_convolutions_start_from_a_normal_of_standard_deviation_one_fiftieth(build):
    check_dcgan_start(build(100, (3, 64, 64)))


def test_the_critic_starts_as_the_generator_does():
    for norm in ("batch", "layer", "none"):
        check_dcgan_start(DCGANCritic(norm=norm).build((3, 64, 64)))


def check_dcgan_start(network: nn.Module) -> None:
    for name, value in network.named_parameters():
        if value.ndim > 1:
            assert value.mean().item() == pytest.approx(0, abs=0.002), name
            assert value.std().item() == pytest.approx(0.02, abs=0.001), name
            assert value.abs().max() > 0.05, name  # normal, not uniform
        elif name.endswith("bias"):
            assert not value.any(), name
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            assert part.weight.mean().item() == pytest.approx(1, abs=0.02)
            assert part.weight.std().item() == pytest.approx(0.02, abs=0.008)
        if isinstance(part, nn.GroupNorm):
            assert (part.weight == 1).all()


@pytest.mark.parametrize("depth", [1, 4, 12])
@pytest.mark.parametrize(
    "build",
    [
        lambda depth: MLPGenerator(width=9, depth=depth).build(3, SMALL),
        lambda depth: MLPCritic(width=9, depth=depth).build(SMALL),
        lambda depth: ToyGenerator(width=9, depth=depth).build(3, (2,)),
        lambda depth: ToyCritic(width=9, depth=depth).build((2,)),
    ],
)
def test_depth_counts_hidden_layers(build, depth):
    network = build(depth)
    layers = [part for part in network if isinstance(part, nn.Linear)]
    assert [layer.out_features for layer in layers[:-1]] == [9] * depth
    assert [layer.in_features for layer in layers[1:]] == [9] * depth
    assert sum(isinstance(part, nn.ReLU) for part in network) == depth


def test_toy_networks_start_from_he_and_glorot_uniform():
    first, *middle, last = [
        part for part in ToyGenerator(width=512).build(64, (64,)) if isinstance(part, nn.Linear)
    ]
    for layer, bound in [
        (first, (6 / 64) ** 0.5),
        *((layer, (6 / 512) ** 0.5) for layer in middle),
        (last, (6 / (512 + 64)) ** 0.5),
    ]:
        assert layer.weight.abs().max().item() == pytest.approx(bound, rel=0.01)
        assert layer.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)
        assert not layer.bias.any()


@pytest.mark.parametrize(("architecture", "shape"), named(GENERATORS))
def test_generators_are_pure_functions_of_their_parameters(architecture, shape):
    templates = [architecture.build(7, shape).double() for _ in range(3)]
    check_stacked_members(templates, torch.randn(3, 4, 7, dtype=torch.float64))


@pytest.mark.parametrize(("architecture", "shape"), named(CRITICS))
def test_critics_are_pure_functions_of_their_parameters(architecture, shape):
    templates = [architecture.build(shape).double() for _ in range(3)]
    check_stacked_members(templates, torch.randn(3, 4, *shape, dtype=torch.float64))


def check_stacked_members(members: list[nn.Module], inputs: torch.Tensor) -> None:
    """Members stacked and mapped over give what each gives alone, compiled in one graph or not."""
    template = members[0]
    assert list(template.buffers()) == []
    each = [{name: value.detach() for name, value in one.named_parameters()} for one in members]
    stacked = {name: torch.stack([one[name] for one in each]) for name in each[0]}
    expected = torch.stack([one(x).detach() for one, x in zip(members, inputs, strict=True)])

    def forward(params: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
        return functional_call(template, params, (x,))

    torch.testing.assert_close(torch.vmap(forward)(stacked, inputs), expected, atol=1e-10, rtol=0)
    torch._dynamo.reset()
    compiled = torch.compile(torch.vmap(forward), fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(stacked, inputs), expected, atol=1e-10, rtol=0)


def test_the_perceptrons_take_images_of_any_size():
    images = MLPGenerator().build(5, (1, 28, 20))(torch.randn(2, 5))
    assert MLPCritic().build((1, 28, 20))(images).shape == (2,)


@pytest.mark.parametrize(
    ("option", "generator", "critic", "latent_dim"),
    [
        ("dcgan", DCGANGenerator(), DCGANCritic(norm="layer"), 100),
        ("dcgan_nobn", ConstantWidthGenerator(), DCGANCritic(norm="layer"), 100),
        ("mlp", MLPGenerator(), DCGANCritic(norm="layer"), 100),
        ("mlp_mlp", MLPGenerator(), MLPCritic(), 100),
        ("mlp_toy", ToyGenerator(), ToyCritic(), 2),
    ],
)
def test_pairs_compose_from_their_two_sides(option, generator, critic, latent_dim):
    prefer_own_configs()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(overrides=[f"+architecture={option}", "+critic_norm=layer"])
    assert instantiate(config.architecture.generator) == generator
    assert instantiate(config.architecture.critic) == critic
    assert config.architecture.latent_dim == latent_dim


@pytest.mark.parametrize("depth", [4, 5, 9, 20])
def test_deep_networks_have_as_many_convolutions_as_they_say(depth):
    assert len(convolutions(DeepGenerator(width=4, depth=depth).build(7, (1, 32, 32)))) == depth
    assert len(convolutions(DeepCritic(width=4, depth=depth).build((1, 32, 32)))) == depth


def test_without_further_layers_deep_networks_are_dcgans():
    critic, plain = DeepCritic(width=4, depth=4).build((1, 32, 32)), DCGANCritic(width=4).build((1, 32, 32))
    plain.load_state_dict(critic.state_dict())
    images = torch.randn(3, 1, 32, 32)
    assert torch.equal(critic(images), plain(images))
    generator = DeepGenerator(width=4, depth=4).build(7, (1, 32, 32))
    plain = DCGANGenerator(width=4).build(7, (1, 32, 32))
    plain.load_state_dict(generator.state_dict())
    latents = torch.randn(3, 7)
    assert torch.equal(generator(latents), plain(latents))


def test_further_layers_are_spread_evenly():
    assert further_layers("critic", 12, 3) == [3, 3, 2]
    with pytest.raises(BadValueError, match=r"architecture\.critic\.depth must be at least 4"):
        further_layers("critic", 3, 3)


def test_smooth_relu_is_the_shifted_softplus_of_the_paper():
    x = torch.tensor([-50.0, -1.0, 0.0, 1.0, 50.0], dtype=torch.float64)
    expected = torch.log1p(torch.exp(2 * x + 2)) / 2 - 1
    assert torch.allclose(SmoothReLU()(x), expected, atol=1e-9)
    assert SmoothReLU()(torch.tensor(-50.0)) == -1
