"""A sweep on real Dask workers: one is killed, one run fails, the scheduler goes away, the user stops it."""

import json
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import psutil
import pytest

from srgan_report.sweep.cluster import ClusterUnavailable, running_cluster
from tests.project import set_body

from .conftest import BODIES, computed, write_sweep

pytestmark = pytest.mark.slow
BEGIN = """
import time
(stage.run.directory.parent / f"begun-{stage.fingerprint[:8]}").write_text("")
while not (stage.run.directory.parents[2] / "go").exists():
    time.sleep(0.1)
"""


def start(*words):
    return subprocess.Popen(
        [sys.executable, "-m", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore Ctrl-C
    )


def start_sweep(path, *words):
    return start("srgan_report.cli", "sweep", str(path), *words)


def until(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.2)


def alive(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def ends(process, code):
    output = process.communicate(timeout=400)[0]
    assert process.returncode == code, output
    assert "Traceback" not in output, output
    return output


@pytest.fixture
def slow_project(project):
    """A project whose adversarial stage tells when it begins, and ends only after :func:`go`."""
    set_body(project, "adversarial", BEGIN + BODIES["adversarial"])
    return project


@pytest.fixture
def cluster(slow_project, tmp_path):
    """A scheduler and two workers, each a process started by hand."""
    file = tmp_path / "scheduler.json"
    words = ("--host", "127.0.0.1", "--port", "0", "--dashboard-address", ":0", "--scheduler-file", str(file))
    processes = [start("dask", "scheduler", *words)]
    until(file.exists)
    address = json.loads(file.read_text())["address"]
    processes += [start("dask", "worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard") for _ in "12"]
    yield address, processes
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def states(project):
    runs = pd.read_csv(project / "results" / "sweeps" / "study" / "runs.csv")
    return list(runs.drop_duplicates("run").state)


def begun(project):
    return list((project / "results" / "sweeps" / "study").glob("begun-*"))


def go(project):
    path = project / "results" / "go"
    path.parent.mkdir(exist_ok=True)
    path.write_text("")


def weights(project, *values):
    return write_sweep(project, grid={"adversarial.adversarial_weight": list(values)})


def test_a_failing_run_does_not_take_the_others_down(slow_project):
    go(slow_project)
    path = weights(slow_project, 0.001, 0.5, 0.01)
    output = ends(start_sweep(path, "--jobs", "2"), 1)
    assert "2 workers; Dask's dashboard: http://" in output
    assert "this weight is broken on purpose" in output
    assert states(slow_project) == ["finished", "failed", "finished"]
    before = computed(slow_project)
    (slow_project / "results" / "mended").write_text("")
    ends(start_sweep(path, "--jobs", "2"), 0)
    assert [line.split()[0] for line in computed(slow_project)[len(before) :]] == ["adversarial", "evaluation"]


def test_a_worker_killed_half_way_loses_nothing(slow_project, cluster):
    address, processes = cluster
    sweep = start_sweep(weights(slow_project, 1e-4, 1e-3, 1e-2, 1e-1), "--scheduler", address)
    until(lambda: len(begun(slow_project)) == 2)
    orphans = psutil.Process(processes[1].pid).children(recursive=True)
    os.kill(processes[1].pid, signal.SIGKILL)
    until(lambda: not any(alive(process) for process in orphans), 20)  # a kernel without its worker ends by itself
    go(slow_project)
    ends(sweep, 0)
    assert states(slow_project) == ["finished"] * 4
    done = computed(slow_project)
    assert len(done) == len(set(done)) == 2 + 2 * 4, "no finished stage was computed twice"


def test_a_scheduler_that_goes_away_is_told_and_the_same_command_continues(slow_project, cluster):
    address, processes = cluster
    path = weights(slow_project, 1e-3, 1e-2, 1e-1)
    sweep = start_sweep(path, "--scheduler", address)
    until(lambda: begun(slow_project))
    for process in processes:
        os.killpg(process.pid, signal.SIGKILL)
    assert "the Dask scheduler went away" in ends(sweep, 1)
    before = computed(slow_project)
    go(slow_project)
    ends(start_sweep(path, "--jobs", "1"), 0)
    assert "warmup" not in {line.split()[0] for line in computed(slow_project)[len(before) :]}


def test_ctrl_c_stops_the_kernels_and_the_same_command_continues(slow_project):
    path = weights(slow_project, 1e-3, 1e-2, 1e-1)
    sweep = start_sweep(path, "--jobs", "2")
    until(lambda: begun(slow_project))
    family = psutil.Process(sweep.pid).children(recursive=True)
    os.killpg(sweep.pid, signal.SIGINT)  # as a terminal does: to every process in the foreground
    assert "the same command continues" in ends(sweep, 130)
    until(lambda: not any(alive(process) for process in family), 20)
    go(slow_project)
    ends(start_sweep(path, "--jobs", "1"), 0)


def test_a_cluster_that_is_not_there_is_refused():
    with pytest.raises(ClusterUnavailable, match="no Dask scheduler answers at") as error:
        with running_cluster("tcp://127.0.0.1:9"):
            pass
    assert error.value.address == "tcp://127.0.0.1:9"
