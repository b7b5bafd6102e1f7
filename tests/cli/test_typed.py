"""What is typed by mistake: one short sentence that names what was typed, and nothing of Hydra's own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl

from gan_lab.cli.compose import compose
from gan_lab.runs.reading import load_record
from gan_lab.runs.record import RunRecord
from support.command_line import gan_lab
from support.configs import TOY

SMALL = [*TOY, "device=cpu", "objective=gan", "train.iterations=2", "train.batch_size=4"]
DIGITS = "9" * 5000


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_more_samples_than_memory_holds_are_refused_at_once() -> None:
    assert gan_lab("train", *SMALL, "hydra.run.dir=run").status == 0
    called = gan_lab("sample", "run", "--n", "99999999999")
    assert (called.status, called.out) == (2, "")
    assert called.err.startswith("gan-lab: --n must be at most ")
    assert "which is what memory holds of such samples; got 99999999999." in called.err
    assert not Path("run/generated").exists()


@pytest.mark.parametrize(
    ("command", "begins", "holds"),
    [
        (["evaluate"], "evaluate needs RUN_DIR; gan-lab evaluate --help", ""),
        (["resume"], "resume needs RUN_DIR; ", ""),
        (["sample"], "sample needs RUN_DIR; ", ""),
        (["report"], "report needs SWEEP_DIR; ", ""),
        (["sample", "x", "--foo"], "sample: unrecognized arguments: --foo; ", ""),
        (["sample", "x", "--n"], "--n: expected one argument", ""),
        (["train", "--foo"], "unrecognized arguments: --foo; ", ""),
        (["train", *SMALL, "--bogus=1"], "unrecognized arguments: --bogus=1; ", ""),
        (["train", "--config-dir"], "argument --config-dir/-cd: expected one argument; ", ""),
        (["distances", "-z", "experiment=uniform_shift"], "unrecognized arguments: -z; ", ""),
        (["prepare", "--cfg", "x"], "argument --cfg/-c: invalid choice: 'x' ", ""),
        (["trian"], "The command must be one of ", "got 'trian'. Did you mean train?"),
        (["prepare", "dataset=null"], "dataset must be one of celeba, ", "got 'null'."),
        (["train", "dataset="], "dataset must be one of celeba, ", "got ''."),
        (["train", *SMALL, "hydra.run.dir="], "hydra.run.dir must be the path of a folder; got ''.", ""),
        (["train", *SMALL, "hydra.run.dir=''"], "hydra.run.dir must be the path of a folder; ", ""),
        (["train", *SMALL, "hydra.run.dir=NULL"], "hydra.run.dir must be the path of a folder; ", "'NULL'"),
        (
            ["train", "-m", *SMALL, "hydra.sweep.dir= ", "seed=1,2"],
            "hydra.sweep.dir must be the path of ",
            "",
        ),
        (
            ["train", "-m", *SMALL, "hydra.sweep.subdir=", "seed=1,2"],
            "hydra.sweep.subdir must be ",
            "got ''.",
        ),
        (
            ["distances", "experiment=uniform_shift", "hydra.run.dir="],
            "hydra.run.dir must be the path of",
            "",
        ),
        (["train", *SMALL, "hydra.job.num=x"], "hydra.job.num must be a whole number; got 'x'.", ""),
        (["train", *SMALL, "hydra.job.name=null"], "hydra.job.name must be other than null; got 'null'.", ""),
        (["train", *SMALL, "hydra.mode=x"], "hydra.mode must be one of RUN, MULTIRUN; got 'x'.", ""),
        (["train", *SMALL, "hydra.job.env_copy=3"], "hydra.job.env_copy must be a list; got '3'.", ""),
        (
            ["train", *SMALL, "hydra.verbose=3.5"],
            "hydra.verbose must be true, false or names of loggers; ",
            "got '3.5'.",
        ),
        (["train", "~objective"], "objective must be one of ", "it cannot be taken away."),
        (
            ["train", *SMALL, "train.itrations=3"],
            "train.itrations is no setting. Did you ",
            "mean train.iterations?",
        ),
        (
            ["distances", "experiment=uniform_shift", "widht=2"],
            "widht is no setting. Did you ",
            "mean width?",
        ),
        (
            ["distances", "experiment=fgan_table", "batchsize=2"],
            "batchsize is no setting. ",
            "mean batch_size?",
        ),
        (
            ["distances", "experiment=fgan_table", "beta1=2"],
            "beta1 is no setting. ",
            "mean optimizer.rule.beta1?",
        ),
        (
            ["distances", "experiment=uniform_shift", "q=2"],
            "q is no setting; ",
            "; there are experiment, animate, interactive, trusted, shifts, ",
        ),
        (["distances", "experiment=uniform_shift", "shift=2"], "shift is no setting. ", "mean shifts?"),
        (["train", *SMALL, "batch_size=3"], "batch_size is no setting. ", "mean train.batch_size?"),
        (
            ["train", *SMALL, "train.nope=3"],
            "train.nope is no setting; train has iterations, batch_size, ",
            "",
        ),
        (
            ["train", *SMALL, "train={itrations: 3}"],
            "train.itrations is no setting. ",
            "mean train.iterations?",
        ),
        (["train", *SMALL, "hydra.rnu.dir=x"], "hydra.rnu.dir is no setting. ", "mean hydra.run.dir?"),
        (["train", *SMALL, "~train.itrations"], "train.itrations is no setting. ", "mean train.iterations?"),
        (["train", *SMALL, "+train.itrations=3"], "train.itrations is not a setting", "mean iterations?"),
        (["train", *SMALL, "+architecture.depth=3"], "architecture.depth is not a setting; ", "latent_dim"),
        (["train", *SMALL, "architecture=${nope}"], "Error resolving interpolation '${nope}'", ""),
        (["train", *SMALL, "seed=${seed}"], "Recursive interpolation", ""),
        (["train", *SMALL, "+a=${b:1}"], "Unsupported interpolation type b", ""),
        (["train", *SMALL, f"seed={DIGITS}"], "seed must be ", "digits"),
        (["train", *SMALL, f"device=cuda:{DIGITS}"], "device must be ", ""),
        (["train", *SMALL, f"objective={'x' * 10_000}"], "objective must be one of ", "(10,000 characters)"),
        (["train", *SMALL, f"+objective.nope={'x' * 10_000}"], "objective.nope is not a setting of ", ""),
        (["train", *SMALL, f"device={'x' * 10_000}"], "device must be one of ", "(10,000 characters)"),
        (["train", *SMALL, "x" * 10_000], "", ""),
        (["train", *SMALL, f"--objective={'x' * 10_000}"], "unrecognized arguments: ", " characters) ... "),
        (["report", "x" * 300, "--out", "y" * 300], "", ""),
        (["train", *SMALL, "++ =a\tb"], "", "a\\tb"),
        (["train", *SMALL, "panel=[1,2]"], "panel must be one of ", "got '[1,2]'."),
        (["train", *SMALL, "optimizer={a: 1}"], "optimizer must be one of ", "got '{a: 1}'."),
        (["distances", "experiment=[[1]]"], "experiment must be one of ", "got '[[1]]'."),
        (["train", *SMALL, "--experimental-rerun", "x"], "--experimental-rerun is not offered: ", "resume"),
        (["train", *SMALL, "--exp=x"], "--experimental-rerun is not offered: ", "resume"),
        (["train", *SMALL, "seed==", "--shell-completion"], "--shell-completion stands alone", "install"),
        (["train", *SMALL, "+x@y=[1,2]"], "", ""),
        (
            ["train", *SMALL, "hydra.run.dir=run\udcff"],
            r"hydra.run.dir must be text in UTF-8; got 'run\udcff'.",
            "",
        ),
        (
            ["train", *SMALL, "dataset.root=a\udcff"],
            r"dataset.root must be a value that Hydra can read; got 'a\udcff': ",
            r"""such as $'dataset.root=\'a\377\''""",
        ),
        (["train", *SMALL, "hydra.run.dir=x=y"], "hydra.run.dir must be a value that Hydra can read; ", ""),
        (["train", *SMALL, "=3"], "", ""),
        (["train", *SMALL, "seed=}{"], "seed must be a value that Hydra can read; got '}{': put ", ""),
        (["distances", "experiment=uniform_shift", "width=ä"], "width must be a value that Hydra can ", ""),
        (["runs", "\x1b[2J"], "\\x1b[2J does not exist.", ""),
        (
            ["train", "-m", *SMALL, "seed=range(0)"],
            "seed must be swept over at least one value; ",
            "'range(0)'",
        ),
        (["train", "-m", *SMALL, "seed=range(0,5,0)"], "seed must be swept over at least one value; ", ""),
        (["train", "-m", *SMALL, "objective=glob(zz*)"], "objective must be swept over at least one ", "zz*"),
        (
            ["train", "-m", *SMALL, "+hydra.sweeper.params={seed: 'range(5,1)'}"],
            "seed must be swept over at least one value; ",
            "'range(5,1)'",
        ),
        (["report", "nope.zip"], "nope.zip does not exist.", ""),
        (["archive", "nope"], "nope does not exist.", ""),
        (["diagnose", "nope/below"], "nope/below does not exist.", ""),
        (["train", "-m", *SMALL, "objective=gan,"], "objective must have a value on ", "got 'gan,'."),
        (["train", "-m", *SMALL, "objective=,gan"], "objective must have a value on ", "got ',gan'."),
        (
            ["train", "-m", *SMALL, "seed=1,,2"],
            "seed must have a value on either side of a comma; ",
            "'1,,2'",
        ),
        (
            ["train", *SMALL, "hydra.run.dir=a b("],
            "hydra.run.dir must be ",
            "such as \"hydra.run.dir='a b('\"",
        ),
        (["train", *SMALL, "hydra.run.dir=a$("], "hydra.run.dir must be ", "such as 'hydra.run.dir='"),
        (["train", *SMALL, "train.seeds=1000000000"], "train.seeds must be at most ", "there is memory"),
        (
            ["train", *SMALL, "architecture.generator.width=100000000"],
            "architecture.generator must have at most",
            "",
        ),
    ],
    ids=lambda value: " ".join(value)[-40:] if isinstance(value, list) else "",
)
def test_one_short_sentence_that_names_what_was_typed(command: list[str], begins: str, holds: str) -> None:
    called = gan_lab(*command)
    assert called.status == 2, called
    assert called.err.startswith(f"gan-lab: {begins}"), called.err
    assert called.err.count("gan-lab: ") == 1
    assert called.err.count("\n") == 1
    assert holds in called.err
    assert len(called.err) < 2000
    assert "Error executing job" not in called.out + called.err
    assert os.listdir() == []


def test_a_wrong_key_is_composed_with_no_more_often_than_hydra_does(monkeypatch: pytest.MonkeyPatch) -> None:
    composed = []
    load = ConfigLoaderImpl.load_configuration
    monkeypatch.setattr(
        ConfigLoaderImpl,
        "load_configuration",
        lambda *given, **named: composed.append(1) or load(*given, **named),
    )
    called = gan_lab("train", "train.iteratons=3")
    assert called.err == (
        "gan-lab: train.iteratons is no setting. Did you mean train.iterations? "
        "gan-lab train --cfg job prints every setting.\n"
    )
    assert len(composed) == 2  # to see whether it is a sweep, and to run


def test_an_option_without_its_value_opens_no_board() -> None:
    os.mkdir("runs")
    called = gan_lab("board", "runs", "--port")
    assert (called.status, called.err) == (2, "gan-lab: --port needs a value, such as --port 6007.\n")


def test_more_critic_steps_than_the_warm_up_has_need_no_other_key() -> None:
    called = gan_lab(
        "train", *TOY, "device=cpu", "train.iterations=1", "train.batch_size=4", "train.n_critic=120"
    )
    assert called.status == 0, called.err


def test_a_number_of_iterations_of_5000_digits_is_refused() -> None:
    assert gan_lab("train", *SMALL, "hydra.run.dir=run").status == 0
    for given in (DIGITS, "\u0663", "1e3", ""):
        called = gan_lab("resume", "run", f"train.iterations={given}")
        assert called.status == 2
        assert called.err.startswith("gan-lab: train.iterations must be a whole number, at least the 2 ")
        assert len(called.err) < 1000


@pytest.mark.parametrize(
    ("line", "key"), [("  lr: {}", "settings.lr"), ("  betas: [0.5, -{}]", "settings.betas")]
)
def test_an_option_of_ones_own_with_an_endless_number_is_named(line: str, key: str) -> None:
    option = Path("conf", "optimizer", "mine.yaml")
    option.parent.mkdir(parents=True)
    option.write_text(f"# of mine\nsettings:\n{line.format(DIGITS)}\n")
    called = gan_lab("train", "--config-dir", "conf", *SMALL, "optimizer=mine")
    assert called.status == 2
    start = f"{option.absolute()}, line 3: {key} must be without numbers of more than 4,000 digits; got "
    assert called.err.startswith(f"gan-lab: {start}"), called.err
    assert called.err.count("\n") == 1


def test_a_seed_of_thousands_of_digits_is_compared_with_nothing() -> None:
    Path("run").mkdir()
    RunRecord(Path("run"), "completed", iterations=1, seed=10**3000).write()
    called = gan_lab("runs", ".", "--where", "seed<3")
    assert (called.status, called.err) == (0, "")


def test_a_folder_whose_name_is_no_utf8_can_be_read() -> None:
    assert gan_lab("train", *SMALL, "hydra.run.dir=run").status == 0
    name = os.fsdecode(b"run\xff")
    os.rename("run", name)
    called = gan_lab("resume", name, "train.iterations=3")  # TensorBoard cannot write there
    assert (called.status, called.err.count("\n"), "rename the folder" in called.err) == (2, 1, True), called
    for command in (["runs", name], ["sample", name, "--n", "2"], ["evaluate", name, "--samples", "32"]):
        called = gan_lab(*command)
        assert called.status == 0, called
    called = gan_lab("report", name)
    assert called.status == 0, called
    # as a process, whose output has an encoding
    command = [sys.executable, "-m", "gan_lab", "runs", os.fsencode(name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "completed" in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize("logging", ["disabled", "none", "stdout", "default"])
def test_hydras_ways_of_logging_work(logging: str) -> None:
    called = gan_lab("train", *SMALL, "hydra.run.dir=run", f"hydra/job_logging={logging}")
    assert called.status == 0, called.err
    assert (Path("run") / "train.log").exists() == (logging == "default")


LISTS = [
    (
        ["constraint=[]"],
        "constraint must be an option, or a list of at least one, as in constraint=[gp,clip]; ",
    ),
    (
        ["tracker=[ ]"],
        "tracker must be an option, or a list of at least one, as in tracker=[tensorboard,wandb]; ",
    ),
    (["constraint=[gp,gp]"], "constraint must be an option, or a list of different ones; got '[gp,gp]'."),
    (["trackers=[wandb,wandb]"], "tracker must be an option, or a list of different ones; "),
    (
        ["constraint=[clip,none]"],
        "constraint must be an option, or a list of such as do something, without none",
    ),
    (
        ["constraint=[gp,compose]"],
        "constraint must be an option, or a list of such as do something, without co",
    ),
    (["-m", "constraint=[gp,clip],gp"], "Hydra would merge a list of constraint options into one; "),
    (["dataset=[ring8]", "--cfg", "job"], "Hydra would merge a list of dataset options into one; "),
]


@pytest.mark.parametrize(("typed", "begins"), LISTS, ids=lambda each: str(each)[:40])
def test_a_list_of_options_that_cannot_stand_side_by_side(typed: list[str], begins: str) -> None:
    called = gan_lab("train", *typed)
    assert (called.status, called.out) == (2, "")
    assert called.err.startswith(f"gan-lab: {begins}")
    assert called.err.count("\n") == 1
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    ("typed", "constraint"),
    [
        (["constraint=['gp',\"clip\"]"], {"gp", "clip"}),
        (["constraint=clip", "constraint=[gp,r1]"], {"gp", "r1"}),
        (["constraint=[gp,r1]", "constraint=[clip]"], {"clip"}),
    ],
)
def test_names_in_quotes_are_names_and_the_last_list_counts(typed: list[str], constraint: set[str]) -> None:
    assert {*compose(typed).config["constraint"]["parts"]} == constraint


def test_an_option_after_a_list_takes_its_place() -> None:
    assert "parts" not in compose(["constraint=[gp,r1]", "constraint=clip"]).config["constraint"]


def test_a_list_of_constraints_is_told_and_kept_as_it_was_typed() -> None:
    called = gan_lab("train", *SMALL, "constraint=[clip,r1]", "tracker=[tensorboard]", "hydra.run.dir=run")
    assert called.status == 0, called.err
    assert "Trains gan with clip and r1 on " in called.out
    command = load_record(Path("run")).command
    assert "'constraint=[clip,r1]'" in command
    assert "compose" not in command
    assert "parts" not in command


def test_what_cannot_be_printed_is_no_refusal_of_hydras() -> None:
    words = [sys.executable, "-m", "gan_lab", "train", "--cfg", "job"]
    with open("/dev/full", "w") as full:
        ended = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("gan-lab: A file cannot be used (No space left on device); ")
