"""Observers with known bias, inconsistency and carelessness: their votes, simulated, and what a study of them can show.

Votes are for teaching and tests. Whatever comes of them is labelled *simulated*.

A careful rater r votes on image i by method m: round(q_m + c_i + w_im + b_r + n), cut to 1 to 5, with the method's
quality q, the image's effect c, that of both together w, the rater's bias b, and noise n of the rater's inconsistency.
A careless one votes by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import nctdtrinc

from srgan_lib.evaluation.statistics import student_quantile

POWER = 0.8  #: probability with which the smallest detectable difference is found


@dataclass(frozen=True)
class Observers:
    """Standard deviations on the scale of 1 to 5, and the share of careless raters."""

    bias: float = 0.4  #: between raters
    inconsistency: float = 0.7  #: of a rater's single votes: the median over raters
    inconsistency_spread: float = 0.25  #: of raters' inconsistencies, relative
    image: float = 0.3  #: between images
    image_method: float = 0.3  #: of methods on single images
    careless: float = 0.0  #: probability that a rater votes by chance


class SimulatedStudy(NamedTuple):
    """A study whose truth is known."""

    votes: np.ndarray  #: R×I×M
    careless: np.ndarray  #: R, whether a rater votes by chance
    shown: np.ndarray  #: I×M, quality of each image by each method


def simulate_study(
    qualities: np.ndarray, raters: int, images: int, observers: Observers, rng: np.random.Generator
) -> SimulatedStudy:
    """Draw a study: images, raters and their votes. The methods' qualities are on the scale of 1 to 5."""
    methods = len(qualities)
    shown = qualities + rng.normal(0, observers.image, (images, 1))
    shown = shown + rng.normal(0, observers.image_method, (images, methods))
    bias = rng.normal(0, observers.bias, raters)
    noise = observers.inconsistency * np.exp(rng.normal(0, observers.inconsistency_spread, raters))
    heard = shown + bias[:, None, None] + noise[:, None, None] * rng.normal(size=(raters, images, methods))
    careless = rng.random(raters) < observers.careless
    guessed = rng.integers(1, 6, heard.shape)
    votes = np.where(careless[:, None, None], guessed, np.clip(np.rint(heard), 1, 5))
    return SimulatedStudy(votes, careless, shown)


def simulate_preferences(
    qualities: np.ndarray, pairs: np.ndarray, careless: bool, observers: Observers, rng: np.random.Generator
) -> np.ndarray:
    """Draw one rater's preferences: 0 where the first method is preferred, 1 where the second.

    Qualities are I×M, of each image by each method; pairs are N×3, image and two methods of each vote.
    """
    image, first, second = pairs.T
    gap = qualities[image, second] - qualities[image, first]
    noise = np.sqrt(2) * observers.inconsistency * rng.normal(size=len(pairs))
    return np.where(careless, rng.integers(0, 2, len(pairs)), (gap + noise > 0).astype(int))


def detectable(raters: int, images: int, observers: Observers) -> tuple[float, float]:
    """Compute the smallest difference of two methods, in grades, that a study finds in four of five cases.

    There is one for these images, and one for images of this kind. All of two or more raters see both methods of all
    of two or more images. Found means that the difference's 95 % interval
    (:func:`~srgan_lib.evaluation.statistics.crossed_mean`) lies above 0. A mean over its estimated standard error
    follows the noncentral t distribution. The methods lie near the middle of the scale, where its ends do not press
    differences together.
    """
    # Of the difference's mean: two votes' noise, lognormal over raters, each rounded to a grade; two methods an image.
    noise = observers.inconsistency**2 * np.exp(2 * observers.inconsistency_spread**2) + 1 / 12
    of_raters = 2 * noise / (raters * images)
    of_images = of_raters + 2 * observers.image_method**2 / images
    degrees = of_images**2 / (of_raters**2 / (raters - 1) + of_images**2 / (images - 1))
    error = np.sqrt(of_images)
    these, kind = (
        float(error * nctdtrinc(freedom, 1 - POWER, student_quantile(freedom) * np.sqrt(estimated) / error))
        for estimated, freedom in ((of_raters, raters - 1), (of_images, float(np.clip(degrees, 1, raters + images))))
    )
    return these, kind
