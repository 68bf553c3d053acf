"""Everything that a training needs to go on exactly where it stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from srgan_lib.models.files import CheckpointError
from srgan_lib.training import processes
from srgan_lib.training.checkpoint import Checkpoints
from srgan_lib.training.ema import MovingAverage
from srgan_lib.training.history import History
from srgan_lib.training.optimizer import Optimizer


@dataclass
class NetworkState:
    """A network in training: what builds it again, and what updates it."""

    network: nn.Module
    config: dict[str, Any]
    optimizer: Optimizer


class TrainingState:
    """Networks, optimizers, moving average and history of a training, and how they get into a checkpoint and back.

    Batches are a function of (seed, step) and learning rates of the step, so that there is no more to keep. Of several
    processes the first writes, and all read.

    Parameters
    ----------
    networks : by the name of their file; the first is the one that is validated and averaged.
    ema_decay : of the moving average of the first network's weights; 0: none is kept.
    checkpoints : where states are kept.
    """

    def __init__(self, networks: Mapping[str, NetworkState], ema_decay: float, checkpoints: Checkpoints) -> None:
        self.networks = networks
        self.checkpoints = checkpoints
        self.history = History()
        judged = next(iter(networks.values())).network
        self.moving_average = MovingAverage(judged, ema_decay) if ema_decay else None
        #: What is validated, and written in the end.
        self.eval_network = self.moving_average.averaged if self.moving_average else judged

    def add(self, step: int, values: Mapping[str, Tensor]) -> None:
        """Take in the values of a step (scalar tensors) and the weights after it."""
        self.history.add(step, values)
        if self.moving_average:
            self.moving_average.update()

    def save(self, step: int) -> None:
        """Write a checkpoint after so many steps, unless what happened since the last shows that training diverged."""
        self.history.read()
        if not processes.is_main_process():
            return
        tensors = {
            f"{name}.{key}": value for name, part in self._parts().items() for key, value in part.state_dict().items()
        }
        # As a tensor, since a long history is more than a file's header holds (100 MB).
        history = bytearray(json.dumps(self.history.state()).encode())
        tensors["history"] = torch.frombuffer(history, dtype=torch.uint8)
        self.checkpoints.save(step, tensors, {"configs": self._configs()})

    def restore(self) -> int:
        """Take over the newest checkpoint; return how many steps are done, 0 without one.

        Raises
        ------
        CheckpointError
            If it holds other networks.
        """
        found = self.checkpoints.newest()
        if found is None:
            return 0
        tensors, metadata = found
        if metadata["configs"] != self._configs():
            raise CheckpointError(
                f"{self.checkpoints.folder}: its states are of {metadata['configs']}, and this training has "
                f"{self._configs()}; delete that folder or take another one",
                path=self.checkpoints.folder,
            )
        for name, part in self._parts().items():
            part.load_state_dict(_within(tensors, f"{name}."))
        self.history.load_state(json.loads(tensors["history"].numpy().tobytes()))
        return metadata["step"]

    def _parts(self) -> dict[str, nn.Module | Optimizer]:
        parts: dict[str, nn.Module | Optimizer] = {}
        for name, trained in self.networks.items():
            parts |= {f"{name}.weights": trained.network, f"{name}.adam": trained.optimizer}
        return parts | ({"average": self.moving_average.averaged} if self.moving_average else {})

    def _configs(self) -> dict[str, Any]:
        return {name: trained.config for name, trained in self.networks.items()}


def _within(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
