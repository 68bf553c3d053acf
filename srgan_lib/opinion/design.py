"""Who sees what in which order: a plan for each rater, which follows from the study's salt and the rater's number."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from srgan_lib.opinion.study import ORIGINAL, Study

#: One vote: the codes of the images shown. Of a pair the left, the right and, where it is asked, the original.
Trial = tuple[str, ...]


def plan(study: Study, rater: int) -> list[Trial]:
    """Plan what one rater sees, in order.

    No image follows itself by another method where that can be avoided. Where a rater cannot see all, raters take turns,
    so that all is seen equally often. Repeats come at the end's third, of what was seen in the first half.

    Parameters
    ----------
    rater : from 1.
    """
    rng = np.random.default_rng([int(study.salt[:15], 16), rater])
    trials = _spread_out(_share(study, rater), rng)
    repeats = min(study.design.repeats, len(trials) // 4)
    chosen = rng.choice(len(trials) // 2, repeats, replace=False)
    for index in chosen:
        place = rng.integers(2 * len(trials) // 3, len(trials) + 1)
        trials.insert(int(place), trials[index])
    pictured = [_codes(study, *trial) for trial in trials]
    if study.design.kind == "rating":
        return pictured
    # Which of a pair is on the left is drawn anew, for a repeat as well.
    return [
        (second, first, *rest) if rng.random() < 0.5 else (first, second, *rest) for first, second, *rest in pictured
    ]


def trials_of(study: Study) -> list[tuple[int, tuple[str, ...]]]:
    """List everything that can be asked: the image's number and its method, or its pair of methods."""
    asked = [(method,) for method in study.methods]
    if study.design.kind == "pairs":
        asked = list(combinations(study.methods, 2))
    return [(image, methods) for image in range(len(study.images)) for methods in asked]


def _share(study: Study, rater: int) -> list[tuple[int, tuple[str, ...]]]:
    """Choose what one rater is asked: whole images of a rating, so that methods are compared within images; any pairs."""
    everything = trials_of(study)
    if len(everything) <= study.design.votes:
        return everything
    if study.design.kind == "rating":
        count = max(study.design.votes // len(study.methods), 1)
        seen = {((rater - 1) * count + turn) % len(study.images) for turn in range(count)}
        return [trial for trial in everything if trial[0] in seen]
    order = np.random.default_rng(int(study.salt[:15], 16)).permutation(len(everything))
    start = (rater - 1) * study.design.votes
    return [everything[order[(start + turn) % len(everything)]] for turn in range(study.design.votes)]


def _spread_out(
    trials: list[tuple[int, tuple[str, ...]]], rng: np.random.Generator
) -> list[tuple[int, tuple[str, ...]]]:
    """Shuffle so that an image does not follow itself, as long as others are left."""
    left: dict[int, list[tuple[int, tuple[str, ...]]]] = {}
    for index in rng.permutation(len(trials)):
        left.setdefault(trials[index][0], []).append(trials[index])
    ordered: list[tuple[int, tuple[str, ...]]] = []
    while left:
        last = ordered[-1][0] if ordered else None
        others = [image for image in left if image != last] or list(left)
        weights = np.array([len(left[image]) for image in others], float)
        image = others[int(rng.choice(len(others), p=weights / weights.sum()))]
        ordered.append(left[image].pop())
        if not left[image]:
            del left[image]
    return ordered


def _codes(study: Study, image: int, methods: tuple[str, ...]) -> Trial:
    beside = (ORIGINAL,) if study.design.kind == "pairs" and study.design.question == "original" else ()
    return tuple(study.code(image, method) for method in (*methods, *beside))
