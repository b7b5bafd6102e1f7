"""What is known of a card, and what a run is told that goes on with another; cards are made up here."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from gan_lab.numerics import card as module
from gan_lab.numerics.card import card_of, what_another_card_changes
from gan_lab.numerics.precision import float32_products

CUDA = torch.device("cuda", 0)
OPEN_DRIVER = (
    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.90.07  Release Build  (a@b)\nGCC 12.3.0\n"
)


@pytest.fixture
def t4(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    found = SimpleNamespace(
        name="Tesla T4", major=7, minor=5, multi_processor_count=40, max_threads_per_multi_processor=1024
    )
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: found)
    monkeypatch.setattr(torch.version, "cuda", "12.6")
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 90100)
    driver = tmp_path / "version"
    driver.write_text(OPEN_DRIVER)
    monkeypatch.setattr(module, "_DRIVER", driver)
    with float32_products("fp32"):
        return card_of(CUDA)


def test_a_card_is_named_with_what_computes_on_it(t4: dict[str, str]) -> None:
    assert t4 == {
        "name": "Tesla T4",
        "capability": "7.5",
        "multiprocessors": "40",
        "threads": "40960",
        "driver": "550.90.07",
        "cuda": "12.6",
        "cudnn": "90100",
        "tf32_matrices": "false",
        "tf32_convolutions": "false",
    }
    with float32_products("tf32"):
        assert card_of(CUDA) == t4 | {"tf32_matrices": "true", "tf32_convolutions": "true"}


def test_a_processor_is_none() -> None:
    assert card_of(torch.device("cpu")) == {}


def test_a_driver_is_asked_for_and_may_be_unknown(
    t4: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "_DRIVER", tmp_path / "none")
    monkeypatch.setattr(module, "_ASK", ("printf", "535.10\\n535.10\\n"))
    assert card_of(CUDA)["driver"] == "535.10"
    monkeypatch.setattr(module, "_ASK", ("no-such-program",))
    assert card_of(CUDA)["driver"] == "unknown"
    assert t4["driver"] == "550.90.07"


def test_another_card_is_told_with_what_follows(t4: dict[str, str]) -> None:
    h100 = t4 | {"name": "NVIDIA H100", "threads": "270336"}
    assert what_another_card_changes(t4, h100) == (
        "card Tesla T4 then, NVIDIA H100 now: it draws the same numbers and may round otherwise"
    )
    assert what_another_card_changes(t4, t4 | {"driver": "560.1", "cudnn": "91000"}) == (
        "driver 550.90.07 then, 560.1 now; cuDNN 90100 then, 91000 now: "
        "it draws the same numbers and may round otherwise"
    )
    small = t4 | {"name": "GTX 1650", "threads": "14336"}
    assert what_another_card_changes(t4, small).endswith("it draws other numbers and may round otherwise")


@pytest.mark.parametrize("before", [{}, {"threads": "many"}])
def test_of_the_same_and_of_an_unknown_card_nothing_is_said(
    before: dict[str, str], t4: dict[str, str]
) -> None:
    assert what_another_card_changes(before, t4) == ""
    assert what_another_card_changes(t4, t4) == ""


def test_what_a_stranger_calls_a_card_is_shown_without_control_characters(t4: dict[str, str]) -> None:
    assert "\x1b" not in what_another_card_changes(t4 | {"name": "a\x1b[31m"}, t4)
