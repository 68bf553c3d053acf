"""Published figures, each with its source, beside measured ones: as tables, and as notebook 5 shows them.

Those that any run may be compared with lie in ``published.csv``; a recipe's own are in its params file. A metric has
this project's name only where the source states the same convention: the SSIM of Ledig et al. is ``ssim_y_daala``;
figures of unstated convention are called ``psnr``, ``ssim`` and ``lpips``, and the recipe says what to measure beside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from srgan_lib.methods import TRAINED, labels_of
from srgan_lib.metrics.measure import METRICS
from srgan_lib.params.evaluation import Published, PublishedCurve
from srgan_lib.params.section import ParameterError
from srgan_report.exhibits.markup import Exhibit, once

#: Networks of the literature by the name that a run has for its own in their place.
COUNTERPARTS = {network.architecture: method for method, network in TRAINED.items()}
VGG_LOSSES = {"relu2_2": "VGG22", "relu5_4": "VGG54"}  #: layers of VGG-19, and the losses' names that compare them
#: Of figures whose convention is not this project's; MOS is what human raters said.
LABELS = {"psnr": "PSNR (convention not stated)", "ssim": "SSIM (convention not stated)", "mos": "MOS"}
LABELS |= {"lpips": "LPIPS (network not stated)"}

BICUBIC = ("bicubic", "bicubic_float")  #: degradations whose LR images are those of the literature
COMPARED = ["dataset", "metric"]  #: what two figures must share to be compared
COLUMNS = ["dataset", "method", "metric", "published", "measured_as", "measured", "difference", "title", "note"]


def published(**only: str | int) -> pd.DataFrame:
    """Read the published scores that have the given values in some columns, e.g. ``scale=4``.

    The columns are source, title, dataset, scale, method, metric and value.
    """
    scores = pd.read_csv(Path(__file__).with_name("published.csv"))
    for column, value in only.items():
        scores = scores[scores[column] == value]
    return scores.reset_index(drop=True)


def counterparts(architectures: Mapping[str, str], trainings: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Name the networks of the literature that a run has, each with the run's name for it.

    What has taken one step is no such network. A generator has a name only if it is SRResNet: ``SRResNet`` if it was
    trained on pixels alone, ``SRGAN`` if with a content and an adversarial term. Where the loss is one of those in
    Table 1 of Ledig et al. (2017), it has the name there too, such as ``SRGAN-VGG22``; of these, the paper calls
    SRResNet-MSE ``SRResNet`` and SRGAN-VGG54 ``SRGAN``, and no other. ``architectures`` has the class of each of the
    run's networks, by method, and ``trainings`` the flat parameters of each training stage.
    """
    found = {"SRCNN": "srcnn"} if trainings["srcnn"]["steps"] > 1 else {}
    for method in ("warmup", "srgan"):
        training = trainings[TRAINED[method].stage]
        if architectures[method] != "SRResNet" or training["steps"] == 1:
            continue
        is_adversarial, has_content = training.get("adversarial_weight", 0) > 0, training["content_weight"] > 0
        name, plain = ("SRGAN", "VGG54") if is_adversarial else ("SRResNet", "MSE")
        loss = _loss_of_table_1(training)
        if is_adversarial == has_content and loss in (plain, None):
            found[name] = method
        if loss:
            found[f"{name}-{loss}"] = method
    return found


def _loss_of_table_1(training: Mapping[str, Any]) -> str | None:
    """Name the image term of a generator's training as Ledig et al. do, if it is one of theirs and the only one."""
    terms = {name for name, weight in training.items() if name.endswith("_weight") and weight} - {"adversarial_weight"}
    if training["extra_losses"]:
        return None
    if terms == {"pixel_weight"} and training["pixel_loss"] == "mse":
        return "MSE"
    squared_vgg = training["content_loss"] == "mse" and training["content_weights"] == "imagenet"
    if terms == {"content_weight"} and squared_vgg and len(training["content_layers"]) == 1:
        return VGG_LOSSES.get(next(iter(training["content_layers"])))
    return None


def compare(summary: pd.DataFrame, scale: int, methods: Mapping[str, str]) -> pd.DataFrame:
    """Set published scores of any source beside those measured of the same dataset, scale, metric and method.

    ``summary`` is as ``metrics_summary.csv``, ``methods`` as :func:`counterparts` names them; the table has the columns
    :data:`COLUMNS`.
    """
    return _beside(published(scale=scale), summary, methods).dropna(subset="measured").reset_index(drop=True)


def check_sources(recipe: Published) -> None:
    """Make sure, before hours of training, that the sources that a recipe names are known; else ParameterError."""
    known = published().source.unique()
    if unknown := set(recipe.sources) - set(known):
        problem = f"no source is called {', '.join(sorted(unknown))}; there are {', '.join(known)}"
        raise ParameterError(f"published.sources: {problem}", parameter="published.sources", allowed=known)


def compare_recipe(summary: pd.DataFrame, recipe: Published, methods: Mapping[str, str]) -> pd.DataFrame:
    """List all scores that a recipe's source gives for methods, as :func:`compare` does, also where this run has none.

    The recipe's own names of methods come before those of :func:`counterparts`; an unknown source is a ParameterError.
    """
    check_sources(recipe)
    known = published()
    own = pd.DataFrame([{**figure.model_dump(), "title": recipe.title} for figure in recipe.metrics])
    scores = pd.concat([own, known[known.source.isin(recipe.sources)]], ignore_index=True)
    return _beside(scores, summary, {**methods, **recipe.methods})


def _beside(scores: pd.DataFrame, summary: pd.DataFrame, methods: Mapping[str, str]) -> pd.DataFrame:
    """Join published scores with those measured for the same dataset, method and metric, or the metric named beside."""
    if scores.empty:
        return pd.DataFrame(columns=COLUMNS)
    scores = scores.reindex(columns=["title", "dataset", "method", "metric", "value", "beside", "note"])
    scores = scores.astype({"beside": object, "note": object})  # absent from published.csv, and then floats
    scores = scores.rename(columns={"value": "published"}).assign(
        measured_as=scores.beside.fillna(scores.metric),
        note=scores.note.fillna(""),
        method=[methods.get(method, method) for method in scores.method],
    )
    measured = summary.rename(columns={"metric": "measured_as", "mean": "measured"})
    keys = ["dataset", "method", "measured_as"]
    table = scores.merge(measured[[*keys, "measured"]], on=keys, how="left")
    return table.assign(difference=table.measured - table.published)[COLUMNS]


def relative_to_bicubic(comparison: pd.DataFrame, summary: pd.DataFrame) -> pd.DataFrame:
    """Compare the distances of the source's and this run's networks from bicubic, where the test images differ.

    PSNR and SSIM minus bicubic's, LPIPS divided by bicubic's: these depend less on the images than the figures do.
    ``comparison`` is of :func:`compare_recipe`, ``summary`` as ``metrics_summary.csv``. The columns are title, method,
    metric, published_on, published, measured_on, measured_as, measured, difference, for each trained network on each
    dataset of the run for which no source has figures. A source that has no bicubic is set beside another's, where the
    convention is stated and therefore the same.
    """
    # Tables are joined on the columns that both have.
    bicubic = comparison[comparison.method == "bicubic"].rename(columns={"published": "own"})
    own = bicubic.drop_duplicates(["title", *COMPARED])[["title", *COMPARED, "own"]]
    stated = bicubic[bicubic.metric.isin(list(METRICS))].drop_duplicates(COMPARED)
    stated = stated.rename(columns={"own": "elsewhere"})[[*COMPARED, "elsewhere"]]
    networks = comparison[comparison.method.isin(list(TRAINED))].drop(columns=["measured", "difference", "note"])
    ours = summary[~summary.dataset.isin(comparison.dataset)]
    ours = ours.rename(columns={"dataset": "measured_on", "metric": "measured_as", "mean": "measured"})
    ours = ours[["measured_on", "method", "measured_as", "measured"]]
    here = ours[ours.method == "bicubic"].drop(columns="method").rename(columns={"measured": "here"})
    table = networks.merge(own, "left").merge(stated, "left").merge(ours).merge(here)
    ratio = table.metric.str.startswith("lpips")
    for scores, base in (("published", table.own.fillna(table.elsewhere)), ("measured", table.here)):
        table[scores] = np.where(ratio, table[scores] / base, table[scores] - base)
    table = table.dropna(subset=["published", "measured"]).rename(columns={"dataset": "published_on"})
    table = table.assign(difference=table.measured - table.published)
    columns = ["title", "method", "metric", "published_on", "published", "measured_on", "measured_as", "measured"]
    return table[[*columns, "difference"]].reset_index(drop=True)


def compare_curves(recipe: Published, curves: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Compare what the source reports of its training with this run's ``loss_curve.csv``, given by stage.

    The columns are stage, quantity, part (of the training, in per cent), published, measured, difference (0 within a
    published range, else to its nearest end), note. ``measured`` is NaN where the loss curve has no such column.
    """
    columns = ["stage", "quantity", "part", "published", "measured", "difference", "note"]
    return pd.DataFrame([_curve_row(figure, curves[figure.stage]) for figure in recipe.curves], columns=columns)


def _curve_row(figure: PublishedCurve, curve: pd.DataFrame) -> list[Any]:
    first, last = (share * curve.step.max() for share in figure.part)
    rows = curve[(curve.step > first) & (curve.step <= last)]
    quantities = [name for name in (figure.quantity, figure.divided_by) if name]
    measured, *divisor = (rows.get(name, pd.Series(dtype=float)).mean() for name in quantities)
    for one in divisor:
        measured = measured / one
    low, high = figure.value if isinstance(figure.value, list) else (figure.value, figure.value)
    difference = measured - min(max(measured, low), high)
    text = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    part = " to ".join(f"{100 * share:g}" for share in figure.part)
    return [figure.stage, " / ".join(quantities), part, text, measured, difference, figure.note]


def wide(rows: pd.DataFrame) -> dict[str, Any]:
    """Rearrange :func:`compare_recipe`'s rows of one title and dataset: a row per method, three columns per metric.

    The result holds the arguments for showing the table: ``frame`` and, per column, ``formats``.
    """
    frame = pd.DataFrame({"method": labels_of(rows.method)})
    formats: dict[str, str] = {}
    for metric, group in rows.groupby("metric", sort=False):
        scores = group.set_index("method")
        theirs, ours = map(_metric_label, (str(metric), str(group.measured_as.iloc[0])))
        headings = {"published": f"{theirs}, published", "measured": f"{ours}, measured"}
        for column, heading in (headings | {"difference": f"difference in {ours}"}).items():
            if scores[column].notna().any():
                frame[heading] = scores[column]
                formats[heading] = ".2f" if str(metric).startswith(("psnr", "mos")) else ".3f"
    return {"frame": frame, "formats": formats}


def _metric_label(name: str) -> str:
    return METRICS[name].label if name in METRICS else LABELS.get(name, name)


class PublishedComparison(NamedTuple):
    """A file of compared scores, and the tables in which they are shown."""

    file: str
    frame: pd.DataFrame
    tables: list[Exhibit]


def compare_all(
    summary: pd.DataFrame,
    recipe: Published,
    curves: Mapping[str, pd.DataFrame],
    trainings: Mapping[str, Mapping[str, Any]],
    networks: Mapping[str, object],
) -> Iterator[PublishedComparison]:
    """Compare a run with its recipe's source and with the literature; comparisons without a row are left out.

    Parameters
    ----------
    summary : as ``metrics_summary.csv``.
    recipe : what the source of the run's recipe reports.
    curves, trainings : ``loss_curve.csv`` and flat parameters of each training stage.
    networks : the run's networks by method, whose classes say their architectures.
    """
    methods = counterparts({method: type(network).__name__ for method, network in networks.items()}, trainings)
    of_recipe = compare_recipe(summary, recipe, methods)
    if len(of_recipe):
        yield PublishedComparison("published_recipe.csv", of_recipe, _of_recipe(of_recipe))
    relative = relative_to_bicubic(of_recipe, summary)
    unneeded = ["title"] if relative.title.nunique() == 1 else []
    of_curves = compare_curves(recipe, curves)
    known = summary if trainings["warmup"]["degradation"] in BICUBIC else summary.head(0)
    literature = compare(known, trainings["warmup"]["scale"], methods)
    for name, frame, shown, spec, caption in (
        (
            "published_relative",
            relative,
            relative.drop(columns=unneeded).rename(columns=lambda name: name.replace("_", " ")),
            ".3f",
            f"{reaches(relative)} On other images only distances from bicubic can be compared: PSNR and SSIM minus "
            "bicubic's, LPIPS divided by bicubic's.",
        ),
        (
            "published_curves",
            of_curves,
            of_curves,
            ".4g",
            f"{(of_curves.difference == 0).sum()} of {len(of_curves)} quantities lie within what the source reports of "
            "its training. Means are over the same part (in per cent) of this run's training. Losses depend on their "
            "scaling, which sources rarely state; look for the same order of size.",
        ),
        (
            "published",
            literature,
            literature.drop(columns=["measured_as", "note"]),
            ".3f",
            f"{reaches(literature)} Test set and convention are the same.",
        ),
    ):
        if len(frame):
            formats = dict.fromkeys(("published", "measured", "difference"), spec)
            table = Exhibit(shown, name, caption, f"{name}.csv", {"formats": formats})
            yield PublishedComparison(f"{name}.csv", frame, [table])


def reaches(rows: pd.DataFrame) -> str:
    """Say how many published scores this run reaches, but for their rounding."""
    known = rows.dropna(subset=["measured", "difference"])
    if known.empty:
        return "None of these scores was measured in this run."
    lower = [not METRICS[name].higher_is_better if name in METRICS else name == "lpips" for name in known.metric]
    rounding = np.where(known.metric.str.startswith("psnr"), 0.005, 0.0005)
    reached = (known.difference * np.where(lower, -1, 1) >= -rounding).sum()
    return f"This run's score is at least as good as the published one in {reached} of {len(known)} comparisons."


def with_people(scale: int) -> Iterator[Exhibit]:
    """Show how well metrics order the methods of Ledig et al. as its 26 raters did, by its published figures."""
    rows = []
    for dataset, group in published(source="ledig2017", scale=scale).groupby("dataset", sort=False):
        table = group.pivot(index="method", columns="metric", values="value").drop(index="hr", errors="ignore")
        for metric in table.columns.drop("mos"):
            pairs = table[[metric, "mos"]].dropna()
            rows.append((dataset, METRICS[str(metric)].label, len(pairs), pairs.corr("spearman").iloc[0, 1]))
    frame = pd.DataFrame(rows, columns=["dataset", "metric", "methods", "rank correlation with MOS"])
    if frame.empty:
        return
    column = frame[frame.columns[-1]]
    text = (
        f"Ranks by metrics and by 26 raters correlate by {column.min():.2f} to {column.max():.2f} (Spearman) over "
        "the methods of Ledig et al. (2017), Table 2, without HR: there SRGAN, which people put first, has a low PSNR. "
        "It is computed from published means, and says nothing of single images."
    )
    yield Exhibit(frame, "people", text, options={"formats": {frame.columns[-1]: ".2f"}})


def _of_recipe(rows: pd.DataFrame) -> list[Exhibit]:
    """Make a table of each title and dataset."""
    tables, dash = [], once(" A dash: this run has no such score.")
    for number, ((title, test_set), group) in enumerate(rows.groupby(["title", "dataset"], sort=False), 1):
        shown = wide(group)
        caption = (
            f"{reaches(group)} Published is what <em>{escape(str(title))}</em> reports on <code>{test_set}</code>."
        )
        if number == 1:
            caption += (
                " Scores can only be compared where images and convention are the same; where the source does not "
                "state its convention, the column names what is measured here beside it."
            )
        if group.measured.isna().any():
            caption += next(dash)
        tables.append(Exhibit(shown.pop("frame"), f"published_{number}", caption, "published_recipe.csv", shown))
    return tables
