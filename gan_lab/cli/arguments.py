"""Plain arguments of commands, held to the rules of settings and refused in one line."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn, get_args, get_origin

from gan_lab.config.checks import NonNegativeInt, PositiveInt, conform, describe_rule
from gan_lab.config.devices import DeviceName
from gan_lab.config.errors import UserError
from gan_lab.config.quoting import LONGEST_VALUE, quoted, shortened, shown

_NEEDED = re.compile(r"the following arguments are required: (?P<names>.+)", re.DOTALL)
_OF_ONE = re.compile(r"argument (?P<name>[^:]+): (?P<fault>.+)", re.DOTALL)


class Parser(argparse.ArgumentParser):
    """A parser whose refusals are a :class:`UserError` of one sentence, where argparse prints its usage."""

    def options(self) -> list[str]:
        """Return the flags that it reads, such as ``--out``."""
        return [*self._option_string_actions]

    def error(self, message: str) -> NoReturn:
        """Raise what argparse found wrong.

        Raises:
            UserError: always.
        """
        found, needed = _OF_ONE.fullmatch(message), _NEEDED.fullmatch(message)
        command = self.prog.removeprefix("gan-lab ")
        if needed is not None:
            # argparse counts arguments that may be given any number of times, none included
            names = [name for name in needed["names"].split(", ") if "=" not in name]
            raise UserError(f"{command} needs {', '.join(names)}; {self.prog} --help lists what there is.")
        if found is None:
            text = shown(shortened(message, LONGEST_VALUE))
            raise UserError(f"{command}: {text}; {self.prog} --help lists what there is.")
        colon = "" if found["fault"].startswith("must ") else ":"
        raise UserError(f"{found['name']}{colon} {found['fault'].rstrip('.')}.")


def reader_of(hint: Any) -> Callable[[str], Any]:
    """Return what reads an argument as a type hint wants it, for argparse's ``type``.

    Args:
        hint: as of a field of :class:`gan_lab.config.checks.Settings`: a type or ``Literal``,
            with or without a rule.
    """
    plain = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    parse = plain if plain in (int, float) else str

    def read(text: str) -> Any:
        try:
            return conform("it", parse(text), hint)
        except ValueError:
            raise argparse.ArgumentTypeError(f"must be {describe_rule(hint)}; got {quoted(text)}") from None

    return read


def _path(text: str) -> Path:
    """Return what an argument names, for argparse's ``type``; nothing is no name of the folder one is in.

    A variable of the shell that was never set is nothing, and would stand for whatever is below that folder.
    """
    if not text:
        raise argparse.ArgumentTypeError("must be a file or folder; got ''")
    return Path(text)


WHOLE, POSITIVE, PATH = reader_of(NonNegativeInt), reader_of(PositiveInt), _path


def parser_of(command: str, description: str) -> Parser:
    """Return an empty parser for one of gan-lab's commands."""
    return Parser(f"gan-lab {command}", description=description)


def add_device(parser: argparse.ArgumentParser) -> None:
    """Let a command be told where it computes."""
    parser.add_argument(
        "--device",
        type=reader_of(DeviceName),
        default="auto",
        metavar="DEVICE",
        help="auto, cpu, cuda, cuda:1, ... (default auto)",
    )


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Let a command be told which packages a run's config may name classes of."""
    parser.add_argument(
        "--trust", action="append", default=[], metavar="PACKAGE", help="package the run's config may name"
    )


def add_trust_data(parser: argparse.ArgumentParser) -> None:
    """Let a command be told that a run's config may name any folder of data."""
    parser.add_argument(
        "--trust-data",
        action="store_true",
        help="read and pack the folder of data that the run's config names, whoever wrote it",
    )
