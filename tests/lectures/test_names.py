"""One name for each divergence in tables, figures and sentences."""

import re
from pathlib import Path

import pytest

from gan_lab.distances.by_name import BY_NAME
from gan_lab.distances.divergences import jensen_shannon
from gan_lab.distances.line import Gaussian
from gan_lab.distances.variational import exact_divergence
from gan_lab.lectures import names
from gan_lab.lectures.names import name_of, names_of_objectives
from gan_lab.objectives.power_divergences import Alpha, PearsonChiSquared
from gan_lab.objectives.relative_entropies import GANDivergence, JensenShannon, KullbackLeibler

LECTURES = Path(names.__file__).parent


def test_every_divergence_that_can_be_chosen_has_one_name() -> None:
    assert len({name_of(key) for key in BY_NAME}) == len(BY_NAME)
    assert name_of("jensen_shannon") == name_of("jsd") == "JSD"
    assert name_of("reverse_kl", "P", "Pₙ") == "KL(Pₙ, P)"
    with pytest.raises(KeyError):
        name_of("nothing")


def test_an_objective_is_named_by_what_its_f_generates() -> None:
    p, q = Gaussian(0.0, 1.0), Gaussian(1.0, 1.0)
    jsd = jensen_shannon(p, q)
    objectives = {
        "js": JensenShannon(),
        "game": GANDivergence(),
        "kl": PearsonChiSquared(),
        "a": Alpha(alpha=1.5),
    }
    assert names_of_objectives(objectives) == {
        "js": "2 JSD",
        "game": "2 JSD − log 4",
        "kl": "Pearson χ²",
        "a": "α = 1.5",
    }
    assert exact_divergence(JensenShannon(), p, q) == pytest.approx(2 * jsd, rel=1e-6)
    assert exact_divergence(GANDivergence(), p, q) == pytest.approx(2 * jsd - 1.3862943611, rel=1e-6)


def test_two_of_a_kind_are_told_apart_by_their_keys() -> None:
    twice = {"one": KullbackLeibler(), "two": KullbackLeibler(generator_cost="minimax"), "x": JensenShannon()}
    assert list(names_of_objectives(twice).values()) == ["KL(p, q) (one)", "KL(p, q) (two)", "2 JSD"]


def test_no_figure_writes_its_own() -> None:
    own = re.compile(r"χ²|H²|Hellinger²|W₁|W₂|\"(W1|W2|JSD|TV|MMD)\"|\blabel=f?\"(W1|W2|JSD|TV|MMD)\b")
    written = [
        f"{path.relative_to(LECTURES)}: {line.strip()}"
        for path in LECTURES.rglob("*.py")
        if path.name != "names.py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if own.search(line)
    ]
    assert written == []
