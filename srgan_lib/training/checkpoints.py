"""Everything that a training needs to go on exactly where it stopped, and how it gets to disk and back."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from srgan_lib.models.files import CheckpointError, load_tensors, save_tensors
from srgan_lib.training import processes
from srgan_lib.training.history import History
from srgan_lib.training.optimizer import Optimizer

logger = logging.getLogger(__name__)


class Checkpoints:
    """The last states of a training, ``step_00000100.safetensors`` and so on, from which it resumes.

    The last ``keep`` stay. The fingerprint is of everything that decides the weights; others' states are not resumed.
    """

    def __init__(self, folder: Path, fingerprint: str, keep: int) -> None:
        self.folder, self.fingerprint, self.keep = folder, fingerprint, keep

    def save(self, step: int, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
        """Write the state after ``step`` steps and delete those that are too old."""
        path = self.folder / f"step_{step:08d}.safetensors"
        save_tensors(path, tensors, {**metadata, "step": step, "fingerprint": self.fingerprint})
        for old in self.files()[self.keep :]:
            old.unlink()

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
            kept = "%s was made with other parameters, data or code: training starts anew. It is kept in %s"
            logger.warning(f"{kept}; delete that when you do not need it", path.name, aside)
            break
        return None

    def files(self) -> list[Path]:
        """List all states, the newest first."""
        return sorted(self.folder.glob("step_*.safetensors"), reverse=True)


@dataclass
class NetworkState:
    """A network in training: what builds it again, and what updates it."""

    network: nn.Module
    config: dict[str, Any]
    optimizer: Optimizer


class TrainingState:
    """Networks, optimizers, moving average and history of a training, and how they get into a checkpoint and back.

    Batches are a function of (seed, step) and learning rates of the step, so that there is no more to keep. Of several
    processes the first writes, and all read. The first network is the one that is validated, and averaged unless
    ``ema_decay`` is 0.
    """

    def __init__(self, networks: Mapping[str, NetworkState], ema_decay: float, checkpoints: Checkpoints) -> None:
        self.networks, self.checkpoints, self.history = networks, checkpoints, History()
        self.configs = {name: trained.config for name, trained in networks.items()}
        self.judged = next(iter(networks.values())).network
        self.parts: dict[str, nn.Module | Optimizer] = {}  #: of a checkpoint
        for name, trained in networks.items():
            self.parts |= {f"{name}.weights": trained.network, f"{name}.adam": trained.optimizer}
        self.average = None
        if ema_decay:
            self.average = AveragedModel(self.judged, multi_avg_fn=get_ema_multi_avg_fn(ema_decay))
            self.average.update_parameters(self.judged)  # so that the weights at the start are the first average
            self.parts["average"] = self.average.module
        #: What is validated, and written in the end.
        self.eval_network = self.average.module if self.average else self.judged

    def add(self, step: int, values: Mapping[str, Tensor]) -> None:
        """Take in the values of a step (scalar tensors) and the weights after it."""
        self.history.add(step, values)
        if self.average:
            self.average.update_parameters(self.judged)

    def save(self, step: int) -> None:
        """Write a checkpoint after so many steps, unless what happened since the last shows that training diverged."""
        self.history.read()
        if not processes.is_main_process():
            return
        tensors = {
            f"{name}.{key}": value for name, part in self.parts.items() for key, value in part.state_dict().items()
        }
        # As a tensor, since a long history is more than a file's header holds (100 MB).
        history = bytearray(json.dumps(self.history.state()).encode())
        tensors["history"] = torch.frombuffer(history, dtype=torch.uint8)
        self.checkpoints.save(step, tensors, {"configs": self.configs})

    def restore(self) -> int:
        """Take over the newest checkpoint; return how many steps are done, 0 without one.

        Raises ``CheckpointError`` if it holds other networks.
        """
        found = self.checkpoints.newest()
        if found is None:
            return 0
        tensors, metadata = found
        if metadata["configs"] != self.configs:
            problem = f"its states are of {metadata['configs']}, and this training has {self.configs}"
            raise CheckpointError.at(self.checkpoints.folder, f"{problem}; delete that folder or take another one")
        for name, part in self.parts.items():
            prefix = f"{name}."
            part.load_state_dict({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
        self.history.load_state(json.loads(tensors["history"].numpy().tobytes()))
        return metadata["step"]
