"""Make docs/tags.md from the table of tags, and say in the tables of docs/reading.md what the table says.

Run from a checkout: ``python scripts/tags_page.py``. Which tags docs/reading.md lists, and in which order, is
its own choice: a row is made anew wherever the first cell of one is a tag.
"""

import re
from pathlib import Path

from gan_lab.tags.names import group_of
from gan_lab.tags.table import GROUPS, TABLE
from gan_lab.tags.tag import Tag

ROOT = Path(__file__).parents[1]
PAGE, READING = ROOT / "docs" / "tags.md", ROOT / "docs" / "reading.md"

HEAD = """# Tags

The names under which a run writes its numbers, in TensorBoard and in `metrics.csv` or `timing.csv`, the most
telling of each group first. What stands in angle brackets differs from run to run. A share is from 0 to 1. A
score unit is that of the critic's output, which means nothing beyond its own run; a data unit is that of the
samples, or of their features where images are compared by these.

**The estimate** of a run, which the progress bar shows, is the divergence that its objective names, where it
names one, and otherwise the critic's score gap, filtered by a median. Tags of a plug-in that are not here are
shown last within their group.

This page is made by `python scripts/tags_page.py` from the table in `gan_lab/tags/`.
"""

INTRODUCTIONS = {
    "distance": "How far generated samples are from real ones. What training says of every iteration is "
    "measured on fresh draws, not on the batch that the critic has just been trained on.",
    "health": "Whether the two networks learn from each other; of several critic steps, the last one's.",
    "quality": "How good the samples are, beside the **floor** of each number: the same for other real "
    "samples in the place of the generated ones.",
    "loss": "What is minimised.",
    "layers": "Where the critic's gradient vanishes or explodes.",
    "perf": "The pace, which differs from machine to machine: in `timing.csv`, not in `metrics.csv`.",
    "test": "In the table of `gan-lab evaluate` alone.",
    "parzen": "In the table of `gan-lab evaluate` alone.",
    "inception": "In the table of `gan-lab evaluate` alone.",
    "final": "In TensorBoard alone.",
    "samples": "In TensorBoard, and as files in the run's folder.",
    "weights": "In TensorBoard alone.",
    "seeds": "In TensorBoard alone, of a sweep with a report.",
}

COLUMNS = ("| tag | unit | logged by | meaning |", "|---|---|---|---|")


def main() -> None:
    """Write the page and the rows of docs/reading.md."""
    PAGE.write_text(page(), encoding="utf-8")
    READING.write_text(with_rows(READING.read_text(encoding="utf-8")), encoding="utf-8")


def page() -> str:
    """Return the page of all tags, a section for each group."""
    sections = [HEAD]
    for group in GROUPS:
        rows = [row_of(tag) for tag in TABLE if group_of(tag.name) == group]
        sections.append("\n".join([f"## {group}/", "", INTRODUCTIONS[group], "", *COLUMNS, *rows, ""]))
    return "\n".join(sections)


def with_rows(text: str) -> str:
    """Return a Markdown text in which every row whose first cell is a tag is the table's row.

    Args:
        text: with tables of tags, whose rows begin with "| `group/name` |".

    Raises:
        KeyError: if such a row is of a tag that the table does not have.
    """
    rows = {tag.name: row_of(tag) for tag in TABLE}
    groups = "|".join(GROUPS)
    return re.sub(rf"^\| `((?:{groups})/[^`]*)`.*$", lambda row: rows[row[1]], text, flags=re.MULTILINE)


def row_of(tag: Tag) -> str:
    """Return a tag's row in Markdown."""
    return f"| `{tag.name}` | {tag.unit or 'none'} | {tag.logged_by} | {tag.meaning} |"


if __name__ == "__main__":
    main()
