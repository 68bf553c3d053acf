"""kill -9 at any moment of a run, its report and its archive: the same command afterwards gives the same files.

On a throw-away project in forked processes; ``python -m tests.robustness.kill_run FOLDER`` does it to a real run.
"""

import multiprocessing
import random
import signal
import time
from dataclasses import replace

import pytest

from srgan_lib.files import sha256_file
from srgan_report.pipeline.assemble import REPORT, assemble
from srgan_report.pipeline.execution import execute
from srgan_report.pipeline.planning import plan_run
from tests.project import execute_here, make_project, tiny_run

from .changes import files_of

KILLS = 20
#: Many files, so that a kill often finds some of them written.
MANY = """
from srgan_lib.files import write_atomic
for number in range(12):
    write_atomic(stage.directory / f"{number}.bin", bytes(range(256)) * 400 * number)
"""
NAMED = 'write_atomic(stage.directory / "{}", "{}")'
BODIES = {
    "data": MANY + NAMED.format("split.csv", "dataset,image,split\\n"),
    "srcnn": MANY + NAMED.format("srcnn.safetensors", "weights"),
    "warmup": MANY,
    "adversarial": MANY + NAMED.format("generator.safetensors", "weights"),
    "evaluation": MANY + "\n".join(NAMED.format(f, f) for f in ("metrics.csv", "metrics_summary.csv", "metrics.txt")),
}


def report(run_dir, whole_images):
    for name in REPORT:
        time.sleep(0.05)
        (run_dir / name).write_bytes(b"report of " + (run_dir / "metrics.csv").read_bytes())


def complete(run):
    execute(plan_run(run), run)
    assemble(run)


def elsewhere(run, name):
    """The same run where no other run is that it could copy."""
    return replace(run, directory=run.root / name / "one")


def hashes(run):
    """What must come out the same: executed notebooks and manifests hold times, and the archive holds them."""
    timed = (".ipynb", "manifest.json", ".zip")
    return {name: sha256_file(run.directory / name) for name in files_of(run.directory) if not name.endswith(timed)}


@pytest.mark.slow
def test_killed_at_random_moments(tmp_path, monkeypatch):
    monkeypatch.setattr("papermill.execute_notebook", execute_here)
    monkeypatch.setattr("srgan_report.report.build.build_report", report)
    root = make_project(tmp_path, BODIES)
    monkeypatch.chdir(root)
    processes = multiprocessing.get_context("fork")  # with everything imported
    whole = tiny_run(root)
    complete(whole)
    began = time.monotonic()
    complete(elsewhere(whole, "timed"))
    lasts = time.monotonic() - began

    rng, killed = random.Random(0), 0
    while killed < KILLS:
        run = elsewhere(whole, f"killed{killed}")
        process = processes.Process(target=complete, args=(run,))
        process.start()
        time.sleep(rng.uniform(0, lasts))
        process.kill()
        process.join()
        killed += process.exitcode == -signal.SIGKILL
        again = processes.Process(target=complete, args=(run,))
        again.start()
        again.join()
        assert again.exitcode == 0
        assert hashes(run) == hashes(whole)
