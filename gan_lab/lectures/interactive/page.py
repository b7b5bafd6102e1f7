"""The interactive page as one HTML file: pictures, styles and script inside, and nothing from elsewhere."""

import base64
from collections.abc import Sequence
from pathlib import Path

from gan_lab.config.command_lines import command_line, words_of
from gan_lab.files.html_template import html_template
from gan_lab.lectures.base import LectureExperiment
from gan_lab.lectures.interactive.frames import Frame, start_of
from gan_lab.lectures.interactive.pictures import Pictures

_TEMPLATE = Path(__file__).with_name("page.html.j2")
_ONLY_OF_THE_PAGE = ("interactive=", "animate=", "hydra.")


def render_page(
    experiment: LectureExperiment,
    frames: Sequence[Frame],
    pictures: Pictures,
    *,
    name: str,
    about: str,
    command: str,
) -> bytes:
    """Return the page.

    Args:
        experiment: what the frames are of.
        frames: in the order of ``places_of``.
        pictures: theirs.
        name: of the experiment.
        about: what it is, in a line; may be empty.
        command: what was typed for the page.
    """
    shown = [
        {
            "sentence": frame.sentence,
            "command": _command_of(command, frame),
            "picture": _as_data(overlay),
        }
        for frame, overlay in zip(frames, pictures.overlays, strict=True)
    ]
    sliders = [
        {
            "id": f"slider-{k}",
            "label": slider.label,
            "positions": [f"{position:g}" for position in slider.positions],
            "start": slider.positions.index(slider.start),
        }
        for k, slider in enumerate(experiment.sliders)
    ]
    text = html_template(_TEMPLATE).render(
        title=name.replace("_", " "),
        about=about,
        sliders=sliders,
        frames=shown,
        base=_as_data(pictures.base),
        first=shown[start_of(experiment)],
    )
    return text.encode()


def _as_data(webp: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(webp).decode()}"


def _command_of(command: str, frame: Frame) -> str:
    """Return the command that makes a frame's figure and sentence: the page's, with the frame's settings."""
    keys = tuple(each.partition("=")[0] + "=" for each in frame.overrides)
    kept = [
        word for word in words_of(command) if not word.lstrip("+").startswith((*_ONLY_OF_THE_PAGE, *keys))
    ]
    return command_line([*kept, *frame.overrides])
