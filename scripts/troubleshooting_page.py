"""Make docs/troubleshooting.md from the rules of ``gan-lab diagnose``.

Run from a checkout: ``python scripts/troubleshooting_page.py``.
"""

from pathlib import Path

from gan_lab.diagnosis.diagnose import RULES
from gan_lab.diagnosis.rule import Rule

PAGE = Path(__file__).parents[1] / "docs" / "troubleshooting.md"

HEAD = """# Troubleshooting

What can be wrong with a run, how it looks, and the way out. The lab reads the same rules: at the end of a
run it says the worst of them in the last line of its log, and all in `run.json` and in the card `verdict`
of TensorBoard's Text tab; a report begins with them; and

```
gan-lab diagnose RUN_DIR            one run, or all runs below a folder, the worst first
gan-lab diagnose RUN_DIR --json     the same for programs
```

says them of any run, whatever version trained it. Where no rule sees anything, `all_well` says which
numbers were looked at, and `unmeasured` that the samples were not: a critic without a fault says nothing of
them. A rule says nothing of what was not measured: what samples are like is measured every `metrics.every`
iterations, 500 unless you or an experiment say another number, and in shorter runs only if one is said.
Rules of a critic that is dead, far from its optimum, below 0 or without gradients are silent where
samples are measured to be about as good as real ones. The end of a run is its last tenth, of 101 iterations
at least; of what is measured now and then, the median of the last three measurements. Each threshold is
derived, or its source named, in the file of its rule in `gan_lab/diagnosis/rules/`; the lines between good,
poor and collapsed samples are those of a report's failure rule. Where the critic's rate is above 0.1,
whatever is seen may come of it: the way out is `optimizer.lr=0.001` then.

This page is made by `python scripts/troubleshooting_page.py` from those rules, causes before what follows
from them.
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """Return the page: a table of symptoms, then a section for each rule."""
    index = ["| what you see | verdict |", "|---|---|"]
    index += [f"| {rule.symptom} | [`{rule.name}`](#{rule.name}) |" for rule in RULES]
    return "\n".join([HEAD, *index, "", *map(section, RULES)])


def section(rule: Rule) -> str:
    """Return a rule's section: symptom, what the lab shows, cause and cure."""
    rows = [("What you see", rule.symptom), ("What the lab shows", rule.shows)]
    rows += [("Why", rule.cause), ("What to do", rule.cure)]
    return "\n".join([f"## {rule.name}", "", *(f"**{title}.** {text}\n" for title, text in rows)])


if __name__ == "__main__":
    main()
