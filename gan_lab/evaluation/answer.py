"""What the table of ``gan-lab evaluate`` says, before it: one or two sentences, and which rows to read."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gan_lab.config.command_lines import shown_path
from gan_lab.config.phrases import counted
from gan_lab.diagnosis.falls import Fall, fall_of
from gan_lab.diagnosis.samples import DISTANCES, Ends, Grade, Lines, grade_of
from gan_lab.evaluation.lines import Line
from gan_lab.tags.names import MODES_HIT, RECALL, floor_tag
from gan_lab.tags.words import HEADLINES, number_text, short_of

_BY_THE_RULE = "by the lines of gan-lab diagnose for poor and collapsed samples"
_WORDS = {"collapsed": "good, but of too few kinds", "poor": "poor", "untrained": "poor"}
_GOOD = "good enough"


def answer_of(lines: Sequence[Line]) -> str:
    """Return how good samples are beside real ones, and which rows of their table to read first.

    Good enough or not is decided by the lines of ``diagnosis.samples.Lines``, as of a run at its end.
    """
    judged = _judged(lines)
    if judged is None:
        return "Whether the samples are good is not decided: read each number beside what real samples get."
    ends, graded, fall = judged
    told = _good(ends, graded) if fall is None else f"The samples are {_WORDS[fall.outcome]}: {fall.reason}"
    rows = dict.fromkeys([graded.tag, ends.distance, MODES_HIT, RECALL])
    first = ", ".join(tag for tag in rows if not math.isnan(ends.end(tag)))
    return f"{told}\nRead first: {first}; each beside what real samples get, real against real."


def answer_of_several(measured: Mapping[Path, Sequence[Line]]) -> str:
    """Return how many runs have good samples, and whose are the nearest to real ones where that can be said.

    Args:
        measured: run folder to what was measured of it.
    """
    words = Counter(_word(lines) for lines in measured.values())
    counts = "; ".join(f"{count:,} {word}" for word, count in words.items())
    told = f"Samples of {counted(len(measured), 'run')}: {counts}, {_BY_THE_RULE}."
    by_tag = {path: {line.metric: line for line in lines} for path, lines in measured.items()}
    tag = next((tag for tag in HEADLINES if all(_is_there(each, tag) for each in by_tag.values())), None)
    if tag is None or len({each[tag].floor for each in by_tag.values()}) > 1:
        return (
            f"{told} No one distance was measured alike: read each beside its own floor, in its table above."
        )
    best = min(by_tag, key=lambda path: by_tag[path][tag].value)
    value, floor = by_tag[best][tag].value, by_tag[best][tag].floor
    real = "" if floor is None else f"; real samples have {number_text(floor)}"
    return f"{told} {shown_path(best)} has the smallest {short_of(tag)}, {number_text(value)}{real}."


def _is_there(lines: Mapping[str, Line], tag: str) -> bool:
    return tag in lines and not math.isnan(lines[tag].value)


class _Judged(NamedTuple):
    ends: Ends
    graded: Grade
    fall: Fall | None


def _judged(lines: Sequence[Line]) -> _Judged | None:
    """Return how samples stand, and how they fall short if they do; None where that is not decided."""
    ends = _ends_of(lines)
    graded = None if ends is None else grade_of(ends, Lines())
    if ends is None or graded is None:
        return None
    return _Judged(ends, graded, fall_of(ends, graded, Lines()))


def _ends_of(lines: Sequence[Line]) -> Ends | None:
    # what is of fewer samples says nothing together with the others: its chance is larger than their floors
    alike = [line for line in lines if line.samples is None]
    numbers = {line.metric: line.value for line in alike}
    numbers |= {floor_tag(line.metric): line.floor for line in alike if line.floor is not None}
    distance = next((tag for tag in DISTANCES if tag in numbers), None)
    if distance is None:
        return None
    return Ends(lambda tag: numbers.get(tag, math.nan), distance, verb="is")


def _good(ends: Ends, graded: Grade) -> str:
    told = f"The samples are {_GOOD} {_BY_THE_RULE}: {_beside(ends, graded.tag)}"
    if graded.tag == ends.distance:
        return f"{told}."
    return f"{told}, {_beside(ends, ends.distance)}."


def _beside(ends: Ends, tag: str) -> str:
    return f"{tag} is {ends.end(tag):.3g}, of real samples {ends.end(floor_tag(tag)):.3g}"


def _word(lines: Sequence[Line]) -> str:
    judged = _judged(lines)
    if judged is None:
        return "undecided"
    return _GOOD if judged.fall is None else _WORDS[judged.fall.outcome]
