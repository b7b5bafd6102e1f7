"""``gan-lab resume``: go on with a run that was interrupted, or give it more iterations."""

import re
from collections.abc import Sequence

from gan_lab.cli.arguments import PATH, Parser, add_trust, add_trust_data, parser_of
from gan_lab.cli.terminal import say, show_log
from gan_lab.config.errors import UserError
from gan_lab.config.modes import refuse_on_cpu
from gan_lab.runs.begun import RESUMABLE, changes_of, find_begun

_OF_TRACKER = re.compile(r"\+?trackers?(?=[.=@])")  # such overrides decide on no number


def resume(arguments: list[str]) -> int:
    """Go on with what was begun in a folder; say at once where nothing is left to do."""
    parser = parser_of("resume", "Go on with a run that was interrupted, or give it more iterations.")
    parser.add_argument("run_dir", type=PATH, metavar="RUN_DIR")
    parser.add_argument(
        "overrides",
        nargs="*",
        metavar="KEY=VALUE",
        help="train.iterations=N, train.execution=MODE, device=NAME, tracker=NAME; dataset.root=FOLDER where "
        "the run's data lie now",
    )
    parser.add_argument(
        "--accept-changed-data",
        action="store_true",
        help="go on although the images are others than those it began with",
    )
    add_trust(parser)
    add_trust_data(parser)
    _refuse_settings_with_dashes(parser, arguments)
    given = parser.parse_args(arguments)

    typed = [word for word in given.overrides if _OF_TRACKER.match(word)]
    tracker = None
    if typed:
        from gan_lab.cli.compose import compose_tracker
        from gan_lab.tracking.writers.choice import require_libraries_of

        tracker = compose_tracker(typed)
        require_libraries_of(tracker)

    overrides = [word for word in given.overrides if word not in typed]
    begun = find_begun(given.run_dir)
    changes = changes_of(overrides, begun.config)
    begun.data_root(changes)  # which refuses one that is not there
    if changes.get("device") == "cpu":
        refuse_on_cpu(f"train.execution={changes.get('train.execution')}")
    if finished := begun.finished(changes):
        for sentence in finished:
            say(sentence)
        return 0

    # what is left takes torch
    from gan_lab.training import resume as training

    show_log()
    training.resume(
        given.run_dir,
        overrides,
        given.trust,
        tracker=tracker,
        typed_tracker=typed,
        trust_data=given.trust_data,
        accept_changed_data=given.accept_changed_data,
    )
    return 0


def _refuse_settings_with_dashes(parser: Parser, arguments: Sequence[str]) -> None:
    """Refuse ``--iterations 100`` with the setting that it was probably meant as."""
    for place, word in enumerate(arguments):
        flag = word.partition("=")[0]
        if not flag.startswith("--") or any(option.startswith(flag) for option in parser.options()):
            continue
        from gan_lab.cli.guesses import setting_of

        if meant := setting_of(word, arguments[place + 1 :], [*RESUMABLE, "tracker"]):
            raise UserError(f"{flag} is no flag; settings have no dashes. Did you mean {meant}?")
