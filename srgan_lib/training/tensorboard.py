"""The curves for TensorBoard, for those who asked for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


class TensorBoard:
    """Writes scalars as TensorBoard's event files.

    Parameters
    ----------
    folder : receives the event files; ``tensorboard --logdir`` takes it or a folder above.
    start : steps done before; what an interrupted training wrote of later steps is hidden.

    Raises
    ------
    ImportError
        If tensorboard is not installed.
    """

    def __init__(self, folder: Path, start: int) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise ImportError(
                "tensorboard: the package is not installed; install it (pip install tensorboard), or set "
                "shared.tensorboard to false (loss_curve.csv and validation.csv hold the same curves)"
            ) from None
        self.writer = SummaryWriter(str(folder), purge_step=start + 1)

    def add(self, group: str, row: Mapping[str, float]) -> None:
        """Write a row of a curve, which names its ``step``, as ``<group>/<value>``."""
        for name, value in row.items():
            if name != "step":
                self.writer.add_scalar(f"{group}/{name}", value, row["step"])
        self.writer.flush()
