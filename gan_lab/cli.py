"""The command line: what composes a config is Hydra, what reads finished runs takes plain arguments.

Everything heavy is imported by the command that needs it: listing the commands takes no torch.
"""

import argparse
import contextlib
import io
import logging
import os
import shlex
import sys
from pathlib import Path

from gan_lab import __version__
from gan_lab.checks import UserError

COMMANDS = {
    "train": "train a generator against a critic; sweep with --multirun",
    "prepare": "decode an image dataset once into a packed file",
    "sample": "write samples of a run's generator",
    "evaluate": "measure how good the samples of runs are",
    "resume": "go on with a run that was interrupted, or extend it",
    "report": "turn the runs of a sweep into a page, figures and tables",
    "runs": "list runs with their status and final numbers",
    "board": "open TensorBoard on runs, every point and image kept",
}

USAGE = (
    "usage: gan-lab COMMAND [arguments]\n\ncommands\n"
    + "\n".join(f"  {name:<10} {text}" for name, text in COMMANDS.items())
    + "\n\n  gan-lab COMMAND --help   more about one of them\n  gan-lab --version\n"
)


def main() -> int:
    """Run the command line and return the exit status: 0, 2 for bad input, 1 for a crash, 130 for Ctrl-C."""
    name, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("--help", [])
    logging.raiseExceptions = False  # the reader of our messages may go away while training goes on
    try:
        return _dispatch(name, arguments)
    except KeyboardInterrupt as stop:
        print("Stopped.", file=sys.stderr)
        return 143 if stop.args == ("SIGTERM",) else 130
    except BrokenPipeError:
        # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except UserError as error:
        return _refuse(str(error))
    except OSError as error:
        path = error.filename or "A file"
        return _refuse(f"{path} cannot be used ({error.strerror or error}); choose another place.")


def _dispatch(name: str, arguments: list[str]) -> int:
    if name in ("-h", "--help", "help"):
        print(USAGE, end="")
        return 0
    if name == "--version":
        print(f"gan-lab {__version__}")
        return 0
    if name in ("-sc", "--shell-completion"):
        return _complete([name, *arguments])
    if name in ("train", "prepare"):
        return _run_hydra(name, arguments)
    readers = {"sample": _sample, "evaluate": _evaluate, "resume": _resume}
    readers |= {"report": _report, "runs": _runs, "board": _board}
    if name not in readers:
        raise UserError(f"The command must be one of {', '.join(COMMANDS)}; got {name!r}.")
    return readers[name](arguments)


def _refuse(message: str) -> int:
    # a value or a path may hold line breaks
    print("gan-lab:", *message.splitlines(), file=sys.stderr)
    return 2


def _run_hydra(name: str, arguments: list[str]) -> int:
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    from gan_lab.app import prepare_app, train_app
    from gan_lab.failures import sweep_folder
    from gan_lab.hydra_errors import one_line, raised_in

    asked_for_traceback = os.environ.get("HYDRA_FULL_ERROR") == "1"
    try:
        failures = (train_app if name == "train" else prepare_app)(arguments)
    except (HydraException, OmegaConfBaseException) as error:
        if asked_for_traceback:
            raise
        return _refuse(one_line(str(error)))
    except ValueError as error:
        # Hydra raises some of its refusals, of dataset=5 for one, as a plain ValueError
        if asked_for_traceback or not raised_in(error, "hydra"):
            raise
        return _refuse(one_line(str(error)))
    folder = sweep_folder()
    if folder is not None:
        print(f"The sweep's runs are in {folder}")
        print(f"  compare them  gan-lab report {shlex.quote(str(folder))}")
    for failure in failures:
        _refuse(failure.text)
    return min((failure.status for failure in failures), default=0)


def _complete(arguments: list[str]) -> int:
    """Complete a command name ourselves, and what follows ``train`` through Hydra."""
    words = os.environ.get("COMP_LINE", "").split(" ")
    if "query=bash" in arguments and len(words) == 2:
        print(" ".join(name for name in COMMANDS if name.startswith(words[1])))
        return 0
    if len(words) > 2 and words[1] in ("train", "prepare"):
        os.environ["COMP_LINE"] = " ".join([words[0], *words[2:]])
    # what cannot be completed is no reason to write into somebody's prompt
    with contextlib.redirect_stderr(io.StringIO()):
        return _run_hydra("train", arguments)


def _sample(arguments: list[str]) -> int:
    parser = _parser("sample", "Write a grid of samples from the newest checkpoint of a run.")
    parser.add_argument("run_dir", type=Path, metavar="RUN_DIR")
    parser.add_argument("--n", type=_positive, default=64, help="number of samples (default 64)")
    parser.add_argument("--seed", type=int, default=0, help="of the latents (default 0)")
    parser.add_argument("--out", type=Path, help="folder to write into (default RUN_DIR/generated)")
    parser.add_argument(
        "--format", choices=("png", "npy"), help="also write every sample: as a PNG each, or one array"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, ... (default auto)")
    _add_trust(parser)
    given = parser.parse_args(arguments)

    from gan_lab.written_samples import SampleRequest, write_samples

    _show_log()
    request = SampleRequest(given.n, given.seed, given.format, given.device)
    write_samples(given.run_dir, given.out or given.run_dir / "generated", request, given.trust)
    return 0


def _evaluate(arguments: list[str]) -> int:
    parser = _parser("evaluate", "Measure how good the samples of runs are, each by its newest checkpoint.")
    parser.add_argument(
        "folders", type=Path, nargs="+", metavar="RUN_DIR", help="a run, or a folder that holds runs"
    )
    parser.add_argument(
        "--samples", type=_positive, help="on either side (default: the run's metrics.samples)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn (default 0)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, ... (default auto)")
    parser.add_argument(
        "--inception",
        type=Path,
        metavar="FILE",
        help="Inception's weights, for FID, KID and the Inception score of more than 2048 samples",
    )
    _add_trust(parser)
    given = parser.parse_args(arguments)

    from gan_lab.evaluation import EvaluationRequest, evaluate_all

    _show_log()
    request = EvaluationRequest(given.samples, given.seed, given.device, given.inception)
    failures = evaluate_all(given.folders, request, given.trust)
    for failure in failures:
        _refuse(failure)
    return 2 if failures else 0


def _resume(arguments: list[str]) -> int:
    parser = _parser("resume", "Go on with a run that was interrupted, or give it more iterations.")
    parser.add_argument("run_dir", type=Path, metavar="RUN_DIR")
    parser.add_argument(
        "overrides",
        nargs="*",
        metavar="KEY=VALUE",
        help="train.iterations=N, train.execution=MODE, device=NAME",
    )
    _add_trust(parser)
    given = parser.parse_args(arguments)

    from gan_lab.resumption import resume

    _show_log()
    resume(given.run_dir, given.overrides, given.trust)
    return 0


def _report(arguments: list[str]) -> int:
    from gan_lab.composing import compose
    from gan_lab.reports.command import report

    written, faults = report(arguments, compose)
    print(written)
    for fault in faults:
        _refuse(fault)
    return 0


def _runs(arguments: list[str]) -> int:
    parser = _parser("runs", "List the runs in a folder with their status and final numbers.")
    parser.add_argument("root", type=Path, nargs="?", default=Path("outputs"), metavar="DIR")
    given = parser.parse_args(arguments)

    from gan_lab.records import find_runs
    from gan_lab.run_table import format_table

    print(format_table(find_runs(given.root), given.root))
    return 0


def _board(arguments: list[str]) -> int:
    parser = _parser("board", "Open TensorBoard with sampling limits that keep every point and image.")
    parser.usage = "gan-lab board [DIR] [TensorBoard's own options, such as --port 6007]"
    parser.add_argument("root", type=Path, metavar="DIR")
    has_root = bool(arguments) and (not arguments[0].startswith("-") or arguments[0] in ("-h", "--help"))
    arguments = arguments if has_root else ["outputs", *arguments]
    given, rest = parser.parse_args(arguments[:1]), arguments[1:]
    from gan_lab.board_view import address_of, command_of

    print(f"Distance, health, quality and samples first:\n{address_of(given.root, rest)}\n", flush=True)
    os.execv(sys.executable, command_of(given.root, rest))


def _parser(name: str, description: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(f"gan-lab {name}", description=description)


def _add_trust(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--trust", action="append", default=[], metavar="PACKAGE", help="package the run's config may name"
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"must be a whole number greater than 0; got {text!r}")
    return int(text)


def _show_log() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)


if __name__ == "__main__":
    sys.exit(main())
