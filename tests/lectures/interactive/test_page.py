"""The interactive page without a browser: it parses, holds every frame, and asks nobody for anything."""

import base64
import dataclasses
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from gan_lab.cli.distances import experiments_with_sliders
from gan_lab.config.command_lines import words_of
from gan_lab.lectures.base import LectureExperiment, Slider
from gan_lab.lectures.interactive.frames import Frame, places_of
from gan_lab.lectures.interactive.page import render_page
from gan_lab.lectures.interactive.pictures import Pictures
from lectures.interactive.test_frames import WITH_SLIDERS, Two
from support.command_line import gan_lab

MEAN = "</script><script>alert(1)</script> \"'& <b>θ</b>"
VOID = {"meta", "link", "img", "input", "br"}


class Page(HTMLParser):
    """What a page is made of: elements with their attributes and texts; every one must be closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, str] = {}
        self.open: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of_element = {name: value or "" for name, value in attrs}
        self.elements.append((tag, of_element))
        if tag not in VOID:
            self.open.append((tag, of_element.get("id", "")))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            name = self.open[-1][1] or self.open[-1][0]
            self.texts[name] = self.texts.get(name, "") + data

    def attributes(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def data(self, name: str) -> Any:
        return json.loads(self.texts[name])


def frames(experiment: LectureExperiment, sentence: str = "It is {place}.") -> list[Frame]:
    return [
        Frame(
            place,
            tuple(f"x{k}={value:g}" for k, value in enumerate(place)),
            sentence.format(place=place),
            Figure(),
        )
        for place in places_of(experiment)
    ]


def rendered(**given: Any) -> Page:
    experiment = given.pop("experiment", Two())
    options = {"name": "two_things", "about": "About.", "command": "gan-lab distances experiment=two"} | given
    shown = options.pop("frames", frames(experiment))
    pictures = Pictures(b"base", tuple(b"%d" % k for k in range(len(shown))))
    return Page(render_page(experiment, shown, pictures, **options).decode())


def test_the_page_holds_every_frame_in_the_order_of_the_places() -> None:
    page = rendered()
    assert [frame["sentence"] for frame in page.data("frames")] == [f"It is {p}." for p in places_of(Two())]
    pictures = [frame["picture"].removeprefix("data:image/webp;base64,") for frame in page.data("frames")]
    assert [base64.b64decode(picture) for picture in pictures] == [b"%d" % k for k in range(6)]
    assert [slider["positions"] for slider in page.data("sliders")] == [["1", "2"], ["0.5", "1.5", "2.5"]]
    assert page.texts["title"] == "two things"


def test_it_opens_at_the_start_and_needs_no_script_for_that() -> None:
    page = rendered()
    assert page.texts["sentence"] == "It is (2.0, 1.5)."
    base, picture = page.attributes("img")
    assert base64.b64decode(base["src"].removeprefix("data:image/webp;base64,")) == b"base"
    assert picture["src"] == page.data("frames")[4]["picture"]
    sliders = [each for each in page.attributes("input") if each["type"] == "range"]
    assert [(each["min"], each["max"], each["value"]) for each in sliders] == [
        ("0", "1", "1"),
        ("0", "2", "1"),
    ]
    assert [each["aria-valuetext"] for each in sliders] == ["2", "1.5"]


def test_readers_that_do_not_see_are_told() -> None:
    page = rendered()
    (sentence,) = (each for each in page.attributes("p") if each.get("id") == "sentence")
    assert sentence["aria-live"] == "polite"
    labels = [each["for"] for each in page.attributes("label")]
    assert labels == [each["id"] for each in page.attributes("input")]
    assert all(each["aria-label"] for each in page.attributes("button"))
    assert [bool(each["alt"]) for each in page.attributes("img")] == [False, True]  # two layers, one figure
    assert page.attributes("html")[0]["lang"] == "en"


def test_the_frame_of_what_has_the_focus_does_not_lie_over_a_label() -> None:
    style = rendered().texts["style"]
    focus = re.search(r":focus-visible \{ outline: (\d+)px [^;]*; outline-offset: (\d+)px;", style)
    row = re.search(r"\.row \{[^}]*margin-top: ([.\d]+)rem;", style)
    assert focus is not None
    assert row is not None
    assert int(focus[1]) + int(focus[2]) < 16 * float(row[1])  # pixels of a rem


def test_nothing_comes_from_elsewhere() -> None:
    page = rendered()
    for _, attributes in page.elements:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            assert attributes.get(name, "data:").startswith("data:")
    (policy,) = (each["content"] for each in page.attributes("meta") if "http-equiv" in each)
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert not re.search(r"https?:|//\w|@import|url\(|fetch\(|XMLHttpRequest|import\(", page.texts["script"])
    assert not re.search(r"https?:|@import|url\(", page.texts["style"])


def test_whatever_is_said_is_text_and_no_element() -> None:
    class Mean(Two):
        sliders = (Slider(MEAN, MEAN, (1.0, 2.0), 1.0),)

    hurtful = [dataclasses.replace(frame, overrides=(f"x={MEAN}",)) for frame in frames(Mean(), MEAN)]
    page = rendered(experiment=Mean(), frames=hurtful, name=MEAN, about=MEAN, command=f"gan-lab {MEAN}")
    tame = rendered(experiment=Two())
    assert len(page.attributes("script")) == len(tame.attributes("script"))
    assert page.attributes("b") == []
    assert page.texts["sentence"] == page.data("frames")[0]["sentence"] == MEAN
    assert page.texts["h1"] == MEAN.replace("_", " ")
    assert page.attributes("button")[0]["aria-label"] == f"{MEAN}: one step back"


def test_a_frame_tells_the_command_that_makes_it() -> None:
    command = "gan-lab distances experiment=two interactive=true +x0=7 y=2 hydra.run.dir=out animate=true"
    page = rendered(command=command)
    assert page.data("frames")[0]["command"] == "gan-lab distances experiment=two y=2 x0=1 x1=0.5"
    assert page.texts["command"] == page.data("frames")[4]["command"]


def test_the_command_line_writes_a_page_whose_commands_make_the_same(tmp_path: Path) -> None:
    called = gan_lab(
        *("distances", "experiment=transport_1d", "interactive=true", "source.weights=[.25,.25,.25,.25]"),
        f"hydra.run.dir={tmp_path / 'page'}",
    )
    assert (called.status, called.err) == (0, "")
    text = (tmp_path / "page" / "interactive.html").read_text(encoding="utf-8")
    page = Page(text)
    assert len(text) < 5e5
    assert "interactive.html: 13 frames" in called.out
    assert page.texts["p"].startswith("Transport on the line: ")
    frame = page.data("frames")[3]
    words = words_of(frame["command"])
    assert words[:3] == ["gan-lab", "distances", "experiment=transport_1d"]
    again = gan_lab(*words[1:], f"hydra.run.dir={tmp_path / 'again'}")
    assert again.status == 0
    record = json.loads((tmp_path / "again" / "findings.json").read_text(encoding="utf-8"))
    assert record["sentence"] == frame["sentence"]
    assert len({frame["sentence"] for frame in page.data("frames")}) == 13


def test_an_experiment_without_sliders_says_which_have_some(tmp_path: Path) -> None:
    called = gan_lab(
        "distances", "experiment=hierarchy", "interactive=true", f"hydra.run.dir={tmp_path / 'x'}"
    )
    named = ", ".join(WITH_SLIDERS)
    sentence = f"interactive must be false for experiment=hierarchy, which has no sliders; {named} have some."
    assert (called.status, called.out, called.err) == (2, "", f"gan-lab: {sentence}\n")
    assert not (tmp_path / "x").exists()
    assert experiments_with_sliders() == list(WITH_SLIDERS)


@pytest.mark.parametrize("value", ["2", "yes"])
def test_interactive_is_true_or_false(value: str) -> None:
    called = gan_lab("distances", "experiment=parallel_lines", f"interactive={value}")
    assert called.status == 2
    assert called.err.startswith("gan-lab: interactive must be true or false; got ")


def test_parts_that_the_slider_cannot_move_are_refused_in_a_line(tmp_path: Path) -> None:
    called = gan_lab(
        *("distances", "experiment=transport_1d", "interactive=true", "~target"),
        "+target={_target_: gan_lab.distances.line.Gaussian, mean: 0, scale: 1}",
        f"hydra.run.dir={tmp_path / 'x'}",
    )
    assert called.status == 2
    lacking = "'Gaussian' object has no attribute 'atoms'"
    assert called.err.startswith("gan-lab: ~target +target=")
    assert called.err.endswith(f"interactive=true moves target.atoms, which there is not here: {lacking}.\n")
    assert not (tmp_path / "x").exists()
