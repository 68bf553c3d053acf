"""Probe the machine without importing torch: CUDA devices, bfloat16, cores, and a description for manifests."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

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
    """Return whether bfloat16 is faster than float32 on this processor: Intel's AMX units, AMD's AVX-512.

    Intel's AVX-512 BF16 without AMX is not: measured there, convolutions take 1.6 times as long as in float32.
    """
    flags = set(_cpu_field("flags").split())
    return "amx_bf16" in flags or ("avx512_bf16" in flags and _cpu_field("vendor_id") == "AuthenticAMD")


def available_cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine() -> dict[str, Any]:
    """Describe this machine for the report: processor, cores, memory in GiB, CUDA devices."""
    import psutil

    return {
        "cpu": _cpu_field("model name") or platform.processor() or platform.machine(),
        "cores": available_cores(),
        "memory": round(psutil.virtual_memory().total / 2**30, 1),
        "gpu": len(cuda_capabilities()),
        "system": f"{platform.system()} {platform.machine()}",
    }


def machine_text(machine: Mapping[str, Any]) -> str:
    """Format a machine as :func:`machine` or a manifest describes it."""
    gpus = machine["gpu"]
    cards = f"{gpus} CUDA device{'s' if gpus > 1 else ''}" if gpus else "no GPU"
    return f"{machine['cpu']}, {machine['cores']} cores, {machine['memory']} GiB memory, {cards}"


@cache
def _cpu_field(name: str) -> str:
    """Read a field of Linux's /proc/cpuinfo; empty elsewhere."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
