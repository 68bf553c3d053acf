"""The notebooks in Google Colab: the badge, the first cell, and whole notebooks beside a stand-in ``google.colab``."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import types
from pathlib import Path

import jupytext
import papermill
import pytest

from scripts.write_notebooks import regenerate, with_written_cells
from srgan_lib.layout import STAGES
from srgan_report.interactive import colab
from tests.project import tiny_values

ROOT = Path(__file__).parents[2]
STAND_IN = """
from pathlib import Path

def mount(path):
    (Path(path) / "MyDrive").mkdir(parents=True, exist_ok=True)
"""


@pytest.fixture
def drive(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A stand-in for ``google.colab``; the folders at which Drive was mounted."""
    mounted: list[str] = []
    module = types.ModuleType("google.colab")
    module.drive = types.SimpleNamespace(mount=mounted.append)
    monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", module)
    return mounted


ADDRESS = "https://github.com/somebody/srgan-report"


@pytest.mark.parametrize("suffix", ["", "/", ".git"])
def test_the_address_is_that_of_pyproject(suffix: str, tmp_path: Path) -> None:
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text(f'[project]\nname = "x"\n[project.urls]\nRepository = "{ADDRESS}{suffix}"\n')
    assert colab.repository(pyproject) == ADDRESS
    pyproject.write_text('[project]\nname = "x"\n')
    assert colab.repository(pyproject) is None


@pytest.mark.parametrize("stage", STAGES)
def test_notebooks_have_colab_s_cells_where_there_is_an_address(stage: str) -> None:
    text = (ROOT / "notebooks/source" / f"{STAGES[stage].notebook}.py").read_text(encoding="utf-8")
    without, with_cells = (with_written_cells(text, stage, address) for address in (None, ADDRESS))
    assert "colab" not in without
    kinds = [cell.cell_type for cell in jupytext.reads(with_cells, fmt="py:percent").cells[:4]]
    assert kinds == ["markdown", "markdown", "code", "code"]  # title, badge, Colab's cell, parameters
    assert colab.badge(STAGES[stage].notebook, ADDRESS) in with_cells and colab.first_cell(ADDRESS) in with_cells
    assert with_written_cells(with_cells, stage, ADDRESS) == with_cells
    assert with_written_cells(with_cells, stage, None) == without


def test_the_badge_opens_this_notebook_of_this_version() -> None:
    badge = colab.badge("03_warmup", ADDRESS)
    assert "https://colab.research.google.com/github/somebody/srgan-report/blob/v" in badge
    assert badge.endswith("/notebooks/03_warmup.ipynb)")


def test_outside_colab_the_first_cell_does_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("something was started"))
    paths = list(sys.path)
    exec(colab.first_cell(ADDRESS), {})
    assert sys.path == paths and Path.cwd() == tmp_path and not list(tmp_path.iterdir())


def test_what_fits_is_held_at_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"torch": "2.8.0+cu126", "numpy": "1.26.4"}

    def version(name: str) -> str:
        if name not in there:
            raise colab.metadata.PackageNotFoundError(name)
        return there[name]

    monkeypatch.setattr(colab.metadata, "version", version)
    held, replaced = colab.sort_requirements(["torch>=2.6", "numpy>=2.0", "lpips>=0.1.4"])
    assert held == {"torch": "2.8.0+cu126"}
    assert replaced == ["numpy"]


def test_a_failing_installation_says_what_pip_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\ndependencies = ["no-such-thing"]\n'
        "[project.optional-dependencies]\nreport = []\n"
    )
    with pytest.raises(
        colab.InstallationFailed, match=r"(?s)pip could not install srgan-report: .*(no-such-thing|setuptools)"
    ):
        colab.install(tmp_path)


def test_results_move_to_drive_and_stay_there(drive: list[str], tmp_path: Path) -> None:
    results = tmp_path / "project" / "results"
    (results / "run").mkdir(parents=True)
    (results / "run" / "metrics.csv").write_text("figures")
    for _ in range(2):  # the cell may be run again
        kept = colab.keep_results(results)
        assert kept == tmp_path / "drive" / "MyDrive" / "srgan-report"
        assert results.resolve() == kept
        assert (kept / "run" / "metrics.csv").read_text() == "figures"
    assert drive == [str(tmp_path / "drive")] * 2


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A machine as Colab gives one: Python with all sorts of packages, ``google.colab``, and nothing of this project.

    Its own packages are those of this environment, so that the test needs no network. Beside it lies a repository
    with the working copy, tagged with its version.
    """
    folder = tmp_path_factory.mktemp("colab")
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    python = folder / "env/bin/python"
    scheme = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(scheme, check=True, capture_output=True, text=True).stdout.strip())
    for old in packages.glob("setuptools*"):  # venv's own is too old to build the project
        shutil.rmtree(old)
    (packages / "all_sorts.pth").write_text(sysconfig.get_path("purelib") + "\n")  # not its .pth files: not the project
    (packages / "google/colab").mkdir(parents=True)
    (packages / "google/colab/__init__.py").touch()
    (packages / "google/colab/drive.py").write_text(STAND_IN)
    kernel = {"argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"], "language": "python"}
    for name in ("python3", "colab"):
        (folder / "jupyter/kernels" / name).mkdir(parents=True)
        (folder / "jupyter/kernels" / name / "kernel.json").write_text(json.dumps({**kernel, "display_name": name}))

    files = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    )
    for name in filter(None, files.stdout.decode().split("\0")):
        if (ROOT / name).exists():
            (folder / "origin" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / "origin" / name)
    git = ["git", "-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]
    tag = colab.badge("", ADDRESS).split("/blob/")[1].split("/")[0]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"], ["tag", tag]):
        subprocess.run([*git, *command], cwd=folder / "origin", check=True)
    list(regenerate(folder / "origin/notebooks", ADDRESS))
    (folder / "content").mkdir()
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["data", "warmup", "adversarial"])  # all begin with the same cell
def test_a_notebook_runs_in_colab(stage: str, machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "SRGAN_RUNNER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SRGAN_REPOSITORY", str(machine / "origin"))
    monkeypatch.setenv("JUPYTER_PATH", str(machine / "jupyter"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_NO_BUILD_ISOLATION", "0")  # pip reads it as its option says: no isolation
    notebook = json.loads((machine / "origin/notebooks" / f"{STAGES[stage].notebook}.ipynb").read_text())
    for cell in notebook["cells"]:
        cell["source"] = [line.replace("drive = False", "drive = True") for line in cell["source"]]
    given, done = machine / "content" / "given.ipynb", machine / "content" / "done.ipynb"
    given.write_text(json.dumps(notebook))
    values = tiny_values(stage)
    papermill.execute_notebook(
        str(given), str(done), parameters=values, cwd=str(machine / "content"), kernel_name="colab", progress_bar=False
    )
    kept = machine / "content/drive/MyDrive/srgan-report/notebook" / stage
    assert (kept / "manifest.json").exists()
    assert os.path.realpath(machine / "content/srgan-report/results/notebook" / stage) == str(kept)
    outputs = [output for cell in json.loads(done.read_text())["cells"] for output in cell.get("outputs", [])]
    assert any("is ready, with torch" in "".join(o.get("data", {}).get("text/markdown", "")) for o in outputs)
