"""What a person who makes a mistake at the command line is told."""

import errno
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from skimage import data

from srgan_report.cli import main
from tests.project import make_project


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A throw-away project as the working folder, without a network."""
    root = make_project(tmp_path)
    (root / "params" / "demo.yaml").write_text(
        "shared: {threads: 1}\nwarmup: {content_weight: 0}\nadversarial: {content_weight: 0}\n"
        "evaluation: {lpips_nets: []}\n"
    )
    monkeypatch.chdir(root)
    monkeypatch.setenv("SRGAN_OFFLINE", "1")
    return root


def srgan(*words):
    return CliRunner().invoke(main, list(words))


def assert_refused(result, *words, code=2):
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    for word in words:
        assert word in result.output.replace("\n", " "), result.output


def photograph(path, side=96, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)).save(path)


@pytest.mark.parametrize(
    "command", ["run", "fetch", "report", "export-lr", "params", "upscale", "models", "evaluate", "verify"]
)
def test_every_command_has_help(command):
    result = srgan(command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_params_prints_the_schema():
    result = srgan("params", "adversarial_weight")
    assert "adversarial.adversarial_weight" in result.output
    assert "lambda_adv" in result.output


def test_a_device_that_is_not_there(project, monkeypatch):
    from srgan_report.pipeline import resolve_auto

    monkeypatch.setattr(resolve_auto, "cuda_capabilities", tuple)
    assert_refused(
        srgan("run", "-p", "device=cuda"), "shared.device", "'cuda' is not on this machine", "use cpu or auto"
    )


def test_imagenet_weights_that_cannot_be_had(project, monkeypatch):
    monkeypatch.setenv("SRGAN_WEIGHTS", str(project))
    monkeypatch.setenv("TORCH_HOME", str(project))
    words = ("-p", "warmup.content_weight=1", "-p", "content_weights=imagenet")
    assert_refused(
        srgan("run", *words),
        "warmup.content_weights",
        "SRGAN_OFFLINE",
        "SRGAN_WEIGHTS",
        "'random' or 'available'",
        code=1,
    )


@pytest.mark.parametrize("command", ["run", "train"])
def test_a_monitor_s_weights_that_cannot_be_had(command, project, monkeypatch):
    monkeypatch.setenv("SRGAN_WEIGHTS", str(project))
    monkeypatch.setenv("TORCH_HOME", str(project))
    assert_refused(
        srgan(command, "-p", "srcnn.monitor=lpips_squeeze"),
        "srcnn.monitor",
        "squeezenet1_1",
        "psnr_y or ssim_y",
        code=1,
    )
    assert not (project / "results").exists()


def test_a_published_source_that_nobody_knows(project):
    (project / "params" / "mine.yaml").write_text("published: {sources: [ledig]}\nevaluation: {lpips_nets: []}\n")
    assert_refused(srgan("run", "params/mine.yaml"), "published.sources", "no source is called ledig", "ledig2017")
    assert not (project / "results" / "mine" / "srcnn").exists(), "nothing was trained"


@pytest.mark.parametrize("model", [(), ("--model", "srresnet"), ("--model", "srcnn")])
def test_upscale_needs_no_checkpoint_and_no_download(project, model):
    photograph(project / "small.png", side=20)
    result = srgan("upscale", "small.png", "large.png", *model)
    assert "content_weights" not in result.output, "it trains nothing"
    assert result.exit_code == 0, result.output
    assert Image.open(project / "large.png").size == (80, 80)


def test_upscale_by_the_model_that_suits_the_image_unless_told_otherwise(project):
    (project / "in").mkdir()
    clean = Image.fromarray(data.astronaut()).resize((72, 72))
    clean.save(project / "in" / "clean.png")
    clean.save(project / "in" / "photo.jpg", quality=75)
    for name, told in {"photo.jpg": "photo (a JPEG of quality 75)", "clean.png": "srgan (no compression"}.items():
        assert f"{name}: enlarged by {told}" in srgan("upscale", f"in/{name}", f"{name[:-4]}-default.png").output
    for model in ("photo", "srgan"):
        result = srgan("upscale", "in/photo.jpg", f"{model}.png", "--model", model)
        assert result.exit_code == 0 and "enlarged by" not in result.output
    default, by_photo, by_srgan = (
        (project / f"{name}.png").read_bytes() for name in ("photo-default", "photo", "srgan")
    )
    assert default == by_photo != by_srgan
    assert srgan("upscale", "in", "out").exit_code == 0
    assert (project / "out" / "photo.png").read_bytes() == by_photo
    assert (project / "out" / "clean.png").read_bytes() == (project / "clean-default.png").read_bytes()


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_upscale_in_either_precision(project, precision):
    photograph(project / "small.png", side=20)
    srgan("upscale", "small.png", "exact.png", "--model", "srcnn", "--precision", "float32")
    assert srgan("upscale", "small.png", "out.png", "--model", "srcnn", "--precision", precision).exit_code == 0
    exact, found = (np.asarray(Image.open(project / name)).astype(int) for name in ("exact.png", "out.png"))
    assert abs(exact - found).max() <= (0 if precision == "float32" else 4)


def test_upscale_of_one_image_into_a_folder(project):
    photograph(project / "small.png", side=20)
    (project / "out").mkdir()
    result = srgan("upscale", "small.png", "out", "--model", "srcnn", "--format", "webp", "--jobs", "2")
    assert result.exit_code == 0, result.output
    assert Image.open(project / "out" / "small.webp").size == (80, 80)
    assert "20×20 pixels" in result.output.splitlines()[0]
    assert "--jobs has no effect" in result.output


def test_upscale_of_a_folder_in_which_images_fail(project):
    (project / "in" / "below").mkdir(parents=True)
    for name in ("bad.jpg", "below/drawing.svg"):
        (project / "in" / name).write_text("no image")
    failed = srgan("upscale", "in", "out", "--model", "srcnn")
    assert failed.exit_code == 1
    assert all(text in failed.output for text in ("1 image failed", "bad.jpg", "drawing.svg"))
    assert "Written" not in failed.output
    photograph(project / "in" / "below" / "good.png", side=20)
    result = srgan("upscale", "in", "out", "--model", "srcnn")
    assert result.exit_code == 1
    assert Image.open(project / "out" / "below" / "good.png").size == (80, 80)


def test_models_are_listed_with_their_figures():
    result = srgan("models")
    assert result.exit_code == 0, result.output
    for word in ("srcnn", "srresnet", "srgan", "psnr_y", "lpips_alex", "srgan_x4"):
        assert word in result.output


def test_a_full_disk_is_named_and_the_run_continues(project, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device", "01_data_exploration.ipynb")

    with monkeypatch.context() as patched:
        patched.setattr("papermill.execute_notebook", full)
        assert_refused(srgan("run"), "the disk is full", "01_data_exploration.ipynb", "free some space", code=1)
    assert not (project / "results" / "demo" / "data" / "manifest.json").exists()


def test_a_cell_that_finds_the_disk_full(project):
    make_project(project, {"data": 'raise OSError(28, "No space left on device", "split.csv")'})
    assert_refused(
        srgan("run"),
        "01_data_exploration, cell In [4]",
        "No space left on device: 'split.csv'",
        "free some space",
        "continues at this stage",
        code=1,
    )


def test_verify_works_in_the_project_of_the_run_wherever_it_is_started(tmp_path, monkeypatch):
    root = make_project(tmp_path / "project")
    (root / "results/demo").mkdir(parents=True)
    (root / "results/demo/manifest.json").write_text("{}")
    seen = []
    recorded = {"parameters": {}, "command": ""}
    monkeypatch.setattr("srgan_report.pipeline.run.needed_manifest", lambda *_: recorded)
    monkeypatch.setattr("srgan_report.pipeline.verify.verify_run", lambda run, _: seen.append((run.root, Path.cwd())))
    monkeypatch.chdir(tmp_path)
    for where in (root / "results/demo", Path("project/results/demo")):
        done = CliRunner().invoke(main, ["verify", str(where)])
        assert done.exit_code == 0, done.output
    assert seen == [(root, root)] * 2 and Path.cwd() == tmp_path
