"""Turning ``auto`` and ``available`` into values before anything runs, without importing torch."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from srgan_lib.models.backbones import LPIPS_BACKBONES, BackboneError, fetch_backbone, find_backbone, layer_index
from srgan_lib.params import ParameterError, Params

# A program; 75 and 76 are CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and … MINOR.
_ASK_DRIVER = """
import ctypes, json, sys
driver, count, number = ctypes.CDLL(sys.argv[1]), ctypes.c_int(), ctypes.c_int()
if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
    count.value = 0
def attribute(kind, device):
    driver.cuDeviceGetAttribute(ctypes.byref(number), kind, device)
    return number.value
print(json.dumps([[attribute(kind, device) for kind in (75, 76)] for device in range(count.value)]))
"""


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
            f"shared.device: {device!r} is not on this machine, which has {len(gpus)} CUDA devices; use cpu or auto"
        )
    if device == "cuda" and shared.processes > len(gpus):
        raise ParameterError(
            f"shared.processes: {shared.processes} processes need a GPU each and this machine has {len(gpus)}; "
            "lower it, or set shared.device to cpu"
        )
    fast = gpus[index] >= (8, 0) if device.startswith("cuda") else cpu_has_bfloat16()
    dtype = shared.dtype if shared.dtype != "auto" else ("bfloat16" if fast else "float32")
    threads = shared.threads if shared.threads != "auto" else available_cores()
    sections: dict[str, Any] = {
        "shared": shared.model_copy(update={"device": device, "dtype": dtype, "threads": threads})
    }
    for name, place in params.evaluation.methods.items():
        if not Path(place).exists():
            raise ParameterError(
                f"evaluation.methods.{name}: {place}: no such folder of images, or file with a network's weights"
            )
    for name in ("srcnn", "warmup", "adversarial"):
        section = getattr(params, name)
        if section.monitor == "lpips_squeeze":
            _require("squeezenet1_1", f"{name}.monitor: lpips_squeeze", "psnr_y or ssim_y")
        if getattr(section, "content_weight", 0):
            weights = _content_weights(name, section.content_weights, section.content_layers, on_message)
            sections[name] = section.model_copy(update={"content_weights": weights})
    return params.model_copy(update=sections)


def fetch_judges(params: Params, on_message: Callable[[str], None] = lambda text: None) -> None:
    """Download the LPIPS backbones that the evaluation wants and this disk lacks; without a network, say so."""
    for net in params.evaluation.lpips_nets:
        try:
            if find_backbone(LPIPS_BACKBONES[net]) is None:
                fetch_backbone(LPIPS_BACKBONES[net])
        except BackboneError as error:
            on_message(f"LPIPS({net}) will not be computed: {error}")


@cache
def cuda_capabilities() -> tuple[tuple[int, int], ...]:
    """Compute capability of each visible CUDA device; empty without one.

    The driver is asked by a process of its own: once it is initialised in a process, forks of that cannot use the GPUs.
    """
    library = "nvcuda.dll" if os.name == "nt" else "libcuda.so.1"
    try:
        ctypes.CDLL(library)
    except OSError:
        return ()
    answer = subprocess.run([sys.executable, "-c", _ASK_DRIVER, library], capture_output=True, text=True, check=True)
    return tuple(tuple(capability) for capability in json.loads(answer.stdout))


@cache
def cpu_has_bfloat16() -> bool:
    """Whether bfloat16 is faster than float32 on this processor: Intel's AMX units, AMD's AVX-512.

    Intel's AVX-512 BF16 without AMX is not: measured there, convolutions take 1.6 times as long as in float32.
    """
    flags = set(_cpu_field("flags").split())
    return "amx_bf16" in flags or ("avx512_bf16" in flags and _cpu_field("vendor_id") == "AuthenticAMD")


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine() -> dict[str, Any]:
    """What this machine is, for the report: processor, cores, memory in GiB, CUDA devices."""
    import psutil

    return {
        "cpu": _cpu_field("model name") or platform.processor() or platform.machine(),
        "cores": available_cores(),
        "memory": round(psutil.virtual_memory().total / 2**30, 1),
        "gpu": len(cuda_capabilities()),
        "system": f"{platform.system()} {platform.machine()}",
    }


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
        except BackboneError as error:
            raise ParameterError(f"{wanted}: {error}; or use {instead}") from None


@cache
def _cpu_field(name: str) -> str:
    """A field of Linux's /proc/cpuinfo; empty elsewhere."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
