"""What the distances lab calls each divergence and distance: one name in tables, figures and sentences."""

from collections import Counter
from collections.abc import Mapping

from gan_lab.objectives.f_divergence import FDivergence
from gan_lab.objectives.power_divergences import (
    Alpha,
    NeymanChiSquared,
    PearsonChiSquared,
    SquaredHellinger,
    TotalVariation,
)
from gan_lab.objectives.relative_entropies import (
    GANDivergence,
    Jeffrey,
    JensenShannon,
    KullbackLeibler,
    ReverseKullbackLeibler,
)

_NAMES = {
    "kl": "KL({p}, {q})",
    "reverse_kl": "KL({q}, {p})",
    "jeffrey": "Jeffrey",
    "jsd": "JSD",
    "tv": "TV",
    "squared_hellinger": "Hellinger²",
    "pearson_chi_squared": "Pearson χ²",
    "neyman_chi_squared": "Neyman χ²",
    "w1": "W1",
    "w2": "W2",
    "mmd": "MMD",
}
_ALSO = {
    "jensen_shannon": "jsd",
    "total_variation": "tv",
    "wasserstein_1": "w1",
    "wasserstein_2": "w2",
}
_OF_OBJECTIVES: dict[type[FDivergence], str] = {
    KullbackLeibler: "kl",
    ReverseKullbackLeibler: "reverse_kl",
    Jeffrey: "jeffrey",
    PearsonChiSquared: "pearson_chi_squared",
    NeymanChiSquared: "neyman_chi_squared",
    SquaredHellinger: "squared_hellinger",
    TotalVariation: "tv",
}


def name_of(key: str, p: str = "p", q: str = "q") -> str:
    """Return the name of a divergence or distance.

    Args:
        key: the column of a table, or what a config calls it.
        p: the data, as the experiment calls it.
        q: the model, likewise.

    Raises:
        KeyError: if there is no such divergence.
    """
    return _NAMES[_ALSO.get(key, key)].format(p=p, q=q)


def names_of_objectives(objectives: Mapping[str, FDivergence]) -> dict[str, str]:
    """Return what the f of each objective generates, by the keys that a config gives them.

    The f of Jensen-Shannon generates 2 JSD, that of the GAN game 2 JSD - log 4. An objective of the user's
    own goes by its key; of several that are alike, each has its key beside its name.
    """
    names = {key: _name_of_objective(key, objective) for key, objective in objectives.items()}
    count = Counter(names.values())
    return {key: name if count[name] == 1 else f"{name} ({key})" for key, name in names.items()}


def _name_of_objective(key: str, objective: FDivergence) -> str:
    if isinstance(objective, Alpha):
        return f"α = {objective.alpha:g}"
    if isinstance(objective, JensenShannon):
        return "2 JSD"
    if isinstance(objective, GANDivergence):
        return "2 JSD − log 4"
    of_objective = _OF_OBJECTIVES.get(type(objective))
    return key if of_objective is None else name_of(of_objective)
