"""What is timed: configs of gan-lab, named."""

import dataclasses
from dataclasses import dataclass

from gan_lab.cli.compose import compose
from gan_lab.game.setup import Setup, build_setup


@dataclass(frozen=True)
class Case:
    """A config that is timed.

    Attributes:
        group: what ``--cases`` selects it by.
        title: what its table is headed with.
        overrides: as after ``gan-lab train``.
        seeds: numbers of seeds that are stacked, besides one.
    """

    group: str
    title: str
    overrides: tuple[str, ...]
    seeds: tuple[int, ...] = ()

    def build_setup(self, device: str) -> Setup:
        """Return the setup that ``gan-lab train OVERRIDES device=DEVICE`` would run."""
        return build_setup(compose([*self.overrides, f"device={device}"]).config)


_STACKS = (8, 32)

_NETWORKS: dict[str, dict[str, tuple[str, ...]]] = {
    "toy": {
        "toy MLP 3x128, batch 256": ("dataset=ring8",),
        "toy MLP 3x128, batch 64": ("dataset=ring8", "train.batch_size=64"),
    },
    "mlp": {"MLP 4x512, 64x64x3, batch 64": ("dataset=photos", "train.ema=null", "architecture=mlp_mlp")},
    "dcgan32": {"DCGAN 32x32x3, batch 64": ("dataset=photos", "train.ema=null", "dataset.size=32")},
    "dcgan64": {"DCGAN 64x64x3, batch 64": ("dataset=photos", "train.ema=null", "dataset.size=64")},
}
# more numbers of seeds: one case for the figure, and few enough where a call takes long
_SEEDS = {"toy MLP 3x128, batch 256, wgan_gp": (2, 4, 8, 16, 32), "DCGAN 32x32x3, batch 64, wgan": (4, 8, 32)}

OBJECTIVES = ("wgan", "wgan_gp")
GROUPS = tuple(_NETWORKS)


def _make_case(group: str, network: str, overrides: tuple[str, ...], objective: str) -> Case:
    title = f"{network}, {objective}"
    seeds = () if group == "curves" else _SEEDS.get(title, _STACKS)
    return Case(group, title, (*overrides, f"objective={objective}"), seeds)


CASES = tuple(
    _make_case(group, network, overrides, objective)
    for group, networks in _NETWORKS.items()
    for network, overrides in networks.items()
    for objective in OBJECTIVES
)

QUICK_CASES = tuple(
    dataclasses.replace(case, seeds=(8,) if "wgan_gp" in case.title else ())
    for case in CASES
    if case.title.startswith("toy MLP 3x128, batch 256")
)

CURVE_CASES = (
    _make_case("curves", "toy MLP 3x128, batch 16", ("dataset=ring8", "train.batch_size=16"), "wgan_gp"),
    _make_case("curves", "toy MLP 3x128, batch 1024", ("dataset=ring8", "train.batch_size=1024"), "wgan_gp"),
    _make_case(
        "curves", "DCGAN 16x16x3, batch 64", ("dataset=photos", "train.ema=null", "dataset.size=16"), "wgan"
    ),
)
"""What the figures show besides the cases of the tables."""

SEEDS_CURVE = "toy MLP 3x128, batch 256, wgan_gp"
BATCH_CURVE = {n: f"toy MLP 3x128, batch {n}, wgan_gp" for n in (16, 64, 256, 1024)}
SIZE_CURVE = {n: f"DCGAN {n}x{n}x3, batch 64, wgan" for n in (16, 32, 64)}
"""The figures' points: what is on the x axis to the title of a case."""

SHOWN = frozenset((SEEDS_CURVE, *BATCH_CURVE.values(), *SIZE_CURVE.values()))
