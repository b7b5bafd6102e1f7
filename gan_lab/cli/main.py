"""The command line: what composes a config is Hydra, what reads finished runs takes plain arguments.

Everything heavy is imported by the command that needs it: listing the commands takes no torch.
"""

import contextlib
import io
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gan_lab import __version__
from gan_lab.cli import commands
from gan_lab.cli.terminal import refuse, say, say_aside
from gan_lab.config.errors import FollowerError, UserError
from gan_lab.config.quoting import did_you_mean, quoted
from gan_lab.config.ranks import count_here, rank_here

COMMANDS = {
    "train": "train a generator against a critic; sweep with --multirun",
    "distances": "run an exact experiment of the lectures: a table, a figure and a sentence",
    "prepare": "decode an image dataset once into a packed file",
    "sample": "write samples of a run's generator, or a GIF of its training",
    "interpolate": "walk through a generator's latent space: a grid or a GIF",
    "export": "write a run's generator for other programs: safetensors, torch.export, ONNX",
    "evaluate": "measure how good samples are: of runs, or of any generator's files",
    "resume": "go on with a run that was interrupted, or extend it",
    "report": "turn the runs of a sweep into a page, figures and tables",
    "archive": "pack the runs of a sweep into one small file that report reads",
    "diagnose": "say in words what is wrong with runs, and the way out",
    "runs": "list runs with their status and final numbers",
    "board": "open TensorBoard on runs, every point and image kept",
}

_OWN_FLAGS = ("--force",)  # of prepare

COMPOSING = ("train", "distances", "prepare")
TOGETHER = ("train", "resume")
"""What several processes do for one run."""

USAGE = (
    "usage: gan-lab COMMAND [arguments]\n\ncommands\n"
    + "\n".join(f"  {name:<11} {text}" for name, text in COMMANDS.items())
    + "\n\n  gan-lab COMMAND --help   more about one of them\n  gan-lab --version\n"
)


def main() -> int:
    """Run the command line and return the exit status: 0, 2 for bad input, 1 for a crash, 128 + a signal."""
    name, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("--help", [])
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # torch reads it when it is imported; train.profile's log
    logging.raiseExceptions = False  # the reader of our messages may go away while training goes on
    try:
        with _unheard() if rank_here() > 0 else contextlib.nullcontext():
            return _dispatch(name, arguments)
    except KeyboardInterrupt as stop:
        return _stopped(stop)
    except BrokenPipeError:
        # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (UserError, FollowerError) as error:
        return refuse(str(error)) if rank_here() == 0 or isinstance(error, FollowerError) else 2
    except OSError as error:
        path = error.filename or "A file"
        return refuse(f"{path} cannot be used ({error.strerror or error}); choose another place.")


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    """Leave what is said to the first of several processes: all of them refuse what is refused."""
    with (
        open(os.devnull, "w", encoding="utf-8") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        yield


def _stopped(stop: KeyboardInterrupt) -> int:
    by = (
        signal.Signals[stop.args[0]] if stop.args and stop.args[0] in ("SIGTERM", "SIGHUP") else signal.SIGINT
    )
    if by == signal.SIGHUP:
        # the window is gone, and whatever is left to be written to it
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())
    say_aside("Stopped.")
    return 128 + by


def _dispatch(name: str, arguments: list[str]) -> int:
    if name in ("-h", "--help", "help"):
        say(USAGE, end="")
        return 0
    if name == "--version":
        say(f"gan-lab {__version__}")
        return 0
    if name in ("-sc", "--shell-completion"):
        return _complete([name, *arguments])
    if count_here() > 1 and name not in TOGETHER:
        raise UserError(f"gan-lab {name} runs in one process; start it without torchrun.")
    if count_here() > 1 and {"-m", "--multirun"} & {*arguments}:
        raise UserError("gan-lab train -m trains many runs, torchrun one; start it without torchrun.")
    if name in COMPOSING:
        return _run_hydra(name, arguments)
    if name not in COMMANDS:
        question = did_you_mean(name, COMMANDS)
        raise UserError(f"The command must be one of {', '.join(COMMANDS)}; got {quoted(name)}.{question}")
    return commands.READERS[name](arguments)


def _run_hydra(name: str, arguments: list[str]) -> int:
    from gan_lab.cli import distances, prepare, train
    from gan_lab.cli.guesses import refuse_what_is_meant_otherwise
    from gan_lab.cli.hydra_errors import refusal_of

    if name == "prepare" and {"-h", "--help"} & {*arguments}:
        say(prepare.help_text(), end="")
        return 0
    if rank_here() > 0 and not any(word.startswith("hydra.run.dir=") for word in arguments):
        # Hydra makes a folder for each job; the run's is the first process's
        nowhere = Path(tempfile.gettempdir()) / f"gan-lab_process{rank_here()}_{os.getpid()}"
        arguments = [*arguments, f"hydra.run.dir={nowhere}"]
    called = {distances.GROUP: "experiment"} if name == "distances" else {}
    asked_for_traceback = os.environ.get("HYDRA_FULL_ERROR") == "1"
    apps = {"train": train.train_app, "distances": distances.distances_app, "prepare": prepare.prepare_app}
    refuse_what_is_meant_otherwise(name, [each for each in arguments if each not in _OWN_FLAGS])
    try:
        failures = apps[name](arguments)
    except BrokenPipeError:
        raise  # whoever read what we say went away: no fault of what was typed
    except Exception as error:
        refusal = refusal_of(error, called, name)
        if refusal is None or asked_for_traceback:
            raise
        return refuse(refusal)
    summarise = distances.summarise_sweep if name == "distances" else train.summarise_sweep
    for line in summarise():
        say(line)
    for failure in failures:
        refuse(failure.text)
    return min((failure.status for failure in failures), default=0)


def _complete(arguments: list[str]) -> int:
    """Complete a command name ourselves, and what follows a command that composes through Hydra."""
    words = os.environ.get("COMP_LINE", "").split(" ")
    if "query=bash" in arguments and len(words) == 2:
        say(" ".join(name for name in COMMANDS if name.startswith(words[1])))
        return 0
    if "query=bash" in arguments and len(words) > 2 and words[1] == "distances":
        from gan_lab.cli.distances import complete_experiment

        # Hydra would list the experiments of training, which are called alike
        names = complete_experiment(words[-1])
        if names:
            say(" ".join(names))
            return 0
    composes = len(words) > 2 and words[1] in COMPOSING
    if composes:
        os.environ["COMP_LINE"] = " ".join([words[0], *words[2:]])
    # what cannot be completed is no reason to write into somebody's prompt
    with contextlib.redirect_stderr(io.StringIO()):
        return _run_hydra(words[1] if composes else "train", arguments)
