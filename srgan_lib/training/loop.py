"""The training loop, the same for every stage: batches, steps, validation, checkpoints, resuming, stopping.

What only watches it (curves and networks on disk, health, TensorBoard) hangs on it as an
:class:`~srgan_lib.training.observers.Observer`.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pandas
from torch import Tensor

from srgan_lib.data.pairs import Pair
from srgan_lib.data.patches import PatchSampler, Prefetcher
from srgan_lib.errors import Interrupted
from srgan_lib.params import Params
from srgan_lib.training import processes
from srgan_lib.training.checkpoint import Checkpoints
from srgan_lib.training.compute import Compute
from srgan_lib.training.history import Diverged, rows
from srgan_lib.training.interrupt import stop_request
from srgan_lib.training.observers import Health, Observer, TensorBoard
from srgan_lib.training.results import Results, finished_curve
from srgan_lib.training.state import NetworkState, TrainingState
from srgan_lib.training.validation import Validation

OnStep = Callable[[int, int, Mapping[str, float] | None], None]


class TrainingTask(ABC):
    """What a stage adds to the loop.

    Attributes
    ----------
    networks : by the name of their file; the first is the one that is validated and averaged.
    card : facts for the metadata of the network's file.
    observers : the stage's own.
    """

    networks: dict[str, NetworkState]
    card: dict[str, Any]
    observers: Sequence[Observer] = ()

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
    directory : receives what :class:`~srgan_lib.training.results.Results` writes, and ``checkpoints/``.
    fingerprint : of everything that decides the weights. Training goes on where it stopped under the same one, and
        is not repeated if it was finished under it.
    on_step : called after every step with (step, steps, the new row of the loss curve or None).
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
    ) -> None:
        shared, stage = params.shared, getattr(params, stage_name)
        self.stage_name, self.params, self.stage = stage_name, params, stage
        self.directory = Path(directory)
        self.fingerprint = fingerprint
        self.on_step = on_step or (lambda step, steps, row: None)
        self.train_pairs = train_pairs
        self.compute = Compute.of(shared)
        self.checkpoints = Checkpoints(self.directory / "checkpoints", fingerprint, stage.keep_checkpoints)
        self.sampler = self._sampler()
        self.validation = Validation(validation_pairs, shared, self.compute, stage.monitor)

    def first_crops(self) -> Tensor:
        """Return the HR crops of the first step, N×3×H×W in [0,1], on which every process calibrates its losses."""
        return self.compute.images(self._sampler().batch(0)[1])

    def run(self, outputs: Sequence[str], build: Callable[[], TrainingTask]) -> pandas.DataFrame:
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
        curve = finished_curve(self.directory, outputs, self.fingerprint)
        if curve is not None:
            validation = pandas.read_csv(self.directory / "validation.csv")
            Health().on_start(self.stage.steps, rows(curve), rows(validation))
            self.on_step(self.stage.steps, self.stage.steps, None)
            return curve
        count = self.params.shared.processes
        if count == 1:
            self._resume(build)
        else:
            processes.launch(count, self.compute.device, lambda on_step: self._take_part(build, on_step), self.on_step)
        return pandas.read_csv(self.directory / "loss_curve.csv")

    def _take_part(self, build: Callable[[], TrainingTask], on_step: OnStep) -> None:
        """Train as one of several processes; what the first has to say is heard by the process that started them."""
        self.compute = self.validation.compute = self.compute.share(*processes.rank_and_world_size())
        self.sampler = self._sampler(processes.rank_and_world_size())
        self.on_step = on_step
        self._resume(build)

    def _sampler(self, part: tuple[int, int] = (0, 1)) -> PatchSampler:
        stage = self.stage
        return PatchSampler(self.train_pairs, self.params.shared, batch=stage.batch, augment=stage.augment, part=part)

    def _resume(self, build: Callable[[], TrainingTask]) -> None:
        """Train from the newest checkpoint, or from the start."""
        self.compute.apply()
        self.task = build()
        self.state = TrainingState(self.task.networks, self.stage.ema_decay, self.checkpoints)
        with processes.main_process_first():
            start = self.state.restore()
        card = {**self.task.card, "stage": self.stage_name, "fingerprint": self.fingerprint}
        self.results = Results(self.directory, self.stage, self.state, self.validation, card)
        self.observers = self._observers()
        try:
            self._train(start)
        except Diverged as error:
            raise Diverged(error.term, error.step, error.value, self._remedy(error.term)) from None

    def _observers(self) -> list[Observer]:
        """Whatever watches this training: in the main process alone, which writes files and warns."""
        if not processes.is_main_process():
            return []
        folder = self.directory.parent / "tensorboard" / self.stage_name
        tensorboard = [TensorBoard(folder)] if self.params.shared.tensorboard else []
        return [Health(), *tensorboard, self.results, *self.task.observers]

    def _train(self, start: int) -> None:
        """Train from step ``start`` (from 0) to the end."""
        state, task, compute, stage = self.state, self.task, self.compute, self.stage
        for observer in self.observers:
            observer.on_start(start, state.history.curve, state.history.validation)
        if start == 0:
            self._show(0)
            self._validate(0)
        began = time.perf_counter()
        alone = self.params.shared.processes == 1  # several would not all hear of it in the same step
        with (
            stop_request() if alone else nullcontext(lambda: False) as stopping,
            Prefetcher(self.sampler, start, stage.steps) as batches,
        ):
            for step, (lr, hr) in enumerate(batches, start + 1):
                last = step == stage.steps
                state.add(step, task.step(step - 1, compute.images(lr), compute.images(hr)))
                row = None
                if last or step % stage.log_every == 0:
                    row = self._log(step)
                if last or step % stage.validate_every == 0:
                    self._validate(step)
                self._show(step)
                if step % stage.checkpoint_every == 0 and not last:
                    state.save(step)
                self.on_step(step, stage.steps, row)
                if stopping() and not last:
                    state.save(step)
                    raise Interrupted(
                        f"{self.stage_name}: stopped after step {step} of {stage.steps}; the state is saved, "
                        "run the same again to go on from there"
                    )
        if processes.is_main_process():
            seconds = time.perf_counter() - began
            self.results.finish(stage.steps - start, seconds, batches.wait_share, compute.peak_memory())

    def _log(self, step: int) -> dict[str, float]:
        """Close a row of the loss curve: the means since the row before, and the learning rates."""
        history = self.state.history
        history.read()
        row = history.close_row(step)
        for index, (name, trained) in enumerate(self.task.networks.items()):
            row["learning_rate" if index == 0 else f"{name}_learning_rate"] = trained.optimizer.learning_rate(step - 1)
        for observer in self.observers:
            observer.on_row(history.curve)
        return row

    def _validate(self, step: int) -> None:
        """Judge the network that is kept, in the main process."""
        if not processes.is_main_process():
            return
        network, validation = self.state.eval_network, self.state.history.validation
        validation.append({"step": step, **self.validation(network)})
        for observer in self.observers:
            observer.on_validation(validation, network)

    def _show(self, step: int) -> None:
        for observer in self.observers:
            observer.on_step(step, self.state.eval_network)

    def _remedy(self, term: str) -> str:
        """List the remedies for a diverged term that the parameters do not apply yet."""
        good = next(iter(self.checkpoints.files()), None)
        rate = "discriminator_learning_rate" if term.startswith(("discriminator", "d_")) else "learning_rate"
        advice = [f"lower {self.stage_name}.{rate} ({getattr(self.stage, rate):g})"]
        if self.stage.gradient_clip is None:
            advice.append(f"set {self.stage_name}.gradient_clip")
        if self.params.shared.dtype != "float32":
            advice.append("set shared.dtype to float32")
        return (
            f" of {self.stage_name}; {f'the last good checkpoint is {good}' if good else 'there was no checkpoint yet'}. "
            f"What may help: {', or '.join(advice)}"
        )
