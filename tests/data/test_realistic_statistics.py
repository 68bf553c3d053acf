"""Each kind of degradation against the published implementation of Real-ESRGAN, by its statistics over random draws.

Constants: 200 draws of the published implementation (BasicSR's and Real-ESRGAN's, ×4 options) of each kind on the same
100×100 pixels, each kind after seed 0 of Python, numpy and torch; per statistic the mean over the draws and its
standard error. Measured is a kind's change, in levels; after a resize and at the end of the chain the image itself.
"""

import numpy as np
import pytest

from srgan_lib.data.realistic import (
    FIRST,
    KERNELS,
    RESIZE_MODES,
    SECOND,
    _add_gaussian_noise,
    _add_poisson_noise,
    _blur_kernel,
    _filter,
    _jpeg,
    _resize,
    _resize_factor,
    _ring,
    degrade_realistically,
)

DRAWS = 200
#: Per kind: the means of the statistics, and their standard errors.
PUBLISHED = {
    "gaussian": ((-0.01837, 11.35, 4.994, 6.885, 6.953, 2.147), (0.00048, 0.35, 0.234, 0.242, 0.168, 0.0532)),
    "gaussian, elongated": (
        (-0.01692, 11.99, 5.325, 7.327, 7.37, 2.265),
        (0.00137, 0.253, 0.189, 0.178, 0.106, 0.0348),
    ),
    "generalised": ((-0.01695, 10.18, 4.228, 5.951, 6.481, 1.986), (0.000558, 0.388, 0.26, 0.257, 0.198, 0.0619)),
    "generalised, elongated": (
        (-0.01998, 11.45, 4.788, 6.728, 7.332, 2.236),
        (0.00144, 0.273, 0.225, 0.189, 0.116, 0.0363),
    ),
    "plateau": ((-0.02123, 13.6, 7.68, 7.975, 7.336, 2.335), (0.000389, 0.293, 0.249, 0.169, 0.112, 0.0385)),
    "plateau, elongated": (
        (-0.02099, 14.42, 8.227, 8.419, 7.711, 2.459),
        (0.0018, 0.234, 0.236, 0.124, 0.0682, 0.0251),
    ),
    "sinc": ((-0.01333, 7.307, 2.033, 2.623, 6.008, 1.839), (0.000399, 0.218, 0.112, 0.192, 0.132, 0.0324)),
    "second blur": ((-0.01381, 7.522, 2.422, 3.941, 5.548, 1.658), (0.000598, 0.284, 0.155, 0.186, 0.18, 0.053)),
    "area": ((131.919, 61.3, 54.3, 14.89, 10.69, 7.774), (0.00873, 0.067, 0.221, 0.27, 0.264, 0.011)),
    "bilinear": ((131.932, 61.9, 54.37, 15.22, 12.4, 7.885), (0.0108, 0.0283, 0.215, 0.28, 0.348, 0.00642)),
    "bicubic": ((131.933, 62.39, 54.49, 15.79, 13.5, 8.005), (0.0139, 0.0232, 0.219, 0.266, 0.359, 0.00433)),
    "gaussian colour": ((0.1833, 15.72, 2.095, 3.463, 8.142, 22.4), (0.0116, 0.59, 0.0809, 0.13, 0.305, 0.841)),
    "poisson colour": ((-0.1664, 16.47, 2.142, 3.631, 8.53, 24.22), (0.017, 0.665, 0.0878, 0.147, 0.344, 0.975)),
    "gaussian grey": ((0.1646, 14.75, 3.284, 5.601, 13.17, 1.167), (0.0138, 0.55, 0.124, 0.209, 0.49, 0.0614)),
    "poisson grey": ((-0.1214, 18.86, 4.196, 7.156, 16.89, 1.753), (0.0185, 0.662, 0.148, 0.25, 0.592, 0.0764)),
    "jpeg": ((0.1057, 6.571, 1.029, 1.608, 5.366, 3.911), (0.00513, 0.0983, 0.0269, 0.0427, 0.088, 0.0358)),
    "final sinc": ((-0.01289, 6.601, 1.752, 1.871, 5.769, 1.757), (0.000392, 0.164, 0.0778, 0.112, 0.129, 0.0288)),
    "chain": ((132.165, 56.43, 47.7, 18.91, 12.45, 9.02), (0.0583, 0.242, 0.195, 0.182, 0.211, 0.222)),
}


def degraded(kind: str, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Degrade an H×W×3 image in [0,1] by one kind, with parameters drawn as in the chain."""
    shape, _, colour = kind.partition(" ")
    match kind:
        case "chain":
            return degrade_realistically(np.rint(255 * image).astype(np.uint8), 4, rng) / 255
        case "jpeg":
            return _jpeg(image, rng)
        case "final sinc":
            return _ring(image, rng)
        case "second blur":
            return _filter(
                image, _blur_kernel(str(rng.choice(list(KERNELS), p=list(KERNELS.values()))), SECOND.blur_sigma, rng)
            )
    if kind in KERNELS:
        return _filter(image, _blur_kernel(kind, FIRST.blur_sigma, rng))
    if kind in RESIZE_MODES:
        return _resize(image, kind, scale_factor=_resize_factor(FIRST, rng))
    if shape == "gaussian":
        return _add_gaussian_noise(image, rng.uniform(*FIRST.gaussian_sigma) / 255, colour == "grey", rng)
    return _add_poisson_noise(image, rng.uniform(*FIRST.poisson_scale), colour == "grey", rng)


def statistics(image: np.ndarray) -> list[float]:
    """Mean, standard deviation, root powers of three bands of frequency and deviation of red minus green, in levels."""
    levels = 255 * image
    grey = levels.mean(axis=2)
    power = np.abs(np.fft.fft2(grey - grey.mean())) ** 2 / grey.size**2
    frequency = np.hypot(*np.meshgrid(*(np.fft.fftfreq(side) for side in grey.shape), indexing="ij"))
    bands = [(frequency >= low) & (frequency < high) for low, high in ((0, 1 / 8), (1 / 8, 1 / 4), (1 / 4, 1))]
    return [
        levels.mean(),
        levels.std(),
        *(np.sqrt(power[band].sum()) for band in bands),
        (levels[..., 0] - levels[..., 1]).std(),
    ]


#: Those that take more than three seconds.
SLOW = {"chain", "poisson colour", "jpeg"}


@pytest.mark.parametrize(
    "kind", [pytest.param(one, marks=pytest.mark.slow) if one in SLOW else one for one in PUBLISHED]
)
def test_a_kind_has_the_published_statistics(kind, photograph):
    image = photograph("astronaut")[:100, 200:300] / np.float32(255)
    before = 0 if kind in RESIZE_MODES or kind == "chain" else image
    rng = np.random.default_rng(0)
    draws = np.array([statistics(degraded(kind, image, rng) - before) for _ in range(DRAWS)])
    expected, error = np.array(PUBLISHED[kind])
    ours = draws.std(axis=0, ddof=1) / np.sqrt(DRAWS)
    assert np.all(np.abs(draws.mean(axis=0) - expected) < 3 * np.hypot(ours, error)), kind


def test_every_kind_is_compared():
    noises = {f"{kind} {colour}" for kind in ("gaussian", "poisson") for colour in ("colour", "grey")}
    assert set(PUBLISHED) == {*KERNELS, *RESIZE_MODES, *noises, "second blur", "jpeg", "final sinc", "chain"}
