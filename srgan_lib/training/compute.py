"""On what and in which number format training computes."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from srgan_lib.data.randomness import random_stream
from srgan_lib.params.shared import Shared

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of glibc's malloc.h

Module = TypeVar("Module", bound=nn.Module)


@dataclass(frozen=True)
class Compute:
    """Device, number format and threads, all resolved, and what follows from them for tensors and networks.

    Convolutions run channels-last, which is the faster layout in both formats and on both kinds of device. With
    bfloat16, trained networks keep float32 weights and run under autocast, and fixed ones are converted.
    """

    device: str = "cpu"
    dtype: str = "float32"
    threads: int = 1
    compile: bool = False

    @classmethod
    def of(cls, shared: Shared) -> Compute:
        """Build from resolved parameters."""
        return cls(shared.device, shared.dtype, int(shared.threads), shared.compile)

    def share(self, index: int, count: int) -> Compute:
        """Return the share of one process among several: a GPU of its own, or its part of the CPU's threads."""
        if self.device == "cpu":
            return replace(self, threads=max(self.threads // count, 1))
        return replace(self, device=f"cuda:{index}")

    def apply(self) -> None:
        """Set what the process keeps globally: threads, reuse of memory, and deterministic kernels on a GPU."""
        torch.set_num_threads(self.threads)
        libc = ctypes.CDLL(None) if sys.platform == "linux" else None
        if hasattr(libc, "mallopt"):
            # Keep the memory of large tensors for the next step: by default glibc gives each back to the system, and
            # filling in new pages takes a tenth of a training step.
            libc.mallopt(M_MMAP_MAX, 0)
            libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        if self.device != "cpu":
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # deterministic matrix products need it
            torch.use_deterministic_algorithms(True, warn_only=True)
            torch.utils.deterministic.fill_uninitialized_memory = False  # pyright: ignore[reportAttributeAccessIssue]  # a property of the module's class
            torch.backends.cudnn.benchmark = False

    def autocast(self) -> AbstractContextManager:
        """Return the context in which trained networks run forward."""
        return torch.autocast(torch.device(self.device).type, torch.bfloat16, enabled=self.dtype == "bfloat16")

    def trainable(self, module: Module) -> Module:
        """Place a network that will be trained."""
        return module.to(self.device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  # torch's overloads lack memory_format

    def fixed(self, module: Module) -> Module:
        """Place a network that stays as it is: in the compute dtype outright, so that nothing is cast at each step."""
        dtype = getattr(torch, self.dtype)
        return module.to(self.device, dtype, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  # torch's overloads lack memory_format

    def compiled(self, module: nn.Module) -> Callable[..., Any]:
        """Return the network as it is called in training; weights are saved from the original."""
        if not self.compile:
            return module
        from torch._functorch import config as functorch  # private: trainings that compile nothing must not need it

        # A compiled network frees its buffers on the way back; a step's two updates go back through the discriminator.
        functorch.donated_buffer = False
        return torch.compile(module)

    def peak_memory(self) -> float:
        """Return the peak memory so far in GiB: of tensors on the GPU, or of this process."""
        if self.device != "cpu":
            return torch.cuda.max_memory_allocated(self.device) / 2**30
        if sys.platform == "win32":
            import psutil

            return psutil.Process().memory_info().peak_wset / 2**30
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30

    def images(self, batch: Tensor) -> Tensor:
        """Convert N×3×H×W uint8 on any device to float32 in [0,1] on this device, channels last."""
        batch = batch.to(self.device, non_blocking=True)
        return batch.to(torch.float32, memory_format=torch.channels_last).div_(255)


@contextmanager
def seeded(seed: int, purpose: str) -> Iterator[None]:
    """Initialise networks inside from (seed, purpose), leaving torch's global random stream as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(random_stream(seed, purpose).integers(2**63)))
        yield
