"""A stage opened in a notebook, and the manifest that an earlier run has left."""

import logging
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from srgan_lib.errors import Interrupted
from srgan_lib.params.section import ParameterError
from srgan_report.pipeline.execution import execute
from srgan_report.pipeline.manifests import read_manifest, write_manifest
from srgan_report.pipeline.planning import plan_run
from srgan_report.pipeline.stages import open_stage
from srgan_report.project import SHIPPED
from tests.project import execute_here, make_project, tiny_params, tiny_run


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """A project whose data stage is computed: what opens that stage as a notebook does, its manifest, and its plan."""
    root = make_project(tmp_path)
    run = tiny_run(root)
    monkeypatch.setattr("papermill.execute_notebook", execute_here)
    monkeypatch.chdir(root)

    def plan():
        return plan_run(run, until="data")

    execute(plan(), run)
    values = {**run.params.stage("data"), "run_dir": str(run.directory)}
    return lambda: open_stage("data", values), run.directory / "data" / "manifest.json", plan


def test_opening_a_finished_stage_leaves_its_manifest(finished):
    open_it, manifest, plan = finished
    before = manifest.read_bytes()
    stage = open_it()
    assert stage.components.fingerprint == stage.fingerprint
    assert manifest.read_bytes() == before
    assert plan()[0].action == "skip"


@pytest.mark.parametrize(
    "write",
    [
        lambda stage: stage.figure(plt.figure(), "figure", "A caption"),
        lambda stage: stage.text(["A sentence."], "sentence"),
        lambda stage: (stage.directory / "split.csv").write_text("another"),
    ],
    ids=["figure", "text", "file"],
)
def test_what_writes_removes_the_manifest_until_the_stage_is_finished_and_executed_again(finished, write):
    open_it, manifest, plan = finished
    stage = open_it()
    write(stage)
    plt.close("all")
    assert not manifest.exists()
    assert plan()[0].action == "run"
    stage.finish()
    assert manifest.exists()
    assert plan()[0].reason == "01_data_exploration.ipynb is not as it was written", "it shows what is no longer there"
    execute(plan(), stage.run)
    assert plan()[0].action == "skip"


def test_a_stage_notes_the_library_s_warnings_once_until_it_is_finished(finished):
    open_it, manifest, _ = finished
    logger = logging.getLogger("srgan_lib.somewhere")
    abandoned, stage = open_it(), open_it()
    for text in ("a.png is double", "b.png is double", "a.png is double"):
        logger.warning(text)
    stage.warn("b.png is double")
    logger.info("nothing to warn of")
    stage.finish()
    logger.warning("too late")
    assert stage.warnings == ["a.png is double", "b.png is double"] == read_manifest(manifest.parent)["warnings"]
    assert abandoned.warnings == []


def test_opening_a_stage_that_was_never_computed_writes_nothing(tmp_path, monkeypatch):
    root = make_project(tmp_path)
    monkeypatch.chdir(root)
    stage = open_stage("data", tiny_params().stage("data") | {"run_dir": "results/new"})
    assert not (root / "results").exists()
    assert stage.directory.is_dir()


def test_a_notebook_opened_before_its_turn_says_what_it_computes_first_and_how_long_that_took(
    tmp_path, monkeypatch, capsys
):
    root = make_project(tmp_path)
    monkeypatch.setattr("papermill.execute_notebook", execute_here)
    monkeypatch.chdir(root)
    values = tiny_params().stage("srcnn")
    open_stage("srcnn", {**values, "run_dir": "results/first"})
    assert "Computing data first: 'srcnn' reads it. How long that takes is not known" in capsys.readouterr().out
    manifest = read_manifest(root / "results/first/data")
    write_manifest(root / "results/first/data", {**manifest, "seconds": 75.0})
    open_stage("srcnn", {**values, "run_dir": "results/second", "seed": 1})
    told = capsys.readouterr().out.replace("\xa0", " ")
    assert "When last computed here, that took 1 min 15 s." in told and "01_data_exploration: done in 0 s" in told


def test_a_notebook_outside_a_project_computes_first_by_what_comes_with_the_package(tmp_path, monkeypatch):
    """As ``papermill /clone/notebooks/02_srcnn_baseline.ipynb out.ipynb`` from a folder of one's own."""
    executed = []

    def stop(source, *_args, **_how):
        executed.append(Path(source))
        raise Interrupted("seen enough")

    monkeypatch.setattr("papermill.execute_notebook", stop)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Interrupted):
        open_stage("srcnn", tiny_params().stage("srcnn"))
    assert executed == [SHIPPED / "notebooks/01_data_exploration.ipynb"] and executed[0].is_file()
    assert (tmp_path / "results/notebook/data").is_dir()


def test_a_notebook_tries_own_code_before_it_computes_what_it_reads(tmp_path, monkeypatch):
    monkeypatch.setattr("papermill.execute_notebook", lambda *_args, **_how: pytest.fail("computed first"))
    monkeypatch.chdir(make_project(tmp_path))
    (tmp_path / "own.py").write_text("class Net: pass\n")
    with pytest.raises(ParameterError, match=r"warmup\.generator: Net is no network"):
        open_stage("warmup", {**tiny_params().stage("warmup"), "generator": "own.py:Net"})
