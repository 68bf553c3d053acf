"""A sweep from its file to its report on a throw-away project, one task after the other.

Two seams have fast doubles here. papermill's kernels, seconds each to start, give way to ``exec`` in this process; what
a run's own report is made by, to three lines that write its files. ``test_sweep_report`` runs both as they are.
"""

import json
import re

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from srgan_lib.data.images import write_image
from srgan_lib.files import write_atomic
from srgan_report.cli import main
from srgan_report.sweep.execution import Outcome, PlannedSweep, SweepAborted
from tests.project import execute_here, set_body

from .conftest import EVALUATION, computed, write_sweep

WEIGHTS = {"grid": {"adversarial.adversarial_weight": [0.001, 0.5]}}


def sweep(path, *words):
    return CliRunner().invoke(main, ["sweep", str(path), "--jobs", "1", *words])


@pytest.fixture
def broken(project):
    """A sweep of which one setting fails, run once."""
    path = write_sweep(project, **WEIGHTS)
    return project, path, sweep(path)


@pytest.fixture(autouse=True)
def notebooks_in_this_process(monkeypatch):
    monkeypatch.setattr("papermill.execute_notebook", execute_here)


@pytest.fixture(autouse=True)
def bare_reports(monkeypatch):
    """Runs of these projects have no notebooks worth a report; their own reports are tested elsewhere."""

    def assemble(run):
        run_dir = run.directory
        for name in ("metrics.csv", "metrics_summary.csv"):
            (run_dir / name).write_bytes((run_dir / "evaluation" / name).read_bytes())
        (run_dir / "report.html").write_text(run.command)

    monkeypatch.setattr("srgan_report.pipeline.assemble.assemble", assemble)


def test_a_sweep_of_which_every_run_fails_still_has_its_table(project):
    done = sweep(write_sweep(project, grid={"adversarial.adversarial_weight": [0.5]}))
    assert done.exit_code == 1
    folder = project / "results" / "sweeps" / "study"
    runs = pd.read_csv(folder / "runs.csv")
    assert list(runs.state) == ["failed"] and "broken on purpose" in runs.cause[0]
    assert "broken on purpose" in json.loads((folder / "sweep.json").read_text())["runs"][runs.run[0]]["cause"]
    assert not (folder / "report.html").exists()


@pytest.mark.slow
def test_one_failing_run_is_named_and_the_same_command_runs_only_that(broken):
    project, path, done = broken
    assert done.exit_code == 1
    folder = project / "results" / "sweeps" / "study"
    runs = pd.read_csv(folder / "runs.csv").drop_duplicates("run").set_index("run")
    assert list(runs.state) == ["finished", "failed"]
    assert "04_adversarial" in runs.cause.iloc[1]
    assert "broken on purpose" in runs.cause.iloc[1]
    assert "this weight is broken on purpose" in done.output
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "1 of 2 runs did not finish" in report
    assert "this weight is broken on purpose" in report
    assert (folder / "report.pdf").read_bytes()[:4] == b"%PDF"

    before = computed(project)
    (project / "results" / "mended").write_text("")
    assert sweep(path).exit_code == 0
    assert [line.split()[0] for line in computed(project)[len(before) :]] == ["adversarial", "evaluation"]
    assert set(pd.read_csv(folder / "runs.csv").state) == {"finished"}
    assert len(computed(project)) == len(set(computed(project))) + 1, "only the failed stage was begun twice"


def test_the_comparison_says_what_was_measured(project):
    path = write_sweep(project, grid={"adversarial.adversarial_weight": [1e-4, 1e-3, 1e-2]}, seeds=[0, 1])
    done = sweep(path)
    assert done.exit_code == 0, done.output
    folder = project / "results" / "sweeps" / "study"
    runs = pd.read_csv(folder / "runs.csv")
    assert list(runs.dataset) == ["heldout", "validation"] * 6 and runs.run.nunique() == 6
    assert runs.psnr_y.iloc[0] == pytest.approx(25 + 0.5 * 4 + 0.5)
    report = (folder / "report.html").read_text(encoding="utf-8")
    body = report.partition("<main")[2]
    for sentence in (
        "From adversarial_weight 0.0001 to 0.01, PSNR-Y falls by 1.000 dB (worse), which exceeds the spread",
        "Winner: 0.01, by the lowest mean LPIPS (squeeze) on the 1 validation image, seeds 0, 1",
        "PSNR-Y is best at 0.0001 (27.51 dB) and worst at 0.01 (26.51 dB)",
    ):
        assert body.count(sentence) == (2 if sentence.startswith("PSNR-Y") else 1), "each once; of settings and levels"
    assert "<b>Winner: 0.01</b>" in report and "Settings on validation" not in report
    assert "-p adversarial.adversarial_weight=0.01" in report
    assert 'alt="Means by adversarial_weight: PSNR-Y 27.51 at 0.0001, 27.01 at 0.001, 26.51 at 0.01' in report
    assert all(alt for alt in re.findall(r'<img alt="([^"]*)"', report))
    links = re.findall(r'<a class="beside" href="([^"]+)"', report)
    assert len(set(links)) == 6, "in the table of each test set"
    assert all((folder / link).exists() for link in links)
    assert not re.search(r'(src|<link[^>]*href)="https?://', report)
    assert 'alt="The same crop by bicubic; 0.0001; 0.001; 0.01; HR."' in report
    assert "The middle of <code>test_image_of_seed_0</code>" in report, "other seeds test other images"
    for word in ("no other beats those on the front in both", "Learning curves", "How much is due to the seed?"):
        assert word in report
    manifest = json.loads((folder / "sweep.json").read_text())
    assert manifest["factors"] == [
        {
            "name": "adversarial.adversarial_weight",
            "levels": ["0.0001", "0.001", "0.01"],
            "numbers": [0.0001, 0.001, 0.01],
        }
    ]
    assert len(computed(project)) == 2 * (2 + 3 * 2), "srcnn and warm-up once per seed"
    before = {name: (folder / name).read_bytes() for name in ("report.html", "report.pdf", "runs.csv")}
    assert sweep(path).exit_code == 0
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert len(computed(project)) == 16, "the same command again computes nothing"


@pytest.mark.slow
def test_settings_that_share_no_image_are_not_ranked(project, tmp_path):
    """With another dataset for each setting, the held-out images are others too."""
    body = EVALUATION.replace('f"heldout,', 'f"{stage.params.shared.dataset},')
    set_body(project, "evaluation", body)
    rng = np.random.default_rng(0)
    for number in range(9):
        write_image(tmp_path / "mine" / f"{number}.png", rng.integers(0, 256, (96, 96, 3), dtype=np.uint8))
    mine = {"shared.dataset": "folder", "shared.image_folder": str(tmp_path / "mine")}
    done = sweep(write_sweep(project, cases={"built in": {"shared.dataset": "builtin"}, "mine": mine}))
    assert done.exit_code == 0, done.output
    folder = project / "results" / "sweeps" / "study"
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "were not judged on the same images, so they cannot be compared" in report
    assert "<b>Winner" not in report and "<b>No clear winner" not in report
    assert all(f"{value:.2f}" in report for value in pd.read_csv(folder / "runs.csv").psnr_y)


def test_judges_are_downloaded_before_a_sweep_is_planned(project, tmp_path, monkeypatch):
    """Which weights are there is part of the plan, and a worker that finds others refuses."""

    def download(name):
        write_atomic(tmp_path / "weights" / f"{name}_features.pth", name)

    monkeypatch.setenv("SRGAN_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr("srgan_report.pipeline.fetching.fetch_backbone", download)
    monkeypatch.delenv("SRGAN_OFFLINE")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    done = sweep(write_sweep(project, base={"params": "../demo.yaml", "set": {"lpips_nets": ["squeeze"]}}, seeds=[1]))
    assert (tmp_path / "weights" / "squeezenet1_1_features.pth").exists()
    assert done.exit_code == 0, done.output


@pytest.mark.slow
def test_two_factors_have_a_heat_map_and_a_stage_of_another_run_is_reused(project):
    first = CliRunner().invoke(main, ["run"])
    assert (project / "results" / "demo" / "adversarial" / "manifest.json").exists(), first.output
    path = write_sweep(project, grid={"adversarial.adversarial_weight": [1e-3, 1e-2], "adversarial.batch": [2, 3]})
    plan = sweep(path, "--dry-run")
    assert "8 to compute, 12 to reuse" in plan.output
    assert sweep(path).exit_code == 0
    assert not any(line.startswith(("srcnn", "warmup")) for line in computed(project))
    report = (project / "results/sweeps/study/report.html").read_text(encoding="utf-8")
    assert "Means over the seeds for each pair of values" in report
    assert (
        "the lowest and the highest: 26.50 dB at adversarial_weight 0.01 and batch 2, 27.00 dB at adversarial" in report
    )


def test_the_sweep_of_another_process_is_not_disturbed(project, tmp_path):
    from filelock import FileLock

    study = PlannedSweep(None, tmp_path / "busy", project, [], {})
    (tmp_path / "busy").mkdir()
    with (
        FileLock(tmp_path / "busy" / ".lock"),
        pytest.raises(SweepAborted, match="another process is running this sweep"),
        study.lock(),
    ):
        pytest.fail("two at once")
    with study.lock():
        study.do(lambda tasks, work, emit: None, lambda event: None)


def test_a_run_whose_shared_stage_failed_says_so_once():
    from types import SimpleNamespace

    from srgan_report.sweep.execution import TaskEvent

    outcome = Outcome(SimpleNamespace())
    task = SimpleNamespace(stage="warmup", run=None)
    outcome.update(TaskEvent(task, "failed", {"cause": "first"}))
    outcome.update(TaskEvent(SimpleNamespace(stage=None), "failed", {"cause": "second"}))
    assert (outcome.state, outcome.cause) == ("failed", "first")
