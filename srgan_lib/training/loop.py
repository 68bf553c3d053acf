"""The training loop, the same for every stage: batches, logging, validation, checkpoints, resuming, stopping."""

from __future__ import annotations

import json
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas
import torch
from torch import Tensor, nn

from srgan_lib.data.patches import PatchSampler, Prefetcher
from srgan_lib.data.split import Pair
from srgan_lib.files import write_atomic
from srgan_lib.params import Params
from srgan_lib.training.checkpoint import CheckpointError, Checkpoints, load_tensors, save_model
from srgan_lib.training.compute import Compute
from srgan_lib.training.ema import MovingAverage
from srgan_lib.training.health import discriminator_health
from srgan_lib.training.history import Diverged, History
from srgan_lib.training.interrupt import Interrupted, stop_request
from srgan_lib.training.optimizer import Optimizer
from srgan_lib.training.validation import Validation

OnStep = Callable[[int, int, Mapping[str, float] | None], None]
OnWarning = Callable[[str], None]


@dataclass
class Trained:
    """A network in training: what builds it again, and what updates it."""

    network: nn.Module
    config: dict[str, Any]
    optimizer: Optimizer


class Task(ABC):
    """What a stage adds to the loop.

    Attributes
    ----------
    networks : by the name of their file; the first is the one that is validated and averaged.
    card : facts for the metadata of the network's file.
    observers : called with 0 and after each step, with the network that is kept.
    """

    networks: dict[str, Trained]
    card: Mapping[str, Any]
    observers: Sequence[Callable[[int, nn.Module], None]] = ()

    @abstractmethod
    def step(self, step: int, lr: Tensor, hr: Tensor) -> dict[str, Tensor]:
        """Update the networks on one batch in [0,1]; return what the loss curve shows, as scalars on the device."""


class Loop:
    """One training of one stage.

    Parameters
    ----------
    stage_name : ``srcnn``, ``warmup`` or ``adversarial``.
    params : resolved parameters.
    train_pairs, validation_pairs : the images.
    directory : receives the networks, the curves, ``speed.json`` and ``checkpoints/``.
    fingerprint : of everything that decides the weights. Training goes on where it stopped under the same one, and
        is not repeated if it was finished under it.
    on_step : called after every step with (step, steps, the new row of the loss curve or None).
    on_warning : told in a sentence what the user should know.
    """

    def __init__(
        self,
        stage_name: str,
        params: Params,
        train_pairs: Sequence[Pair],
        validation_pairs: Sequence[Pair],
        directory: Path,
        fingerprint: str,
        on_step: OnStep | None,
        on_warning: OnWarning | None,
    ) -> None:
        shared, stage = params.shared, getattr(params, stage_name)
        self.stage_name, self.params, self.stage = stage_name, params, stage
        self.directory = Path(directory)
        self.fingerprint = fingerprint
        self.on_step = on_step or (lambda step, steps, row: None)
        self.on_warning = on_warning or (lambda text: None)
        self.compute = Compute.of(shared)
        self.checkpoints = Checkpoints(self.directory / "checkpoints", fingerprint, stage.keep_checkpoints)
        self.sampler = PatchSampler(
            train_pairs,
            crop=shared.crop,
            scale=shared.scale,
            batch=stage.batch,
            seed=shared.seed,
            augment=stage.augment,
            degradation=shared.degradation,
            blur_sigma=shared.blur_sigma,
        )
        self.validation = Validation(validation_pairs, shared, self.compute)
        self.history = History()
        self._warned: set[str] = set()

    def first_crops(self) -> Tensor:
        """The HR crops of the first step, N×3×H×W in [0,1], by which losses calibrate themselves."""
        return self.compute.images(self.sampler.batch(0)[1])

    def run(self, outputs: Sequence[str], build: Callable[[], Task]) -> pandas.DataFrame:
        """Train to the end and write the results, unless they are there already.

        Parameters
        ----------
        outputs : names of the networks' files.
        build : makes the task.

        Returns
        -------
        The loss curve.

        Raises
        ------
        Interrupted
            After Ctrl-C: the state is saved.
        Diverged
            When a loss is no number any more or explodes, naming the term and the step.
        CheckpointError
            When a checkpoint of the same fingerprint holds other networks.
        """
        if self._finished(outputs):
            self.on_step(self.stage.steps, self.stage.steps, None)
        else:
            self.compute.apply()
            self.task = build()
            self.judged = next(iter(self.task.networks.values())).network
            self.average = MovingAverage(self.judged, self.stage.ema_decay) if self.stage.ema_decay else None
            self._train(self._restore())
        return pandas.read_csv(self.directory / "loss_curve.csv")

    @property
    def kept(self) -> nn.Module:
        """The network that is validated and written in the end: the moving average if there is one."""
        return self.average.average if self.average else self.judged

    def _train(self, start: int) -> None:
        if start == 0:
            self._observe(0)
            self._validate(0)
        began = time.perf_counter()
        with stop_request() as stopping, Prefetcher(self.sampler, start, self.stage.steps) as batches:
            for step, (lr, hr) in enumerate(batches, start + 1):
                images = self.compute.images(lr), self.compute.images(hr)
                self.history.add(step, self.task.step(step - 1, *images))
                if self.average:
                    self.average.update()
                self._after(step)
                if stopping() and step < self.stage.steps:
                    self._save(step)
                    raise Interrupted(
                        f"{self.stage_name}: stopped after step {step} of {self.stage.steps}; the state "
                        "is saved, run the same again to go on from there"
                    )
        self._write_results(self.stage.steps - start, time.perf_counter() - began, batches.wait_share)

    def _after(self, step: int) -> None:
        """What is due after a step."""
        last = step == self.stage.steps
        row = None
        self._observe(step)
        if last or step % self.stage.log_every == 0:
            row = self._log(step)
        if last or step % self.stage.validate_every == 0:
            self._validate(step)
        if step % self.stage.checkpoint_every == 0 and not last:
            self._save(step)
        self.on_step(step, self.stage.steps, row)

    def _observe(self, step: int) -> None:
        for observer in self.task.observers:
            observer(step, self.kept)

    def _log(self, step: int) -> dict[str, float]:
        self._read_history()
        row = self.history.close_row(step)
        for index, (name, trained) in enumerate(self.task.networks.items()):
            row["learning_rate" if index == 0 else f"{name}_learning_rate"] = trained.optimizer.learning_rate(step - 1)
        found = discriminator_health(self.history.curve)
        if found and found[0] not in self._warned:
            self._warned.add(found[0])
            self.on_warning(found[1])
        return row

    def _validate(self, step: int) -> None:
        self.history.validation.append({"step": step, **self.validation(self.kept)})
        self._write_curves()

    def _read_history(self) -> None:
        try:
            self.history.read()
        except Diverged as error:
            good = next(iter(self.checkpoints.files()), None)
            where = f"the last good checkpoint is {good}" if good else "there was no checkpoint yet"
            name, rate = self.stage_name, self.stage.learning_rate
            remedy = (
                f" of {name}; {where}. Lower {name}.learning_rate ({rate:g}), set {name}.gradient_clip, "
                "or set shared.dtype to float32"
            )
            raise Diverged(error.term, error.step, error.value, remedy) from None

    def _save(self, step: int) -> None:
        self._read_history()  # nothing that has diverged is saved
        facts = {"history": self.history.state(), "configs": self._configs()}
        self.checkpoints.save(step, self._state(), facts)

    def _restore(self) -> int:
        """Take over the newest checkpoint; return how many steps are done."""
        found = self.checkpoints.newest(self.on_warning)
        if found is None:
            return 0
        tensors, facts = found
        if facts["configs"] != self._configs():
            raise CheckpointError(
                f"{self.checkpoints.folder}: its states are of {facts['configs']}, and this training "
                f"has {self._configs()}; delete that folder or take another one"
            )
        for name, trained in self.task.networks.items():
            trained.network.load_state_dict(_within(tensors, f"{name}.weights."))
            trained.optimizer.load_state(_within(tensors, f"{name}.adam."))
        if self.average:
            self.average.average.load_state_dict(_within(tensors, "average."))
        self.history.load_state(facts["history"])
        return facts["step"]

    def _state(self) -> dict[str, Tensor]:
        state: dict[str, Tensor] = {}
        for name, trained in self.task.networks.items():
            state |= {f"{name}.weights.{key}": value for key, value in trained.network.state_dict().items()}
            state |= {f"{name}.adam.{key}": value for key, value in trained.optimizer.state().items()}
        if self.average:
            state |= {f"average.{key}": value for key, value in self.average.average.state_dict().items()}
        return state

    def _configs(self) -> dict[str, Any]:
        return {name: trained.config for name, trained in self.task.networks.items()}

    def _finished(self, outputs: Sequence[str]) -> bool:
        """Whether all results of this very training are there, intact."""
        try:
            facts = [load_tensors(self.directory / f"{name}.safetensors")[1] for name in outputs]
        except CheckpointError:
            return False
        return all(fact.get("fingerprint") == self.fingerprint for fact in facts)

    def _write_curves(self) -> None:
        for name, rows in (("loss_curve", self.history.curve), ("validation", self.history.validation)):
            table = pandas.DataFrame(rows).to_csv(index=False, lineterminator="\n")
            write_atomic(self.directory / f"{name}.csv", table)

    def _write_results(self, steps: int, seconds: float, wait_share: float) -> None:
        self._write_curves()
        speed = {
            "steps": steps,
            "seconds": round(seconds, 3),
            "images_per_second": round(steps * self.stage.batch / seconds, 3),
            "data_wait_share": round(wait_share, 5),
            "peak_memory_gib": _peak_memory(self.compute.device),
        }
        write_atomic(self.directory / "speed.json", json.dumps(speed, indent=1) + "\n")
        for index, (name, trained) in enumerate(self.task.networks.items()):
            network = trained.network if index else self.kept
            save_model(
                self.directory / f"{name}.safetensors",
                network,
                trained.config,
                **self.task.card,
                stage=self.stage_name,
                steps=self.stage.steps,
                fingerprint=self.fingerprint,
            )


def _within(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _peak_memory(device: str) -> float:
    """GiB: of the GPU's memory that tensors took, or of this process."""
    if device != "cpu":
        return round(torch.cuda.max_memory_allocated(device) / 2**30, 3)
    if sys.platform == "win32":
        import psutil

        return round(psutil.Process().memory_info().peak_wset / 2**30, 3)
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30, 3)
