"""The images of a study: crops of a run's test images by every method, and examples that calibrate raters."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from srgan_lib.data.images import DatasetError, ImageError, read_image
from srgan_lib.data.pairs import load_pairs, training_photos
from srgan_lib.data.split import read_split
from srgan_lib.evaluation.methods import enlarge
from srgan_lib.evaluation.samples import INDEX, choose_images
from srgan_lib.files import load_json
from srgan_lib.methods import NOT_PICTURED
from srgan_lib.metrics.measure import measure
from srgan_lib.params.evaluation import Opinion
from srgan_lib.params.shared import Shared
from srgan_report.opinion.study import ORIGINAL, OpinionError

#: What people's votes are compared with, measured on the crops that they saw.
COMPARED = ("psnr_y", "ssim_y", "lpips_alex", "niqe", "grid_artefact")
EXAMPLES = 2  #: photographs that show what the ends of the scale mean
FLOOR = "nearest"  #: shown with HR although pictures leave it out: the lower end of the scale

Step = Callable[[int, int], None]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TestImages:
    """The whole images of one or several runs: files by dataset and image, then by method."""

    files: Mapping[tuple[str, str], Mapping[str, Path]]
    scale: int

    @property
    def methods(self) -> list[str]:
        """Methods of which there is every image, HR last."""
        common = [one for one in next(iter(self.files.values())) if all(one in made for made in self.files.values())]
        return sorted(common, key=lambda method: method == ORIGINAL)

    def crop(self, image: tuple[str, str], method: str, side: int) -> np.ndarray:
        """Cut the middle out of an image, at most ``side`` pixels each way, on whole LR pixels."""
        pixels = read_image(self.files[image][method])
        sides = [min(length, side - side % self.scale) for length in pixels.shape[:2]]
        starts = [
            (length - part) // 2 // self.scale * self.scale for length, part in zip(pixels.shape, sides, strict=False)
        ]
        rows, columns = (slice(start, start + part) for start, part in zip(starts, sides, strict=True))
        return np.ascontiguousarray(pixels[rows, columns])


def find_images(run_dirs: Sequence[Path], scale: int) -> TestImages:
    """Find the whole test images of runs.

    Methods of the second run and those after it are called ``method@run``, and left out where they are the first's,
    byte for byte. Images are those that all runs have with the same original.

    Raises
    ------
    OpinionError
        If a run has no whole images, or the runs have no image in common.
    """
    found = {run_dir: _index(run_dir) for run_dir in run_dirs}
    first = found[run_dirs[0]]
    files = {image: dict(made) for image, made in first.items()}
    for run_dir, images in list(found.items())[1:]:
        same = {key: made for key, made in images.items() if key in files and _equal(made, files[key], ORIGINAL)}
        files = {key: made for key, made in files.items() if key in same}
        methods = list(next(iter(same.values()), {}))
        for method in methods:
            if all(_equal(made, first[key], method) for key, made in same.items()):
                continue
            for key, made in same.items():
                files[key][f"{method}@{run_dir.name}"] = made[method]
    if not files:
        names = ", ".join(run_dir.name for run_dir in run_dirs)
        raise OpinionError(f"{names}: no test image in common; a study compares methods on the same images")
    return TestImages(files, scale)


def choose(images: TestImages, design: Opinion, metrics: pd.DataFrame) -> tuple[list[str], list[tuple[str, str]]]:
    """Choose methods and images of a study as its design says.

    Parameters
    ----------
    metrics : the first run's ``metrics.csv``; images are chosen by rank of what SRGAN gains, from best to worst.

    Raises
    ------
    OpinionError
        For a method that the runs do not have, and fewer than two.
    """
    there = [method for method in images.methods if method != "lr"]
    if unknown := [method for method in design.methods if method not in there]:
        raise OpinionError(f"no whole images by {', '.join(unknown)}; there are {', '.join(there)}")
    ordinary = [method for method in there if method not in NOT_PICTURED - {FLOOR} and not method.endswith("_ensemble")]
    if design.kind == "pairs":
        ordinary = [method for method in ordinary if method not in (ORIGINAL, FLOOR)]
    methods = [method for method in there if method in design.methods] or ordinary
    if design.kind == "pairs" and design.question == "original" and ORIGINAL in methods:
        raise OpinionError("the original cannot be compared with itself; leave hr out of the methods")
    if len(methods) < 2:
        raise OpinionError(f"a study compares methods, and only {methods[0]} is left; name two or more")
    chosen = [key for key in choose_images(metrics, design.images) if key in images.files]
    return methods, chosen or list(images.files)[: design.images]


def measure_crops(
    images: TestImages,
    chosen: Sequence[tuple[str, str]],
    methods: Sequence[str],
    side: int,
    on_step: Step | None = None,
) -> pd.DataFrame:
    """Measure what raters see, by the metrics :data:`COMPARED`; columns dataset, image, method and metrics."""
    rows = []
    judged = [method for method in methods if method != ORIGINAL]
    for number, key in enumerate(chosen):
        original = images.crop(key, ORIGINAL, side)
        for place, method in enumerate(judged):
            scores = _measured(images.crop(key, method, side), original, images.scale)
            rows.append({"dataset": key[0], "image": key[1], "method": method, **scores})
            if on_step:
                on_step(number * len(judged) + place + 1, len(chosen) * len(judged))
    return pd.DataFrame(rows)


def examples(run_dir: Path, shared: Shared, side: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Take examples from the validation photographs, which no study shows: the worst (nearest) and the best (HR).

    The raters of Ledig et al. (2017, section 3.4) were calibrated on the same two versions of training images.
    """
    try:
        split = read_split(run_dir / "data" / "split.csv")
        pairs = load_pairs(split, training_photos(shared), shared, "validation")[:EXAMPLES]
    except (DatasetError, OSError) as error:
        logger.warning("Raters get no examples: %s", error)
        return []
    cuts = []
    for pair in pairs:
        worst = enlarge(pair.given_lr, FLOOR, shared.scale)
        rows, columns = (
            slice((length - part) // 2, (length - part) // 2 + part)
            for length, part in ((length, min(length, side)) for length in pair.hr.shape[:2])
        )
        cuts.append((worst[rows, columns], pair.hr[rows, columns]))
    return cuts


def encode(pixels: np.ndarray) -> bytes:
    """Encode H×W×3 uint8 as lossless WebP, about two thirds of PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", lossless=True, quality=60, method=4, exact=True)
    return buffer.getvalue()


def _index(run_dir: Path) -> dict[tuple[str, str], dict[str, Path]]:
    folder = run_dir / "evaluation" / "images"
    if not (folder / INDEX).exists():
        raise OpinionError(
            f"{folder}: no whole images; compute the evaluation again (srgan run … --from evaluation)", path=folder
        )
    entries: Any = load_json(folder / INDEX)
    return {
        (entry["dataset"], entry["image"]): {method: folder / file for method, file in entry["methods"].items()}
        for entry in entries
    }


def _equal(one: Mapping[str, Path], other: Mapping[str, Path], method: str) -> bool:
    return method in one and method in other and one[method].read_bytes() == other[method].read_bytes()


def _measured(sr: np.ndarray, hr: np.ndarray, scale: int) -> dict[str, float]:
    """Measure one crop; a metric that cannot be computed here, or not of so small a crop, is NaN."""
    scores = {}
    for name in COMPARED:
        try:
            scores |= measure(
                sr, hr, scale, [name], on_unavailable=lambda metric, why: logger.info("%s: %s", metric, why)
            )
        except ImageError:
            scores[name] = np.nan
    return scores
