"""The report of a run: one self-contained ``report.html``, and ``report.pdf`` of the same content.

The five executed notebooks become one document between a front that opens with the answer and an appendix::

    folder, scores ──> front, plates ──┐
    folder ──> book (five notebooks) ──┼──> page ──> report.html
    folder, book ──> appendix ─────────┘        └──> paper ──> report.pdf
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal


class ReportError(RuntimeError):
    """A run folder that no report can be made of, or a program that the PDF needs and is not there."""


def build_report(run_dir: Path, *, pdf_engine: Literal["typst", "chromium"] = "typst") -> list[Path]:
    """Write ``report.html`` and ``report.pdf`` into a run's folder; the same folder gives the same bytes.

    Parameters
    ----------
    run_dir : folder of a finished run: five executed notebooks with manifests, ``metrics.csv``,
        ``metrics_summary.csv``, ``manifest.json`` and, where there are crops to look closer at,
        ``evaluation/viewer/index.json``.
    pdf_engine : ``typst`` sets the pages; ``chromium`` prints the HTML as it looks (its PDF carries a date).

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    ReportError
        Naming what is missing or broken in the folder, or the browser that ``chromium`` needs.
    """
    from srgan_lib.files import write_atomic
    from srgan_lib.pipeline.report.folder import read_run
    from srgan_lib.pipeline.report.page import compose
    from srgan_lib.pipeline.report.paper import print_page, typeset

    run = read_run(Path(run_dir))
    page, images = compose(run, "screen")
    html, pdf = run.directory / "report.html", run.directory / "report.pdf"
    write_atomic(html, images.embed(page))
    if pdf_engine == "chromium":
        print_page(html, pdf)
    else:
        write_atomic(pdf, typeset(*compose(run, "paper")))
    return [html, pdf]
