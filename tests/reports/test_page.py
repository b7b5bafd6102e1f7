"""The page: whole in itself, says everything of every run, and takes run folders as data."""

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gan_lab.cli.compose import compose as real_compose
from gan_lab.config.errors import UserError
from gan_lab.reports.figures.estimates import estimate_figures
from gan_lab.reports.page.claim_tables import claim_frames, claim_tables, stacked
from gan_lab.reports.page.page import Picture, _said_once, render_page
from gan_lab.reports.publishing import MANIFEST, check_folder, publish
from gan_lab.reports.sweep.bounds import NOTE
from gan_lab.reports.sweep.deviations import Composed, Deviation, Deviations, find_deviations
from gan_lab.reports.sweep.loading import load_sweep
from gan_lab.reports.sweep.model import Sweep, Verdict
from gan_lab.reports.sweep.sweep_command import command_of_sweep
from gan_lab.runs.reading import read_run
from support.report_runs import CHOICES, table, write_run
from support.report_sweeps import make_sweep

HOSTILE = '<script>alert("1")</script>&\'/><img src=x>'
NOTHING = Deviations((), ())


def test_an_estimate_is_below_what_it_bounds_and_never_above() -> None:
    """A score gap is at most K times W1, as an estimate of a divergence is at most the divergence."""
    assert "from below and in the mean: a divergence, or K times W1" in NOTE
    assert "above" not in NOTE


class Page(HTMLParser):
    """Tags with their attributes, and the text; fails on tags that are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text, self.open = "", []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def values(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.tags if name in attributes]


def page_of(sweep: Sweep, folder: Path, deviations: Deviations = NOTHING, **more) -> Page:
    given = {"answer": ["The answer."], "rule": "The rule.", "claims": [], "pictures": []} | more
    return Page(render_page(sweep, folder, deviations=deviations, **given))


def test_every_run_is_named_with_status_verdict_reason_and_a_link_that_leads_to_it(tmp_path):
    settings = [{"objective": "gan"}, {"objective": "wgan"}]
    sweep = make_sweep(tmp_path, settings, status="diverged", fault="cut off.", message="At 7.")
    page = page_of(sweep, tmp_path / "report")
    for run in sweep.runs:
        assert f"{run.cell.key}/seed0" in page.text
        assert f"./../{run.cell.key}/seed0/" in page.values("href")
        assert (tmp_path / "report" / f"./../{run.cell.key}/seed0/run.json").resolve().is_file()
    assert page.text.count("Left out: cut off. It is good. At 7.") == 2
    assert (
        "Of 2 runs, by status: 2 diverged; by the failure rule: 2 success. Left out of means: 2." in page.text
    )


@pytest.mark.parametrize(
    ("recorded", "cell", "words"),
    [
        ("batches", "batches", "on the divergence of whole batches, for the critic has batch norm."),
        ("samples", "samples", "a lower bound on the divergence of samples."),
        (None, "-", "of whole batches, which some runs did not record."),
    ],
)
def test_it_is_marked_what_an_estimate_bounds(tmp_path, recorded, cell, words):
    bounds = {} if recorded is None else {"distance/jsd": recorded, "distance/critic_raw": "nothing"}
    sweep = make_sweep(tmp_path, [{"objective": "gan"}], [table(estimate="jsd")], bounds=bounds)
    page = render_page(sweep, tmp_path, answer=[], rule="", claims=[], pictures=[], deviations=NOTHING)
    assert "estimate bounds" in page
    assert re.search(rf"<td>\s*{cell}\s*</td>", page)
    (figure,) = estimate_figures(sweep)
    assert words in figure.caption


def test_folders_without_a_readable_run_are_named(tmp_path):
    sweep = dataclasses.replace(make_sweep(tmp_path, [{}]), faults=("b/seed1: it has no run.json.",))
    page = page_of(sweep, tmp_path)
    assert "b/seed1: it has no run.json." in page.text
    assert "left out of means, with its reason" not in page.text
    run = dataclasses.replace(sweep.runs[0], fault="It was interrupted.")
    page = page_of(dataclasses.replace(sweep, runs=(run,), twice=1), tmp_path)
    assert "1 run is left out of means, with its reason in the table of runs." in page.text
    assert "1 copy of a run that stood elsewhere with the same numbers is left out." in page.text
    assert "1 sentence below the table of runs says what is missing or cannot be used." in page.text


def test_nothing_comes_from_the_network_and_nothing_runs(tmp_path):
    picture = Picture("curves", "Curves", "What they are.", b"\x89PNG")
    page = page_of(make_sweep(tmp_path, [{}]), tmp_path, pictures=[picture])
    assert {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object"} == set()
    assert page.values("src") == ["data:image/png;base64,iVBORw=="]
    own = ("#", "./", "figures/")
    assert [link for link in page.values("href") if not link.startswith(own)] == []
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]


def test_hostile_names_stay_text(tmp_path):
    sweep = make_sweep(tmp_path, [{"objective": "gan"}], command=HOSTILE, message=HOSTILE, device=HOSTILE)
    (run,) = sweep.runs
    cell = dataclasses.replace(run.cell, label=HOSTILE)
    path = tmp_path / "<script>" / "javascript:x"
    bad = dataclasses.replace(
        run,
        cell=cell,
        fault=HOSTILE,
        verdict=Verdict("poor", HOSTILE),
        record=read_run(write_run(path, choices=CHOICES, command=HOSTILE)),
    )
    sweep = dataclasses.replace(sweep, runs=(bad,), cells=(cell,), faults=(HOSTILE,), experiment=HOSTILE)
    page = page_of(sweep, tmp_path, Deviations((Deviation(HOSTILE, HOSTILE, HOSTILE, HOSTILE),), (HOSTILE,)))
    assert {tag for tag, _ in page.tags} & {"script", "img"} == set()
    assert page.text.count(HOSTILE) > 8
    assert "./%3Cscript%3E/javascript%3Ax/" in page.values("href")


def test_the_answer_and_the_most_telling_figure_stand_before_everything_else(tmp_path):
    sweep = make_sweep(tmp_path, [{"objective": "gan"}, {"objective": "wgan"}])
    pictures = [
        Picture(name, name.upper(), "Caption.", b"x") for name in ("samples", "success_rates", "modes")
    ]
    page = page_of(sweep, tmp_path, pictures=pictures)
    assert page.text.index("The answer.") < page.text.index("SUCCESS_RATES.") < page.text.index("The rule.")
    assert page.text.index("The claims as numbers") < page.text.index("SAMPLES.") < page.text.index("MODES.")
    assert page.values("id").count("success_rates") == 1
    # long parts are folded, and can be unfolded by their titles
    assert (
        [tag for tag, _ in page.tags].count("details") == [tag for tag, _ in page.tags].count("summary") >= 2
    )


def test_claims_stand_with_their_intervals(tmp_path):
    sweep = make_sweep(tmp_path, [{"objective": "gan"}, {"objective": "wgan"}])
    frames = claim_frames(sweep)
    page = page_of(sweep, tmp_path, claims=claim_tables(sweep, frames))
    for words in ("Claim 1:", "Claim 2:", "on the same seeds", "The rule.", "Cohen's h"):
        assert words in page.text
    rate = frames["success_rates"].iloc[0]
    assert f"{rate['low']:.3g}" in page.text
    table = stacked(frames)
    assert set(table["claim"]) == {name for name, frame in frames.items() if len(frame)}
    assert len(table) == sum(map(len, frames.values()))


def test_where_it_comes_from_is_said_once(tmp_path):
    page = page_of(make_sweep(tmp_path, [{"objective": "gan"}, {"objective": "wgan"}]), tmp_path)
    assert page.text.count("gan-lab train experiment=stability") == 1
    assert "gan-lab 0.4.0, torch 2.15.0" in page.text
    assert "cpu, eager" in page.text
    assert "2.0 minutes over all jobs" in page.text


def test_seeds_that_were_trained_together_count_their_time_once(tmp_path):
    for objective in ("gan", "wgan"):
        for seed in (0, 1):
            write_run(tmp_path / objective / f"seed{seed}", seed=seed, choices={"objective": objective})
    assert "2.0 minutes over all jobs" in page_of(load_sweep(tmp_path), tmp_path).text


def test_the_command_of_a_sweep_is_read_from_what_hydra_keeps(tmp_path):
    assert command_of_sweep(tmp_path) == ""
    (tmp_path / "multirun.yaml").write_text(
        "hydra: {overrides: {hydra: [hydra.mode=MULTIRUN], task: ['a=b c']}, sweeper: {}}"
    )
    assert command_of_sweep(tmp_path) == "gan-lab train -m 'a=b c'"
    for damaged in ("hydra: [", "hydra: 3", "!!python/object/apply:os.getcwd []"):
        (tmp_path / "multirun.yaml").write_text(damaged)
        assert command_of_sweep(tmp_path) == ""


def composer(paper: dict, choices: dict, swept: dict, asked: list):
    def compose(overrides: list[str]) -> Composed:
        asked.append(overrides)
        return Composed(paper, choices, swept)

    return compose


def deviating(tmp_path: Path, choices: dict[str, str] | None = None) -> Sweep:
    chosen = {"experiment": "paper_wgan", "scale": "smoke"} | (choices or {})
    sweep = make_sweep(tmp_path, [{"objective": "gan"}, {"objective": "wgan"}])
    runs = [
        dataclasses.replace(
            run,
            record=dataclasses.replace(run.record, choices=run.record.choices | chosen | run.cell.settings),
        )
        for run in sweep.runs
    ]
    return dataclasses.replace(sweep, runs=tuple(runs))


def test_deviations_are_the_leaves_that_the_paper_has_otherwise(tmp_path):
    paper = {
        "seed": 7,
        "scale": "paper",
        "device": "cuda",
        "constraint": {"bound": 0.01},
        "optimizer": {"lr": 1e-4},
        "dataset": {"_target_": "gan_lab.datasets.lsun.LSUN", "size": 64},
        "train": {"iterations": 100_000, "n_critic": 5, "seeds": 10, "profile": 20, "deterministic": True},
        "metrics": {"every": 1, "samples": 2048},
    }
    asked: list[list[str]] = []
    compose = composer(
        paper, {"dataset": "lsun_bedroom"}, {"dataset": "lsun_bedroom", "objective": None}, asked
    )
    found = find_deviations(deviating(tmp_path), compose)
    assert found.rows == (
        Deviation("dataset", "ring8", "lsun_bedroom", "all"),
        Deviation("metrics.samples", "256", "2048", "all"),
        Deviation("number of seeds", "1", "10", "all"),
        Deviation("optimizer.lr", "5e-05", "0.0001", "all"),
        Deviation("train.iterations", "500", "100000", "all"),
    )
    assert found.notes == ()
    base = ["experiment=paper_wgan", "scale=paper"]
    assert asked[:2] == [base, [*base, "dataset=lsun_bedroom", "objective=gan"]]


def test_what_only_some_cells_have_is_said_by_the_setting_they_share(tmp_path):
    def compose(overrides: list[str]) -> Composed:
        lr = 5e-5 if "objective=wgan" in overrides else 2e-4
        config = {"constraint": {"bound": 0.01}, "optimizer": {"lr": lr}}
        paper = {
            "train": {"iterations": 500, "n_critic": 5},
            "dataset": {"_target_": "gan_lab.datasets.toy.Ring"},
            "metrics": {"samples": 256},
        }
        return Composed(config | paper, {}, {"objective": None})

    assert find_deviations(deviating(tmp_path), compose).rows == (
        Deviation("optimizer.lr", "5e-05", "0.0002", "gan"),
    )


def test_images_of_another_size_are_a_deviation_whatever_the_dataset(tmp_path):
    write_run(tmp_path / "run", config={"dataset.size": 16}, choices=CHOICES)
    paper = {"dataset": {"size": 64, "root": "data"}, "train": {"seeds": None}}
    compose = composer(paper, {"dataset": "lsun_bedroom"}, {}, [])
    rows = find_deviations(load_sweep(tmp_path), compose).rows
    assert Deviation("dataset.size", "16", "64", "all") in rows


def drawn(root: Path, **record) -> Sweep:
    for draw in range(2):
        write_run(
            root / str(draw),
            choices={"experiment": "robustness", "draw": str(draw), "architecture": "deep_dcgan"},
            config={"architecture": {"critic": {"depth": 4 + draw}}, "draw": draw, "scale": "laptop"},
            seed=draw,
            **record,
        )
    return load_sweep(root)


def test_one_draw_does_not_speak_for_the_others(tmp_path):
    compose = composer({"architecture": {"critic": {"depth": 20}}}, {}, {"draw": None}, [])
    values = {"draw": tuple(map(str, range(9)))}
    few = find_deviations(drawn(tmp_path), lambda typed: dataclasses.replace(compose(typed), values=values))
    rows = {row.key: row for row in few.rows}
    assert "architecture.critic.depth" not in rows
    assert rows["number of draws"] == Deviation("number of draws", "2", "9", "all")
    (note,) = few.notes
    assert note.startswith("Not compared are settings that are drawn at random for each run")
    assert "architecture.critic.depth, architecture.critic.norm" in note


def test_what_was_typed_in_the_place_of_a_draw_is_compared(tmp_path):
    compose = composer({"architecture": {"critic": {"depth": 20}}}, {}, {"draw": None}, [])
    typed = drawn(tmp_path, command="gan-lab train experiment=robustness architecture.critic.depth=4")
    assert "architecture.critic.depth" in {row.key for row in find_deviations(typed, compose).rows}


def test_how_many_draws_the_paper_has_is_composed():
    composed = real_compose(["experiment=robustness", "scale=paper"])
    assert composed.values == {"draw": tuple(map(str, range(200))), "objective": ("gan", "wgan_gp")}
    assert composed.swept == {"dataset": "cifar10", "draw": None, "objective": None}


def test_iterations_are_those_that_a_run_was_resumed_for(tmp_path):
    write_run(tmp_path / "run", choices=CHOICES, iterations=1000, numbers=table(1000))
    compose = composer({"train": {"iterations": 500}}, {}, {}, [])
    rows = find_deviations(load_sweep(tmp_path), compose).rows
    assert Deviation("train.iterations", "1000", "500", "all") in rows


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"experiment": "--evil"}, "There is no experiment '--evil'"),
        ({"objective": "gan hydra.run.dir=/"}, "There is no objective 'gan hydra.run.dir=/'"),
        ({"scale": "x"}, ""),
    ],
)
def test_a_record_cannot_smuggle_overrides_into_what_is_composed(tmp_path, choices, words):
    sweep = deviating(tmp_path)
    runs = [
        dataclasses.replace(
            run,
            record=dataclasses.replace(run.record, choices=run.record.choices | choices, command="rm -r /"),
        )
        for run in sweep.runs
    ]
    asked: list[list[str]] = []
    compose = composer({}, {}, {"objective": None}, asked)
    found = find_deviations(dataclasses.replace(sweep, runs=tuple(runs)), compose)
    assert words in " ".join(found.notes)
    assert not [
        o for overrides in asked for o in overrides if "hydra" in o or "evil" in o or "rm" in o or o == "x"
    ]


def test_reasons_for_no_comparison_are_sentences(tmp_path):
    def refuse(overrides: list[str]) -> Composed:
        raise UserError("It cannot be composed.")

    assert find_deviations(deviating(tmp_path), refuse) == Deviations((), ("It cannot be composed.",))
    sweep = make_sweep(tmp_path / "none", [{}])
    runs = tuple(
        dataclasses.replace(run, record=dataclasses.replace(run.record, choices={})) for run in sweep.runs
    )
    (note,) = find_deviations(dataclasses.replace(sweep, runs=runs), refuse).notes
    assert note.startswith("The runs belong to no experiment")


def test_a_folder_is_replaced_without_touching_what_nobody_wrote(tmp_path):
    folder = tmp_path / "report"
    publish({"report.html": b"1", "figures/old.png": b"2"}, folder, last="report.html")
    publish({"report.html": b"3", "runs.csv": b"4"}, folder, last="report.html")
    assert sorted(path.name for path in folder.rglob("*")) == [MANIFEST, "report.html", "runs.csv"]
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=r"report holds notes\.txt, which no report has written"):
        publish({"report.html": b"5"}, folder, last="report.html")
    assert (folder / "report.html").read_bytes() == b"3"


def test_a_report_that_was_cut_off_is_finished_by_the_next(tmp_path, monkeypatch):
    from gan_lab.reports import publishing

    def fail_at_the_page(path: Path, data: bytes) -> None:
        if path.name == "report.html":
            raise UserError("The disk is full.")
        path.write_bytes(data)

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "write_atomically", fail_at_the_page)
        with pytest.raises(UserError, match="disk"):
            publish({"report.html": b"1", "runs.csv": b"2"}, tmp_path / "r", last="report.html")
    assert (tmp_path / "r" / "runs.csv").is_file()
    (tmp_path / "r" / ".report.html.0123abcd.partial").touch()
    publish({"report.html": b"3"}, tmp_path / "r", last="report.html")
    assert not (tmp_path / "r" / "runs.csv").exists()


def test_a_manifest_names_nothing_outside_its_folder(tmp_path):
    folder, outside = tmp_path / "report", tmp_path / "precious"
    outside.write_text("mine")
    folder.mkdir()
    (folder / MANIFEST).write_text(f"../precious\n{outside}\n")
    publish({"report.html": b"1"}, folder, last="report.html")
    assert outside.read_text() == "mine"


def test_a_file_and_a_link_to_a_folder_are_no_report_folders(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="is not a folder"):
        check_folder(tmp_path / "file")
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "figures").symlink_to(tmp_path)
    (tmp_path / "report" / MANIFEST).touch()
    with pytest.raises(UserError, match="holds figures"):
        check_folder(tmp_path / "report")


def test_a_reason_is_said_once():
    said = ["Left out: interrupted at iteration 0 of 20.", "interrupted at iteration 0 of 20.", ""]
    assert _said_once(said) == said[0]
