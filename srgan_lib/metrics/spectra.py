"""The spectrum of a super-resolved image against that of its original: regular patterns, unevenness and distance.

A network that enlarges by pixel shuffling can add a weave with the shuffle's period. LPIPS and PSNR do not see it; in
the spectrum it stands at frequencies whose two components are multiples of 1/scale cycles per pixel, well above their
neighbourhood.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import fft

from srgan_lib.data.levels import ROUNDING_POWER, in_levels, luminance, to_luminance
from srgan_lib.errors import MetricUnavailable

BLOCK = 64  #: pixels a side, with half overlap
RING = (4, 6)  #: bins: Chebyshev distances of the neighbourhood that a frequency is compared with
HIGH = 0.2  #: cycles per pixel from which evenness is measured
PATTERN = 3.0  #: dB of :func:`grid_artefact` above which reports speak of a regular pattern


def grid_artefact(sr: np.ndarray, hr: np.ndarray, scale: int = 4, *, data_range: float | None = None) -> float:
    """Measure how far the power at the frequencies of the pixel shuffle's grid exceeds that around them, beyond HR's.

    Per frequency 10·log10 of its power over the geometric mean of the ring around it (Chebyshev distance 4 to 6 bins);
    the mean over the frequencies, minus the same of HR, in dB: 0 is the original's own level, below it lies a notch.
    Power is that of the luminance in Hann-windowed blocks of 64×64 pixels with half overlap. ``scale`` is that of the
    enlargement; of images see :mod:`srgan_lib.metrics`.
    """
    sr, hr = in_levels("grid_artefact", data_range, sr=sr, hr=hr)
    side = BLOCK - BLOCK % scale  # in which these frequencies are whole bins
    rows, columns = grid_frequencies(scale, side)
    excess = [_over_ring(10 * np.log10(_block_power(image, side))) for image in (sr, hr)]
    return float(np.mean((excess[0] - excess[1])[rows, columns]))


def spectral_evenness(sr: np.ndarray, hr: np.ndarray, *, data_range: float | None = None) -> float:
    """Measure how unevenly high frequencies are reproduced: standard deviation of SR's power over HR's, in dB.

    Over the frequencies from 0.2 cycles per pixel, of 10·log10 of the ratio; the blocks are those of
    :func:`grid_artefact`. A constant loss of detail, which a blurred image has at all of them, costs nothing (0 is
    even); peaks and notches do.
    """
    sr, hr = in_levels("spectral_evenness", data_range, sr=sr, hr=hr)
    log_ratio = 10 * np.log10(_block_power(sr, BLOCK) / _block_power(hr, BLOCK))
    return float(np.std(log_ratio[high_frequencies(BLOCK)]))


def log_spectral_distance(sr: np.ndarray, hr: np.ndarray, *, data_range: float | None = None) -> float:
    """Measure how far the radially averaged spectrum of ``sr`` is from that of ``hr``, in dB (0: equal).

    Root mean square over the rings of 10·log10 of the ratio of powers; to both is added what rounding to whole levels
    adds, so that empty frequencies do not decide (Gray & Markel, "Distance measures for speech processing", IEEE TASSP
    24, 1976).
    """
    planes = map(to_luminance, in_levels("log_spectral_distance", data_range, sr=sr, hr=hr))
    sr_power, hr_power = (radial_power(plane)[1] + ROUNDING_POWER for plane in planes)
    return float(np.sqrt(np.nanmean((10 * np.log10(sr_power / hr_power)) ** 2)))


def _block_power(image: np.ndarray, side: int) -> np.ndarray:
    """Average the power spectrum of H×W×3 levels' luminance over Hann-windowed side×side blocks with half overlap.

    side×side in levels², not shifted; white noise of variance v has power v, and what rounding to whole levels adds is
    included.
    """
    grey = to_luminance(image)
    if min(grey.shape) < side:
        raise MetricUnavailable(
            f"spectra of blocks need {side} pixels a side, and there are {grey.shape[1]}×{grey.shape[0]}"
        )
    window = np.outer(hann(side), hann(side))
    blocks = np.lib.stride_tricks.sliding_window_view(grey, (side, side))[:: side // 2, :: side // 2]
    blocks = blocks.reshape(-1, side, side)
    mean = (blocks * window).sum((1, 2), keepdims=True) / window.sum()
    return (np.abs(fft.fft2((blocks - mean) * window)) ** 2).mean(0) / (window**2).sum() + ROUNDING_POWER


def _over_ring(log_power: np.ndarray) -> np.ndarray:
    """Subtract from each frequency's value the mean of the ring around it, on the torus of frequencies."""
    kernel = fft.fft2(ring_kernel(log_power.shape[0]))
    return log_power - fft.ifft2(fft.fft2(log_power) * kernel).real


@lru_cache(maxsize=8)
def ring_kernel(side: int) -> np.ndarray:
    """Weight the bins at Chebyshev distance 4 to 6 from (0,0) on the torus: side×side of sum 1."""
    distance = np.minimum(np.arange(side), side - np.arange(side))
    chebyshev = np.maximum.outer(distance, distance)
    ring = (chebyshev >= RING[0]) & (chebyshev <= RING[1])
    return ring / ring.sum()


@lru_cache(maxsize=8)
def grid_frequencies(scale: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """List row and column bins of the frequencies that are multiples of 1/scale cycles per pixel, except (0,0)."""
    bins = np.arange(scale) * side // scale
    rows, columns = (index.ravel()[1:] for index in np.meshgrid(bins, bins, indexing="ij"))
    return rows, columns


@lru_cache(maxsize=8)
def high_frequencies(side: int, lowest: float = HIGH) -> np.ndarray:
    """Mark the frequencies with at least so many cycles per pixel, side×side."""
    frequency = fft.fftfreq(side)
    return np.hypot.outer(frequency, frequency) >= lowest


def radial_power(image: np.ndarray, bins: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """Compute the power spectrum of an image (H×W×3 uint8, or H×W luminance in levels) over equal rings of frequencies.

    Returned are the rings' centres, between 0 and 0.5 cycles per pixel, the highest frequency in every direction, and
    powers in levels², NaN in rings that a small image has no frequency in; white noise of variance v has power v. The
    mean is removed and a Hann window applied, so that the jump between opposite borders does not drown the high
    frequencies.
    """
    grey = luminance(image) if image.ndim == 3 else np.asarray(image, np.float64)
    window = np.outer(hann(grey.shape[0]), hann(grey.shape[1]))
    # The window's weighted mean is removed: a constant image then has no power at all.
    grey = (grey - (grey * window).sum() / window.sum()) * window
    power = np.abs(fft.rfft2(grey)) ** 2 / (window**2).sum()
    ring, count, share = _rings(grey.shape, bins)
    total = np.bincount(ring, weights=(power * share).ravel(), minlength=bins + 1)[:bins]
    with np.errstate(invalid="ignore"):
        return (np.arange(bins) + 0.5) / (2 * bins), total / count


def hann(size: int) -> np.ndarray:
    """Make a Hann window without the zeros at its ends."""
    return np.sin(np.pi * (np.arange(size) + 0.5) / size) ** 2


@lru_cache(maxsize=8)
def _rings(shape: tuple[int, int], bins: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Assign each frequency of an rfft2 to a ring (``bins``: beyond), with rings' sizes and frequencies' weights."""
    rows, columns = fft.fftfreq(shape[0])[:, None], fft.rfftfreq(shape[1])
    ring = np.minimum(np.hypot(rows, columns) * 2 * bins, bins).astype(int).ravel()
    # rfft2 leaves out the conjugate half: columns count twice, but for the first (and the last, which no ring reaches).
    share = np.full(len(columns), 2.0)
    share[0] = 1
    weights = np.broadcast_to(share, (shape[0], len(columns))).ravel()
    return ring, np.bincount(ring, weights=weights, minlength=bins + 1)[:bins], share
