"""kill -9 at any moment: the run that follows gives the same weights, and repeats at most one checkpoint interval."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = """
import json, sys
from pathlib import Path
from srgan_lib.params import Params
from srgan_lib.training.adversarial import train_adversarial
from srgan_lib.training.supervised import train_srcnn, train_warmup
from training.tiny import photographs

stage, folder, warmup, document = sys.argv[1:]
params, images = Params.model_validate(json.loads(document)), photographs(4)
before = {"adversarial": [Path(warmup)]}.get(stage, [])
train = {"srcnn": train_srcnn, "warmup": train_warmup, "adversarial": train_adversarial}[stage]
train(params, images[:3], images[3:], *before, Path(folder), "print", on_step=lambda step, *_: print(step, flush=True))
"""
STEPS, EVERY = 24, 5


def start(stage, folder, warmup, params):
    arguments = [sys.executable, "-c", SCRIPT, stage, str(folder), str(warmup), json.dumps(params.model_dump())]
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path})


def results(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*")
            if path.suffix in {".safetensors", ".csv"} and path.parent.name != "checkpoints"}


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["srcnn", "warmup", "adversarial"])
def test_killed_at_five_moments(stage, make_params, tmp_path):
    often = {"steps": STEPS, "checkpoint_every": EVERY}
    params = make_params(**{name: often for name in ("srcnn", "warmup", "adversarial")})
    warmup = tmp_path / "before" / "generator.safetensors"
    if stage == "adversarial":
        assert start("warmup", warmup.parent, "", params).wait() == 0
    assert start(stage, tmp_path / "whole", warmup, params).wait() == 0

    reached = 0
    for moment, (step, delay) in enumerate([(2, 0.0), (7, 0.0), (10, 0.001), (15, 0.004), (21, 0.002)]):
        process = start(stage, tmp_path / "killed", warmup, params)
        first = None
        for line in process.stdout:
            first = first or int(line)
            if int(line) >= step:
                time.sleep(delay)  # somewhere in the step that follows, or in writing
                process.send_signal(signal.SIGKILL)
                break
        assert process.wait() == -signal.SIGKILL, "it was over before it could be killed"
        assert first > reached - EVERY, f"kill {moment} cost more than a checkpoint interval"
        reached = step
    process = start(stage, tmp_path / "killed", warmup, params)
    steps = [int(line) for line in process.stdout]
    assert process.wait() == 0 and steps[0] > reached - EVERY and steps[-1] == STEPS
    assert results(tmp_path / "killed") == results(tmp_path / "whole")
