"""The training loop, the same for every stage: batches, logging, validation, checkpoints, resuming, stopping."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pandas
from torch import Tensor, nn

from srgan_lib.data.images import write_image
from srgan_lib.data.pairs import Pair
from srgan_lib.data.patches import PatchSampler, Prefetcher
from srgan_lib.files import write_atomic
from srgan_lib.metrics.registry import METRICS
from srgan_lib.models.files import CheckpointError, load_tensors, save_model
from srgan_lib.params import Params
from srgan_lib.training import processes
from srgan_lib.training.checkpoint import Checkpoints
from srgan_lib.training.compute import Compute
from srgan_lib.training.gan_diagnostics import WINDOW, discriminator_warnings
from srgan_lib.training.history import Diverged
from srgan_lib.training.interrupt import Interrupted, stop_request
from srgan_lib.training.state import NetworkState, TrainingState
from srgan_lib.training.tensorboard import TensorBoard
from srgan_lib.training.validation import Validation

OnStep = Callable[[int, int, Mapping[str, float] | None], None]
OnWarning = Callable[[str], None]


class TrainingTask(ABC):
    """What a stage adds to the loop.

    Attributes
    ----------
    networks : by the name of their file; the first is the one that is validated and averaged.
    card : facts for the metadata of the network's file.
    observers : called with 0 and after each step, with the network that is kept.
    """

    networks: dict[str, NetworkState]
    card: dict[str, Any]
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
    directory : receives the networks, the curves, ``sample.png`` (a validation crop by the network as it is), ``speed.json``
        and ``checkpoints/``.
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
        self.train_pairs = train_pairs
        self.compute = Compute.of(shared)
        self.checkpoints = Checkpoints(self.directory / "checkpoints", fingerprint, stage.keep_checkpoints)
        self.sampler = self._sampler()
        self.validation = Validation(validation_pairs, shared, self.compute, stage.monitor)
        self.tensorboard: TensorBoard | None = None
        self._warned: set[str] = set()

    def first_crops(self) -> Tensor:
        """The HR crops of the first step, N×3×H×W in [0,1], by which losses calibrate themselves in every process."""
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
        if self._finished(outputs):
            curve = pandas.read_csv(self.directory / "loss_curve.csv")
            self._warn(curve.to_dict("records"))
            self.on_step(self.stage.steps, self.stage.steps, None)
            return curve
        count = self.params.shared.processes
        if count == 1:
            self._resume(build)
        else:
            processes.launch(count, self.compute.device, lambda emit: self._take_part(build, emit), self._dispatch)
        return pandas.read_csv(self.directory / "loss_curve.csv")

    def _take_part(self, build: Callable[[], TrainingTask], emit: Callable[..., None]) -> None:
        """Train as one of several processes; what the first has to say is heard by the process that started them."""
        self.compute = self.validation.compute = self.compute.share(*processes.rank_and_world_size())
        self.sampler = self._sampler(processes.rank_and_world_size())
        self.on_step, self.on_warning = partial(emit, "on_step"), partial(emit, "on_warning")
        self._resume(build)

    def _dispatch(self, callback: str, *content: Any) -> None:
        getattr(self, callback)(*content)

    def _sampler(self, part: tuple[int, int] = (0, 1)) -> PatchSampler:
        stage = self.stage
        return PatchSampler.of(
            self.train_pairs, self.params.shared, batch=stage.batch, augment=stage.augment, part=part
        )

    def _resume(self, build: Callable[[], TrainingTask]) -> None:
        """Train from the newest checkpoint, or from the start."""
        self.compute.apply()
        self.task = build()
        self.state = TrainingState(self.task.networks, self.stage.ema_decay, self.checkpoints)
        with processes.main_process_first():
            start = self.state.restore(self.on_warning)
        self._warn(self.state.history.curve)
        try:
            self._train(start)
        except Diverged as error:
            raise Diverged(error.term, error.step, error.value, self._remedy(error.term)) from None

    def _train(self, start: int) -> None:
        if self.params.shared.tensorboard and processes.is_main_process():
            self.tensorboard = TensorBoard(self.directory.parent / "tensorboard" / self.stage_name, start)
        self._forget_networks(copies=start == 0)
        if start == 0:
            self._observe(0)
            self._validate(0)
        began = time.perf_counter()
        alone = self.params.shared.processes == 1  # several would not all hear of it in the same step
        with (
            stop_request() if alone else nullcontext(lambda: False) as stopping,
            Prefetcher(self.sampler, start, self.stage.steps) as batches,
        ):
            for step, (lr, hr) in enumerate(batches, start + 1):
                values = self.task.step(step - 1, self.compute.images(lr), self.compute.images(hr))
                self.state.history.add(step, values)
                if self.state.moving_average:
                    self.state.moving_average.update()
                self._after(step)
                if stopping() and step < self.stage.steps:
                    self.state.save(step)
                    raise Interrupted(
                        f"{self.stage_name}: stopped after step {step} of {self.stage.steps}; the state is saved, "
                        "run the same again to go on from there"
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
            self.state.save(step)
        if (
            self.stage.keep_networks_every
            and step % self.stage.keep_networks_every == 0
            and not last
            and processes.is_main_process()
        ):
            self._save_networks(step)
        self.on_step(step, self.stage.steps, row)

    def _forget_networks(self, copies: bool) -> None:
        """Delete the networks that another training left here, since its curves are replaced."""
        if not processes.is_main_process():
            return
        for name in self.task.networks:
            files = [self.directory / f"{name}.safetensors"]
            if copies:
                files += [self.directory / f"{name}_best.safetensors"]
                files += self.directory.glob(f"networks/{name}_*.safetensors")
            for file in files:
                file.unlink(missing_ok=True)

    def _observe(self, step: int) -> None:
        if processes.is_main_process():
            for observer in self.task.observers:
                observer(step, self.state.eval_network)

    def _log(self, step: int) -> dict[str, float]:
        self.state.history.read()
        row = self.state.history.close_row(step)
        for index, (name, trained) in enumerate(self.task.networks.items()):
            row["learning_rate" if index == 0 else f"{name}_learning_rate"] = trained.optimizer.learning_rate(step - 1)
        self._warn(self.state.history.curve[-WINDOW:])
        if self.tensorboard:
            self.tensorboard.add("train", row)
        return row

    def _warn(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Pass on what the loss curve says of the discriminator's health, each kind once."""
        for kind, text in discriminator_warnings(rows).items():
            if kind not in self._warned:
                self._warned.add(kind)
                self.on_warning(text)

    def _validate(self, step: int) -> None:
        if not processes.is_main_process():
            return
        history, monitor = self.state.history, self.stage.monitor
        history.validation.append({"step": step, **self.validation(self.state.eval_network)})
        write_image(self.directory / "sample.png", self.validation.latest)
        self._write_curves()
        if monitor and history.last_is_best(monitor, METRICS[monitor].higher_is_better):
            name, trained = next(iter(self.task.networks.items()))
            self._write_model(f"{name}_best", self.state.eval_network, trained, step)
        if self.tensorboard:
            self.tensorboard.add("validation", history.validation[-1])

    def _remedy(self, term: str) -> str:
        """What to do about a term that diverged: of what may help, all that is not done yet."""
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

    def _finished(self, outputs: Sequence[str]) -> bool:
        """Whether all results of this very training are there, intact."""
        try:
            metadata = [load_tensors(self.directory / f"{name}.safetensors")[1] for name in outputs]
        except CheckpointError:
            return False
        return all(fact.get("fingerprint") == self.fingerprint for fact in metadata)

    def _write_curves(self) -> None:
        history = self.state.history
        for name, rows in (("loss_curve", history.curve), ("validation", history.validation)):
            table = pandas.DataFrame(rows).to_csv(index=False, lineterminator="\n")
            write_atomic(self.directory / f"{name}.csv", table)

    def _write_results(self, steps: int, seconds: float, wait_share: float) -> None:
        if not processes.is_main_process():
            return
        speed = {
            "steps": steps,
            "seconds": round(seconds, 3),
            "images_per_second": round(steps * self.stage.batch / seconds, 3),
            "data_wait_share": round(wait_share, 5),
            "peak_memory_gib": round(self.compute.peak_memory(), 3),
        }
        write_atomic(self.directory / "speed.json", json.dumps(speed, indent=1) + "\n")
        self._save_networks(self.stage.steps)

    def _save_networks(self, step: int) -> None:
        """Write the networks as they are after ``step`` steps: in the end, or copies of those in between."""
        for index, (name, trained) in enumerate(self.task.networks.items()):
            file = name if step == self.stage.steps else f"networks/{name}_{step:08d}"
            self._write_model(file, trained.network if index else self.state.eval_network, trained, step)

    def _write_model(self, name: str, network: nn.Module, trained: NetworkState, steps: int) -> None:
        card = {"stage": self.stage_name, "steps": steps, "fingerprint": self.fingerprint}
        save_model(self.directory / f"{name}.safetensors", network, trained.config, **self.task.card, **card)
