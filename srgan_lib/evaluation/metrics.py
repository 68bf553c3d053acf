"""How close a super-resolved image is to the original, each measure in the field's exact convention.

A name carries its convention. ``_y`` is the luminance of BT.601 in studio range, ``_rgb`` the three channels. For
both, ``border`` pixels (the field: as many as the scale) are shaved from each side and the peak is 255. LPIPS and the
log-spectral distance see whole images. All images are uint8, as they would be saved. The score of a set is the mean
of its images' scores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from srgan_lib.data.spectrum import log_spectral_distance, luminance
from srgan_lib.evaluation.perceptual import MetricUnavailable, lpips_distance

PEAK = 255.0
#: What every table starts with: two measures of faithfulness, one of how alike images look.
HEADLINE = ("psnr_y", "ssim_y", "lpips_alex")
C1, C2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2


@dataclass(frozen=True)
class Metric:
    """A column of ``metrics.csv``: what it is called, what it compares and which direction is better."""

    label: str
    unit: str
    higher_is_better: bool
    sees: str  # "y" and "rgb": shaved C×H×W float64; "image": whole H×W×3 uint8
    compare: Callable[[np.ndarray, np.ndarray], float]

    @property
    def digits(self) -> int:
        """Decimals that are worth printing."""
        return 2 if self.unit == "dB" else 3

    @property
    def heading(self) -> str:
        """The label with its unit and an arrow to where better is."""
        unit = f", {self.unit}" if self.unit else ""
        return f"{self.label}{unit} {'↑' if self.higher_is_better else '↓'}"

    def best(self, values: Iterable[float]) -> float | None:
        """The best of some values, of which NaN are not computed; none where no other is among them."""
        known = [value for value in values if not math.isnan(value)]
        return (max if self.higher_is_better else min)(known, default=None)

    def text(self, value: float, sign: bool = False) -> str:
        """A value with as many decimals as are worth printing; ``sign``: with a plus where it is not negative."""
        return f"{value:{'+' if sign else ''}z.{self.digits}f}".replace("-", "−")

    def phrase(self, value: float, sign: bool = False) -> str:
        """A value with its unit."""
        return f"{self.text(value, sign)} {self.unit}".rstrip()


def psnr_y(sr: np.ndarray, hr: np.ndarray, border: int) -> float:
    """Peak signal-to-noise ratio on Y in dB; infinite for equal images.

    Parameters
    ----------
    sr, hr : H×W×3 uint8, of the same size.
    border : pixels shaved from each side.
    """
    return measure(sr, hr, border, ["psnr_y"])["psnr_y"]


def ssim_y(sr: np.ndarray, hr: np.ndarray, border: int) -> float:
    """Structural similarity on Y, at most 1: 11×11 Gaussian window, σ 1.5, only where the window fits.

    Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity", IEEE TIP 2004, as in
    their MATLAB code without downsampling. Parameters as for :func:`psnr_y`.
    """
    return measure(sr, hr, border, ["ssim_y"])["ssim_y"]


def ssim_y_daala(sr: np.ndarray, hr: np.ndarray, border: int) -> float:
    """Structural similarity on Y as the daala video codec's tools compute it, and with them Ledig et al. 2017.

    The Gaussian's σ is 1.5·H/256 for an image of H rows; at the border its window is cut off and renormalised, and a
    pixel counts as much as its window has weight. Parameters as for :func:`psnr_y`.
    """
    return measure(sr, hr, border, ["ssim_y_daala"])["ssim_y_daala"]


def psnr_rgb(sr: np.ndarray, hr: np.ndarray, border: int) -> float:
    """Peak signal-to-noise ratio in dB over the three channels together. Parameters as for :func:`psnr_y`."""
    return measure(sr, hr, border, ["psnr_rgb"])["psnr_rgb"]


def ssim_rgb(sr: np.ndarray, hr: np.ndarray, border: int) -> float:
    """Mean of the structural similarities (Wang) of R, G and B. Parameters as for :func:`psnr_y`."""
    return measure(sr, hr, border, ["ssim_rgb"])["ssim_rgb"]


def ms_ssim_y(sr: np.ndarray, hr: np.ndarray, border: int) -> float:
    """Multi-scale SSIM on Y (Wang, Simoncelli & Bovik 2003), five scales. Parameters as for :func:`psnr_y`.

    Raises
    ------
    MetricUnavailable
        For images below 161 pixels a side, which five scales need.
    """
    return measure(sr, hr, border, ["ms_ssim_y"])["ms_ssim_y"]


def vif_y(sr: np.ndarray, hr: np.ndarray, border: int) -> float:
    """Visual information fidelity on Y in the pixel domain (Sheikh & Bovik 2006). Parameters as for :func:`psnr_y`.

    Raises
    ------
    MetricUnavailable
        For images below 41 pixels a side, which four scales need.
    """
    return measure(sr, hr, border, ["vif_y"])["vif_y"]


def measure(
    sr: np.ndarray,
    hr: np.ndarray,
    border: int,
    names: Iterable[str] = ("psnr_y", "ssim_y"),
    on_unavailable: Callable[[str, str], None] | None = None,
) -> dict[str, float]:
    """Several metrics of one pair of images; what they have in common is computed once.

    Parameters
    ----------
    sr, hr : H×W×3 uint8, of the same size.
    border : pixels shaved from each side for the metrics on Y and RGB.
    names : keys of :data:`METRICS`.
    on_unavailable : called with the name of a metric that cannot be computed here, which is then NaN, and the reason.

    Returns
    -------
    Values by name, in the order asked for.

    Raises
    ------
    ValueError
        For images of other types or unequal sizes, a border that leaves too little, or an unknown name.
    MetricUnavailable
        For a metric that cannot be computed here, unless there is ``on_unavailable``.
    """
    names = list(names)
    unknown = [name for name in names if name not in METRICS]
    if unknown:
        raise ValueError(f"unknown metric {', '.join(unknown)}; there are {', '.join(METRICS)}")
    for role, image in (("sr", sr), ("hr", hr)):
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(f"{role} is {image.dtype} of shape {image.shape}; metrics compare H×W×3 uint8 images")
    if sr.shape != hr.shape:
        raise ValueError(
            f"sr has {sr.shape[1]}×{sr.shape[0]} pixels and hr {hr.shape[1]}×{hr.shape[0]}; give images of one size"
        )
    if border < 0 or min(hr.shape[:2]) <= 2 * border:
        raise ValueError(f"a border of {border} leaves nothing of {hr.shape[1]}×{hr.shape[0]} pixels")

    seen = {"image": (sr, hr)}
    inner = slice(border, -border or None)
    kinds = {METRICS[name].sees for name in names}
    if "y" in kinds:
        seen["y"] = tuple(luminance(image[inner, inner])[None] for image in (sr, hr))
    if "rgb" in kinds:
        seen["rgb"] = tuple(image[inner, inner].transpose(2, 0, 1).astype(np.float64) for image in (sr, hr))
    values = {}
    for name in names:
        try:
            values[name] = METRICS[name].compare(*seen[METRICS[name].sees])
        except MetricUnavailable as error:
            if on_unavailable is None:
                raise
            on_unavailable(name, str(error))
            values[name] = math.nan
    return values


def _psnr(sr: np.ndarray, hr: np.ndarray) -> float:
    difference = (sr - hr).ravel()
    error = difference @ difference / difference.size
    return 10 * math.log10(PEAK**2 / error) if error else math.inf


def _ssim(sr: np.ndarray, hr: np.ndarray) -> float:
    if min(hr.shape[-2:]) < 11:
        raise ValueError(f"SSIM needs 11×11 pixels without the border, and there are {hr.shape[-1]}×{hr.shape[-2]}")
    return float(np.mean([_structural_similarity(x, y, sigma=1.5, radius=5) for x, y in zip(sr, hr, strict=True)]))


def _ssim_daala(sr: np.ndarray, hr: np.ndarray) -> float:
    sigma = 1.5 * hr.shape[-2] / 256
    # The window ends where a weight falls below half of the codec's fixed-point step, 1/256.
    radius = int(sigma * math.sqrt(max(0.0, -2 * math.log(math.sqrt(math.pi / 2) * sigma / 256))))
    return _structural_similarity(sr[0], hr[0], sigma, radius, whole=True)


def _structural_similarity(sr: np.ndarray, hr: np.ndarray, sigma: float, radius: int, whole: bool = False) -> float:
    """Mean SSIM of two H×W planes under a Gaussian window, strip by strip so that the work stays in the cache."""
    rows, columns = (_gaussian_bands(size, sigma, radius, whole) for size in hr.shape)
    weights_x = np.concatenate([weights for _, _, weights in columns])
    total = total_weight = 0.0
    for strip, vertical, weights_y in rows:
        x, y = sr[strip], hr[strip]
        fields = vertical @ np.stack([x, y, x * y, x * x + y * y])
        means = [fields[..., band] @ horizontal.T for band, horizontal, _ in columns]
        mean_x, mean_y, mean_xy, mean_squares = np.concatenate(means, axis=-1)
        product, squares = mean_x * mean_y, mean_x**2 + mean_y**2
        similarity = (2 * product + C1) * (2 * (mean_xy - product) + C2)
        similarity /= (squares + C1) * (mean_squares - squares + C2)
        total += weights_y @ similarity @ weights_x
        total_weight += weights_y.sum() * weights_x.sum()
    return float(total / total_weight)


@lru_cache(maxsize=64)
def _gaussian_bands(
    size: int, sigma: float, radius: int, whole: bool, block: int = 32
) -> list[tuple[slice, np.ndarray, np.ndarray]]:
    """A Gaussian filter along one axis as small dense matrices, which multiply faster than taps are added.

    Returns
    -------
    For each block of outputs: the inputs it sees, its matrix (rows of sum 1), and the weight that the window had
    before its rows were normalised. ``whole``: windows cut off by the ends of the axis count too.
    """
    bands = []
    first, last = (0, size) if whole else (radius, size - radius)
    for start in range(first, last, block):
        outputs = np.arange(start, min(start + block, last))
        inputs = np.arange(max(outputs[0] - radius, 0), min(outputs[-1] + radius + 1, size))
        distance = abs(np.subtract.outer(outputs, inputs))
        matrix = np.where(distance <= radius, np.exp(-0.5 * (distance / sigma) ** 2), 0.0)
        weights = matrix.sum(axis=1)
        bands.append((slice(inputs[0], inputs[-1] + 1), matrix / weights[:, None], weights))
    return bands


def _piq(name: str, smallest: int, sr: np.ndarray, hr: np.ndarray) -> float:
    import piq
    import torch

    if min(hr.shape[-2:]) < smallest:
        raise MetricUnavailable(
            f"{name} needs {smallest} pixels a side without the border, and there are {hr.shape[-1]}×{hr.shape[-2]}"
        )
    # In float32, for which piq is made: float64 is twenty times slower and differs in the fourth decimal.
    planes = [torch.tensor(plane, dtype=torch.float32)[None] for plane in (sr, hr)]
    return getattr(piq, name)(*planes, data_range=PEAK).item()


#: Every metric there is, in the order of the columns of ``metrics.csv``.
METRICS = {
    "psnr_y": Metric("PSNR-Y", "dB", True, "y", _psnr),
    "ssim_y": Metric("SSIM-Y (Wang)", "", True, "y", _ssim),
    "lpips_alex": Metric("LPIPS (alex)", "", False, "image", partial(lpips_distance, net="alex")),
    "lpips_squeeze": Metric("LPIPS (squeeze)", "", False, "image", partial(lpips_distance, net="squeeze")),
    "ssim_y_daala": Metric("SSIM-Y (daala)", "", True, "y", _ssim_daala),
    "psnr_rgb": Metric("PSNR-RGB", "dB", True, "rgb", _psnr),
    "ssim_rgb": Metric("SSIM-RGB (Wang)", "", True, "rgb", _ssim),
    "ms_ssim_y": Metric("MS-SSIM-Y", "", True, "y", partial(_piq, "multi_scale_ssim", 161)),
    "vif_y": Metric("VIF-Y", "", True, "y", partial(_piq, "vif_p", 41)),
    "log_spectral_distance": Metric("log-spectral distance", "dB", False, "image", log_spectral_distance),
}
