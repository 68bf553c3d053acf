"""Figures, tables and sentences of a study, as the report and notebooks show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from srgan_lib.formatting import counted
from srgan_lib.methods import OURS, labels_of
from srgan_lib.metrics.measure import METRICS
from srgan_report.exhibits.markup import Exhibit
from srgan_report.exhibits.published import COUNTERPARTS, published
from srgan_report.exhibits.scores import PUBLISHED_ON
from srgan_report.opinion import figures
from srgan_report.opinion.analysis import Analysis
from srgan_report.opinion.screening import FASTEST, FEWEST_FOR_INTERVAL, FEWEST_RATERS
from srgan_report.opinion.study import FOLDER, ORIGINAL, SIMULATED

SOURCE = "ledig2017"  #: whose mean opinion scores are published
MISSING = "–"  #: in place of an interval that is not given
NAMES = {"method", "better", "worse", "dataset", "image", "metric", "rater"}  #: columns that make no row a full one
QUESTIONS = {"photograph": "which looks more like a photograph", "original": "which is closer to the original"}


def findings(results: Analysis) -> list[str]:
    """Say in sentences who was asked what, and what came of it; nothing is ranked where too few were asked."""
    summary = results.summary
    metrics = results.metrics.dropna(subset="spearman").sort_values("spearman", ascending=False)
    asked = f"said of pairs {QUESTIONS[summary['question']]}"
    if results.rating:
        asked = "gave each image 1 (bad) to 5 (excellent)"
    who = ("simulated rater", "") if summary["simulated"] else ("person", "people")
    opening = (
        f"{counted(summary['raters'], *who)} {asked}: {summary['votes']} votes on "
        f"{counted(summary['images'], 'image')} by {len(results.scores)} methods, shown without their names in an "
        "order of each rater's own."
    )
    if summary["simulated"]:
        opening = f"Simulated: nobody has looked at these images, and their qualities are invented. {opening}"
    if out := results.raters.left_out_because.count():
        opening += f" {counted(out, 'rater')} did not count: too fast, always the same vote, or unlike the others."
    text = [opening, finding(results)]
    if results.too_few:
        return text + _outdated(results)
    if results.rating and np.isfinite(summary["alpha"]):
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
            "Some methods won every comparison with the others; half a vote was added each way, so that strengths are "
            "finite."
        )
    if len(metrics) > 1 and _number(metrics.spearman.iloc[0]) != _number(metrics.spearman.iloc[-1]):
        best, worst = metrics.iloc[0], metrics.iloc[-1]
        text.append(
            f"Of the metrics, {METRICS[best.metric].label} agrees most with {_people(results)} (rank correlation "
            f"{_number(best.spearman)}, 95 % interval {interval(best.spearman_low, best.spearman_high)}), "
            f"{METRICS[worst.metric].label} least ({_number(worst.spearman)})."
        )
    return text + _outdated(results)


def finding(results: Analysis) -> str:
    """Say in one sentence or two who is first, whether that is sure, and where SRGAN stands to the best of the others.

    Of fewer raters than :data:`.FEWEST_RATERS` it says only that they are too few.
    """
    if results.too_few:
        number = counted(results.summary["raters"], "rater")
        return f"Too few to say: {number}, at least {FEWEST_RATERS} are needed."
    value = "difference" if results.rating else "predicted"
    judged = results.differences[(results.differences[["first", "second"]] != ORIGINAL).all(axis=1)]
    judged = judged.dropna(subset=value)
    if judged.empty:
        return "Only one method was shown beside the original."
    lead, labels = judged.iloc[0], labels_of(results.scores.method)
    first, second = labels[lead["first"]], labels[lead["second"]]
    people = _people(results).capitalize()
    if round(lead[value] - (0 if results.rating else 0.5), 2) <= 0:
        return f"{people} put no method first: {first} has the highest score, but comes no higher than {second}."
    if not results.rating:
        scores = results.scores.set_index("method")
        apart = scores.these_low[lead["first"]] > scores.these_high[lead["second"]]
        sure = "" if apart else "; their intervals overlap, and other raters might change the order"
        if not lead.votes:
            return f"{people} put {first} first, before {second}, with which it was not compared directly{sure}."
        share = f"{lead.preferred:.0%} of {counted(lead.votes, 'direct comparison')}"
        return f"{people} put {first} first; it was preferred to {second} in {share}{sure}."
    sure = "and other raters might change that"
    if lead.kind_low > 0:
        sure = "also for other images of this kind"
    elif lead.these_low > 0:
        sure = "for these images; other images might change it"
    text = f"{people} put {first} first, {lead.difference:.2f} before {second}, {sure}."
    if OURS not in (lead["first"], lead["second"]) and (judged["first"] == OURS).any():
        behind = judged[judged["second"] == OURS].iloc[0].difference
        text += f" {labels[OURS]} is {behind:.2f} behind {first}."
    return text


def _people(results: Analysis) -> str:
    return "simulated raters" if results.summary["simulated"] else "people"


def _outdated(results: Analysis) -> list[str]:
    text = "The images that were rated are those of an earlier computation of this run; a new study would show today's."
    return [] if results.current else [text]


def exhibits(results: Analysis, scale: int) -> Iterator[Exhibit]:
    """Show what :func:`_shown` has, without empty rows and columns; what is simulated says so in itself."""
    for exhibit in _shown(results, scale):
        content, caption, source = exhibit.content, exhibit.caption, exhibit.source
        if isinstance(content, pd.DataFrame):
            empty = content.isna() | content.isin(["", MISSING])
            content = content.loc[~empty.drop(columns=list(NAMES & set(content))).all(axis=1), ~empty.all()]
            if content.empty:
                continue
        else:
            _mark(content, results)
        if results.summary["simulated"]:
            caption, source = f"<strong>Simulated.</strong> {caption}", source.replace(FOLDER, SIMULATED, 1)
        yield replace(exhibit, content=content, caption=caption, source=source)


def score_figure(results: Analysis) -> Figure:
    """Draw the scores by themselves, marked if they are simulated."""
    return _mark(figures.scores(results.in_order(), pd.DataFrame(columns=["method", "value"])), results)


def lines(results: Analysis) -> str:
    """Say what the lines of that figure are."""
    if results.summary["raters"] < FEWEST_FOR_INTERVAL:
        return f"Fewer than {FEWEST_FOR_INTERVAL} raters have no interval."
    return (
        "Thick: 95 % interval if other people rated these images. Thin: if other images of this kind were rated, too."
    )


def _mark(figure: Figure, results: Analysis) -> Figure:
    if results.summary["simulated"]:
        figure.text(0.5, 0.5, "SIMULATED", size=44, color="black", alpha=0.14, rotation=20, ha="center", va="center")
    return figure


def _shown(results: Analysis, scale: int) -> Iterator[Exhibit]:
    """Show scores, who does not count, votes or preferences, differences, images that decide, and which metric agrees.

    Of too few raters only the raw means, in the methods' order.
    """
    known = published(source=SOURCE, metric="mos", scale=scale)
    where = next((name for name in results.images.dataset.unique() if name in set(known.dataset)), PUBLISHED_ON)
    theirs = known[known.dataset == where].replace({"method": COUNTERPARTS})
    theirs = theirs[theirs.method.isin(results.scores.method)]
    kind = "Mean opinion scores" if results.rating else "Preference to a method of average strength (Bradley and Terry)"
    hollow = f" Hollow: Ledig et al. on {where}." if results.rating and len(theirs) else ""
    look = "" if results.too_few else " Look for thin lines that do not overlap."
    yield _exhibit(figures.scores(results.in_order(), theirs), "scores", f"{kind}. {lines(results)}{hollow}{look}")
    yield _rater_table(results)
    if results.too_few:
        yield _raw_table(results)
        return
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
    yield _image_table(results)


def _exhibit(
    content: Figure | pd.DataFrame, name: str, caption: str, source: str = "", formats: Mapping[str, str] | None = None
) -> Exhibit:
    """Name an exhibit, and the table from which it is made where that has another name."""
    table = f"opinion/opinion_{source or name}.csv"
    return Exhibit(content, f"opinion_{name}", caption, table, {"formats": formats} if formats else {})


def _rater_table(results: Analysis) -> Exhibit:
    out = results.raters[results.raters.left_out_because.notna()]
    frame = out[["rater", "votes", "seconds", "same_vote", "left_out_because"]]
    headings = ["rater", "votes", "seconds a vote", "most frequent vote", "left out because"]
    caption = (
        f"Raters who do not count: less than {FASTEST:g} s a vote (median), one and the same vote always, or votes "
        "unlike the others'."
    )
    formats = {"seconds a vote": ".2f", "most frequent vote": ".0%"}
    return _exhibit(frame.set_axis(headings, axis=1), "raters", caption, formats=formats)


def _raw_table(results: Analysis) -> Exhibit:
    rows, rated = results.in_order(), results.rating
    mean = "mean vote" if rated else "preferred"
    columns = {
        "method": rows.method.map(labels_of(results.scores.method)),
        mean: rows.mos if rated else rows.won,
        "95 % interval, these images": _intervals(rows, "these") if rated else MISSING,
        "votes": rows.votes,
    }
    caption = "Raw means, in the order of the methods and not of the votes."
    return _exhibit(pd.DataFrame(columns), "raw", caption, source="scores", formats={mean: ".2f" if rated else ".0%"})


def _score_table(results: Analysis, theirs: pd.DataFrame, where: str) -> Exhibit:
    rows = results.scores.set_index("method")
    columns = {
        "method": list(labels_of(results.scores.method).values()),
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
    labels, rows = labels_of(results.scores.method), results.differences
    columns: dict[str, Any] = {"better": rows["first"].map(labels), "worse": rows["second"].map(labels)}
    if results.rating:
        columns |= {
            "difference": rows.difference,
            "these images": _intervals(rows, "these"),
            "images of this kind": _intervals(rows, "kind"),
            "raters needed": [
                MISSING if np.isnan(low) else "more images" if np.isnan(count) else f"{count:.0f}"
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


def _image_table(results: Analysis) -> Exhibit:
    names = {
        "spread": "spread of methods", "disagreement": "disagreement of raters", "lead_without": "lead without it"
    }  # fmt: skip
    frame = results.images.sort_values("spread", ascending=False, kind="stable").rename(columns=names)
    caption = "Which images decide: the standard deviation of the methods' scores on each"
    if results.rating:
        caption += ", of raters on one method, and the leading method's difference from the next without this image"
    return _exhibit(frame, "images", f"{caption}.", formats=dict.fromkeys(names.values(), ".2f"))


def _intervals(rows: pd.DataFrame, of: str) -> list[str]:
    return [interval(*ends) for ends in zip(rows[f"{of}_low"], rows[f"{of}_high"], strict=True)]


def interval(low: float, high: float) -> str:
    """Write an interval's ends, or a dash where there is none."""
    return MISSING if np.isnan(low) else f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
