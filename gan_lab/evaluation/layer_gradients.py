"""How large the critic's gradient is layer by layer: where it vanishes or explodes on its way down."""

import torch
from torch import Tensor, nn

from gan_lab.game.networks import critic_of
from gan_lab.game.rules import Game
from gan_lab.numerics.derivatives import use_autograd, value_and_gradients
from gan_lab.tags.names import layer_tag
from gan_lab.types import Params, State


def layer_tags(critic: nn.Module) -> list[str]:
    """Return the tags of ``layer_gradients`` in the order of the layers, input first."""
    return [layer_tag(name) for name, value in critic.named_parameters() if value.ndim > 1]


def layer_gradients(game: Game, state: State, real: Tensor, fake: Tensor) -> dict[str, float]:
    """Return the Euclidean norm of the critic loss's gradient by each layer's weights, without the penalty.

    The paper's figure takes the gradient by activations instead; on the way from the loss down both shrink
    or grow by the same factors, the layers' weights, but a layer's weight gradient also carries the size of
    its input.

    Args:
        game: the rules; its loss is differentiated in the game's own precision.
        state: whose critic.
        real: samples of the data (n, *D).
        fake: generated samples (n, *D).

    Returns:
        ``layers/<parameter>`` of every weight with more than one axis to a norm.

    Reference:
        Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, figure 1(b).
    """

    def loss(params: Params) -> tuple[Tensor, dict[str, Tensor]]:
        score = critic_of(game, state._replace(critic=params))
        return game.objective.critic_loss(score(real), score(fake)), {}

    with use_autograd():
        gradients, _, _ = value_and_gradients(loss, state.critic)
    norms = {layer_tag(name): value for name, value in gradients.items() if value.ndim > 1}
    return {tag: float(torch.linalg.vector_norm(value.float())) for tag, value in norms.items()}
