"""Tiny parameters and images for training, also for scripts that tests start."""

import numpy as np

from srgan_lib.data.pairs import Pair
from srgan_lib.data.resize import imresize

#: The smallest networks and crops that still exercise everything.
TINY = {
    "shared": {"device": "cpu", "dtype": "float32", "threads": 1, "crop": 32},
    "srcnn": {"steps": 6, "batch": 2, "layout": "9-1-5"},
    "warmup": {
        "steps": 6,
        "batch": 2,
        "generator_channels": 4,
        "generator_blocks": 1,
        "content_weights": "random",
        "content_layers": {"relu1_1": 1.0},
    },
    "adversarial": {
        "steps": 6,
        "batch": 2,
        "discriminator_channels": 4,
        "content_weights": "random",
        "content_layers": {"relu1_1": 1.0},
        "montage_frames": 3,
    },
}
OFTEN = {"log_every": 2, "validate_every": 3, "checkpoint_every": 2}


def photographs(count, scale=4, side=64):
    """Smooth random images with an edge, and their LR images."""
    rng = np.random.default_rng(0)
    pairs = []
    for index in range(count):
        hr = imresize(rng.integers(0, 256, (side // 8, side // 8, 3), dtype=np.uint8), 8)
        hr[:, : side // 3] //= 2
        pairs.append(Pair(f"image{index}", hr, imresize(hr, 1 / scale)))
    return pairs
