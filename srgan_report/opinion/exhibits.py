"""Figures, tables and sentences of a study, as the report and notebooks show them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from srgan_lib.methods import OURS, method_styles
from srgan_lib.metrics.measure import METRICS
from srgan_report.exhibits.markup import Exhibit
from srgan_report.exhibits.published import COUNTERPARTS, published
from srgan_report.exhibits.scores import PUBLISHED_ON
from srgan_report.opinion import figures
from srgan_report.opinion.analysis import Analysis

SOURCE = "ledig2017"  #: whose mean opinion scores are published
QUESTIONS = {"photograph": "which looks more like a photograph", "original": "which is closer to the original"}


def published_mos(datasets: list[str], scale: int) -> tuple[pd.DataFrame, str]:
    """Read published mean opinion scores under this project's names of methods, and the set that they are of.

    Parameters
    ----------
    datasets : of the study; the first that the source has is taken, else :data:`PUBLISHED_ON`.
    """
    known = published(source=SOURCE, metric="mos", scale=scale)
    where = next((name for name in datasets if name in set(known.dataset)), PUBLISHED_ON)
    there = known[known.dataset == where]
    return there.assign(method=there.method.replace(COUNTERPARTS)), where


def findings(results: Analysis) -> list[str]:
    """Say in sentences who was asked what, and what came of it."""
    summary, labels = results.summary, _labels(results)
    asked = (
        "gave each image 1 (bad) to 5 (excellent)"
        if results.rating
        else f"said of pairs {QUESTIONS[summary['question']]}"
    )
    raters, images = summary["raters"], summary["images"]
    text = [
        f"{_count(raters, 'person', 'people')} {asked}: {summary['votes']} votes on {_count(images, 'image')} by "
        f"{len(results.scores)} methods, shown without their names in an order of each rater's own."
    ]
    out = results.raters[results.raters.left_out_because.notna()]
    if len(out):
        text[0] += f" {_count(len(out), 'rater')} did not count: " + "; ".join(
            f"number {row.rater} ({row.left_out_because})" for row in out.itertuples()
        ) + "."  # fmt: skip
    text.append(_order(results, labels))
    if results.rating and summary["alpha"] is not None:
        text.append(
            f"Raters agree with each other to a Krippendorff's alpha of {summary['alpha']:.2f} (1: all the same, 0: as "
            f"by chance).{_repeated(results)}"
        )
    if summary.get("regularised"):
        text.append(
            "One method won or lost every comparison; half a vote was added each way, so that its strength is finite."
        )
    if len(results.metrics) > 1:
        ranked = results.metrics.sort_values("spearman", ascending=False)
        best, worst = ranked.iloc[0], ranked.iloc[-1]
        text.append(
            f"Of the metrics, {METRICS[best.metric].label} agrees most with people (rank correlation "
            f"{_number(best.spearman)}, 95 % interval {_ends(best.spearman_low, best.spearman_high)}), "
            f"{METRICS[worst.metric].label} least ({_number(worst.spearman)})."
        )
    if not results.current:
        text.append(
            "The images that were rated are those of an earlier computation of this run; "
            "a new study would show today's."
        )
    return text


def exhibits(results: Analysis, scale: int) -> Iterator[Exhibit]:
    """Show scores, votes or preferences, differences, the images that decide, and which metric agrees."""
    datasets = list(results.images.dataset.unique())
    theirs, where = published_mos(datasets, scale)
    kind = "Mean opinion scores" if results.rating else "Strengths by the model of Bradley and Terry"
    hollow = f" Hollow: Ledig et al. on {where}." if results.rating and len(theirs) else ""
    yield Exhibit(
        figures.scores(results.scores, theirs),
        "opinion_scores",
        f"{kind}. Thick: 95 % interval if other people rated these images. Thin: if other images of this kind were "
        f"rated, too.{hollow} Look for thin lines that do not overlap.",
        "opinion/opinion_scores.csv",
    )
    if results.rating:
        yield Exhibit(
            figures.votes(results.scores),
            "opinion_votes",
            "All votes by method. Look for methods on which people disagree: long bars on both sides.",
            "opinion/opinion_votes.csv",
        )
        yield _published_table(results, theirs, where)
    else:
        yield Exhibit(
            figures.preferences(results.scores),
            "opinion_preferences",
            "How often, in per cent, the method of the row was preferred to that of the column.",
            "opinion/opinion_scores.csv",
        )
    yield _difference_table(results)
    if len(results.metrics):
        yield Exhibit(
            figures.metric_agreement(results.metrics),
            "opinion_metrics",
            "Rank correlation of each metric with people, over all images and methods (point, with the 95 % interval "
            "over raters and images) and of the methods' means (diamond). To the right: agrees. The metrics are of the "
            "crops that people saw; the original itself is left out.",
            "opinion/opinion_metrics.csv",
        )
        yield _agreement_table(results)
    yield _image_table(results)


def _order(results: Analysis, labels: dict[str, str]) -> str:
    """Say who is first, whether that is sure, and where SRGAN stands to the best of the others."""
    judged = results.differences[(results.differences["first"] != "hr") & (results.differences["second"] != "hr")]
    if judged.empty:
        return "Only one method was shown beside the original."
    lead = judged.iloc[0]
    first, second = labels[lead["first"]], labels[lead["second"]]
    if not results.rating:
        return (
            f"{first} is first; it was preferred to {second} in {lead.preferred:.0%} "
            f"of {lead.votes} direct comparisons."
            if lead.votes
            else f"{first} is first, before {second}."
        )
    sure = "also for other images of this kind" if lead.kind_low > 0 else (
        "for these images; other images might change it" if lead.these_low > 0 else "and other raters might change that"
    )  # fmt: skip
    text = f"People put {first} first, {lead.difference:.2f} before {second}, {sure}."
    if OURS in (lead["first"], lead["second"]) or not (judged["first"] == OURS).any():
        return text
    best = judged[judged["second"] == OURS]
    if len(best):
        text += f" {labels[OURS]} is {best.iloc[0].difference:.2f} behind."
    return text


def _repeated(results: Analysis) -> str:
    again = results.raters[results.raters.repeats > 0]
    if again.empty:
        return ""
    return (
        " Asked twice, a rater gave the same grade in "
        f"{np.average(again.repeats_equal, weights=again.repeats):.0%} of cases."
    )


def _published_table(results: Analysis, theirs: pd.DataFrame, where: str) -> Exhibit:
    labels = method_styles(dict.fromkeys([*results.scores.method, *theirs.method]))
    measured, source = results.scores.set_index("method"), theirs.set_index("method").value
    rows = [
        {
            "method": style.label,
            "MOS here": measured.mos.get(method, np.nan),
            "these images": _interval(measured, method, "these"),
            "images of this kind": _interval(measured, method, "kind"),
            "without raters' bias": measured.recovered.get(method, np.nan),
            f"MOS in the paper ({where})": source.get(method, np.nan),
        }
        for method, style in labels.items()
    ]
    return Exhibit(
        pd.DataFrame(rows),
        "opinion_published",
        "Mean opinion scores with 95 % intervals, those recovered by the model of P.910 (Annex E), and those of Ledig "
        "et al. (2017, table 2). The paper's are of other images, other people (26, calibrated with nearest = 1 and "
        "the original = 5), and networks trained on 350,000 photographs; scores of two studies do not share a zero.",
        "opinion/opinion_scores.csv",
        {"formats": {"MOS here": ".2f", "without raters' bias": ".2f", f"MOS in the paper ({where})": ".2f"}},
    )


def _difference_table(results: Analysis) -> Exhibit:
    labels, rows = _labels(results), results.differences
    both = {"better": rows["first"].map(labels), "worse": rows["second"].map(labels)}
    if results.rating:
        frame = pd.DataFrame(
            {
                **both,
                "difference": rows.difference,
                "these images": [_ends(*ends) for ends in zip(rows.these_low, rows.these_high, strict=True)],
                "images of this kind": [_ends(*ends) for ends in zip(rows.kind_low, rows.kind_high, strict=True)],
                "raters needed": [
                    "" if np.isnan(low) else "more images" if np.isnan(count) else f"{count:.0f}"
                    for low, count in zip(rows.kind_low, rows.raters_needed, strict=True)
                ],
            }
        )
        caption = (
            "Differences of methods, each rater compared with themselves on the same image, with 95 % intervals. "
            "<em>Raters needed</em>: with so many on as many images, a difference of this size would lie outside its "
            "interval for images of this kind; <em>more images</em>: no number of raters is enough."
        )
    else:
        frame = pd.DataFrame({**both, "votes": rows.votes, "preferred": rows.preferred, "by the model": rows.predicted})
        caption = "Pairs of methods: votes, the share that preferred the better one, and that share by the model."
    formats = {"difference": "+.2f", "preferred": ".0%", "by the model": ".0%"}
    return Exhibit(frame, "opinion_differences", caption, "opinion/opinion_differences.csv", {"formats": formats})


def _agreement_table(results: Analysis) -> Exhibit:
    rows = results.metrics
    frame = pd.DataFrame(
        {
            "metric": [METRICS[name].label for name in rows.metric],
            "images": rows.points,
            "rank": rows.spearman,
            "95 % of rank": [_ends(*ends) for ends in zip(rows.spearman_low, rows.spearman_high, strict=True)],
            "linear": rows.pearson,
            "95 % of linear": [_ends(*ends) for ends in zip(rows.pearson_low, rows.pearson_high, strict=True)],
            "rank of methods": rows.over_methods,
        }
    )
    return Exhibit(
        frame,
        "opinion_agreement",
        "Which metric agrees with people: rank (Spearman) and linear (Pearson) correlation over images by all methods, "
        "and over the means of methods. Metrics for which lower is better are turned round.",
        "opinion/opinion_metrics.csv",
        {"formats": dict.fromkeys(("rank", "linear", "rank of methods"), ".2f")},
    )


def _image_table(results: Analysis) -> Exhibit:
    frame = results.images.sort_values("spread", ascending=False, kind="stable").rename(
        columns={
            "spread": "spread of methods",
            "disagreement": "disagreement of raters",
            "lead_without": "lead without it",
        }
    )
    return Exhibit(
        frame,
        "opinion_images",
        "Which images decide: the standard deviation of the methods' scores on each"
        + (
            ", of raters on one method, and the leading method's difference from the next without this image."
            if results.rating
            else "."
        ),
        "opinion/opinion_images.csv",
        {"formats": dict.fromkeys(frame.columns[2:], ".2f")},
    )


def _labels(results: Analysis) -> dict[str, str]:
    return {method: style.label for method, style in method_styles(results.scores.method).items()}


def _interval(table: pd.DataFrame, method: str, which: str) -> str:
    return _ends(table[f"{which}_low"][method], table[f"{which}_high"][method]) if method in table.index else ""


def _ends(low: float, high: float) -> str:
    return "" if np.isnan(low) else f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"
