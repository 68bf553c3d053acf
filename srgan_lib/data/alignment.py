"""Whether LR images belong to their HR images, pixel for pixel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from srgan_lib.data.levels import luminance
from srgan_lib.data.pairs import Pair
from srgan_lib.data.resize import imresize

REACH = 3  #: LR pixels that shifts are searched in, each way


def check_alignment(pairs: Sequence[Pair], scale: int) -> pd.DataFrame:
    """Find the shift at which each LR image fits its HR image best, and the remaining difference.

    HR is shrunk with MATLAB's bicubic and compared with LR at every shift of up to 3 LR pixels. LR that was made from HR
    in this way passes by construction; the check is for LR from files.

    Returns
    -------
    One row per pair that has an LR image: image, shift_rows, shift_columns (LR pixels; 0 is right) and
    difference (root mean square of the luminance, in levels).
    """
    rows = [(pair.image, *best_shift(pair.lr, imresize(pair.hr, 1 / scale))) for pair in pairs if pair.lr is not None]
    return pd.DataFrame(rows, columns=["image", "shift_rows", "shift_columns", "difference"])


def best_shift(lr: np.ndarray, shrunk: np.ndarray) -> tuple[int, int, float]:
    """Return the (rows, columns) by which ``lr`` is shifted against ``shrunk``, and the remaining difference."""
    first, second = luminance(lr), luminance(shrunk)
    height, width = first.shape
    reach = min(REACH, (height - 1) // 2, (width - 1) // 2)
    inside = second[reach : height - reach, reach : width - reach]

    def difference(shift: tuple[int, int]) -> float:
        top, left = reach + shift[0], reach + shift[1]
        moved = first[top : top + inside.shape[0], left : left + inside.shape[1]]
        return float(np.sqrt(np.mean((moved - inside) ** 2)))

    shifts = [(rows, columns) for rows in range(-reach, reach + 1) for columns in range(-reach, reach + 1)]
    best = min(sorted(shifts, key=lambda shift: abs(shift[0]) + abs(shift[1])), key=difference)
    return *best, difference(best)
