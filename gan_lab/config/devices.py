"""The names of devices: what can be said of one without asking torch."""

import re

from gan_lab.config.errors import UserError
from gan_lab.config.quoting import quoted

_NAME = re.compile(r"auto|cpu|cuda(:[0-9]{1,4})?")


def check_device_name(name: str) -> None:
    """Check the name of a device.

    Raises:
        UserError: if no machine could have it.
    """
    if not _NAME.fullmatch(name):
        raise UserError(f"device must be one of auto, cpu, cuda, cuda:0, ...; got {quoted(name)}.")
