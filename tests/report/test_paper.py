"""The report on paper: what is open in one file, what is looked up in another, figures beside their text."""

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from srgan_report.pipeline import archive
from srgan_report.report.build import run_content
from srgan_report.report.images import Images
from srgan_report.report.load_run import read_run
from srgan_report.report.page import ReportContent
from srgan_report.report.paper import APPENDIX, DRAWN, PARTS, REPORT, add_sheets, paper_pages, write_source
from tests.report.layout import layout
from tests.report_example import IMAGES, chart, make_run, photographs, png


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("results") / "demo")


@pytest.fixture(scope="module")
def content(run_dir: Path) -> ReportContent:
    return run_content(read_run(run_dir))


@pytest.fixture(scope="module")
def pages(content: ReportContent) -> dict[str, BeautifulSoup]:
    return {name: BeautifulSoup(page, "html.parser") for name, page in paper_pages(content).items()}


def labels(page: BeautifulSoup) -> list[str]:
    return [one.get_text() for one in page.select("figure .label")]


def test_every_figure_stands_in_one_of_the_files(content: ReportContent, pages: dict[str, BeautifulSoup]) -> None:
    report, appendix = labels(pages[REPORT]), labels(pages[APPENDIX])
    screen_only = [label for part in content.main.select("[data-only=screen]") for label in labels(part)]
    assert sorted(report + appendix + screen_only) == sorted(labels(content.main))
    assert report and appendix and not set(report) & set(appendix)


def test_what_is_looked_up_is_named_where_it_was(pages: dict[str, BeautifulSoup]) -> None:
    report, appendix = pages[REPORT], pages[APPENDIX]
    assert APPENDIX in report.select_one("[data-paper=contents]").find_next("div").get_text()
    named = report.select("[data-paper=elsewhere]")
    assert "Parameters · Versions · Fingerprints · Result files · Code" in named[-1].get_text()
    assert not report.select("table.parameters, table.hashes, pre.python, details")
    assert appendix.select("table.parameters") and appendix.select("table.hashes") and appendix.select("pre.python")
    assert report.select("#reproduce") and report.select("#glossary"), "what leads to others stays with the text"
    chapters = [one["id"] for one in appendix.select("h2")]
    assert chapters == [one["id"] for one in report.select("h2") if one["id"] in chapters], "in the same order, once"


def test_links_stay_inside_their_file(pages: dict[str, BeautifulSoup]) -> None:
    for page in pages.values():
        ids = {f"#{one['id']}" for one in page.find_all(id=True)}
        assert {one["href"] for one in page.select('a[href^="#"]')} <= ids


@pytest.fixture
def sheets(content: ReportContent, run_dir: Path) -> tuple[BeautifulSoup, Images]:
    """The figures of all images' parts, from the last image to the first, with their sheets."""
    figures = [f"{kind}_builtin_{image}" for kind in PARTS for image in reversed(IMAGES)]
    body = "".join(
        f'<figure id="{name}"><figcaption><b class="label">Figure {number}.</b></figcaption></figure>'
        for number, name in enumerate(figures, 7)
    )
    main, images = BeautifulSoup(f"<main>{body}</main>", "html.parser"), Images()
    add_sheets(main.main, read_run(run_dir), images)
    return main, images


def test_one_sheet_stands_for_the_figures_of_a_kind(sheets: tuple[BeautifulSoup, Images]) -> None:
    main, images = sheets
    tables = main.select("figure[data-only=paper] table")
    assert [one.find_parent("figure").select_one(".label").get_text() for one in tables] == [
        "Figures 7 to 9.",
        "Figures 10 to 12.",
    ]
    assert all(one["data-only"] == "screen" for one in main.select("figure[id^=fig-]"))
    for table in tables:
        assert [row.td.get_text() for row in table.select("tbody tr")] == list(reversed(IMAGES))
        assert [one.get_text() for one in table.select("th")][1:] == [
            "LR",
            "bicubic",
            "SRCNN",
            "warm-up",
            "SRGAN",
            "HR",
        ]
    with Image.open(io.BytesIO(images._files[tables[0].img["src"]])) as lr:
        pixels = np.asarray(lr)
    assert pixels.shape == (DRAWN, DRAWN, 3)
    assert np.array_equal(pixels, pixels[::16, ::16].repeat(16, axis=0).repeat(16, axis=1)), "LR's pixels are squares"


def long_report(folder: Path) -> ReportContent:
    """Three chapters of text and figures, as many as the demo has, and a conclusion."""
    images = Images()
    drawn, photograph = (
        images.add(chart("loss", 0), "image/svg+xml"),
        next(iter(photographs().values())).resize((1000, 800)),
    )
    pictures = [(drawn, 614, 346), (images.add(png(photograph), "image/png"), 1000, 800), (drawn, 614, 288)]
    text = "<p>" + "Which detail comes back depends on what the network has seen before. " * 9 + "</p>"
    parts = []
    for number in range(18):
        if number % 6 == 0:
            parts.append(f'<h2 id="chapter-{number}">Chapter</h2>{text}')
        source, width, height = pictures[number % 3]
        parts.append(f'<h3 id="section-{number}">Section</h3>{text * (1 + number % 2)}')
        parts.append(
            f'<figure class="srgan" id="fig-{number}"><img src="{source}" width="{width}" height="{height}" alt="A">'
            f'<figcaption><b class="label">Figure {number}.</b> {"What this run shows, and what to look for. " * 4}'
            f"</figcaption></figure>"
        )
    parts.append(f'<h3 id="evaluation-conclusion">Conclusion</h3>{text}')
    main = BeautifulSoup(
        f'<main><h1>A study</h1><div data-paper="contents"></div>{"".join(parts)}</main>', "html.parser"
    )
    return ReportContent("A study", "It works.", "2026-03-01", main.main, images, folder)


def test_figures_stand_beside_their_text_and_pages_are_full(tmp_path: Path) -> None:
    content = long_report(tmp_path)
    [page] = paper_pages(content).values()
    found = layout(write_source(page, content.images, tmp_path))
    assert len(found.distances) == 18 and set(found.distances.values()) <= {-1, 0, 1}
    assert found.headings["evaluation-conclusion"] >= max(found.figures.values()), "after its evidence"
    assert min(found.full[:-1]) > 0.5 and len(found.full) <= 10


def test_the_archive_fills_its_room_and_names_what_it_leaves_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = {
        "adversarial/discriminator.safetensors": 900,
        "adversarial/generator.safetensors": 500,
        "warmup/generator.safetensors": 500,
        "evaluation/figures/plane.svg": 200,
        "evaluation/metrics.csv": 300,
        "evaluation/images/hr/a.png": 400,
        "adversarial/checkpoints/step_1.safetensors": 3000,
        "report.html": 900,
        "manifest.json": 10,
        "final.safetensors": 500,
        **{f"{stage}/manifest.json": 10 for stage in ("warmup", "adversarial", "evaluation")},
    }
    rng = np.random.default_rng(0)
    for name, size in sizes.items():
        (tmp_path / "run" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "run" / name).write_bytes(rng.bytes(size))
    stages: dict[str, dict[str, dict[str, str]]] = {
        stage: {"outputs": {}} for stage in ("warmup", "adversarial", "evaluation")
    }
    for name in sizes:
        stage, _, file = name.partition("/")
        if file not in ("", "manifest.json") and "checkpoints" not in file:
            stages[stage]["outputs"][file] = ""
    monkeypatch.setattr(archive, "ROOM", 2150)
    top = {"final.safetensors": "adversarial/generator.safetensors"}
    held = {}
    for everything in (False, True):
        with zipfile.ZipFile(archive.write_archive(tmp_path / "run", stages, ["report.html"], top, everything)) as file:
            held[everything] = {name.removeprefix("run/") for name in file.namelist()}
            if not everything:
                told = file.read(f"run/{archive.LEFT_OUT}").decode()
    assert held[True] == set(sizes)
    left_out = set(sizes) - held[False]
    assert (
        left_out
        == set(re.findall(r"bytes  ([^\s,]+)", told))
        == {
            "adversarial/discriminator.safetensors",
            "adversarial/checkpoints/step_1.safetensors",
            "adversarial/generator.safetensors",
            "evaluation/images/hr/a.png",
            "warmup/generator.safetensors",
        }
    ), "a small figure finds room where a large network did not"
    assert "adversarial/generator.safetensors, which is final.safetensors" in told and "4 files" not in told
