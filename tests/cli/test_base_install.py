"""The base installation, ``pip install srgan-report``, is enough for the commands on images."""

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement

from srgan_lib.data.images import read_image, write_image

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]

# Runs the command where no package of an extra, nor any other part of Jupyter, can be imported.
WITHOUT_EXTRAS = """
import sys

blocked = set(sys.argv.pop(1).split(","))


class Without:
    # A finder that does not find the blocked packages, as where they are not installed.
    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in blocked else self.finder.find_spec(name, path, target)


sys.meta_path[:] = map(Without, sys.meta_path)
sys.argv[0] = "srgan"
from srgan_report.cli import main

main()
"""


def modules_of_extras() -> set[str]:
    """Import names of the packages of all extras that the base does not have."""
    extras = PROJECT["optional-dependencies"]
    named = {
        Requirement(line).name
        for name in ("report", "onnx", "spandrel", "sweep", "lab", "train")
        for line in extras[name]
    }
    named |= {"distributed", "jupyter-core", "jupyter-client", "zmq"}
    named -= {"srgan-report", *(Requirement(line).name for line in PROJECT["dependencies"])}
    return {
        module
        for module, distributions in packages_distributions().items()
        if named & {name.lower() for name in distributions} and module not in {"jinja2"}  # torch needs jinja2
    }


def srgan(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_EXTRAS, ",".join(sorted(modules_of_extras())), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_block_covers_the_extras() -> None:
    assert {"papermill", "nbconvert", "IPython", "ipykernel", "bs4", "dask", "ipywidgets", "accelerate"} <= (
        modules_of_extras()
    )


@pytest.mark.parametrize("arguments", [("--help",), ("models",)], ids=" ".join)
def test_commands_that_compute_no_run_need_no_extra(arguments: tuple[str, ...]) -> None:
    done = srgan(*arguments)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_upscale_and_evaluate_need_no_extra(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (24, 20, 3), dtype=np.uint8)
    write_image(tmp_path / "lr" / "a.png", image)
    done = srgan("upscale", tmp_path / "lr" / "a.png", tmp_path / "sr" / "a.png", "--model", "srcnn")
    assert done.returncode == 0, done.stderr
    assert read_image(tmp_path / "sr" / "a.png").shape == (96, 80, 3)

    done = srgan("evaluate", "--hr", tmp_path / "sr", "--sr", tmp_path / "sr", "--csv", tmp_path / "scores.csv")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "scores.csv").read_text().startswith("dataset,image,method,")
