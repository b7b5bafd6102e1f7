"""Whether anything is left to do of what was begun, known from records alone."""

from pathlib import Path
from typing import Any

import pytest

from gan_lab.config.errors import UserError
from gan_lab.runs.begun import changes_of, find_begun
from gan_lab.runs.config_hash import config_hash
from gan_lab.runs.reading import read_run
from support.configs import compose_config
from support.report_runs import write_run


def begun_run(path: Path, **record: Any) -> Path:
    """A run folder whose record has the hash of its config."""
    config = read_run(
        write_run(path.with_name(f"{path.name}-first"), seed=record.get("seed", 0))
    ).read_config()
    return write_run(path, config_hash=config_hash(config), **record)


def test_a_completed_run_says_how_to_train_on(tmp_path: Path) -> None:
    total = read_run(begun_run(tmp_path / "run", iterations=200, iteration=200)).iterations
    begun = find_begun(tmp_path / "run")
    assert begun.finished({}) == [
        f"{tmp_path / 'run'}: completed before, at iteration {total}.",
        f"Nothing is left to do; to train on: gan-lab resume {tmp_path / 'run'} train.iterations=400",
    ]
    assert begun.finished({"train.iterations": "200"}) != []


def test_a_completed_run_of_an_archive_cannot_be_trained_on(tmp_path: Path) -> None:
    begun_run(tmp_path / "run", iterations=200, iteration=200)
    (tmp_path / "run" / "archived.json").touch()
    told = find_begun(tmp_path / "run").finished({})
    assert told[1:] == ["It is from an archive, which keeps no checkpoints: it cannot be trained on."]


def test_the_folder_of_a_sweep_goes_on_by_its_own_command(tmp_path: Path) -> None:
    for name in ("a", "b/seed0"):
        sweep = tmp_path / name[0]
        write_run(sweep / name)
        with pytest.raises(UserError) as caught:
            find_begun(sweep)
        assert str(caught.value) == (
            f"{sweep} is not a run folder: it holds runs, such as {sweep / name}. "
            "The command that began a sweep goes on with what is left of it."
        )


def test_a_diverged_run_does_not_go_on_and_says_where_the_way_out_is(tmp_path: Path) -> None:
    begun_run(tmp_path / "run", status="diverged", iteration=7, iterations=200)
    assert find_begun(tmp_path / "run").finished({}) == [
        f"{tmp_path / 'run'}: diverged before, at iteration 7.",
        "A run that diverged does not go on; what came before, and the way out: "
        f"gan-lab diagnose {tmp_path / 'run'}",
    ]


@pytest.mark.parametrize("changes", [{"train.iterations": "201"}, {"device": "cpu"}], ids=str)
def test_what_is_changed_is_left_to_who_trains(tmp_path: Path, changes: dict[str, str]) -> None:
    begun_run(tmp_path / "run", iterations=200, iteration=200)
    assert find_begun(tmp_path / "run").finished(changes) == []


@pytest.mark.parametrize("record", [{"status": "interrupted"}, {"config_hash": "0123abcd"}], ids=str)
def test_what_is_not_finished_or_was_edited_is_left_to_who_trains(
    tmp_path: Path, record: dict[str, str]
) -> None:
    config = read_run(write_run(tmp_path / "other")).read_config()
    write_run(
        tmp_path / "run",
        **{"config_hash": config_hash(config), "iterations": 200, "iteration": 200, **record},
    )
    assert find_begun(tmp_path / "run").finished({}) == []


def test_seeds_are_finished_when_all_of_them_are(tmp_path: Path) -> None:
    folder = tmp_path / "group"
    for seed in (0, 1):
        begun_run(folder / f"seed{seed}", seed=seed, iterations=200, iteration=200)
    for seed in (0, 1):
        (folder / f"seed{seed}-first" / "run.json").unlink()
    assert len(find_begun(folder).finished({})) == 3
    begun_run(folder / "seed2", seed=2, status="interrupted", iterations=200, iteration=100)
    (folder / "seed2-first" / "run.json").unlink()
    assert find_begun(folder).finished({}) == []


@pytest.mark.parametrize(
    ("override", "end"),
    [
        *(
            (f"{typed}=5", f": {key} cannot be changed once a run has begun.")
            for typed, key in {
                "train.batch_size": "train.batch_size",
                "train.seeds": "train.seeds",
                "+train.seeds": "train.seeds",
                "optimizer": "optimizer",
                "architecture/critic": "architecture.critic",
                "optimizer@critic_optimizer": "optimizer",
                "experiment": "experiment",
                "scale": "scale",
                "hydra.run.dir": "hydra.run.dir",
            }.items()
        ),
        ("+train.iterations=5", ". Did you mean train.iterations?"),
        ("train.executor=5", ". Did you mean train.execution?"),
        ("root=5", ". Did you mean dataset.root?"),
        *((f"{key}=5", ".") for key in ("train.batchsize", "seeds", "beta", "")),
    ],
    ids=str,
)
def test_what_else_a_run_has_is_said_to_stay_and_never_taken_for_what_may_change(
    override: str, end: str
) -> None:
    with pytest.raises(UserError) as caught:
        changes_of([override], compose_config())
    assert str(caught.value) == (
        "A resumed run takes train.iterations=N, train.execution=MODE, device=NAME, dataset.root=FOLDER, "
        f"tracker=NAME; got '{override}'{end}"
    )
