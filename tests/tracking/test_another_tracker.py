"""A run goes on with another tracker: where numbers go changes none of them."""

import pytest

from gan_lab.runs.reading import load_record
from gan_lab.tracking.writers.base import MetricWriter
from gan_lab.tracking.writers.mlflow import MLflow
from support.command_line import gan_lab
from support.configs import TOY, Train

SMALL = [
    *TOY,
    "train.iterations=6",
    "train.log_every=2",
    "train.warmup_critic_steps=0",
    "train.execution=eager",
]
TAKEN = (
    "A resumed run takes train.iterations=N, train.execution=MODE, device=NAME, dataset.root=FOLDER, "
    "tracker=NAME"
)


class Silent(MetricWriter):
    """A writer that keeps what it was called."""

    run_id = "abc"
    begins = True

    def __init__(self, calls: list[str]) -> None:
        self.calls = calls

    def write_hparams(self, *_: object) -> None:
        self.calls.append("hparams")

    def write_scalars(self, *_: object) -> None:
        self.calls.append("scalars")

    def write_images(self, *_: object) -> None:
        self.calls.append("images")

    def write_histograms(self, *_: object) -> None:
        self.calls.append("histograms")

    def write_texts(self, *_: object) -> None:
        self.calls.append("texts")

    def write_ending(self, *_: object) -> None:
        self.calls.append("ending")

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture(name="calls")
def _calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What MLflow, which need not be installed, is given."""
    calls: list[str] = []
    monkeypatch.setattr(MLflow, "require", lambda self: calls.append(f"experiment {self.experiment}"))
    monkeypatch.setattr(MLflow, "open", lambda *_: Silent(calls))
    return calls


@pytest.mark.parametrize(
    "typed", [["tracker=mlflow", "tracker.experiment=mine"], ["trackers=[mlflow,tensorboard]"]], ids=str
)
def test_numbers_stay_what_they_are(train: Train, calls: list[str], typed: list[str]) -> None:
    plain, run = train("plain", *SMALL), train("run", *SMALL)
    for folder, more in ((plain, []), (run, typed)):
        called = gan_lab("resume", str(folder), "train.iterations=12", *more)
        assert called.status == 0, called.err
    assert (run / "metrics.csv").read_bytes() == (plain / "metrics.csv").read_bytes()
    names = [sorted(path.name for path in (each / "checkpoints").glob("*.pt")) for each in (plain, run)]
    assert names[0] == names[1]  # a checkpoint's name holds the hash of its bytes
    assert calls[0] == ("experiment mine" if len(typed) > 1 else "experiment None")
    assert {"scalars", "ending", "close"} <= set(calls)
    record = load_record(run)
    assert (record.iteration, record.config_hash) == (12, load_record(plain).config_hash)
    assert record.trackers == {"mlflow": "abc"}
    assert record.sittings[-1].command.endswith(typed[-1]) or typed[-1] in record.sittings[-1].command


def test_seeds_that_were_trained_together_take_it_too(train: Train, calls: list[str]) -> None:
    group = train("group", *SMALL, "train.seeds=2")
    called = gan_lab("resume", str(group), "train.iterations=8", "tracker=mlflow")
    assert called.status == 0, called.err
    assert calls.count("ending") == 2


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (["tracker=foo"], "tracker must be one of mlflow, several, tensorboard, wandb; got 'foo'."),
        (["tracker="], "tracker must be one of mlflow, several, tensorboard, wandb; got ''."),
        (["tracker.project=mine"], "tracker.project must come with a tracker, such as tracker=wandb "),
        (["tracker=mlflow", "tracker.project=mine"], "tracker.project is no setting"),
        (["device=gpu"], "device must be one of auto, cpu, cuda, cuda:0, ...; got 'gpu'."),
        (
            ["train.execution=fast"],
            "train.execution must be one of auto, eager, compiled, graph; got 'fast'.",
        ),
        (["train.iteration=5"], f"{TAKEN}; got 'train.iteration=5'. Did you mean train.iterations?"),
        (["iterations=5"], f"{TAKEN}; got 'iterations=5'. Did you mean train.iterations?"),
        (
            ["train.seeds=5"],
            f"{TAKEN}; got 'train.seeds=5': train.seeds cannot be changed once a run has begun.\n",
        ),
        (
            ["--tracker", "wandb"],
            "--tracker is no flag; settings have no dashes. Did you mean tracker=wandb?",
        ),
        (["--iterations", "5"], "--iterations is no flag; settings have no dashes. Did you mean train.iter"),
        (["--device=cpu"], "--device is no flag; settings have no dashes. Did you mean device=cpu?"),
        (["seed=3"], "A resumed run takes train.iterations=N, train.execution=MODE, device=NAME, "),
        (
            ["optimizer.lr=1"],
            f"{TAKEN}; got 'optimizer.lr=1': optimizer.lr cannot be changed once a run has ",
        ),
    ],
    ids=str,
)
def test_what_is_no_tracker_is_refused(train: Train, typed: list[str], sentence: str) -> None:
    run = train("run", *SMALL)
    called = gan_lab("resume", str(run), *typed)
    assert called.status == 2
    assert called.err.startswith(f"gan-lab: {sentence}"), called.err
    assert called.err.count("\n") == 1
