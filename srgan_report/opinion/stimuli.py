"""The images of a study: crops of a run's test images by every method, and examples that calibrate raters."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

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
        return _middle(read_image(self.files[image][method]), side, self.scale)


def _middle(pixels: np.ndarray, side: int, step: int = 1) -> np.ndarray:
    sides = [min(length, side - side % step) for length in pixels.shape[:2]]
    starts = [(length - part) // 2 // step * step for length, part in zip(pixels.shape, sides, strict=False)]
    rows, columns = (slice(start, start + part) for start, part in zip(starts, sides, strict=True))
    return np.ascontiguousarray(pixels[rows, columns])


def find_images(run_dirs: Sequence[Path], scale: int) -> TestImages:
    """Find the whole test images of runs: those that all have with the same original.

    Methods of the second run and those after it are called ``method@run``, and left out where they are the first's,
    byte for byte. An :class:`OpinionError` says if a run has no whole images, or the runs none in common.
    """
    first, *others = (_index(run_dir) for run_dir in run_dirs)
    files = {image: dict(made) for image, made in first.items()}
    for run_dir, images in zip(run_dirs[1:], others, strict=True):
        same = {key: made for key, made in images.items() if key in files and _equal(made, files[key], ORIGINAL)}
        files = {key: made for key, made in files.items() if key in same}
        for method in next(iter(same.values()), {}):
            if not all(_equal(made, first[key], method) for key, made in same.items()):
                for key, made in same.items():
                    files[key][f"{method}@{run_dir.name}"] = made[method]
    if not files:
        names = ", ".join(run_dir.name for run_dir in run_dirs)
        raise OpinionError(f"{names}: no test image in common; a study compares methods on the same images")
    return TestImages(files, scale)


def _index(run_dir: Path) -> dict[tuple[str, str], dict[str, Path]]:
    folder = run_dir / "evaluation" / "images"
    if not (folder / INDEX).exists():
        raise OpinionError.at(folder, "no whole images; compute the evaluation again (srgan run … --from evaluation)")
    entries: Any = load_json(folder / INDEX)
    return {
        (entry["dataset"], entry["image"]): {method: folder / file for method, file in entry["methods"].items()}
        for entry in entries
    }


def _equal(one: Mapping[str, Path], other: Mapping[str, Path], method: str) -> bool:
    return method in one and method in other and one[method].read_bytes() == other[method].read_bytes()


def choose(images: TestImages, design: Opinion, metrics: pd.DataFrame) -> tuple[list[str], list[tuple[str, str]]]:
    """Choose methods and images of a study as its design says.

    Images are chosen by rank of what SRGAN gains in the first run's ``metrics.csv``, from best to worst. An
    :class:`OpinionError` says if the runs do not have a method, or fewer than two are left.
    """
    there = [method for method in images.methods if method != "lr"]
    if unknown := [method for method in design.methods if method not in there]:
        raise OpinionError(f"no whole images by {', '.join(unknown)}; there are {', '.join(there)}")
    hidden = NOT_PICTURED | {ORIGINAL} if design.kind == "pairs" else NOT_PICTURED - {FLOOR}
    ordinary = [method for method in there if method not in hidden and not method.endswith("_ensemble")]
    methods = [method for method in there if method in design.methods] or ordinary
    if design.kind == "pairs" and design.question == "original" and ORIGINAL in methods:
        raise OpinionError("the original cannot be compared with itself; leave hr out of the methods")
    if len(methods) < 2:
        raise OpinionError(f"a study compares methods, and only {methods[0]} is left; name two or more")
    chosen = [key for key in choose_images(metrics, design.images) if key in images.files]
    return methods, chosen or list(images.files)[: design.images]


def measure_crops(
    images: TestImages, chosen: Sequence[tuple[str, str]], methods: Sequence[str], side: int, on_step: Step
) -> pd.DataFrame:
    """Measure what raters see, by the metrics :data:`COMPARED`; columns dataset, image, method and metrics."""
    rows = []
    judged = [method for method in methods if method != ORIGINAL]
    for key in chosen:
        original = images.crop(key, ORIGINAL, side)
        for method in judged:
            scores = _measured(images.crop(key, method, side), original, images.scale)
            rows.append({"dataset": key[0], "image": key[1], "method": method, **scores})
            on_step(len(rows), len(chosen) * len(judged))
    return pd.DataFrame(rows)


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
    return [(_middle(enlarge(pair.given_lr, FLOOR, shared.scale), side), _middle(pair.hr, side)) for pair in pairs]
