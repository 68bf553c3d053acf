"""Accidents while a run is computed: what was there stays, and only one process works on a run."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import psutil
import pytest
from click.testing import CliRunner

from srgan_lib.data.images import Photo, write_image
from srgan_lib.data.split import make_split
from srgan_lib.evaluation.methods import FolderError
from srgan_lib.models.files import save_model
from srgan_lib.models.generators import build_generator
from srgan_lib.params.section import ParameterError
from srgan_lib.params.shared import Shared
from srgan_report.cli import main
from srgan_report.pipeline.execution import RunInUse, execute, only_here
from srgan_report.pipeline.notebook_execution import StageFailed
from srgan_report.pipeline.planning import plan_run
from tests.project import execute_here, make_project, set_body, tiny_params, tiny_run

COLUMNS = ("split", "image", "sha256", "perceptual_hash")
SPLIT = '(stage.directory / "split.csv").write_text("split,image,sha256,perceptual_hash\\ntest,one,1,1\\n")'


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """Kernels take seconds to start, and the split of these notebooks has a few columns only."""
    monkeypatch.setenv("SRGAN_OFFLINE", "1")
    monkeypatch.setattr("papermill.execute_notebook", execute_here)


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """The folder of a project with a finished run, which tests copy before they change it."""
    root = make_project(tmp_path_factory.mktemp("faults") / "project", {"data": SPLIT})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("papermill.execute_notebook", execute_here)
        patched.setattr("srgan_lib.data.split.COLUMNS", COLUMNS)
        patched.chdir(root)
        run = tiny_run(root)
        execute(plan_run(run), run)
    return root


@pytest.fixture
def run(computed, tmp_path, monkeypatch):
    root = tmp_path / "project"
    shutil.copytree(computed, root)
    monkeypatch.chdir(root)
    monkeypatch.setattr("srgan_lib.data.split.COLUMNS", COLUMNS)
    return tiny_run(root)


def contents(run):
    return {path: path.read_bytes() for path in (run.directory / "evaluation").rglob("*") if path.is_file()}


def judging(run, **methods):
    evaluation = run.params.evaluation.model_copy(update={"methods": methods})
    return replace(run, params=run.params.model_copy(update={"evaluation": evaluation}))


def test_an_evaluation_that_fails_leaves_the_earlier_one(run):
    before = contents(run)
    set_body(run.root, "evaluation", '(stage.directory / "result.csv").write_text("half")\nraise OSError("a fault")')
    with pytest.raises(StageFailed) as error:
        execute(plan_run(run), run)
    assert error.value.path.exists()
    after = contents(run)
    del after[error.value.path]
    assert after == before


def test_an_evaluation_that_was_killed_leaves_the_earlier_one_to_the_next(run):
    before = contents(run)
    folder = run.directory / "evaluation"
    folder.rename(folder.with_name(".evaluation.earlier"))
    folder.mkdir()
    (folder / "half.csv").touch()
    set_body(run.root, "evaluation", 'raise OSError("a fault")')
    with pytest.raises(StageFailed) as error:
        execute(plan_run(run), run)
    after = contents(run)
    del after[error.value.path]
    assert after == before


def test_an_evaluation_that_succeeds_replaces_the_earlier_one(run):
    set_body(run.root, "evaluation", '(stage.directory / "new.csv").write_text("new")')
    execute(plan_run(run), run)
    assert {path.name for path in contents(run)} >= {"new.csv", "manifest.json"}
    assert not (run.directory / "evaluation" / "result.csv").exists()
    assert not (run.directory / ".evaluation.earlier").exists()


def test_other_methods_are_checked_before_an_evaluation_begins(run, tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs.safetensors").write_text("no weights")
    half = {"architecture": "srcnn", "layout": "9-1-5", "scale": 2}
    save_model(tmp_path / "x2.safetensors", build_generator(half), half)
    before = contents(run)
    for location, kind in (
        ("theirs", FolderError),
        ("theirs.safetensors", ParameterError),
        ("x2.safetensors", ParameterError),
    ):
        again = judging(run, theirs=str(tmp_path / location))
        with pytest.raises(kind) as error:
            execute(plan_run(again), again)
        assert error.value.path == tmp_path / location
        assert contents(run) == before


def test_a_network_that_no_package_here_reads_is_refused_while_planning(tmp_path, monkeypatch):
    (tmp_path / "theirs.pth").write_bytes(b"\x80\x02N.")  # a pickle
    monkeypatch.setattr("srgan_report.pipeline.resolve_auto.find_spec", lambda _: None)
    with pytest.raises(ParameterError, match=r"pip install 'srgan-report\[spandrel\]'") as refused:
        tiny_params(evaluation={"methods": {"Theirs": str(tmp_path / "theirs.pth")}})
    assert refused.value.parameter == "evaluation.methods.Theirs"


def test_two_commands_with_the_name_of_one_run(run):
    before = contents(run)
    with only_here(run):
        with pytest.raises(RunInUse) as error:
            with only_here(run):
                pass
        assert error.value.path == run.directory
        words = ("-p", "threads=1", "-p", "content_weight=0", "-p", "lpips_nets=[]", "-p", "seed=7")
        (run.root / "params/demo.yaml").touch()
        done = CliRunner().invoke(main, ["run", "--run", run.directory.name, *words])
    assert done.exit_code == 1 and "another process is working on this run" in done.output
    assert contents(run) == before
    with only_here(run):
        pass


def test_skipped_photographs_are_named_within_their_dataset(tmp_path, caplog):
    noise = np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), dtype=np.uint8)
    for index, pixels in enumerate(noise):
        write_image(tmp_path / f"train/{index}.png", pixels)
    write_image(tmp_path / "train/tiny.png", noise[0, :9, :9])
    (tmp_path / "train/broken.png").write_text("no image")
    photos = [Photo(path.stem, path) for path in sorted(tmp_path.glob("train/*.png"))]
    photos.append(Photo("other", tmp_path / "other.png"))
    write_image(tmp_path / "other.png", noise[1][::-1])
    make_split(photos, Shared(test_images=2), crop=16)
    assert "skipped train/tiny.png: " in caplog.text and "skipped train/broken.png: " in caplog.text
    assert str(tmp_path) not in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.0, 0.1, 0.3, 0.6, 1.2, 4.0])
def test_ctrl_c_while_a_kernel_starts_or_works(delay, tmp_path):
    root = make_project(tmp_path, {"data": "import time\ntime.sleep(600)"})
    (root / "params/demo.yaml").write_text(
        "shared: {threads: 1}\nwarmup: {content_weight: 0}\nadversarial: {content_weight: 0}\n"
        "evaluation: {lpips_nets: []}\n"
    )
    command = subprocess.Popen(
        [sys.executable, "-m", "srgan_report.cli", "run"],
        cwd=root,
        env={**os.environ, "SRGAN_OFFLINE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        while not (kernels := psutil.Process(command.pid).children()):
            assert command.poll() is None, command.communicate()[0]
            time.sleep(0.005)
        time.sleep(delay)
        command.send_signal(signal.SIGINT)
        output = command.communicate(timeout=120)[0]  # the cell alone would take ten minutes
    finally:
        command.kill()
    assert command.returncode == 130, output
    assert "Interrupted: " in output and "Traceback" not in output
    _, alive = psutil.wait_procs(kernels, timeout=30)
    assert not alive
