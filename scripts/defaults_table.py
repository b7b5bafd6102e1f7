"""Train every objective on every dataset that needs no download, at its defaults: docs/defaults.md.

Run from a checkout: ``python scripts/defaults_table.py``. What was trained stands in docs/defaults.csv, and
is not trained again: stopped at any time, the same command goes on. ``--only 'wgan*:ring8'`` trains some
pairs, ``--iterations 500`` shortens runs, ``--compiled`` is faster for points, ``--page`` trains nothing.
Several may run side by side.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import NamedTuple

from gan_lab.cli.compose import compose
from gan_lab.config.options import config_folder, list_options, option_node
from gan_lab.files.lock import sole_writer
from gan_lab.runs.config_hash import config_hash
from gan_lab.runs.reading import find_runs

DOCS = Path(__file__).parents[1] / "docs"
PAGE, TABLE = DOCS / "defaults.md", DOCS / "defaults.csv"
SEEDS = 3
OF_DATA = ("gan_lab.datasets.toy.", "gan_lab.datasets.embedded.")
"""Where the classes of datasets are that need no file: those of points first, which are quick."""

OFTEN = "metrics.every=250"
BESIDES = {"photos": ["dataset.size=16", "architecture=dcgan_small"], "stacked_digits": []}
"""What is typed besides in the place of ``OFTEN``, where measuring often, or an iteration, takes too long."""

HEAD = f"""# Defaults that live

Every objective on every synthetic or embedded dataset, with nothing typed but the two, and {SEEDS} seeds
trained together. A cell has the worst verdict of each seed ([what they mean](troubleshooting.md)), with how
many seeds have it where they differ, and behind a slash the iterations. Where those are fewer than the
default, the verdicts are those of a run that was cut short. An empty cell was not trained.

```
python scripts/defaults_table.py    # what is missing; once stopped, it goes on by the same command
python scripts/defaults_table.py --only 'wgan*:ring8' --iterations 500    # some of it, and shorter
```

Each cell is `gan-lab train objective=OBJECTIVE dataset=DATASET train.seeds={SEEDS} device=cpu`,
with `train.iterations` where fewer are asked for; points and digits with `{OFTEN}`, photos with
`{" ".join(BESIDES["photos"])}`: at 64x64 an iteration of three seeds took 16
seconds. Points were trained with `--compiled`, which adds `train.execution=compiled`: other rounding, and
iterations in a third of the time. Verdicts are those of the rules on the day when a cell was trained.
`docs/defaults.csv` holds all verdicts of each seed, and a hash of the settings that they are of: a cell whose
defaults, but for the number of iterations, have changed since is empty here, and is trained again.
"""


class Row(NamedTuple):
    """What one seed of a cell ended with; verdicts are names, worst first, with spaces between."""

    dataset: str
    objective: str
    iterations: int
    seed: int
    verdicts: str
    config: str  # a hash of all settings of its cell


def main() -> None:
    """Train what is asked for and is missing, and write the page after each cell."""
    given = read_arguments(sys.argv[1:])
    execution = "compiled" if given.compiled else "eager"
    rows = current(read(TABLE))
    write(TABLE, rows)
    for pair in missing(rows, given.only) if not given.page else []:
        if pair in missing(read(TABLE), given.only):  # another such script may have trained it meanwhile
            dataset, objective = pair
            print(f"objective={objective} dataset={dataset}", flush=True)
            add(TABLE, trained(dataset, objective, given.iterations, execution))
            PAGE.write_text(page(read(TABLE)), encoding="utf-8")
    PAGE.write_text(page(read(TABLE)), encoding="utf-8")


def read_arguments(arguments: list[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--only", nargs="+", default=["*:*"], metavar="OBJECTIVE:DATASET", help="with * and ?"
    )
    parser.add_argument("--iterations", type=int, help="instead of the dataset's own number")
    parser.add_argument("--compiled", action="store_true", help="which pays for points, and not for images")
    parser.add_argument("--page", action="store_true", help="make the page of what was trained before")
    return parser.parse_args(arguments)


def datasets() -> list[str]:
    """Return the datasets that need no file, those of points first."""
    found = {}
    for name in list_options("dataset", [config_folder()]):
        found[name] = str(option_node("dataset", name)["_target_"])
    return [name for start in OF_DATA for name, target in found.items() if target.startswith(start)]


def objectives() -> list[str]:
    """Return all objectives."""
    return list(list_options("objective", [config_folder()]))


def missing(rows: Iterable[Row], only: Iterable[str]) -> list[tuple[str, str]]:
    """Return pairs of dataset and objective that are asked for and have no row."""
    done = {(row.dataset, row.objective) for row in rows}
    asked = [(d, o) for d in datasets() for o in objectives() if any(fnmatch(f"{o}:{d}", p) for p in only)]
    return [pair for pair in asked if pair not in done]


def words_of(dataset: str, objective: str, iterations: int | None) -> list[str]:
    """Return what is typed to train a cell."""
    words = [f"objective={objective}", f"dataset={dataset}", f"train.seeds={SEEDS}", "device=cpu"]
    words += BESIDES.get(dataset, [OFTEN])
    return words + ([f"train.iterations={iterations}"] if iterations else [])


def current(rows: Iterable[Row]) -> list[Row]:
    """Return the rows of cells that the same words would train today."""

    @cache
    def hash_today(dataset: str, objective: str, iterations: int) -> str:
        return config_hash(compose(words_of(dataset, objective, iterations)).config)

    return [row for row in rows if row.config == hash_today(row.dataset, row.objective, row.iterations)]


def trained(dataset: str, objective: str, iterations: int | None, execution: str = "eager") -> list[Row]:
    """Train a cell and return a row for each seed.

    Args:
        dataset: name of an option.
        objective: likewise.
        iterations: instead of the dataset's own number.
        execution: how iterations run, which changes their rounding and is no part of a row's hash.

    Raises:
        SystemExit: with what the command said, if not all seeds came to an end with a verdict.
    """
    words = words_of(dataset, objective, iterations)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "gan_lab", "train", *words, f"train.execution={execution}"]
        command += [f"hydra.run.dir={folder}/run"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        rows = rows_of(dataset, objective, Path(folder))
        if len(rows) != SEEDS or not all(row.verdicts for row in rows):
            sys.exit(f"{' '.join(words)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return rows


def rows_of(dataset: str, objective: str, folder: Path) -> list[Row]:
    """Return a row for each run below a folder that came to an end, in the order of seeds."""
    rows = []
    ended = [run for run in find_runs(folder) if run.status in ("completed", "diverged")]
    for run in sorted(ended, key=lambda run: run.seed or 0):
        iterations = int(run.read_config()["train"]["iterations"])
        settings = config_hash(compose(words_of(dataset, objective, iterations)).config)
        verdicts = " ".join(verdict.name for verdict in run.verdicts)
        rows.append(Row(dataset, objective, iterations, run.seed or 0, verdicts, settings))
    return rows


def page(rows: Iterable[Row]) -> str:
    """Return the page: a row for each objective, a column for each dataset."""
    cells: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        cells.setdefault((row.dataset, row.objective), []).append(row)
    columns = datasets()
    lines = [f"| objective | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for objective in objectives():
        texts = [cell(cells.get((dataset, objective), [])) for dataset in columns]
        lines.append(f"| `{objective}` | {' | '.join(texts)} |")
    total = len(columns) * len(objectives())
    return "\n".join([HEAD, f"{len(cells)} of {total} cells were trained.", "", *lines, ""])


def cell(rows: list[Row]) -> str:
    """Return the worst verdicts of a cell's seeds, the most frequent first."""
    if not rows:
        return ""
    counts = Counter(row.verdicts.split()[0] for row in rows).most_common()
    several = len(counts) > 1
    return (
        ", ".join(f"`{name}`" + (f" {n}" if several else "") for name, n in counts)
        + f" / {rows[0].iterations:,}"
    )


def read(path: Path) -> list[Row]:
    """Return the rows of a table; none if there is no such file."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Row(
                r["dataset"], r["objective"], int(r["iterations"]), int(r["seed"]), r["verdicts"], r["config"]
            )
            for r in csv.DictReader(file)
        ]


def add(path: Path, rows: Iterable[Row]) -> None:
    """Add rows to what a table holds by now, in the order of the page; of equal seeds these are kept."""
    places = {pair: place for place, pair in enumerate(missing([], ["*:*"]))}
    with sole_writer(path, "choose another checkout"):
        by_seed = {(row.dataset, row.objective, row.seed): row for row in [*read(path), *rows]}
        write(path, sorted(by_seed.values(), key=lambda row: (places[row.dataset, row.objective], row.seed)))


def write(path: Path, rows: Iterable[Row]) -> None:
    """Write a table."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(Row._fields)
        table.writerows(rows)


if __name__ == "__main__":
    main()
