"""The whole pipeline at tiny size, with a recipe: notebooks, report and archive, as `make report` makes them."""

import itertools
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from srgan_lib.data.images import read_image, write_image
from srgan_lib.data.sources import BUILTIN, find_photos
from srgan_lib.files import Snapshot
from srgan_lib.layout import STAGES
from srgan_report.cli.options import read_run
from srgan_report.pipeline.planning import plan_run
from srgan_report.report.build import run_content
from srgan_report.report.load_run import read_run as read_finished
from srgan_report.report.paper import paper_pages, write_source
from tests.report.layout import layout
from tests.robustness.changes import KINDS, assert_noticed, damaged, files_of

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow
METHODS = ["nearest", "bilinear", "lanczos", "bicubic", "srcnn", "warmup", "srgan"]


def srgan(results, *words):
    """Run the command itself, in another process, without a network and without weights beyond the packages'."""
    environment = {
        **os.environ,
        "SRGAN_OFFLINE": "1",
        "SRGAN_WEIGHTS": str(results / "none"),
        "TORCH_HOME": str(results / "none"),
    }
    command = [
        sys.executable,
        "-m",
        "srgan_report.cli",
        "run",
        "params/two_stage_div2k.yaml",
        "--overlay",
        "params/overlays/quick.yaml",
        "--overlay",
        "params/overlays/tiny.yaml",
        "--results",
        str(results),
        *words,
    ]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run on a folder with small parts of photographs, one of which is damaged."""
    folder = tmp_path_factory.mktemp("photos")
    for photo in find_photos("builtin", scale=4):
        if photo.image in ("astronaut", "camera", "chelsea", "coffee", "motorcycle_left"):
            write_image(folder / f"{photo.image}.png", read_image(photo.path)[60:260, 100:340])
    whole = (folder / "coffee.png").read_bytes()
    (folder / "damaged.png").write_bytes(whole[: len(whole) // 3])
    results = tmp_path_factory.mktemp("results")
    words = [
        "--run",
        "tiny",
        "-p",
        "dataset=folder",
        "-p",
        f"image_folder={folder}",
        "-p",
        "test_images=2",
        "-p",
        "threads=1",
    ]
    done = srgan(results, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return results, words, done.stdout


def test_everything_promised_is_there(run):
    results, _, _ = run
    run_dir = results / "tiny"
    for name in (
        "report.html",
        "report.pdf",
        "report_appendix.pdf",
        "metrics.csv",
        "metrics_summary.csv",
        "manifest.json",
        "srgan_results.zip",
    ):
        assert (run_dir / name).stat().st_size > 500, name
    for stage in STAGES:
        assert list((run_dir / stage).glob("0*.ipynb"))
        assert list((run_dir / stage / "figures").glob("*.png"))
    for weights in ("srcnn/srcnn", "warmup/generator", "adversarial/generator", "adversarial/discriminator"):
        assert (run_dir / f"{weights}.safetensors").exists()


def test_metrics_have_one_row_per_image_and_method_and_the_fixed_columns_first(run):
    metrics = pd.read_csv(run[0] / "tiny" / "metrics.csv")
    assert list(metrics.columns[:6]) == ["dataset", "image", "method", "psnr_y", "ssim_y", "lpips_alex"]
    assert list(metrics.method.unique()) == METHODS
    assert len(metrics) == 2 * len(METHODS)
    assert metrics.psnr_y.between(3, 60).all()  # three steps from nothing leave a network nearly black
    assert metrics.lpips_alex.isna().all(), "no backbone, no figure"


def test_the_source_s_figures_stand_beside_the_measured_ones(run):
    run_dir = run[0] / "tiny"
    report = (run_dir / "report.html").read_text(encoding="utf-8")
    for table in ("published_1", "published_relative", "published_curves"):
        assert f"tab-{table}" in report
    relative = pd.read_csv(run_dir / "evaluation" / "published_relative.csv").set_index("metric")
    summary = pd.read_csv(run_dir / "metrics_summary.csv").set_index(["method", "metric"])
    assert relative.published["psnr"] == pytest.approx(17.15 - 26.16)
    assert relative.measured["psnr"] == pytest.approx(summary.difference["srgan", "psnr_rgb"])
    curves = pd.read_csv(run_dir / "evaluation" / "published_curves.csv").set_index("quantity")
    loss = pd.read_csv(run_dir / "adversarial" / "loss_curve.csv")
    assert curves.measured["adversarial"] == pytest.approx(loss.adversarial.mean())


def test_the_run_s_top_has_the_final_generator_and_the_metrics_as_text(run):
    run_dir = run[0] / "tiny"
    final = (run_dir / "srgan_final.safetensors").read_bytes()
    assert final == (run_dir / "adversarial" / "generator.safetensors").read_bytes()
    assert "SRGAN" in (run_dir / "metrics.txt").read_text(encoding="utf-8")


def test_the_archive_holds_what_a_reader_needs(run):
    run_dir = run[0] / "tiny"
    with zipfile.ZipFile(run_dir / "srgan_results.zip") as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
    for name in (
        "report.html",
        "report.pdf",
        "report_appendix.pdf",
        "metrics.csv",
        "manifest.json",
        "srgan_final.safetensors",
        "left_out.txt",
        "evaluation/05_evaluation.ipynb",
        "warmup/loss_curve.csv",
    ):
        assert f"tiny/{name}" in names
    assert "tiny/adversarial/discriminator.safetensors" not in names


def test_the_printed_report_is_short_and_its_figures_stand_beside_their_text(run, tmp_path):
    content = run_content(read_finished(run[0] / "tiny"))
    found = layout(write_source(paper_pages(content)["report.pdf"], content.images, tmp_path))
    assert len(found.full) <= 16 and min(found.full[:-1]) > 0.5
    assert len(found.distances) > 12 and set(found.distances.values()) <= {-1, 0, 1}
    evidence = [page for name, page in found.figures.items() if not name.startswith("tab-")]
    assert found.headings["evaluation-conclusion"] >= max(evidence), "after its evidence"


def test_the_damaged_image_is_named_and_skipped_and_the_report_repeats_it(run):
    run_dir = run[0] / "tiny"
    assert any(
        "damaged.png" in warning for warning in json.loads((run_dir / "data" / "manifest.json").read_text())["warnings"]
    )
    assert "damaged.png" in (run_dir / "report.html").read_text(encoding="utf-8")


def test_what_was_not_computed_is_said(run):
    report = (run[0] / "tiny" / "report.html").read_text(encoding="utf-8")
    assert "not computed" in report
    assert "SRGAN_WEIGHTS" in report


def test_the_same_again_computes_nothing_and_says_why(run, monkeypatch):
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    results, words, _ = run
    before = (results / "tiny" / "report.html").read_bytes()
    again = srgan(results, *words)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("skipped") == len(STAGES)
    assert again.stdout.count("nothing it depends on has changed since") == len(STAGES)
    assert "up to date" in again.stdout
    imported = {line.rpartition("|")[2].strip() for line in again.stderr.splitlines()}
    assert "srgan_report.pipeline.assemble" in imported
    assert not imported & {"torch", "nbformat", "nbconvert", "scipy", "pandas", "matplotlib"}, "they take seconds"
    assert (results / "tiny" / "report.html").read_bytes() == before


def test_nothing_is_written_outside_the_run_s_folder(run):
    assert {path.name for path in run[0].iterdir()} <= {"tiny", ".locks", "none"}


def test_verify_proves_that_the_run_repeats(run):
    done = subprocess.run(
        [sys.executable, "-m", "srgan_report.cli", "verify", str(run[0] / "tiny")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "SRGAN_OFFLINE": "1", "SRGAN_WEIGHTS": "none", "TORCH_HOME": "none"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "byte for byte the same" in done.stdout


@pytest.fixture
def described(run, monkeypatch):
    """The run as the command describes it to the functions that the commands call."""
    results, words, _ = run
    for name in ("SRGAN_WEIGHTS", "TORCH_HOME"):
        monkeypatch.setenv(name, str(results / "none"))
    monkeypatch.setenv("SRGAN_OFFLINE", "1")
    monkeypatch.chdir(ROOT)
    overlays = tuple(ROOT / "params/overlays" / f"{name}.yaml" for name in ("quick", "tiny"))
    overrides = tuple(word for word in words if "=" in word)
    return read_run(ROOT / "params/two_stage_div2k.yaml", "tiny", overrides, overlays, False, results)


def test_every_file_that_is_damaged_is_noticed_and_named(described, monkeypatch):
    """Each file of the run in one of the ways, in turn; the throw-away project of ``test_integrity`` tries all."""
    snapshot, names = Snapshot(), files_of(described.directory)
    assert len(names) > 100
    for name, kind in zip(names, itertools.cycle(KINDS)):
        with damaged(described.directory, name, kind):
            assert_noticed(described, name, snapshot, monkeypatch)
    assert [plan.action for plan in plan_run(described)] == ["skip"] * len(STAGES)


def test_damaged_curves_and_scores_come_out_the_same_again(run, described):
    """The training resumes from its last checkpoint, and the evaluation judges again."""
    results, words, _ = run
    timed = (".ipynb", "manifest.json", "speed.json", "efficiency.csv", "report.html", ".pdf", ".zip")
    names = [name for name in files_of(described.directory) if not name.endswith(timed)]
    before = {name: (described.directory / name).read_bytes() for name in names}
    for name in ("adversarial/loss_curve.csv", "evaluation/metrics.csv", "metrics.txt"):
        KINDS["truncated"](described.directory / name)
    done = srgan(results, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("nothing it depends on has changed since") == 3
    for text in ("loss_curve.csv is not as it was written", "metrics.csv is not as it was written", "metrics.txt"):
        assert text in done.stdout
    assert [name for name in names if (described.directory / name).read_bytes() != before[name]] == []


def test_builtin_photographs_are_split_as_promised():
    test = {name for name, (_, _, split) in BUILTIN.items() if split == "test"}
    assert test == {"astronaut", "chelsea", "coffee", "rocket", "grace_hopper"}
    photos = {photo.image: photo for photo in find_photos("builtin", scale=4)}
    assert photos["motorcycle_left"].group == photos["motorcycle_right"].group
    assert photos["motorcycle_left"].split == photos["motorcycle_right"].split
