"""Command lines that nobody would type on purpose; the k-th is always the same."""

import functools
import random
from collections.abc import Mapping
from typing import Any

from gan_lab.cli.main import COMMANDS
from gan_lab.config.options import config_folder, list_options
from support.configs import compose_config

BASE = (
    "dataset=ring8 objective=wgan device=cpu train.batch_size=4 train.n_critic=1 train.warmup_critic_steps=0"
)
BASE += " train.iterations=2 architecture.generator.width=4 architecture.critic.width=4 train.execution=eager"

_VALUES = [
    *("", " ", "null", "true", "0", "-1", "1", "3", "0.5", "1.5", "1e400", "-1e-400", "inf", "-inf", "nan"),
    *(
        "1e9",
        "100000000",
        "9" * 30,
        "9" * 5000,
        "0x10",
        "1_000",
        "١٢",
        "½",
        "1,2",
        "[1,2]",
        "[]",
        "{}",
        "{a:1}",
    ),
    *(
        "[[[[[1]]]]]",
        "{a:{b:{c:[1]}}}",
        "[" * 200,
        "(",
        ")",
        "'",
        '"',
        '"x"',
        "'a,b'",
        "a=b",
        "=",
        "a:b",
        "*",
        "?",
    ),
    *(
        "${seed}",
        "${nope}",
        "${",
        "}",
        "${train}",
        "${oc.env:HOME}",
        "${oc.env:NOPE}",
        "${gan_lab.run_name:}",
    ),
    *(
        "${train.iterations}",
        "range(1,3)",
        "choice(1,2)",
        "glob(*)",
        "interval(0,1)",
        "shuffle(1,2)",
        "${..x}",
    ),
    *(
        "a\nb",
        "a\tb",
        "\x1b[31mred",
        "\x07",
        "\u202eabc",
        "é" * 40,
        "日本語",
        "x" * 3000,
        "😀",
        "\\",
        "%s",
        "{}%d",
    ),
    *(
        "thesis",
        "./thesis",
        "other_job",
        "empty",
        "run",
        "run/metrics.csv",
        "..",
        ".",
        "/",
        "/dev/null",
        "/proc/1",
    ),
    *(
        "../../etc/passwd",
        "~",
        "$HOME",
        "`ls`",
        "$(ls)",
        ";ls",
        "a b",
        "-m",
        "--",
        "-1e3",
        "+1",
        "~1",
        "None",
    ),
    *(
        "os.system",
        "gan_lab.runs.run.Run",
        "builtins.eval",
        "gan_lab",
        "...",
        "a." * 1000,
        "gan_lab.objectives.gan.GAN",
    ),
    *(
        "wgan",
        "gan",
        "gp",
        "[gp,clip]",
        "[gp,gp]",
        "compose",
        "digits",
        "mlp_toy",
        "dcgan",
        "adam",
        "smoke",
        "eager",
    ),
]
_KEYS = [
    *(
        "hydra.run.dir",
        "hydra.sweep.dir",
        "hydra.sweep.subdir",
        "hydra.job.name",
        "hydra.mode",
        "hydra.verbose",
    ),
    *(
        "hydra/launcher",
        "hydra/sweeper",
        "hydra.output_subdir",
        "hydra.job.chdir",
        "nope",
        "train.nope",
        "a.b.c.d",
    ),
    *(
        "",
        " ",
        ".",
        "train.",
        ".seed",
        "seed.x",
        "_target_",
        "train._target_",
        "optimizer@critic_optimizer",
        "é",
        "a b",
    ),
    *(
        "metrics.every",
        "constraint.parts",
        "optimizer.betas",
        "constraint.weight",
        "constraint.bound",
        "x" * 400,
    ),
]
_PREFIXES = ("", "", "", "", "", "", "+", "++", "~", "+~", "-", "--", "@")
_FLAGS = [
    *(
        "-m",
        "--multirun",
        "--cfg",
        "--cfg job",
        "--cfg all",
        "--resolve",
        "--info",
        "--info all",
        "--info plugins",
    ),
    *(
        "--package train",
        "--config-name x",
        "--config-path /",
        "--config-dir thesis",
        "--config-dir nope",
        "-h",
        "--help",
    ),
    *(
        "--hydra-help",
        "--version",
        "-sc",
        "--shell-completion",
        "-x",
        "--experimental-rerun nope",
        "--run",
        "-",
        "--",
    ),
]
_OPTIONS = {
    "sample": ("--n", "--seed", "--out", "--format", "--gif", "--device", "--trust"),
    "interpolate": ("--paths", "--steps", "--seed", "--path", "--gif", "--out", "--device", "--trust"),
    "export": ("--format", "--out", "--trust"),
    "evaluate": ("--samples", "--dataset", "--n", "--out", "--seed", "--device", "--inception", "--trust"),
    "resume": ("--trust",),
    "report": ("-o", "--out", "--modes-share", "--frozen-range", "--distance-factor", "--end-measurements"),
    "runs": ("--all",),
    "board": ("--port", "--host", "--logdir", "--bind_all"),
}
_FOLDERS = (
    "run",
    "run",
    "run",
    "thesis",
    "other_job",
    "empty",
    "absent",
    "run/metrics.csv",
    ".",
    "run/samples",
    "",
)


def line(number: int) -> list[str]:
    """Return the arguments of a command line."""
    chance = random.Random(f"command line {number}")
    name = chance.choice(["train"] * 8 + ["distances", "prepare"] + list(_OPTIONS) + ["train"] * 3)
    if chance.random() < 0.02:
        name = chance.choice([*_VALUES, "trian", "--train", *COMMANDS])
    if name in _OPTIONS:
        return [name, *_plain(name, chance)]
    return [name, *_composed(name, chance, number)]


def _composed(name: str, chance: random.Random, number: int) -> list[str]:
    base = BASE.split() if name == "train" else ["dataset=ring8"] if name == "prepare" else []
    if name == "distances":
        base = [f"experiment={chance.choice(['parallel_lines', 'uniform_shift', 'nope', 'fgan_table'])}"]
    base += [f"hydra.run.dir=new{number}"]
    mutated = [_override(name, chance) for _ in range(chance.choice((1, 1, 1, 2, 3)))]
    flags = chance.choice(_FLAGS).split() if chance.random() < 0.12 else []
    words = [*base, *mutated, *flags]
    if "-m" in flags or "--multirun" in flags:
        words.append(f"hydra.sweep.dir=new{number}")
    if chance.random() < 0.05:
        chance.shuffle(words)
    return [word.replace("\0", "") for word in words]


def _override(name: str, chance: random.Random) -> str:
    keys = _known_keys(name)
    key = chance.choice(keys if chance.random() < 0.8 else _KEYS)
    if chance.random() < 0.05:
        key = _misspelt(key, chance)
    value = chance.choice(_VALUES)
    shape = chance.random()
    if shape < 0.03:
        return value
    if shape < 0.05:
        return key
    return f"{chance.choice(_PREFIXES)}{key}={value}"


def _misspelt(text: str, chance: random.Random) -> str:
    if not text:
        return "x"
    place = chance.randrange(len(text))
    return text[:place] + chance.choice(("", "x", ".", "/", text[place] * 2, "=", " ")) + text[place + 1 :]


def _plain(name: str, chance: random.Random) -> list[str]:
    words = [chance.choice(_FOLDERS)] if chance.random() < 0.9 else []
    for _ in range(chance.choice((0, 1, 1, 2))):
        words.append(chance.choice(_OPTIONS[name]))
        if chance.random() < 0.9:
            words.append(chance.choice(_VALUES))
    if name == "resume" and chance.random() < 0.7:
        key = chance.choice(("train.iterations", "train.execution", "device", "seed", "train.seeds", "nope"))
        words.append(f"{key}={chance.choice(_VALUES)}")
    if chance.random() < 0.2:
        words.append(chance.choice((*_VALUES, *_FLAGS)))
    return words


@functools.cache
def _known_keys(name: str) -> list[str]:
    """Return all keys of a config, those of nodes included, and the groups."""
    if name == "distances":
        return [
            "experiment",
            "experiment.n",
            "experiment.seed",
            "seed",
            "experiment.theta",
            "experiment._target_",
        ]
    groups = ["dataset", "objective", "constraint", "architecture", "optimizer", "panel", "experiment"]
    groups += ["architecture/critic", "architecture/generator", "constraint=gp constraint.weight"]
    return [*groups, *_paths(compose_config("dataset=ring8", "objective=wgan_gp"))]


def _paths(node: Mapping[str, Any], above: str = "") -> list[str]:
    found = []
    for key, value in node.items():
        found.append(f"{above}{key}")
        if isinstance(value, dict):
            found += _paths(value, f"{above}{key}.")
    return found


def options_of(group: str) -> list[str]:
    """Return the options of a config group."""
    return sorted(list_options(group, [config_folder()]))
