"""The processes in which notebooks are executed: their environment, what they say of their progress, how they stop."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from srgan_lib.files import read_json
from srgan_lib.layout import StageInfo

OnEvent = Callable[[str, Mapping[str, Any]], None]  # (event, facts): planned, started, progress, finished, failed


@contextmanager
def kernel_environment(threads: int | str) -> Iterator[None]:
    """Environment of the kernels: the runner's mark, and thread pools of the size that the fingerprint names."""
    count = str(threads)
    wanted = {"SRGAN_RUNNER": "1", "OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count}
    before = {key: os.environ.get(key) for key in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value


@contextmanager
def watch_progress(path: Path, info: StageInfo, on_event: OnEvent) -> Iterator[None]:
    """Pass on what a kernel says of its progress, which it writes to a file."""
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.3):
            details = read_json(path)
            if details:
                on_event("progress", {**details, "stage": info})

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def forward_interrupts() -> Iterator[list[int]]:
    """Send the first Ctrl-C to the kernel, so that training saves its state; a second one ends everything."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return

    def forward(number: int, _frame: Any) -> None:
        received.append(number)
        if len(received) > 1 or not interrupt_kernels():
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, forward)
    try:
        yield received
    finally:
        signal.signal(signal.SIGINT, before)


def interrupt_kernels() -> int:
    """Interrupt the kernels of this process, so that training in them saves its state; returns how many there are."""
    kernels = [child for child in psutil.Process().children() if "ipykernel_launcher" in " ".join(child.cmdline())]
    for kernel in kernels:
        kernel.send_signal(signal.SIGINT)
    return len(kernels)
