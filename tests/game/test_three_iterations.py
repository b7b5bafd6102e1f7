"""Training is what it was: the same bits of every state, recorded before its interfaces were widened.

Every objective, constraint and architecture that there was, in 24 configs of images and of points, hashed
after a warm-up step and three iterations. The hash of a state, which training goes on from, must never
change; those of the generator's average and of the measurements are recorded anew where their definition
changes. A processor, or a torch, that rounds otherwise cannot tell, and says so.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.three_iterations import PORTABLE, RECORDED

TESTS = Path(__file__).parents[1]
KNOWN: dict[str, Any] = json.loads(RECORDED.read_text())


def hashes(mode: str, *names: str) -> dict[str, dict[str, str]]:
    """Play in another process, whose arithmetic the environment decides."""
    path = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "support.three_iterations", mode, *names]
    environment = os.environ | PORTABLE | {"PYTHONPATH": path}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    for what in ("torch", "arithmetic"):
        if found[what] != KNOWN[what]:
            pytest.skip(f"recorded with {what} {KNOWN[what]}, here it is {found[what]}")
    return dict(found["hashes"])


def test_eager_iterations_have_the_recorded_bits() -> None:
    assert len(KNOWN["eager"]) == 24
    assert hashes("eager") == KNOWN["eager"]


@pytest.mark.slow
@pytest.mark.parametrize("name", KNOWN["compiled"])
def test_compiled_iterations_have_the_recorded_bits(name: str) -> None:
    assert hashes("compiled", name) == {name: KNOWN["compiled"][name]}
