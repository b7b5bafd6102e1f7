"""``gan-lab evaluate --samples``: how good the samples of any generator are, whoever made them."""

import logging
from dataclasses import dataclass
from pathlib import Path

from gan_lab.config.errors import BadValueError, UserError, lack_of_memory
from gan_lab.config.phrases import counted
from gan_lab.config.quoting import quoted
from gan_lab.datasets.base import Dataset
from gan_lab.evaluation.answer import answer_of
from gan_lab.evaluation.evaluate import INCEPTION_FEATURES
from gan_lab.evaluation.evaluator import comparison_of
from gan_lab.evaluation.floors import draw_real
from gan_lab.evaluation.inception import load_inception
from gan_lab.evaluation.lines import Line, format_lines, lines_of, to_csv
from gan_lab.evaluation.sample_files import read_samples
from gan_lab.files.atomic import write_atomically
from gan_lab.files.regular import require_regular
from gan_lab.numerics.precision import find_device
from gan_lab.numerics.streams import make_rng

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FilesRequest:
    """What ``gan-lab evaluate --samples`` was asked for.

    Attributes:
        samples: a folder of pictures, or a ``.npy`` file.
        dataset: what they are compared with.
        named: what the dataset is called.
        n: samples on either side; None for 1,024, or all if there are less.
        seed: of what is drawn.
        device: as in the config.
        inception: file of Inception's weights, None to do without.
        out: folder that the table is written into, None to show it only.
    """

    samples: Path
    dataset: Dataset
    named: str
    n: int | None
    seed: int
    device: str
    inception: Path | None = None
    out: Path | None = None


def evaluate_files(request: FilesRequest) -> list[Line]:
    """Measure samples against a dataset, show a table with floors, and write it if that is asked for.

    Real samples are drawn as ``gan-lab evaluate RUN_DIR`` draws them for the same seed and number, so that
    a run's own samples get the same numbers from a file.

    Raises:
        UserError: if they cannot be read, or there are too few for what is measured.
    """
    dataset, device = request.dataset, find_device(request.device)
    fake = read_samples(request.samples, dataset.data_shape, request.n, request.seed).to(device)
    extract = None if request.inception is None else load_inception(request.inception, device)
    if extract is not None and len(fake) <= INCEPTION_FEATURES:
        raise BadValueError("--n", f"more than {INCEPTION_FEATURES} for FID", len(fake))
    sampler = dataset.open(device)
    try:
        comparison = comparison_of(dataset, device)
        if len(fake) < comparison.fewest:
            rule = f"at least {comparison.fewest} for this dataset"
            if request.n is None:
                raise _too_few(request.samples, comparison.fewest, len(fake))
            raise BadValueError("--n", rule, len(fake))
        real = draw_real(sampler, len(fake), make_rng(request.seed, "metrics", device))
        lines = lines_of(comparison, real, fake, extract)
    except (MemoryError, RuntimeError) as error:
        raise lack_of_memory(error, "lower --n") or error from error
    log.info(
        "%s: %s on either side, against %s, seed %d",
        *(request.samples, counted(len(fake), "sample"), request.named, request.seed),
    )
    log.info("%s", answer_of(lines))
    log.info("%s\n", format_lines(lines))
    if request.out is not None:
        _write(request, request.out, lines, len(fake))
    return lines


def _too_few(samples: Path, fewest: int, found: int) -> UserError:
    return UserError(
        f"--samples must hold at least {counted(fewest, 'sample')} for this dataset; got "
        f"{quoted(str(samples))}, which holds {found:,}. Of a run, gan-lab sample RUN_DIR --n 1024 "
        "--format npy writes more."
    )


def _write(request: FilesRequest, out: Path, lines: list[Line], samples: int) -> None:
    out.mkdir(parents=True, exist_ok=True)
    require_regular(out, ["*.csv"])
    name = f"{request.samples.resolve().stem}_against_{request.named}_seed{request.seed}_n{samples}.csv"
    write_atomically(out / name, to_csv(lines, samples))
    log.info("%s", out / name)
