"""The files that an experiment of the distances lab leaves, and what it says in the terminal."""

import json
import logging
import os
import tempfile
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pandas
import yaml

from gan_lab.config.errors import UserError
from gan_lab.config.phrases import counted
from gan_lab.files.atomic import write_atomically
from gan_lab.lectures.base import Animation, Findings, LectureExperiment
from gan_lab.lectures.computing import compute
from gan_lab.lectures.drawing import slide_style
from gan_lab.lectures.interactive.frames import compute_frames, places_of
from gan_lab.lectures.interactive.page import render_page
from gan_lab.lectures.interactive.pictures import draw_alike, shrink_pictures
from gan_lab.lectures.moving import draw_frames, encode_gif, encode_mp4
from gan_lab.plotting.style import NamedFigure, encode_figure
from gan_lab.runs.provenance import git_state, versions

log = logging.getLogger(__name__)

TABLE_NAME, RECORD_NAME, PAGE_NAME = "table.csv", "findings.json", "interactive.html"

_NO_SUCH_CELL = "not of this row"  # of a sweep over experiments of other columns
_SAY_EVERY = 10  # frames
_DIGITS_IN_FILES, _DIGITS_IN_TERMINAL = 10, 6


def run_and_write(
    experiment: LectureExperiment,
    folder: Path,
    *,
    name: str,
    animate: bool,
    interactive: bool,
    about: str,
    command: str,
    config: Mapping[str, Any],
) -> Findings:
    """Run an experiment and write what it finds into a folder.

    The folder gets ``table.csv``, a CSV for each further table, ``figure.png`` and ``figure.pdf``,
    ``animation.gif`` if asked for and ``animation.mp4`` where there is ffmpeg, ``interactive.html`` if asked
    for, ``config.yaml``, and, last, ``findings.json`` with the sentence.

    Args:
        experiment: what to run.
        folder: where; made if need be.
        name: of the experiment, for the record.
        animate: whether to write the animation, too.
        interactive: whether to write the page with sliders, too; only for experiments that have some.
        about: what the experiment is, in a line, for that page.
        command: what was typed, for the record.
        config: composed and resolved, for the record.

    Raises:
        UserError: if the settings do not fit each other, or lead to what is no number, nothing moves in an
            experiment that shall be animated, or the folder holds what was found before, or anything else, or
            cannot be written to.
    """
    if (folder / RECORD_NAME).exists():
        raise UserError(f"{folder} holds what another run found; choose another folder with hydra.run.dir.")
    if folder.is_dir() and (names := sorted(os.listdir(folder))):
        raise UserError(
            f"hydra.run.dir must be a new or empty folder; got {str(folder)!r}, which holds {names[0]}."
        )
    _require_writable(folder)
    with slide_style():
        animation = experiment.animation() if animate else None
        if animate and animation is None:
            raise UserError(f"animate must be false for experiment={name}, in which nothing moves; got True.")
        # first: it refuses parts that its sliders cannot move before anything is computed
        page = {PAGE_NAME: _make_page(experiment, name, about, command)} if interactive else {}
        findings = compute(experiment)
        png, pdf = encode_figure(NamedFigure("figure", name, findings.sentence, findings.figure))
        moving = {} if animation is None else _animate(animation)
    files = {TABLE_NAME: format_csv(findings.table), "figure.png": png, "figure.pdf": pdf}
    files |= {f"{detail}.csv": format_csv(table) for detail, table in findings.details.items()}
    files |= moving | page
    record: dict[str, object] = {
        "experiment": name,
        "sentence": findings.sentence,
        "command": command,
        "missing": dict(experiment.missing),
        "versions": versions(),
        "git": git_state(),
    }
    files["config.yaml"] = yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True).encode()
    files[RECORD_NAME] = json.dumps(record, indent=2).encode()
    for file_name, data in files.items():
        write_atomically(folder / file_name, data)
    log.info("%s\n\n%s\n", format_text(findings.table, experiment.missing), findings.sentence)
    log.info("Written to %s: %s", folder, ", ".join(files))
    return findings


def _require_writable(folder: Path) -> None:
    """Make the folder and a file in it that goes away again, before minutes of computing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise UserError(
            f"{folder} cannot be written to ({error.strerror}); choose another folder with hydra.run.dir."
        ) from error


def _animate(animation: Animation) -> dict[str, bytes]:
    """Return the animation as files."""
    frames = draw_frames(animation)
    files = {"animation.gif": encode_gif(frames, animation.frames_per_second)}
    film = encode_mp4(frames, animation.frames_per_second)
    return files if film is None else files | {"animation.mp4": film}


def _make_page(experiment: LectureExperiment, name: str, about: str, command: str) -> bytes:
    """Return the page with sliders, and say how it comes along: its frames take a while."""
    frames, total = [], len(places_of(experiment))
    log.info("Computing %s for %s ...", counted(total, "frame"), PAGE_NAME)
    for frame in compute_frames(experiment):
        frames.append(frame)
        if len(frames) % _SAY_EVERY == 0:
            log.info("%d of %d", len(frames), total)
    pictures = shrink_pictures(draw_alike([frame.figure for frame in frames]))
    page = render_page(experiment, frames, pictures, name=name, about=about, command=command)
    log.info("%s: %s, %.1f MB\n", PAGE_NAME, counted(total, "frame"), len(page) / 1e6)
    return page


def format_csv(table: pandas.DataFrame) -> bytes:
    """Return a table as CSV: ten significant digits, infinities as inf, and nothing for what is missing."""
    text: str = table.to_csv(index=False, float_format=f"%.{_DIGITS_IN_FILES}g", lineterminator="\n")
    return text.encode()


def format_text(table: pandas.DataFrame, missing: Mapping[str, str]) -> str:
    """Return a table as aligned text: six significant digits, - for what is missing, and below it why.

    Args:
        table: of an experiment, or of a sweep over several.
        missing: column, or a pattern of several, to why a cell of it may be empty.
    """
    text = table.to_string(
        index=False, float_format=lambda value: f"{value:.{_DIGITS_IN_TERMINAL}g}", na_rep="-"
    )
    columns: dict[str, list[str]] = {}
    for column in map(str, table.columns[table.isna().any()]):
        why = next((why for pattern, why in missing.items() if fnmatchcase(column, pattern)), _NO_SUCH_CELL)
        columns.setdefault(why, []).append(column)
    return "\n".join([text, *(f"- in {', '.join(names)}: {why}." for why, names in columns.items())])


def read_record(folder: Path) -> dict[str, Any]:
    """Return what ``findings.json`` of a folder says: experiment, sentence, command, versions, ..."""
    record: dict[str, Any] = json.loads((folder / RECORD_NAME).read_text(encoding="utf-8"))
    return record
