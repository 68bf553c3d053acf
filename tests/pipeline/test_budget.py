"""``--budget``: planning with clocks that tests move, and a real training of a few steps."""

import json
import shlex
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner

from srgan_lib.errors import InputError
from srgan_lib.layout import STAGES, TRAINING_STAGES
from srgan_report import params_file
from srgan_report.cli import main, options
from srgan_report.pipeline import budget
from srgan_report.pipeline.budget import Budget, Speed, execute_within, fit, trial
from srgan_report.pipeline.run import Run
from tests.project import execute_here

ROOT = Path(__file__).parents[2]
DEMO = params_file.read(ROOT / "params/demo.yaml")
SPEEDS = {"srcnn": Speed(7.5, 0.05), "warmup": Speed(20, 0.4), "adversarial": Speed(14, 0.9)}
AFTER, DATA, MEASURING = 40, 10, 20


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine whose clock moves only as runs work; ``slower``: how many times longer than measured a stage takes."""
    here = SimpleNamespace(now=0.0, slower={}, measured=0, told=[], did=[])

    def measure(run, stages, judging):
        here.now += MEASURING
        here.measured += 1
        return {stage: SPEEDS[stage] for stage in stages}, AFTER if judging else 0

    def execute(plans, run, on_event):
        for name in (plan.stage.name for plan in plans):
            trainings = {stage: SPEEDS[stage].seconds(getattr(run.params, stage).steps) for stage in TRAINING_STAGES}
            further = (run.params.evaluation.repeats - 1) * sum(trainings.values())  # come with the evaluation
            seconds = {"data": DATA, **trainings, "evaluation": AFTER + further}[name]
            here.now += seconds * here.slower.get(name, 1)
            here.did.append(name)

    def plan(run, until="evaluation"):
        names = list(STAGES)[: list(STAGES).index(until) + 1]
        return [SimpleNamespace(stage=STAGES[name], action="run") for name in names]

    monkeypatch.setattr(budget, "measure", measure)
    monkeypatch.setattr(budget, "execute", execute)
    monkeypatch.setattr(budget, "time", SimpleNamespace(perf_counter=lambda: here.now))

    def run(seconds, params=DEMO, until="evaluation"):
        described = Run(params, params, tmp_path / "run", tmp_path, "srgan run params/demo.yaml --budget 10m")
        here.now, here.did = 0.0, []
        return execute_within(Budget(seconds, until), described, plan, lambda *_: None, here.told.append)

    here.run = run
    return here


def with_values(section, **values):
    """The demo with some parameters of a section changed."""
    return DEMO.model_copy(update={section: getattr(DEMO, section).model_copy(update=values)})


BUSIER = {"warmup": 1.5, "adversarial": 1.5, "evaluation": 1.5}
QUIETER = {"srcnn": 0.7, "warmup": 0.6, "adversarial": 0.6, "evaluation": 0.6}


@pytest.mark.parametrize(
    ("seconds", "slower", "params"),
    [
        (180, {}, DEMO),
        (600, {}, DEMO),
        (36_000, {}, DEMO),
        (600, BUSIER, DEMO),
        (600, QUIETER, DEMO),
        (180, {"data": 2}, DEMO),
        (900, BUSIER, with_values("evaluation", repeats=3)),
        (600, {}, with_values("warmup", steps=1)),
    ],
)
def test_a_run_ends_with_its_budget(machine, seconds, slower, params):
    machine.slower = slower
    planned = machine.run(seconds, params).params
    assert machine.now == pytest.approx(seconds, rel=0.1)
    assert machine.did == list(STAGES)
    assert (planned.warmup.steps == 1) == (params.warmup.steps == 1), "one step stands for no training, and stays"


def test_all_trainings_and_their_curves_have_one_factor(machine):
    planned = machine.run(10_000).params
    factor = planned.warmup.steps / DEMO.warmup.steps
    for stage in TRAINING_STAGES:
        section, before = getattr(planned, stage), getattr(DEMO, stage)
        assert section.steps == pytest.approx(factor * before.steps, rel=0.01)
        assert section.steps // section.log_every == pytest.approx(before.steps // before.log_every, abs=1)
        assert section.steps // section.validate_every == pytest.approx(before.steps // before.validate_every, abs=1)
    often = machine.run(10_000, with_values("warmup", validate_every=1)).params.warmup
    assert often.steps // often.validate_every <= budget.VALIDATIONS


def test_trainings_alone_share_the_budget_of_trainings(machine):
    trained = machine.run(300, until="warmup")
    assert machine.now == pytest.approx(300, rel=0.05)
    assert machine.did == ["data", "srcnn", "warmup"]
    assert trained.params.adversarial == DEMO.adversarial


def test_a_budget_that_is_too_short_is_refused_before_a_training_with_one_that_is_not(machine):
    with pytest.raises(InputError, match=r"give at least \d+s") as refused:
        machine.run(90)
    assert machine.did == ["data"]
    least = int(str(refused.value).split()[-1].rstrip("s"))
    machine.run(least)
    assert machine.did == list(STAGES) and 90 < machine.now <= 1.1 * least


def test_what_was_planned_is_kept_for_the_same_trainings_and_time_alone(machine):
    first = machine.run(600)
    machine.slower = BUSIER
    assert machine.run(600) == first
    assert machine.run(600, with_values("evaluation", grids=3)).params.warmup == first.params.warmup
    assert machine.run(600, until="srcnn").params == first.params and machine.measured == 1
    machine.run(700, until="warmup")
    machine.run(700)
    machine.run(700, with_values("adversarial", adversarial_weight=0.5))
    assert machine.measured == 4


def test_what_was_planned_is_said_and_reproduced_by_the_recorded_command(machine):
    planned = machine.run(600)
    assert any(f" {planned.params.adversarial.steps} steps" in text for text in machine.told)
    words = shlex.split(planned.command)
    assert words[:3] == ["srgan", "run", "params/demo.yaml"] and set(words[3::2]) == {"-p"}
    assert params_file.read(ROOT / words[2], tuple(words[4::2])) == planned.params == planned.asked


@click.command()
@options.budget_option
def read(budget):
    """Print what is read."""
    click.echo(budget)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("1h30m", 5400), ("1h1m1s", 3661)])
def test_durations_are_read(text, seconds):
    assert float(CliRunner().invoke(read, ["--budget", text]).output) == seconds


@pytest.mark.parametrize("text", ["", "10", "0s", "1:30:00", "5 m", "-5m", "1m1h", "1.5h", "10min"])
def test_other_durations_are_refused_with_the_formats(text):
    done = CliRunner().invoke(read, [f"--budget={text}"])
    assert done.exit_code == 2 and "90s, 10m or 1h30m" in done.output


@pytest.mark.parametrize(("command", "until"), [("run", "evaluation"), ("train", "adversarial")])
def test_a_command_has_the_budget_that_it_is_given(monkeypatch, tmp_path, command, until):
    def execute_within(limit, run, plan, on_event, tell):
        raise InputError(f"{limit.seconds:g} s until {limit.until}")

    monkeypatch.setattr(budget, "execute_within", execute_within)
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(main, [command, "params/demo.yaml", f"--results={tmp_path}", "--budget", "90s"])
    assert done.exit_code == 2 and f"90 s until {until}" in done.output


@pytest.mark.parametrize("step", [0.002, 0.3, 4.0])
def test_a_trial_tells_steps_validations_and_checkpoints_apart(monkeypatch, step):
    now, began = 0.0, []
    monkeypatch.setattr(budget, "time", SimpleNamespace(perf_counter=lambda: now))

    def train(values, on_step):
        nonlocal now
        now += 5 if began else 8  # compiling, perhaps
        began.append(values["steps"])
        for number in range(1, values["steps"] + 1):
            now += step * (10 if number == 1 else 1)  # the first prepares kernels
            now += 0.7 * (number % values["validate_every"] == 0) + 0.2 * (number % values["checkpoint_every"] == 0)
            on_step()
        now += 2

    found = trial(train, DEMO.warmup, around=10)
    assert found.step == pytest.approx(step + 0.2 / DEMO.warmup.checkpoint_every)
    assert found.fixed == pytest.approx(10 + 8 + 9 * step + 2 + 0.7 * 25)
    assert len(began) == (1 if step > 2 else 2), "quick steps are tried in greater number"


def test_trainings_for_which_no_time_is_left_have_two_steps():
    assert fit({"srcnn": (100, Speed(5, 0.1)), "warmup": (1, Speed(5, 0.1))}, -20) == {"srcnn": 2, "warmup": 1}


@pytest.mark.slow
def test_a_real_training_is_measured_and_repeats_with_the_steps_that_were_planned(tmp_path, monkeypatch):
    found, measure = [], budget.measure

    def measured(run, stages, judging):
        found.append(measure(run, list(TRAINING_STAGES), judging=True))
        return {stage: Speed(0, 12_000) for stage in stages}, 0.0  # so slow that a hundred hours are a few steps

    monkeypatch.setattr(budget, "measure", measured)
    monkeypatch.setattr("papermill.execute_notebook", execute_here)
    monkeypatch.chdir(ROOT)
    tiny = [
        "train",
        "params/demo.yaml",
        "--until",
        "srcnn",
        "--overlay",
        "params/overlays/tiny.yaml",
        "--results",
        str(tmp_path),
    ]

    def train(*words):
        done = CliRunner().invoke(main, [*tiny, "-p", "threads=1", *words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    assert "steps" in train("--run", "one", "--budget", "100h")
    ((speeds, after),) = found
    assert all(one.step > 0 and one.fixed > 0 for one in speeds.values()) and after > 0
    steps = json.loads((tmp_path / "one" / budget.RECORD).read_text())["steps"]
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == sorted(["data", "srcnn", budget.RECORD])
    planned = {}
    for stage, number in steps.items():
        manifest = json.loads((tmp_path / "one" / stage / "manifest.json").read_text())
        planned[stage] = manifest["components"]["parameters"]
        assert planned[stage]["steps"] == number
    assert train("--run", "one", "--budget", "100h").count("nothing it depends on has changed") == 2
    names = ("steps", "log_every", "validate_every")
    numbers = [f"{stage}.{name}={values[name]}" for stage, values in planned.items() for name in names]
    same = train("--run", "two", *(word for number in numbers for word in ("-p", number)))
    assert same.count("has computed it already") == 2 and len(found) == 1
