"""Batch norm by the statistics of all rows: of one process it is torch's own, differentiated twice, too."""

import torch
from torch import Tensor, nn

from gan_lab.game.parallel import SynchronisedNorm, play_together, without_batch_norm
from gan_lab.game.setup import build_setup
from gan_lab.numerics.processes import ALONE, Processes
from gan_lab.numerics.streams import make_rng
from support.configs import DIGITS, compose_config


def derivatives(norm: nn.Module, inputs: Tensor) -> list[Tensor]:
    """The output, its first derivatives, and those of the squared length of the first by inputs."""
    leaf = inputs.clone().requires_grad_()
    output = norm(leaf)
    weights = torch.linspace(-1, 1, output.numel()).view_as(output)
    wanted = [leaf, *norm.parameters()]
    first = torch.autograd.grad((weights * output.sin()).sum(), wanted, create_graph=True)
    second = torch.autograd.grad(first[0].square().sum(), wanted[:2])
    return [output, *first, *second]


def test_it_is_batch_norm_and_so_are_its_derivatives() -> None:
    norm = nn.BatchNorm2d(3, track_running_stats=False)
    nn.init.normal_(norm.weight, generator=make_rng(0, "gains"))
    inputs = torch.randn(8, 3, 4, 4, generator=make_rng(0, "inputs"))
    found = derivatives(SynchronisedNorm(norm, ALONE), inputs)
    for one, other in zip(found, derivatives(norm, inputs), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_a_norm_without_gains_and_of_vectors_is_one_too() -> None:
    norm = nn.BatchNorm1d(5, affine=False, track_running_stats=False)
    inputs = torch.randn(16, 5, generator=make_rng(0, "inputs"))
    torch.testing.assert_close(SynchronisedNorm(norm, ALONE)(inputs), norm(inputs))


def test_only_batch_norms_are_replaced_and_in_copies() -> None:
    game = build_setup(compose_config("device=cpu", *DIGITS, "architecture=dcgan", "objective=gan")).game
    assert play_together(game, ALONE) is game
    together = play_together(game, Processes(0, 2))
    for network, before in ((together.generator, game.generator), (together.critic, game.critic)):
        kinds = [type(layer) for layer in network]
        own = [type(layer) for layer in before]
        assert nn.BatchNorm2d in own
        assert kinds == [SynchronisedNorm if kind is nn.BatchNorm2d else kind for kind in own]
        assert dict(network.named_parameters()).keys() == dict(before.named_parameters()).keys()
    assert isinstance(without_batch_norm(nn.BatchNorm1d(2)), nn.Identity)
