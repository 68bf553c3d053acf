"""How far raters agree with each other: Krippendorff's alpha."""

from __future__ import annotations

import numpy as np

GRADES = np.arange(1, 6)


def krippendorff_alpha(votes: np.ndarray) -> float:
    """Compute Krippendorff's alpha of votes on an ordinal scale: 1 all agree, 0 as by chance.

    Parameters
    ----------
    votes : R raters × anything, whole grades from 1 to 5, NaN where there is none.

    Returns
    -------
    float
        NaN where no image has two votes; 1 where all votes are equal, and there is nothing to disagree on.

    References
    ----------
    K. Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011.
    """
    table = votes.reshape(len(votes), -1)
    counts = (table[:, :, None] == GRADES).sum(0).astype(float)  # images × grades
    counts = counts[counts.sum(1) >= 2]
    if not len(counts):
        return float("nan")
    pairs = counts.sum(1)[:, None, None] - 1
    together = ((counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(len(GRADES))) / pairs).sum(0)
    margin = together.sum(1)
    expected = (np.outer(margin, margin) - np.diag(margin)) / (margin.sum() - 1)
    middle = np.cumsum(margin) - margin / 2
    distance = (middle[:, None] - middle[None, :]) ** 2
    disagreement = (expected * distance).sum()
    return float(1 - (together * distance).sum() / disagreement) if disagreement else 1.0
