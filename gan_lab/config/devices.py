"""The names of devices: what can be said of one without asking torch."""

import re
from typing import Annotated

from gan_lab.config.checks import Rule

_NAME = re.compile(r"auto|cpu|cuda(:[0-9]{1,4})?")

DeviceName = Annotated[
    str, Rule("one of auto, cpu, cuda, cuda:0, ...", lambda name: _NAME.fullmatch(name) is not None)
]
"""A name that some machine could have."""
