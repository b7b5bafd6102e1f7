import subprocess
import sys

import pytest
import yaml

from gan_lab.config.errors import UserError
from gan_lab.reports.sweep.loading import load_sweep
from gan_lab.reports.sweep.model import estimate_tag
from support.report_runs import table, write_run, write_sweep


def load_one(root):
    (run,) = load_sweep(root).runs
    return run


def test_a_sweep_is_loaded_by_cell_and_seed(tmp_path):
    sweep = load_sweep(write_sweep(tmp_path / "sweep", seeds=3))
    assert [(run.cell.label, run.record.seed) for run in sweep.runs] == [
        (objective, seed) for objective in ("gan", "wgan") for seed in range(3)
    ]
    assert [cell.settings for cell in sweep.cells] == [{"objective": "gan"}, {"objective": "wgan"}]
    assert (sweep.experiment, sweep.scale, sweep.faults) == ("stability", "smoke", ())
    assert sweep.quality.tag == "distance/w1_exact"
    assert [estimate_tag(run) for run in sweep.runs] == 3 * ["distance/jsd"] + 3 * ["distance/critic_raw"]
    assert all(run.fault is None and run.verdict.outcome == "success" for run in sweep.runs)


def test_numbers_are_by_iteration_with_gaps_where_nothing_was_measured(tmp_path):
    numbers = load_one(write_run(tmp_path / "run")).numbers
    assert (numbers.index[0], numbers.index[-1], numbers.index.name) == (1, 500, "iteration")
    assert list(numbers.index[numbers["distance/w1_exact"].notna()]) == list(range(50, 501, 50))
    assert numbers["distance/w1_exact"].iloc[-1] == pytest.approx(0.12)


def test_a_folder_without_runs_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"empty holds no runs; a run's folder has a run\.json\."):
        load_sweep(tmp_path / "empty")
    with pytest.raises(UserError, match="missing does not exist"):
        load_sweep(tmp_path / "missing")


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        ("running", "interrupted at iteration 120 of 500."),  # nobody holds the folder
        ("interrupted", "interrupted at iteration 120 of 500."),
        ("failed", "failed at iteration 120 of 500: The disk is full."),
    ],
)
def test_runs_that_did_not_end_are_kept_with_a_fault(tmp_path, status, fault):
    message = "The disk is full." if status == "failed" else None
    write_run(tmp_path / "run", numbers=table(120), status=status, message=message)
    run = load_one(tmp_path)
    assert run.fault == run.verdict.reason == fault
    assert (run.verdict.outcome, len(run.numbers)) == ("unmeasured", 120)


def test_a_diverged_run_counts(tmp_path):
    write_run(tmp_path / "run", numbers=table(120), status="diverged", message="NaN at 121.")
    run = load_one(tmp_path)
    assert (run.fault, run.verdict.outcome, run.verdict.reason) == (None, "diverged", "NaN at 121.")


def test_a_run_that_diverged_at_once_counts(tmp_path):
    write_run(tmp_path / "run", numbers=table(5), status="diverged", iteration=0)
    (tmp_path / "run" / "metrics.csv").write_text("")
    write_run(tmp_path / "other", seed=1)
    run, _ = load_sweep(tmp_path).runs
    assert (run.fault, run.verdict.outcome, len(run.numbers)) == (None, "diverged", 0)


def damage(path, name):
    text = path.read_text()
    lines = text.splitlines(keepends=True)
    damaged = {
        "gone": None,
        "empty": "",
        "only a header": lines[0],
        "half a line": text[:-40],
        "half a header": lines[0][:30],
        "half a line within": "".join([*lines[:100], lines[100][:20] + "\n", *lines[101:]]),
        "a word": "".join([*lines[:100], lines[100].replace("100,", "100,word", 1), *lines[101:]]),
        "lines again": "".join([*lines, *lines[-5:]]),
        "fewer lines": "".join(lines[:400]),
        "no iteration": text.replace("iteration", "step", 1),
        "no estimate": text.replace("distance/critic_raw", "distance/other", 1),
        "no text": b"\xff\xfe\x00",
    }[name]
    path.unlink()
    if damaged is not None:
        path.write_bytes(damaged if isinstance(damaged, bytes) else damaged.encode())


@pytest.mark.parametrize(
    ("name", "fault", "rows"),
    [
        ("gone", "it has no metrics.csv.", 0),
        ("empty", "metrics.csv is empty.", 0),
        ("only a header", "metrics.csv has 0 of 500 iterations.", 0),
        ("half a line", "metrics.csv is cut off in line 501.", 499),
        ("half a header", "metrics.csv has no column distance/critic_raw.", 0),
        ("half a line within", "metrics.csv is damaged at line 101.", 99),
        ("a word", "metrics.csv is damaged at line 101.", 99),
        ("lines again", "metrics.csv is damaged at line 502.", 500),
        ("fewer lines", "metrics.csv has 399 of 500 iterations.", 399),
        ("no iteration", "metrics.csv has no column iteration.", 0),
        ("no estimate", "metrics.csv has no column distance/critic_raw.", 0),
        ("no text", "metrics.csv cannot be read: it is no text.", 0),
    ],
)
def test_a_damaged_table_is_a_fault_and_keeps_what_is_good(tmp_path, name, fault, rows):
    damage(write_run(tmp_path / "run") / "metrics.csv", name)
    run = load_one(tmp_path)
    assert (run.fault, run.verdict.outcome, len(run.numbers)) == (fault, "unmeasured", rows)


def test_an_unreadable_config_is_a_fault_and_the_cell_that_of_its_job(tmp_path):
    for bound in (0.01, 0.1):
        for seed in (0, 1):
            write_run(tmp_path / f"b{bound}" / f"seed{seed}", seed=seed, config={"constraint.bound": bound})
    (tmp_path / "b0.1" / "seed1" / "config.yaml").write_text("[")
    sweep = load_sweep(tmp_path)
    assert [cell.label for cell in sweep.cells] == ["bound=0.01", "bound=0.1"]
    damaged = sweep.runs[3]
    assert (damaged.cell.label, damaged.config) == ("bound=0.1", {})
    assert damaged.fault.startswith("b0.1/seed1/config.yaml is not valid YAML")


def test_what_is_no_readable_run_is_named(tmp_path):
    root = write_sweep(tmp_path / "sweep", seeds=2)
    broken, unborn = root / "gan_mlp_toy_ring8_0123abcd" / "seed1", root / "lsgan_0" / ".hydra"
    (broken / "run.json").write_text("{")
    unborn.mkdir(parents=True)
    # a damaged folder has its sentence: that its seed is missing would be the same again
    damaged, missing_job = load_sweep(root).faults
    assert damaged.startswith("gan_mlp_toy_ring8_0123abcd/seed1/run.json is damaged")
    assert missing_job == "lsgan_0: it has no run.json: the job ended before its run began."
    assert len(load_sweep(root).runs) == 3


def multirun(task, params="", sweeper="hydra._internal.core_plugins.basic_sweeper.BasicSweeper"):
    sweeper = f"{{_target_: {sweeper}, params: {{{params}}}}}"
    return f"hydra: {{overrides: {{hydra: [], task: {task}}}, sweeper: {sweeper}}}"


def test_jobs_that_never_began_are_named(tmp_path):
    for objective in ("gan", "wgan"):
        command = f"gan-lab train panel=mlp objective={objective} experiment=stability"
        write_run(tmp_path / objective, choices={"objective": objective}, command=command)
    params = "panel: 'mlp,dcgan', objective: 'gan,wgan,wgan_gp', dataset: '${gan_lab.scale:a,b,c}'"
    (tmp_path / "multirun.yaml").write_text(multirun("[experiment=stability, panel=mlp]", params))
    assert load_sweep(tmp_path).faults == (
        "objective=wgan_gp: the job left no run; it was refused, or never began.",
    )
    (tmp_path / "multirun.yaml").write_text(multirun("[experiment=stability]", params))
    assert len(load_sweep(tmp_path).faults) == 4


@pytest.mark.parametrize(
    "text",
    [
        multirun("['objective=glob(*)']"),
        multirun("['seed=range(3)', 'panel=a,b(c)']"),
        multirun("['seed=0,1']", sweeper="hydra_plugins.hydra_optuna_sweeper.OptunaSweeper"),
        "hydra: {overrides: {hydra: [], task: 3}, sweeper: 4}",
    ],
)
def test_where_the_jobs_of_a_sweep_cannot_be_known_none_is_missed(tmp_path, text):
    write_run(tmp_path / "run")
    (tmp_path / "multirun.yaml").write_text(text)
    assert load_sweep(tmp_path).faults == ()


def test_only_damaged_runs_are_refused_with_the_reason(tmp_path):
    (write_run(tmp_path / "run") / "run.json").write_text("{}")
    with pytest.raises(UserError, match=r"holds no readable run: run/run\.json is damaged"):
        load_sweep(tmp_path)


def test_a_run_that_repeats_another_counts_once(tmp_path):
    write_run(tmp_path / "a")
    write_run(tmp_path / "b")
    write_run(tmp_path / "c", status="interrupted", iteration=120)
    assert [run.fault for run in load_sweep(tmp_path).runs] == [
        None,
        "repeats a, which counts in its place.",
        "interrupted at iteration 120 of 500.",
    ]


def test_mixed_experiments_have_no_name(tmp_path):
    write_run(tmp_path / "a", choices={"experiment": "fig3"})
    write_run(tmp_path / "b", choices={"objective": "gan", "scale": "paper"})
    sweep = load_sweep(tmp_path)
    assert (sweep.experiment, sweep.scale) == (None, None)


def test_a_records_scale_is_that_of_the_sweep(tmp_path):
    write_run(tmp_path / "a", choices={"scale": "laptop"}, config={"scale": None})
    assert load_sweep(tmp_path).scale == "laptop"


def test_the_order_is_that_of_the_runs_and_not_of_the_folders_making(tmp_path):
    for root, seeds in ((tmp_path / "a", (0, 1, 10)), (tmp_path / "b", (10, 1, 0))):
        for seed in seeds:
            write_run(root / f"seed{seed}", seed=seed)
        assert [run.record.seed for run in load_sweep(root).runs] == [0, 1, 10]


def test_reports_need_no_torch():
    modules = "sweep.cells sweep.missing sweep.loading sweep.metrics_csv sweep.model sweep.verdicts "
    modules += "claims.claims claims.paired_runs claims.thresholds page.tables"
    code = "; ".join(f"import gan_lab.reports.{name}" for name in modules.split())
    code += "; import gan_lab.numerics.statistics"
    code += "; import sys; assert 'torch' not in sys.modules and 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_mix_of_feature_networks_is_said(tmp_path):
    for seed, network in enumerate(("0a0a0a0a", "0b0b0b0b")):
        write_run(tmp_path / f"run{seed}", seed=seed, measured_by=(network,), choices={"dataset": "digits"})
    (sentence,) = load_sweep(tmp_path).faults
    assert sentence.startswith(
        "Samples of digits were measured by several feature networks (0a0a0a0a, 0b0b0b0b)"
    )


@pytest.mark.parametrize(("name", "text"), [("config.yaml", "scale: [a]"), ("config.yaml", "[" * 5000)])
def test_whatever_a_run_folder_holds_is_no_crash(tmp_path, name, text):
    write_sweep(tmp_path, seeds=1)
    (tmp_path / "gan_mlp_toy_ring8_0123abcd" / "seed0" / name).write_text(text)
    assert len(load_sweep(tmp_path).runs) == 2


def test_a_job_is_found_however_its_number_was_typed(tmp_path):
    typed = {"overrides": {"hydra": [], "task": ["optimizer.lr=5e-5,1e-3"]}, "sweeper": {"params": None}}
    typed["sweeper"]["_target_"] = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"
    for number, lr in enumerate(("5e-05", "0.001")):
        write_run(
            tmp_path / str(number),
            command=f"gan-lab train optimizer.lr={lr}",
            config={"optimizer.lr": float(lr)},
        )
    (tmp_path / "multirun.yaml").write_text(yaml.safe_dump({"hydra": typed}))
    assert load_sweep(tmp_path).faults == ()


def test_runs_of_a_cell_that_were_resumed_for_longer_are_named(tmp_path):
    for seed, iterations in enumerate((500, 500, 4000)):
        numbers = table(iterations, every=500)
        write_run(tmp_path / str(seed), numbers=numbers, seed=seed, iterations=iterations)
    unused = {"seed": 3, "iterations": 8000, "status": "interrupted"}
    write_run(tmp_path / "3", **unused)
    assert load_sweep(tmp_path).faults == (
        "wgan: runs that are averaged were given different numbers of iterations (500: seed 0, seed 1; "
        "4,000: seed 2); what they ended at does not compare.",
    )


@pytest.mark.parametrize(
    ("left", "said"),
    [([0, 1, 2], "there is no run of seed 3"), ([2], "there are no runs of seeds 0, 1 and 3")],
)
def test_seeds_that_only_other_cells_have_are_named_in_one_sentence(tmp_path, left, said):
    for seed in range(4):
        write_run(tmp_path / f"gan{seed}", seed=seed, choices={"objective": "gan"})
    for seed in left:
        write_run(tmp_path / f"wgan{seed}", seed=seed, choices={"objective": "wgan"})
    assert load_sweep(tmp_path).faults == (f"wgan: {said}.",)
