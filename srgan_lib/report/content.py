"""Compose what a report says, once; :mod:`srgan_lib.report.page` renders it for the screen and for paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bs4 import Tag
from nbformat import NotebookNode

from srgan_lib.report.csv_files import csv_files
from srgan_lib.report.export import export
from srgan_lib.report.images import Images
from srgan_lib.report.postprocess import Chapter, postprocess
from srgan_lib.report.viewer import Viewer


@dataclass(frozen=True)
class ReportContent:
    """A composed report.

    Attributes
    ----------
    title, finding, started : what the page's head says; ``started`` is a date, YYYY-MM-DD.
    main : summary, chapters and appendix. An element for one medium has the attribute ``data-only``.
    images : the images, whose names ``main`` and the viewer have.
    viewer : the images to look closer at, if there are any.
    files : the CSV files behind the figures, by path.
    """

    title: str
    finding: str
    started: str
    main: Tag
    images: Images
    viewer: Viewer | None = None
    files: Mapping[str, str] = field(default_factory=dict)


def compose(
    book: NotebookNode,
    chapters: Sequence[Chapter],
    images: Images,
    *,
    summary: str,
    appendix: str,
    finding: str,
    started: str,
    folder: Path,
    viewer: Viewer | None = None,
    gallery: str = "",
) -> ReportContent:
    """Compose a report of a notebook whose cells know their chapter, between a summary and an appendix.

    Parameters
    ----------
    book : with ``metadata.title``; each cell with ``metadata.stage``, the name of its chapter.
    chapters : those that are numbered, in order.
    images : the images, whose names stand in the cells, the summary and the appendix.
    summary, appendix : as HTML.
    finding, started : see :class:`ReportContent`.
    folder : the run's or the sweep's, in which the figures' sources lie.
    viewer : the images to look closer at.
    gallery : of these images, as HTML; stands under the heading of chapter *evaluation*'s images.
    """
    main = postprocess(f"<main>{summary}{export(book)}{appendix}</main>", chapters, images, viewer, gallery)
    return ReportContent(book.metadata.title, finding, started, main, images, viewer, csv_files(main, folder))
