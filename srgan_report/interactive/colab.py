"""The notebooks in Google Colab: the badge and the first code cell of each, and what that cell does there.

The cell runs before anything of this project is on the machine. It clones the repository at this very version and
calls :func:`prepare`; this module therefore imports nothing but what every Python has,
``packaging`` and :mod:`srgan_lib.errors`.

The repository's address is ``[project.urls] Repository`` in ``pyproject.toml``; while there is none, the notebooks have
neither badge nor cell.
"""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
import tempfile
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

from srgan_lib.errors import SrganError

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"

_CELL = """\
# In Google Colab this cell fetches the project at an exact version, installs what is missing (Colab's own torch stays
# where it fits) and can keep the results on Google Drive. Anywhere else it does nothing.
import importlib.util
import os
import subprocess
import sys

keep_results_on_drive = False  # @param {{type: "boolean"}}

if importlib.util.find_spec("google") and importlib.util.find_spec("google.colab"):
    if not os.path.isdir("srgan_lib"):
        if not os.path.isdir("srgan-report"):
            address = os.environ.get("SRGAN_REPOSITORY", "{address}")
            clone = ["git", "clone", "--quiet", "--depth=1", "--branch={tag}", address, "srgan-report"]
            subprocess.run(clone, check=True)
        os.chdir("srgan-report")
    sys.path.insert(0, os.getcwd())
    from srgan_report.interactive.colab import prepare

    prepare(keep_results_on_drive)"""


def repository(pyproject: Path = PYPROJECT) -> str | None:
    """Read the address at which this project is published, or none."""
    urls = _project(pyproject).get("urls", {})
    return urls["Repository"].removesuffix(".git").rstrip("/") if "Repository" in urls else None


def badge(notebook: str, address: str) -> str:
    """Write the badge that opens a notebook (its name without ending) of a repository in Colab, as markdown."""
    path = f"{address.removeprefix('https://')}/blob/{_tag()}/notebooks/{notebook}.ipynb"
    target = f"https://colab.research.google.com/{path.replace('github.com', 'github', 1)}"
    return f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({target})"


def first_cell(address: str) -> str:
    """Write the first code cell of every notebook, which clones the repository at ``address``."""
    return _CELL.format(address=address, tag=_tag())


def prepare(keep_on_drive: bool = False) -> None:
    """Make this Colab machine ready: install the project in the working folder.

    ``results/`` becomes, if wanted, a folder of one's Google Drive, which outlives the machine.
    """
    from IPython.display import Markdown, display

    root = Path.cwd()
    replaced = install(root)
    words = [f"srgan-report {_tag()} is ready, with torch {metadata.version('torch')}."]
    if keep_on_drive:
        words.append(f"Results are kept in `{keep_results(root / 'results')}`.")
    else:
        words.append("Results are lost when this machine is; set `keep_results_on_drive` to keep them.")
    if replaced:
        words.append(f"**Restart the session and run this cell again**: {', '.join(replaced)} had to be replaced.")
    display(Markdown(" ".join(words)))


class InstallationFailed(SrganError):
    """pip could not install the project; the message ends with what pip said."""


def install(root: Path) -> list[str]:
    """Install the project with what it lacks; packages that fit are held at their versions, torch among them.

    Return the names of the packages that were there but did not fit, and were replaced.
    """
    project = _project(root / "pyproject.toml")
    held, replaced = sort_requirements(project["dependencies"] + project["optional-dependencies"]["report"])
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder, "constraints.txt")
        constraints.write_text("\n".join(f"{name}=={version}" for name, version in held.items()))
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        command += ["--constraint", str(constraints), f"{root}[report]"]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise InstallationFailed(f"pip could not install srgan-report: {done.stderr.strip()[-2000:]}")
    importlib.invalidate_caches()
    return replaced


def sort_requirements(needed: list[str]) -> tuple[dict[str, str], list[str]]:
    """Sort requirements into those that are met, with their version, and those installed in one that does not fit."""
    from packaging.requirements import Requirement

    held, unfit = {}, []
    for requirement in map(Requirement, needed):
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            continue
        if requirement.specifier.contains(version, prereleases=True):
            held[requirement.name] = version
        else:
            unfit.append(requirement.name)
    return held, unfit


def keep_results(results: Path) -> Path:
    """Mount Google Drive, which asks for consent, link ``results`` to a folder on it, and return that folder.

    Existing results move along.
    """
    from google.colab import drive  # pyright: ignore[reportMissingImports]  # only Colab has it

    mount = results.parent.parent / "drive"
    drive.mount(str(mount))
    kept = mount / "MyDrive" / "srgan-report"
    kept.mkdir(parents=True, exist_ok=True)
    if not results.is_symlink():
        shutil.copytree(results, kept, dirs_exist_ok=True)
        shutil.rmtree(results)
        results.symlink_to(kept, target_is_directory=True)
    return kept


def _tag() -> str:
    """Name the tag of this version in the repository."""
    return f"v{_project()['version']}"


def _project(pyproject: Path = PYPROJECT) -> dict[str, Any]:
    return tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
