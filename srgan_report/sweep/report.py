"""Write what a sweep leaves in its folder: the records of its runs, and the comparison report.

``runs.csv`` has the scores of all runs and ``sweep.json`` what traces them; notebook 06, executed on them, becomes
``report.html`` and ``report.pdf``.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from srgan_lib.csv_files import write_csv
from srgan_lib.files import load_json, write_json
from srgan_lib.layout import COMPARISON, STAGES
from srgan_report.hardware import machine, machine_text
from srgan_report.pipeline.manifests import read_manifest
from srgan_report.pipeline.notebook_execution import execute_notebook
from srgan_report.pipeline.provenance import commit
from srgan_report.project import find
from srgan_report.report.build import write_report
from srgan_report.report.images import Images
from srgan_report.report.notebooks import export, report_cells, split_chapters
from srgan_report.report.page import ReportContent, page_templates
from srgan_report.report.postprocess import postprocess
from srgan_report.sweep.comparison import mean_scores
from srgan_report.sweep.execution import PlannedSweep

TEMPLATE = Path(__file__).with_name("template")


def write_records(study: PlannedSweep, command: str) -> list[Path]:
    """Write ``runs.csv`` and ``sweep.json``, which names the ``command`` of the sweep, and return both paths."""
    runs, manifest = study.folder / "runs.csv", study.folder / "sweep.json"
    write_csv(runs, runs_table(study))
    write_json(manifest, sweep_manifest(study, command))
    return [runs, manifest]


def runs_table(study: PlannedSweep) -> pd.DataFrame:
    """Tabulate all runs, a row per run and test set, with the mean scores of the judged method over the images."""
    rows = []
    for outcome in study.outcomes.values():
        run = outcome.planned.run
        about = {"run": run.name, "setting": run.setting, **run.levels, "seed": run.seed, "state": outcome.state}
        about["cause"] = " ".join(outcome.cause.split())
        finished = outcome.state == "finished"
        scores = mean_scores(outcome.planned.directory, study.source.method) if finished else [{}]
        rows += [{**about, **means} for means in scores]
    return pd.DataFrame(rows)


def sweep_manifest(study: PlannedSweep, command: str) -> dict[str, Any]:
    """Describe a sweep: what it varies, by which rule it is judged, and what repeats each run."""
    source = study.source
    manifests = [read_manifest(run.directory / stage) for run in study.finished for stage in STAGES]
    begun = [manifest["started"] for manifest in manifests if manifest]
    return {
        "name": study.folder.name,
        "title": study.title,
        "command": command,
        "commit": commit(study.root),
        "machine": machine(),
        "started": max(begun, default="")[:10],  # the day on which the last stage began; empty before any has finished
        "files": {
            "sweep": source.path.name,
            "params": source.params.name,
            "overlays": [path.name for path in source.overlays],
        },
        "factors": [asdict(factor) for factor in study.factors],
        "seeds": source.definition.seeds,
        "method": source.method,
        "winner_by": source.definition.winner.by,
        "runs": {
            name: {
                "state": outcome.state,
                "cause": outcome.cause,
                "setting": outcome.planned.run.setting,
                "seed": outcome.planned.run.seed,
                **outcome.planned.run.levels,
                "command": study.command(outcome.planned.run),
                "fingerprints": {stage: plan.fingerprint for stage, plan in outcome.planned.stages.items()},
            }
            for name, outcome in study.outcomes.items()
        },
    }


def compare_runs(folder: Path, root: Path) -> list[Path]:
    """Execute the project's notebook 06 on a sweep's folder, which holds its records, and write the report.

    At least one run must be finished. The same results give the same bytes; the files written are returned.
    """
    executed = folder / COMPARISON.name
    executed.mkdir(exist_ok=True)
    shown = folder.relative_to(root) if folder.is_relative_to(root) else folder
    notebook = find(root, Path("notebooks", f"{COMPARISON.notebook}.ipynb"))
    execute_notebook(notebook, executed, {"sweep_dir": str(shown)}, root, threads=1)
    return write_report(comparison_content(folder))


def comparison_content(folder: Path) -> ReportContent:
    """Compose the report of a sweep whose notebook has been executed: summary, a chapter for each section, appendix."""
    images = Images()
    cells = report_cells(folder / COMPARISON.name / f"{COMPARISON.notebook}.ipynb", COMPARISON.name, images)
    chapters = dict.fromkeys(split_chapters(cells), "")
    context = _context(folder)
    templates = page_templates(TEMPLATE)
    head, end = (templates.get_template(f"{name}.html.j2").render(context) for name in ("summary", "appendix"))
    main = postprocess(f"<main>{head}{export(cells)}{end}</main>", chapters, images)
    return ReportContent(context["title"], context["finding"], context["started"], main, images, folder)


def _context(folder: Path) -> dict[str, Any]:
    """Gather what the templates show: the sweep's manifest, and the summary that the notebook wrote."""
    manifest, summary = load_json(folder / "sweep.json"), load_json(folder / COMPARISON.name / "summary.json")
    runs, winner = manifest["runs"], summary["winner"]
    finished = [run for run in runs.values() if run["state"] == "finished"]
    return {
        **manifest,
        **summary,
        "machine": machine_text(manifest["machine"]),
        "total": len(runs),
        "unfinished": len(runs) - len(finished),
        "winner_command": winner and next(run["command"] for run in finished if run["setting"] == winner["setting"]),
    }
