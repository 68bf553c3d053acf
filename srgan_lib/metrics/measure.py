"""Measure how close a super-resolved image is to the original, each metric in the field's exact convention.

A name carries its convention. ``_y`` is the luminance of BT.601 in studio range, ``_rgb`` the three channels. For
both, ``border`` pixels (as many as the scale) are shaved from each side and the peak is 255. LPIPS, content distances, LR-PSNR
and what looks at spectra see whole images. All images are 8-bit, as they would be saved. The score of a set is the mean
of its images' scores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from srgan_lib.data.images import ImageError
from srgan_lib.data.levels import PEAK, as_saved, in_levels, to_luminance
from srgan_lib.errors import MetricUnavailable
from srgan_lib.metrics.content import CONTENT_LAYERS, content_distance
from srgan_lib.metrics.lpips import lpips_distance
from srgan_lib.metrics.niqe import niqe
from srgan_lib.metrics.psnr import lr_psnr, psnr
from srgan_lib.metrics.spectra import grid_artefact, log_spectral_distance, spectral_evenness
from srgan_lib.metrics.ssim import ms_ssim, ssim, ssim_daala, vifp


@dataclass(frozen=True)
class Measure:
    """How a metric is computed: what it sees of the images, which function compares it, which direction is better."""

    # "y": shaved H×W float64; "rgb": shaved H×W×3 uint8; "image": whole; "scaled": the same and the scale; "sr": SR alone
    sees: str
    compare: Callable[..., float]
    higher_is_better: bool
    zero_is_best: bool = False  # below zero is worse again


#: Every metric there is, in the order of the columns of ``metrics.csv``.
MEASURES = {
    "psnr_y": Measure("y", partial(psnr, data_range=PEAK), True),
    "ssim_y": Measure("y", partial(ssim, data_range=PEAK), True),
    "lpips_alex": Measure("image", partial(lpips_distance, net="alex"), False),
    "lpips_squeeze": Measure("image", partial(lpips_distance, net="squeeze"), False),
    "ssim_y_daala": Measure("y", partial(ssim_daala, data_range=PEAK), True),
    "psnr_rgb": Measure("rgb", psnr, True),
    "ssim_rgb": Measure("rgb", ssim, True),
    "ms_ssim_y": Measure("y", partial(ms_ssim, data_range=PEAK), True),
    "vif_y": Measure("y", partial(vifp, data_range=PEAK), True),
    **{name: Measure("image", partial(content_distance, layer=layer), False) for name, layer in CONTENT_LAYERS.items()},
    "grid_artefact": Measure("scaled", grid_artefact, False, zero_is_best=True),
    "spectral_evenness": Measure("image", spectral_evenness, False),
    "lr_psnr": Measure("scaled", lr_psnr, True),
    "niqe": Measure("sr", niqe, False),
    "log_spectral_distance": Measure("image", log_spectral_distance, False),
}


def measure(
    sr: np.ndarray,
    hr: np.ndarray,
    border: int,
    names: Iterable[str] = ("psnr_y", "ssim_y"),
    on_unavailable: Callable[[str, str], None] | None = None,
    *,
    data_range: float | None = None,
) -> dict[str, float]:
    """Compute several metrics of one pair of images; what they share is computed once.

    Parameters
    ----------
    sr, hr : H×W×3, uint8 or float (rounded to 8 bits first), of one size.
    border : pixels shaved from each side for the metrics on Y and RGB; it is the scale.
    names : keys of :data:`MEASURES`.
    on_unavailable : called with the name of a metric that cannot be computed here, which is then NaN, and the reason.
    data_range : what images of floats span: 1 for [0,1], 255 for [0,255].

    Returns
    -------
    Values by name, in the order asked for.

    Raises
    ------
    ImageError
        For images of unequal sizes, and a border that leaves too little.
    ValueError
        For other images, floats whose range is not said or wrong (see :func:`~srgan_lib.data.levels.in_levels`), and an
        unknown name.
    MetricUnavailable
        For a metric that cannot be computed here, unless there is ``on_unavailable``.
    """
    names = list(names)
    unknown = [name for name in names if name not in MEASURES]
    if unknown:
        raise ValueError(f"unknown metric {', '.join(unknown)}; there are {', '.join(MEASURES)}")
    sr, hr = map(as_saved, in_levels("measure", data_range, sr=sr, hr=hr))
    if border < 0 or min(hr.shape[:2]) <= 2 * border:
        raise ImageError(f"a border of {border} leaves nothing of {hr.shape[1]}×{hr.shape[0]} pixels")

    inner = slice(border, -border or None)
    seen: dict[str, tuple] = {"image": (sr, hr), "scaled": (sr, hr, border), "sr": (sr,)}
    seen["rgb"] = sr[inner, inner], hr[inner, inner]
    if any(MEASURES[name].sees == "y" for name in names):
        seen["y"] = to_luminance(sr[inner, inner]), to_luminance(hr[inner, inner])
    values = {}
    for name in names:
        try:
            values[name] = MEASURES[name].compare(*seen[MEASURES[name].sees])
        except MetricUnavailable as error:
            if on_unavailable is None:
                raise
            on_unavailable(name, str(error))
            values[name] = math.nan
    return values
