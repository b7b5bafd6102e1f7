"""gan-lab: train adversarial generative models and measure what their critics measure.

From Python: ``gan_lab.train(["dataset=ring8"])``, ``gan_lab.load(folder)``, ``gan_lab.evaluate(real, fake)``,
``gan_lab.distance("w1", p, q)``. docs/python.md shows each.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gan_lab.api.distance import distance
    from gan_lab.api.quality import evaluate
    from gan_lab.api.run import LoadedRun, load
    from gan_lab.api.training import train
    from gan_lab.evaluation.export import read_generator

__all__ = ["LoadedRun", "distance", "evaluate", "load", "read_generator", "train"]
__version__ = "0.2.0"

# by the module that defines each: importing gan_lab imports no torch, which takes a second or more
_WHERE = {
    "LoadedRun": "gan_lab.api.run",
    "distance": "gan_lab.api.distance",
    "evaluate": "gan_lab.api.quality",
    "load": "gan_lab.api.run",
    "read_generator": "gan_lab.evaluation.export",
    "train": "gan_lab.api.training",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_WHERE[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
