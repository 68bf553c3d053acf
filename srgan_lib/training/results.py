"""Write what a training leaves: networks, curves, sample images and the speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas
from torch import nn

from srgan_lib.csv_files import write_csv
from srgan_lib.data.images import write_image
from srgan_lib.data.resize import imresize
from srgan_lib.files import write_json
from srgan_lib.metrics.measure import METRICS
from srgan_lib.models.files import CheckpointError, load_tensors, save_model
from srgan_lib.training.checkpoints import NetworkState, TrainingState
from srgan_lib.training.observers import Kind, Observer, Row
from srgan_lib.training.tasks import Job
from srgan_lib.training.validation import Validation, center_crop

MONTAGE_SIDE = 128  #: HR pixels of the montage's patch


class Results(Observer):
    """The files of one training, with the ``card`` in the metadata of its networks.

    They are ``<network>.safetensors``, ``<network>_best.safetensors`` where there is a monitor,
    ``networks/<network>_<step>.safetensors`` where copies are kept, ``loss_curve.csv``, ``validation.csv``,
    ``sample.png`` (a validation crop by the network as it is) and ``speed.json``.
    """

    def __init__(self, job: Job, state: TrainingState, card: Mapping[str, Any]) -> None:
        self.directory, self.stage, self.validation = job.directory, job.stage, job.validation
        self.state, self.card = state, card

    def on_start(self, start: int, curve: Sequence[Row], scores: Sequence[Row]) -> None:
        """Delete the networks that another training left here, since its curves are replaced."""
        for name in self.state.networks:
            files = [self.directory / f"{name}.safetensors"]
            if start == 0:
                files += [self.directory / f"{name}_best.safetensors"]
                files += self.directory.glob(f"networks/{name}_*.safetensors")
            for file in files:
                file.unlink(missing_ok=True)

    def on_row(self, kind: Kind, rows: Sequence[Row], network: nn.Module) -> None:
        """After a validation write the sample and both curves, and the network if it is the best by the monitor."""
        if kind != "validation":
            return
        write_image(self.directory / "sample.png", self.validation.latest)
        history = self.state.history
        for name, curve in (("loss_curve", history.curve), ("validation", history.scores)):
            write_csv(self.directory / f"{name}.csv", pandas.DataFrame(curve))
        if monitor := self.stage.monitor:
            sign = 1 if METRICS[monitor].higher_is_better else -1
            *before, last = (sign * row[monitor] for row in rows)
            if all(last > value for value in before):
                name, trained = next(iter(self.state.networks.items()))
                self._write_network(f"{name}_best", network, trained, int(rows[-1]["step"]))

    def on_step(self, step: int, network: nn.Module) -> None:
        """Write the copies of the networks that are due."""
        every = self.stage.keep_networks_every
        if every and 0 < step < self.stage.steps and step % every == 0:
            self._write_networks(step, "networks/{name}_{step:08d}")

    def finish(self, steps: int, seconds: float, wait_share: float, peak_memory: float) -> None:
        """Write the speed since the training was last started, then the networks, which say that it is finished.

        ``wait_share`` is the share of the time that it waited for crops, in [0,1]; ``peak_memory`` is in GiB.
        """
        speed = {
            "steps": steps,
            "seconds": round(seconds, 3),
            "images_per_second": round(steps * self.stage.batch / seconds, 3),
            "data_wait_share": round(wait_share, 5),
            "peak_memory_gib": round(peak_memory, 3),
        }
        write_json(self.directory / "speed.json", speed)
        self._write_networks(self.stage.steps, "{name}")

    def _write_networks(self, step: int, pattern: str) -> None:
        for index, (name, trained) in enumerate(self.state.networks.items()):
            network = trained.network if index else self.state.eval_network
            self._write_network(pattern.format(name=name, step=step), network, trained, step)

    def _write_network(self, name: str, network: nn.Module, trained: NetworkState, steps: int) -> None:
        save_model(self.directory / f"{name}.safetensors", network, trained.config, **self.card, steps=steps)


class Montage(Observer):
    """Writes ``step_00000000.png`` and so on, evenly spaced over training, beside ``bicubic.png`` and ``hr.png``.

    All show the middle of the first validation image; the first frame is before and the last after training.
    """

    def __init__(self, folder: Path, validation: Validation, steps: int, frames: int) -> None:
        self.folder, self.validation = folder, validation
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
        write_image(self.folder / f"{name}.png", center_crop(image, MONTAGE_SIDE, 1))


def finished_curve(directory: Path, networks: Sequence[str], fingerprint: str) -> pandas.DataFrame | None:
    """Read the loss curve of a training whose networks are all here, intact and of this fingerprint; else none."""
    try:
        metadata = [load_tensors(directory / f"{name}.safetensors")[1] for name in networks]
    except CheckpointError:
        return None
    if any(fact.get("fingerprint") != fingerprint for fact in metadata):
        return None
    return pandas.read_csv(directory / "loss_curve.csv")
