import dataclasses
import json
import os
import re
from pathlib import Path

import pytest

from gan_lab.cli.run_choice import choose, not_sorted, read_condition, values_instead
from gan_lab.cli.run_keys import key_called
from gan_lab.cli.run_table import as_json, format_sweep, format_table, line_of_job, name_of_job, worst_of
from gan_lab.config.errors import UserError
from gan_lab.files.plain_yaml import dump_plain
from gan_lab.runs.finding import Finding
from gan_lab.runs.reading import find_runs
from gan_lab.runs.record import CONFIG_NAME, RunRecord
from gan_lab.tags.names import (
    CERTIFIED,
    CRITIC_GAP,
    CRITIC_LOSS,
    F_DIVERGENCE,
    FRECHET_FEATURES,
    JSD,
    MEDIAN,
    MODES_HIT,
    RAW,
    RECALL,
    SLICED_W1,
    SLICED_W2,
    W1_DEBIASED,
    W1_EXACT,
    floor_tag,
)
from gan_lab.tags.words import short_of
from support.command_line import gan_lab

ROOT = Path("/runs")


def a_record(name, **fields):
    return RunRecord(ROOT / name, **{"status": "completed", "iterations": 100, **fields})


def test_the_table_is_aligned():
    records = [
        a_record(
            "wgan/0",
            iteration=100,
            seed=0,
            duration_s=3723.6,
            bounds={"distance/critic_raw": "nothing", "distance/jsd": "batches"},
            final={"loss/critic": 1.0, "distance/jsd": 0.123456, "distance/critic_median": -1234567.0},
        ),
        a_record("b", status="diverged", iteration=7, seed=12, message="NaN.", final={"distance/jsd": "nan"}),
        RunRecord(Path("/other"), "failed", message="Damaged."),
    ]
    assert format_table(records, ROOT) == (
        "status      iteration  seed  duration  JSD estimate  critic  bounds   run\n"
        "completed     100/100     0   1:02:04        0.1235       1  batches  wgan/0\n"
        "diverged        7/100    12   0:00:00     undefined       -  -        b\n"
        "unreadable          -     -         -             -       -  -        /other\n"
        "b: NaN.\n"
        "/other: Damaged."
    )


def test_runs_whose_names_do_not_tell_what_they_train_have_columns_that_do():
    ring = a_record("dead", choices={"objective": "wgan", "dataset": "ring8"})
    grid = a_record("gan_b", choices={"objective": "gan", "dataset": "grid25"})
    named = a_record("wgan_ring8_seed0", choices={"objective": "wgan", "dataset": "ring8"})
    header, line = format_table([ring], ROOT).splitlines()
    assert "objective  dataset" in header
    assert "wgan       ring8" in line
    assert "objective" not in format_table([named], ROOT)
    header, *lines = format_table(
        [grid, named], ROOT
    ).splitlines()  # one name has its objective, and no dataset
    assert [each[header.index("dataset") :].split()[0] for each in lines] == ["grid25", "ring8"]
    assert "objective" not in header


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({"distance/critic_raw": "nothing", "distance/jsd": "samples"}, "samples"),
        ({"distance/f_divergence": "batches", "distance/critic_raw": "everywhere"}, "batches"),
        ({"distance/critic_raw": "everywhere"}, "everywhere"),
        ({"distance/critic_raw": "batches"}, "batches"),
        ({"distance/critic_raw": "between"}, "between"),
        ({"distance/critic_raw": "local"}, "local"),
        ({"distance/critic_raw": "nothing"}, "nothing"),
        ({}, "-"),
    ],
)
def test_what_the_estimate_bounds_is_shown(bounds, said):
    header, line = format_table([a_record("a", bounds=bounds)], ROOT).splitlines()
    assert line[header.index("bounds") :].split()[0] == said


@pytest.mark.parametrize("iterations", [10, 10**5, 10**9])
def test_a_line_fits_a_terminal(iterations):
    final = {
        "distance/f_divergence": -1.234e-05,
        "distance/critic_median": -1.234e-05,
        "loss/critic": -1.2e-05,
    }
    record = a_record("r", iterations=iterations, iteration=iterations, seed=0, final=final)
    lines = format_table([record], ROOT).splitlines()
    assert max(map(len, lines)) <= 100
    assert "f-divergence estimate" in lines[0]


def test_a_record_that_cannot_be_read_is_no_failed_run(tmp_path):
    for name, content in (("damaged", "{"), ("failed", None), ("pipe", None)):
        (tmp_path / name).mkdir()
        if content:
            (tmp_path / name / "run.json").write_text(content)
    os.mkfifo(tmp_path / "pipe" / "run.json")
    begun = {"iterations": 5, "started": "2026-01-01T00:00:00+00:00"}
    RunRecord(tmp_path / "failed", "failed", **begun).write()
    lines = format_table(find_runs(tmp_path), tmp_path).splitlines()
    rows = {line.split()[-1]: re.split(" {2,}", line)[:3] for line in lines[1:4]}
    assert rows == {
        **{name: ["unreadable", "-", "-"] for name in ("damaged", "pipe")},
        "failed": ["failed", "not judged", "0/5"],
    }
    assert f"{tmp_path / 'pipe' / 'run.json'} is a pipe, where gan-lab keeps files of its own" in lines[-1]


def test_distances_come_before_other_numbers_and_there_are_three():
    tags = ["a/first", "distance/z", "distance/f_divergence", "distance/critic_median", "distance/a"]
    header = format_table([a_record("a", final=dict.fromkeys(tags, 1.0))], ROOT).splitlines()[0]
    assert re.split(" {2,}", header)[4:-2] == ["f-divergence estimate", "a", "z"]


def test_the_score_gap_of_a_discriminator_is_not_called_an_estimate_of_w():
    gap = {"distance/critic_median": 0.5}
    records = [a_record("gan", final=gap | {"distance/jsd": 0.25}), a_record("wgan", final=gap)]
    header, *rows = format_table(records, ROOT).splitlines()
    cells = [dict(zip(re.split(" {2,}", header), re.split(" {2,}", row), strict=True)) for row in rows]
    assert [each["estimate"] for each in cells] == ["JSD 0.25", "W 0.5"]
    header = format_table(records[1:], ROOT).splitlines()[0]
    assert "W estimate" in header
    header, *rows = format_table(records, ROOT, sort=MEDIAN).splitlines()
    cells = [dict(zip(re.split(" {2,}", header), re.split(" {2,}", row), strict=True)) for row in rows]
    assert [each["W estimate"] for each in cells] == ["-", "0.5"]


def test_no_runs_are_said_to_be_none():
    assert format_table([], ROOT) == "There are no runs in /runs."


def test_a_run_that_is_the_root_itself_is_called_as_its_folder(tmp_path, monkeypatch):
    assert format_table([a_record("")], ROOT).splitlines()[1].endswith("  runs")
    assert format_sweep([a_record("")], ROOT).splitlines()[1].endswith("  runs")
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    here = RunRecord(Path(), "diverged", message="NaN.")
    assert format_table([here], Path()).splitlines()[1:] == [
        "diverged        0/0     -   0:00:00  -       mine",
        "mine: NaN.",
    ]


def test_a_table_fits_a_hundred_columns_and_keeps_the_path():
    path = "sweeps/wgan_gp_ring8_seed0_3f2a1b7c"
    numbers = dict.fromkeys([MEDIAN, W1_EXACT, RECALL, CRITIC_LOSS], 1234567.0)
    lines = format_table([a_record(path, seed=0, final=numbers)], ROOT).splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[1].endswith(f"  {path}")
    assert "W estimate" in lines[0]  # what is dropped comes later
    lines = format_table([a_record("long" * 30, seed=0, final=numbers)], ROOT).splitlines()
    assert lines[0].split() == ["status", "W", "estimate", "W1", "run"]
    assert lines[1].endswith("  " + "long" * 30)  # to be pasted: the line is longer instead


def test_a_run_that_was_killed_is_told_from_one_that_runs_and_can_be_asked_for():
    begun = {"started": "2026-01-01T00:00:00+00:00", "iteration": 7}
    records = [
        a_record("killed", status="interrupted", **begun),
        a_record("crashed", status="failed", message="No room.", **begun),
        a_record("runs", status="running", **begun),
        a_record("judged", verdicts=(Finding("all_well", "none", "It."),), **begun),
        RunRecord(ROOT / "damaged", "failed", message="Damaged."),
    ]
    header, *rows = format_table(records, ROOT).splitlines()
    place = header.index("verdict")
    assert [row[place : place + 10].strip() for row in rows[:5]] == ["not judged"] * 2 + [
        "-",
        "all_well",
        "-",
    ]
    assert "not judged" in format_sweep(records, ROOT)
    asked = choose(records, [read_condition("verdict=not judged")], None, ROOT)
    assert asked == records[:2]
    assert choose(records, [read_condition("verdict=all_well")], None, ROOT) == [records[3]]


def test_what_judges_runs_that_were_killed_stands_below_the_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, fields in {
        "a": {"verdicts": (Finding("all_well", "none", "It."),)},
        "b": {"status": "interrupted"},
        "c": {"status": "running"},  # and nobody does so
    }.items():
        folder = tmp_path / "sweep" / name
        folder.mkdir(parents=True)
        a_record(folder, started="2026-01-01T00:00:00+00:00", **fields).write()
    judged = "Runs that were killed, crashed or ended under an earlier version are judged by gan-lab diagnose"
    assert gan_lab("runs", "sweep").out.splitlines()[-2] == f"{judged} sweep"
    assert gan_lab("runs", "sweep", "--where", "run=b").out.splitlines()[-2] == f"{judged} sweep/b"
    assert judged not in gan_lab("runs", "sweep", "--where", "run=a").out


def test_a_name_stays_whole_however_much_there_is_to_say():
    finding = Finding("not_near_optimum", "warning", "It.")
    records = [
        a_record(
            f"runs/wgan_gp_ring8_seed0_2026-11-29_19-31-51-12345{k}",
            seed=k,
            status="completed" if k else "running",
            iteration=200,
            iterations=200 + k,
            duration_s=12.0,
            verdicts=(finding,) if k else (),
            bounds={JSD: "samples"},
            final=dict.fromkeys(tags if k else tags[:1], 0.1234567),
            command=f"gan-lab train train.iterations={200 + k} metrics.every={k} +dataset.scale=0.{k}1",
        )
        for k, tags in enumerate([[JSD, W1_EXACT], [MEDIAN, W1_EXACT], ["distance/f_divergence", W1_EXACT]])
    ]
    header, *rows = format_table(records, ROOT).splitlines()
    titles = re.split(" {2,}", header)
    assert titles == ["status", "verdict", "estimate", "W1", "run"]
    assert "train.iterations" not in titles  # the iteration stands for it
    assert [row.split()[-1] for row in rows] == [str(record.path.relative_to(ROOT)) for record in records]
    cells = dict(zip(titles, re.split(" {2,}", rows[0]), strict=True))
    assert (cells["status"], cells["W1"]) == ("running", "-")


def test_the_quality_of_images_is_a_column_whatever_is_measured_besides():
    numbers = dict.fromkeys([MEDIAN, CRITIC_GAP, CERTIFIED, W1_DEBIASED, FRECHET_FEATURES], 0.5)
    header = format_table([a_record("a", final=numbers)], ROOT).splitlines()[0]
    assert re.split(" {2,}", header)[4:6] == ["W estimate", short_of(FRECHET_FEATURES)]


def test_runs_of_several_objectives_all_keep_their_estimate():
    records = [
        a_record("sweeps/" + "long" * 30, seed=0, final={JSD: 0.5, MEDIAN: 1.0, CRITIC_LOSS: 1.0}),
        a_record("b", seed=0, final={MEDIAN: 2.0, CRITIC_LOSS: 1.0}),
    ]
    lines = format_table(records, ROOT).splitlines()
    assert re.split(" {2,}", lines[0]) == ["status", "estimate", "run"]
    assert ["JSD 0.5" in lines[1], "W 2" in lines[2]] == [True, True]


def test_a_sweep_shows_what_its_runs_differ_in():
    command = (
        "gan-lab train --config-dir a hydra.mode=RUN optimizer.lr={} 'dataset.root='\"'\"'{}'\"'\"'' seed={}"
    )
    records = [
        a_record(name, seed=seed, command=command.format(rate, root, seed))
        for name, rate, root, seed in [("a", 0.1, "x y", 0), ("b", 0.01, "x y", 1)]
    ]
    header, *rows = format_sweep(records, ROOT).splitlines()
    assert header.split()[2:5] == ["seed", "optimizer.lr", "status"]
    assert [row.split()[2:4] for row in rows] == [["0", "0.1"], ["1", "0.01"]]
    assert "optimizer.lr" not in format_sweep(records[:1], ROOT)
    damaged = [*records, a_record("c", command="gan-lab train 'optimizer.lr=3")]
    assert {row.split()[3] for row in format_sweep(damaged, ROOT).splitlines()[1:]} == {"0.1", "0.01", "-"}


def test_a_sweep_names_the_folder_of_each_row_and_what_all_share_gives_way():
    name = "wgan_gp_mlp_toy_spectral_norm_ring8_9d58684c/seed"
    final = {MEDIAN: 0.6646, W1_EXACT: 0.2144}
    records = [
        a_record(
            f"{name}{k}",
            seed=k,
            final=final,
            choices={"objective": "wgan_gp", "dataset": "ring8"},
            command=f"gan-lab train constraint={('gp', 'clip')[k % 2]}",
            verdicts=(Finding("gradients_explode", "warning", "It."),),
        )
        for k in range(3)
    ]
    header, *rows = format_sweep(records, ROOT).splitlines()
    assert re.split(" {2,}", header) == ["constraint", "verdict", "estimate", "quality", "run"]
    assert max(map(len, rows)) <= 100
    assert [row.split()[-1] for row in rows] == [f"{name}{k}" for k in range(3)]


def test_the_tag_that_sorts_is_shown():
    numbers = {MEDIAN: 1.0, W1_EXACT: 2.0, RECALL: 3.0, CRITIC_LOSS: 4.0}
    header = format_table([a_record("a", final=numbers)], ROOT, sort=CRITIC_LOSS).splitlines()[0]
    assert "critic" in header


RECORDS = [
    a_record("a", seed=0, choices={"objective": "wgan"}, final={W1_EXACT: 0.5}),
    a_record("b", seed=1, choices={"objective": "gan"}, final={W1_EXACT: 0.25}),
    a_record("c", seed=2, choices={"objective": "wgan"}, final={W1_EXACT: "nan"}, status="diverged"),
    a_record("d", seed=10, choices={"objective": "wgan"}),
]


def names(*conditions, sort=None, descending=False):
    chosen = choose(RECORDS, map(read_condition, conditions), sort, descending=descending)
    return "".join(record.path.name for record in chosen)


@pytest.mark.parametrize(
    ("conditions", "left"),
    [
        ([], "abcd"),
        (["objective=wgan"], "acd"),
        (["objective!=wgan"], "b"),
        (["objective=wgan", "seed<2"], "a"),
        (["seed>=2"], "cd"),
        (["seed = 10"], "d"),
        (["seed=10.0"], "d"),
        (["status=diverged"], "c"),
        (["distance/w1_exact<0.4"], "b"),
        (["distance/w1_exact>0"], "ab"),  # not what is no number
        (["W1<=0.5"], "ab"),
        (["verdict=null"], "abcd"),
        (["verdict!=null"], ""),
        (["verdict!=healthy"], "abcd"),
        (["verdict<1"], ""),
    ],
)
def test_conditions_choose_runs(conditions, left):
    assert names(*conditions) == left


def test_runs_are_sorted_those_without_the_number_last():
    assert names(sort="distance/w1_exact") == "bacd"
    assert names(sort="W1", descending=True) == "abcd"
    assert names(sort="seed", descending=True) == "dcba"
    assert names(sort="objective") == "bacd"


def test_every_name_that_a_table_shows_is_a_key():
    final = {JSD: 0.5, MEDIAN: 1.0, W1_EXACT: 2.0, floor_tag(W1_EXACT): 0.1, RECALL: 3.0, CRITIC_LOSS: 4.0}
    records = [
        a_record(
            f"{name}/{seed}",
            seed=seed,
            duration_s=float(seed),
            verdicts=(Finding(f"verdict_{seed}", "failure", "It."),),
            bounds={JSD: ("samples", "batches")[seed]},
            choices={"objective": name, "dataset": f"data{seed}"},
            final={tag: value + seed for tag, value in final.items()},
            command=f"gan-lab train +optimizer@critic_optimizer=adam{seed} optimizer.lr={seed}",
        )
        for name, seed in [("wgan", 0), ("gan", 1)]
    ]
    headers = [re.split(" {2,}", format_sweep(records, ROOT).splitlines()[0])]
    headers += [
        re.split(" {2,}", format_table(records, ROOT, sort=tag).splitlines()[0]) for tag in (None, *final)
    ]
    narrow = [dataclasses.replace(record, command="", final={}) for record in records]  # room for bounds
    headers += [re.split(" {2,}", format_table(narrow, ROOT).splitlines()[0])]
    shown = {name for header in headers for name in header} - {"status", "iteration"}  # equal here
    assert {"estimate", "quality", "verdict", "bounds", "run", "JSD estimate", "W1 floor", "critic"} <= shown
    for name in shown:
        ordered = [[r.seed for r in choose(records, [], name, descending=down)] for down in (False, True)]
        assert ordered in ([[0, 1], [1, 0]], [[1, 0], [0, 1]]), name
    assert choose(records[::-1], [], "jsd ESTIMATE") == records
    assert [each.seed for each in choose(records, [read_condition("estimate<1")], None)] == [0]
    assert [each.seed for each in choose(records, [read_condition("bounds=batches")], None)] == [1]


def test_what_a_table_shows_of_a_run_chooses_it():
    records = [
        a_record(f"runs/{name}", iteration=100 * seed, iterations=200, duration_s=12.4 * seed)
        for seed, name in enumerate(["wgan_a", "wgan_b"])
    ]
    header, _, row = format_table(records, ROOT).splitlines()
    cells = dict(zip(re.split(" {2,}", header), re.split(" {2,}", row), strict=True))
    assert cells.keys() >= {"run", "duration", "iteration"}
    for name, shown in cells.items():
        if shown != "-":
            chosen = choose(records, [read_condition(f"{name}={shown}")], None, ROOT)
            assert records[1] in chosen, name
    for text in ("run=runs/wgan_b", "duration=0:00:12", "iteration=100/200", "run!=runs/wgan_a"):
        assert choose(records, [read_condition(text)], None, ROOT) == records[1:], text
    assert choose(records, [read_condition("duration>12")], None, ROOT) == records[1:]


GAP_OF_GAN = [
    a_record("gan", final={JSD: 0.6, MEDIAN: 0.2, RAW: 0.3}, choices={"objective": "gan"}),
    a_record("wgan", final={MEDIAN: 0.5, RAW: 0.4}, choices={"objective": "wgan"}),
    a_record("fgan", final={F_DIVERGENCE: 0.1, MEDIAN: 0.1}, choices={"objective": "fgan"}),
]


def test_the_score_gap_of_a_discriminator_neither_sorts_nor_chooses_as_an_estimate_of_w():
    gan, wgan, fgan = GAP_OF_GAN
    assert choose(GAP_OF_GAN, [read_condition("W estimate<0.25")], None) == []
    assert choose(GAP_OF_GAN, [read_condition("W estimate>0.25")], None) == [wgan]
    assert choose(GAP_OF_GAN, [], "W estimate") == [wgan, gan, fgan]
    assert choose(GAP_OF_GAN, [read_condition("distance/critic_raw=0.4")], None) == [wgan]
    assert not_sorted([gan], MEDIAN) == (
        "None of these runs has distance/critic_median, and they are not sorted; --sort estimate sorts each "
        "by its own."
    )
    assert "W estimate" not in format_table([gan], ROOT, sort=MEDIAN)


def test_an_estimate_that_sorts_is_shown_once():
    header, *rows = format_table(GAP_OF_GAN, ROOT, sort=MEDIAN).splitlines()
    cells = [dict(zip(re.split(" {2,}", header), re.split(" {2,}", row), strict=True)) for row in rows]
    assert [each["W estimate"] for each in cells] == ["-", "0.5", "-"]
    assert [each["estimate"] for each in cells] == ["JSD 0.6", "-", "f-divergence 0.1"]
    header, *rows = format_table(GAP_OF_GAN[:2], ROOT, sort=MEDIAN).splitlines()
    assert re.split(" {2,}", header)[4:-2] == ["W estimate", "JSD estimate"]


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        (["objective=wgna"], ": objective is fgan, gan or wgan. Did you mean wgan?"),
        (["status=complete"], ": status is completed."),
        (["seed=x"], ": seed is from 0 to 9."),
        (["seed>9", "objective=gan"], ": seed is from 0 to 9."),
        (["objective!=gan", "seed=0", "W1=0.1"], ": none has distance/w1_exact."),
        (["objective=gan", "seed=1"], "."),
        (["name=z"], ": name is a0, a1, a2, a3 or one of 6 more."),
        (["W estimate<0.25"], ": distance/critic_median is 0.3333."),
    ],
)
def test_where_no_run_is_left_it_is_said_what_runs_have(conditions, said):
    records = [
        a_record(
            f"{seed}",
            seed=seed,
            choices={"objective": ("gan", "wgan", "fgan")[seed % 3]},
            command=f"gan-lab train name=a{seed}",
            final={MEDIAN: 1 / 3},
        )
        for seed in range(10)
    ]
    conditions = [read_condition(text) for text in conditions]
    assert choose(records, conditions, None) == []
    assert values_instead(records, conditions) == said


def test_the_command_says_what_runs_have_where_none_is_left(tmp_path):
    (tmp_path / "a").mkdir()
    begun = {"iterations": 5, "started": "2026-01-01T00:00:00+00:00"}
    RunRecord(tmp_path / "a", "completed", choices={"objective": "gan"}, **begun).write()
    said = gan_lab("runs", str(tmp_path), "--where", "objective=wgan").out
    assert said == f"No run in {tmp_path} is such a run: objective is gan.\n"


@pytest.mark.parametrize(
    "condition",
    ["W1=0.1497", "distance/w1_exact=0.1497", "quality=W1 0.1497", "quality=0.1497", "estimate=W 2"],
)
def test_a_number_is_what_the_table_shows_of_it(condition):
    records = [a_record("a", final={W1_EXACT: 0.14968, MEDIAN: 2.0}), a_record("b", final={W1_EXACT: 0.1499})]
    assert choose(records, [read_condition(condition)], None) == records[:1]
    assert choose(records, [read_condition(condition.replace("=", "!="))], None) == records[1:]


def test_what_was_not_measured_of_samples_names_how_it_is():
    records = [a_record("a", final={JSD: 1.0, RAW: 1.0})]
    assert not_sorted(records, key_called("W1", records)) == (
        "None of these runs has distance/w1_exact, and they are not sorted: it was not measured in them. "
        "gan-lab evaluate measures their samples."
    )


def test_settings_are_keys_too(tmp_path):
    (tmp_path / CONFIG_NAME).write_bytes(dump_plain({"optimizer": {"lr": 0.001}, "train": {"ema": None}}))
    record = RunRecord(tmp_path, "completed")
    for text, holds in {"optimizer.lr=1e-3": True, "optimizer.lr>1": False, "train.ema=null": True}.items():
        assert bool(choose([record], [read_condition(text)], None)) == holds


def test_the_settings_of_a_run_are_read_once_however_many_keys_ask(tmp_path, monkeypatch):
    (tmp_path / CONFIG_NAME).write_bytes(dump_plain({"optimizer": {"lr": 0.001}, "train": {"n_critic": 5}}))
    read, read_config = [], RunRecord.read_config
    monkeypatch.setattr(RunRecord, "read_config", lambda record: read.append(record) or read_config(record))
    records = [RunRecord(tmp_path, "completed", seed=seed) for seed in (1, 0)]
    conditions = [read_condition("optimizer.lr<1"), read_condition("train.n_critic=5")]
    assert choose(records, conditions, "optimizer.lr") == records
    assert read == records
    read.clear()
    assert choose(records, [read_condition("seed>=0")], "seed") == records[::-1]
    assert read == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sort", "distance/w1_exakt"], "Did you mean distance/w1_exact?"),
        (["--where", "objectiv=wgan"], "Did you mean objective?"),
        (["--where", "quality/w1_exakt=1"], "quality/w1_exakt is no key of a run"),
        (["--sort", "w1_exakt"], "Did you mean distance/w1_exact?"),
        (["--sort", "verdikt"], "Did you mean verdict?"),
        (["--sort", "quality/w"], "quality/w is no key of a run. Did you mean distance/w1_exact or "),
        (
            ["--sort", "zzz"],
            "is no key of a run. Keys are what tables are headed by, such as status",
        ),
        (["--sort", ""], "'' is no key of a run. Keys are"),
        (["--where", "wgan"], "--where must be KEY=VALUE"),
        (["--where", "seed<few"], "must be followed by a number; got 'few'"),
    ],
)
def test_what_is_no_key_is_refused(arguments, said, tmp_path):
    (tmp_path / "a").mkdir()
    begun = {"iterations": 5, "started": "2026-01-01T00:00:00+00:00"}
    final = {"loss/own": 1.0, MEDIAN: 1.0, W1_EXACT: 1.0}
    RunRecord(tmp_path / "a", "completed", final=final, **begun).write()
    result = gan_lab("runs", str(tmp_path), *arguments)
    assert result.status == 2
    assert len(result.err.splitlines()) == 1
    assert said in result.err
    with pytest.raises(UserError):
        choose(RECORDS, [], "distance/w1_exakt")


@pytest.mark.parametrize(
    ("sort", "said"),
    [
        ("quality/sliced_w2", "quality/sliced_w2, and they are not sorted. Did you mean quality/sliced_w1"),
        ("distance/jsd", "distance/jsd, and they are not sorted."),
        ("W1", ""),
    ],
)
def test_what_no_run_has_sorts_nothing_and_that_is_said(tmp_path, sort, said):
    (tmp_path / "a").mkdir()
    begun = {"iterations": 5, "started": "2026-01-01T00:00:00+00:00"}
    RunRecord(tmp_path / "a", "completed", final={SLICED_W1: 1.0, W1_EXACT: 1.0}, **begun).write()
    result = gan_lab("runs", str(tmp_path), "--sort", sort)
    assert result.status == 0
    assert result.err.startswith(f"gan-lab: None of these runs has {said}" if said else "")
    assert len(result.err.splitlines()) == bool(said)
    assert result.out.splitlines()[-1] == f"Names are below {tmp_path}: gan-lab diagnose {tmp_path}/a"


def test_runs_of_another_estimate_than_they_are_sorted_by_are_counted_with_the_key_that_sorts_them():
    wgan, gan, tilted, unmeasured = (
        a_record("wgan", final={MEDIAN: 0.5, RAW: 0.4}),
        a_record("gan", final={JSD: 0.1, MEDIAN: 0.2, RAW: 0.3}),
        a_record("fgan", final={F_DIVERGENCE: 0.1, MEDIAN: 0.1}),
        a_record("begun", status="running"),
    )
    own = "--sort estimate sorts each by its own."
    assert (
        not_sorted([wgan, gan], MEDIAN) == f"1 run has another estimate than {MEDIAN} and stands last; {own}"
    )
    assert not_sorted([gan, wgan, tilted], JSD).startswith(
        f"2 runs have another estimate than {JSD} and stand "
    )
    none = not_sorted([gan, tilted, unmeasured], MEDIAN)
    assert none == f"None of these runs has {MEDIAN}, and they are not sorted; {own}"
    assert not_sorted([wgan, unmeasured], MEDIAN) == ""
    assert not_sorted([wgan, gan], RAW) == ""
    assert not_sorted([wgan, gan], "estimate") == ""
    assert not_sorted([], MEDIAN) == ""
    rows = format_table(choose([wgan, gan], [], RAW), ROOT, RAW).splitlines()
    assert ["score gap" in rows[0], " 0.3 " in rows[1], " 0.4 " in rows[2]] == [True] * 3


@pytest.mark.parametrize("key", ["quality/w1", "w1", "W1", "distance/W1", "w1_exact", "quality/W1_EXACT"])
def test_a_short_name_finds_the_one_column_that_it_is_the_name_of(key):
    assert names(sort=key) == "bacd"
    assert names(f"{key}<0.4") == "b"


def test_a_name_of_several_is_refused_with_the_nearest_of_them():
    final = dict.fromkeys([SLICED_W1, SLICED_W2, floor_tag(SLICED_W1), W1_EXACT, CRITIC_LOSS, RECALL], 1.0)
    records = [a_record("a", final=final, command="gan-lab train optimizer.lr=1")]
    with pytest.raises(UserError, match=f"Did you mean {SLICED_W1} or {SLICED_W2}"):
        choose(records, [], "quality/sliced")
    assert key_called("lr", records) == "optimizer.lr"
    assert (
        key_called("modes", [a_record("b", final={MODES_HIT: 1.0, floor_tag(MODES_HIT): 1.0})]) == MODES_HIT
    )
    with pytest.raises(UserError) as refused:
        choose(records, [], "distance/w1_exact_or_so")
    question = str(refused.value).partition("Did you mean ")[2].partition("?")[0]
    assert question.startswith(W1_EXACT)
    assert len(re.split(", | or ", question)) <= 4


def test_json_says_all_that_records_say():
    (first, *_), read = RECORDS, json.loads(as_json(RECORDS))
    assert [each["path"] for each in read] == [str(record.path) for record in RECORDS]
    assert read[0]["choices"] == first.choices
    assert read[2]["final"] == {W1_EXACT: "nan"}


def test_a_sweep_ends_in_a_sorted_table():
    records = [
        a_record(f"{name}{seed}", seed=seed, choices={"objective": name, "dataset": "ring8"}, final=final)
        for name, seed, final in [
            ("wgan", 10, {MEDIAN: 0.25, W1_EXACT: 0.5}),
            ("gan", 1, {}),
            ("wgan", 2, {MEDIAN: "nan"}),
        ]
    ]
    assert format_sweep(records, ROOT) == (
        "objective  dataset  seed  status     estimate     quality  run\n"
        "gan        ring8       1  completed  -            -        gan1\n"
        "wgan       ring8       2  completed  W undefined  -        wgan2\n"
        "wgan       ring8      10  completed  W 0.25       W1 0.5   wgan10"
    )


def test_a_long_sweep_says_how_many_it_leaves_out():
    lines = format_sweep([a_record(str(seed), seed=seed) for seed in range(70)], ROOT).splitlines()
    assert len(lines) == 1 + 60 + 1
    assert lines[-1] == "... and 10 more, which gan-lab runs lists"


def test_runs_that_differ_in_what_was_typed_are_told_apart():
    for value in ("gp", "clip"):
        assert value not in format_table([a_record("a", command=f"gan-lab train constraint={value}")], ROOT)
    records = [a_record(f"{k}", command=f"gan-lab train constraint={k} seed=1") for k in ("gp", "clip")]
    header, *lines = format_table(records, ROOT).splitlines()
    place = header.split().index("constraint")
    assert [line.split()[place] for line in lines] == ["gp", "clip"]


def test_what_differs_and_the_quality_stay_where_names_are_long():
    final = {"distance/critic_median": 0.6646, "distance/w1_exact": 0.2144, "distance/floor": 0.0426}
    name = "wgan_gp_ring8_3seeds_9d58684c/seed"
    records = [
        a_record(f"{name}{k}", seed=k, iteration=100, final=final, command=f"gan-lab train constraint={k}")
        for k in range(3)
    ]
    header, *lines = format_table(records, ROOT).splitlines()
    assert {"constraint", "W1"} <= set(header.split())
    assert max(map(len, lines)) <= 100


def test_a_job_is_called_by_what_was_typed_for_it_without_the_middle_of_a_long_path():
    typed = ["device=cpu", "objective=gan", "seed=1", "train.seeds=2"]
    assert name_of_job(3, typed) == "#3 objective=gan train.seeds=2 seed=1"
    name = name_of_job(0, ["dataset.root=/" + "folder/" * 40 + "mnist"])
    assert name.startswith("#0 dataset.root=/folder/")
    assert name.endswith("older/mnist")
    assert "..." in name
    assert len(name) <= 52


def test_what_a_run_diverged_by_is_no_estimate() -> None:
    well, dead = Finding("all_well", "none", "It."), Finding("critic_dead", "failure", "It.")
    records = [
        a_record("a", choices={"objective": "gan"}, final={JSD: 0.1}, verdicts=(well,)),
        a_record(
            "b", status="diverged", choices={"objective": "gan"}, final={JSD: -5.2e30}, verdicts=(dead,)
        ),
        a_record("c", status="failed"),
    ]
    table = format_sweep(records, ROOT)
    assert "JSD 0.1" in table
    assert "e+30" not in table
    assert (
        line_of_job(1, records[1], [], ended_before=False) == "#1 seed=None: diverged, critic_dead; 0:00:00"
    )
    # the one to look at first
    assert worst_of(records) is records[1]
    assert worst_of([records[2], records[0]]) is records[0]


def test_the_score_gap_of_any_objective_sorts_and_chooses_by_its_own_name() -> None:
    gaps = {"a": 0.3, "b": 0.1}
    records = [
        a_record(name, choices={"objective": "gan"}, final={JSD: 0.1, RAW: gap, MEDIAN: gap})
        for name, gap in gaps.items()
    ]
    assert [each.path.name for each in choose(records, [], RAW)] == ["b", "a"]
    assert [each.path.name for each in choose(records, [read_condition(f"{RAW}<0.2")], None)] == ["b"]
    assert choose(records, [read_condition("W estimate<0.2")], None) == []
