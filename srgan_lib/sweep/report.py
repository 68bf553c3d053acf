"""Make the comparison report of a sweep: notebook 06, executed and rendered as ``report.html`` and ``report.pdf``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from srgan_lib.files import load_json
from srgan_lib.formatting import machine_text
from srgan_lib.layout import COMPARISON
from srgan_lib.pipeline.notebook_execution import execute_notebook
from srgan_lib.report.build import write_report
from srgan_lib.report.images import Images
from srgan_lib.report.notebooks import new_book, report_cells, split_chapters
from srgan_lib.report.page import ReportContent, compose, page_templates
from srgan_lib.report.postprocess import Chapter

TEMPLATE = Path(__file__).with_name("template")


def compare_runs(folder: Path, root: Path) -> list[Path]:
    """Execute notebook 06 on a sweep's folder and write the report; the same results give the same bytes.

    Parameters
    ----------
    folder : the sweep's, with the records of :mod:`.records` and at least one finished run.
    root : the project, whose ``notebooks/`` are executed.

    Returns
    -------
    The files written.

    Raises
    ------
    StageFailed
        When the notebook raises.
    """
    executed = folder / COMPARISON.name
    executed.mkdir(exist_ok=True)
    shown = folder.relative_to(root) if folder.is_relative_to(root) else folder
    notebook = root / "notebooks" / f"{COMPARISON.notebook}.ipynb"
    execute_notebook(notebook, executed, {"sweep_dir": str(shown)}, root, threads=1)
    return write_report(comparison_content(folder), folder)


def comparison_content(folder: Path) -> ReportContent:
    """Compose the report of a sweep whose notebook has been executed: summary, a chapter for each section, appendix."""
    images = Images()
    cells = report_cells(folder / COMPARISON.name / f"{COMPARISON.notebook}.ipynb", COMPARISON.name, images)
    chapters = [Chapter(anchor) for anchor in split_chapters(cells)]
    context = _context(folder)
    templates = page_templates(TEMPLATE)
    return compose(
        new_book(context["title"], cells),
        chapters,
        images,
        summary=templates.get_template("summary.html.j2").render(context),
        appendix=templates.get_template("appendix.html.j2").render(context),
        finding=context["finding"],
        started=context["started"],
        folder=folder,
    )


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
