"""The optional packages that a command needs, checked before anything is computed."""

from __future__ import annotations

from importlib.util import find_spec

from srgan_lib.errors import PackageMissing

#: By extra, the modules of its packages without which its commands fail.
EXTRAS = {
    "report": ("bs4", "ipykernel", "matplotlib", "mistune", "nbconvert", "papermill", "pypandoc", "seaborn", "typst"),
    "onnx": ("onnx",),
    "spandrel": ("spandrel",),
    "sweep": ("dask", "distributed"),
}


def require_extra(extra: str) -> None:
    """Check that the packages of an extra are installed.

    Raises
    ------
    PackageMissing
        Naming those that are not, and the command that installs them.
    """
    missing = [module for module in EXTRAS[extra] if find_spec(module) is None]
    if missing:
        raise PackageMissing(f"{', '.join(missing)} not installed; run: pip install 'srgan-report[{extra}]'")
