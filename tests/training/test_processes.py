"""Several processes train like one."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

from srgan_lib.errors import PackageMissing
from srgan_lib.params import Params
from srgan_lib.params.section import ParameterError
from srgan_lib.params.shared import Shared
from srgan_lib.training import processes
from srgan_lib.training.compute import Compute
from srgan_report.pipeline import resolve_auto

SCRIPT = """
import json, sys
from pathlib import Path
from srgan_lib.log import listening
from srgan_lib.params import Params
from srgan_lib.training.warmup import train_warmup
from tests.tiny import photographs

images, told = photographs(4), []
params, folder = Params.model_validate(json.loads(sys.argv[1])), Path(sys.argv[2])
try:
    with listening(told.append):
        train_warmup(params, images[:3], images[3:], folder, "print", lambda step, *_: told.append(step))
except Exception as error:
    told.append(type(error).__name__ + ": " + str(error))
print("told", json.dumps(told))
"""


def train(params, folder):
    """Train in a fresh interpreter, which nobody has computed in before it forks; return what it was told."""
    command = [sys.executable, "-c", SCRIPT, params.model_dump_json(), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1].removeprefix("told "))


def test_one_process_is_first_and_averages_nothing():
    assert processes.rank_and_world_size() == (0, 1) and processes.is_main_process()
    tensor = torch.tensor([1.0, 2.0])
    processes.all_reduce_mean([tensor])
    assert tensor.tolist() == [1, 2]
    with processes.main_process_first():
        pass


def test_each_has_a_gpu_or_its_part_of_the_threads():
    assert Compute(threads=5).share(1, 2).threads == 2
    assert Compute(threads=1).share(1, 2).threads == 1
    assert Compute(device="cuda").share(1, 2).device == "cuda:1"


def test_impossible_numbers_of_processes_are_refused(monkeypatch):
    with pytest.raises(ValueError, match=r"warmup\.batch: 8 cannot be shared .*processes = 3; take 9"):
        Params.model_validate({"shared": {"processes": 3}, "srcnn": {"batch": 9}})
    with pytest.raises(ValueError, match="device, processes: 'cuda:0' is one GPU"):
        Shared(device="cuda:0", processes=2)
    monkeypatch.setattr(resolve_auto, "cuda_capabilities", lambda: ((8, 0),))
    with pytest.raises(ParameterError, match="2 processes need a GPU each and this machine has 1") as error:
        resolve_auto.resolve(Params.model_validate({"shared": {"device": "cuda", "processes": 2}}))
    assert (error.value.parameter, error.value.allowed) == ("shared.processes", ("at most 1",))


def test_without_accelerate_the_error_says_what_to_do(make_params, pairs, tmp_path, monkeypatch):
    from srgan_lib.training.warmup import train_warmup

    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(PackageMissing, match=r"pip install accelerate.*shared\.processes to 1"):
        train_warmup(make_params(shared={"processes": 2}), *pairs, tmp_path, "print")


@pytest.mark.slow
def test_two_processes_train_as_one(make_params, tmp_path):
    """Without BN, the losses of 50 steps agree, although each process sees half of every batch."""
    stage = {"steps": 50, "batch": 4, "generator_norm": "none", "log_every": 1, "ema_decay": 0.9, "gradient_clip": 1.0}
    stage |= {"generator_channels": 8, "global_skip": "none", "learning_rate": 1e-3, "validate_every": 25}
    curves, on_event = {}, {}
    for count in (1, 2):
        folder = tmp_path / str(count)
        on_event[count] = train(make_params(shared={"processes": count}, warmup=stage), folder)
        curves[count] = [pd.read_csv(folder / f"{name}.csv") for name in ("loss_curve", "validation")]
    assert on_event[2] == on_event[1] == list(range(1, 51))
    for one, two in zip(curves[1], curves[2], strict=True):
        decibels = {"grid_artefact"} & {*one}  # a logarithm of small powers
        pd.testing.assert_frame_equal(one.drop(columns=decibels), two.drop(columns=decibels), rtol=0, atol=1e-4)
        pd.testing.assert_frame_equal(one[[*decibels]], two[[*decibels]], rtol=0, atol=1e-2)
    assert curves[1][0].loss.iloc[-1] < 0.9 * curves[1][0].loss.iloc[0]  # there was something to learn
    names = [
        {path.relative_to(tmp_path / str(count)) for path in (tmp_path / str(count)).rglob("*")} for count in (1, 2)
    ]
    assert names[0] == names[1]


@pytest.mark.slow
def test_two_processes_go_on_where_they_stopped(make_params, tmp_path):
    stage = {"steps": 12, "batch": 2, "checkpoint_every": 5}
    params = make_params(shared={"processes": 2}, warmup=stage)
    train(params, tmp_path / "whole")
    train(params, tmp_path / "parts")
    whole = (tmp_path / "whole" / "generator.safetensors").read_bytes()
    newest = tmp_path / "parts" / "checkpoints" / "step_00000010.safetensors"
    (tmp_path / "parts" / "generator.safetensors").unlink()
    assert newest.exists()
    assert train(params, tmp_path / "parts") == [11, 12]
    assert (tmp_path / "parts" / "generator.safetensors").read_bytes() == whole


@pytest.mark.slow
def test_a_warning_of_a_process_is_logged_here(make_params, tmp_path):
    params = make_params(shared={"processes": 2}, warmup={"steps": 4, "batch": 2, "checkpoint_every": 2})
    train(params, tmp_path)
    (tmp_path / "generator.safetensors").unlink()
    (checkpoint,) = (tmp_path / "checkpoints").iterdir()
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1] + b"!")
    warning, *steps = train(params, tmp_path)
    assert f"{checkpoint.name}: damaged" in warning and steps == [1, 2, 3, 4]


@pytest.mark.slow
def test_what_goes_wrong_in_a_process_is_told_as_in_one(make_params, tmp_path):
    params = make_params(shared={"processes": 2}, warmup={"learning_rate": 1.0, "steps": 200, "batch": 2})
    warning, message = [text for text in train(params, tmp_path) if isinstance(text, str)]
    assert warning.startswith("a regular pattern of dots grows")
    assert message.startswith("Diverged: ") and "lower warmup.learning_rate (1)" in message
