"""kill -9 at any moment of a run, its report and its archive: the same command afterwards gives the same files.

On a throw-away project in forked processes; ``python -m tests.robustness.kill_run FOLDER`` does it to a real run.
"""

import multiprocessing
import os
import random
import signal
import time
from dataclasses import replace

import pytest

from srgan_lib.errors import STOPPING
from srgan_lib.files import sha256_file
from srgan_report.cli import main
from srgan_report.pipeline.assemble import REPORT, assemble
from srgan_report.pipeline.execution import execute
from srgan_report.pipeline.planning import plan_run
from tests.project import execute_here, make_project, tiny_run

from .changes import files_of

KILLS = 20
MOMENTS = 1  #: at which each signal is sent
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


def run_words(folder):
    root = make_project(folder, BODIES)
    quiet = "warmup: {content_weight: 0}\nadversarial: {content_weight: 0}\nevaluation: {lpips_nets: []}\n"
    (root / "params/demo.yaml").write_text(f"shared: {{threads: 1, dtype: float32, device: cpu}}\n{quiet}")
    return root, ["run"]


def start(words, log):
    """Start a command in a forked process, with everything imported; what it says goes to a file."""

    def command():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with log.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        main(words)

    process = multiprocessing.get_context("fork").Process(target=command)
    process.start()
    return process


def stop_and_go_on(words, folder, number, lasts, moment):
    """Send a signal some time after the start; return how the command ended, after the same one has succeeded."""
    process, log = start(words, folder.parent / "said.txt"), folder.parent / "said.txt"
    time.sleep(lasts * moment)
    os.kill(process.pid, number)
    process.join(60)
    ended, said = process.exitcode, log.read_text()
    assert ended in (0, -number if number == signal.SIGKILL else 130), (ended, said)  # 0: it was over before
    if ended == 130:
        assert (not said or "Interrupted: " in said) and "Traceback" not in said, said  # or before anything was said
        assert not [path for path in folder.rglob(".*.????????*") if path.suffix in (".json", ".csv", ".bin")]
    again = start(words, log)
    again.join(60)
    assert again.exitcode == 0, log.read_text()
    return ended


@pytest.mark.slow
def test_a_signal_at_any_moment(tmp_path, monkeypatch):
    """Nothing is half-written, no lock is in the way, and the same command succeeds."""
    monkeypatch.setattr("papermill.execute_notebook", execute_here)
    monkeypatch.setattr("srgan_report.report.build.build_report", report)
    monkeypatch.setenv("SRGAN_OFFLINE", "1")
    root, command = run_words(tmp_path / "whole")
    monkeypatch.chdir(root)
    began = time.monotonic()
    first = start(command, tmp_path / "said.txt")
    first.join()
    assert first.exitcode == 0, (tmp_path / "said.txt").read_text()
    lasts, ended = time.monotonic() - began, []
    for place, number in enumerate([*STOPPING, signal.SIGKILL] * MOMENTS):
        root, command = run_words(tmp_path / str(place))
        monkeypatch.chdir(root)
        ended.append(stop_and_go_on(command, root, number, lasts, (place + 0.5) / (4 * MOMENTS)))
    assert set(ended) - {0}, "it was never stopped"
