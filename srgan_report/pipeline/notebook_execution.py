"""Execute notebooks with papermill: their processes' environment, progress, how they stop, where and why they fail."""

from __future__ import annotations

import json
import logging
import re
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from srgan_lib.errors import STOPPING, Interrupted, SrganError, debugging, one_line, storage_error
from srgan_lib.files import read_json, write_atomic
from srgan_lib.layout import StageInfo

if TYPE_CHECKING:
    from papermill.exceptions import PapermillExecutionError

OnEvent = Callable[[str, Mapping[str, Any]], None]  # (event, facts): planned, started, progress, finished


class StageFailed(SrganError):
    """A notebook raised, or its process died; where the program is at fault, a note holds the notebook's traceback.

    ``path`` is the notebook as far as it came.
    """


def execute_notebook(source: Path, folder: Path, parameters: Mapping[str, Any], root: Path, threads: int | str) -> None:
    """Execute a notebook into a folder, where it appears under its name once it is complete.

    The kernel works in the project's ``root``, with thread pools of that size, which a stage's fingerprint names.
    :class:`StageFailed` when a cell raises or the kernel dies, of which ``<name>.failed.ipynb`` keeps the traceback;
    ``Interrupted`` when the user stops it.
    """
    import papermill
    from jupyter_client.manager import AsyncKernelManager
    from papermill.exceptions import PapermillExecutionError

    environment = {"SRGAN_RUNNER": "1", "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}

    class QuietKernelManager(AsyncKernelManager):
        """Sets a kernel's environment, and keeps off the terminal what its process itself writes to stderr.

        A cell's output and errors come as messages. What is left is why it cannot start, which is quoted, and
        ipykernel's traceback where its sockets close while it still answers the request to end.
        """

        async def _async_launch_kernel(self, kernel_cmd: list[str], **options: Any) -> None:
            options["env"] |= environment
            await super()._async_launch_kernel(kernel_cmd, stderr=stderr, **options)

    name = source.stem
    running, final, failed = (
        folder / text for text in (f".{name}.running.ipynb", f"{name}.ipynb", f"{name}.failed.ipynb")
    )
    stopped = Interrupted(f"stopped in {name}; the same command continues there")
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # it logs what it raises
    with tempfile.TemporaryFile() as stderr, _Interrupts() as interrupts:
        try:
            papermill.execute_notebook(
                str(source),
                str(running),
                parameters=dict(parameters),
                cwd=str(root),
                kernel_name="python3",
                progress_bar=False,
                log_output=False,
                extra_arguments=["--IPKernelApp.log_level=50"],  # errors of cells come as messages
                kernel_manager_class=QuietKernelManager,
                on_cell_start=interrupts.on_cell_start,
                on_cell_execute=interrupts.on_cell_execute,
                on_cell_executed=interrupts.on_cell_executed,
            )
        except (Interrupted, KeyboardInterrupt):
            raise stopped from None
        except (PapermillExecutionError, RuntimeError) as error:
            if running.exists():
                running.replace(failed)
            if interrupts.received:
                raise stopped from None
            if isinstance(error, PapermillExecutionError):
                raise _failure(error, name, failed) from None
            if not str(error).startswith("Kernel"):  # "Kernel died", also before it has started
                raise
            died = StageFailed(
                f"{name}: its process died, most likely for lack of memory; take a smaller batch or crop. "
                "The same command continues at the last checkpoint.",
                path=failed,
            )
            stderr.seek(0)
            if last_words := stderr.read(4_000).decode(errors="replace").strip():  # such as a package that it misses
                died.add_note(last_words)
            raise died from None
    running.replace(final)
    if interrupts.received:
        raise stopped


def refresh_prose(executed: Path, source: Path) -> bool:
    """Bring the prose of an executed notebook up to date; its code and outputs stay, since the code is the same.

    Returns whether the file has changed.
    """
    done, text = (json.loads(path.read_bytes()) for path in (executed, source))
    injected = [cell for cell in done["cells"] if "injected-parameters" in cell["metadata"].get("tags", [])]
    ran = [cell for cell in done["cells"] if cell not in injected]
    before, now = ([(cell["cell_type"], "".join(cell["source"])) for cell in cells] for cells in (ran, text["cells"]))
    if before == now:
        return False
    outputs = iter([cell for cell in ran if cell["cell_type"] == "code"])
    done["cells"] = []
    for cell in text["cells"]:
        done["cells"].append({**next(outputs), "source": cell["source"]} if cell["cell_type"] == "code" else cell)
        if "parameters" in cell["metadata"].get("tags", []):
            done["cells"] += injected
    write_atomic(executed, json.dumps(done, indent=1, sort_keys=True, ensure_ascii=False))
    return True


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


class _Interrupts:
    """Passes Ctrl-C, SIGTERM and SIGHUP on to a notebook's kernel as Ctrl-C; nbclient tells which cell it executes.

    A kernel listens only while it executes one.

    Outside the main thread, where Python sends none, it does nothing.
    """

    def __init__(self) -> None:
        self.received = 0  # so many Ctrl-C
        self._ready = False  # the kernel has started
        self._cell: Any = None  # the cell that it was asked to execute

    def __enter__(self) -> _Interrupts:
        here = threading.current_thread() is threading.main_thread()
        heard = [number for number in STOPPING if here and signal.getsignal(number) is not signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._handle) for number in heard}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def on_cell_start(self, **_: Any) -> None:
        self._ready = True
        if self.received:
            raise Interrupted("stopped between two cells")

    def on_cell_execute(self, cell: Any, **_: Any) -> None:
        self._cell = cell

    def on_cell_executed(self, **_: Any) -> None:
        self._cell = None

    def _handle(self, _number: int, _frame: Any) -> None:
        """Handle a signal: the first lets the cell end, in which training saves its state; a second ends everything."""
        self.received += 1
        if self.received > 1 or not self._ready:
            interrupt_kernels(signal.SIGKILL)
            raise KeyboardInterrupt
        threading.Thread(target=self._interrupt_cell, args=(self._cell,), daemon=True).start()

    def _interrupt_cell(self, cell: Any) -> None:
        """Interrupt the kernel once it has begun the cell, which then has a number; before that it would not hear."""
        while cell is not None and cell is self._cell:
            if cell.execution_count is not None:
                interrupt_kernels()
                return
            time.sleep(0.01)


def interrupt_kernels(number: int = signal.SIGINT) -> int:
    """Send the kernels of this process a signal, by default one at which training in them saves its state.

    Returns how many kernels there are.
    """
    kernels = [child for child in psutil.Process().children() if "ipykernel_launcher" in " ".join(child.cmdline())]
    for kernel in kernels:
        kernel.send_signal(number)
    return len(kernels)


def _failure(error: PapermillExecutionError, notebook: str, failed: Path) -> StageFailed:
    """Describe an exception in a notebook, with its traceback unless it is meant for people or the disk's fault."""
    traceback = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(error.traceback))  # without colours
    number = re.search(r"\[Errno (\d+)\]|\(os error (\d+)\)", error.evalue)  # as Python and safetensors write it
    storage = storage_error(int(number[1] or number[2])) if number else None
    message = f"{error.evalue}; {storage}" if storage else one_line(error.ename, error.evalue)
    failure = StageFailed(
        f"{notebook}, cell In [{error.exec_count}]: {message}\n"
        f"The executed notebook is {failed}; the same command continues at this stage.",
        path=failed,
    )
    if debugging() or not (storage or traceback == one_line(error.ename, error.evalue)):
        failure.add_note(traceback)
    return failure
