"""What the runner costs: ``srgan run`` when nothing is to be computed, and a notebook around its training."""

from __future__ import annotations

import atexit
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.race import Race
from srgan_lib.layout import project_root


def races() -> list[Race]:
    """A second run, in which every stage is skipped, against starting Python and importing torch."""
    return [
        Race(
            "runner",
            "srgan run with every stage up to date",
            {
                "srgan run": second_run,
                "import torch": import_torch,
            },
            "overhead",
            1,
            "params/demo.yaml with overlays/tiny.yaml",
        )
    ]


def second_run() -> Callable[[], object]:
    """Computes a tiny run once; the work is the same command again."""
    results = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, results, ignore_errors=True)
    command = [sys.executable, "-m", "srgan_report.cli", "run", "params/demo.yaml", "--run", "bench"]
    command += ["--overlay", "params/overlays/tiny.yaml", "--results", str(results)]
    work = lambda: subprocess.run(command, cwd=project_root(), check=True, capture_output=True)  # noqa: E731
    try:
        work()
    except subprocess.CalledProcessError as error:
        raise RuntimeError(error.stderr.decode()[-500:]) from None
    return work


def import_torch() -> Callable[[], object]:
    """A fresh interpreter that imports torch and ends."""
    return lambda: subprocess.run([sys.executable, "-c", "import torch"], check=True)
