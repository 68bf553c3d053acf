"""Whole images of the test sets by every method, as PNG files: ``images/<method>/<dataset>/<image>.png``.

A method's folder can be given to another run as ``evaluation.methods``, or to any program that measures images.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from srgan_lib.data.images import read_image, write_image
from srgan_lib.files import write_atomic

INDEX = "index.json"  #: lists the files by dataset, image and method


class WholeImages:
    """A folder of whole images; LR and HR are there as the methods ``lr`` and ``hr``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[tuple[str, str], dict[str, str]] = {}

    def write(self, dataset: str, image: str, method: str, pixels: np.ndarray) -> None:
        """Write one image, H×W×3 uint8, without loss."""
        file = f"{method}/{dataset}/{image}.png"
        write_image(self.folder / file, pixels)
        self._files.setdefault((dataset, image), {})[method] = file

    def read(self, dataset: str, image: str, method: str) -> np.ndarray:
        """Read back one image that was written."""
        return read_image(self.folder / self._files[dataset, image][method])

    def write_index(self) -> None:
        """Write ``index.json``: for each image its dataset, its name and its files by method, HR last."""
        index = [
            {"dataset": dataset, "image": image, "methods": files} for (dataset, image), files in self._files.items()
        ]
        write_atomic(self.folder / INDEX, json.dumps(index, indent=1) + "\n")
