"""What a config may name, and what happens to one from a stranger that names something else."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gan_lab.config.build import build, make
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.constraints.base import Constraint
from gan_lab.constraints.clip import WeightClip
from gan_lab.objectives.base import Objective
from gan_lab.objectives.wasserstein import Wasserstein
from support.command_line import gan_lab
from support.configs import TOY, Train

CLIP = "gan_lab.constraints.clip.WeightClip"

PLUG_IN = """
import os
import pathlib
from dataclasses import dataclass
from gan_lab.objectives.wasserstein import Wasserstein

@dataclass(frozen=True)
class Mine(Wasserstein):
    scale: float = 1.0
"""


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a package of a user's own, ready to be imported."""
    name = "a_users_package"
    (tmp_path / "lib" / name).mkdir(parents=True)
    (tmp_path / "lib" / name / "__init__.py").write_text("")
    (tmp_path / "lib" / name / "objective.py").write_text(PLUG_IN)
    monkeypatch.syspath_prepend(tmp_path / "lib")
    yield name
    for module in [module for module in sys.modules if module.split(".")[0] == name]:
        del sys.modules[module]


def test_a_node_becomes_its_class() -> None:
    assert build({"_target_": CLIP, "bound": 1}, Constraint, "constraint") == WeightClip(1.0)


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "builtins.eval",
        "subprocess.Popen",
        "torch.load",
        "pathlib.Path",
        "gan_labour.x.Y",
        "eval",
        "",
    ],
)
def test_targets_outside_the_packages_are_refused(target: str) -> None:
    with pytest.raises(UserError, match=r"^constraint\._target_ names .*, outside the packages"):
        build({"_target_": target}, Constraint, "constraint")


def test_a_module_that_is_refused_is_not_even_imported(plug_in: str) -> None:
    with pytest.raises(UserError, match=r"trusted=\[a_users_package\] to train"):
        build({"_target_": f"{plug_in}.objective.Mine"}, Objective, "objective")
    assert f"{plug_in}.objective" not in sys.modules


@pytest.mark.parametrize(
    "target",
    [
        "gan_lab.cli.main.os.system",  # through a module of ours to one that it imports
        "gan_lab.cli.main.os",
        "gan_lab.cli.main.main",  # a function
        "gan_lab.runs.run.Run",  # a class that is no setting
        "gan_lab.objectives.wasserstein.Wasserstein",  # a setting of another kind
        "gan_lab.constraints.clip.NoSuch",
        "gan_lab.no_such_module.WeightClip",
        "gan_lab.constraints.clip",  # a module
        "gan_lab.constraints.clip.WeightClip.__init__",
        "gan_lab.config.checks.Any",
        "gan_lab..clip.WeightClip",
        "gan_lab.",
        "gan_lab",
        "gan_lab.constraints.clip\0.WeightClip",
    ],
)
def test_targets_in_gan_lab_that_are_no_such_setting_are_refused(target: str) -> None:
    with pytest.raises(UserError, match=r"^constraint\._target_ "):
        build({"_target_": target}, Constraint, "constraint")


def test_an_abstract_class_is_refused() -> None:
    with pytest.raises(UserError, match=r"^objective\._target_ "):
        build({"_target_": "gan_lab.objectives.base.Objective"}, Objective, "objective")


@pytest.mark.parametrize("node", [None, 3, "gan", [CLIP], {}, {"bound": 1}, {"_target_": 3}])
def test_a_node_without_a_target_is_refused(node: object) -> None:
    with pytest.raises(UserError, match=r"^constraint must be a mapping with a _target_; got "):
        build(node, Constraint, "constraint")


def test_parts_are_held_to_the_same_rules() -> None:
    def compose(**part: Any) -> dict[str, Any]:
        return {"_target_": "gan_lab.constraints.compose.Compose", "parts": {"a": part}}

    built = build(compose(_target_=CLIP, bound=2), Constraint, "constraint")
    assert built.parts == {"a": WeightClip(2.0)}
    with pytest.raises(UserError, match=r"^constraint\.parts\.a\._target_ names os\.system"):
        build(compose(_target_="os.system", command="true"), Constraint, "constraint")
    with pytest.raises(
        UserError, match=r"^constraint\.parts\.a\.bound must be a number greater than 0; got -1"
    ):
        build(compose(_target_=CLIP, bound=-1), Constraint, "constraint")
    with pytest.raises(UserError, match=r"^constraint\.parts"):
        build(compose(_target_="gan_lab.objectives.wasserstein.Wasserstein"), Constraint, "constraint")


def test_settings_have_to_be_known_and_complete() -> None:
    with pytest.raises(UserError, match=r"^constraint\.bond is not a setting of WeightClip; it has bound\.$"):
        build({"_target_": CLIP, "bond": 1}, Constraint, "constraint")
    with pytest.raises(
        UserError, match=r"^objective\.bound is not a setting of Wasserstein; it has no settings\.$"
    ):
        make(Wasserstein, {"bound": 1}, "objective")
    with pytest.raises(UserError, match=r"^constraint\.parts is missing; Compose has parts\.$"):
        build({"_target_": "gan_lab.constraints.compose.Compose"}, Constraint, "constraint")
    with pytest.raises(
        BadValueError, match=r"^constraint\.bound must be a number greater than 0; got 'x'\.$"
    ):
        build({"_target_": CLIP, "bound": "x"}, Constraint, "constraint")


def test_a_package_that_the_user_trusts_can_be_named(plug_in: str) -> None:
    built = build({"_target_": f"{plug_in}.objective.Mine", "scale": 2}, Objective, "objective", [plug_in])
    assert type(built).__name__ == "Mine"
    assert built.scale == 2.0


@pytest.mark.parametrize("name", ["os.system", "pathlib.Path", "os"])
def test_trust_does_not_reach_what_a_package_imports(plug_in: str, name: str) -> None:
    with pytest.raises(UserError, match=r"^objective\._target_ "):
        build({"_target_": f"{plug_in}.objective.{name}"}, Objective, "objective", [plug_in])


def test_a_class_that_a_trusted_module_only_imported_is_refused(plug_in: str, tmp_path: Path) -> None:
    """Even where it is of the right kind: its own module has to be trusted, too."""
    other = tmp_path / "lib" / "another_package.py"
    other.write_text(PLUG_IN)
    (tmp_path / "lib" / plug_in / "again.py").write_text("from another_package import Mine\n")
    with pytest.raises(UserError, match=r"^objective\._target_ names .*, outside the packages"):
        build({"_target_": f"{plug_in}.again.Mine"}, Objective, "objective", [plug_in])


def test_a_strangers_run_folder_executes_nothing(train: Train, tmp_path: Path) -> None:
    run = train("run", *TOY, "objective=gan", "train.iterations=2")
    witness = tmp_path / "executed"
    config = yaml.safe_load((run / "config.yaml").read_text())
    attack = {"_target_": "os.system", "command": f"touch {witness}"}
    before = (run / "run.json").read_bytes()
    for key in ("objective", "constraint", "optimizer", "dataset", "critic_optimizer"):
        # a config that trusts for itself what it names is a stranger's word
        (run / "config.yaml").write_text(yaml.safe_dump(config | {key: attack, "trusted": ["os", "posix"]}))
        for command in (["sample", str(run)], ["resume", str(run), "train.iterations=3"]):
            called = gan_lab(*command)
            assert called.status == 2
            assert called.err.startswith(f"gan-lab: {key}._target_ names os.system, outside the packages")
            assert called.err.count("\n") == 1
    assert not witness.exists()
    assert (run / "run.json").read_bytes() == before
    assert not (run / "generated").exists()


def test_yaml_that_asks_for_objects_is_refused(train: Train, tmp_path: Path) -> None:
    run = train("run", *TOY, "objective=gan", "train.iterations=2")
    witness = tmp_path / "executed"
    text = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(f"{text}\nextra: !!python/object/apply:os.system ['touch {witness}']\n")
    called = gan_lab("sample", str(run))
    assert (called.status, witness.exists()) == (2, False)
    assert "config.yaml is not valid YAML" in called.err


def test_trust_comes_from_whoever_reads_the_run(train: Train, plug_in: str) -> None:
    """A run of a user's own objective: its config alone does not make it run again, --trust does."""
    run = train("run", *TOY, "objective=wgan", "constraint=none", "train.iterations=2")
    config = yaml.safe_load((run / "config.yaml").read_text())
    config |= {"objective": {"_target_": f"{plug_in}.objective.Mine", "scale": 1.0}, "trusted": [plug_in]}
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    refused = gan_lab("sample", str(run), "--n", "2")
    assert refused.status == 2
    assert f"--trust {plug_in} to sample or resume" in refused.err
    assert gan_lab("sample", str(run), "--n", "2", "--trust", plug_in).status == 0
    assert json.loads((run / "run.json").read_text())["status"] == "completed"
