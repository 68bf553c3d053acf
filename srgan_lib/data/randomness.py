"""Random streams that depend on nothing but what they are for."""

from __future__ import annotations

import zlib

import numpy as np


def random_stream(seed: int, purpose: str, *position: int) -> np.random.Generator:
    """Derive the random generator for one purpose at one position (a step, an index, …).

    It is a pure function of its arguments, so that workers, processes, resumed and repeated runs draw the same numbers.
    """
    return np.random.default_rng([seed, zlib.crc32(purpose.encode()), *position])
