"""kill -9 at any moment: the run that follows gives the same weights, and repeats at most one checkpoint interval."""

import multiprocessing
import signal
import time

import pytest

from srgan_lib.training.adversarial import train_adversarial
from srgan_lib.training.srcnn import train_srcnn
from srgan_lib.training.warmup import train_warmup
from tests.tiny import photographs

STEPS, EVERY = 24, 5


def train(stage, folder, warmup, params, pipe):
    images = photographs(4)
    before = [warmup] if stage == "adversarial" else []
    function = {"srcnn": train_srcnn, "warmup": train_warmup, "adversarial": train_adversarial}[stage]
    function(params, images[:3], images[3:], *before, folder, "print", on_step=lambda step, *_: pipe.send(step))


def steps_of(process, pipe):
    """The steps that a process reports until it ends."""
    while process.is_alive() or pipe.poll():
        if pipe.poll(0.2):
            try:
                yield pipe.recv()
            except EOFError:
                return


def results(folder):
    return {
        path.name: path.read_bytes()
        for path in folder.rglob("*")
        if path.suffix in {".safetensors", ".csv"} and path.parent.name != "checkpoints"
    }


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["srcnn", "warmup", "adversarial"])
def test_killed_at_five_moments(stage, make_params, tmp_path):
    often = {"steps": STEPS, "checkpoint_every": EVERY}
    params = make_params(**{name: often for name in ("srcnn", "warmup", "adversarial")})
    warmup = tmp_path / "before" / "generator.safetensors"
    processes = multiprocessing.get_context("forkserver")  # imports torch once for all
    processes.set_forkserver_preload(["srgan_lib.training.adversarial", "srgan_lib.training.warmup"])

    def start(name, folder):
        receiving, sending = processes.Pipe(duplex=False)
        process = processes.Process(target=train, args=(name, folder, warmup, params, sending))
        process.start()
        sending.close()
        return process, receiving

    def complete(name, folder):
        process, pipe = start(name, folder)
        steps = list(steps_of(process, pipe))
        process.join()
        assert process.exitcode == 0
        return steps

    if stage == "adversarial":
        complete("warmup", warmup.parent)
    assert complete(stage, tmp_path / "whole") == list(range(1, STEPS + 1))

    reached = 0
    for last, delay in [(2, 0.0), (7, 0.0), (10, 0.001), (15, 0.004), (21, 0.002)]:
        process, pipe = start(stage, tmp_path / "killed")
        first = None
        for step in steps_of(process, pipe):
            first = first or step
            if step >= last:
                break
        time.sleep(delay)  # somewhere in the step that follows, or in writing
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL, "it was over before it could be killed"
        assert first > reached - EVERY, f"killed after step {reached}, it went on at {first}"
        reached = last
    steps = complete(stage, tmp_path / "killed")
    assert steps[0] > reached - EVERY and steps[-1] == STEPS
    assert results(tmp_path / "killed") == results(tmp_path / "whole")
