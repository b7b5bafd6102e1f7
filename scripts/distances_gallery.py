"""Make docs/distances.md: every experiment of ``gan-lab distances``, its figure, its command, its sentence.

Run from a checkout: ``python scripts/distances_gallery.py [NAME ...]``. Names limit what is run anew; what is
said of the others stays. Experiments with sliders leave their interactive pages in docs/interactive, too. All
of them take some twenty minutes on two cores.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gan_lab.cli.distances import experiments_with_sliders
from gan_lab.config.options import config_folder, list_options

DOCS = Path(__file__).parents[1] / "docs"
IMAGES, PAGES = DOCS / "images" / "distances", DOCS / "interactive"

HEAD = """# The distances lab

What lectures on adversarial models argue from, computed: `gan-lab distances experiment=NAME` prints a table,
says in a sentence what to see, and writes the table (CSV), the figure (PNG and PDF) and the config into a
folder of their own below `outputs/distances/`. `gan-lab distances experiment=NAME --cfg job` prints the
settings, each of which can be given on the command line; `-m` sweeps over them, and ends in one table.
`animate=true` adds a GIF (and a film, where ffmpeg is there), `interactive=true` one HTML file with sliders
for the lecture hall, which needs no network: {pages}.

```
gan-lab distances experiment=parallel_lines    # the paper's figure 1: W1 = |θ|, JSD = log 2 with no gradient
gan-lab distances experiment=mode_covering target.weights=[.4,.6] target.means=[-1,3] target.scales=[.5,1]
gan-lab distances experiment=dirac_gan animate=true            # also as a GIF
gan-lab distances -m experiment=uniform_shift width=1,2        # a sweep; ends in one table
```

`gan-lab distances --help` lists them. An experiment of your own is one class and one YAML file, as
[architecture](architecture.md) says.

This page is made by `python scripts/distances_gallery.py`, which runs all of them in some twenty minutes.
"""


def main() -> int:
    """Run the experiments that were named, or all, and write the page."""
    options = list_options("distances", [config_folder()])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="experiments to run anew (default: all)")
    given = parser.parse_args()
    unknown = sorted(set(given.names) - set(options))
    if unknown:
        parser.error(f"NAME must be one of {', '.join(options)}; got {unknown[0]}")
    for folder in (IMAGES, PAGES):
        folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    for name in given.names or options:
        run(name)
    print(f"{time.monotonic() - began:.0f} s in all")
    found = {name: text for name, text in options.items() if (IMAGES / f"{name}.json").exists()}
    (DOCS / "distances.md").write_text(page(found), encoding="utf-8")
    return 0


def run(name: str) -> None:
    """Run one experiment as a user does, and keep its figure, its sentence and its page with sliders."""
    began = time.monotonic()
    has_sliders = name in experiments_with_sliders()
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder) / name
        command = [sys.executable, "-m", "gan_lab", "distances", f"experiment={name}"]
        command += [f"hydra.run.dir={where}", f"interactive={str(has_sliders).lower()}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        shutil.copy(where / "figure.png", IMAGES / f"{name}.png")
        if has_sliders:
            shutil.copy(where / "interactive.html", PAGES / f"{name}.html")
        sentence = json.loads((where / "findings.json").read_text(encoding="utf-8"))["sentence"]
    (IMAGES / f"{name}.json").write_text(json.dumps({"sentence": sentence}) + "\n", encoding="utf-8")
    print(f"{name:<24} {time.monotonic() - began:6.1f} s", flush=True)


def page(options: dict[str, str]) -> str:
    """Return the page of these experiments, names to descriptions."""
    contents = [f"- [{name}](#{name}): {text}" for name, text in options.items()]
    pages = [f"[{name}](interactive/{name}.html)" for name in options if has_page(name)]
    return "\n".join(
        [
            HEAD.format(pages=", ".join(pages)),
            *contents,
            "",
            *(entry(name, text) for name, text in options.items()),
        ]
    )


def entry(name: str, text: str) -> str:
    """Return one experiment's part of the page."""
    sentence = json.loads((IMAGES / f"{name}.json").read_text(encoding="utf-8"))["sentence"]
    lines = [f"## {name}", text, f"![{name}](images/distances/{name}.png)", sentence]
    command = f"gan-lab distances experiment={name}"
    if has_page(name):
        lines.append(f"[Move it yourself](interactive/{name}.html): a page to save and to open in a browser.")
        command += f"\n{command} interactive=true"
    return "\n\n".join([*lines, f"```bash\n{command}\n```", ""])


def has_page(name: str) -> bool:
    """Return whether there is an interactive page of an experiment."""
    return (PAGES / f"{name}.html").exists()


if __name__ == "__main__":
    sys.exit(main())
