"""Prove that interactive pages work: in a real browser, by keyboard and by finger, large and small.

    python scripts/interactive_proof.py PAGE.html [PAGE.html ...] [-o DIR] [--require]

The pages are those of ``gan-lab distances experiment=NAME interactive=true``. Each is opened in a headless
Chromium as a projector and as a telephone shows it; every slider is moved, and figure and sentence must
follow, the console must stay silent, and no request may leave the page. A picture of each is left in DIR.
"""

import argparse
import sys
from pathlib import Path

from proof.devtools import Browser, find_browser
from proof.interactive_page import look_at_page
from proof.pages import Finding

from gan_lab.lectures.writing import PAGE_NAME

WINDOWS = {"projector": (1920, 1080), "telephone": (390, 844)}


def main() -> int:
    """Check, and return the exit status: 1 if something is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pages", type=Path, nargs="+", metavar="PAGE.html")
    parser.add_argument("-o", "--out", type=Path, default=Path("outputs/interactive_proof"), metavar="DIR")
    parser.add_argument("--require", action="store_true", help="fail if there is no browser")
    given = parser.parse_args()
    program = find_browser()
    if program is None:
        print("skipped: no chromium")
        return 1 if given.require else 0
    given.out.mkdir(parents=True, exist_ok=True)
    good = True
    for page in given.pages:
        for window, (width, height) in WINDOWS.items():
            print(f"{page}, {window} ({page.stat().st_size / 1e6:.1f} MB)")
            with Browser(program, width, height) as browser:
                for finding in look_at_page(browser, page.resolve().as_uri()):
                    good &= say(finding)
                browser.evaluate("scrollTo(0, 0)")
                name = page.parent.name if page.name == PAGE_NAME else page.stem
                path = given.out / f"{name}_{window}.png"
                path.write_bytes(browser.picture())
                print(f"  {path}")
    return 0 if good else 1


def say(finding: Finding) -> bool:
    """Print what was found, and return whether it is good."""
    print(f"  {'ok     ' if finding.good else 'WRONG  '} {finding.what}", flush=True)
    return finding.good


if __name__ == "__main__":
    sys.exit(main())
