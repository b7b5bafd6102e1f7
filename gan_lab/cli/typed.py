"""Arguments that Hydra would answer with a sentence about itself: refused before it sees them."""

import contextlib
import io
import re
from collections.abc import Iterable

from hydra._internal.utils import get_args_parser

from gan_lab.cli.configs import is_list, merged_options
from gan_lab.config.checks import FolderName, describe_rule
from gan_lab.config.digits import MOST_DIGITS, is_number
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.config.groups import own_groups
from gan_lab.config.options import config_folder, list_options

_LONGEST_NAME = 200  # of an option: it is the name of a file
_DIGITS = re.compile(rf"\d{{{MOST_DIGITS + 1},}}")
_HALVES = ("architecture/generator", "architecture/critic")
_NOTHING = ("", "null", "~")
_VERBOSE = "hydra.verbose"
_FOLDERS = ("hydra.run.dir", "hydra.sweep.dir", "hydra.sweep.subdir")


def check_arguments(arguments: Iterable[str]) -> None:
    """Check what Hydra would not say by the name of what was typed.

    Raises:
        UserError: if a group or a folder is given nothing, or a group taken away, or an argument holds an
            endless number or name.
    """
    groups = own_groups()
    for argument in arguments:
        key, equals, value = argument.partition("=")
        name = key.lstrip("+~")
        if _DIGITS.search(argument):
            raise BadValueError(name, f"without numbers of more than {MOST_DIGITS:,} digits", value)
        # the folder that one is in would be taken for an empty one
        if name in _FOLDERS and equals and (_is_nothing(value) or not value.strip(" '\"")):
            raise BadValueError(name, describe_rule(FolderName), value)
        if name == _VERBOSE and equals and (_is_nothing(value) or is_number(value)):
            raise BadValueError(name, "true, false or names of loggers", value)
        if name in (*groups.shown, *_HALVES):
            _check_option(argument, groups.sections)


def _check_option(argument: str, always: tuple[str, ...]) -> None:
    """Check an argument that chooses an option of a group, of which those of ``always`` have one always."""
    key, equals, value = argument.partition("=")
    name = key.lstrip("+~")
    options = ", ".join(list_options(name, [config_folder()]))
    if key.startswith("~") and name in always:
        raise UserError(f"{name} must be one of {options}; it cannot be taken away.")
    # a list among what is swept over, too, would be refused once a job, when others have been trained; Hydra
    # says so of one that does not end
    if name in always and 0 < value.count("[") == value.count("]") and not is_list(argument):
        raise merged_options(name)
    several = value.strip().startswith("{" if name in always else ("[", "{"))
    if equals and (_is_nothing(value) or len(value) > _LONGEST_NAME or several):
        raise BadValueError(name, f"one of {options}", value)


def _is_nothing(value: str) -> bool:
    """Return whether Hydra reads a value as none at all."""
    return value.strip().lower() in _NOTHING


def check_flags(arguments: list[str]) -> None:
    """Check the flags with Hydra's own parser, which would answer a wrong one with eight lines.

    Raises:
        UserError: if Hydra has no such flag, or one lacks its value.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            flags = get_args_parser().parse_args(arguments)
    except SystemExit as end:
        if end.code:
            reason = " ".join(said.getvalue().rpartition("error: ")[2].split())
            raise UserError(f"{reason}; --help lists the flags that there are.") from None
        return
    if flags.experimental_rerun is not None:
        raise UserError(
            "--experimental-rerun is not offered: gan-lab resume goes on with a run, and run.json holds the "
            "command that began it."
        )
    if flags.shell_completion and arguments[0] not in ("-sc", "--shell-completion"):
        raise UserError("--shell-completion stands alone, as in gan-lab --shell-completion install=bash.")
