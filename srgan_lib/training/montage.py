"""One patch as the network draws it again and again through training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import nn

from srgan_lib.data.images import write_image
from srgan_lib.data.resize import imresize
from srgan_lib.training.observers import Observer
from srgan_lib.training.validation import Validation, center_crop

SIDE = 128  #: HR pixels of the patch


class Montage(Observer):
    """Writes ``step_00000000.png`` and so on, evenly spaced over training, beside ``bicubic.png`` and ``hr.png``.

    Parameters
    ----------
    folder : receives the patches.
    validation : gives the patch, the middle of its first image.
    steps, frames : length of training, and how many snapshots; the first is before and the last after training.
    """

    def __init__(self, folder: Path, validation: Validation, steps: int, frames: int) -> None:
        self.folder = folder
        self.validation = validation
        self.due = {round(frame * steps / (frames - 1)) for frame in range(frames)}

    def on_step(self, step: int, network: nn.Module) -> None:
        """Take a snapshot if one is due."""
        if step not in self.due:
            return
        lr = self.validation.lr[0]
        if step == 0:
            for earlier in self.folder.glob("step_*.png"):  # another training's
                earlier.unlink()
            self._write("bicubic", imresize(lr, self.validation.scale))
            self._write("hr", self.validation.hr[0])
        self._write(f"step_{step:08d}", self.validation.enlarge(network, lr))

    def _write(self, name: str, image: np.ndarray) -> None:
        write_image(self.folder / f"{name}.png", center_crop(image, SIDE, 1))
