"""The failure rule of a report: where it draws its lines, and the paragraph that says so."""

from dataclasses import dataclass

from gan_lab.config.checks import PositiveFloat, PositiveInt
from gan_lab.diagnosis.observed import END_MEASUREMENTS
from gan_lab.diagnosis.samples import Lines
from gan_lab.diagnosis.words import percent


@dataclass(frozen=True)
class FailureRule(Lines):
    """Where the failure rule draws its lines: any such line is arbitrary, so a report also varies them.

    Attributes:
        frozen_range: largest range, over its mean, of the distance of samples that no longer change.
        end_measurements: how many of the last measurements the median is taken of.
    """

    frozen_range: PositiveFloat = 0.01
    end_measurements: PositiveInt = END_MEASUREMENTS

    def describe(self) -> str:
        """Return the rule as one paragraph for readers of a report."""
        return (
            "A run has failed if it diverged; or if, at its end, it hits fewer than "
            f"{percent(self.modes_share)} of the modes that real samples hit, or as unevenly as if there "
            "were fewer (exp(d_real - d) is below that share, of the KL divergences of real samples' "
            "histogram and of its own), or its recall is "
            f"below {percent(self.recall_share)} of theirs, or its samples are not good enough: labelled "
            f"images with a coverage below {percent(self.coverage_share)} of that of real ones, points of "
            f"a mixture with a share of high quality below {percent(self.high_quality_share)} of that of "
            f"real ones, any other samples at a distance above {self.distance_factor:g} times that between "
            "two real samples, or, where that is W1, closer together than real ones (a debiased distance of "
            "more than three times its scatter, and two samples of the generator less than "
            f"{percent(self.spread_share)} as far apart as real ones). It has collapsed where quality is "
            "there and diversity is not: points of a "
            "mixture with that share of high quality, other samples with a precision of "
            f"{percent(self.precision_share)} of that of real ones and, of labelled images, a share of those "
            f"of a clear class of {percent(self.confident_share)}, of too few modes, in the plane also of "
            "too little recall; on images recall and coverage do not tell blurred samples from few. Else "
            "it is poor; or untrained, where next to no sample is good (below "
            f"{percent(self.recall_share)} of what real ones have) and the distance is at least "
            f"{percent(self.untrained_share)} of the first one measured. A run that fell short in any of "
            f"these ways, and whose distance ranged over less than {percent(self.frozen_range)} of its "
            "mean in the second half of training, is called frozen instead. The end is the median of the "
            f"last {self.end_measurements} measurements. Runs that did not end, and those without "
            "measurements, are counted but judged neither way."
        )
