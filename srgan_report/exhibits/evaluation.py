"""Figures and tables of an evaluation, as notebook 5 shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from srgan_lib.evaluation.efficiency import SIDE
from srgan_lib.evaluation.samples import Sample
from srgan_lib.evaluation.statistics import FEWEST_FOR_TEST, smallest_p_value
from srgan_lib.evaluation.verdicts import PairedScores
from srgan_lib.methods import labels_of
from srgan_lib.params.evaluation import TRAINING, VALIDATION
from srgan_report.exhibits import findings_of_scores as findings
from srgan_report.exhibits import grids, tables
from srgan_report.exhibits import scores as figures
from srgan_report.exhibits.markup import Exhibit, caption, once
from srgan_report.exhibits.published import published

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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


def overviews(summary: pd.DataFrame, scores: Mapping[str, PairedScores]) -> Iterator[Exhibit]:
    """Show each test set's means; ``summary`` is ``metrics_summary.csv``, ``scores`` are by test set."""
    explained = once("The best is bold; by artefacts and spectra only networks are ranked.")
    for test_set, paired in scores.items():
        over = f" and the {paired.trainings} trainings of each network" if paired.trainings > 1 else ""
        means = f"Means are over the {paired.images} images of <code>{test_set}</code>{over}."
        found = caption(findings.best(paired), means, next(explained))
        yield _table(tables.overview(summary, test_set), f"results_{test_set}", found)


def details(summary: pd.DataFrame, scores: Mapping[str, PairedScores]) -> Iterator[Exhibit]:
    """Show each test set's spread, intervals and differences by the metrics that matter."""
    for test_set, paired in scores.items():
        over = "<em>over trainings</em>: the standard deviation of the means of a method's networks. "
        explained = once(
            "Spread: standard deviation, median and interquartile range of the images. <em>from bicubic</em>: the "
            "paired difference with its interval. <em>driven by</em>: the image without which the mean would change "
            f"most. {over * (paired.trainings > 1)}{_tests(paired.images)}"
        )
        for metric in paired.known(DETAILED):
            found = caption(findings.against_baseline(paired, metric), next(explained))
            yield _table(tables.detail(summary, test_set, metric), f"{metric}_{test_set}", found)


def certainty(summary: pd.DataFrame, metrics: pd.DataFrame, scores: Mapping[str, PairedScores]) -> Iterator[Exhibit]:
    """Show differences from bicubic and all images' scores; ``metrics`` is ``metrics.csv``."""
    first = once(
        "A line is the 95 % interval of the mean paired difference. Where it crosses zero and points lie on both "
        "sides, these images do not tell the method from bicubic; where all points lie on one side, they leave it open."
    )
    second = once("The box holds the middle half. Look for single images that are far from the others.")
    for test_set, paired in scores.items():
        own = " by the run's own training" if paired.trainings > 1 else ""
        points = f"Grey points are the {paired.images} images of <code>{test_set}</code>{own}."
        text = caption(findings.on_every_image(paired), points, next(first))
        yield Exhibit(figures.differences(summary, metrics, test_set), f"differences_{test_set}", text, SUMMARY)
        text = caption(findings.spreads(paired), next(second))
        yield Exhibit(figures.distributions(metrics, test_set), f"distributions_{test_set}", text, "metrics.csv")


def failures(metrics: pd.DataFrame, test_sets: Mapping[str, Sequence[Pair]]) -> Iterator[Exhibit]:
    """Show by each judge the image on which SRGAN does worst against bicubic, and what it holds."""
    explained = once(
        "What an image holds is told of its blocks of 16×16 pixels: a block is <em>flat</em> if the root mean square "
        "gradient of its luminance is below 4 levels a pixel; else it has <em>edges</em> if its gradients have one "
        "direction (coherence of at least 0.5), <em>text</em> if three quarters of its pixels are near its darkest or "
        "its brightest level, and else <em>texture</em>. Kinds below 10% are left out."
    )
    for test_set, pairs in test_sets.items():
        frame, found = findings.worst(metrics[metrics.dataset == test_set], {pair.image: pair.hr for pair in pairs})
        if found:
            yield Exhibit(frame, f"failures_{test_set}", caption(found, next(explained)), "metrics.csv")


def costs(table: pd.DataFrame) -> Iterator[Exhibit]:
    """Show what each network costs; ``table`` is ``efficiency.csv``."""
    if table.empty:
        return
    shown = pd.DataFrame(
        {
            "method": [*labels_of(table.method).values()],
            "parameters": table.parameters,
            "million multiply–adds per LR pixel": table.operations / 1e6,
            "ms per megapixel": table.milliseconds,
            "MiB per megapixel": table.mebibytes,
        }
    )
    explained = (
        f"Each network enlarges {SIDE}×{SIDE} LR pixels; megapixels are of the result. Operations are those of "
        "convolutions, memory is the most that tensors hold at once beside the weights, and the time is that of this "
        "machine while it computed this."
    )
    formats = dict(zip(shown.columns[1:], (",", ".2f", ",.0f", ".0f"), strict=True))
    text = caption(findings.costs(table), explained)
    yield Exhibit(shown, "efficiency", text, "efficiency.csv", {"formats": formats})


def comparison_grids(samples: Iterable[Sample]) -> Iterator[Exhibit]:
    """Show each image by LR, bicubic, SRGAN and HR."""
    for sample, explained in zip(samples, once("Look at texture and at thin lines."), strict=False):
        found = f"<code>{escape(sample.image)}</code>: {findings.one_image(sample.hr, sample.scores)}"
        name, text = f"grid_{sample.dataset}_{sample.image}", caption(found, explained)
        yield Exhibit(grids.grid(sample), name, text, options={"vector": False})


def patches(samples: Iterable[Sample], side: int) -> Iterator[Exhibit]:
    """Show ``side`` pixels a side of each image, pixel by pixel: the part in which the methods differ most."""
    explained = once(
        "It is the part in which these methods differ most (by the standard deviation of their luminance), each pixel "
        "shown as a square, with the scores of this part alone. Look for edges that are sharp in HR and soft in "
        "bicubic, and for patterns that HR does not have."
    )
    for sample in samples:
        place = grids.most_different(sample, side, grids.pictured(sample))
        yield _patch(sample, side, place, "patch", f"{side}×{side} pixels", next(explained))


def middles(samples: Iterable[Sample], side: int) -> Iterator[Exhibit]:
    """Show the middle of each image, ``side`` pixels a side, pixel by pixel."""
    for sample in samples:
        yield _patch(sample, side, (0.5, 0.5), "patch_middle", "the middle")


def _patch(sample: Sample, side: int, at: tuple[float, float], name: str, what: str, explained: str = "") -> Exhibit:
    part = grids.scored_part(sample, side, at)
    found = f"Nearest the original in {what} of <code>{escape(sample.image)}</code>: "
    text = caption(f"{found}{findings.nearest(part.scores, grids.LABELS)}.", explained)
    return Exhibit(grids.patches(part), f"{name}_{sample.dataset}_{sample.image}", text, options={"vector": False})


def spectra(powers: pd.DataFrame, test_sets: Iterable[str], scale: int) -> Iterator[Exhibit]:
    """Show each test set's mean spectra; ``powers`` is ``spectra.csv``."""
    explained = once(
        "Below, the distance from HR: a curve under the zero line lacks detail of that size (blur); one above it has "
        "detail that HR does not have (noise, ringing, blocks)."
    )
    for test_set in test_sets:
        table = powers[powers.dataset == test_set].pivot(index="frequency", columns="method", values="power")
        text = caption(findings.powers(table, scale), next(explained))
        yield Exhibit(figures.spectra(powers, test_set, scale), f"spectra_{test_set}", text, "spectra.csv")


def planes(summary: pd.DataFrame, test_sets: Iterable[str], scale: int, joined: Sequence[str]) -> Iterator[Exhibit]:
    """Show each test set's planes of PSNR and LPIPS or NIQE, where they were computed; a line joins some methods."""
    test_sets = list(test_sets)
    line = "The unbroken line joins the networks whose weights lie between the warm-up's and SRGAN's." if joined else ""
    hollow = len(published(scale=scale, metric="lpips_alex")) > 0
    beside = ", so that published results (hollow) can stand beside measured ones" * hollow
    explained = once(
        f"Both measures are relative to bicubic{beside}. To the right: more faithful; upwards: more like the original "
        f"to the eye. Both compare with the original, so a method can gain in both. {line}".rstrip()
    )
    for test_set in test_sets if "lpips_alex" in set(summary.metric) else ():
        table = figures.relative(summary[summary.dataset == test_set])
        text = caption(findings.plane(table, "lpips_alex"), next(explained))
        yield Exhibit(figures.plane(summary, test_set, scale, curve=joined), f"plane_{test_set}", text, SUMMARY)
    explained = once(
        "This is the perception–distortion plane: to the right more faithful, upwards closer to the statistics of "
        "undistorted photographs, which NIQE measures without the original. Beyond some point no method can gain in "
        "one without losing in the other (Blau and Michaeli, 2018). NIQE is unreliable for small images and for few of "
        "them."
    )
    for test_set in test_sets if "niqe" in set(summary.metric) else ():
        table = figures.by_method(summary[summary.dataset == test_set], "niqe")
        text = caption(findings.plane(table, "niqe"), next(explained))
        yield Exhibit(
            figures.naturalness_plane(summary, test_set, curve=joined), f"naturalness_{test_set}", text, SUMMARY
        )


def between(figure: Figure, tried: pd.DataFrame) -> Exhibit:
    """Show a detail by the networks between the warm-up's generator and SRGAN's; ``tried`` is ``between.csv``."""
    text = (
        f"{findings.between(tried)} It is the middle of <code>{escape(str(tried.image.iloc[0]))}</code>, with the "
        "scores of this detail. Look for the share at which texture begins to help, and for that at which it begins to "
        "be wrong."
    )
    return Exhibit(figure, "between", text, "between.csv", {"vector": False})


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


def _table(shown: dict[str, Any], name: str, text: str) -> Exhibit:
    return Exhibit(shown.pop("frame"), name, text, SUMMARY, shown)
