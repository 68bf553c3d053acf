"""A network's layers as a table: operations, output shapes and parameters."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from torch import nn

from srgan_lib.models.structure import structure


def layer_table(network: nn.Module, input_shape: Sequence[int]) -> pd.DataFrame:
    """List a network's layers; equal blocks in a row appear once, with their number.

    Parameters
    ----------
    network : any network of one image.
    input_shape : of an image, C×h×w.

    Returns
    -------
    Columns layer (the name in the network), operations, output (C×H×W), times (how often the network has this layer)
    and parameters (of all of them together); the last row is the sum.
    """
    found = structure(network, input_shape)
    rows = [
        {
            "layer": layer.name,
            "operations": ", ".join(layer.operations),
            "output": "×".join(map(str, layer.output)),
            "times": found.times(index),
            "parameters": layer.parameters * found.times(index),
        }
        for index, layer in enumerate(found.layers)
    ]
    total = {"layer": "all", "operations": "", "output": "", "times": ""}
    return pd.DataFrame([*rows, {**total, "parameters": sum(row["parameters"] for row in rows)}])
