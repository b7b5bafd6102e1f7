"""The report's first table: what is seen in the runs, with counts and the way out."""

from pathlib import Path

from gan_lab.reports.page.diagnosis_table import diagnosis_table
from gan_lab.reports.page.tables import runs_table
from gan_lab.reports.sweep.loading import load_sweep
from support.command_line import gan_lab
from support.report_runs import table, write_run

CONFIG = {"objective": {"_target_": "gan_lab.objectives.wasserstein.Wasserstein"}}
CONFIG |= {"constraint": {"_target_": "gan_lab.constraints.clip.WeightClip", "bound": 0.01}}


def write(root: Path) -> Path:
    dead = table(health__critic_slope=1e-4, health__generator_gradient_norm=0.01, distance__w1_exact=2.0)
    poor = table(quality__high_quality_share=0.1)
    for seed in range(2):
        write_run(root / f"wgan{seed}", numbers=dead, config=CONFIG, choices={"objective": "wgan"}, seed=seed)
        write_run(root / f"gan{seed}", numbers=(poor, None)[seed], choices={"objective": "gan"}, seed=seed)
    return root


def test_a_row_for_each_thing_that_is_seen_the_worst_first(tmp_path: Path) -> None:
    found = diagnosis_table(load_sweep(write(tmp_path)))
    rows = [[cell.text for cell in row] for row in found.rows]
    assert [row[:4] for row in rows] == [
        ["critic_dead", "failure", "2", "wgan"],
        ["poor", "warning", "1", "gan"],
        ["all_well", "none", "1", "gan"],
    ]
    assert rows[0][4].startswith(
        "The critic is dead: its largest slope is 0.0001 (median of its last 3), where"
    )
    assert [row[5] for row in rows] == ["constraint.bound=0.1", "train.iterations=2000", "-"]


def test_it_is_the_first_table_of_the_page_and_a_column_of_runs(tmp_path: Path) -> None:
    write(tmp_path)
    assert gan_lab("report", str(tmp_path)).status == 0
    page = (tmp_path / "report" / "report.html").read_text()
    first = page[page.index("<table>") : page.index("</table>")]
    assert "critic_dead" in first
    assert "constraint.bound=0.1" in first
    assert sorted(runs_table(load_sweep(tmp_path))["seen"]) == [
        "all_well",
        "critic_dead",
        "critic_dead",
        "poor",
    ]
    assert page.count("<td>critic_dead</td>") == 3  # that table's row, and two of all runs


def test_runs_share_a_row_only_where_the_same_leads_out_of_it(tmp_path: Path) -> None:
    dead = table(health__critic_slope=1e-4, health__generator_gradient_norm=0.01, distance__w1_exact=2.0)
    for bound in (0.01, 0.1):
        for seed in range(2):
            write_run(
                tmp_path / f"{bound}_{seed}",
                numbers=dead,
                config=CONFIG | {"constraint": CONFIG["constraint"] | {"bound": bound}},
                seed=seed,
            )
    found = diagnosis_table(load_sweep(tmp_path))
    rows = [[cell.text for cell in row] for row in found.rows]
    assert [(*row[:4], row[5]) for row in rows] == [
        ("critic_dead", "failure", "2", "bound=0.01", "constraint.bound=0.1"),
        ("critic_dead", "failure", "2", "bound=0.1", "objective=wgan_gp"),
    ]
