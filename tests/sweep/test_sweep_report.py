"""The comparison as papermill makes it: notebook 06 in a kernel of its own."""

from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from srgan_report.report.build import write_report
from srgan_report.sweep.report import compare_runs, comparison_content
from tests.sweep_example import FAILED, make_sweep

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The example's folder with its report."""
    folder = make_sweep(tmp_path_factory.mktemp("sweeps") / "example")
    compare_runs(folder, ROOT)
    return folder


@pytest.fixture(scope="module")
def page(example):
    return BeautifulSoup((example / "report.html").read_text(encoding="utf-8"), "html.parser")


def test_each_section_of_the_notebook_is_a_chapter(page):
    chapters = [heading.get_text(" ", strip=True) for heading in page.select("main h2")]
    assert chapters[0] == "1 Comparing settings" and chapters[-1] == "How it was made"
    for title in (
        "All runs",
        "What each parameter does",
        "Learning curves",
        "Which setting wins",
        "What did not finish",
    ):
        assert any(chapter.endswith(title) for chapter in chapters)
    ids = [element["id"] for element in page.find_all(id=True)]
    assert len(set(ids)) == len(ids)


def test_each_figure_names_the_file_that_it_is_drawn_from(example, page):
    sources = {figure["id"]: figure.get("data-source") for figure in page.select("figure.srgan")}
    assert sources["fig-learning_curves"] == "comparison/learning_curves.csv"
    assert sources["fig-plane"] == "runs.csv and comparison/baselines.csv"
    assert sources["tab-varied"] == "sweep.json"
    for source in sources.values():
        files = [name for name in source.split(" and ") if not name.startswith("evaluation/viewer")]
        assert all((example / name).exists() for name in files), source
    assert all("by notebook 06_comparison" in figure.get_text() for figure in page.select("figure.srgan"))
    curves = pd.read_csv(example / "comparison" / "learning_curves.csv")
    assert curves.run.nunique() == 23


def test_no_message_of_a_library_is_in_the_report(page):
    assert "Warning" not in page.get_text()


def test_what_failed_and_who_won_stand_at_the_top(page):
    top = page.select_one("#result").get_text(" ", strip=True)
    assert "1 of 24 runs did not finish" in top
    assert "Winner: adversarial_weight 0.01, batch 16" in top
    link = page.select_one("#result .notice a")["href"].removeprefix("#")
    listed = page.find(id=link).find_next("table").get_text()
    assert "adversarial_weight-{}.batch-{}.seed-{}".format(*FAILED) in listed


def test_the_same_folder_gives_the_same_bytes(example):
    before = {name: (example / name).read_bytes() for name in ("report.html", "report.pdf")}
    write_report(comparison_content(example))
    assert {name: (example / name).read_bytes() for name in before} == before
