"""Charts of a study: scores with both intervals, votes, preferences, and how metrics agree with people."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from srgan_lib.methods import label_of, method_styles
from srgan_lib.metrics.measure import METRICS
from srgan_report.exhibits.plotting import describe, new_figure
from srgan_report.opinion.ratings import SCALE

#: From bad to excellent, dark to light on both sides of a neutral middle; told apart without colour by their order.
GRADES = ("#b2182b", "#ef8a62", "#dddddd", "#67a9cf", "#2166ac")


def scores(table: pd.DataFrame, published: pd.DataFrame) -> Figure:
    """Draw each method's score, in the table's order, with intervals: these images (thick), images of the kind (thin).

    Published scores, columns method and value of one source and set, are drawn hollow.
    """
    value = "mos" if "mos" in table else "preference"
    styles = method_styles(table.method)
    figure, axis = new_figure(height=1.1 + 0.36 * len(table))
    for place, row in enumerate(table.to_dict("records")):
        style = styles[row["method"]]
        axis.plot([row["kind_low"], row["kind_high"]], [place, place], color=style.colour, linewidth=1.2)
        axis.plot([row["these_low"], row["these_high"]], [place, place], color=style.colour, linewidth=3.6, alpha=0.6)
        axis.plot(row[value], place, style.marker, color=style.colour, markersize=8)
        known = published[published.method == row["method"]].value
        if value == "mos" and len(known):
            axis.plot(known.iloc[0], place, "o", color="black", fillstyle="none", markersize=9)
    _label_rows(axis, [styles[method].label for method in table.method])
    if value == "mos":
        axis.set_xlim(0.9, 5.1)
        axis.set_xticks(range(1, 6), [f"{grade}\n{label}" for grade, label in enumerate(SCALE, 1)])
        axis.set_xlabel("mean opinion score")
    else:
        axis.axvline(0.5, color="black", linewidth=1)
        axis.set_xlim(-0.02, 1.02)
        axis.xaxis.set_major_formatter(PercentFormatter(1))
        axis.set_xlabel("preferred to a method of average strength")
    words = (f"{styles[row['method']].label} {row[value]:.2f}" for row in table.to_dict("records"))
    describe(figure, f"{'Mean opinion scores' if value == 'mos' else 'Preferences'}: {', '.join(words)}.")
    return figure


def votes(table: pd.DataFrame) -> Figure:
    """Draw the shares of the five grades for each method as one bar, shifted so that "fair" lies in the middle."""
    ordered = table.sort_values("mos", ascending=False, kind="stable")
    styles = method_styles(table.method)
    shares = ordered[[f"share_{grade}" for grade in range(1, 6)]].to_numpy()
    starts = np.pad(np.cumsum(shares, axis=1)[:, :-1], ((0, 0), (1, 0)))
    starts -= (shares[:, :2].sum(1) + shares[:, 2] / 2)[:, None]
    figure, axis = new_figure(height=1.4 + 0.34 * len(ordered))
    for grade in range(5):
        axis.barh(
            range(len(ordered)), shares[:, grade], left=starts[:, grade], color=GRADES[grade], edgecolor="white",
            linewidth=0.6, label=f"{grade + 1} {SCALE[grade]}",
        )  # fmt: skip
    axis.axvline(0, color="black", linewidth=0.8)
    _label_rows(axis, [styles[method].label for method in ordered.method])
    axis.set_xlim(-1, 1)
    axis.set_xticks([-1, -0.5, 0, 0.5, 1], ["100 %", "50 %", "", "50 %", "100 %"])
    axis.set_xlabel("← worse than fair     share of votes     better than fair →")
    figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=5)
    labels = (styles[method].label for method in ordered.method)
    good = (f"{label} {share:.0%}" for label, share in zip(labels, shares[:, 3:].sum(1), strict=True))
    describe(figure, f"Share of votes that are good or excellent: {', '.join(good)}.")
    return figure


def preferences(table: pd.DataFrame) -> Figure:
    """Draw how often each method (row) was preferred to each other (column), from strongest to weakest."""
    ordered = table.sort_values("strength", ascending=False, kind="stable")
    methods = list(ordered.method)
    labels = [label_of(method) for method in methods]
    shares = ordered[[f"over_{method}" for method in methods]].to_numpy()
    figure, axis = new_figure(height=1.5 + 0.5 * len(methods), width=2.4 + 0.72 * len(methods))
    axis.imshow(shares, vmin=0, vmax=1, cmap="RdBu")
    for row, column in np.ndindex(shares.shape):
        share = shares[row, column]
        if np.isfinite(share):
            colour = "white" if abs(share - 0.5) > 0.35 else "black"
            axis.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=colour)
    axis.set_xticks(range(len(methods)), labels, rotation=35, ha="right")
    axis.set_yticks(range(len(methods)), labels)
    axis.grid(visible=False)
    axis.set_xlabel("… to this (%)")
    axis.set_ylabel("prefer this …")
    words = (f"{label} {share:.0%}" for label, share in zip(labels, shares[0], strict=True) if np.isfinite(share))
    describe(figure, f"How often {labels[0]} was preferred: to {', to '.join(words)}.")
    return figure


def metric_agreement(table: pd.DataFrame) -> Figure:
    """Draw each metric's rank correlation with people over images and methods, with its interval."""
    ordered = table.sort_values("spearman", ascending=False, kind="stable")
    figure, axis = new_figure(height=1.2 + 0.36 * len(ordered))
    for place, row in enumerate(ordered.itertuples()):
        axis.plot([row.spearman_low, row.spearman_high], [place, place], color="#0072B2", linewidth=2)
        axis.plot(row.spearman, place, "o", color="#0072B2", markersize=7)
        axis.plot(row.over_methods, place, "D", color="black", fillstyle="none", markersize=7)
    axis.axvline(0, color="black", linewidth=1)
    _label_rows(axis, [METRICS[name].label for name in ordered.metric])
    axis.set_xlim(-1.05, 1.05)
    axis.set_xlabel("rank correlation with people (1: the same order)")
    words = (f"{METRICS[row['metric']].label} {row['spearman']:.2f}" for row in ordered.to_dict("records"))
    describe(figure, f"Rank correlations with people: {', '.join(words)}.")
    return figure


def _label_rows(axis: Axes, labels: list[str]) -> None:
    """Name a chart's rows, the first of which is on top."""
    axis.set_yticks(range(len(labels)), labels)
    axis.invert_yaxis()
    axis.grid(axis="y", visible=False)
