"""The pages that the gallery links: one for every experiment with sliders, with all of their positions."""

from pathlib import Path

import pytest

from gan_lab.config.options import config_folder, list_options
from gan_lab.lectures.interactive.frames import places_of
from lectures.interactive.test_frames import WITH_SLIDERS
from lectures.interactive.test_page import Page

DOCS = Path(__file__).parents[3] / "docs"
LARGEST, ALL = 0.7e6, 2.8e6  # bytes: more keeps a reader waiting, and every clone carries them


def page_of(name: str) -> Page:
    return Page((DOCS / "interactive" / f"{name}.html").read_text(encoding="utf-8"))


def test_the_pages_are_small_together() -> None:
    assert sum(path.stat().st_size for path in (DOCS / "interactive").iterdir()) < ALL


@pytest.mark.parametrize("name", WITH_SLIDERS)
def test_a_page_is_linked_and_has_the_frames_of_the_sliders(name: str) -> None:
    path = DOCS / "interactive" / f"{name}.html"
    assert f"(interactive/{name}.html)" in (DOCS / "distances.md").read_text(encoding="utf-8")
    assert path.stat().st_size < LARGEST
    page, experiment = page_of(name), WITH_SLIDERS[name]
    shown = [[f"{position:g}" for position in slider.positions] for slider in experiment.sliders]
    assert [slider["positions"] for slider in page.data("sliders")] == shown
    frames = page.data("frames")
    assert len(frames) == len(places_of(experiment))
    assert len({frame["sentence"] for frame in frames}) == len(frames)
    assert len({frame["picture"] for frame in frames}) == len(frames)
    assert page.texts["p"].startswith(list_options("distances", [config_folder()])[name])
    assert {path.stem for path in (DOCS / "interactive").iterdir()} == set(WITH_SLIDERS)
