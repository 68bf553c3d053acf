"""Turning ``auto`` and ``available`` into values before anything runs, without importing torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from srgan_lib.downloads import DownloadError
from srgan_lib.hardware import available_cores, cpu_has_bfloat16, cuda_capabilities
from srgan_lib.models.backbones import LPIPS_BACKBONES, fetch_backbone, find_backbone
from srgan_lib.models.vgg19 import layer_index
from srgan_lib.params import ParameterError, Params


def resolve(params: Params, on_message: Callable[[str], None] = lambda text: None) -> Params:
    """Parameters in which nothing is left to the machine: device, dtype, threads and content weights are values.

    Parameters
    ----------
    params : as read.
    on_message : told in one sentence what was chosen, or what is missing and how to get it.

    Raises
    ------
    ParameterError
        For a device that this machine does not have, weights that are asked for and cannot be had (VGG-19's of ImageNet,
        a monitor's SqueezeNet), or other methods' results that are not there.
    """
    shared = params.shared
    gpus = cuda_capabilities()
    device = shared.device if shared.device != "auto" else ("cuda" if gpus else "cpu")
    index = int(device.partition(":")[2] or 0)
    if device.startswith("cuda") and index >= len(gpus):
        raise ParameterError(
            f"shared.device: {device!r} is not on this machine, which has {len(gpus)} CUDA devices; use cpu or auto",
            parameter="shared.device",
            allowed=("cpu", "auto"),
        )
    if device == "cuda" and shared.processes > len(gpus):
        raise ParameterError(
            f"shared.processes: {shared.processes} processes need a GPU each and this machine has {len(gpus)}; "
            "lower it, or set shared.device to cpu",
            parameter="shared.processes",
            allowed=(f"at most {len(gpus)}",),
        )
    fast = gpus[index] >= (8, 0) if device.startswith("cuda") else cpu_has_bfloat16()
    dtype = shared.dtype if shared.dtype != "auto" else ("bfloat16" if fast else "float32")
    threads = shared.threads if shared.threads != "auto" else available_cores()
    sections: dict[str, Any] = {
        "shared": shared.model_copy(update={"device": device, "dtype": dtype, "threads": threads})
    }
    for name, index in params.evaluation.methods.items():
        if not Path(index).exists():
            raise ParameterError(
                f"evaluation.methods.{name}: {index}: no such folder of images, or file with a network's weights",
                parameter=f"evaluation.methods.{name}",
                path=index,
            )
    for name in ("srcnn", "warmup", "adversarial"):
        section = getattr(params, name)
        if section.monitor == "lpips_squeeze":
            _require("squeezenet1_1", f"{name}.monitor: lpips_squeeze", "psnr_y or ssim_y")
        if getattr(section, "content_weight", 0):
            weights = _content_weights(name, section.content_weights, section.content_layers, on_message)
            sections[name] = section.model_copy(update={"content_weights": weights})
    return params.model_copy(update=sections)


def fetch_lpips_weights(params: Params, on_message: Callable[[str], None] = lambda text: None) -> None:
    """Download the LPIPS backbones that the evaluation wants and this disk lacks; without a network, say so."""
    for net in params.evaluation.lpips_nets:
        try:
            if find_backbone(LPIPS_BACKBONES[net]) is None:
                fetch_backbone(LPIPS_BACKBONES[net])
        except DownloadError as error:
            on_message(f"LPIPS({net}) will not be computed: {error}")


def _content_weights(stage: str, wanted: str, layers: dict[str, float], on_message: Callable[[str], None]) -> str:
    deepest = max(layers, key=layer_index)
    if wanted == "imagenet":
        _require("vgg19", f"{stage}.content_weights: imagenet", "'random' or 'available'", deepest)
    if wanted != "available":
        return wanted
    found = find_backbone("vgg19", deepest) is not None
    on_message(
        f"{stage}: content_weights 'available' is "
        + (
            "'imagenet' on this machine (VGG-19 trained on ImageNet)"
            if found
            else f"'random' on this machine (no ImageNet weights for {deepest} on this disk; fixed-seed random VGG-19 instead)"
        )
    )
    return "imagenet" if found else "random"


def _require(backbone: str, wanted: str, instead: str, layer: str | None = None) -> None:
    """Have a backbone's weights on this disk, downloaded if need be; an error says what else the parameter can be."""
    if find_backbone(backbone, layer) is None:
        try:
            fetch_backbone(backbone)
        except DownloadError as error:
            parameter = wanted.partition(":")[0]
            raise ParameterError(f"{wanted}: {error}; or use {instead}", parameter=parameter) from None
