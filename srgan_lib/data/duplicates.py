"""Recognising the same picture twice, so that no model is tested on what it was trained on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from scipy.fft import dctn

from srgan_lib.data.images import DatasetError

#: Two images are near-duplicates if at most this many of the 255 bits of their perceptual hashes
#: differ. Copies that were halved, made grey, brightened and compressed again differ in up to 10;
#: the two views of a stereo pair in 70; of 500 different BSDS photographs the closest two in 92.
NEAR_DUPLICATE_BITS = 40


def perceptual_hash(image: np.ndarray) -> str:
    """Compute a hash that is nearly equal for nearly equal pictures, as 64 hexadecimal digits.

    One bit for each of the lowest 16×16 frequencies (but the mean) of a 32×32 grey thumbnail's
    cosine transform: whether it is above their median. A picture without structure has no bits set.

    Parameters
    ----------
    image : H×W×3 uint8 array.
    """
    thumbnail = Image.fromarray(image).convert("L").resize((32, 32), Image.Resampling.BOX)
    low = dctn(np.asarray(thumbnail, dtype=np.float64), norm="ortho")[:16, :16].ravel().round(6)
    bits = low > np.median(low[1:])
    bits[0] = False
    return np.packbits(bits).tobytes().hex()


def hash_distance(first: str, second: str) -> int:
    """Count the bits, of 255, in which two perceptual hashes differ; for unrelated pictures about 128."""
    return (int(first, 16) ^ int(second, 16)).bit_count()


def refuse_duplicates(frame: pd.DataFrame) -> None:
    """Refuse images that are, or nearly are, in two parts of a split.

    Near-duplicates are copies that were resized, compressed again, brightened or made grey.
    Rows of several splits may be concatenated, to hold a test set against training images.

    Parameters
    ----------
    frame : columns split, image, path, sha256, perceptual_hash, as of ``make_split``.

    Raises
    ------
    DatasetError
        Naming both images of the first such pair.
    """
    rows: list[Any] = list(frame[["split", "image", "path", "sha256", "perceptual_hash"]].itertuples(index=False))
    for held_out in (row for row in rows if row.split != "train"):
        for other in (row for row in rows if row.split != held_out.split):
            if held_out.sha256 == other.sha256:
                kind = "the same image"
            elif _near(held_out.perceptual_hash, other.perceptual_hash):
                kind = "nearly the same image"
            else:
                continue
            raise DatasetError(
                f"{other.image} ({other.split}: {other.path}) and {held_out.image} ({held_out.split}: {held_out.path}) "
                f"are {kind}; a model must not be tested on what it was trained on. Remove one of them",
                path=other.path,
            )


def _near(first: str, second: str) -> bool:
    """Return whether two pictures, both with structure, are nearly the same."""
    return bool(int(first, 16) and int(second, 16)) and hash_distance(first, second) <= NEAR_DUPLICATE_BITS
