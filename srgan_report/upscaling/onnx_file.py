"""Networks as ONNX, the format that other programs' engines read."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping

import torch

from srgan_lib.models.base import SuperResolver

OPSET = 17  #: of ONNX's operators; ONNX Runtime 1.12 and later, OpenVINO 2023 and later read it
SMALLEST = 5  #: LR pixels per side below which the written graph is not the network, see ``LRConsistency``


def to_onnx(model: SuperResolver, metadata: Mapping[str, str]) -> bytes:
    """Write a network on the CPU as an ONNX file's content, for images of any size from :data:`SMALLEST` on.

    The input ``lr``, N×3×h×w in [0,1], gives ``sr``, N×3×(scale·h)×(scale·w), not clamped, in float32; ``metadata``
    are texts by name. Needs the package onnx.
    """
    import onnx

    training, content = model.training, io.BytesIO()
    axes = {"lr": {0: "N", 2: "h", 3: "w"}, "sr": {0: "N", 2: "H", 3: "W"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns of every size that the network means to be constant
        # The exporter by tracing: the other one needs a package more, and is slower.
        torch.onnx.export(
            model.eval(),
            (torch.rand(1, 3, 24, 20),),
            content,  # pyright: ignore[reportArgumentType]  # the exporter by tracing also writes to open files
            dynamo=False,
            opset_version=OPSET,
            input_names=["lr"],
            output_names=["sr"],
            dynamic_axes=axes,
        )
    model.train(training)
    file = onnx.load_model_from_string(content.getvalue())
    onnx.helper.set_model_props(file, dict(metadata))
    return file.SerializeToString()
