"""Turn ``auto`` and ``available`` into values before anything runs, without importing torch or using a network."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from srgan_lib.models.backbones import find_backbone
from srgan_lib.models.containers import kind_of
from srgan_lib.models.own_code import OwnCodeError, check_reference
from srgan_lib.models.vgg19 import layer_index
from srgan_lib.params import Params
from srgan_lib.params.evaluation import names_network
from srgan_lib.params.section import ParameterError
from srgan_lib.params.shared import Shared
from srgan_report.hardware import available_cores, cpu_has_bfloat16, cuda_capabilities

logger = logging.getLogger(__name__)


def resolve(params: Params) -> Params:
    """Leave nothing in parameters to the machine: device, dtype, threads and content weights become values.

    What ``content_weights: available`` became is logged. A :class:`ParameterError` refuses a device that this machine
    does not have, other methods' results that are not there, and a pickled network where the package that reads it is
    not.
    """
    sections: dict[str, Any] = {"shared": resolve_shared(params.shared)}
    for name, index in params.evaluation.methods.items():
        problem = ""
        if not Path(index).exists():
            problem = "no such folder of images, or file with a network's weights"
        elif names_network(index) and kind_of(Path(index)) == "pickle" and find_spec("spandrel") is None:
            problem = "read through spandrel, which is not installed; run: pip install 'srgan-report[spandrel]'"
        if problem:
            parameter = f"evaluation.methods.{name}"
            raise ParameterError(f"{parameter}: {index}: {problem}", parameter=parameter, path=index)
    for name in ("warmup", "adversarial"):
        section = getattr(params, name)
        for reference in section.own_classes:
            try:
                check_reference(reference)
            except OwnCodeError as error:
                parameter = f"{name}.{'extra_losses' if reference in section.extra_losses else 'generator'}"
                raise ParameterError(f"{parameter}: {error}", parameter=parameter, path=error.path) from None
        if section.vgg_layers and section.content_weights == "available":
            deepest = max(section.vgg_layers, key=layer_index)
            weights, meaning = "imagenet", "VGG-19 trained on ImageNet"
            if find_backbone("vgg19", deepest) is None:
                weights = "random"
                meaning = f"no ImageNet weights for {deepest} on this disk; fixed-seed random VGG-19 instead"
            logger.info("%s: content_weights 'available' is %r on this machine (%s)", name, weights, meaning)
            sections[name] = section.model_copy(update={"content_weights": weights})
    return params.model_copy(update=sections)


def resolve_shared(shared: Shared) -> Shared:
    """Resolve device, dtype and threads; raises as :func:`resolve`."""
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
    cores = available_cores()
    threads = shared.threads if shared.threads != "auto" else cores
    if threads > cores:
        logger.warning(
            "shared.threads: %d threads share the %d cores of this process, which slows them down", threads, cores
        )
    return shared.model_copy(update={"device": device, "dtype": dtype, "threads": threads})
