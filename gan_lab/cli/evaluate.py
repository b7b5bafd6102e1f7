"""The arguments of ``gan-lab evaluate``: of runs, or of files with the samples of any generator."""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_lab.cli.arguments import PATH, POSITIVE, WHOLE, add_device, add_trust, add_trust_data, parser_of
from gan_lab.cli.early import refuse_missing_data
from gan_lab.cli.places import require_place
from gan_lab.cli.terminal import refuse, show_log
from gan_lab.config.errors import UserError
from gan_lab.config.options import config_folder, list_options
from gan_lab.config.quoting import did_you_mean, quoted
from gan_lab.config.unimported import check_node, read_of
from gan_lab.runs.reading import runs_of

if TYPE_CHECKING:
    from gan_lab.datasets.base import Dataset

_OF_RUNS, _OF_FILES = {"trust": "--trust", "trust_data": "--trust-data"}, {"n": "--n", "out": "--out"}


def evaluate(arguments: list[str]) -> int:
    """Measure how good samples are, beside what real ones get."""
    parser = _parser()
    given = parser.parse_args(arguments)
    show_log()
    if given.dataset is not None:
        _evaluate_files(given)
        return 0
    if given.samples == "":
        raise UserError("--samples must be a number of samples, or with --dataset a path; got ''.")
    samples = _number(parser, given.samples)
    if not given.folders:
        parser.error("the following arguments are required: RUN_DIR")
    _refuse_given(given, _OF_FILES, "--samples PATH --dataset NAME")
    return _evaluate_runs(given, samples)


def _parser() -> argparse.ArgumentParser:
    parser = parser_of(
        "evaluate",
        "Measure how good samples are: of runs, each by its newest checkpoint, or of any generator's files.",
    )
    parser.usage = (
        "gan-lab evaluate RUN_DIR... [--samples N] [options]\n"
        "       gan-lab evaluate --samples FOLDER|FILE.npy --dataset NAME [dataset.KEY=VALUE...] [options]"
    )
    parser.add_argument("folders", nargs="*", metavar="RUN_DIR", help="a run, or a folder that holds runs")
    parser.add_argument(
        "--samples",
        metavar="N|PATH",
        help="of runs: how many on either side (default: the run's metrics.samples); with --dataset: a "
        "folder of pictures, or a .npy file with images (n, H, W, C) or (n, C, H, W), bytes or floats in "
        "[-1, 1], or with points (n, d)",
    )
    parser.add_argument("--dataset", metavar="NAME", help="what files are compared with, as in gan-lab train")
    parser.add_argument(
        "--n", type=POSITIVE, help="of files: samples on either side (default 1024, or all if there are less)"
    )
    parser.add_argument("--out", type=PATH, metavar="DIR", help="of files: write the table there, as CSV")
    parser.add_argument("--seed", type=WHOLE, default=0, help="of what is drawn (default 0)")
    add_device(parser)
    parser.add_argument(
        "--inception",
        type=PATH,
        metavar="FILE",
        help="Inception's weights, for FID, KID and the Inception score of more than 2,048 samples",
    )
    add_trust(parser)
    add_trust_data(parser)
    return parser


def _number(parser: argparse.ArgumentParser, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        number: int = POSITIVE(text)
    except argparse.ArgumentTypeError as error:
        if Path(text).exists():
            raise UserError(f"--samples {text} needs --dataset NAME, which it is compared with.") from None
        parser.error(f"argument --samples: {error}")
    return number


def _folder(text: str) -> Path:
    try:
        return PATH(text)
    except argparse.ArgumentTypeError as error:
        raise UserError(f"RUN_DIR {error}.") from None


def _evaluate_runs(given: argparse.Namespace, samples: int | None) -> int:
    folders = [_folder(text) for text in given.folders]
    for folder in folders:
        runs_of(folder)  # which refuses what is none at once: what is left takes torch

    from gan_lab.cli.judged_again import judge_again
    from gan_lab.evaluation.evaluate import EvaluationRequest, evaluate_all

    request = EvaluationRequest(samples, given.seed, given.device, given.inception, given.trust_data)
    judge = partial(judge_again, trusted=given.trust)
    failures = evaluate_all(folders, request, given.trust, judge)
    for failure in failures:
        refuse(failure)
    return 2 if failures else 0


def _evaluate_files(given: argparse.Namespace) -> None:
    _refuse_given(given, _OF_RUNS, "RUN_DIR")
    require_place(given.out, "--out")
    if not given.samples:
        got = "" if given.samples is None else "; got ''"
        raise UserError(f"--dataset needs --samples PATH, a folder of pictures or a .npy file{got}.")
    node = _node_of(given.dataset, given.folders, "--dataset")
    if not Path(given.samples).exists():
        got = f"got {quoted(given.samples)}, which does not exist"
        raise UserError(f"--samples must be a folder of pictures or a .npy file; {got}.")
    _refuse_array(Path(given.samples), node)
    refuse_missing_data(node)

    # what is left takes torch
    from gan_lab.evaluation.evaluate_files import FilesRequest, evaluate_files

    evaluate_files(
        FilesRequest(
            samples=Path(given.samples),
            dataset=_built(node),
            named=given.dataset,
            n=given.n,
            seed=given.seed,
            device=given.device,
            inception=given.inception,
            out=given.out,
        )
    )


def dataset_of(name: str, overrides: Sequence[str] = (), called: str = "--dataset") -> "Dataset":
    """Return a dataset as ``gan-lab train dataset=NAME OVERRIDES`` composes it; the user named its folder.

    Args:
        name: of the option.
        overrides: of its settings.
        called: what the user knows the name's argument as.

    Raises:
        UserError: if there is no such dataset, or it has no such settings.
    """
    node = _node_of(name, overrides, called)
    refuse_missing_data(node)
    return _built(node)


def _built(node: dict[str, Any]) -> "Dataset":
    """Return the dataset of a node whose folder, if it reads one, the user has named."""
    from gan_lab.config.build import build
    from gan_lab.datasets.base import Dataset
    from gan_lab.datasets.known_roots import remember_root

    dataset = build(node, Dataset, "dataset")
    remember_root(dataset)
    return dataset


def _refuse_array(path: Path, node: dict[str, Any]) -> None:
    """Refuse an array whose header says that its samples are not of the dataset's shape."""
    if path.is_dir():
        return
    from gan_lab.evaluation.layouts import open_samples

    open_samples(path, read_of(node, "data_shape"))


def _node_of(name: str, overrides: Sequence[str], called: str) -> dict[str, Any]:
    """Return the node of a dataset, held to all rules that can be read without importing torch."""
    known = list_options("dataset", [config_folder()])
    if name not in known:
        rule, question = f"one of {', '.join(known)}", did_you_mean(name, known)
        raise UserError(f"{called} must be {rule}; got {quoted(name)}.{question}")
    for override in overrides:
        if not override.startswith("dataset.") or "=" not in override:
            raise UserError(
                f"--dataset takes settings such as dataset.size=32 beside it; got {quoted(override)}."
            )
    from gan_lab.cli.compose import compose

    node: dict[str, Any] = compose([f"dataset={name}", *overrides]).config["dataset"]
    check_node(node, "dataset")
    return node


def _refuse_given(given: argparse.Namespace, options: dict[str, str], of: str) -> None:
    for name, option in options.items():
        if getattr(given, name):
            raise UserError(f"{option} goes with {of}; gan-lab evaluate --help says what goes with what.")
