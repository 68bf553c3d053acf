"""Execute one notebook with papermill, and say in a sentence where and why it failed."""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srgan_lib.errors import Interrupted, SrganError, debugging, one_line, storage_error
from srgan_lib.pipeline.kernels import forward_interrupts

if TYPE_CHECKING:
    from papermill.exceptions import PapermillExecutionError


class StageFailed(SrganError):
    """A notebook raised, or its process died; where the program is at fault, a note holds the notebook's traceback.

    Attributes
    ----------
    notebook : its name, e.g. ``03_warmup``.
    cell : execution count of the cell that raised; 0 where none did.
    kind : name of the exception's class; empty where there was none.
    path : the notebook as far as it came, ``<notebook>.failed.ipynb``.
    """

    def __init__(
        self, message: str, *, notebook: str = "", cell: int = 0, kind: str = "", path: str | Path | None = None
    ) -> None:
        super().__init__(message, path=path)
        self.notebook, self.cell, self.kind = notebook, cell, kind


def execute_notebook(source: Path, folder: Path, parameters: Mapping[str, Any], root: Path) -> Path:
    """Execute a notebook into a folder, where it appears under its name once it is complete.

    Parameters
    ----------
    source : the notebook.
    parameters : values that papermill injects after its parameters cell.
    root : the project, working folder of the kernel.

    Returns
    -------
    The executed notebook.

    Raises
    ------
    StageFailed
        When a cell raises or the kernel dies. ``<name>.failed.ipynb`` keeps the traceback.
    Interrupted
        When the user stops it.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    from srgan_lib.pipeline.kernel_manager import QuietKernelManager

    name = source.stem
    running, final, failed = (
        folder / f".{name}.running.ipynb",
        folder / f"{name}.ipynb",
        folder / f"{name}.failed.ipynb",
    )
    stopped = Interrupted(f"stopped in {name}; the same command continues there")
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # it logs what it raises
    with tempfile.TemporaryFile() as stderr, forward_interrupts() as interrupts:
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
                config=Config({"QuietKernelManager": {"stderr": stderr.fileno()}}),
                on_cell_start=interrupts.on_cell_start,
                on_cell_execute=interrupts.on_cell_execute,
                on_cell_executed=interrupts.on_cell_executed,
            )
        except PapermillExecutionError as error:
            running.replace(failed)
            if interrupts.received:
                raise stopped from None
            raise _failure(error, name, failed) from None
        except (Interrupted, KeyboardInterrupt):
            raise stopped from None
        except RuntimeError as error:
            if interrupts.received:
                raise stopped from None
            if not str(error).startswith("Kernel"):  # "Kernel died", also before it has started
                raise
            if running.exists():
                running.replace(failed)
            died = StageFailed(
                f"{name}: its process died, most likely for lack of memory; take a smaller batch or crop. "
                "The same command continues at the last checkpoint.",
                notebook=name,
                path=failed,
            )
            stderr.seek(0)
            if last_words := stderr.read(4_000).decode(errors="replace").strip():  # such as a package that it misses
                died.add_note(last_words)
            raise died from None
    running.replace(final)
    if interrupts.received:
        raise stopped
    return final


def _failure(error: PapermillExecutionError, notebook: str, failed: Path) -> StageFailed:
    """Describe an exception in a notebook, with its traceback unless it is meant for people or the disk's fault."""
    traceback = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(error.traceback))  # without colours
    number = re.search(r"\[Errno (\d+)\]|\(os error (\d+)\)", error.evalue)  # as Python and safetensors write it
    storage = storage_error(int(number[1] or number[2])) if number else None
    message = f"{error.evalue}; {storage}" if storage else one_line(error.ename, error.evalue)
    failure = StageFailed(
        f"{notebook}, cell In [{error.exec_count}]: {message}\n"
        f"The executed notebook is {failed}; the same command continues at this stage.",
        notebook=notebook,
        cell=error.exec_count or 0,
        kind=error.ename,
        path=failed,
    )
    if debugging() or not (storage or traceback == one_line(error.ename, error.evalue)):
        failure.add_note(traceback)
    return failure
