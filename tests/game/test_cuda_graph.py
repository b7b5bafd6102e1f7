"""What a CUDA graph copies in; that it replays is tested on a GPU, in test_execution.py."""

import torch

from gan_lab.game.cuda_graph import by_type


def test_every_tensor_is_copied_among_those_of_its_type() -> None:
    of = [
        torch.tensor([1.0, 2.0]),
        torch.tensor(7),
        torch.empty(3, 0),
        torch.tensor(3.0),
        torch.tensor([8, 9]),
    ]
    to = [torch.zeros_like(tensor) for tensor in of]
    groups = list(by_type(to, of))
    assert [{tensor.dtype for tensor in ours} for ours, _ in groups] == [{torch.float32}, {torch.int64}]
    for ours, theirs in groups:
        torch._foreach_copy_(ours, theirs)
    assert all(map(torch.equal, to, of))
