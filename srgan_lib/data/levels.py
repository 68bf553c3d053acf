"""Images in levels, from 0 to 255, and their luminance."""

from __future__ import annotations

import numpy as np

PEAK = 255.0  #: largest value of 8-bit images
#: Power that rounding to whole levels adds at every frequency, in levels² (uniform error of width 1).
ROUNDING_POWER = 1 / 12


def luminance(image: np.ndarray) -> np.ndarray:
    """Compute BT.601 luminance (studio range, 16 to 235) of an H×W×3 uint8 image, as H×W float64."""
    return image @ (np.array([65.481, 128.553, 24.966]) / 255) + 16
