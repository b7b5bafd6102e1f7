"""Networks and seeds that no memory holds are refused in a sentence, before anything of them is allocated."""

import resource
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from gan_lab.config.errors import BadValueError, UserError
from gan_lab.game.setup import build_setup
from gan_lab.numerics import memory
from gan_lab.training import launch
from support.configs import TOY, compose_config

CPU = torch.device("cpu")


@pytest.mark.parametrize("half", ["generator", "critic"])
@pytest.mark.parametrize("width", [100_000_000, 10**12, 10**30, 10**4000])
@pytest.mark.parametrize("architecture", ["mlp_toy", "mlp_mlp", "dcgan"])
def test_an_astronomic_width_is_refused(architecture: str, width: int, half: str) -> None:
    dataset = "ring8" if architecture == "mlp_toy" else "digits"
    config = compose_config(f"dataset={dataset}", "device=cpu", f"architecture={architecture}")
    config["architecture"][half]["width"] = width
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refusal = (
        r"must have at most [\d,]+ parameters, " if width <= 10**18 else r"\.width must be at most 10\^18"
    )
    with pytest.raises(UserError, match=rf"^architecture\.{half} ?{refusal}"):
        build_setup(config)
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 2_000_000


def test_an_astronomic_depth_and_latent_are_refused() -> None:
    config = compose_config(*TOY, "device=cpu")
    config["architecture"]["critic"]["depth"] = 10**9
    with pytest.raises(BadValueError, match=r"^architecture\.critic\.depth must be a whole number from 1"):
        build_setup(config)
    config = compose_config(*TOY, "device=cpu", "architecture.latent_dim=1000000000000")
    with pytest.raises(UserError, match=r"^architecture\.generator must have at most"):
        build_setup(config)


def test_available_memory_is_that_of_this_machine() -> None:
    assert 2**20 < memory.available_bytes(CPU) <= memory.total_bytes(CPU) < 2**50


@pytest.mark.parametrize("measure", [memory.available_bytes, memory.total_bytes])
def test_a_container_limit_caps_the_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, measure: Callable[[torch.device], int]
) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(memory, "_CGROUP_LIMIT", limit)
    limit.write_text("max\n")
    unlimited = measure(CPU)
    limit.write_text("1000000\n")
    assert measure(CPU) == 1_000_000 < unlimited


def test_parameters_are_counted_to_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = (3 * 5 + 5) * memory.BYTES_PER_PARAMETER
    for machine, fits in ((needed, True), (needed - 1, False)):
        monkeypatch.setattr(memory, "total_bytes", lambda device, machine=machine: machine)
        try:
            with memory.parameters_that_fit(CPU, "it"):
                torch.nn.Linear(3, 5)
        except UserError:
            assert not fits
        else:
            assert fits


@pytest.mark.parametrize("seeds", [100_000, 10**9, 10**30])
def test_more_seeds_than_memory_are_refused(tmp_path, monkeypatch: pytest.MonkeyPatch, seeds: int) -> None:
    monkeypatch.setattr("gan_lab.training.seeds.total_bytes", lambda device: 8 * 10**9)
    config = compose_config(*TOY, "device=cpu", f"train.seeds={seeds}")
    refusal = r"[\d,]+ seeds, for which " if seeds <= 10**18 else r"10\^18; got"
    with pytest.raises(UserError, match=rf"^train\.seeds must be at most {refusal}"):
        launch.launch(config, tmp_path / "run", choices={}, command="a test")
    assert not (tmp_path / "run").exists()


def test_seeds_count_by_their_networks(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_lab.training.seeds.total_bytes", lambda device: 10**8)
    wide = [*TOY, "architecture.generator.width=1000", "device=cpu", "train.seeds=2"]
    with pytest.raises(BadValueError, match=r"^train\.seeds must be at most 1 seed"):
        launch.launch(compose_config(*wide), tmp_path / "run", choices={}, command="a test")
