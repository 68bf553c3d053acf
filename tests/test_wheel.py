"""The wheel alone, in an environment outside any clone: every kind of command works there."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

from srgan_lib.data.images import read_image, write_image

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with nothing but an environment in ``env``, whose only package of its own is the wheel."""
    folder = tmp_path_factory.mktemp("elsewhere")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)], check=True
    )
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "env")], check=True)
    python = folder / "env/bin/python"
    subprocess.run([*pip, "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)], check=True)
    # The packages that it needs are those of this environment; its link to the clone is not followed from here.
    (site,) = (folder / "env/lib").glob("python*/site-packages")
    (site / "needed.pth").write_text(sysconfig.get_path("purelib"))
    return folder


@pytest.fixture(scope="module")
def call(folder):
    """Run a program of the environment in the folder, without what leads to the clone; its end is returned."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment["JUPYTER_PATH"] = str(Path(sys.prefix, "share/jupyter"))  # nbconvert's templates lie beside its package

    def run(program, *words, cwd=folder):
        command = [str(folder / "env/bin" / program), *words]
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)

    return run


@pytest.fixture(scope="module")
def srgan(call):
    """Run the wheel's command, which is to succeed, and return what it printed."""

    def run(*words):
        done = call("srgan", *words)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    return run


@pytest.fixture(scope="module")
def run(folder, srgan):
    """The folder of a run at the smallest size."""
    srgan("run", "params/demo.yaml", "--overlay", "params/overlays/tiny.yaml", "--run", "tiny")
    return folder / "results/tiny"


def test_the_code_is_the_wheel_s(folder, call):
    for package in ("srgan_lib", "srgan_report"):
        found = call("python", "-c", f"import {package}; print({package}.__file__)").stdout
        assert found.startswith(str(folder / "env"))


def test_a_run_makes_its_report_where_the_command_was_given(run):
    assert (run / "report.html").stat().st_size > 100_000 and (run / "report.pdf").exists()
    assert "psnr_y" in (run / "metrics.csv").read_text()


def test_people_can_be_asked(run, srgan):
    srgan("opinion", "make", "tiny")
    assert (run / "opinion.html").exists()


def test_a_sweep_is_planned(srgan):
    assert "seed" in srgan("sweep", "params/sweeps/seeds.yaml", "--overlay", "params/overlays/tiny.yaml", "--dry-run")


def test_a_photograph_is_enlarged(folder, srgan):
    write_image(folder / "small.png", np.random.default_rng(0).integers(0, 255, (20, 24, 3), np.uint8))
    srgan("upscale", "small.png", "large.png")
    assert read_image(folder / "large.png").shape == (80, 96, 3)


def test_init_writes_what_the_commands_then_take(folder, call, srgan):
    own = folder / "own"
    own.mkdir()
    srgan("init", "own")
    demo = own / "params/demo.yaml"
    demo.write_text(demo.read_text().replace("steps: 500", "steps: many"))
    refused = call("srgan", "run", "--dry-run", cwd=own)
    assert refused.returncode == 2 and "many" in refused.stderr
    again = call("srgan", "init", cwd=own)
    assert again.returncode == 2 and "notebooks" in again.stderr
    assert (own / "notebooks/03_warmup.ipynb").exists()
