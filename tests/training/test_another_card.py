"""A run knows its card, and says so where it goes on with another; cards are made up here."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from gan_lab.runs.checkpoint import load_newest
from gan_lab.runs.reading import read_run
from gan_lab.training import playing
from support.configs import TOY, Train

RUN = (*TOY, "objective=wgan", "train.execution=eager")
T4 = {"name": "Tesla T4", "threads": "40960", "driver": "550.90.07", "cuda": "12.6", "cudnn": "90100"}
H100 = T4 | {"name": "NVIDIA H100", "threads": "270336"}


def sitting(run: Path, number: int) -> Any:
    return json.loads((run / "run.json").read_text())["sittings"][number]


def test_the_card_is_in_the_record_and_in_checkpoints(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing, "card_of", lambda device: T4)
    run = train("run", *RUN, "train.iterations=3")
    assert sitting(run, 0)["card"] == T4
    assert load_newest(run).card == T4
    assert read_run(run).place == "cpu (Tesla T4)"


@pytest.mark.parametrize("card", [T4, H100])
def test_another_card_is_said_and_the_same_is_not(
    card: dict[str, str], train: Train, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(playing, "card_of", lambda device: T4)
    run = train("run", *RUN, "train.iterations=3")
    monkeypatch.setattr(playing, "card_of", lambda device: card)
    with caplog.at_level(logging.WARNING):
        train("run", *RUN, "train.iterations=3", iterations=5)
    # other lines name the folder, which is called after this test
    said = [message for message in caplog.messages if "goes on elsewhere" in message]
    expected = (
        f"{run} goes on elsewhere, card Tesla T4 then, NVIDIA H100 now: it draws the same numbers "
        "and may round otherwise; its results are not to the bit those of a run that never moved."
    )
    assert said == ([expected] if card == H100 else [])
    assert [sitting(run, number)["card"] for number in (0, 1)] == [T4, card]
    assert load_newest(run).card == card


def test_on_a_processor_there_is_none(train: Train) -> None:
    run = train("run", *RUN, "train.iterations=2")
    assert sitting(run, 0)["card"] == load_newest(run).card == {}
    assert read_run(run).place == "cpu"
