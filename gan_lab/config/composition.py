"""Keys that composition alone reads: what they decide stands in settings of the config, too.

Whoever reads, checks, leaves out or drops such a key takes it from this table.
"""

from typing import Any, NamedTuple

from gan_lab.config.checks import Decay, NonNegativeInt, PositiveFloat


class CompositionKey(NamedTuple):
    """A key at the top of conf/config.yaml that files of conf/ read.

    Attributes:
        name: as it is typed.
        resolver: what reads it, after ``gan_lab.``; empty for a plain ``${name}``.
        reader: whose file does, in words: an option as it is chosen, where one alone does; empty where it is
            never refused for being read by nobody.
        setter: the setting that it decides; empty for many. A setting that is typed stands in its place.
        rule: what it may be; None where its readers check that.
        of_experiments: whether it is a choice of a run of an experiment, and belongs to one.
        of_datasets: whether a dataset may set it, too.
        trace: what stands in a config where it is read; empty where that is the interpolation itself.
        is_kept: whether it stays in the config, and counts in its hash.
    """

    name: str
    resolver: str = ""
    reader: str = ""
    setter: str = ""
    rule: Any = None
    of_experiments: bool = False
    of_datasets: bool = False
    trace: str = ""
    is_kept: bool = False

    @property
    def group(self) -> str:
        """The group of the one option that reads it; empty without one."""
        return self.reader.partition("=")[0] if "=" in self.reader else ""

    @property
    def option(self) -> str:
        """The one option that reads it; empty without one."""
        return self.reader.partition("=")[2]

    @property
    def interpolation(self) -> str:
        """What stands in a config that is not resolved, where the key is read."""
        if self.trace:
            return self.trace
        return f"${{gan_lab.{self.resolver}:" if self.resolver else f"${{{self.name}}}"

    @property
    def setters(self) -> frozenset[str]:
        """The settings that it decides: that of a lone option, and that of one among several."""
        if not self.setter:
            return frozenset()
        part = self.setter.replace(f"{self.group}.", f"{self.group}.parts.{self.option}.", 1)
        return frozenset({self.setter, part if self.group else self.setter})

    @property
    def instead(self) -> str:
        """What reads it and what is to be typed where that is not there, as the end of a sentence."""
        reads = f"{self.reader} reads it"
        return f"{reads}, and {self.setter} sets it" if self.setter else reads


TABLE = (
    CompositionKey("scale", "scale", of_experiments=True),
    CompositionKey("draw", "", "experiment=robustness", rule=NonNegativeInt, of_experiments=True),
    CompositionKey(
        "learning_rate",
        "rate",
        "an optimizer whose rate nothing else sets",
        "optimizer.lr",
        PositiveFloat,
        of_experiments=True,
        of_datasets=True,
    ),
    CompositionKey("gp_weight", "gp_weight", "constraint=gp", "constraint.weight", PositiveFloat),
    CompositionKey("adam_beta1", "adam_beta1", "optimizer=adam", "optimizer.beta1", Decay),
    CompositionKey("r1_weight", "r1_weight", "constraint=r1", "constraint.weight", PositiveFloat),
    CompositionKey(
        "label_distance", "label_distance", "objective=lsgan", "objective.label_distance", PositiveFloat
    ),
    CompositionKey("clip_bound", "clip_bound", "constraint=clip", "constraint.bound", PositiveFloat),
    CompositionKey(
        "clip_lr_share",
        "clip_lr_share",
        "constraint=clip",
        "critic_lr_share",
        PositiveFloat,
        trace="constraints.clip.WeightClip",
    ),
    CompositionKey("critic_norm", "", "a DCGAN critic", "architecture.critic.norm", is_kept=True),
)
