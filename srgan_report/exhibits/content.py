"""What an image holds: flat places, edges, texture or text, told block by block from local gradients."""

from __future__ import annotations

import numpy as np

from srgan_lib.data.levels import luminance

BLOCK = 16  #: pixels a side
FLAT = 4.0  #: levels a pixel: the root mean square gradient below which a block is flat
ONE_WAY = 0.5  #: the coherence of the gradients from which a block has one direction, 0 to 1
TWO_TONES = 0.75  #: the share of pixels near the darkest or the brightest level from which a block has two tones
KINDS = ("flat", "edges", "text", "texture")


def content(image: np.ndarray) -> dict[str, float]:
    """Tell the share of an image's blocks of 16×16 pixels that are of each kind.

    A block is *flat* if the root mean square gradient of its luminance is below 4 levels a pixel. Else it holds *edges*
    if its gradients have one direction: the coherence of their structure tensor (the difference of its eigenvalues over
    their sum; Bigün and Granlund, 1987) is at least 0.5. Else it holds *text* if it has two tones: three quarters of
    its pixels lie within a fifth of its range from its darkest or its brightest level. All else is *texture*.

    Parameters
    ----------
    image : H×W×3 uint8 of at least 16×16 pixels; what is left over at the right and below does not count.
    """
    grey = luminance(image)
    rows, columns = (size // BLOCK for size in grey.shape)

    def blocks(values: np.ndarray) -> np.ndarray:
        cut = values[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
        return cut.swapaxes(1, 2).reshape(rows * columns, BLOCK**2)

    down, across = map(blocks, np.gradient(grey))
    power = (down**2 + across**2).mean(axis=1)
    one_way = np.hypot((across**2 - down**2).mean(axis=1), 2 * (down * across).mean(axis=1)) / np.maximum(power, 1e-9)
    levels = blocks(grey)
    low, high = levels.min(axis=1, keepdims=True), levels.max(axis=1, keepdims=True)
    near_an_end = np.minimum(levels - low, high - levels) <= (high - low) / 5
    tests = [power < FLAT**2, one_way >= ONE_WAY, near_an_end.mean(axis=1) >= TWO_TONES]
    found = np.select(tests, range(3), 3)
    return {kind: float((found == number).mean()) for number, kind in enumerate(KINDS)}
