"""``gan-lab resume``: go on with a run that was interrupted, or give it more iterations."""

import re

from gan_lab.cli.arguments import PATH, add_trust, add_trust_data, parser_of
from gan_lab.cli.terminal import say, show_log

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
    given = parser.parse_args(arguments)

    typed = [word for word in given.overrides if _OF_TRACKER.match(word)]
    tracker = None
    if typed:
        from gan_lab.cli.compose import compose_tracker
        from gan_lab.tracking.writers.choice import require_libraries_of

        tracker = compose_tracker(typed)
        require_libraries_of(tracker)

    from gan_lab.runs.begun import changes_of, find_begun

    overrides = [word for word in given.overrides if word not in typed]
    if finished := find_begun(given.run_dir).finished(changes_of(overrides)):
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
