"""The ready ablation sweeps: every setting trains, and what has no weights on this disk is reported as not computed."""

from pathlib import Path

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from srgan_lib.training.adversarial import train_adversarial
from srgan_lib.training.warmup import train_warmup
from srgan_report.cli import main
from srgan_report.pipeline.resolve_auto import resolve
from srgan_report.sweep.definition import read_sweep
from srgan_report.sweep.expansion import expand
from tests.project import execute_here
from tests.tiny import photographs

ROOT = Path(__file__).parents[2]
SWEEPS, OVERLAYS = ROOT / "params" / "sweeps", ROOT / "params" / "overlays"
ABLATIONS = ["ledig_losses", "two_stage_stabilisers", "celeba_epochs_quick", "face_strategies_quick", "texture_losses"]
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def no_weights(monkeypatch, tmp_path):
    """No VGG-19 on this disk and no way to get it."""
    for name in ("SRGAN_WEIGHTS", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("SRGAN_OFFLINE", "1")


@pytest.mark.parametrize("name", ABLATIONS)
def test_every_setting_trains(name, tmp_path):
    """Tiny networks for two steps; VGG-19 with random weights, which no report would show under its name."""
    overlays = (OVERLAYS / "quick.yaml", OVERLAYS / "tiny.yaml")
    small = ("threads=1", "shared.dtype=float32", "shared.image_size=null", "shared.patches_per_image=null")
    _, runs = expand(read_sweep(SWEEPS / f"{name}.yaml", small, overlays))
    settings = {run.setting: run for run in reversed(runs)}
    assert len(settings) > 1
    pairs = photographs(3, scale=runs[0].params.shared.scale, side=96)
    for number, run in enumerate(settings.values()):
        stages = {
            stage: getattr(run.params, stage).model_copy(
                update={"steps": 2, "batch": 2, "content_weights": "random", "gradient_clip": None}
            )
            for stage in ("warmup", "adversarial")
        }
        params = resolve(run.params.model_copy(update=stages))
        folder = tmp_path / str(number)
        train_warmup(params, pairs[:2], pairs[2:], folder / "warmup", "print")
        weights = folder / "warmup" / "generator.safetensors"
        curve = train_adversarial(params, pairs[:2], pairs[2:], weights, folder / "adversarial", "print")
        assert curve.loss.notna().all()


def test_a_row_without_its_weights_is_reported_as_not_computed(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("papermill.execute_notebook", execute_here)
    sweep = yaml.safe_load((SWEEPS / "ledig_losses.yaml").read_text(encoding="utf-8"))
    sweep["base"] = str(ROOT / "params" / "ledig2017.yaml")
    sweep["cases"] = {name: sweep["cases"][name] for name in ("SRGAN-MSE", "SRGAN-VGG54")}
    (tmp_path / "losses.yaml").write_text(yaml.safe_dump(sweep))
    words = ["--jobs", "1", "--results", str(tmp_path / "results"), "-p", "lpips_nets=[]", "-p", "threads=1"]
    for overlay in ("quick", "tiny"):
        words += ["--overlay", str(OVERLAYS / f"{overlay}.yaml")]
    done = CliRunner().invoke(main, ["sweep", str(tmp_path / "losses.yaml"), *words])
    assert done.exit_code == 1, done.output
    folder = tmp_path / "results" / "sweeps" / "losses"
    runs = pd.read_csv(folder / "runs.csv").drop_duplicates("run").set_index("setting")
    assert runs.state.to_dict() == {"SRGAN-MSE": "finished", "SRGAN-VGG54": "failed"}
    assert "VGG-19" in runs.cause["SRGAN-VGG54"]
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "1 of 2 runs did not finish" in report
