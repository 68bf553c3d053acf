"""The states of a training on disk, from which it resumes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from srgan_lib.models.files import CheckpointError, load_tensors, save_tensors

logger = logging.getLogger(__name__)


class Checkpoints:
    """The last states of a training, from which it resumes.

    Parameters
    ----------
    folder : where ``step_00000100.safetensors`` and so on lie.
    fingerprint : of everything that decides the weights; states of another fingerprint are not resumed.
    keep : how many of the last states stay.
    """

    def __init__(self, folder: Path, fingerprint: str, keep: int) -> None:
        self.folder = folder
        self.fingerprint = fingerprint
        self.keep = keep

    def save(self, step: int, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> Path:
        """Write the state after ``step`` steps and delete those that are too old."""
        path = self.folder / f"step_{step:08d}.safetensors"
        save_tensors(path, tensors, {**metadata, "step": step, "fingerprint": self.fingerprint})
        for old in self.files()[self.keep :]:
            old.unlink()
        return path

    def newest(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Load the newest usable state, or return None.

        Each damaged one is named in a warning and deleted. States of another fingerprint are moved aside, never
        deleted, and named in a warning.
        """
        for path in self.files():
            try:
                tensors, metadata = load_tensors(path)
            except CheckpointError as error:
                logger.warning("%s; training goes on from the checkpoint before it, or else from the start", error)
                path.unlink()
                continue
            if metadata.get("fingerprint") == self.fingerprint:
                return tensors, metadata
            aside = self.folder / str(metadata.get("fingerprint"))[:8]
            aside.mkdir(exist_ok=True)
            for other in self.files():
                other.rename(aside / other.name)
            logger.warning(
                "%s was made with other parameters, data or code: training starts anew. It is kept in %s; "
                "delete that when you do not need it",
                path.name,
                aside,
            )
            break
        return None

    def files(self) -> list[Path]:
        """List all states, the newest first."""
        return sorted(self.folder.glob("step_*.safetensors"), reverse=True)
