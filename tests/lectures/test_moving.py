"""Animations as files: how long each frame is shown, and what becomes of them without ffmpeg."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gan_lab.config.errors import UserError
from gan_lab.lectures.base import Animation, Findings, LectureExperiment
from gan_lab.lectures.drawing import new_slide
from gan_lab.lectures.moving import draw_frames, encode_gif, encode_mp4
from gan_lab.lectures.writing import run_and_write

COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
FRAMES = [Image.new("RGB", (33, 21), colour) for colour in COLOURS]

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="there is no ffmpeg")


def durations_ms(gif: bytes, folder: Path) -> list[int]:
    path = folder / "a.gif"
    path.write_bytes(gif)
    shown = []
    with Image.open(path) as image:
        for k in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(k)
            shown.append(image.info["duration"])
    return shown


def test_a_gif_rests_on_its_last_frame_for_two_seconds(tmp_path: Path) -> None:
    assert durations_ms(encode_gif(FRAMES, 10), tmp_path) == [100, 100, 2000]
    assert durations_ms(encode_gif(FRAMES[:2], 5), tmp_path) == [200, 2000]


def test_a_gif_of_one_frame_is_a_picture(tmp_path: Path) -> None:
    (tmp_path / "one.gif").write_bytes(encode_gif(FRAMES[:1], 10))
    with Image.open(tmp_path / "one.gif") as image:
        assert image.convert("RGB").getpixel((5, 5)) == COLOURS[0]


def test_frames_are_drawn_in_order() -> None:
    figure = new_slide()
    drawn: list[int] = []
    frames = draw_frames(Animation(figure, drawn.append, 3))
    assert drawn == [0, 1, 2]
    assert [frame.size for frame in frames] == [(768, 432)] * 3


@needs_ffmpeg
def test_a_film_shows_every_frame_and_rests_on_the_last(tmp_path: Path) -> None:
    film = encode_mp4(FRAMES, 10)
    assert film is not None
    path = tmp_path / "a.mp4"
    path.write_bytes(film)
    command = ["ffmpeg", "-loglevel", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    pixels = subprocess.run(command, capture_output=True, check=True).stdout
    width, height = 32, 20  # an odd row and column are cut off
    frames = [pixels[k : k + width * height * 3] for k in range(0, len(pixels), width * height * 3)]
    assert len(frames) == 2 + 20
    middles = [frame[960:963] for frame in frames]
    seen = [middle.index(max(middle)) for middle in middles]
    assert seen == [0, 1] + [2] * 20


def test_without_ffmpeg_or_with_one_that_fails_there_is_no_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert encode_mp4(FRAMES, 10) is None
    (tmp_path / "ffmpeg").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "ffmpeg").chmod(0o755)
    assert encode_mp4(FRAMES, 10) is None


class Never(LectureExperiment):
    def run(self) -> Findings:
        raise AssertionError("it was computed")


def write(folder: Path, experiment: LectureExperiment, **asked: Any) -> Findings:
    options = {
        "animate": False,
        "interactive": False,
        "about": "",
        "name": "never",
        "command": "",
        "config": {},
    } | asked
    return run_and_write(experiment, folder, **options)


def test_a_folder_that_cannot_be_written_to_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(json.dumps({}))
    with pytest.raises(UserError, match=r"cannot be written to .*; choose another folder with hydra.run.dir"):
        write(tmp_path / "file" / "out", Never())
