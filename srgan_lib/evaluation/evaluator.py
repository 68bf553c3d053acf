"""The one place where results are judged: every method, every image, every metric, into one table and its files."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from srgan_lib.csv_files import write_csv
from srgan_lib.data.folders import image_files, image_name, tell_left_out, tell_pages
from srgan_lib.data.images import KINDS, ImageError, read_image
from srgan_lib.data.levels import ROUNDING_POWER
from srgan_lib.data.pairs import Pair
from srgan_lib.evaluation.methods import FolderError, Method, align, match_files
from srgan_lib.evaluation.samples import Sample, WholeImages, choose_images, typical_images, write_crops
from srgan_lib.evaluation.tables import as_text
from srgan_lib.files import write_atomic
from srgan_lib.formatting import printable, shortlist
from srgan_lib.metrics.measure import HEADLINE, METRICS, measure
from srgan_lib.metrics.spectra import radial_power
from srgan_lib.params.evaluation import Evaluation

logger = logging.getLogger(__name__)

#: The columns with which ``metrics.csv`` always begins.
FIRST_COLUMNS = ("dataset", "image", "method", *HEADLINE)
DEFAULT_METRICS = (*HEADLINE, "lpips_squeeze")
#: Measured whatever is asked for: what the other metrics do not see.
ALWAYS = ("grid_artefact", "flat_noise", "log_spectral_distance")


class Evaluator:
    """Measures images one by one and collects the rows of ``metrics.csv``.

    Of each image ``border`` pixels are shaved from each side; the field's convention is the scale. ``not_computed`` has
    by metric the reason why it is missing for some images or all.
    """

    def __init__(self, names: Iterable[str], border: int) -> None:
        self.names = sorted(names, key=list(METRICS).index)
        self.border = border
        self.not_computed: dict[str, str] = {}
        self._rows: list[dict[str, str | float]] = []

    def add(self, dataset: str, image: str, method: str, sr: np.ndarray, hr: np.ndarray, repeat: int = 0) -> None:
        """Measure one result (H×W×3 uint8) against its original; ``repeat`` is the training that made it, or 0."""
        scores = measure(sr, hr, self.border, self.names, on_unavailable=self._note)
        self._rows.append({"repeat": repeat, "dataset": dataset, "image": image, "method": method, **scores})

    def tables(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the rows so far, one per image and method, and those of further trainings with the column ``repeat``.

        Metrics that were not computed are NaN.
        """
        columns = dict.fromkeys(["repeat", *FIRST_COLUMNS, *self.names])
        frame = pd.DataFrame(self._rows).reindex(columns=list(columns))
        own = frame["repeat"] == 0
        return frame[own].drop(columns="repeat").reset_index(drop=True), frame[~own].reset_index(drop=True)

    def _note(self, name: str, reason: str) -> None:
        if name not in self.not_computed:
            self.not_computed[name] = reason
            logger.warning("%s not computed: %s", METRICS[name].label, reason)


@dataclass(frozen=True)
class EvaluationResult:
    """What :func:`evaluate` found."""

    metrics: pd.DataFrame  #: one row per image and method: ``metrics.csv``
    repeats: pd.DataFrame | None  #: the same of networks trained again, with the column ``repeat``: ``repeats.csv``
    spectra: pd.DataFrame  #: dataset, method (and ``hr``), frequency in cycles per pixel, mean power in dB
    samples: list[Sample]  #: of each test set from SRGAN's largest gain over bicubic to its smallest
    typical: list[Sample]  #: one image of each test set that is the same in every run, if not among the samples
    not_computed: dict[str, str]  #: by metric, the reason why it is missing


def evaluate(
    test_sets: Mapping[str, Sequence[Pair]],
    methods: Mapping[str, Method],
    *,
    scale: int,
    names: Iterable[str],
    samples: int = 5,
    images: WholeImages | None = None,
    repeats: Sequence[Mapping[str, Method]] = (),
    on_step: Callable[[int, int], None] | None = None,
) -> EvaluationResult:
    """Let every method enlarge every image of the test sets, and measure the results.

    A ``ValueError`` refuses a result that has not the size of its HR image, and a metric that is unknown.

    Parameters
    ----------
    test_sets : pairs by dataset.
    methods : by name, in the order of the table.
    scale : enlargement factor, and by the field's convention the border that is shaved.
    names : metrics, see :func:`metric_names`.
    samples : how many images to show.
    images : receives LR, every method's result and HR of all images; without it those to show are enlarged again.
    repeats : the networks of further trainings, by the names that they have among the methods; they are only measured.
    on_step : called with the results judged and the results in all.
    """
    evaluator = Evaluator(names, scale)
    powers: list[pd.DataFrame] = []
    pairs = {(dataset, pair.image): pair for dataset, members in test_sets.items() for pair in members}
    done, total = 0, len(pairs) * sum(map(len, (methods, *repeats)))
    for (dataset, image), pair in pairs.items():
        results = {}
        for repeat, trained in enumerate((methods, *repeats)):
            for method, enlarge in trained.items():
                result = enlarge(pair)
                evaluator.add(dataset, image, method, result, pair.hr, repeat)
                if repeat == 0:
                    results[method] = result
                done += 1
                if on_step:
                    on_step(done, total)
        if images:
            for method, made in {"lr": pair.given_lr, **results, "hr": pair.hr}.items():
                images.write(dataset, image, method, made)
        powers += [_power(dataset, method, result) for method, result in {**results, "hr": pair.hr}.items()]

    if images:
        images.write_index()
    metrics, further = evaluator.tables()

    def sample(dataset: str, image: str) -> Sample:
        # No image is held in memory: what a method made is read back, or made again.
        pair = pairs[dataset, image]
        results = {
            method: images.read(dataset, image, method) if images else enlarge(pair)
            for method, enlarge in methods.items()
        }
        rows = metrics[(metrics.dataset == dataset) & (metrics.image == image)].set_index("method")
        table = rows.drop(columns=["dataset", "image"]).to_dict("index")
        scores = {str(method): {str(name): score for name, score in row.items()} for method, row in table.items()}
        return Sample(dataset, image, pair.given_lr, pair.hr, results, scores)

    chosen = choose_images(metrics, samples)
    return EvaluationResult(
        metrics,
        further if len(further) else None,
        # The mean is of decibels, so that no bright image outweighs the others.
        pd.concat(powers).groupby(["dataset", "method", "frequency"], sort=False, as_index=False).mean(),
        [sample(*key) for key in chosen],
        [sample(*key) for key in typical_images(metrics) if key not in chosen],
        evaluator.not_computed,
    )


def write_results(result: EvaluationResult, summary: pd.DataFrame, directory: Path) -> None:
    """Write the scores (``metrics*.csv``, ``repeats.csv``, ``metrics.txt``), ``spectra.csv`` and the viewer's crops.

    What is written comes from :func:`evaluate` and :func:`~srgan_lib.evaluation.statistics.summarise`; ``directory`` is
    the evaluation stage's folder.
    """
    write_csv(directory / "metrics.csv", result.metrics)
    if result.repeats is not None:
        write_csv(directory / "repeats.csv", result.repeats)
    write_csv(directory / "metrics_summary.csv", summary)
    write_atomic(directory / "metrics.txt", as_text(summary))
    write_csv(directory / "spectra.csv", result.spectra)
    write_crops(result.samples + result.typical, directory / "viewer")


def evaluate_folders(
    hr: Path,
    sr: Path,
    border: int,
    *,
    names: Sequence[str] = DEFAULT_METRICS,
    on_progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Measure a folder of results against the true images; an image that cannot be measured is named and skipped.

    The table is as ``metrics.csv``: dataset (the name of ``hr``), image, method (the name of ``sr``), metrics. A
    :class:`FolderError` refuses an HR image without an SR file or with several, sizes that differ by ``border`` or
    more, and folders of which no image can be measured.

    Parameters
    ----------
    hr, sr : folders. Files pair by name; the SR name may have something appended (``baby_SRGAN``, ``babyx4``).
    border : pixels shaved from each side; the field's convention is the scale.
    names : metrics, see :data:`srgan_lib.metrics.measure.METRICS`.
    on_progress : called with the images done and the images in all.
    """
    hr, sr = Path(hr), Path(sr)
    own, results = image_files(hr), image_files(sr)
    tell_left_out(hr, own)
    tell_left_out(sr, results)
    originals = {image_name(file): file for file in own}
    if not originals:
        raise FolderError.at(hr, f"no images in this folder; {KINDS} are read")
    if double := sorted({file.name for file in own} - {file.name for file in originals.values()}):
        raise FolderError.at(hr, f"another image has the name of {shortlist(double)}; keep one of them")
    files = match_files(list(originals), sr)
    if spare := sorted({file.name for file in results} - {file.name for file in files.values()}):
        logger.warning("%s: not judged, since %s has no image of that name: %s", sr, hr, shortlist(spare))
    evaluator, judged = Evaluator(names, border), []
    for done, (image, original) in enumerate(originals.items(), start=1):
        try:
            true, result = read_image(original), read_image(files[image])
            evaluator.add(printable(hr.name), image, printable(sr.name), *align(result, true, files[image], border))
            judged += [original, files[image]]
        except ImageError as error:
            logger.warning("skipped %s: %s", error.path or original, error.reason)
        if on_progress:
            on_progress(done, len(originals))
    tell_pages(judged)
    if not judged:
        raise FolderError.at(hr, "none of its images can be measured; see the warnings above")
    return evaluator.tables()[0]


def metric_names(evaluation: Evaluation) -> list[str]:
    """List the metrics that the evaluation's parameters ask for."""
    judges = [f"lpips_{net}" for net in evaluation.lpips_nets]
    return list(dict.fromkeys(["psnr_y", "ssim_y", *judges, *evaluation.extra_metrics, *ALWAYS]))


def _power(dataset: str, method: str, image: np.ndarray) -> pd.DataFrame:
    frequency, power = radial_power(image)
    return pd.DataFrame(
        {"dataset": dataset, "method": method, "frequency": frequency, "power": 10 * np.log10(power + ROUNDING_POWER)}
    )
