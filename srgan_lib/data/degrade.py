"""Making the LR image from the HR image."""

from __future__ import annotations

import numpy as np

from srgan_lib.data.resize import imresize
from srgan_lib.params.shared import Degradation


def is_deterministic(kind: Degradation) -> bool:
    """Return whether the LR image depends on the HR image alone, so that it can be made once per image."""
    return kind not in ("realistic", "mild")


def degrade(
    hr: np.ndarray,
    scale: int,
    kind: Degradation,
    blur_sigma: float = 1.0,
    rng: np.random.Generator | None = None,
) -> np.ndarray:
    """Make the ⌈H/scale⌉×⌈W/scale⌉×3 LR image of an H×W×3 HR image, both uint8.

    Parameters
    ----------
    scale : how many times smaller LR is.
    kind : ``bicubic`` (MATLAB, as the benchmark files), ``bicubic_float`` (its newer variant), ``blur_bicubic`` (a
        Gaussian blur first, the border replicated), ``realistic`` (the second-order chain of Real-ESRGAN) or ``mild``
        (what photographs mostly have been through that people bring).
    blur_sigma : standard deviation of the blur in HR pixels (``blur_bicubic``).
    rng : where ``realistic`` and ``mild``, which need it, take all their random choices from.
    """
    match kind:
        case "bicubic":
            return imresize(hr, 1 / scale)
        case "bicubic_float":
            return imresize(hr, 1 / scale, kind="float")
        case "blur_bicubic":
            from scipy.ndimage import gaussian_filter

            blurred = gaussian_filter(hr.astype(np.float64), (blur_sigma, blur_sigma, 0), mode="nearest", truncate=4.0)
            return imresize(np.floor(blurred + 0.5).astype(np.uint8), 1 / scale)
        case "realistic" | "mild":
            if rng is None:
                raise ValueError(f"the {kind} degradation is random: give it rng")
            from srgan_lib.data.realistic import degrade_mildly, degrade_realistically

            return (degrade_mildly if kind == "mild" else degrade_realistically)(hr, scale, rng)
    raise ValueError(f"degradation {kind!r} is unknown; allowed: bicubic, bicubic_float, blur_bicubic, realistic, mild")
