"""Judge the choice of a model by what an image shows: ``python -m scripts.judge_choice``.

Photographs of ImageNet of at least 256 pixels a side that have not served to set the limits are reduced by 4: half by
MATLAB's bicubic (clean), a quarter by the mild degradation of trainings where that is another image, a quarter by
MATLAB's bicubic with JPEG of quality 30 to 95 after it, every second of which stays the JPEG file. All others are saved
as PNG. What is wrong is told.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from srgan_lib.data.images import read_image
from srgan_lib.data.realistic import degrade_mildly
from srgan_lib.data.resize import imresize
from srgan_lib.data.sources import find_photos
from srgan_report.upscaling.suited_model import FOR_CLEAN, FOR_OTHERS, suited_model

FIRST, IMAGES = 300, 400  #: photographs before the first one have served to set the limits
KINDS = ("clean", "mild", "clean", "JPEG") * 2


def lr_file(hr: np.ndarray, number: int, folder: Path) -> Path:
    """Write the LR image of a photograph, of the kind that is its turn."""
    kind, rng = KINDS[number % len(KINDS)], np.random.default_rng(number)
    clean = lr = imresize(hr, 1 / 4)
    while kind == "mild" and np.array_equal(lr, clean):
        lr = degrade_mildly(hr, 4, rng)
    path = folder / "lr.png"
    if kind == "JPEG":
        path = folder / "lr.jpg"
        Image.fromarray(lr).save(path, quality=int(rng.integers(30, 96)))
        if number % len(KINDS) < 4:
            return path
        lr, path = read_image(path), folder / "lr.png"
    Image.fromarray(lr).save(path)
    return path


if __name__ == "__main__":
    right: Counter[str] = Counter()
    with TemporaryDirectory() as folder:
        photos = find_photos("imagenet1000", scale=4)[FIRST:]
        originals = filter(lambda hr: min(hr.shape[:2]) >= 256, (read_image(photo.path) for photo in photos))
        for number, hr in enumerate(islice(originals, IMAGES)):
            kind = KINDS[number % len(KINDS)]
            choice = suited_model(lr_file(hr, number, Path(folder)))
            right[kind] += choice.model == (FOR_CLEAN if kind == "clean" else FOR_OTHERS)
            if choice.model != (FOR_CLEAN if kind == "clean" else FOR_OTHERS):
                print(f"{number} ({kind}): {choice.model}, {choice.reason}")
    print(f"{sum(right.values())} of {IMAGES} are right: {dict(right)}")
