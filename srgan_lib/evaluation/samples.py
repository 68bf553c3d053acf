"""The images that are shown and kept: chosen by rank, never by taste, held with every method's result, and written.

A method's folder of whole images can be given to another run as ``evaluation.methods``, or to any program that measures
images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from srgan_lib.data.images import read_image, write_image
from srgan_lib.data.pairs import Item, evenly_spaced
from srgan_lib.files import write_json
from srgan_lib.methods import BASELINE, OURS
from srgan_lib.metrics.measure import METRICS

INDEX = "index.json"  #: of a folder of images: lists the files by dataset, image and method


@dataclass(frozen=True)
class Sample:
    """One test image with what every method made of it."""

    dataset: str
    image: str
    lr: np.ndarray  #: h×w×3 uint8
    hr: np.ndarray  #: H×W×3 uint8
    results: dict[str, np.ndarray]  #: H×W×3 uint8 by method
    scores: dict[str, dict[str, float]]  #: by method, each metric's value for the whole image

    @property
    def scale(self) -> int:
        """HR pixels per LR pixel."""
        return self.hr.shape[0] // self.lr.shape[0]

    def part(self, side: int, at: tuple[float, float] = (0.5, 0.5)) -> Sample:
        """Cut a part of all images, at most ``side`` HR pixels each way, on whole LR pixels; the scores stay.

        It lies at ``at``, down and across: 0 is the upper or left end, 1 the other.
        """
        sides = [min(size, max(1, side // self.scale)) for size in self.lr.shape[:2]]
        starts = [int((size - part) * share) for size, part, share in zip(self.lr.shape, sides, at, strict=False)]

        of_lr, of_hr = (
            tuple(slice(step * start, step * (start + part)) for start, part in zip(starts, sides, strict=True))
            for step in (1, self.scale)
        )
        results = {method: image[of_hr] for method, image in self.results.items()}
        return replace(self, lr=self.lr[of_lr], hr=self.hr[of_hr], results=results)


def choose_images(metrics: pd.DataFrame, count: int) -> list[tuple[str, str]]:
    """Choose images that show the whole range of what our method gains: the best, the worst and others evenly between.

    The gain is that over the baseline in LPIPS(alex), or in PSNR-Y where LPIPS was not computed. Without one of the two
    methods, images are taken evenly from the table, which is as ``metrics.csv``. Returned are ``count`` pairs of
    dataset and image, or all there are: dataset by dataset, from the largest gain to the smallest. Several datasets
    share them equally, the first of them what is left over.
    """
    name = "lpips_alex" if metrics.lpips_alex.notna().any() else "psnr_y"
    ranked = []
    for dataset in metrics.dataset.unique():
        scores = metrics[metrics.dataset == dataset].set_index("image")
        images = scores.index.unique()
        if {OURS, BASELINE} <= set(scores.method):
            gain = scores[name][scores.method == OURS] - scores[name][scores.method == BASELINE]
            images = gain.sort_values(ascending=not METRICS[name].higher_is_better, kind="stable").index
        ranked.append([(dataset, image) for image in images])
    return _shared_by_all(ranked, count)


def thin_out(samples: Sequence[Sample], count: int) -> list[Sample]:
    """Keep ``count`` of the samples, chosen as by :func:`choose_images`, in their order."""
    by_dataset: dict[str, list[Sample]] = {}
    for sample in samples:
        by_dataset.setdefault(sample.dataset, []).append(sample)
    return _shared_by_all(list(by_dataset.values()), count)


def _shared_by_all(groups: Sequence[Sequence[Item]], count: int) -> list[Item]:
    """Choose ``count`` items, equally many of each group (or one more of the first), evenly from first to last."""
    chosen = []
    for number, group in enumerate(groups):
        share = count // len(groups) + (number < count % len(groups))
        chosen += evenly_spaced(group, share)
    return chosen


def typical_images(metrics: pd.DataFrame) -> list[tuple[str, str]]:
    """Choose of each dataset the image with the median PSNR-Y of the baseline: neither easy nor hard.

    The baseline is the same in every run, so this image is, too, and runs can be compared by it. Returned are pairs of
    dataset and image; none where the baseline was not judged.
    """
    rows = metrics[metrics.method == BASELINE]
    return [
        (str(name), group.sort_values("psnr_y", kind="stable").image.iloc[len(group) // 2])
        for name, group in rows.groupby("dataset", sort=False)
    ]


def write_crops(samples: Sequence[Sample], folder: Path, side: int = 192) -> None:
    """Write the middle of each sample, of LR, every method and HR, as PNG files listed in ``index.json``.

    The crops have ``side`` HR pixels a side. Files of an earlier call stay unless they have the same name.
    """
    entries = []
    for number, sample in enumerate(samples):
        crop = sample.part(side)
        shown = {"lr": crop.lr, **crop.results, "hr": crop.hr}
        files = {method: f"{number:02d}_{method}.png" for method in shown}
        for method, image in shown.items():
            write_image(folder / files[method], image)
        entries.append((sample.dataset, sample.image, files))
    _write_index(folder, entries)


class WholeImages:
    """A folder of whole images, ``<method>/<dataset>/<image>.png``; LR and HR are the methods ``lr`` and ``hr``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[tuple[str, str], dict[str, str]] = {}

    def write(self, dataset: str, image: str, method: str, pixels: np.ndarray) -> None:
        """Write one image, H×W×3 uint8, without loss."""
        file = f"{method}/{dataset}/{image}.png"
        write_image(self.folder / file, pixels)
        self._files.setdefault((dataset, image), {})[method] = file

    def read(self, dataset: str, image: str, method: str) -> np.ndarray:
        """Read back one image that was written."""
        return read_image(self.folder / self._files[dataset, image][method])

    def write_index(self) -> None:
        """Write ``index.json``: for each image its dataset, its name and its files by method, HR last."""
        _write_index(self.folder, [(*key, files) for key, files in self._files.items()])


def _write_index(folder: Path, entries: Sequence[tuple[str, str, Mapping[str, str]]]) -> None:
    index = [{"dataset": dataset, "image": image, "methods": files} for dataset, image, files in entries]
    write_json(folder / INDEX, index)
