"""The comparison report of a sweep: ``report.html``, ``report.pdf``, ``runs.csv`` and ``sweep.json`` in its folder."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd

from srgan_lib import markup
from srgan_lib.files import read_json, write_atomic, write_json
from srgan_lib.hardware import machine
from srgan_lib.layout import STAGES
from srgan_lib.metrics.registry import METRICS
from srgan_lib.pipeline.assemble import commit
from srgan_lib.report.build import write_report
from srgan_lib.report.content import ReportContent, compose
from srgan_lib.report.images import Images
from srgan_lib.report.page import page_templates
from srgan_lib.report.postprocess import Chapter
from srgan_lib.sweep import figures
from srgan_lib.sweep.collection import baseline_table, common_crops, learning_curves, runs_table
from srgan_lib.sweep.findings import computed, effect, seed_variance, winner
from srgan_lib.sweep.statistics import over_seeds
from srgan_lib.sweep.study import Study

TEMPLATE = Path(__file__).with_name("template")
SHOWN_PATCHES = 14  #: settings at most in a grid of patches
NOTHING_COMMON = (
    "The settings were not judged on the same images, so they cannot be compared; give evaluation.test_sets a set that "
    "all of them have, such as Set5."
)


def build_comparison(study: Study, command: str) -> list[Path]:
    """Write the comparison of all runs that are finished; the same results give the same bytes.

    Parameters
    ----------
    command : what runs the sweep.

    Returns
    -------
    The files written; without a finished run there is no report among them.
    """
    runs = runs_table(study)
    table, manifest = study.folder / "runs.csv", study.folder / "sweep.json"
    write_atomic(table, runs.to_csv(index=False))
    write_json(manifest, _manifest(study, command))
    if not study.finished:
        return [table, manifest]
    return [table, manifest, *write_report(_content(study, runs, command), study.folder)]


def _content(study: Study, runs: pd.DataFrame, command: str) -> ReportContent:
    """Compose the comparison."""
    done = runs[runs.state == "finished"]
    first = _comparable(done)
    best = winner(first, list(study.source.definition.winner.by))
    chapters = {
        "settings": ("What was varied", _settings(study)),
        "runs": ("All runs", _runs(study, done)),
        "effects": ("What each parameter does", _effects(study, first)),
        "curves": ("Learning curves", _curves(study)),
        "plane": ("Fidelity against perception", _plane(study, first)),
        "patches": ("The same patch by every setting", _patches(study)),
        "unfinished": ("Runs that did not finish", _unfinished(study)),
    }
    chapters = {name: (title, cells) for name, (title, cells) in chapters.items() if cells}
    images = Images()
    book = nbformat.v4.new_notebook(metadata={"title": study.title, "language_info": {"name": "python"}})
    for name, (title, cells) in chapters.items():
        body = "\n\n".join([f"# {title}", *(images.take_from(cell) for cell in cells)])
        cell = nbformat.v4.new_markdown_cell(body, id=name)
        cell.metadata["stage"] = name
        book.cells.append(cell)
    sentences = [sentence for factor in study.factors for sentence in _sentences(first, factor)]
    sentences = sentences or [seed_variance(first, metric) for metric in computed(first)] or [NOTHING_COMMON]
    context = {
        "name": study.folder.name,
        "title": study.title,
        "total": len(study.outcomes),
        "unfinished": study.unfinished,
        "started": _last_day(study),
        "finding": " ".join(sentences[:3]),
        "winner": best if study.factors else None,
        "command": _winners_command(study, best.setting) if best else "",
        "machine": _machine(),
        "sweep_command": command,
        "commit": commit(study.root),
    }
    templates = page_templates(TEMPLATE)
    parts = {name: templates.get_template(f"{name}.html.j2").render(context) for name in ("summary", "appendix")}
    head = {"finding": context["finding"], "started": context["started"]}
    return compose(book, [Chapter(name) for name in chapters], images, **parts, **head)


def _comparable(done: pd.DataFrame) -> pd.DataFrame:
    """The rows of the first test set on which every setting was judged; none where there is no such set."""
    settings = done.groupby("dataset", sort=False).setting.nunique()
    common = settings.index[settings == done.setting.nunique()]
    return done[done.dataset == common[0]] if len(common) else done.iloc[:0]


def _settings(study: Study) -> list[str]:
    rows = [{"varied": factor.name, "values": ", ".join(factor.levels)} for factor in study.factors]
    seeds = study.source.definition.seeds
    rows += [{"varied": "shared.seed", "values": ", ".join(map(str, seeds))}] if seeds else []
    overlays = "".join(f" with <code>{html.escape(path.name)}</code>" for path in study.source.overlays)
    text = (
        f"All runs begin with <code>{html.escape(study.source.params.name)}</code>{overlays}; the sweep file is "
        f"<code>{html.escape(study.source.path.name)}</code>. What is not varied is the same in all of them, and a stage "
        "that does not depend on what is varied was computed once."
    )
    frame = pd.DataFrame(rows)
    return [text, _table(frame, "varied", "What was varied. Every combination was run with every seed.")]


def _runs(study: Study, done: pd.DataFrame) -> list[str]:
    cells = []
    for dataset, rows in done.groupby("dataset", sort=False):
        names = [name for name in METRICS if name in rows and rows[name].notna().any()]
        table = pd.DataFrame({"setting": rows.setting.unique()}).set_index("setting")
        for name in names:
            stats = over_seeds(rows, name)
            table["n"] = stats["n"]
            table[METRICS[name].heading] = [_with_interval(row, name) for row in stats.itertuples()]
        caption = (
            f"Mean over {html.escape(str(dataset))} ({int(rows.n.iloc[0])} images) and over the seeds, of which there are n, "
            "with Student’s 95 % interval over the seeds. What was not computed has no column."
        )
        cells.append(_table(table.reset_index(), f"settings_{dataset}", caption))
        single = pd.DataFrame({"run": [_link(study, run) for run in rows.run], "seed": list(rows.seed)})
        for name in names:
            single[METRICS[name].heading] = list(rows[name])
        formats = {METRICS[name].heading: f".{METRICS[name].digits}f" for name in names}
        best = {METRICS[name].heading: METRICS[name].best(rows[name]) for name in names}
        caption = "Every run; its name leads to its own report beside this one. The best of each column is bold."
        cells.append(_table(single, f"runs_{dataset}", caption, best, formats))
    return cells


def _effects(study: Study, rows: pd.DataFrame) -> list[str]:
    if rows.empty:
        return [NOTHING_COMMON]
    names = computed(rows)
    cells = []
    for factor in study.factors:
        chart = figures.main_effect(rows, factor, names)
        caption = (
            f"Every run as a grey point, and the mean over the runs at each value of <code>{html.escape(factor.name)}</code> "
            "with its 95 % interval over these runs. Look for differences that are larger than the intervals."
        )
        cells += [f"## {factor.short}", _figure(chart, f"effect_{factor.short}", caption)]
        cells += [html.escape(sentence) for sentence in _sentences(rows, factor)]
    if len(study.factors) == 2:
        for name in names:
            caption = "Mean over the seeds for each pair of values. Look for rows that do not all rise and fall alike: there the two depend on each other."
            cells.append(_figure(figures.heat_map(rows, *study.factors, name), f"map_{name}", caption))
    cells += ["## How much is luck?", *(html.escape(seed_variance(rows, name)) for name in names)]
    return cells


def _curves(study: Study) -> list[str]:
    curves = learning_curves(study)
    if curves.empty:
        return []
    caption = (
        "Validation images through training, one line for each run, one colour for each setting; dashed: bicubic. Look for "
        "lines that fall away from the others: there the training is not stable."
    )
    return [_figure(figures.learning_curves(curves), "curves", caption)]


def _plane(study: Study, rows: pd.DataFrame) -> list[str]:
    if rows.empty:
        return []
    if "lpips_alex" not in computed(rows):
        return ["Not drawn: LPIPS (alex) was not computed for these runs, and the plane needs it."]
    baselines = baseline_table(study)
    caption = (
        "Every run by its PSNR and its LPIPS, and the front of the runs that no other beats in both. To the right: more "
        "faithful; upwards: perceptually closer. What lies behind the front is worse than some other run whatever one wants."
    )
    baselines = baselines[baselines.dataset == rows.dataset.iloc[0]]
    return [_figure(figures.plane(rows, baselines), "plane", caption)]


def _patches(study: Study) -> list[str]:
    cells = []
    settings = {planned.run.setting: planned for planned in reversed(study.finished)}
    chosen = list(reversed(settings.values()))[:SHOWN_PATCHES]
    for (dataset, image), crops in common_crops(chosen).items():
        caption = (
            f"The middle of <code>{html.escape(image)}</code> ({html.escape(dataset)}) by the first seed of each setting"
            f"{f' (the first {SHOWN_PATCHES} of {len(settings)})' if len(settings) > SHOWN_PATCHES else ''}. Look for texture "
            "that is in HR too, and for patterns that are not."
        )
        chart = figures.patches(crops, study.source.method)
        cells.append(_figure(chart, f"patches_{dataset}_{image}", caption, vector=False))
    return cells or ["No test image is shown by all settings."]


def _unfinished(study: Study) -> list[str]:
    if not study.unfinished:
        return []
    rows = [
        {
            "run": outcome.planned.run.name,
            "state": outcome.state,
            "cause": " ".join(outcome.cause.split()) or "not begun or interrupted; the same command continues",
        }
        for outcome in study.unfinished
    ]
    return [
        _table(pd.DataFrame(rows), "unfinished", "The same command computes what is missing here, and nothing else.")
    ]


def _sentences(rows: pd.DataFrame, factor: Any) -> list[str]:
    found = [effect(rows, factor, metric) for metric in computed(rows)]
    return [one[1] for one in found if one]


def _with_interval(row: Any, name: str) -> str:
    measure = METRICS[name]
    if pd.isna(row.low):
        return measure.text(row.mean)
    return f"{measure.text(row.mean)} ({measure.text(row.low)} to {measure.text(row.high)})"


def _table(frame: pd.DataFrame, name: str, caption: str, best: Any = None, formats: Any = None) -> str:
    body = markup.table(frame, best or {}, formats or {})
    return markup.captioned(f"tab-{name}", markup.scrolling(body, name), caption, source="runs.csv")


def _figure(chart: Any, name: str, caption: str, vector: bool = True) -> str:
    kind, mime = ("svg", "image/svg+xml") if vector else ("png", "image/png")
    image = markup.image(markup.render(chart, kind), mime, chart.get_label(), inches=chart.get_figwidth())
    return markup.captioned(f"fig-{name}", image, caption, source="runs.csv" if vector else "")


def _link(study: Study, name: str) -> markup.Html:
    return markup.Html(f'<a class="beside" href="{name}/report.html">{html.escape(name)}</a>')


def _winners_command(study: Study, setting: str) -> str:
    run = next(planned.run for planned in study.finished if planned.run.setting == setting)
    return study.command(run)


def _last_day(study: Study) -> str:
    """The day on which the last stage began."""
    manifests = [read_json(run.directory / stage / "manifest.json") for run in study.finished for stage in STAGES]
    return max(manifest["started"] for manifest in manifests if manifest)[:10]


def _manifest(study: Study, command: str) -> dict[str, Any]:
    """What a reader needs to trace and repeat the sweep: ``sweep.json``."""
    return {
        "name": study.folder.name,
        "title": study.title,
        "command": command,
        "commit": commit(study.root),
        "factors": {factor.name: list(factor.levels) for factor in study.factors},
        "runs": {
            name: {
                "state": outcome.state,
                "cause": outcome.cause,
                "seed": outcome.planned.run.seed,
                **outcome.planned.run.levels,
                "command": study.command(outcome.planned.run),
                "fingerprints": {stage: plan.fingerprint for stage, plan in outcome.planned.stages.items()},
            }
            for name, outcome in study.outcomes.items()
        },
    }


def _machine() -> str:
    found = machine()
    return f"{found['cpu']}, {found['cores']} cores, {found['memory']} GiB memory"
