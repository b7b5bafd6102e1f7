"""``gan-lab evaluate``: how good the samples of finished runs are, as a table and as a file."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch

from gan_lab.config.errors import BadValueError, UserError, lack_of_memory
from gan_lab.config.phrases import counted
from gan_lab.datasets.known_roots import require_known_root
from gan_lab.evaluation.answer import answer_of, answer_of_several
from gan_lab.evaluation.evaluator import Evaluator, make_evaluator
from gan_lab.evaluation.inception import Extractor, load_inception
from gan_lab.evaluation.lines import (
    Line,
    compared,
    format_lines,
    inception_lines,
    lines_of_tests,
    parzen_lines,
    to_csv,
)
from gan_lab.evaluation.readings import Reading, numbers_of
from gan_lab.files.atomic import write_atomically
from gan_lab.game.setup import Setup, build_setup
from gan_lab.numerics.precision import float32_products
from gan_lab.numerics.trees import to_device
from gan_lab.runs.checkpoint import load_newest
from gan_lab.runs.reading import require_own, runs_of
from gan_lab.runs.record import RunRecord
from gan_lab.types import State

log = logging.getLogger(__name__)

FOLDER = "evaluation"

INCEPTION_FEATURES = 2048
"""FID needs more samples than these."""


@dataclass(frozen=True)
class EvaluationRequest:
    """What ``gan-lab evaluate`` was asked for.

    Attributes:
        samples: on either side; None for what each run's config says.
        seed: of what is drawn.
        device: as in the config.
        inception: file of Inception's weights, None to do without.
        trust_data: whether a run's config may name any folder of data.
    """

    samples: int | None
    seed: int
    device: str
    inception: Path | None
    trust_data: bool = False


class Evaluation(NamedTuple):
    """What an evaluation came to.

    Attributes:
        path: the file that says so.
        lines: what is in it.
        iteration: of the checkpoint.
        numbers: what training measures, too, by tag, without what does not exist.
        tags: of all that ``numbers`` would hold if it existed.
        measured_by: digest of the feature network that they depend on; empty without one.
    """

    path: Path
    lines: list[Line]
    iteration: int
    numbers: dict[str, float]
    tags: tuple[str, ...]
    measured_by: str


Note = Callable[[RunRecord, Evaluation], None]
"""What is done with the evaluation of each run."""


def evaluate_all(
    folders: Sequence[Path], request: EvaluationRequest, trusted: Iterable[str] = (), note: Note | None = None
) -> list[str]:
    """Evaluate runs, and those in folders of runs, one after another.

    Args:
        folders: runs, or what holds some.
        request: what was asked for.
        trusted: packages that their configs may name classes of.
        note: what is done with each evaluation as soon as it is there.

    Returns:
        A sentence for each run of several that could not be evaluated.

    Raises:
        UserError: if there is none, or the only one cannot be evaluated.
    """
    records = [record for folder in folders for record in runs_of(folder)]
    failures, measured = [], {}
    for record in records:
        try:
            found = evaluate(record, request, trusted)
            measured[record.path] = found.lines
            if note is not None:
                note(record, found)
        except (UserError, OSError) as error:
            if len(records) == 1:
                raise
            named = str(error).startswith((f"{record.path}/", f"{record.path} "))
            failures.append(str(error) if named else f"{record.path}: {error}")
    if len(measured) > 1:
        log.info("%s", answer_of_several(measured))
    if len(records) > 1 and measured:
        log.info("%s", compared(measured))
    return failures


def evaluate(record: RunRecord, request: EvaluationRequest, trusted: Iterable[str] = ()) -> Evaluation:
    """Measure the newest checkpoint of a run, show a table of it, and write it to ``RUN/evaluation``.

    The file's name says all that its numbers depend on: the same request writes the same file again, and
    another one another.

    Raises:
        UserError: if the run has no readable checkpoint, or something is missing that is needed.
    """
    require_own(record.path)
    setup = build_setup(record.read_config() | {"device": request.device}, trusted)
    require_known_root(setup.dataset, record.path, trust_data=request.trust_data)
    inception = None if request.inception is None else load_inception(request.inception, setup.device)
    samples = request.samples or setup.metrics.samples
    if inception is not None and samples <= INCEPTION_FEATURES:
        raise BadValueError("--samples", f"more than {INCEPTION_FEATURES} for FID", samples)
    checkpoint = load_newest(record.path, like=setup.init_state())
    state = to_device(checkpoint.state, setup.device)
    sampler = setup.dataset.open(setup.device)
    _warn_of_other_data(record, setup)
    try:
        with float32_products(setup.train.precision):
            evaluator = make_evaluator(setup, sampler, samples=samples, seed=request.seed)
            readings = evaluator.measure(state)
            lines = _lines_of(readings, evaluator, state, inception)
    except BadValueError as error:
        # what was typed is what there is to mend
        asked = request.samples is not None and error.key == "metrics.samples"
        raise BadValueError("--samples" if asked else error.key, error.rule, error.value) from error
    except (MemoryError, RuntimeError) as error:
        raise lack_of_memory(error, "lower --samples") or error from error
    if not lines:
        raise UserError(f"{record.path} makes samples that are not finite; there is nothing to measure.")
    log.info(
        "%s: iteration %s, %s on either side, seed %d",
        *(record.path, f"{checkpoint.iteration:,}", counted(evaluator.samples, "sample"), request.seed),
    )
    log.info("%s", answer_of(lines))
    log.info("%s\n", format_lines(lines))
    path = record.path / FOLDER / _name(checkpoint.iteration, evaluator, setup.device, request)
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, to_csv(lines, evaluator.samples))
    return Evaluation(
        path,
        lines,
        checkpoint.iteration,
        numbers_of(readings),
        tuple(evaluator.tags),
        evaluator.measured_by,
    )


def _warn_of_other_data(record: RunRecord, setup: Setup) -> None:
    found = setup.dataset.contents()
    if found is not None and record.data and record.data[-1].digest != found.digest:
        log.warning(
            "%s was trained on %s than the %s that its samples are compared with here.",
            *(record.path, counted(record.data[-1].images, "other image"), f"{found.images:,}"),
        )


def _name(iteration: int, evaluator: Evaluator, device: torch.device, request: EvaluationRequest) -> str:
    # a CUDA device draws other samples
    parts = [f"iteration{iteration}", f"seed{request.seed}", f"n{evaluator.samples}"]
    parts += [device.type] if device.type != "cpu" else []
    parts += [f"features-{evaluator.measured_by}"] if evaluator.measured_by else []
    if request.inception is not None:
        parts.append(f"inception-{hashlib.sha256(request.inception.read_bytes()).hexdigest()[:8]}")
    return f"{'_'.join(parts)}.csv"


def _lines_of(
    readings: Mapping[str, Reading], evaluator: Evaluator, state: State, inception: Extractor | None
) -> list[Line]:
    if not readings:
        return []
    lines = [Line(tag, reading.value, reading.floor) for tag, reading in readings.items()]
    lines += lines_of_tests(evaluator.test(state))
    drawn = evaluator.real, evaluator.other_real, evaluator.draw(state)
    lines += parzen_lines(*drawn)
    if inception is not None:
        lines += inception_lines(*drawn, inception)
    return lines
