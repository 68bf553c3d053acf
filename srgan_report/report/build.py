"""Write the report of a run into its folder, with a chapter "What people say" where people have answered."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from bs4 import Tag
from markupsafe import Markup
from matplotlib.figure import Figure

from srgan_lib.files import write_atomic
from srgan_lib.formatting import printable
from srgan_report.exhibits import markup
from srgan_report.exhibits.markup import Exhibit
from srgan_report.opinion.analysis import Analysis
from srgan_report.opinion.exhibits import exhibits, findings
from srgan_report.opinion.results import read_results
from srgan_report.opinion.study import SIMULATED
from srgan_report.report import appendix, summary
from srgan_report.report.images import Images
from srgan_report.report.load_run import FinishedRun, read_run
from srgan_report.report.notebooks import export, report_cells
from srgan_report.report.page import TEMPLATE, ReportContent, page_templates, screen_page
from srgan_report.report.paper import add_sheets, paper_pages, typeset
from srgan_report.report.postprocess import postprocess
from srgan_report.report.viewer import make_viewer

PEOPLE = "people"  #: the id of the chapter's heading
REHEARSAL = (
    "Nobody has looked at these images: raters, votes and the methods' qualities are invented, to rehearse a study."
)


def build_report(run_dir: Path, whole: bool = False) -> list[Path]:
    """Write ``report.html`` and the PDF files into a run's folder; the same folder gives the same bytes.

    The folder is that of a finished run: five executed notebooks with manifests, ``metrics.csv``,
    ``metrics_summary.csv``, ``manifest.json`` and, where there are images to look closer at,
    ``evaluation/viewer/index.json`` and ``evaluation/images/index.json``. With ``whole`` the viewer has whole images in
    place of crops. :class:`.ReportError` names what is missing or broken.
    """
    return write_report(run_content(read_run(Path(run_dir)), whole))


def run_content(run: FinishedRun, whole: bool = False) -> ReportContent:
    """Compose the report of a run: summary, a chapter for each notebook, appendix."""
    images = Images()
    cells = [cell for stage in run.stages for cell in report_cells(stage.notebook, stage.info.name, images)]
    bylines = {
        stage.info.name: f"Notebook {stage.info.notebook}, {stage.manifest['seconds']:.0f} s" for stage in run.stages
    }
    viewer = make_viewer(run, images, whole)
    templates = page_templates(TEMPLATE)
    gallery = templates.get_template("gallery.html.j2").render(viewer=viewer, gains=summary.gains(run.scores), run=run)
    per_image = templates.get_template("per_image.html.j2").render(summary.per_image(run.scores))
    context = {"run": run, **summary.context(run, images), **appendix.context(run, cells), "opening": ""}
    if run.own_photographs:
        context["opening"], gallery = Markup(gallery), ""
    head = templates.get_template("summary.html.j2").render(context)
    people = people_chapter(read_results(run.directory), context["scale"], images)
    if people:
        bylines[PEOPLE] = "From the answers in opinion/"
    end = templates.get_template("appendix.html.j2").render(context)
    main = postprocess(f"<main>{head}{export(cells)}{people}{end}</main>", bylines, images, viewer, gallery + per_image)
    shorten_folders(main, run)
    add_sheets(main, run, images)
    title, started = run.manifest["title"], context["started"]
    return ReportContent(title, context["lead"], started, main, images, run.directory, viewer)


def shorten_folders(main: Tag, run: FinishedRun) -> None:
    """Name the user's folders by their last part, but in the command that reproduces the run, which has all of it."""
    shared, command = run.manifest["parameters"]["shared"], run.manifest["command"]
    for folder in filter(None, (shared["image_folder"], shared["lr_folder"])):
        if (name := Path(folder).name) != folder:
            pattern = re.compile(rf"(?<![\w/.]){re.escape(printable(folder))}(?!\w)")
            for text in main.find_all(string=pattern):
                if not (command and command in text):
                    text.replace_with(pattern.sub(lambda _, name=name: f"…/{printable(name)}", text))


def write_report(content: ReportContent) -> list[Path]:
    """Write a composed report as ``report.html`` and as PDF files into its folder, and return their paths."""
    files = {"report.html": content.images.embed(markup.page_text(screen_page(content))).encode()}
    files |= {name: typeset(markup.page_text(page), content.images) for name, page in paper_pages(content).items()}
    for name, data in files.items():
        write_atomic(content.folder / name, data)
    return [content.folder / name for name in files]


def people_chapter(results: Analysis | None, scale: int, images: Images) -> str:
    """Write the chapter "What people say" as HTML, its images by their names in ``images``; empty without answers."""
    if results is None:
        return ""
    heading = "What people say"
    if results.summary["simulated"]:
        heading = "What simulated raters say"
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in findings(results))
    shown = "".join(_shown(exhibit) for exhibit in exhibits(results, scale))
    return images.take_from(f'<h2 id="{PEOPLE}">{heading}</h2>{paragraphs}{shown}')


def write_rehearsal(run_dir: Path, results: Analysis, scale: int) -> Path:
    """Write the chapter of a simulated study as a page of its own, which says so, beside the simulated answers."""
    title = f"SIMULATED: a rehearsal of the opinion study of {run_dir.name}"
    images = Images()
    notice = f'<p class="notice" style="border: 2px solid; padding: .5em"><strong>{REHEARSAL}</strong></p>'
    head = f'<h1 id="result">{escape(printable(title))}</h1>{notice}'
    main = postprocess(f"<main>{head}{people_chapter(results, scale, images)}</main>", {PEOPLE: ""}, images)
    content = ReportContent(title, REHEARSAL, "", main, images, run_dir)
    path = run_dir / SIMULATED / "opinion_rehearsal.html"
    write_atomic(path, images.embed(markup.page_text(screen_page(content))))
    return path


def _shown(exhibit: Exhibit) -> str:
    if isinstance(exhibit.content, Figure):
        kind, body = "fig", markup.chart(exhibit.content)
    else:
        kind, body = "tab", markup.table(exhibit.content, exhibit.name, **exhibit.options)
    return markup.captioned(f"{kind}-{exhibit.name}", body, exhibit.caption, source=exhibit.source)
