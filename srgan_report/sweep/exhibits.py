"""Figures and tables that compare the runs of a sweep, and what each shows in a sentence, which begins its caption.

Settings keep one colour in all figures.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
import seaborn
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from srgan_lib.data.images import read_image
from srgan_lib.formatting import counted, listed
from srgan_lib.methods import METHODS
from srgan_lib.metrics.measure import METRICS, Metric
from srgan_report.exhibits.markup import Html
from srgan_report.exhibits.plotting import WIDTH, describe, legend_below, new_figure, show_images
from srgan_report.sweep.expansion import Factor
from srgan_report.sweep.statistics import PLANE, over_seeds, pareto

LEGEND = 12  #: settings at most that a legend names; more are told by the colour of their order
LINE = 90  #: characters that fit below a figure side by side
TICKS = 4  #: intervals between marks on the axis of a metric, at most
TITLE = 18  #: characters that fit above a patch
MARKERS = "os^DvPX<>phd8"
FALLEN = 0.1  #: dB by which a training must end below its best to be counted
WAITING = "not begun or interrupted; the same command continues"


def varied_table(factors: list[Factor], seeds: list[int]) -> pd.DataFrame:
    """List what a sweep varies and its values."""
    rows = [{"varied": factor.name, "values": ", ".join(factor.levels)} for factor in factors]
    rows += [{"varied": "shared.seed", "values": ", ".join(map(str, seeds))}] if seeds else []
    return pd.DataFrame(rows)


def setting_scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Average runs of one dataset over seeds: a row per setting of n runs, each metric with its 95 % interval."""
    table = pd.DataFrame({"setting": rows.setting.unique()}).set_index("setting")
    for metric, values in _measured(rows):
        stats = over_seeds(rows, str(values.name))
        table["n"] = stats["n"]
        table[metric.heading] = [
            mean if pd.isna(low) else f"{mean} ({metric.text(low)} to {metric.text(high)})"
            for mean, low, high in zip(stats["mean"].map(metric.text), stats.low, stats.high, strict=True)
        ]
    return table.reset_index()


def run_scores(rows: pd.DataFrame) -> pd.DataFrame:
    """List every run with its seed and scores; its name links to its report, which lies beside the comparison's."""
    links = [Html(f'<a class="beside" href="{run}/report.html">{html.escape(run)}</a>') for run in rows.run]
    scores = {metric.heading: list(values) for metric, values in _measured(rows)}
    return pd.DataFrame({"run": links, "seed": list(rows.seed), **scores})


def score_formats(rows: pd.DataFrame) -> dict[str, Any]:
    """Say how :func:`run_scores` is shown: ``formats`` of its columns, and the ``best`` of each."""
    return {
        "formats": {metric.heading: f".{metric.digits}f" for metric, _ in _measured(rows)},
        "best": {metric.heading: metric.best(values) for metric, values in _measured(rows)},
    }


def _measured(rows: pd.DataFrame) -> list[tuple[Metric, pd.Series]]:
    """Pick the metrics that some run has, each with its column."""
    return [(metric, rows[name]) for name, metric in METRICS.items() if name in rows and rows[name].notna().any()]


def unfinished_table(runs: pd.DataFrame) -> pd.DataFrame:
    """List the runs that failed or were not begun, with the cause."""
    rows = runs[runs.state != "finished"]
    return pd.DataFrame({"run": rows.run, "state": rows.state, "cause": rows.cause.where(rows.cause != "", WAITING)})


def main_effect(rows: pd.DataFrame, factor: Factor, names: Sequence[str]) -> Figure:
    """Draw each metric over the levels of a factor: every run as a point, the mean with its 95 % interval over runs."""
    indices, logarithmic = _positions(factor)
    figure, axes = new_figure(1, len(names), height=3.2, squeeze=False)
    text = []
    for axis, name in zip(axes[0], names, strict=True):
        metric = METRICS[name]
        table = over_seeds(rows, name, factor.name).reindex(factor.levels).dropna(subset="mean")
        at = [indices[level] for level in table.index]
        axis.plot([indices[level] for level in rows[factor.name]], rows[name], ".", color="0.6", markersize=5, zorder=1)
        errors = np.nan_to_num([table["mean"] - table["low"], table["high"] - table["mean"]])
        axis.errorbar(at, table["mean"], errors, fmt="o-", color="#0072B2", capsize=3, linewidth=1.4, zorder=2)
        if logarithmic:
            axis.set_xscale("log")
        else:
            axis.set_xticks(list(indices.values()), factor.levels, rotation=0 if len(indices) < 5 else 45, ha="center")
        axis.set(xlabel=factor.short, title=metric.heading)
        axis.margins(x=0.08)
        _scale(axis, y=name)
        means = ", ".join(f"{metric.text(mean)} at {level}" for level, mean in table["mean"].items())
        text.append(f"{metric.label} {means}")
    describe(figure, f"Means by {factor.short}: {'; '.join(text)}.")
    return figure


def heat_map(rows: pd.DataFrame, down: Factor, across: Factor, metric: str) -> Figure:
    """Draw the mean of a metric over the runs of each combination of two factors."""
    table = rows.pivot_table(index=down.name, columns=across.name, values=metric, aggfunc="mean")
    table = table.reindex(index=down.levels, columns=across.levels)
    figure, axis = new_figure(height=1.4 + 0.45 * len(down.levels))
    measure = METRICS[metric]
    colours = "viridis" if measure.higher_is_better else "viridis_r"  # bright is better
    texts, bar = table.map(measure.text), {"label": measure.heading}
    seaborn.heatmap(table, ax=axis, cmap=colours, annot=texts, fmt="", linewidths=1, cbar_kws=bar)
    axis.set(xlabel=across.short, ylabel=down.short)
    axis.tick_params(length=0, labelrotation=0)
    means = table.rename_axis("row").reset_index().melt("row", var_name="column", value_name="mean").dropna()
    cells = means.sort_values("mean", kind="stable").to_dict("records")
    ends = ", ".join(
        f"{measure.phrase(cell['mean'])} at {down.short} {cell['row']} and {across.short} {cell['column']}"
        for cell in (cells[0], cells[-1])
    )
    text = f"Means of {measure.label} by {down.short} and {across.short}; the lowest and the highest: {ends}."
    describe(figure, text)
    return figure


def metric_pairs(rows: pd.DataFrame, names: Sequence[str]) -> Figure:
    """Draw two or more metrics, each against every other, a point for each run, with its distribution over the runs."""
    count = len(names)
    figure, axes = new_figure(count, count, height=WIDTH * 0.9, squeeze=False, sharex="col")
    for (down, across), axis in np.ndenumerate(axes):
        x, y = names[int(across)], names[int(down)]
        if down < across:
            axis.remove()
        elif down == across:
            seaborn.histplot(rows, x=x, ax=axis, color="0.7", linewidth=0.5)
            axis.set_ylabel("runs")
            axis.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        else:
            _plot_runs(axis, rows, x, y, markersize=5)
            axis.set_ylabel(METRICS[y].heading)
            _scale(axis, y=y)
        if down == count - 1:
            axis.set_xlabel(METRICS[x].heading)
            _scale(axis, x=x)
    _name_settings(figure, axes[1, 0], rows)
    describe(figure, f"Runs by each pair of metrics. {rank_correlations(rows, names)}")
    return figure


def learning_curves(curves: pd.DataFrame) -> Figure:
    """Draw PSNR-Y and SSIM-Y on the validation images through training: a line for a run, a colour for a setting."""
    styles, bicubic_style = _setting_styles(curves), METHODS["bicubic"]
    runs = curves.groupby(["setting", "run"], sort=False)
    figure, axes = new_figure(1, 2, height=3.4)
    for axis, (name, label) in zip(axes, (("psnr_y", "PSNR-Y (dB)"), ("ssim_y", "SSIM-Y (Wang)")), strict=True):
        for (setting, _run), group in runs:
            axis.plot(group.step, group[name], color=styles[str(setting)][0], linewidth=1.2, label=setting)
        bicubic = curves.groupby("step")[f"{name}_bicubic"].mean()
        look = {"color": bicubic_style.colour, "linestyle": bicubic_style.line, "label": bicubic_style.label}
        axis.plot(bicubic.index, bicubic, **look)
        axis.set(xlabel="step", ylabel=label)
        _scale(axis, y=name)
    _name_settings(figure, axes[0], curves)
    last = runs["psnr_y"].last().groupby("setting", sort=False).mean()
    text = "; ".join(f"{setting}: {METRICS['psnr_y'].text(value)}" for setting, value in last.items())
    describe(figure, f"PSNR-Y and SSIM-Y through training. PSNR-Y in dB at the end: {text}.")
    return figure


def plane(rows: pd.DataFrame, baselines: pd.DataFrame) -> Figure:
    """Draw the plane of PSNR-Y and LPIPS (alex): every run, the front of those that none beats in both, and baselines.

    Rows and baselines are of one dataset; of each baseline the mean over the runs is shown.
    """
    figure, axis = new_figure(height=4.6)
    fidelity, distance = PLANE
    faithful, alike = METRICS[fidelity], METRICS[distance]
    front = pareto(rows)
    axis.plot(front[fidelity], front[distance], color="0.35", linewidth=1.2, zorder=1, label="Pareto front of the runs")
    _plot_runs(axis, rows, fidelity, distance, markersize=7, zorder=2)
    for method, group in baselines.dropna(subset=[fidelity, distance]).groupby("method", sort=False):
        style = METHODS[str(method)]
        look = {"color": style.colour, "fillstyle": "none", "markersize": 10, "markeredgewidth": 1.8}
        axis.plot(group[fidelity].mean(), group[distance].mean(), style.marker, label=style.label, **look)
    axis.set(xlabel=f"{faithful.label} ({faithful.unit}), better →", ylabel=f"{alike.label}, better →")
    axis.margins(0.12)
    _scale(axis, x=fidelity, y=distance)
    axis.invert_yaxis()
    _name_settings(figure, axis, rows)
    text = "; ".join(
        f"{row.setting}, seed {row.seed}: {faithful.phrase(row[fidelity])}, {alike.text(row[distance])}"
        for _, row in front.iterrows()
    )
    describe(figure, f"{faithful.label} and {alike.label} of every run. The front is {text}.")
    return figure


def patches(runs: Mapping[str, Mapping[str, Path]], method: str, columns: int = 4) -> Figure:
    """Show a method's crop of one image by several runs (by setting, files by method), between bicubic and HR."""
    first = next(iter(runs.values()))
    panels = {"bicubic": first["bicubic"], **{name: files[method] for name, files in runs.items()}, "HR": first["hr"]}
    count = -(-len(panels) // columns)
    figure, axes = new_figure(count, columns, height=1.85 * count, squeeze=False)
    titled = ((fill(title, TITLE, break_long_words=False), read_image(path)) for title, path in panels.items())
    show_images(axes, titled)
    describe(figure, f"The same crop by {'; '.join(panels)}.")
    return figure


def extremes(rows: pd.DataFrame, metrics: Sequence[str], *factors: Factor) -> str:
    """Say where the mean of each metric is best and where worst: by level of factors, or by setting."""
    by = [factor.name for factor in factors] or ["setting"]
    said = []
    for name in metrics:
        metric = METRICS[name]
        means = rows.groupby(by)[name].mean().sort_values(ascending=not metric.higher_is_better, kind="stable")
        best, worst = (metric.phrase(means.iloc[end]) for end in (0, -1))
        first, last = (" and ".join([at] if isinstance(at, str) else at) for at in (means.index[0], means.index[-1]))
        where = f"best at {first} ({best}) and worst at {last} ({worst})" if best != worst else f"{best} everywhere"
        said.append(f"{metric.label} is {where}")
    return html.escape(f"{'; '.join(said)}.", quote=False)


def between_seeds(rows: pd.DataFrame, metrics: Sequence[str]) -> str:
    """Say how far runs of one setting lie apart at most."""
    settings = rows.groupby("setting")
    if settings.seed.nunique().max() < 2:
        return "Each setting has one seed."
    most = {name: float((settings[name].max() - settings[name].min()).max()) for name in metrics}
    apart = [f"{METRICS[name].phrase(value)} ({METRICS[name].label})" for name, value in most.items()]
    return f"Runs of one setting lie up to {listed(apart)} apart."


def ends_of_training(curves: pd.DataFrame) -> str:
    """Say how many runs end above bicubic, and how many below what they had reached before."""
    runs = [run for _, run in curves.groupby("run")]
    above = sum(run.psnr_y.iloc[-1] > run.psnr_y_bicubic.iloc[-1] for run in runs)
    fallen = sum(run.psnr_y.iloc[-1] < run.psnr_y.max() - FALLEN for run in runs)
    return (
        f"By PSNR-Y, of {counted(len(runs), 'run')} {above} end above bicubic, and {fallen} end more than {FALLEN} dB "
        "below their own best."
    )


def on_the_front(rows: pd.DataFrame) -> str:
    """Say how many runs no other beats in both measures, and of how many settings they are."""
    front = pareto(rows)
    return (
        f"Of {counted(len(rows), 'run')} {len(front)} lie on the front, of {front.setting.nunique()} of the settings."
    )


def rank_correlations(rows: pd.DataFrame, names: Sequence[str]) -> str:
    """Say how alike each pair of metrics ranks the runs."""
    order = rows[list(names)].corr(method="spearman").stack().dropna()  # without pairs that cannot be ranked
    pairs = [
        f"{METRICS[one].label} and {METRICS[other].label} {f'{order[one, other]:.2f}'.replace('-', '−')}"
        for one, other in combinations(names, 2)
        if (one, other) in order
    ]
    ranked = "; ".join(pairs) or "none, for no two metrics rank them"
    return f"Spearman's rank correlations over {counted(len(rows), 'run')}: {ranked}."


def _positions(factor: Factor) -> tuple[dict[str, float], bool]:
    """Position the levels of a factor on an axis, and say whether the axis is logarithmic."""
    levels: Sequence[str] = factor.levels
    if factor.numbers:
        numbers = dict(zip(factor.levels, factor.numbers, strict=True))
        if min(factor.numbers) > 0 and max(factor.numbers) >= 30 * min(factor.numbers):
            return numbers, True
        levels = sorted(numbers, key=numbers.__getitem__)
    return {level: float(index) for index, level in enumerate(levels)}, False


def _scale(axes: Axes, **metrics: str) -> None:
    """Mark the axes ``x`` and ``y`` in a metric's own digits; what is alike in them is not drawn as a difference."""
    for name, metric in metrics.items():
        axis, digits = getattr(axes, f"{name}axis"), METRICS[metric].digits
        low, high = axis.get_view_interval()
        if (lacking := TICKS * 10**-digits - (high - low)) > 0:
            axes.set(**{f"{name}lim": (low - lacking / 2, high + lacking / 2)})
        axis.set_major_locator(MaxNLocator(TICKS, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(f"{{x:.{digits}f}}")


def _setting_styles(rows: pd.DataFrame) -> dict[str, tuple[Any, str]]:
    """Give each setting a colour and a marker, in their order."""
    settings = rows.setting.unique()
    colours = colormaps["viridis"](np.linspace(0, 0.92, max(2, len(settings))))
    return {name: (tuple(colours[index]), MARKERS[index % len(MARKERS)]) for index, name in enumerate(settings)}


def _plot_runs(axis: Axes, rows: pd.DataFrame, x: str, y: str, **look: Any) -> None:
    """Draw a point for each run in the style of its setting."""
    for setting, (colour, marker) in _setting_styles(rows).items():
        group = rows[rows.setting == setting]
        axis.plot(group[x], group[y], marker, color=colour, label=setting, **look)


def _name_settings(figure: Figure, axis: Axes, rows: pd.DataFrame) -> None:
    """Put a legend below; of too many settings it leaves some out, whose colours go from the first to the last."""
    settings = set(rows.setting)
    if len(settings) > LEGEND:
        for line in axis.get_lines():
            if line.get_label() in settings:
                line.set_label(f"_{line.get_label()}")
        axis.set_title(f"{len(settings)} settings, from dark (first) to bright (last)")
    longest = max(len(str(label)) for label in axis.get_legend_handles_labels()[1] or [""])
    legend_below(figure, axis, columns=min(4, max(1, LINE // (longest + 6))))
