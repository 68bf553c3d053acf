"""Figures and tables of an evaluation, as notebook 5 shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from srgan_lib.evaluation import tables
from srgan_lib.evaluation.samples import Sample, most_different
from srgan_lib.evaluation.statistics import FEWEST_FOR_TEST, smallest_p_value
from srgan_lib.metrics.measure import METRICS
from srgan_lib.params.evaluation import TRAINING, VALIDATION
from srgan_report.exhibits import grids
from srgan_report.exhibits import scores as figures
from srgan_report.exhibits.markup import Exhibit

if TYPE_CHECKING:
    from srgan_lib.data.pairs import Pair

HEADLINE = ("psnr_y", "lpips_alex")  #: what a manifest says of each network of the run
DETAILED = ("psnr_y", "ssim_y", "vif_y", "lpips_alex")  #: metrics with a table of their own
SUMMARY = "metrics_summary.csv"


def headline(summary: pd.DataFrame, networks: Iterable[str]) -> dict[str, float]:
    """Give the networks' means on the first test set that judges, for the manifest: by ``<method>_<metric>``.

    Scores on training and validation images, which the networks have seen or been chosen by, are no part of them.
    """
    judging = summary[~summary.dataset.isin([TRAINING, VALIDATION])]
    rows = (judging if len(judging) else summary).pipe(lambda table: table[table.dataset == table.dataset.iloc[0]])
    means = rows.set_index(["method", "metric"])["mean"].to_dict()
    keys = [(method, metric) for method in networks for metric in HEADLINE]
    return {f"{method}_{metric}": means[method, metric] for method, metric in keys if (method, metric) in means}


def overviews(summary: pd.DataFrame, test_sets: Mapping[str, Sequence[Pair]]) -> Iterator[Exhibit]:
    """Show each test set's means; ``summary`` is ``metrics_summary.csv``."""
    trainings = int(summary.trainings.max())
    over = f" and the {trainings} trainings of each network" if trainings > 1 else ""
    for test_set, pairs in test_sets.items():
        caption = f"Means over the {len(pairs)} images of <code>{test_set}</code>{over}; the best of this run in bold."
        yield _table(tables.overview(summary, test_set), f"results_{test_set}", caption)


def details(summary: pd.DataFrame, test_sets: Mapping[str, Sequence[Pair]]) -> Iterator[Exhibit]:
    """Show each test set's spread, intervals and differences by the metrics that matter."""
    over = ""
    if summary.trainings.max() > 1:
        over = "<em>over trainings</em> is the standard deviation of the means of a method's networks. "
    for test_set, pairs in test_sets.items():
        for metric in (name for name in DETAILED if name in set(summary.metric)):
            yield _table(
                tables.detail(summary, test_set, metric),
                f"{metric}_{test_set}",
                f"{METRICS[metric].label} on <code>{test_set}</code>: mean, spread (standard deviation, median, "
                "interquartile range), 95 % interval of the mean, paired difference from bicubic with its interval, "
                "and on how many images the method is better; <em>driven by</em> names the image without which the "
                f"mean would change most. {over}{_tests(len(pairs))}",
            )


def certainty(summary: pd.DataFrame, metrics: pd.DataFrame, test_sets: Iterable[str]) -> Iterator[Exhibit]:
    """Show differences from bicubic and all images' scores; ``metrics`` is ``metrics.csv``."""
    own = " by the run's own training" if summary.trainings.max() > 1 else ""
    for test_set in test_sets:
        yield Exhibit(
            figures.differences(summary, metrics, test_set),
            f"differences_{test_set}",
            f"Paired difference from bicubic on <code>{test_set}</code>: mean with its 95 % interval, and every "
            f"image{own} as a grey point. Where an interval crosses the zero line and points lie on both sides, these "
            f"images do not tell the method from bicubic; where all points lie on one side, they leave it open.",
            SUMMARY,
        )
        yield Exhibit(
            figures.distributions(metrics, test_set),
            f"distributions_{test_set}",
            "Every image as a point, by method; the box holds the middle half. Look for single images that are far "
            "from the others: they move the mean.",
            "metrics.csv",
        )


def comparison_grids(samples: Iterable[Sample]) -> Iterator[Exhibit]:
    """Show each image by LR, bicubic, SRGAN and HR."""
    for sample in samples:
        yield Exhibit(
            grids.grid(sample),
            f"grid_{sample.dataset}_{sample.image}",
            f"<code>{escape(sample.image)}</code>: LR as it is, bicubic, SRGAN, and HR. Look at texture and at thin "
            "lines.",
            options={"vector": False},
        )


def patches(samples: Iterable[Sample], side: int) -> Iterator[Exhibit]:
    """Show ``side`` pixels a side of each image, pixel by pixel: the part in which the methods differ most."""
    for sample in samples:
        yield Exhibit(
            grids.patches(sample, side, most_different(sample, side, grids.pictured(sample))),
            f"patch_{sample.dataset}_{sample.image}",
            f"The {side}×{side} pixels of <code>{escape(sample.image)}</code> in which these methods differ most (by "
            "the standard deviation of their luminance), each pixel shown as a square, with the scores of this part "
            "alone. Look for edges that are sharp in HR and soft in bicubic, and for patterns that HR does not have.",
            options={"vector": False},
        )


def middles(samples: Iterable[Sample], side: int) -> Iterator[Exhibit]:
    """Show the middle of each image, ``side`` pixels a side, pixel by pixel."""
    for sample in samples:
        yield Exhibit(
            grids.patches(sample, side),
            f"patch_middle_{sample.dataset}_{sample.image}",
            f"The middle {side}×{side} pixels of <code>{escape(sample.image)}</code>, "
            "with the scores of this part alone.",
            options={"vector": False},
        )


def spectra(powers: pd.DataFrame, test_sets: Iterable[str], scale: int) -> Iterator[Exhibit]:
    """Show each test set's mean spectra; ``powers`` is ``spectra.csv``."""
    for test_set in test_sets:
        yield Exhibit(
            figures.spectra(powers, test_set, scale),
            f"spectra_{test_set}",
            "Radially averaged power spectrum of each method and of HR, and below it the distance from HR. A curve "
            "under the zero line lacks detail of that size (blur); one above it has detail that HR does not have "
            "(noise, ringing, blocks). Look at the shaded half: nothing there was in the LR image.",
            "spectra.csv",
        )


def planes(summary: pd.DataFrame, test_sets: Iterable[str], scale: int, joined: Sequence[str]) -> Iterator[Exhibit]:
    """Show each test set's planes of PSNR and LPIPS or NIQE, where they were computed; a line joins some methods."""
    test_sets = list(test_sets)
    for test_set in test_sets if "lpips_alex" in set(summary.metric) else ():
        yield Exhibit(
            figures.plane(summary, test_set, scale, curve=joined),
            f"plane_{test_set}",
            "LPIPS and PSNR, relative to bicubic so that published results can stand beside measured ones. To the "
            "right: more faithful; upwards: more like the original to the eye. Both compare with the original, so a "
            "method can gain in both. Look at which way adversarial training moves the generator. A line joins the "
            "networks whose weights lie between the warm-up's and SRGAN's, where the run has any.",
            SUMMARY,
        )
    for test_set in test_sets if "niqe" in set(summary.metric) else ():
        yield Exhibit(
            figures.naturalness_plane(summary, test_set, curve=joined),
            f"naturalness_{test_set}",
            "The perception–distortion plane: NIQE, which does not see the original, and PSNR. To the right: more "
            "faithful; upwards: closer to the statistics of undistorted photographs. Beyond some point no method can "
            "gain in one without losing in the other (Blau and Michaeli, 2018). NIQE is unreliable for small images "
            "and for few of them.",
            SUMMARY,
        )


def _tests(images: int) -> str:
    """Say what the tests of so many images can and cannot show."""
    effect = (
        "<em>effect</em> is the rank-biserial correlation: 1 where every image is above bicubic, −1 where every image "
        "is below it, 0 where they balance; it says how consistent a difference is, not how large."
    )
    if images < FEWEST_FOR_TEST:
        return f"With {images} images no rank test can reach p &lt; 0.05, so none is shown; {effect}"
    return (
        "<em>p (Holm)</em> is of Wilcoxon's signed-rank test, corrected for the number of methods: how often "
        f"differences as consistent as these would arise by chance. With {images} images it cannot be below "
        f"{smallest_p_value(images):.2g} for one method, whatever the size of the difference. {effect}"
    )


def _table(shown: dict[str, Any], name: str, caption: str) -> Exhibit:
    return Exhibit(shown.pop("frame"), name, caption, SUMMARY, shown)
