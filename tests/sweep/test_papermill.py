"""papermill's own way, a loop over a notebook, gives what a sweep gives."""

from pathlib import Path

import pandas
import papermill
import pytest
import yaml
from click.testing import CliRunner

from srgan_lib.cli import main
from srgan_lib.layout import STAGES
from tests.project import tiny_values

ROOT = Path(__file__).parents[2]
WEIGHTS = [1e-3, 0.5]
QUIET = {"warmup": {"content_weight": 0}, "adversarial": {"content_weight": 0}, "evaluation": {"lpips_nets": []}}


@pytest.mark.slow
def test_a_loop_of_papermill_gives_the_same_figures_as_the_sweep(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("SRGAN_OFFLINE", "1")
    (tmp_path / "base.yaml").write_text(yaml.safe_dump({"shared": {"threads": 1}, **QUIET}))
    definition = {"base": "base.yaml", "grid": {"adversarial.adversarial_weight": WEIGHTS}}
    (tmp_path / "weights.yaml").write_text(yaml.safe_dump(definition))
    words = ["--jobs", "1", "--overlay", "params/overlays/tiny.yaml", "--results", str(tmp_path / "results")]
    done = CliRunner().invoke(main, ["sweep", str(tmp_path / "weights.yaml"), *words])
    assert done.exit_code == 0, done.output
    by_sweep = sorted((tmp_path / "results/sweeps/weights").glob("*/adversarial"))
    assert len(by_sweep) == len(WEIGHTS)

    def execute(stage, **parameters):
        values = {**tiny_values(stage), **QUIET.get(stage, {}), "run_dir": str(tmp_path / "loop"), **parameters}
        notebook = f"notebooks/{STAGES[stage].notebook}.ipynb"
        papermill.execute_notebook(notebook, tmp_path / "out.ipynb", values, cwd=ROOT, progress_bar=False)
        return tmp_path / "loop" / stage

    execute("data")
    execute("warmup")
    weights = set()
    for weight, folder in zip(WEIGHTS, by_sweep, strict=True):
        by_loop = execute("adversarial", adversarial_weight=weight)
        for name in ("generator.safetensors", "loss_curve.csv"):
            assert (by_loop / name).read_bytes() == (folder / name).read_bytes(), (weight, name)
        # NumPy may add up in another order: papermill alone does not fix the threads of its BLAS.
        one, other = (pandas.read_csv(place / "validation.csv") for place in (by_loop, folder))
        pandas.testing.assert_frame_equal(one, other, rtol=1e-9)
        weights.add((by_loop / "generator.safetensors").read_bytes())
    assert len(weights) == len(WEIGHTS), "the weight makes a difference"
