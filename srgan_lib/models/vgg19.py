"""The layers of VGG-19 by name and in order, without torch."""

from __future__ import annotations

import re

#: Convolutions per block of VGG-19; a layer is called ``relu2_2`` or, before its activation, ``conv2_2``.
VGG19_BLOCKS = (2, 2, 4, 4, 4)


def layer_index(layer: str) -> int:
    """Find a layer's place among torchvision's ``vgg19().features``: ``relu2_2`` is 8, ``conv5_4`` is 34."""
    match = re.fullmatch(r"(conv|relu)([1-5])_([1-4])", layer)
    kind, block, place = match.groups() if match else ("", "1", "9")
    if int(place) > VGG19_BLOCKS[int(block) - 1]:
        raise ValueError(f"{layer!r} is no layer of VGG-19; layers are called relu2_2 or, before activation, conv2_2")
    before = sum(2 * count + 1 for count in VGG19_BLOCKS[: int(block) - 1])  # with the pooling that ends a block
    return before + 2 * (int(place) - 1) + (kind == "relu")
