"""The two packages stay thin: what is added makes room for itself."""

import statistics
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def sizes(package):
    """The lines of each file of a package."""
    return [len(file.read_text(encoding="utf-8").splitlines()) for file in (ROOT / package).rglob("*.py")]


def test_neither_package_grows():
    science, machinery = sizes("srgan_lib"), sizes("srgan_report")
    assert sum(science) <= 9_500 and len(science) <= 80
    assert sum(science + machinery) <= 25_980 and len(science + machinery) <= 187


def test_files_are_neither_fragments_nor_long():
    lines = sizes("srgan_lib") + sizes("srgan_report")
    assert max(lines) <= 350
    assert 120 <= statistics.median(lines) <= 220
