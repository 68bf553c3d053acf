"""A whole run with the example network and loss: trained, evaluated, reported, verified, used by itself."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]


def srgan(folder, *words):
    """Run the command itself, without a network and without weights."""
    nothing = {name: str(folder / "none") for name in ("SRGAN_WEIGHTS", "TORCH_HOME")}
    command = [sys.executable, "-m", "srgan_report.cli", *words]
    environment = {**os.environ, "SRGAN_OFFLINE": "1", **nothing}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_an_own_generator_and_loss_through_a_whole_run(tmp_path):
    for name in ("my_net.py", "my_loss.py"):
        shutil.copy(ROOT / "docs" / "examples" / name, tmp_path)
    own = tmp_path / "own.yaml"
    losses = f"  extra_losses: {{'{tmp_path}/my_loss.py:EdgeLoss': 0.1}}\n"
    own.write_text(
        f"shared: {{threads: 1}}\nwarmup:\n  generator: {tmp_path}/my_net.py:MyGenerator\n{losses}"
        f"adversarial:\n{losses}"
    )
    words = ("run", "params/demo.yaml", "--overlay", "params/overlays/tiny.yaml", "--overlay", str(own))
    words += ("--results", str(tmp_path), "--run", "own")
    done = srgan(tmp_path, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    run = tmp_path / "own"
    assert {"warmup", "srgan"} <= set(pd.read_csv(run / "metrics.csv").method)
    for stage in ("warmup", "adversarial"):
        assert "EdgeLoss" in pd.read_csv(run / stage / "loss_curve.csv")
    assert (run / "warmup" / "code" / "my_net.py").exists() and (run / "adversarial" / "code" / "my_loss.py").exists()
    assert "my_net.py:MyGenerator" in (run / "report.html").read_text(encoding="utf-8")

    image, large = next((run / "evaluation" / "viewer").rglob("*.png")), tmp_path / "large.png"
    weights = ("--checkpoint", str(run / "adversarial" / "generator.safetensors"))
    assert srgan(tmp_path, "upscale", str(image), str(large), *weights).returncode == 2
    done = srgan(tmp_path, "upscale", str(image), str(large), *weights, "--code", str(tmp_path / "my_net.py"))
    assert done.returncode == 0 and large.exists(), done.stderr

    done = srgan(tmp_path, "verify", str(run))
    assert done.returncode == 0, done.stdout + done.stderr

    with (tmp_path / "my_net.py").open("a") as file:
        file.write("# changed\n")
    assert "my_net.py" in srgan(tmp_path, "verify", str(run)).stderr
    done = srgan(
        tmp_path, "upscale", str(image), str(tmp_path / "x.png"), *weights, "--code", str(tmp_path / "my_net.py")
    )
    assert done.returncode == 2 and "SHA-256" in done.stderr
