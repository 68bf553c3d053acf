"""Name every metric: its label, unit and direction, and how its values are written."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from srgan_lib.metrics.measure import MEASURES

#: What every table starts with: two measures of faithfulness, one of how alike images look.
HEADLINE = ("psnr_y", "ssim_y", "lpips_alex")


@dataclass(frozen=True)
class Metric:
    """A column of ``metrics.csv``: what it is called and which direction is better."""

    label: str
    unit: str
    higher_is_better: bool
    zero_is_best: bool
    bounds: tuple[float, float]  # of the values that it can have

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
        """Format a value with the metric's decimals, NaN as a dash; ``sign`` adds a plus to values that are not negative."""
        if math.isnan(value):
            return "–"
        return f"{value:{'+' if sign else ''}z.{self.digits}f}".replace("-", "−")

    def phrase(self, value: float, sign: bool = False) -> str:
        """Format a value with its unit."""
        return f"{self.text(value, sign)} {self.unit}".rstrip()


_LABELS = {
    "psnr_y": ("PSNR-Y", "dB"),
    "ssim_y": ("SSIM-Y (Wang)", ""),
    "lpips_alex": ("LPIPS (alex)", ""),
    "lpips_squeeze": ("LPIPS (squeeze)", ""),
    "ssim_y_daala": ("SSIM-Y (daala)", ""),
    "psnr_rgb": ("PSNR-RGB", "dB"),
    "ssim_rgb": ("SSIM-RGB (Wang)", ""),
    "ms_ssim_y": ("MS-SSIM-Y", ""),
    "vif_y": ("VIFp-Y", ""),
    "content_vgg22": ("content distance (VGG22)", ""),
    "content_vgg54": ("content distance (VGG54)", ""),
    "grid_artefact": ("grid artefact", "dB"),
    "spectral_evenness": ("spectral evenness", "dB"),
    "lr_psnr": ("LR-PSNR", "dB"),
    "niqe": ("NIQE", ""),
    "log_spectral_distance": ("log-spectral distance", "dB"),
}


def _bounds(name: str) -> tuple[float, float]:
    """Return the least and the greatest value: correlations reach 1, distances 0, and levels in dB have no bounds."""
    if "ssim" in name:
        return -1.0, 1.0
    return (-math.inf if name == "grid_artefact" else 0.0), math.inf


#: Every metric there is, in the order of the columns of ``metrics.csv``.
METRICS = {
    name: Metric(*_LABELS[name], measure.higher_is_better, measure.zero_is_best, _bounds(name))
    for name, measure in MEASURES.items()
}
