"""What architectures tell a user whose dataset is not for them."""

import re

import pytest

from gan_lab.architectures.dcgan import DCGANCritic, DCGANGenerator
from gan_lab.architectures.dcgan_nobn import ConstantWidthGenerator
from gan_lab.architectures.mlp import MLPCritic, MLPGenerator
from gan_lab.architectures.mlp_toy import ToyCritic, ToyGenerator
from gan_lab.cli.early import refuse_early
from gan_lab.config.errors import BadValueError, UserError
from support.configs import compose_config

IMAGE_GENERATORS = [DCGANGenerator(), ConstantWidthGenerator(), MLPGenerator()]
IMAGE_CRITICS = [DCGANCritic(), MLPCritic()]


@pytest.mark.parametrize("size", [(28, 28), (8, 8), (48, 48), (256, 256), (32, 64), (4, 4), (0, 0)])
def test_sizes_that_dcgan_cannot_make_are_refused(size):
    tall, wide = size
    sizes = "DCGAN sizes are 16, 32, 64, 128. Set dataset.size to one of them, or take architecture=mlp_mlp."
    for architecture in (DCGANGenerator(), ConstantWidthGenerator()):
        with pytest.raises(UserError) as error:
            architecture.build(100, (3, *size))
        assert str(error.value) == f"architecture.generator cannot make {tall}x{wide} images: {sizes}"
    with pytest.raises(UserError) as error:
        DCGANCritic().build((3, *size))
    assert str(error.value) == f"architecture.critic cannot score {tall}x{wide} images: {sizes}"


@pytest.mark.parametrize("architecture", IMAGE_GENERATORS, ids=repr)
def test_image_generators_send_vectors_elsewhere(architecture):
    with pytest.raises(UserError) as error:
        architecture.build(100, (2,))
    assert str(error.value) == (
        "architecture.generator makes images; dataset has shape (2,): use architecture=mlp_toy."
    )


@pytest.mark.parametrize("architecture", IMAGE_CRITICS, ids=repr)
def test_image_critics_send_vectors_elsewhere(architecture):
    with pytest.raises(UserError) as error:
        architecture.build((2,))
    assert str(error.value) == (
        "architecture.critic scores images; dataset has shape (2,): use architecture=mlp_toy."
    )


@pytest.mark.parametrize(
    ("build", "start"),
    [
        (lambda: ToyGenerator().build(2, (3, 16, 16)), "architecture.generator makes vectors"),
        (lambda: ToyCritic().build((3, 16, 16)), "architecture.critic scores vectors"),
    ],
)
def test_toy_networks_send_images_elsewhere(build, start):
    with pytest.raises(UserError) as error:
        build()
    assert str(error.value) == (
        f"{start}; dataset has shape (3, 16, 16): use architecture=dcgan or architecture=mlp_mlp."
    )


@pytest.mark.parametrize(
    ("chosen", "n_named"),
    [
        (["dataset=digits", "dataset.size=20", "architecture=dcgan"], 1),
        (["dataset=digits", "dataset.size=20", "architecture=mlp"], 1),
        (["dataset=digits", "architecture=mlp_toy"], 2),
        (["dataset=ring8", "architecture=dcgan"], 1),
        (["dataset=ring8", "architecture=mlp"], 1),
    ],
    ids=str,
)
def test_architectures_that_a_refusal_names_take_the_samples(chosen, n_named):
    with pytest.raises(UserError) as error:
        refuse_early(compose_config(*chosen))
    named = re.findall(r"architecture=(\w+)", str(error.value))
    assert len(named) == n_named
    for option in named:
        refuse_early(compose_config(*chosen[:-1], f"architecture={option}"))


def test_an_unknown_norm_is_refused():
    with pytest.raises(BadValueError, match=r"norm must be one of batch, layer, none; got 'group'\."):
        DCGANCritic(norm="group")
