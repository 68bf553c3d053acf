"""Write the report of a run into its folder."""

from __future__ import annotations

from pathlib import Path

from srgan_lib.files import write_atomic
from srgan_lib.report.load_run import read_run
from srgan_lib.report.page import compose
from srgan_lib.report.pdf import render_pdf


def build_report(run_dir: Path) -> list[Path]:
    """Write ``report.html`` and ``report.pdf`` into a run's folder; the same folder gives the same bytes.

    Parameters
    ----------
    run_dir : folder of a finished run: five executed notebooks with manifests, ``metrics.csv``,
        ``metrics_summary.csv``, ``manifest.json`` and, where there are crops to look closer at,
        ``evaluation/viewer/index.json``.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    ReportError
        Naming what is missing or broken in the folder.
    """
    run = read_run(Path(run_dir))
    page, images = compose(run, "screen")
    html, pdf = run.directory / "report.html", run.directory / "report.pdf"
    write_atomic(html, images.embed(page))
    write_atomic(pdf, render_pdf(*compose(run, "paper")))
    return [html, pdf]
