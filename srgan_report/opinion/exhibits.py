"""Figures, tables and sentences of a study, as the report and notebooks show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from srgan_lib.methods import OURS, method_styles
from srgan_lib.metrics.measure import METRICS
from srgan_report.exhibits.markup import Exhibit
from srgan_report.exhibits.published import COUNTERPARTS, published
from srgan_report.exhibits.scores import PUBLISHED_ON
from srgan_report.opinion import figures
from srgan_report.opinion.analysis import Analysis
from srgan_report.opinion.study import ORIGINAL

SOURCE = "ledig2017"  #: whose mean opinion scores are published
QUESTIONS = {"photograph": "which looks more like a photograph", "original": "which is closer to the original"}


def findings(results: Analysis) -> list[str]:
    """Say in sentences who was asked what, and what came of it."""
    summary, metrics = results.summary, results.metrics
    asked = f"said of pairs {QUESTIONS[summary['question']]}"
    if results.rating:
        asked = "gave each image 1 (bad) to 5 (excellent)"
    opening = (
        f"{_count(summary['raters'], 'person', 'people')} {asked}: {summary['votes']} votes on "
        f"{_count(summary['images'], 'image')} by {len(results.scores)} methods, shown without their names in an order "
        "of each rater's own."
    )
    out = results.raters[results.raters.left_out_because.notna()]
    if len(out):
        reasons = "; ".join(f"number {row.rater} ({row.left_out_because})" for row in out.itertuples())
        opening += f" {_count(len(out), 'rater')} did not count: {reasons}."
    text = [opening, _order(results)]
    if results.rating and summary["alpha"] is not None:
        agreement = (
            f"Raters agree with each other to a Krippendorff's alpha of {summary['alpha']:.2f} (1: all the same, 0: as "
            "by chance)."
        )
        again = results.raters[results.raters.repeats > 0]
        if len(again):
            same = np.average(again.repeats_equal, weights=again.repeats)
            agreement += f" Asked twice, a rater gave the same grade in {same:.0%} of cases."
        text.append(agreement)
    if summary.get("regularised"):
        text.append(
            "One method won or lost every comparison; half a vote was added each way, so that its strength is finite."
        )
    if len(metrics) > 1:
        ranked = metrics.sort_values("spearman", ascending=False)
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


def _order(results: Analysis) -> str:
    """Say who is first, whether that is sure, and where SRGAN stands to the best of the others."""
    judged = results.differences[(results.differences[["first", "second"]] != ORIGINAL).all(axis=1)]
    if judged.empty:
        return "Only one method was shown beside the original."
    lead, labels = judged.iloc[0], _labels(results)
    first, second = labels[lead["first"]], labels[lead["second"]]
    if not results.rating:
        if not lead.votes:
            return f"{first} is first, before {second}."
        share = f"{lead.preferred:.0%} of {lead.votes} direct comparisons"
        return f"{first} is first; it was preferred to {second} in {share}."
    sure = "and other raters might change that"
    if lead.kind_low > 0:
        sure = "also for other images of this kind"
    elif lead.these_low > 0:
        sure = "for these images; other images might change it"
    text = f"People put {first} first, {lead.difference:.2f} before {second}, {sure}."
    if OURS not in (lead["first"], lead["second"]) and (judged["first"] == OURS).any():
        behind = judged[judged["second"] == OURS].iloc[0].difference
        text += f" {labels[OURS]} is {behind:.2f} behind."
    return text


def exhibits(results: Analysis, scale: int) -> Iterator[Exhibit]:
    """Show scores, votes or preferences, differences, the images that decide, and which metric agrees."""
    known = published(source=SOURCE, metric="mos", scale=scale)
    where = next((name for name in results.images.dataset.unique() if name in set(known.dataset)), PUBLISHED_ON)
    theirs = known[known.dataset == where].replace({"method": COUNTERPARTS})
    kind = "Mean opinion scores" if results.rating else "Strengths by the model of Bradley and Terry"
    hollow = f" Hollow: Ledig et al. on {where}." if results.rating and len(theirs) else ""
    yield _exhibit(
        figures.scores(results.scores, theirs),
        "scores",
        f"{kind}. Thick: 95 % interval if other people rated these images. Thin: if other images of this kind were "
        f"rated, too.{hollow} Look for thin lines that do not overlap.",
    )
    if results.rating:
        yield _exhibit(
            figures.votes(results.scores),
            "votes",
            "All votes by method. Look for methods on which people disagree: long bars on both sides.",
        )
        yield _score_table(results, theirs, where)
    else:
        yield _exhibit(
            figures.preferences(results.scores),
            "preferences",
            "How often, in per cent, the method of the row was preferred to that of the column.",
            source="scores",
        )
    yield _difference_table(results)
    if len(results.metrics):
        yield _exhibit(
            figures.metric_agreement(results.metrics),
            "metrics",
            "Rank correlation of each metric with people, over all images and methods (point, with the 95 % interval "
            "over raters and images) and of the methods' means (diamond). To the right: agrees. The metrics are of the "
            "crops that people saw; the original itself is left out.",
        )
        yield _agreement_table(results.metrics)
    yield _image_table(results)


def _exhibit(
    content: Figure | pd.DataFrame, name: str, caption: str, source: str = "", formats: Mapping[str, str] | None = None
) -> Exhibit:
    """Name an exhibit, and the table from which it is made where that has another name."""
    table = f"opinion/opinion_{source or name}.csv"
    return Exhibit(content, f"opinion_{name}", caption, table, {"formats": formats} if formats else {})


def _score_table(results: Analysis, theirs: pd.DataFrame, where: str) -> Exhibit:
    styles = method_styles(dict.fromkeys([*results.scores.method, *theirs.method]))
    rows = results.scores.set_index("method").reindex(list(styles))
    columns = {
        "method": [style.label for style in styles.values()],
        "MOS here": rows.mos.to_numpy(),
        "these images": _intervals(rows, "these"),
        "images of this kind": _intervals(rows, "kind"),
        "without raters' bias": rows.recovered.to_numpy(),
    }
    caption = "Mean opinion scores with 95 % intervals, and those recovered by the model of P.910 (Annex E)."
    if len(theirs):
        columns[f"MOS in the paper ({where})"] = theirs.set_index("method").value.reindex(rows.index).to_numpy()
        caption += (
            " Beside them those of Ledig et al. (2017, table 2), which are of other images, other people (26, "
            "calibrated with nearest = 1 and the original = 5), and networks trained on 350,000 photographs; scores of "
            "two studies do not share a zero."
        )
    numbers = [name for name in columns if name.startswith("MOS") or name == "without raters' bias"]
    return _exhibit(pd.DataFrame(columns), "published", caption, source="scores", formats=dict.fromkeys(numbers, ".2f"))


def _difference_table(results: Analysis) -> Exhibit:
    labels, rows = _labels(results), results.differences
    columns: dict[str, Any] = {"better": rows["first"].map(labels), "worse": rows["second"].map(labels)}
    if results.rating:
        columns |= {
            "difference": rows.difference,
            "these images": _intervals(rows, "these"),
            "images of this kind": _intervals(rows, "kind"),
            "raters needed": [
                "" if np.isnan(low) else "more images" if np.isnan(count) else f"{count:.0f}"
                for low, count in zip(rows.kind_low, rows.raters_needed, strict=True)
            ],
        }
        caption = (
            "Differences of methods, each rater compared with themselves on the same image, with 95 % intervals. "
            "<em>Raters needed</em>: with so many on as many images, a difference of this size would lie outside its "
            "interval for images of this kind; <em>more images</em>: no number of raters is enough."
        )
    else:
        columns |= {"votes": rows.votes, "preferred": rows.preferred, "by the model": rows.predicted}
        caption = "Pairs of methods: votes, the share that preferred the better one, and that share by the model."
    formats = {"difference": "+.2f", "preferred": ".0%", "by the model": ".0%"}
    return _exhibit(pd.DataFrame(columns), "differences", caption, formats=formats)


def _agreement_table(rows: pd.DataFrame) -> Exhibit:
    frame = pd.DataFrame(
        {
            "metric": [METRICS[name].label for name in rows.metric],
            "images": rows.points,
            "rank": rows.spearman,
            "95 % of rank": _intervals(rows, "spearman"),
            "linear": rows.pearson,
            "95 % of linear": _intervals(rows, "pearson"),
            "rank of methods": rows.over_methods,
        }
    )
    return _exhibit(
        frame,
        "agreement",
        "Which metric agrees with people: rank (Spearman) and linear (Pearson) correlation over images by all methods, "
        "and over the means of methods. Metrics for which lower is better are turned round.",
        source="metrics",
        formats=dict.fromkeys(("rank", "linear", "rank of methods"), ".2f"),
    )


def _image_table(results: Analysis) -> Exhibit:
    names = {
        "spread": "spread of methods", "disagreement": "disagreement of raters", "lead_without": "lead without it"
    }  # fmt: skip
    frame = results.images.sort_values("spread", ascending=False, kind="stable").rename(columns=names)
    caption = "Which images decide: the standard deviation of the methods' scores on each"
    if results.rating:
        caption += ", of raters on one method, and the leading method's difference from the next without this image"
    return _exhibit(frame, "images", f"{caption}.", formats=dict.fromkeys(names.values(), ".2f"))


def _labels(results: Analysis) -> dict[str, str]:
    return {method: style.label for method, style in method_styles(results.scores.method).items()}


def _intervals(rows: pd.DataFrame, of: str) -> list[str]:
    return [_ends(*ends) for ends in zip(rows[f"{of}_low"], rows[f"{of}_high"], strict=True)]


def _ends(low: float, high: float) -> str:
    return "" if np.isnan(low) else f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"
