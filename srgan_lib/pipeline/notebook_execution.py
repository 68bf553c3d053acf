"""Execute one notebook with papermill, and say in a sentence where and why it failed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from srgan_lib.pipeline.kernels import forward_interrupts
from srgan_lib.training.interrupt import Interrupted


class StageFailed(RuntimeError):
    """A notebook raised: the message names the notebook, the cell and the error."""


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
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    name = source.stem
    running, final, failed = (
        folder / f".{name}.running.ipynb",
        folder / f"{name}.ipynb",
        folder / f"{name}.failed.ipynb",
    )
    with forward_interrupts() as interrupts:
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
            )
        except PapermillExecutionError as error:
            running.replace(failed)
            if interrupts:
                raise Interrupted(f"stopped in {name}; the same command continues there") from None
            remedy = "Free some space first. " if "No space left on device" in error.evalue else ""
            raise StageFailed(
                f"{name}, cell In [{error.exec_count}]: {error.ename}: {error.evalue}\n"
                f"{remedy}The traceback is in {failed}; the same command continues at this stage."
            ) from None
        except DeadKernelError:
            running.replace(failed)
            raise StageFailed(
                f"{name}: its process died, most likely for lack of memory; take a smaller batch or crop. "
                "The same command continues at the last checkpoint."
            ) from None
        except KeyboardInterrupt:
            raise Interrupted(f"stopped in {name}; the same command continues there") from None
    running.replace(final)
    return final
