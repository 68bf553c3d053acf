"""What a network costs: parameters, operations, memory, and on this machine time."""

from __future__ import annotations

import time
import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from srgan_lib.evaluation.methods import Method, NetworkMethod

SIDE = 64  #: LR pixels of the image that is enlarged
COLUMNS = ["method", "parameters", "operations", "milliseconds", "mebibytes"]


def efficiency(methods: Mapping[str, Method], scale: int) -> pd.DataFrame:
    """Measure each network among the methods as the evaluation runs it, on an image of 64×64 LR pixels.

    Returns
    -------
    One row per network: method; parameters; operations: multiply–adds per LR pixel, of what torch counts (convolutions
    and matrix products); milliseconds per megapixel of the result, by the faster of two trials, which are this
    machine's and never the same twice; and mebibytes per megapixel: the most that tensors hold at once, weights apart.
    """
    lr = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    megapixels = (SIDE * scale) ** 2 / 1e6
    rows = []
    for name, method in methods.items():
        if not isinstance(method, NetworkMethod):
            continue
        with FlopCounterMode(display=False) as counted, _Held() as held:
            method.enlarge(lr)
        seconds = []
        for _ in range(2):
            start = time.perf_counter()
            method.enlarge(lr)
            seconds.append(time.perf_counter() - start)
        parameters = sum(one.numel() for one in method.model.parameters())
        operations = counted.get_total_flops() / 2 / SIDE**2
        memory = held.most / 2**20
        rows.append((name, parameters, operations, 1000 * min(seconds) / megapixels, memory / megapixels))
    return pd.DataFrame(rows, columns=COLUMNS)


class _Held(TorchDispatchMode):
    """Counts the bytes of the tensors that operations make, for as long as they live."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 0
        self._sizes: dict[int, int] = {}
        self._living: dict[int, weakref.ref] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                self._hold(tensor.untyped_storage())
        return result

    def _hold(self, storage: torch.UntypedStorage) -> None:
        key = id(storage)  # one for all views of it
        if key not in self._living:
            self._sizes[key] = storage.nbytes()
            self._living[key] = weakref.ref(storage, lambda _: (self._sizes.pop(key), self._living.pop(key)))
            self.most = max(self.most, sum(self._sizes.values()))
