"""A tiny sweep from its file to its report, and papermill's own way, a loop over a notebook, which gives the same."""

import json
from pathlib import Path

import pandas as pd
import papermill
import pytest
import yaml
from bs4 import BeautifulSoup
from click.testing import CliRunner

from srgan_lib.layout import DEMO, STAGES
from srgan_report.cli import main
from tests.project import execute_here, tiny_values

ROOT = Path(__file__).parents[2]
WEIGHTS = [1e-3, 0.5]
QUIET = {"warmup": {"content_weight": 0}, "adversarial": {"content_weight": 0}, "evaluation": {"lpips_nets": []}}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """The folder of a sweep of two settings: the real notebooks at tiny size, without kernels."""
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "quiet.yaml").write_text(yaml.safe_dump({"shared": {"threads": 1}, **QUIET}))
    definition = {"base": str(ROOT / DEMO), "grid": {"adversarial.adversarial_weight": WEIGHTS}}
    (folder / "weights.yaml").write_text(yaml.safe_dump(definition))
    words = ["--overlay", "params/overlays/tiny.yaml", "--overlay", str(folder / "quiet.yaml")]
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(ROOT)
        patched.setenv("SRGAN_OFFLINE", "1")
        patched.setattr("papermill.execute_notebook", execute_here)
        command = ["sweep", str(folder / "weights.yaml"), "--jobs", "1", *words, "--results", str(folder / "results")]
        done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    return folder / "results" / "sweeps" / "weights"


def test_a_tiny_sweep_from_its_file_to_its_report(sweep):
    runs = pd.read_csv(sweep / "runs.csv")
    assert list(runs.state) == ["finished"] * 4, "two runs, each on its test and its validation images"
    for row in runs.itertuples():
        scores = pd.read_csv(sweep / row.run / "metrics.csv").query(f"method == 'srgan' and dataset == '{row.dataset}'")
        assert row.psnr_y == pytest.approx(scores.psnr_y.mean())
    report = (sweep / "report.html").read_text(encoding="utf-8")
    summary = json.loads((sweep / "comparison" / "summary.json").read_text())
    assert summary["winner"]["metric"] == "psnr_y", "LPIPS was not computed"
    assert summary["finding"] in BeautifulSoup(report, "html.parser").select_one(".finding").get_text()
    assert (sweep / "report.pdf").read_bytes().startswith(b"%PDF")


def test_a_loop_of_papermill_gives_the_same_figures_as_the_sweep(sweep, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("SRGAN_OFFLINE", "1")
    runs = pd.read_csv(sweep / "runs.csv").drop_duplicates("run")
    by_sweep = {
        weight: sweep / name / "adversarial"
        for name, weight in zip(runs.run, runs["adversarial.adversarial_weight"], strict=True)
    }
    assert list(by_sweep) == WEIGHTS

    def execute(stage, **parameters):
        values = {**tiny_values(stage), **QUIET.get(stage, {}), "run_dir": str(tmp_path / "loop"), **parameters}
        notebook = f"notebooks/{STAGES[stage].notebook}.ipynb"
        papermill.execute_notebook(notebook, tmp_path / "out.ipynb", values, cwd=ROOT, progress_bar=False)
        return tmp_path / "loop" / stage

    execute("data")
    execute("warmup")
    weights = set()
    for weight, folder in by_sweep.items():
        by_loop = execute("adversarial", adversarial_weight=weight)
        for name in ("generator.safetensors", "loss_curve.csv"):
            assert (by_loop / name).read_bytes() == (folder / name).read_bytes(), (weight, name)
        # NumPy may add up in another order: papermill alone does not fix the threads of its BLAS.
        one, other = (pd.read_csv(place / "validation.csv") for place in (by_loop, folder))
        pd.testing.assert_frame_equal(one, other, rtol=1e-9)
        weights.add((by_loop / "generator.safetensors").read_bytes())
    assert len(weights) == len(WEIGHTS), "the weight makes a difference"
