"""What trackers list of a run beside its numbers."""

from pathlib import Path

import yaml

from gan_lab.runs.record import RunRecord
from gan_lab.tracking.hyperparameters import hyperparameters_of


def test_several_constraints_are_listed_by_their_names(tmp_path: Path) -> None:
    parts = {"gp": {"weight": 10.0}, "clip": {"bound": 0.01}}
    config = {"constraint": {"_target_": "gan_lab.Compose", "parts": parts}, "seed": 1}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    record = RunRecord(tmp_path, "completed", choices={"objective": "wgan", "constraint": "compose"})
    listed = hyperparameters_of(record)
    assert (listed["objective"], listed["constraint"]) == ("wgan", "[gp,clip]")
    assert listed["constraint.parts.gp.weight"] == 10.0
