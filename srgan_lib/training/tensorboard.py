"""The curves for TensorBoard, for those who asked for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import nn

from srgan_lib.errors import PackageMissing
from srgan_lib.training.observers import Observer, Row


class TensorBoard(Observer):
    """Writes scalars as TensorBoard's event files.

    Parameters
    ----------
    folder : receives the event files; ``tensorboard --logdir`` takes it or a folder above.

    Raises
    ------
    PackageMissing
        When training starts, if tensorboard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_start(self, start: int, curve: Sequence[Row], validation: Sequence[Row]) -> None:
        """Open the event files; what an interrupted training wrote of steps after ``start`` is hidden."""
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise PackageMissing(
                "tensorboard: the package is not installed; install it (pip install tensorboard), or set "
                "shared.tensorboard to false (loss_curve.csv and validation.csv hold the same curves)"
            ) from None
        self.writer = SummaryWriter(str(self.folder), purge_step=start + 1)

    def on_row(self, curve: Sequence[Row]) -> None:
        """Write the new row of the loss curve as ``train/<value>``."""
        self._write("train", curve[-1])

    def on_validation(self, validation: Sequence[Row], network: nn.Module) -> None:
        """Write the new row of the validation curve as ``validation/<value>``."""
        self._write("validation", validation[-1])

    def _write(self, group: str, row: Row) -> None:
        for name, value in row.items():
            if name != "step":
                self.writer.add_scalar(f"{group}/{name}", value, row["step"])
        self.writer.flush()
