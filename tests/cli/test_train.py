"""``srgan train``: the training stages alone, in one process or several."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from srgan_lib.models.files import load_model

ROOT = Path(__file__).parents[2]


def train(results, *words):
    """The command itself at tiny size, without a network; what it said."""
    tiny = ["params/demo.yaml", "--overlay", "params/overlays/tiny.yaml", "--results", str(results), "-p", "threads=2"]
    command = [sys.executable, "-m", "srgan_report.cli", "train", *tiny, *words]
    nothing = {name: str(results / "none") for name in ("SRGAN_WEIGHTS", "TORCH_HOME")}
    environment = {**os.environ, "SRGAN_OFFLINE": "1", **nothing}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_training_ends_where_it_is_told_and_goes_on_in_two_processes(tmp_path):
    run, words = tmp_path / "both", ("--run", "both", "--processes", "2")
    train(tmp_path, *words, "--until", "warmup")
    assert {path.name for path in run.iterdir() if path.is_dir()} == {"data", "srcnn", "warmup"}

    said = train(tmp_path, *words)
    assert said.count("nothing it depends on has changed") == 3, said
    assert not (run / "evaluation").exists() and not (run / "report.html").exists()
    curve = pd.read_csv(run / "adversarial" / "loss_curve.csv")
    assert list(curve.step) == [1, 2, 3] and curve.notna().all(axis=None)
    before, after = (
        load_model(run / stage / "generator.safetensors")[0].state_dict() for stage in ("warmup", "adversarial")
    )
    assert any(not before[name].equal(after[name]) for name in before)
