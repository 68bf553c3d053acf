"""Run within a budget of time: measure this machine, plan the steps of the trainings, and plan again before each.

All trainings share one factor, by which their steps differ from what the parameters say, so that these say the
proportion. The numbers planned are parameters like any others from then on: they are part of the fingerprints and in
the manifests, and ``budget.json`` keeps them for the same command to go on with.
"""

from __future__ import annotations

import math
import multiprocessing
import re
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srgan_lib.errors import InputError, SrganError
from srgan_lib.files import digest, read_json, write_json
from srgan_lib.formatting import counted, duration
from srgan_lib.layout import STAGES, TRAINING_STAGES
from srgan_lib.log import muted
from srgan_lib.methods import TRAINED
from srgan_lib.params import Params
from srgan_lib.params.evaluation import names_network
from srgan_lib.params.training import Training, is_own
from srgan_report.pipeline.execution import execute
from srgan_report.pipeline.notebook_execution import OnEvent
from srgan_report.pipeline.planning import Plan
from srgan_report.pipeline.run import Run

if TYPE_CHECKING:
    from srgan_lib.data.pairs import Pair

RECORD = "budget.json"
VALIDATIONS = 25  #: of a training, at most
#: How long a notebook takes but for its training or judging, and the report, in times that a process takes to start and
#: import what notebooks do: the demo's, measured on two cores.
AROUND = {"srcnn": 1.9, "warmup": 2.4, "adversarial": 3.0, "evaluation": 3.5, "report": 3.0}
FEW, LONG = 4, 2.0  #: steps of a trial; seconds that they take at least, else there are more


@dataclass(frozen=True)
class Speed:
    """What a training takes, in seconds."""

    fixed: float  #: its notebook, and its validations, which are as many whatever the steps
    step: float  #: with its share of the checkpoints

    def seconds(self, steps: int) -> float:
        """Add up what so many steps take."""
        return self.fixed + steps * self.step


@dataclass(frozen=True)
class Budget:
    """So many seconds from ``began``, of :func:`time.perf_counter`, until a stage is computed."""

    seconds: float
    until: str = "evaluation"  #: which includes the report, or the last training
    began: float = field(default_factory=lambda: time.perf_counter())

    @property
    def trainings(self) -> list[str]:
        """The stages whose steps are planned."""
        names = list(STAGES)
        return [name for name in TRAINING_STAGES if names.index(name) <= names.index(self.until)]

    def recorded(self, run: Run) -> Run | None:
        """Give a run the steps that were planned for it before, if there are any for these parameters and seconds."""
        found = read_json(run.directory / RECORD) or {}
        known = found.get("of") == self.basis(run.params) and {*self.trainings} <= {*found["steps"]}
        return with_steps(run, found["steps"]) if known else None

    def basis(self, params: Params) -> str:
        """Hash what steps are planned for: the time, and every parameter of the trainings."""
        sections = [getattr(params, name).model_dump() for name in ("shared", *TRAINING_STAGES)]
        return digest([self.seconds, params.evaluation.repeats, sections])


def execute_within(
    budget: Budget, run: Run, plan: Callable[..., list[Plan]], on_event: OnEvent, tell: Callable[..., None]
) -> Run:
    """Carry out a run within a budget, as :func:`execute`; return it with the steps that were planned.

    The data stage is carried out first and the speed measured with its images. Before each training its steps and those
    of the later ones are planned from the time that is left, and by how much the trainings so far took longer than they
    were to take. Steps that were planned for the run before are kept, whatever time is left. An ``InputError`` before
    the first training names the least budget where there is no time to train.

    Parameters
    ----------
    plan : plans a run, with ``until`` up to a stage, as :func:`srgan_report.pipeline.planning.plan_run`.
    tell : is called with lines that say what is planned.
    """
    if planned := budget.recorded(run):
        tell("--budget: this run has its numbers of steps from before, and goes on with them")
        execute(plan(planned, until=budget.until), planned, on_event)
        return planned
    execute(plan(run, until="data"), run, on_event)
    tell("--budget: measuring how fast this machine is")
    start, judging = time.perf_counter(), budget.until == "evaluation"
    speeds, after = measure(run, budget.trainings, judging)
    taken = expected = time.perf_counter() - start  # what was measured in that time weighs as a training of it
    times = run.params.evaluation.repeats if judging else 1  # further trainings come with the evaluation
    planned, steps = run, {}
    for place, stage in enumerate(budget.trainings):
        pace = taken / expected
        left = (budget.seconds - (time.perf_counter() - budget.began)) / pace - after
        waiting = {name: (getattr(run.params, name).steps, speeds[name]) for name in budget.trainings[place:]}
        late = times * sum(speed.fixed for _, speed in waiting.values()) - left
        if not steps and late > 0:
            least = math.ceil((budget.seconds + late) * 1.1 / 10) * 10
            problem = "what else a run does takes longer on this machine, as busy as it is"
            raise InputError(f"--budget: no time to train: {problem}; give at least {least}s")
        steps |= fit(waiting, left / times)
        seconds = {name: speeds[name].seconds(steps[name]) for name in waiting}
        rest = {"judging, report": after + (times - 1) * sum(seconds.values())} if judging else {}
        for name, needed in {**seconds, **rest}.items():
            number = counted(steps[name], "step") if name in steps else ""
            tell(f"--budget: {name:<16}{number:>16}{duration(pace * needed):>16}")
        planned = with_steps(run, steps)
        write_json(run.directory / RECORD, {"of": budget.basis(run.params), "steps": steps})
        one, start = plan(planned, until=stage)[-1], time.perf_counter()
        execute([one], planned, on_event)
        if one.action == "run":
            taken, expected = taken + time.perf_counter() - start, expected + seconds[stage]
        after += (times - 1) * seconds[stage]
    if judging:
        execute(plan(planned)[1 + len(budget.trainings) :], planned, on_event)
    return planned


def fit(trainings: Mapping[str, tuple[int, Speed]], seconds: float) -> dict[str, int]:
    """Find by one factor the steps with which trainings take so many seconds; two at least, whatever these take.

    ``trainings`` are steps and speeds by stage. A single step stays, as it means that there is no such training.
    """
    fixed = sum(speed.fixed for _, speed in trainings.values())
    factor = (seconds - fixed) / sum(steps * speed.step for steps, speed in trainings.values())
    return {stage: 1 if steps == 1 else max(2, int(steps * factor)) for stage, (steps, _) in trainings.items()}


def with_steps(run: Run, steps: Mapping[str, int]) -> Run:
    """Write numbers of steps, and the intervals of curves, into a run and the command that reproduces it."""
    planned: dict[str, dict[str, int]] = {}
    for stage, number in steps.items():
        section = getattr(run.params, stage)
        rows = {"log_every": section.steps / section.log_every, "validate_every": _validations(section)}
        planned[stage] = {"steps": number, **{name: math.ceil(number / count) for name, count in rows.items()}}

    def changed(params: Params) -> Params:
        sections = {stage: getattr(params, stage).model_copy(update=values) for stage, values in planned.items()}
        return params.model_copy(update=sections)

    words = [f" -p {stage}.{name}={value}" for stage, one in planned.items() for name, value in one.items()]
    command = re.sub(r" --budget[ =]\S+", "", run.command) + "".join(words) if run.command else ""
    return replace(run, params=changed(run.params), asked=changed(run.asked), command=command)


def measure(run: Run, stages: list[str], judging: bool) -> tuple[dict[str, Speed], float]:
    """Train for a few steps of each stage, and judge if that is to come, in a process of its own.

    Returns the speeds, and the seconds of judging and report. The data stage must be there; nothing is left behind.
    Raises what the trainings raise.
    """
    try:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            began = time.perf_counter()
            pool.submit(exec, "import srgan_report.exhibits.training").result()
            return pool.submit(_measure, run, stages, judging, time.perf_counter() - began).result()
    except BrokenProcessPool:
        raise SrganError("measuring for --budget died, most likely for lack of memory; take a smaller batch") from None


def trial(train: Callable[[dict[str, Any], Callable[..., None]], object], section: Training, around: float) -> Speed:
    """Time a training by its first steps, of which the first does not count; ``around`` is what its notebook takes.

    ``train`` is called with the parameters of the trial and with what it calls after every step.
    """
    steps, start = FEW, 0.0
    while True:
        ticks = [time.perf_counter()]
        # The only row of the loss curve ends the plain steps: on a GPU it waits for them. Then comes the rest.
        values = {"steps": steps, "log_every": steps - 2, "checkpoint_every": steps - 1, "validate_every": steps}
        train({**values, "learning_rate": 1e-9}, lambda *_, ticks=ticks: ticks.append(time.perf_counter()))
        began, first, *_, before, saved, validated = ticks
        end, step = time.perf_counter(), (before - first) / (steps - 3)
        start = max(start, first - began - step)  # what is compiled is kept
        if steps > FEW or before - first >= LONG:
            break
        steps = 3 + min(1000, math.ceil(LONG / max(step, 1e-3)))
    validation, checkpoint = max(0.0, validated - saved - step), max(0.0, saved - before - step)
    fixed = around + start + end - validated + validation * _validations(section)
    return Speed(fixed, step + checkpoint / section.checkpoint_every)


def _validations(section: Training) -> int:
    return min(VALIDATIONS, math.ceil(section.steps / section.validate_every))


def _measure(run: Run, stages: list[str], judging: bool, unit: float) -> tuple[dict[str, Speed], float]:
    from srgan_lib.data.pairs import read_training_pairs
    from srgan_lib.models.own_code import locate
    from srgan_lib.training.adversarial import train_adversarial
    from srgan_lib.training.srcnn import train_srcnn
    from srgan_lib.training.warmup import train_warmup

    shared = run.params.shared.model_copy(update={"tensorboard": False})
    adversarial = run.params.adversarial.model_copy(update={"montage_frames": 2})  # none at a step that is timed
    params = run.params.model_copy(update={"shared": shared, "adversarial": adversarial})
    code = locate(params.warmup.generator)[0] if is_own(params.warmup.generator) else None
    pairs = read_training_pairs(run.directory / "data" / "split.csv", shared)
    with tempfile.TemporaryDirectory() as scratch, muted():  # the trainings themselves will warn
        folder = Path(scratch)
        further = partial(train_adversarial, warmup_weights=folder / "warmup/generator.safetensors", code=code)
        trainers: Mapping[str, Any] = {"srcnn": train_srcnn, "warmup": train_warmup, "adversarial": further}

        def train(stage: str, values: dict[str, Any], on_step: Callable[..., None]) -> None:
            few = params.model_copy(update={stage: getattr(params, stage).model_copy(update=values)})
            trainers[stage](few, *pairs, directory=folder / stage, fingerprint=f"{values}", on_step=on_step)

        speeds = {one: trial(partial(train, one), getattr(params, one), AROUND[one] * unit) for one in stages}
        around = (AROUND["evaluation"] + AROUND["report"]) * unit
        return speeds, around + _judge(run, pairs[1][0], folder, code) if judging else 0.0


def _judge(run: Run, pair: Pair, folder: Path, code: Path | None) -> float:
    """Judge a corner of an image by all methods; return the seconds that all test images would take."""
    from srgan_lib.data.evaluation_sets import check_test_sets
    from srgan_lib.data.split import read_split
    from srgan_lib.evaluation.evaluator import evaluate, metric_names
    from srgan_lib.evaluation.samples import WholeImages
    from srgan_lib.models.files import load_model
    from srgan_report.upscaling.contestants import all_methods, repeated_trainings

    shared, scale, judging = run.params.shared, run.params.shared.scale, run.params.evaluation
    files = {name: file for name, file in judging.methods.items() if names_network(file)}
    evaluation = judging.model_copy(update={"methods": files})  # no folder has a result for it
    networks = {name: load_model(network.path(folder), code)[0] for name, network in TRAINED.items()}
    methods = all_methods(networks, {shared.dataset: []}, shared, evaluation, code)
    repeats = repeated_trainings([folder] * (evaluation.repeats - 1), shared, evaluation, code)
    images, names, rate = WholeImages(folder / "images"), metric_names(evaluation), 0.0
    for side in (72, 240):  # multiples of all scales; in the first the metrics load what they need
        corner = replace(pair, hr=pair.hr[:side, :side], lr=pair.given_lr[: side // scale, : side // scale])
        began = time.perf_counter()
        evaluate({shared.dataset: [corner]}, methods, scale=scale, names=names, images=images, repeats=repeats)
        rate = (time.perf_counter() - began) / corner.hr[..., 0].size
    rows = check_test_sets(judging.test_sets, read_split(run.directory / "data" / "split.csv"), shared)
    return rate * sum(float((one.width * one.height).sum()) for one in rows.values())
