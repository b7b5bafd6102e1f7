"""What the optimal discriminator of two Gaussians tells a generator that can only move one of them.

The data are P = N(0, 1), the generator makes Q = N(t, 1) by adding t to its latent, and its parameter is t.
The optimal discriminator D* = p / (p + q) is known, and with it the game's value and the gradient of either
of the generator's costs: all integrals here are one-dimensional, taken by adaptive quadrature.

Reference:
    Goodfellow et al., "Generative Adversarial Nets", 2014, proposition 1 and theorem 1.
    Arjovsky and Bottou, "Towards Principled Methods for Training Generative Adversarial Networks", 2017,
    arXiv 1701.04862, theorems 2.4 and 2.5.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import expit, log_ndtr

from gan_lab.config.checks import Settings
from gan_lab.distances.divergences import jensen_shannon
from gan_lab.distances.line import Gaussian

Values = NDArray[np.float64]

# standard deviations, beyond which a Gaussian holds less than 1e-88 of its mass
_REACH = 20.0
_TOLERANCE = 1e-14


@dataclass(frozen=True)
class ShiftedGaussian(Settings):
    """N(0, 1) as the data against N(t, 1) as the samples, and their optimal discriminator.

    Attributes:
        shift: t, the distance between the means in units of their standard deviation; of either sign.
    """

    shift: float

    def score(self, x: Values) -> Values:
        """Return log p(x) / q(x) = t (t/2 - x), of which D* is the logistic function; any shape."""
        return self.shift * (self.shift / 2 - x)

    def discriminator(self, x: Values) -> Values:
        """Return D*(x) = p / (p + q), the probability that x is real; any shape."""
        probability: Values = expit(self.score(x))
        return probability

    def log_error(self) -> float:
        """Return the logarithm of the share of samples that D* takes for the wrong kind, Phi(-|t| / 2).

        No discriminator makes fewer mistakes: this is Bayes' error, (1 - TV) / 2. The logarithm, since the
        share itself falls below float64 at t = 76.
        """
        return float(log_ndtr(-abs(self.shift) / 2))

    def jensen_shannon(self) -> float:
        """Return JSD(P, Q) = (KL(P|M) + KL(Q|M)) / 2, M = (P + Q) / 2, in nats, at most log 2."""
        return jensen_shannon(Gaussian(0.0, 1.0), Gaussian(self.shift, 1.0))

    def value(self) -> float:
        """Return the game's value E_P log D* + E_Q log(1 - D*) = 2 JSD - 2 log 2, in nats."""
        return 2 * self.jensen_shannon() - 2 * math.log(2)

    def original_gradient(self) -> float:
        """Return the derivative by t of the original cost E_Q log(1 - D*), with D* held fixed.

        It is t E_Q[D*]. Because D* is optimal, it is also the derivative of the value, 2 dJSD/dt: it vanishes
        at both ends, where nothing is left to do and where D* no longer errs.
        """
        return self.shift * self._mean(self.discriminator)

    def alternative_gradient(self) -> float:
        """Return the derivative by t of the alternative cost -E_Q log D*, with D* held fixed.

        It is t E_Q[1 - D*], the derivative of KL(Q|P) - 2 JSD (theorem 2.5): with KL(Q|P) = t^2 / 2, it is
        t less the original gradient, and grows without bound. The identity holds for the JSD with its 1/2,
        not for the sum KL(P|M) + KL(Q|M), which some slides call JSD.
        """
        return self.shift * self._mean(lambda x: expit(-self.score(x)))

    def gradient_spread(self) -> float:
        """Return the standard deviation of one sample's gradient, |t| sd_Q[D*]: the same for both costs.

        The mean of n samples has 1/sqrt(n) of it.
        """
        mean = self._mean(self.discriminator)
        return abs(self.shift) * math.sqrt(self._mean(lambda x: np.square(self.discriminator(x) - mean)))

    def _mean(self, function: Callable[[Values], Values]) -> float:
        """Return E_Q[function(x)], to about 1e-13."""

        def weighted(x: float) -> float:
            density = math.exp(-((x - self.shift) ** 2) / 2) / math.sqrt(2 * math.pi)
            return float(function(np.asarray(x))) * density

        # D* turns at t/2, in a stretch of length 1/t: what it errs is made there and beyond, however far
        reach = max(_REACH, abs(self.shift))
        low, high = self.shift - reach, self.shift + reach
        breaks = [x for x in (0.0, self.shift / 2, self.shift) if low < x < high]
        value, _ = quad(weighted, low, high, points=breaks, epsabs=_TOLERANCE, epsrel=1e-12, limit=400)
        return float(value)
