"""Run the commands of docs/tutorial.md as its reader does, and put what they print below them.

Run from a checkout: ``python scripts/tutorial_page.py``; some six minutes on two cores. A command stands
behind a dollar sign in a ``console`` block; ``# the last 3 lines`` behind it says how much of its output is
shown. The figures come from the report that it makes. Sentences that name numbers are the author's to check.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "tutorial.md"
FIGURES = {"samples.png": "tutorial_samples.png", "estimate_wgan_gp.png": "tutorial_estimate.png"}
"""Names of figures in the report, and in docs/images."""

_BLOCK = re.compile(r"```console\n\$ (.+)\n(?:.*\n)*?```")
_LAST = re.compile(r"\s+# the last (\d+) lines$")


def main() -> None:
    """Run all commands in one empty folder, and write page and figures."""
    with tempfile.TemporaryDirectory() as folder:
        text = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(_BLOCK.sub(lambda block: block_of(block[1], Path(folder)), text), encoding="utf-8")
        for path in Path(folder).rglob("report/figures/*.png"):
            if path.name in FIGURES:
                picture = Image.open(path).convert("RGB").quantize(128)
                picture.save(ROOT / "docs" / "images" / FIGURES[path.name], optimize=True)


def commands(text: str) -> list[str]:
    """Return the commands of a page, as they are typed."""
    return [_LAST.sub("", block[1]) for block in _BLOCK.finditer(text)]


def block_of(line: str, folder: Path) -> str:
    """Run a command in a folder and return its block, with what it printed.

    Raises:
        subprocess.CalledProcessError: if it fails.
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        _LAST.sub("", line),
        shell=True,
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    shown = done.stdout.rstrip().splitlines()
    if last := _LAST.search(line):
        shown = shown[-int(last[1]) :]
    return "\n".join(["```console", f"$ {line}", *shown, "```"])


if __name__ == "__main__":
    main()
