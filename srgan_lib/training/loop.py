"""The training loop, the same for every stage: batches, steps, validation, checkpoints, resuming, stopping.

What only watches it (curves and networks on disk, health, TensorBoard) hangs on it as an
:class:`~srgan_lib.training.observers.Observer`.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import pandas

from srgan_lib.data.patches import Prefetcher
from srgan_lib.errors import Interrupted
from srgan_lib.training import processes
from srgan_lib.training.checkpoints import Checkpoints, TrainingState
from srgan_lib.training.history import Diverged
from srgan_lib.training.observers import Health, Observer, TensorBoard
from srgan_lib.training.results import Results, finished_curve
from srgan_lib.training.tasks import Job, TrainingTask

Build = Callable[[Job], TrainingTask]


def train(job: Job, outputs: Sequence[str], build: Build) -> pandas.DataFrame:
    """Train to the end and write the results, unless they are there already; return the loss curve.

    ``outputs`` are the names of the networks' files, and ``build`` makes the task, in each of the processes that train
    together. Raises as :func:`~srgan_lib.training.srcnn.train_srcnn`.
    """
    steps, count = job.stage.steps, job.params.shared.processes
    curve = finished_curve(job.directory, outputs, job.fingerprint)
    if curve is not None:
        scores = pandas.read_csv(job.directory / "validation.csv")
        Health().on_start(steps, curve.to_dict("records"), scores.to_dict("records"))
        job.report(steps, steps)
        return curve

    def work(job: Job) -> None:
        job.compute.apply()
        loop = Loop(job, build(job))
        try:
            loop.run()
        except Diverged as error:
            raise loop.with_remedy(error) from None

    if count == 1:
        work(job)
    else:  # what the first process has to say is heard by the one that started them
        processes.launch(
            count,
            job.compute.device,
            lambda on_step: work(replace(job, part=processes.rank_and_world_size(), on_step=on_step)),
            job.report,
        )
    return pandas.read_csv(job.directory / "loss_curve.csv")


class Loop:
    """The steps of a training in this process, from the newest checkpoint or from the start."""

    def __init__(self, job: Job, task: TrainingTask) -> None:
        self.job, self.task, self.stage = job, task, job.stage
        checkpoints = Checkpoints(job.directory / "checkpoints", job.fingerprint, self.stage.keep_checkpoints)
        self.state = TrainingState(task.networks, self.stage.ema_decay, checkpoints)
        with processes.main_process_first():
            self.start = self.state.restore()
        card = {**task.card, "stage": job.stage_name, "fingerprint": job.fingerprint}
        self.results = Results(job, self.state, card)
        self.observers: list[Observer] = []  #: in the main process alone, which writes files and warns
        if processes.is_main_process():
            folder = job.directory.parent / "tensorboard" / job.stage_name
            tensorboard = [TensorBoard(folder)] if job.params.shared.tensorboard else []
            self.observers = [Health(), *tensorboard, self.results, *task.observers]

    def run(self) -> None:
        """Train to the end; see :func:`train`."""
        job, state, compute, stage, start = self.job, self.state, self.job.compute, self.stage, self.start
        for observer in self.observers:
            observer.on_start(start, state.history.curve, state.history.scores)
        if start == 0:
            self._show(0)
            self._validate(0)
        began = time.perf_counter()
        alone = job.params.shared.processes == 1  # several would not all hear of it in the same step
        with (
            stop_request() if alone else nullcontext(lambda: False) as stopping,
            Prefetcher(job.sampler, start, stage.steps) as batches,
        ):
            for step, (lr, hr) in enumerate(batches, start + 1):
                last = step == stage.steps
                state.add(step, self.task.step(step - 1, compute.images(lr), compute.images(hr)))
                row = self._log(step) if last or step % stage.log_every == 0 else None
                if last or step % stage.validate_every == 0:
                    self._validate(step)
                self._show(step)
                if step % stage.checkpoint_every == 0 and not last:
                    state.save(step)
                job.report(step, stage.steps, row)
                if stopping() and not last:
                    state.save(step)
                    raise Interrupted(
                        f"{job.stage_name}: stopped after step {step} of {stage.steps}; the state is saved, "
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
            observer.on_row("train", history.curve, self.state.eval_network)
        return row

    def _validate(self, step: int) -> None:
        """Judge the network that is kept, in the main process."""
        if not processes.is_main_process():
            return
        network, scores = self.state.eval_network, self.state.history.scores
        scores.append({"step": step, **self.job.validation(network)})
        for observer in self.observers:
            observer.on_row("validation", scores, network)

    def _show(self, step: int) -> None:
        for observer in self.observers:
            observer.on_step(step, self.state.eval_network)

    def with_remedy(self, error: Diverged) -> Diverged:
        """Name the last good state, and the remedies that the parameters do not apply yet."""
        stage = self.job.stage_name
        good = next((f"the last good checkpoint is {file}" for file in self.state.checkpoints.files()), None)
        rate = "discriminator_learning_rate" if error.term.startswith(("discriminator", "d_")) else "learning_rate"
        advice = [f"lower {stage}.{rate} ({getattr(self.stage, rate):g})"]
        if self.stage.gradient_clip is None:
            advice.append(f"set {stage}.gradient_clip")
        if self.job.params.shared.dtype != "float32":
            advice.append("set shared.dtype to float32")
        found = f"{error} of {stage}; {good or 'there was no checkpoint yet'}"
        return Diverged(f"{found}. What may help: {', or '.join(advice)}", error.term, error.step)


@contextmanager
def stop_request() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C inside into a request, which the function given tells; a second one interrupts at once.

    Outside the main thread, where Python delivers no signals, nothing is ever requested.
    """
    requested = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield requested.is_set
        return

    def request(number: int, frame: Any) -> None:
        requested.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, request)
    try:
        yield requested.is_set
    finally:
        signal.signal(signal.SIGINT, before)
