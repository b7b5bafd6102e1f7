"""The commands that take plain arguments: they read finished runs, and compose nothing.

What is heavy is imported by the command that needs it.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from gan_lab.cli.arguments import PATH, Parser, parser_of
from gan_lab.cli.evaluate import evaluate
from gan_lab.cli.generators import export, interpolate, sample
from gan_lab.cli.resume import resume
from gan_lab.cli.terminal import refuse, say


def _archive(arguments: list[str]) -> int:
    from gan_lab.cli.archive import archive

    written, left_out = archive(arguments)
    say(written)
    for sentence in left_out:
        refuse(sentence)
    return 0


def _report(arguments: list[str]) -> int:
    from gan_lab.cli.report import report

    written, faults = report(arguments)
    say(written)
    for fault in faults:
        refuse(fault)
    return 0


def _diagnose(arguments: list[str]) -> int:
    parser = parser_of("diagnose", "Say in words what is wrong with runs, worst first, and the way out.")
    parser.add_argument(
        "folders",
        type=PATH,
        nargs="+",
        metavar="RUN_DIR",
        help="a run, or a folder or an archive that holds runs",
    )
    parser.add_argument(
        "--json", action="store_true", help="for programs: a list of runs with their verdicts"
    )
    given = parser.parse_args(arguments)

    from gan_lab.cli.diagnose import as_json, as_text, diagnose_folders
    from gan_lab.runs.sources import open_sources

    with open_sources(given.folders) as sources:
        diagnoses = diagnose_folders(sources)
    say(as_json(diagnoses) if given.json else as_text(diagnoses))
    return 0


def _runs(arguments: list[str]) -> int:
    parser = parser_of("runs", "List the runs in a folder with their status and final numbers.")
    parser.add_argument(
        "root",
        type=PATH,
        nargs="?",
        default=Path("outputs"),
        metavar="DIR",
        help="a folder, or an archive; default outputs",
    )
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="only such runs: objective=wgan, status!=completed, 'seed<3', 'distance/w1_exact<0.1', "
        "optimizer.lr=0.001; several must all hold",
    )
    parser.add_argument(
        "--sort", metavar="KEY", help="the smallest first: estimate, quality, W1, distance/w1_exact"
    )
    parser.add_argument("--descending", action="store_true", help="with --sort: the largest first")
    parser.add_argument("--json", action="store_true", help="print all that their records say, as JSON")
    given = parser.parse_args(arguments)

    from gan_lab.cli.run_choice import choose, not_sorted, read_condition, values_instead
    from gan_lab.cli.run_keys import key_called
    from gan_lab.cli.run_table import as_json, format_table
    from gan_lab.cli.table_notes import notes_below
    from gan_lab.runs.reading import find_runs
    from gan_lab.runs.sources import open_sources

    conditions = [read_condition(text) for text in given.where]
    with open_sources([given.root]) as sources:
        (source,) = sources.parts
        found = find_runs(source.folder)
        sort = None if given.sort is None else key_called(given.sort, found)
        records = choose(found, conditions, sort, source.folder, descending=given.descending)
        if given.json:
            say(as_json(records, sources))
        elif records:
            say(sources.as_given(format_table(records, source.folder, sort)))
            for note in notes_below(records, source):
                say(note)
            if sort is not None and (unsorted := not_sorted(records, sort, source.folder)):
                refuse(unsorted)
        elif found:
            instead = values_instead(found, conditions, source.folder)
            none = f"None of the {len(found):,} runs" if len(found) > 1 else "No run"
            say(f"{none} in {given.root} is such a run{instead}")
        else:
            say(f"There are no runs in {given.root}.")
    return 0


def _board(arguments: list[str]) -> int:
    from gan_lab.tracking.board import (
        OPEN,
        address_of,
        nothing_to_show,
        require_free_port,
        tensorboard_command,
    )
    from gan_lab.tracking.board_bands import BANDS, has_bands

    parser = _board_parser()
    opens = [OPEN] if OPEN in arguments else []
    arguments = [argument for argument in arguments if argument != OPEN]
    has_root = bool(arguments) and (not arguments[0].startswith("-") or arguments[0] in ("-h", "--help"))
    arguments = arguments if has_root else ["outputs", *arguments]
    given, rest = parser.parse_args(arguments[:1]), arguments[1:]
    address = address_of(rest)
    require_free_port(rest)
    if nothing := nothing_to_show(given.root):
        say(nothing)
    if address:
        say(f"Distance, health, quality and samples first: {address}")
    if address and has_bands(given.root):
        say(f"Bands over seeds: {address}{BANDS[1:]}/")
    os.execv(sys.executable, tensorboard_command(given.root, [*opens, *rest]))


def _board_parser() -> Parser:
    """Return what reads the folder; the options are TensorBoard's to read, and stand there for the help."""
    parser = parser_of(
        "board",
        "Serve TensorBoard on the runs in and below a folder, until Ctrl-C, with every point and picture. It "
        "shows curves, pictures of samples and HPARAMS, a row for each run, at the address that it prints: "
        "http://localhost:6006/ unless another port is asked for or that one is taken. That address opens "
        "the pinned numbers: distances, the critic's health, the quality of samples. Of a sweep with a "
        "gan-lab report, /bands/ behind it has the means over seeds.",
    )
    parser.usage = "gan-lab board [DIR] [--open] [--port N] [TensorBoard's other options]"
    parser.epilog = (
        "Whatever else is typed behind DIR goes to TensorBoard as it is, such as --path_prefix /board."
    )
    parser.add_argument(
        "root",
        type=PATH,
        metavar="DIR",
        help="a run, a sweep, or any folder that holds some; default outputs",
    )
    parser.add_argument("--open", action="store_true", help="show the address in a browser")
    parser.add_argument("--port", metavar="N", help="serve there; default 6006, or the next that is free")
    parser.add_argument("--host", metavar="NAME", help="listen at that address; default localhost alone")
    parser.add_argument("--bind_all", action="store_true", help="let other machines open it, too")
    return parser


READERS: dict[str, Callable[[list[str]], int]] = {
    "sample": sample,
    "interpolate": interpolate,
    "export": export,
    "evaluate": evaluate,
    "resume": resume,
    "report": _report,
    "archive": _archive,
    "diagnose": _diagnose,
    "runs": _runs,
    "board": _board,
}
