"""Simulated raters: votes of observers with known bias, inconsistency and carelessness.

For planning, teaching and tests. Whatever comes of them is labelled *simulated*.

A careful rater r votes on image i by method m: round(q_m + c_i + w_im + b_r + n), cut to 1 to 5, with the method's
quality q, the image's effect c, that of both together w, the rater's bias b, and noise n of the rater's inconsistency. A
careless one votes by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm


@dataclass(frozen=True)
class Observers:
    """Standard deviations on the scale of 1 to 5, and the share of careless raters.

    Attributes
    ----------
    bias : between raters.
    inconsistency, inconsistency_spread : of a rater's single votes, its median over raters and its relative spread.
    image, image_method : between images, and of methods on single images.
    careless : probability that a rater votes by chance.
    """

    bias: float = 0.4
    inconsistency: float = 0.7
    inconsistency_spread: float = 0.25
    image: float = 0.3
    image_method: float = 0.3
    careless: float = 0.0


@dataclass(frozen=True)
class SimulatedStudy:
    """A study whose truth is known.

    Attributes
    ----------
    votes : R×I×M.
    careless : R, whether a rater votes by chance.
    shown : I×M, quality of each image by each method.
    qualities : M, of the methods.
    observers : who voted.
    """

    votes: np.ndarray
    careless: np.ndarray
    shown: np.ndarray
    qualities: np.ndarray
    observers: Observers

    @property
    def expected_here(self) -> np.ndarray:
        """M, expected mean vote of careful raters on these images."""
        return expected_vote(self.shown, self.observers).mean(0)

    @property
    def expected_kind(self) -> np.ndarray:
        """M, the same on images of this kind."""
        of_images = np.hypot(self.observers.image, self.observers.image_method)
        return expected_vote(self.qualities, self.observers, further=of_images)


def even_qualities(methods: int, lowest: float = 1.3, highest: float = 4.5) -> np.ndarray:
    """Spread the qualities of methods evenly over the scale."""
    return np.linspace(lowest, highest, methods)


def simulate_study(
    qualities: Sequence[float] | np.ndarray, raters: int, images: int, observers: Observers, rng: np.random.Generator
) -> SimulatedStudy:
    """Draw a study: images, raters and their votes.

    Parameters
    ----------
    qualities : of the methods, on the scale of 1 to 5.
    """
    quality = np.asarray(qualities, float)
    methods = len(quality)
    shown = (
        quality + rng.normal(0, observers.image, (images, 1)) + rng.normal(0, observers.image_method, (images, methods))
    )
    bias = rng.normal(0, observers.bias, raters)
    noise = observers.inconsistency * np.exp(rng.normal(0, observers.inconsistency_spread, raters))
    heard = shown + bias[:, None, None] + noise[:, None, None] * rng.normal(size=(raters, images, methods))
    careless = rng.random(raters) < observers.careless
    votes = np.where(
        careless[:, None, None], rng.integers(1, 6, (raters, images, methods)), np.clip(np.rint(heard), 1, 5)
    )
    return SimulatedStudy(votes, careless, shown, quality, observers)


def simulate_preferences(
    qualities: np.ndarray, pairs: np.ndarray, careless: bool, observers: Observers, rng: np.random.Generator
) -> np.ndarray:
    """Draw one rater's preferences.

    Parameters
    ----------
    qualities : I×M, of each image by each method.
    pairs : N×3, image and two methods of each vote.

    Returns
    -------
    N: 0 where the first method is preferred, 1 where the second.
    """
    image, first, second = pairs.T
    gap = qualities[image, second] - qualities[image, first]
    noise = np.sqrt(2) * observers.inconsistency * rng.normal(size=len(pairs))
    return np.where(careless, rng.integers(0, 2, len(pairs)), (gap + noise > 0).astype(int))


def expected_vote(quality: np.ndarray, observers: Observers, further: float = 0.0) -> np.ndarray:
    """Compute the expected vote of a careful rater, rounding and the ends of the scale included.

    Parameters
    ----------
    quality : of any shape.
    further : standard deviation of what else varies, the images' perhaps.
    """
    # Inconsistency is lognormal: Gauss–Hermite quadrature over its logarithm.
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    noise = observers.inconsistency * np.exp(observers.inconsistency_spread * nodes)
    spread = np.sqrt(noise**2 + observers.bias**2 + further**2)
    thresholds = np.arange(1.5, 5)
    above = norm.cdf((np.asarray(quality)[..., None, None] - thresholds[:, None]) / spread)
    return 1 + (above * weights).sum(-1).sum(-1) / weights.sum()
