"""Which run computes what several need, and in which order."""

from dataclasses import replace
from pathlib import Path

import pytest

from srgan_lib.data.sources import BUILTIN
from srgan_lib.layout import STAGES
from srgan_lib.pipeline import code_hashes, provenance
from srgan_lib.sweep.definition import read_sweep
from srgan_lib.sweep.execution import WorkerMismatch, perform, work_of
from srgan_lib.sweep.expansion import expand
from srgan_lib.sweep.planning import by_urgency, plan_sweep, tasks

from .conftest import computed, write_sweep


def planned(root, **content):
    return plan_sweep(expand(read_sweep(write_sweep(root, **content)))[1], root / "results/sweeps/study", root)


def test_eight_settings_train_srcnn_and_the_warmup_once(project):
    weights = [10.0**-power for power in range(8)]
    runs = planned(project, grid={"adversarial.adversarial_weight": weights})
    computing = {stage: [run.name for run in runs if run.stages[stage].action == "run"] for stage in STAGES}
    assert {stage: len(names) for stage, names in computing.items()} == {
        "data": 1,
        "srcnn": 1,
        "warmup": 1,
        "adversarial": 8,
        "evaluation": 8,
    }
    assert runs[3].stages["warmup"].source == runs[0].directory / "warmup"


def test_a_task_comes_after_those_it_needs_and_what_most_wait_for_comes_first(project):
    work = tasks(planned(project, grid={"adversarial.adversarial_weight": [1e-3, 1e-2]}, seeds=[0, 1]))
    order = list(by_urgency(work))
    seen = set()
    for task in order:
        assert set(task.needs) <= seen
        seen.add(task.key)
    assert len(work) == 14 + 4
    assert {task.stage for task in order[:6]} == {"data", "srcnn", "warmup"}, "what is shared comes first"


def test_fingerprints_are_those_of_single_runs(project):
    from srgan_lib.pipeline.planning import plan_run

    run = planned(project, grid={"adversarial.steps": [3]}, seeds=[4])[0]
    lock = plan_run(replace(run.single, directory=project / "results" / "alone"))
    assert {plan.stage.name: plan.fingerprint for plan in lock} == {
        stage: plan.fingerprint for stage, plan in run.stages.items()
    }


def test_a_worker_with_other_files_says_which_and_computes_nothing(project):
    run = planned(project, grid={"adversarial.steps": [3]})[0]
    task = next(task for task in tasks([run]) if task.stage == "data")
    work = work_of(task, "srgan sweep study.yaml")
    mine = work.components["data"]
    theirs = replace(mine, modules={**mine.modules, "srgan_lib.data.split": "other"})
    with pytest.raises(WorkerMismatch, match=r"stage data: .*library module srgan_lib\.data\.split changed"):
        perform(replace(work, components={"data": theirs}))
    assert not computed(project)


def test_many_runs_are_planned_without_reading_a_file_again_for_each(project, monkeypatch):
    read = []
    content, text = provenance.sha256_file, Path.read_text
    for module in (provenance, code_hashes):
        monkeypatch.setattr(module, "sha256_file", lambda path: read.append(path) or content(path))
    monkeypatch.setattr(Path, "read_text", lambda path, *how, **names: read.append(path) or text(path, *how, **names))
    planned(project, grid={"adversarial.adversarial_weight": [10.0**-power for power in range(8)]})
    assert len(read) == len(set(read)) > len(BUILTIN), "images, notebooks and params files"
