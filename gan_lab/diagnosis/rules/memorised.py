"""Samples that are copies of training images."""

import re

from gan_lab.diagnosis.observed import Observed
from gan_lab.diagnosis.rule import Rule
from gan_lab.diagnosis.words import end_of
from gan_lab.runs.finding import Finding
from gan_lab.tags.names import COPIED_SHARE, floor_tag

_SHARE = 0.5
_FEWEST = 10  # copies among real samples
_EVALUATED = re.compile(r"_n(?P<n>\d{1,9})(?!\d)")


def judge(run: Observed) -> Finding | None:
    """Return that samples are copies of training images about as often as training images are of one another.

    Draws of n images from a dataset of N repeat those among n others with a share of 1 - exp(-n/N), which is
    the floor; a generator that knows nothing but its images gets as much, and one that makes its own gets
    next to nothing. Half of the floor is nearer to the former. Fewer than ten copies among real samples are
    too few to compare with.
    """
    share, floor = run.end(COPIED_SHARE), run.end(floor_tag(COPIED_SHARE))
    samples = _samples_of(run)
    if not run.record.data or not floor * samples >= _FEWEST or not share >= _SHARE * floor:
        return None
    text = (
        f"The generator has memorised its images: {end_of(run, COPIED_SHARE, '.1%')} of its samples are "
        f"copies of some of {samples:,.0f} training images; of other training images, drawn again, "
        f"{floor:.1%} are."
    )
    return Finding("memorised", "warning", text, _remedy(run))


def _samples_of(run: Observed) -> float:
    """Return how many samples the share is of: what ``gan-lab evaluate`` drew is said by its file's name."""
    if evaluated := _EVALUATED.search(run.record.evaluated):
        return float(evaluated["n"])
    return run.number("metrics.samples") or 0


def _remedy(run: Observed) -> str:
    """Return penalties of the critic and the norm that it has, or layer norm instead of batch norm.

    Batch norm would leave the first penalty idle; and which norm a critic has may hang on the constraint in
    whose place they come. Not ``critic_norm``, which decides nothing in a critic of one's own, or where the
    setting was typed.
    """
    key, way = "architecture.critic.norm", "constraint=[gp,consistency]"
    norm = run.settings.get(key)
    return way if norm is None else f"{way} {key}={'layer' if norm == 'batch' else norm}"


RULE = Rule(
    name="memorised",
    needs=(COPIED_SHARE, floor_tag(COPIED_SHARE)),
    judge=judge,
    symptom="Every sample is one of the training images.",
    shows=f"`{COPIED_SHARE}` at half of its floor or more, where training images are drawn twice often "
    "enough.",
    cause="A dataset of a few images, a large generator and many iterations: the distance to the dataset, "
    "which the critic estimates, is smallest for a generator that repeats it.",
    cure="More images; a smaller generator (`architecture.generator.width`); fewer `train.iterations`; a "
    "critic that must not tell flips and shifts apart (`constraint=[gp,consistency]`, with "
    "`critic_norm=layer` where it has batch norm, beside which a gradient penalty bounds nothing).",
)
