"""Every metric: how it is named, written and computed, each in the field's exact convention.

A name carries its convention. ``_y`` is the luminance of BT.601 in studio range, ``_rgb`` the three channels. For
both, ``border`` pixels (as many as the scale) are shaved from each side and the peak is 255. LPIPS, content distances,
LR-PSNR and what looks at spectra see whole images. All images are 8-bit, as they would be saved. The score of a set is
the mean of its images' scores.
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
from srgan_lib.metrics.fidelity import lr_psnr, ms_ssim, psnr, ssim, ssim_daala, vifp
from srgan_lib.metrics.flat_noise import flat_noise
from srgan_lib.metrics.niqe import niqe
from srgan_lib.metrics.perceptual import CONTENT_LAYERS, content_distance, lpips_distance
from srgan_lib.metrics.spectra import grid_artefact, log_spectral_distance, spectral_evenness

#: What every table starts with: two measures of faithfulness, one of how alike images look.
HEADLINE = ("psnr_y", "ssim_y", "lpips_alex")


@dataclass(frozen=True)
class Metric:
    """A column of ``metrics.csv``: what it is called, which direction is better, and how it is computed."""

    label: str
    unit: str
    higher_is_better: bool
    # "y": shaved H×W float64; "rgb": shaved H×W×3 uint8; "image": whole; "scaled": and the scale; "sr": SR alone
    sees: str
    compare: Callable[..., float]
    bounds: tuple[float, float] = (0.0, math.inf)  # of the values that it can have
    zero_is_best: bool = False  # below zero is worse again

    @property
    def digits(self) -> int:
        """Decimals that are worth printing."""
        return 2 if self.unit == "dB" else 3

    @property
    def heading(self) -> str:
        """The label with its unit and an arrow to where better is."""
        unit = f", {self.unit}" if self.unit else ""
        return f"{self.label}{unit} {'→ 0' if self.zero_is_best else '↑' if self.higher_is_better else '↓'}"

    def best(self, values: Iterable[float]) -> float | None:
        """Return the best value, ignoring NaN (not computed); None if nothing else is left."""
        known = [value for value in values if not math.isnan(value)]
        if self.zero_is_best:
            return min(known, key=abs, default=None)
        return (max if self.higher_is_better else min)(known, default=None)

    def text(self, value: float, sign: bool = False) -> str:
        """Format a value with the metric's decimals, NaN as a dash; ``sign`` adds a plus where it is not negative."""
        if math.isnan(value):
            return "–"
        return f"{value:{'+' if sign else ''}z.{self.digits}f}".replace("-", "−")

    def phrase(self, value: float, sign: bool = False) -> str:
        """Format a value with its unit."""
        return f"{self.text(value, sign)} {self.unit}".rstrip()


_CORRELATION = (-1.0, 1.0)
_ANY = (-math.inf, math.inf)

#: Every metric there is, in the order of the columns of ``metrics.csv``.
METRICS = {
    "psnr_y": Metric("PSNR-Y", "dB", True, "y", psnr),
    "ssim_y": Metric("SSIM-Y (Wang)", "", True, "y", ssim, _CORRELATION),
    "lpips_alex": Metric("LPIPS (alex)", "", False, "image", partial(lpips_distance, net="alex")),
    "lpips_squeeze": Metric("LPIPS (squeeze)", "", False, "image", partial(lpips_distance, net="squeeze")),
    "ssim_y_daala": Metric("SSIM-Y (daala)", "", True, "y", ssim_daala, _CORRELATION),
    "psnr_rgb": Metric("PSNR-RGB", "dB", True, "rgb", psnr),
    "ssim_rgb": Metric("SSIM-RGB (Wang)", "", True, "rgb", ssim, _CORRELATION),
    "ms_ssim_y": Metric("MS-SSIM-Y", "", True, "y", ms_ssim, _CORRELATION),
    "vif_y": Metric("VIFp-Y", "", True, "y", vifp),
    **{
        name: Metric(
            f"content distance ({name[8:].upper()})", "", False, "image", partial(content_distance, layer=layer)
        )
        for name, layer in CONTENT_LAYERS.items()
    },
    "grid_artefact": Metric("grid artefact", "dB", False, "scaled", grid_artefact, _ANY, zero_is_best=True),
    "flat_noise": Metric("flat noise", "dB", False, "image", flat_noise, _ANY, zero_is_best=True),
    "spectral_evenness": Metric("spectral evenness", "dB", False, "image", spectral_evenness),
    "lr_psnr": Metric("LR-PSNR", "dB", True, "scaled", lr_psnr),
    "niqe": Metric("NIQE", "", False, "sr", niqe),
    "log_spectral_distance": Metric("log-spectral distance", "dB", False, "image", log_spectral_distance),
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
    """Compute several metrics of one pair of images by name, in the order asked for; what they share is computed once.

    Images are rounded to 8 bits first; else see :mod:`srgan_lib.metrics`. An unknown name is a ``ValueError``, a border
    that leaves nothing an ``ImageError``.

    Parameters
    ----------
    border : pixels shaved from each side for the metrics on Y and RGB; it is the scale.
    names : keys of :data:`METRICS`.
    on_unavailable : called with the name of a metric that cannot be computed here, which is then NaN, and the reason;
        without it ``MetricUnavailable`` is raised.
    """
    names = list(names)
    unknown = [name for name in names if name not in METRICS]
    if unknown:
        raise ValueError(f"unknown metric {', '.join(unknown)}; there are {', '.join(METRICS)}")
    sr, hr = map(as_saved, in_levels("measure", data_range, sr=sr, hr=hr))
    if border < 0 or min(hr.shape[:2]) <= 2 * border:
        raise ImageError(f"a border of {border} leaves nothing of {hr.shape[1]}×{hr.shape[0]} pixels")

    inner = slice(border, -border or None)
    seen: dict[str, tuple] = {"image": (sr, hr), "scaled": (sr, hr, border), "sr": (sr,)}
    seen["rgb"] = sr[inner, inner], hr[inner, inner]
    if any(METRICS[name].sees == "y" for name in names):
        seen["y"] = to_luminance(sr[inner, inner]), to_luminance(hr[inner, inner])
    values = {}
    for name in names:
        try:
            values[name] = METRICS[name].compare(*seen[METRICS[name].sees], data_range=PEAK)
        except MetricUnavailable as error:
            if on_unavailable is None:
                raise
            on_unavailable(name, str(error))
            values[name] = math.nan
    return values
