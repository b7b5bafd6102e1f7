"""Whatever is wrong with what a user gives: one sentence, exit status 2, and nothing lost."""

import hashlib
import io
import os
import pickle
import re
from pathlib import Path

import pytest
import torch
from PIL import Image

from gan_lab.numerics import precision
from support.command_line import gan_lab
from support.configs import TOY
from support.report_runs import write_run

FAST = [
    "device=cpu",
    "train.iterations=2",
    "train.batch_size=4",
    "train.warmup_critic_steps=0",
    "train.n_critic=1",
]
SMALL = [*TOY, *FAST, "objective=gan"]
FOLDER = ["dataset=image_folder", "dataset.root=pictures", "dataset.size=16", *FAST, "objective=gan"]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(name="run")
def _run(tmp_path: Path) -> Path:
    """A run that completed."""
    assert gan_lab("train", *SMALL, "hydra.run.dir=run").status == 0
    return tmp_path / "run"


@pytest.fixture(name="pictures")
def _pictures(tmp_path: Path) -> Path:
    """A folder of nine noisy pictures."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for k in range(9):
        Image.effect_noise((20, 20), 40 + k).convert("RGB").save(folder / f"{k}.png")
    return folder


def files(folder: Path) -> dict[Path, bytes | None]:
    """Everything below a folder with its content; locks apart, which say only who was there last."""
    return {
        path: path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if path.suffix != ".lock" and path.name != ".lock"
    }


def assert_refused(pattern: str, *arguments: str) -> None:
    """The command ends with status 2 and one sentence that matches, and leaves every file as it was."""
    before = files(Path.cwd())
    called = gan_lab(*arguments)
    assert called.status == 2, called
    assert called.err.count("\n") == 1, called.err
    assert called.err.startswith("gan-lab: ")
    assert "Traceback" not in called.out + called.err
    sentence = called.err.removeprefix("gan-lab: ").rstrip("\n")
    assert re.search(pattern, sentence), sentence
    after = files(Path.cwd())
    for folder in (Path("outputs").absolute(), Path("outputs/runs").absolute()):
        before.pop(folder, None)  # where runs go by default
        after.pop(folder, None)
    assert {path.name for path in after.keys() - before.keys()} == set()
    # the log of a run tells of every attempt to go on with it
    assert {path.name for path in before if before[path] != after.get(path, b"gone")} <= {"train.log"}


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        *([(["sample", ""], "RUN_DIR"), (["interpolate", ""], "RUN_DIR"), (["export", ""], "RUN_DIR")]),
        *([(["evaluate", ""], "RUN_DIR"), (["resume", ""], "RUN_DIR"), (["diagnose", ""], "RUN_DIR")]),
        *([(["report", ""], "SWEEP_DIR"), (["archive", ""], "SWEEP_DIR"), (["runs", ""], "DIR")]),
        (["sample", "run", "--out", ""], "--out"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_nothing_is_no_name_of_the_folder_one_is_in(arguments: list[str], name: str) -> None:
    write_run(Path("run"))
    assert_refused(f"^{name} must be a file or folder; got ''\\.$", *arguments)


@pytest.mark.parametrize("dataset", ["image_folder", "mnist", "lsun_bedroom", "stacked_mnist"])
@pytest.mark.parametrize("typed", ["", '" "'])
def test_nothing_is_no_name_of_the_folder_that_data_lie_in(dataset: str, typed: str) -> None:
    Image.new("RGB", (8, 8)).save("x.png")
    for command in ("train", "prepare"):
        got = typed.strip('"')
        rule = f"^dataset\\.root must be the path of a folder; got '{got}'\\.$"
        assert_refused(rule, command, f"dataset={dataset}", f"dataset.root={typed}")
    assert [path.name for path in Path().iterdir()] == ["x.png"]


@pytest.mark.parametrize(("tracker", "key"), [("wandb", "project"), ("mlflow", "experiment")])
def test_nothing_is_no_name_that_runs_are_filed_under(tracker: str, key: str) -> None:
    rule = f"^tracker\\.{key} must be text that is not empty or null; got ''\\.$"
    assert_refused(rule, "train", *TOY, f"tracker={tracker}", f"tracker.{key}=")


@pytest.mark.parametrize("seeds", ["null", "2"])
def test_missing_data_are_refused_before_a_run_is_begun(seeds: str) -> None:
    typed = ["dataset=mnist", "dataset.root=nowhere", *FAST, "objective=gan", f"train.seeds={seeds}"]
    assert_refused(r"^dataset=mnist was not found; put MNIST/raw/", "train", *typed)


@pytest.mark.parametrize(
    ("overrides", "pattern"),
    [
        (["objective=wgna"], r"^objective must be one of .*; got 'wgna'\. Did you mean wgan\?$"),
        (["dataset=ring9"], r"^dataset must be one of .*; got 'ring9'\. Did you mean ring8\?$"),
        (["objective=nope"], r"^objective must be one of .*gan_minimax, .*; got 'nope'"),
        (["constraint=[gp,nope]"], r"^constraint must be one of .*; got 'nope'"),
        (["nope=1"], r"^nope is no setting"),
        (["train.nope=1"], r"^train\.nope is no setting; train has iterations, "),
        (["+train.nope=1"], r"^train\.nope is not a setting of TrainSettings; it has iterations, "),
        (["+objective.nope=1"], r"^objective\.nope is not a setting of GAN; it has "),
        (
            ["train.iterations=many"],
            r"^train\.iterations must be a whole number greater than 0; got 'many'\.$",
        ),
        (["train.iterations=0"], r"^train\.iterations must be a whole number greater than 0; got 0\.$"),
        (["train.batch_size=-4"], r"^train\.batch_size must be a whole number from 1 to 1000000; got -4\.$"),
        (["train.batch_size=4.5"], r"^train\.batch_size must be a whole number .* 1000000; got 4\.5\.$"),
        (["train.batch_size=1000001"], r"^train\.batch_size .* from 1 to 1000000; got 1000001\.$"),
        (["train.n_critic=true"], r"^train\.n_critic must be a whole number from 1 to 1000000; got True\.$"),
        (
            ["train.ema=1"],
            r"^train\.ema must be a number from 0 up to, but not including, 1 or null; got 1\.$",
        ),
        (
            ["train.execution=fast"],
            r"^train\.execution must be one of auto, eager, compiled, graph; got 'fast'\.$",
        ),
        (
            ["train.execution=graph"],
            r"^train\.execution=graph records the kernels of a CUDA device; this run is on the CPU: use auto",
        ),
        (["train.precision=fp16"], r"^train\.precision must be one of fp32, tf32, bf16; got 'fp16'\.$"),
        (
            ["train.precision=tf32"],
            r"^train\.precision=tf32 is a mode of CUDA devices; this run is on the CPU: use fp32\.$",
        ),
        *(
            (
                [f"train.seeds={given}"],
                rf"^train\.seeds must be a whole number .* or a list.*; got {shown}\.$",
            )
            for given, shown in (
                ("0", "0"),
                ("-1", "-1"),
                ("x", "'x'"),
                ("1.5", r"1\.5"),
                ("true", "True"),
                ("[-1]", r"\[-1\]"),
                ("[0,x]", r"\[0, 'x'\]"),
            )
        ),
        *(
            (
                [f"train.seeds={given}"],
                rf"^train\.seeds must be a number of seeds, or a list of different.* {shown}\.$",
            )
            for given, shown in (("[]", r"\[\]"), ("[1,1]", r"\[1, 1\]"))
        ),
        (
            ["train.warmup_critic_steps=1", "train.n_critic=5"],
            r"^train\.warmup_critic_steps must be 0 or at least",
        ),
        (["seed=-1"], r"^seed must be a whole number, 0 or greater; got -1\.$"),
        (["seed=1.5"], r"^seed must be a whole number, 0 or greater; got 1\.5\.$"),
        (["optimizer.lr=0"], r"^optimizer\.lr must be a number greater than 0; got 0\.$"),
        (["optimizer.lr=nan"], r"^optimizer\.lr must be a finite number greater than 0; got nan\.$"),
        (["optimizer.lr=null"], r"^optimizer\.lr must be a number greater than 0; got None\.$"),
        (
            ["architecture.critic.width=-8"],
            r"^architecture\.critic\.width must be a whole number greater than 0",
        ),
        (
            ["architecture.latent_dim=0"],
            r"^architecture\.latent_dim must be a whole number greater than 0; got 0\.$",
        ),
        (["dataset.n_modes=[8]"], r"^dataset\.n_modes must be a whole number greater than 0; got \[8\]\.$"),
        (["constraint=compose"], r"^constraint\.parts must be at least one constraint by name"),
        (["train=5"], r"^train must be a mapping of settings; got 5\.$"),
        (["trusted=torch"], r"^trusted must be a list, each entry text; got 'torch'\.$"),
        (["trusted=[5]"], r"^trusted must be a list, each entry text; got \[5\]\.$"),
        (["objective._target_=os.system"], r"^objective\._target_ names os\.system, outside the packages"),
        (
            ["architecture=dcgan"],
            r"^architecture\.generator makes images; dataset has shape \(2,\): use architecture=mlp",
        ),
        (
            ["constraint=consistency"],
            r"^constraint=consistency flips and shifts images; dataset has shape \(2,\)",
        ),
        (
            ["dataset=digits", "architecture=mlp_toy"],
            r"^architecture\.generator makes vectors; dataset has shape",
        ),
        (
            ["dataset=digits", "dataset.size=20"],
            r"^architecture\.generator cannot make 20x20 images: .*dataset\.size",
        ),
        (["device=tpu"], r"^device must be one of auto, cpu, cuda, cuda:0, \.\.\.; got 'tpu'\.$"),
        (["objective._target_='a\nb'"], r"^objective\._target_ names a b, outside the packages"),
        (["device=5"], r"^device must be one of auto, cpu, cuda, cuda:0, \.\.\.; got 5\.$"),
        (["objective=[gan"], r"\[gan"),
        (
            ["constraint=gpp"],
            r"^constraint must be one of bjorck, .*; got 'gpp'\. Did you mean gp\?$",
        ),
        (["architecture/critic=x"], r"^architecture/critic must be one of dcgan, .*; got 'x'\.$"),
        (
            ["experiment=fig9"],
            r"^experiment must be one of .*; got 'fig9'\. Did you mean fig\d\?$",
        ),
        (["experiment=fig3", "scale=x"], r"^scale must be one of smoke, laptop, paper; got 'x'\.$"),
        (["seed=0,1"], r"^seed=0,1 names several values: -m runs each of them"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_setting_that_cannot_be(overrides: list[str], pattern: str) -> None:
    dataset = [] if any("dataset=digits" in override for override in overrides) else ["dataset=ring8"]
    assert_refused(pattern, "train", *dataset, "objective=gan", "device=cpu", *overrides)


def test_a_precision_that_this_processor_would_emulate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "has_bf16_units", lambda: False)
    pattern = r"^train\.precision=bf16 needs a processor with bf16 matrix units .*: use fp32\.$"
    assert_refused(pattern, "train", *SMALL, "train.precision=bf16")


def test_a_gpu_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    for name in ("cuda", "cuda:0", "cuda:3"):
        pattern = rf"^device must be a device of this machine; got '{name}'.*device=auto or device=cpu\.$"
        assert_refused(pattern, "train", *SMALL, f"device={name}")


NO_IMAGES = [
    (
        ["notes.txt"],
        r"^dataset\.root must hold images \(jpg, .*there are none below .*pictures, which holds 1 \.txt\.$",
    ),
    ([], r"^dataset\.root must be a folder of images; .*pictures is none\.$"),
]


@pytest.mark.parametrize(("names", "pattern"), NO_IMAGES)
def test_a_folder_that_is_not_there_or_holds_no_images(
    tmp_path: Path, names: list[str], pattern: str
) -> None:
    for name in names:
        (tmp_path / "pictures").mkdir(exist_ok=True)
        (tmp_path / "pictures" / name).write_text("no picture")
    assert_refused(pattern, "prepare", *FOLDER[:3])
    called = gan_lab("train", *FOLDER, "hydra.run.dir=run")
    assert (called.status, called.err.count("\n")) == (2, 1)
    assert re.search(pattern, called.err.removeprefix("gan-lab: "))


def test_an_image_that_does_not_decode(pictures: Path) -> None:
    (pictures / "4.png").write_bytes((pictures / "4.png").read_bytes()[:200])
    (pictures / "packed").mkdir()
    assert_refused(
        r"4\.png is not an image that can be read .*; replace or remove it and run `gan-lab",
        "prepare",
        *FOLDER[:3],
    )


def test_a_packed_file_that_was_cut_short(pictures: Path) -> None:
    assert gan_lab("prepare", *FOLDER[:3]).status == 0
    (pack,) = pictures.glob("packed/*.npy")
    pack.write_bytes(pack.read_bytes()[:-1])
    command = [*FOLDER, "hydra.run.dir=run", "architecture=mlp_mlp"]
    called = gan_lab("train", *command)
    assert (called.status, called.err.count("\n")) == (2, 1)
    assert re.search(
        r"image_folder-3x16x16\.npy holds .* bytes where .* were written; run `gan-lab prepare", called.err
    )
    # what the sentence says helps
    assert gan_lab("prepare", *FOLDER[:3]).status == 0
    assert gan_lab("train", *command).status == 0


def test_a_dataset_that_needs_no_preparation() -> None:
    assert_refused(r"^dataset=ring8 needs no preparation", "prepare", "dataset=ring8")
    assert_refused(r"^dataset=digits needs no preparation", "prepare", "dataset=digits", "--force")


@pytest.mark.parametrize("flags", [[], ["--force"]], ids=str)
def test_a_dataset_that_is_not_named(flags: list[str]) -> None:
    assert_refused(r"^prepare needs dataset=NAME; gan-lab prepare --help lists ", "prepare", *flags)


@pytest.mark.parametrize("command", [["sample"], ["resume"], ["sample", "--format", "png"]], ids=" ".join)
def test_a_folder_that_is_no_run(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    assert_refused(r"^absent does not exist\.$", command[0], "absent", *command[1:])
    for name in ("empty", "file"):
        assert_refused(
            rf"^{name} is not a run folder: it has no run\.json\.$", command[0], name, *command[1:]
        )


def test_no_folder_of_runs() -> None:
    assert_refused(r"^absent does not exist\.$", "runs", "absent")
    assert_refused(r"^absent does not exist\.$", "board", "absent")


@pytest.mark.parametrize("name", ["run.json", "config.yaml"])
@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": 1}', "\0\1", "a: b: c"], ids=repr)
def test_a_run_folder_whose_files_are_damaged(run: Path, name: str, content: str) -> None:
    (run / name).write_text(content)
    assert_refused(r"run\.json|config\.yaml|seed|architecture", "sample", "run")
    assert_refused(r"run\.json|config\.yaml|seed|architecture", "resume", "run", "train.iterations=3")


def test_a_checkpoint_that_is_corrupt(run: Path) -> None:
    for path in (run / "checkpoints").glob("*.pt"):
        path.write_bytes(path.read_bytes()[:-10])
    assert_refused(r"checkpoint", "sample", "run")


def test_a_run_without_checkpoints(run: Path) -> None:
    for path in (run / "checkpoints").glob("*.pt"):
        path.unlink()
    assert_refused(r"checkpoint", "sample", "run")


class Attack:
    """What a pickle does when it is opened by somebody who trusts it."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch executed",)


def test_a_checkpoint_that_holds_code(run: Path) -> None:
    buffer = io.BytesIO()
    torch.save({"format": 2, "state": Attack()}, buffer)
    (checkpoint,) = (run / "checkpoints").glob("*.pt")
    checkpoint.unlink()
    for data, reason in (
        (buffer.getvalue(), "holds more than tensors, numbers and text"),
        (pickle.dumps(Attack(), protocol=2), "is no archive, as gan-lab writes them"),
    ):
        digest = hashlib.sha256(data).hexdigest()[:16]
        path = run / "checkpoints" / f"000000002-{digest}.pt"
        path.write_bytes(data)
        assert_refused(reason, "sample", "run")
        assert gan_lab("resume", "run", "train.iterations=3").status == 2
        path.unlink()
    assert not Path("executed").exists()


def test_a_checkpoint_of_another_architecture(run: Path) -> None:
    text = (run / "config.yaml").read_text()
    assert "width: 16" in text
    (run / "config.yaml").write_text(text.replace("width: 16", "width: 24"))
    assert_refused(r"belongs to another architecture", "sample", "run")


def test_a_folder_that_holds_another_run(run: Path) -> None:
    del run
    pattern = r"run holds a run with another configuration \(seed=0\); choose another hydra\.run\.dir\.$"
    assert_refused(pattern, "train", *SMALL, "hydra.run.dir=run", "seed=1")


def test_a_folder_that_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("years of work")
    pattern = r"^hydra\.run\.dir must be a new or empty folder, .*chapter1\.tex\.$"
    assert_refused(pattern, "train", *SMALL, "hydra.run.dir=thesis")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert_refused(r"file", "train", *SMALL, "hydra.run.dir=file/run")
    assert_refused(r"file", "train", *SMALL, "hydra.run.dir=file")
    assert_refused(r"/proc", "train", *SMALL, "hydra.run.dir=/proc/run")


def test_samples_that_cannot_be_written(run: Path) -> None:
    del run
    Path("file").write_text("not a folder")
    assert_refused(r"file", "sample", "run", "--out", "file/samples")
    assert_refused(r"/proc", "sample", "run", "--out", "/proc/samples")


def test_pictures_of_vectors(run: Path) -> None:
    del run
    assert_refused(
        r"^--format must be npy for vectors; run makes \(2,\)\.$", "sample", "run", "--format", "png"
    )


@pytest.mark.parametrize(
    "override", ["train.iterations=1", "train.iterations=many", "train.batch_size=3", "seed=1", "nonsense"]
)
def test_what_a_resumed_run_does_not_take(run: Path, override: str) -> None:
    del run
    assert_refused(r"train\.iterations", "resume", "run", override)


@pytest.mark.parametrize(
    "arguments",
    [["--n", "0"], ["--n", "-3"], ["--n", "x"], ["--seed", "x"], ["--format", "gif"]],
    ids=" ".join,
)
def test_what_sample_does_not_take(arguments: list[str]) -> None:
    called = gan_lab("sample", "run", *arguments)
    assert (called.status, called.out) == (2, "")
    option, value = arguments
    assert re.fullmatch(rf"gan-lab: {option} must be .*; got '{value}'\.\n", called.err)


def test_a_disk_that_is_full(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the first file of a new run is written, and as an old run goes on: the old one loses nothing."""
    before = files(run)

    def write(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        for arguments in (["train", *SMALL, "hydra.run.dir=new"], ["resume", "run", "train.iterations=3"]):
            called = gan_lab(*arguments)
            assert (called.status, called.err.count("\n")) == (2, 1), called.err
            assert "No space left on device" in called.err
    assert files(run) == before
    assert gan_lab("resume", "run", "train.iterations=3").status == 0
    assert gan_lab("train", *SMALL, "hydra.run.dir=new").status == 0


@pytest.mark.parametrize("command", ["sample", "interpolate", "evaluate"])
def test_a_seed_is_not_negative(command: str) -> None:
    assert_refused("--seed must be a whole number, 0 or greater; got '-1'", command, "run", "--seed", "-1")
