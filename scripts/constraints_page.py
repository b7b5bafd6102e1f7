"""Make docs/constraints.md from the table of what constraints bound; its rows stand in their own files.

Run from a checkout: ``python scripts/constraints_page.py``.
"""

from pathlib import Path
from typing import Any

from hydra.utils import get_class

from gan_lab.config.options import config_folder, list_options, option_node
from gan_lab.constraints.base import Constraint
from gan_lab.constraints.bounds import MEANING, NORMS
from gan_lab.constraints.compose import Compose

PAGE = Path(__file__).parents[1] / "docs" / "constraints.md"

HEAD = """# What a constraint bounds

The score gap is at most K times W1 only where some K bounds the critic's slope. Which constraint sees to that
depends on what normalises inside the critic (`critic_norm`, for the critics that take it from there):

- **no normalisation**: affine maps and activations, one after the other;
- **layer norm**: of each sample by itself, over all of it, groups of channels or single ones;
- **batch norm**, or whatever else makes a score depend on the others of its batch, which is found by trying;
- **layers that nothing is known of**: of classes of your own that do not say `steep_by_weights_alone = True`.

A run says at its start what its estimates do not bound; `bounds` in its `run.json` has the words below.

"""

AFTER = """
Several constraints at once (`constraint=[a,b]`) bound what the strongest of them bounds, in the order above.

Divergences need no constraint. `distance/jsd` and `distance/f_divergence` are lower bounds, in the mean over
batches, for any critic that scores a sample by itself (`samples` in `run.json`). With batch norm they are
lower bounds on the divergence of whole batches (`batches`), which is at least as large: sixty-four samples
are no harder to tell apart than one, and mostly easier.

This page is made by `python scripts/constraints_page.py` from `gan_lab/constraints/`.
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """Return the page: what the words mean, a row for each option, and why cells differ."""
    words = [f"- `{word}`: {meaning}." for word, meaning in MEANING.items()]
    rows = {option: kind.table_row for option, kind in options().items()}
    table = [f"| `constraint` | {' | '.join(NORMS.values())} |", "|---" * (len(NORMS) + 1) + "|"]
    table += [
        f"| `{option}` | {' | '.join(row.cell(norm) for norm in NORMS)} |" for option, row in rows.items()
    ]
    reasons: dict[str, list[str]] = {}
    for option, row in rows.items():
        reasons.setdefault(row.why, []).append(f"`{option}`")
    why = [f"- {', '.join(names)}: {reason}" for reason, names in reasons.items() if reason]
    return HEAD + "\n".join([*words, "", *table, "", *why, AFTER])


def options() -> dict[str, type[Constraint]]:
    """Return the classes of all options that are no composition, by name."""
    found: dict[str, type[Constraint]] = {}
    for option in list_options("constraint", [config_folder()]):
        kind: Any = get_class(option_node("constraint", option)["_target_"])
        if not issubclass(kind, Compose):
            found[option] = kind
    return found


if __name__ == "__main__":
    main()
