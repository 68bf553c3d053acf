"""The processes in which notebooks are executed: their environment, what they say of their progress, how they stop."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from srgan_lib.errors import Interrupted
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


class Interrupts:
    """Passes Ctrl-C on to a notebook's kernel, which listens only while it executes a cell.

    Attributes
    ----------
    received : how many there were.
    """

    def __init__(self) -> None:
        self.received = 0
        self._ready = False  # the kernel has started
        self._cell: Any = None  # the cell that it was asked to execute

    def on_cell_start(self, **_: Any) -> None:
        """Hear from nbclient that a cell's turn has come; after Ctrl-C it does not.

        Raises
        ------
        Interrupted
        """
        self._ready = True
        if self.received:
            raise Interrupted("stopped between two cells")

    def on_cell_execute(self, cell: Any, **_: Any) -> None:
        """Hear that the kernel is asked to execute a cell."""
        self._cell = cell

    def on_cell_executed(self, **_: Any) -> None:
        """Hear that the kernel has executed it."""
        self._cell = None

    def handle(self, _number: int, _frame: Any) -> None:
        """Handle Ctrl-C: the first lets the cell end, in which training saves its state; a second one ends everything."""
        self.received += 1
        if self.received > 1 or not self._ready:
            kill_kernels()
            raise KeyboardInterrupt
        threading.Thread(target=self._interrupt_cell, args=(self._cell,), daemon=True).start()

    def _interrupt_cell(self, cell: Any) -> None:
        """Interrupt the kernel once it has begun the cell, which then has a number; before that it would not hear."""
        while cell is not None and cell is self._cell:
            if cell.execution_count is not None:
                interrupt_kernels()
                return
            time.sleep(0.01)


@contextmanager
def forward_interrupts() -> Iterator[Interrupts]:
    """Let :class:`Interrupts` handle Ctrl-C inside; outside the main thread, where Python delivers none, nothing does."""
    interrupts = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    before = signal.signal(signal.SIGINT, interrupts.handle)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, before)


def interrupt_kernels() -> int:
    """Interrupt the kernels of this process, so that training in them saves its state; returns how many there are."""
    return _signal_kernels(signal.SIGINT)


def kill_kernels() -> int:
    """End the kernels of this process at once; returns how many there are."""
    return _signal_kernels(signal.SIGKILL)


def _signal_kernels(number: int) -> int:
    kernels = [child for child in psutil.Process().children() if "ipykernel_launcher" in " ".join(child.cmdline())]
    for kernel in kernels:
        kernel.send_signal(number)
    return len(kernels)
