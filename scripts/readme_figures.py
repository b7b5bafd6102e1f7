"""Draw the README's figures from finished runs: sample grids beside real data, and the estimate's curve.

gan-lab train hydra.run.dir=outputs/readme/wgan
gan-lab train objective=gan hydra.run.dir=outputs/readme/gan
gan-lab train dataset=ring8 objective=wgan_gp hydra.run.dir=outputs/readme/ring8
python scripts/readme_figures.py outputs/readme docs/images
"""

import argparse
import csv
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from gan_lab.tags.names import MEDIAN, RAW

BLUE, GREY = "#0072b2", "#b0b0b0"


def read_column(run_dir: Path, tag: str) -> tuple[list[int], list[float]]:
    """Return the iterations at which a tag was measured, and its values."""
    with (run_dir / "metrics.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row.get(tag)]
    return [int(row["iteration"]) for row in rows], [float(row[tag]) for row in rows]


def draw_curve(run_dir: Path, raw: str, median: str | None, label: str, path: Path) -> None:
    """Draw one measurement over generator iterations, the median filter over the raw values."""
    figure = Figure(figsize=(6.4, 3.2), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    axes.plot(
        *read_column(run_dir, raw), color=GREY if median else BLUE, linewidth=0.6, label="every iteration"
    )
    if median:
        axes.plot(*read_column(run_dir, median), color=BLUE, linewidth=1.6, label="median of the last 101")
        axes.legend(frameon=False)
    axes.set(xlabel="generator iterations", ylabel=label)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def draw_progress(run_dir: Path, path: Path, shown: int = 4) -> None:
    """Put sample grids of some iterations side by side, the real data last."""
    grids = sorted(path for path in (run_dir / "samples").glob("*.png") if path.stem.isdecimal())
    step = max(1, (len(grids) - 1) // (shown - 1))
    chosen = [*grids[::step][: shown - 1], grids[-1], run_dir / "samples" / "real.png"]
    figure = Figure(figsize=(2.2 * len(chosen), 2.5), dpi=100, layout="constrained")
    for axes, grid in zip(figure.subplots(1, len(chosen)), chosen, strict=True):
        with Image.open(grid) as image:
            # the upper left quarter: sixteen samples that can be read at this size
            axes.imshow(image.crop((0, 0, image.width // 2, image.height // 2)))
        axes.set_title("real" if grid.stem == "real" else f"iteration {int(grid.stem):,}", fontsize=10)
        axes.axis("off")
    figure.savefig(path)


def main() -> None:
    """Draw all figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("runs", type=Path, help="folder with the runs wgan, gan and ring8")
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    wgan, gan, ring = given.runs / "wgan", given.runs / "gan", given.runs / "ring8"
    draw_curve(wgan, RAW, MEDIAN, "W estimate, up to a factor", given.out / "wgan_estimate.png")
    draw_progress(wgan, given.out / "wgan_samples.png")
    draw_progress(gan, given.out / "gan_samples.png")
    newest = max(path for path in (ring / "samples").glob("*.png") if path.stem.isdecimal())
    (given.out / "ring8.png").write_bytes(newest.read_bytes())


if __name__ == "__main__":
    main()
