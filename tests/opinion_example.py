"""A run folder with whole images, made in seconds without training, and a study of it.

Run as a script it writes one to look at: ``python -m tests.opinion_example FOLDER [pairs]``.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import numpy as np
from PIL import Image

from srgan_lib.evaluation.samples import WholeImages
from srgan_lib.opinion.make import make_study
from srgan_lib.opinion.study import Study
from srgan_lib.params import Params
from srgan_lib.params.evaluation import Opinion
from srgan_lib.params.shared import Shared
from tests.report_example import make_run, photographs, versions_of, write_scores

METHODS = ("nearest", "bicubic", "srcnn", "warmup", "srgan")


def add_whole_images(run_dir: Path, size: int = 256) -> Path:
    """Add what an evaluation keeps and a study needs: scores and whole images, here cut to ``size``."""
    images = WholeImages(run_dir / "evaluation/images")
    for name, hr in photographs().items():
        made = versions_of(hr)
        made["nearest"] = made["lr"].resize(hr.size, Image.Resampling.NEAREST)
        for method in (*METHODS, "hr"):
            images.write("builtin", name, method, np.asarray(made[method])[:size, :size])
    images.write_index()
    (run_dir / "evaluation/metrics.csv").write_bytes((run_dir / "metrics.csv").read_bytes())
    return run_dir


def make_light_run(folder: Path) -> Path:
    """Write the little of a run that a study needs; no notebooks and no report."""
    params = Params()
    (folder / "evaluation").mkdir(parents=True)
    write_scores(folder)
    sections = {name: getattr(params, name).model_dump() for name in ("shared", "evaluation")}
    manifest = {"title": params.title, "parameters": sections}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "evaluation/manifest.json").write_text(json.dumps({"fingerprint": "0" * 64}))
    return add_whole_images(folder, 64)


def make_example(run_dir: Path, replace: bool = False, **design: object) -> Study:
    """Make a study of a run; what takes long to measure, or lies outside the run, is left out."""
    quick = patch("srgan_lib.opinion.stimuli.COMPARED", ("psnr_y", "ssim_y"))
    with quick, patch("srgan_lib.opinion.make.examples", lambda *_: list(anchors())):
        return make_study(
            [run_dir], Shared(), Opinion.model_validate({"size": 64, "raters": 12, **design}), replace=replace
        )


def anchors() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The worst and the best version of one photograph."""
    hr = photographs()["coffee"].crop((0, 0, 96, 96))
    worst = hr.resize((24, 24), Image.Resampling.BICUBIC).resize(hr.size, Image.Resampling.NEAREST)
    yield np.asarray(worst), np.asarray(hr)


if __name__ == "__main__":
    make_example(add_whole_images(make_run(Path(sys.argv[1]))), size=256, kind=(sys.argv[2:] or ["rating"])[0])
