"""The projection onto a norm ball: nearest points, what it bounds, and games that it holds."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torch import Tensor, nn

from gan_lab.config.errors import BadValueError
from gan_lab.constraints.clip import WeightClip
from gan_lab.constraints.norm_ball import NormBall
from support.command_line import gan_lab

F64 = torch.float64


def params(scale: float = 1.0, dtype: torch.dtype = F64) -> dict[str, Tensor]:
    rng = torch.Generator().manual_seed(0)
    shapes = {"0.weight": (3, 2), "0.bias": (3,), "2.weight": (1, 3), "2.bias": (1,)}
    return {name: scale * torch.randn(shape, generator=rng, dtype=dtype) for name, shape in shapes.items()}


def length(parts: list[Tensor]) -> float:
    return float(torch.cat([part.flatten() for part in parts]).norm())


def layer(values: dict[str, Tensor], number: int) -> list[Tensor]:
    return [values[f"{number}.weight"], values[f"{number}.bias"]]


def test_a_layer_outside_becomes_as_long_as_the_radius_in_its_own_direction() -> None:
    values = params()
    values["0.weight"] = torch.tensor([[3.0, 0.0], [0.0, 0.0], [0.0, 0.0]], dtype=F64)
    values["0.bias"] = torch.tensor([0.0, 4.0, 0.0], dtype=F64)
    projected = NormBall(radius=2.5).project(values)
    assert projected["0.weight"][0, 0].item() == 1.5
    assert projected["0.bias"].tolist() == [0.0, 2.0, 0.0]
    for number in (0, 2):
        inside = length(layer(values, number)) <= 2.5
        expected = length(layer(values, number)) if inside else 2.5
        assert length(layer(projected, number)) == pytest.approx(expected, rel=1e-12)


def test_what_is_inside_stays_to_the_bit() -> None:
    values = params(1e-3, torch.float32)
    projected = NormBall(radius=1.0).project(values)
    assert all(torch.equal(projected[name], value) for name, value in values.items())


def test_one_ball_holds_the_whole_network() -> None:
    values = params(5.0)
    projected = NormBall(radius=2.0, scope="network").project(values)
    assert length(list(projected.values())) == pytest.approx(2.0, rel=1e-12)
    ratios = torch.cat([(projected[name] / value).flatten() for name, value in values.items()])
    assert float(ratios.max() - ratios.min()) < 1e-12


@pytest.mark.parametrize("scope", ["layer", "network"])
def test_clipping_is_the_linf_ball(scope: str) -> None:
    values = params()
    ours = NormBall(radius=0.3, norm="linf", scope=scope).project(values)  # type: ignore[arg-type]
    clipped = WeightClip(bound=0.3).project(values)
    assert all(torch.equal(ours[name], clipped[name]) for name in values)


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_no_point_of_the_ball_is_nearer(norm: str) -> None:
    """Against a solver that knows the ball as a constraint only."""
    point = np.array([1.0, -2.0, 0.2])
    inside: dict[str, object] = {"constraints": {"type": "ineq", "fun": lambda w: 0.7**2 - (w**2).sum()}}
    if norm == "linf":
        inside = {"bounds": [(-0.7, 0.7)] * 3}
    nearest = minimize(lambda w: ((w - point) ** 2).sum(), np.zeros(3), tol=1e-12, **inside).x
    values = {"0.weight": torch.from_numpy(point)[None]}
    ours = NormBall(radius=0.7, norm=norm).project(values)["0.weight"]  # type: ignore[arg-type]
    assert ours.flatten().tolist() == pytest.approx(nearest.tolist(), abs=1e-5)


@pytest.mark.parametrize("size", [0.0, 1e-30, 1e25, 1e38])
def test_weights_of_any_size_are_held(size: float) -> None:
    values = {"0.weight": torch.full((2, 2), size, dtype=torch.float32)}
    projected = NormBall(radius=2.0).project(values)["0.weight"]
    expected = 1.0 if size > 1 else size
    assert projected.flatten().tolist() == pytest.approx([expected] * 4, rel=1e-6, abs=0)


@pytest.mark.parametrize(
    ("scope", "bound"), [("layer", 1.5**3), ("network", (1.5 / math.sqrt(3)) ** 3)], ids=["layer", "network"]
)
def test_no_slope_exceeds_the_product_of_the_radii(scope: str, bound: float) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1)).double()
    values = {name: 100 * value.detach() for name, value in network.named_parameters()}
    held = NormBall(radius=1.5, scope=scope).project(values)  # type: ignore[arg-type]

    def score(x: Tensor) -> Tensor:
        value: Tensor = torch.func.functional_call(network, held, (x,)).sum()
        return value

    points = torch.randn(500, 2, dtype=F64)
    steepest = float(torch.func.grad(score)(points).norm(dim=1).max())
    assert 0 < steepest <= bound * (1 + 1e-12)


def test_a_balanced_network_of_single_units_reaches_both_bounds() -> None:
    """Three layers of one weight each, r or r / sqrt 3: the slope is the product, so neither is loose."""
    values = {f"{k}.weight": torch.full((1, 1), 9.0, dtype=F64) for k in range(3)}
    by_layer = NormBall(radius=1.5).project(values)
    assert math.prod(float(w) for w in by_layer.values()) == pytest.approx(1.5**3)
    whole = NormBall(radius=1.5, scope="network").project(values)
    assert math.prod(float(w) for w in whole.values()) == pytest.approx((1.5 / math.sqrt(3)) ** 3)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"radius": 0}, "radius must be a number greater than 0; got 0"),
        ({"norm": "l1"}, "norm must be one of l2, linf; got 'l1'"),
        ({"scope": "all"}, "scope must be one of layer, network; got 'all'"),
    ],
)
def test_bad_settings_are_refused(setting: dict[str, object], message: str) -> None:
    with pytest.raises(BadValueError) as error:
        NormBall(**setting)  # type: ignore[arg-type]
    assert message in str(error.value)


def test_a_run_goes_on_to_the_bit_and_ends_in_the_ball(tmp_path: Path) -> None:
    small = ["dataset=ring8", "objective=wgan", "constraint=norm_ball", "constraint.radius=0.5"]
    small += ["train.batch_size=8", "train.warmup_critic_steps=0", "train.execution=eager", "metrics.every=0"]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert gan_lab("train", *small, "train.iterations=6", f"hydra.run.dir={whole}").status == 0
    assert gan_lab("train", *small, "train.iterations=3", f"hydra.run.dir={parts}").status == 0
    assert gan_lab("resume", str(parts), "train.iterations=6").status == 0
    assert (parts / "metrics.csv").read_bytes() == (whole / "metrics.csv").read_bytes()
