from pathlib import Path

from gan_lab.reports.sweep.cells import group_into_cells, order_cells, text_of
from gan_lab.reports.sweep.loading import load_sweep
from gan_lab.runs.record import RunRecord
from support.report_runs import CHOICES, table, write_run


def cells(*runs):
    """Cells of runs given as (choices, config)."""
    records = [
        (RunRecord(Path(f"run{i}"), "completed", choices=CHOICES | choices), config)
        for i, (choices, config) in enumerate(runs)
    ]
    return group_into_cells(records)


def labels(*runs):
    return [cell.label for cell in order_cells(cells(*runs))]


def test_what_an_objective_brings_along_is_no_axis():
    brought = [
        ({"objective": "gan", "constraint": "none", "optimizer": "adam"}, {"train": {"n_critic": 1}}),
        ({"objective": "wgan", "constraint": "clip", "optimizer": "rmsprop"}, {"train": {"n_critic": 5}}),
        ({"objective": "wgan_gp", "constraint": "gp", "optimizer": "adam"}, {"train": {"n_critic": 5}}),
    ]
    assert labels(*brought) == ["gan", "wgan", "wgan_gp"]


def test_a_constraint_that_is_swept_is_one():
    swept = [({"objective": o, "constraint": c}, {}) for o in ("gan", "wgan") for c in ("r1", "clip")]
    assert labels(*swept) == ["gan, r1", "gan, clip", "wgan, r1", "wgan, clip"]


def test_lists_of_constraints_are_called_by_their_parts():
    lists = [{"gp": {"weight": 1}, "clip": {"bound": 0.1}}, {"r1": {"weight": 1}, "clip": {"bound": 0.1}}]
    swept = [({"constraint": "compose"}, {"constraint": {"parts": parts}}) for parts in lists]
    assert labels(*swept, ({"constraint": "gp"}, {})) == ["[gp,clip]", "[r1,clip]", "gp"]
    assert labels(({"constraint": "compose"}, {}), ({"constraint": "gp"}, {})) == ["compose", "gp"]


def test_objective_and_architecture():
    grid = [
        ({"objective": o, "architecture": a, "architecture/generator": a, "architecture/critic": "dcgan"}, {})
        for a in ("dcgan_nobn", "mlp")
        for o in ("gan", "wgan")
    ]
    first = cells(*grid)[1]
    assert (first.key, first.label) == ("wgan_dcgan_nobn", "wgan, dcgan_nobn")
    assert first.settings == {"objective": "wgan", "architecture": "dcgan_nobn"}
    assert labels(*grid) == ["gan, dcgan_nobn", "gan, mlp", "wgan, dcgan_nobn", "wgan, mlp"]


def test_halves_that_are_swept_apart():
    grid = [
        ({"architecture": "mlp", "architecture/generator": g, "architecture/critic": c}, {})
        for g in ("mlp", "dcgan")
        for c in ("mlp", "dcgan")
    ]
    assert labels(*grid) == ["mlp, mlp", "mlp, dcgan", "dcgan, mlp", "dcgan, dcgan"]


def test_panels_that_share_an_architecture_stand_for_it():
    panels = [("dcgan", "dcgan"), ("mlp", "mlp"), ("mlp_mlp", "mlp_mlp"), ("mlp_mlp", "mlp_mlp_fast")]
    grid = [({"architecture": a, "panel": p}, {"optimizer": {"lr": 1 / (9 + len(p))}}) for a, p in panels]
    assert labels(*grid) == ["dcgan", "mlp", "mlp_mlp", "mlp_mlp_fast"]
    assert labels(*grid[:3]) == ["dcgan", "mlp", "mlp_mlp"]
    assert list(cells(*grid[:3])[0].settings) == ["architecture"]
    assert list(cells(*grid)[0].settings) == ["panel"]


def test_a_half_finished_sweep_does_not_hide_its_architecture_behind_the_objective():
    half = [
        ({"objective": "gan", "architecture": "dcgan"}, {}),
        ({"objective": "wgan", "architecture": "mlp"}, {}),
    ]
    assert labels(*half) == ["gan, dcgan", "wgan, mlp"]


def test_datasets_stand_for_the_architecture_that_they_bring():
    grid = [({"dataset": "ring8"}, {}), ({"dataset": "digits", "architecture": "dcgan"}, {})]
    assert labels(*grid) == ["ring8", "digits"]


def test_numbers_are_axes_with_their_names_by_size():
    bounds = [({}, {"constraint": {"bound": b}, "train": {"seeds": None}}) for b in (1.0, 0.01, 0.1)]
    assert labels(*bounds) == ["bound=0.01", "bound=0.1", "bound=1"]
    assert cells(*bounds)[1].settings == {"constraint.bound": "0.01"}


def test_numbers_that_end_alike_have_their_whole_names():
    rates = [({}, {"optimizer": {"lr": a}, "critic_optimizer": {"lr": b}}) for a in (1, 2) for b in (3, 4)]
    assert labels(*rates)[0] == "critic_optimizer.lr=3, optimizer.lr=1"


def test_seeds_devices_and_bookkeeping_are_no_axes():
    runs = [
        ({"scale": s}, {"seed": n, "device": d, "train": {"log_every": n, "execution": e}, "scale": s})
        for n, (d, e, s) in enumerate([("cpu", "eager", "smoke"), ("cuda", "graph", "laptop")])
    ]
    assert [(cell.key, cell.settings) for cell in order_cells(cells(*runs))] == [("wgan", {})]


def test_drawn_architectures_are_repetitions(tmp_path):
    for objective in ("gan", "wgan_gp"):
        for draw in range(3):
            write_run(
                tmp_path / f"{objective}{draw}",
                choices={"objective": objective, "draw": str(draw)},
                config={
                    "architecture": {"generator": {"depth": 4 + draw % 2}, "critic": {"width": 8 * draw}}
                },
                numbers=table(),
                seed=draw,
            )
    sweep = load_sweep(tmp_path)
    assert [cell.label for cell in sweep.cells] == ["gan", "wgan_gp"]
    assert [run.record.seed for run in sweep.runs] == [0, 1, 2, 0, 1, 2]


def test_keys_are_safe_and_unique_where_labels_are_not():
    parts = [
        ({"constraint": "compose"}, {"constraint": {"parts": [{"_target_": f"a.{name}", "weight": w}]}})
        for name, w in (("Clip", 1.0), ("clip", 1.0), ("Clip", 2.0))
    ]
    found = cells(*parts)
    assert [cell.label for cell in found] == [
        "parts=Clip(weight=1)",
        "parts=clip(weight=1)",
        "parts=Clip(weight=2)",
    ]
    keys = [cell.key for cell in found]
    assert len({key.lower() for key in keys}) == 3
    assert not any(set(key) & set('/\\:*?"<>|() ') for key in keys)


def test_texts_of_settings():
    values = (None, True, 5e-05, 3, [], ["a", 1.5], "mlp")
    assert [text_of(value) for value in values] == ["none", "true", "5e-05", "3", "none", "a+1.5", "mlp"]
