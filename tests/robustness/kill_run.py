"""Kill a real run at tiny size with SIGKILL at random moments of all stages, report and archive; it ends as one that
never stopped.

python -m tests.robustness.kill_run FOLDER [--kills 20] [--seed 0]
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from srgan_lib.files import sha256_file
from srgan_lib.layout import STAGES
from srgan_report.pipeline.manifests import read_manifest

from .changes import files_of

ROOT = Path(__file__).parents[2]
REPORT = "report and archive"
TIMED = (".ipynb", "manifest.json", "speed.json", "efficiency.csv", "report.html", ".pdf", ".zip")  #: hold times


def start(folder: Path, name: str) -> subprocess.Popen[bytes]:
    """Start ``srgan run`` with results of its own, without downloads."""
    words = ["params/demo.yaml", "--overlay", "params/overlays/tiny.yaml", "-p", "threads=1"]
    return subprocess.Popen(
        [sys.executable, "-m", "srgan_report.cli", "run", *words, "--run", name, "--results", str(folder / name)],
        cwd=ROOT,
        env={**os.environ, "SRGAN_OFFLINE": "1", "SRGAN_WEIGHTS": str(folder), "TORCH_HOME": str(folder)},
        stdout=subprocess.DEVNULL,
    )


def phase(run_dir: Path) -> str:
    """Name what is being made, or is to be made next."""
    unfinished = (stage for stage in STAGES if read_manifest(run_dir / stage) is None)
    return next(unfinished, REPORT)


def working(run_dir: Path) -> set[tuple[Path, int]]:
    """List the files, with their times, that a stage and the report write while they are being made."""
    files = [*run_dir.glob("*/.*.running.ipynb"), *run_dir.glob(".report.*")]
    return {(file, file.stat().st_mtime_ns) for file in files if file.exists()}


def kill_in(wanted: str, seconds: float, folder: Path) -> bool:
    """Start the run, wait until it makes a stage (or the report), or what comes after it, and kill it some time later.

    Returns
    -------
    bool
        False where it ended before.
    """
    run_dir = folder / "killed" / "killed"
    phases, before = [*STAGES, REPORT], working(run_dir)
    process = start(folder, "killed")
    while phases.index(phase(run_dir)) < phases.index(wanted) or working(run_dir) <= before:
        if process.poll() is not None:
            return False
        time.sleep(0.1)
    time.sleep(seconds)
    process.kill()
    return process.wait() < 0


def hashes(run_dir: Path) -> dict[str, str]:
    """Hash what must come out the same."""
    return {name: sha256_file(run_dir / name) for name in files_of(run_dir) if not name.endswith(TIMED)}


def main() -> None:
    """Run once as it is and once killed again and again; exit with 1 if a file differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng, folder = random.Random(asked.seed), asked.folder.resolve()
    whole, killed = folder / "whole" / "whole", folder / "killed" / "killed"
    assert start(folder, "whole").wait() == 0
    lasted = {stage: (read_manifest(whole / stage) or {})["seconds"] for stage in STAGES} | {REPORT: 5}
    for number in range(asked.kills):
        wanted = list(lasted)[number * len(lasted) // asked.kills]
        hit = kill_in(wanted, rng.uniform(0, lasted[wanted]), folder)
        print(f"{number + 1}: {'killed in' if hit else 'had finished'} {phase(killed)}", flush=True)
    assert start(folder, "killed").wait() == 0
    expected, found = hashes(whole), hashes(killed)
    different = [name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)]
    print(f"{len(expected)} files, different: {different or 'none'}")
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
