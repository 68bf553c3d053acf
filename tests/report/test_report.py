"""The report of a realistic run: complete, self-contained, repeatable, and honest about what is missing."""

import base64
import copy
import io
import itertools
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from srgan_lib.files import sha256_file
from srgan_lib.layout import STAGES, LayoutError, StageInfo
from srgan_report.pipeline.archive import ARCHIVE
from srgan_report.pipeline.assemble import REPORT, TOP_LEVEL, assemble_again, export_lr
from srgan_report.pipeline.manifests import OutputsChanged, read_manifest, write_manifest
from srgan_report.report import flow
from srgan_report.report.build import build_report, run_content
from srgan_report.report.load_run import ReportError, read_run
from tests.report_example import FINDING, IMAGES, WARNING, make_run, write_scores


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_run(tmp_path_factory.mktemp("results") / "demo")
    assert build_report(folder) == [folder / name for name in REPORT]
    return folder


@pytest.fixture(scope="module")
def page(run_dir: Path) -> BeautifulSoup:
    return BeautifulSoup((run_dir / "report.html").read_text(), "html.parser")


@pytest.fixture
def fresh(run_dir: Path, tmp_path: Path) -> Path:
    """A run folder to break, without its report."""
    return shutil.copytree(run_dir, tmp_path / "demo", ignore=shutil.ignore_patterns("report.*"))


def test_asks_no_other_host_for_anything(page: BeautifulSoup) -> None:
    assert "Open in Colab What super-resolution has to" in page.text, "of an image elsewhere its description stays"
    assert "All is well." in page.text and len(page.find_all("script")) == 5
    policy = page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'")
    for element in page.find_all(True):
        for name, value in element.attrs.items():
            if name in ("src", "srcset", "poster", "data", "action", "xlink:href", "background"):
                assert value.startswith("data:image/"), (element.name, name, value[:80])
            if name == "href":
                assert value.startswith("#") or element.name == "a", (element.name, value)
    assert not page.find_all(["link", "iframe", "object", "embed", "base"])
    for sheet in page.find_all(["style", "script"], type=None):
        assert not re.search(
            r"url\(|@import|fetch\(|XMLHttpRequest|\bimport\b|WebSocket|sendBeacon|https?://", sheet.string
        )


def test_opens_with_the_answer(page: BeautifulSoup) -> None:
    before = page.find("h2", id="data").find_all_previous(string=True)
    text = " ".join(before)
    lead = page.select_one(".finding").text
    assert lead.count(". ") == 0 and "to enlarge photographs 4×; its images of 3 photographs" in lead
    assert [tile.b.text for tile in page.select(".tiles li")] == [
        "27\N{NO-BREAK SPACE}% closer",
        "−0.30 dB",
        "not sure",
    ]
    assert page.text.count(FINDING) == 0, "the conclusion stands in its place"
    assert WARNING in text
    assert (
        "Largest gain over bicubic by LPIPS (alex): chelsea" in text
        and "Smallest gain over bicubic by LPIPS (alex): coffee" in text
    )
    assert "Intel Xeon, 2 cores, 7.8 GiB memory, no GPU; 7 min 42 s in all" in text.replace("\xa0", " ")


def test_marks_the_best_of_each_column(page: BeautifulSoup) -> None:
    table = page.select_one("#tab-results table")
    best = {row.th.text: [cell.text for cell in row.select("strong")] for row in table.select("tbody tr")}
    assert best == {
        "nearest": [],
        "bilinear": [],
        "Lanczos": [],
        "bicubic": [],
        "SRCNN": [],
        "warm-up": ["28.40", "0.788"],
        "SRGAN": ["0.262"],
    }
    assert [cell.text for cell in table.select("thead th")] == [
        "Method",
        "PSNR‑Y, dB\xa0↑",
        "SSIM‑Y (Wang)\xa0↑",
        "LPIPS (alex)\xa0↓",
    ]


def test_ids_are_unique_and_links_lead_somewhere(page: BeautifulSoup) -> None:
    ids = Counter(element["id"] for element in page.find_all(id=True))
    assert max(ids.values()) == 1
    for link in page.find_all("a"):
        assert link["href"].removeprefix("#") in ids or link["href"].startswith("https://"), link
    assert page.find("a", href="#evaluation", string="05_evaluation"), "a link to another notebook leads to its chapter"


def test_headings_go_down_one_level_at_a_time(page: BeautifulSoup) -> None:
    levels = [int(heading.name[1]) for heading in page.select("main h1, main h2, main h3, main h4")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    chapters = [heading.get_text(" ", strip=True) for heading in page.select("main h2")]
    assert chapters == [
        "This run",
        "1 Data exploration",
        "2 SRCNN baseline",
        "3 Warm-up",
        "4 Adversarial training",
        "5 Evaluation",
        "Appendix",
    ]
    assert [link.text for link in page.select("nav > details > ol > li > a")] == chapters


def test_mathematics_is_mathml(page: BeautifulSoup) -> None:
    assert len(page.find_all("math", display="block")) == 1
    assert len(page.find_all("math")) > 10
    prose = copy.copy(page)
    for code in prose(["annotation", "code", "pre", "script", "style"]):
        code.extract()
    assert not re.search(r"\\[a-zA-Z]+|\$\$|\$[A-Z\\]", prose.text)
    assert "A price of $5 is not mathematics" in prose.text


def test_figures_are_numbered_and_name_their_origin(page: BeautifulSoup) -> None:
    captions = [figure.figcaption.get_text(" ", strip=True) for figure in page.select("main figure.srgan")]
    numbers = [re.match(r"(Figure|Table) (\d+)\.", caption).groups() for caption in captions]
    for kind in ("Figure", "Table"):
        assert [int(n) for k, n in numbers if k == kind] == list(range(1, sum(k == kind for k, _ in numbers) + 1))
    assert "Made from warmup/loss_curve.csv by notebook 03_warmup." in page.text
    assert all(image["alt"] and image["width"] for image in page.select("main img"))
    assert all(table.parent["tabindex"] == "0" for table in page.find_all("table")), "wide tables scroll in a box"


def test_the_stages_are_drawn_where_the_report_describes_the_run(page: BeautifulSoup) -> None:
    figure = page.select_one("#fig-stages")
    assert figure.find_previous("h2")["id"] == "run"
    assert "Evaluation reads Data exploration, SRCNN baseline, Warm-up, Adversarial." in figure.img["alt"]
    assert int(figure.img["width"]) <= 400, "the width of a phone"


def test_the_drawing_of_the_stages_is_made_from_their_table(monkeypatch: pytest.MonkeyPatch) -> None:
    more = StageInfo("proof", "06_proof", ("srcnn", "evaluation"))
    monkeypatch.setattr(flow, "STAGES", {**STAGES, "proof": more})
    figure = flow.draw_stages("photos")
    [axes] = figure.axes
    texts = [one for one in axes.texts if one.get_text()]
    arrows = len(axes.texts) - len(texts)
    assert arrows == 1 + sum(len(info.upstream) for info in (*STAGES.values(), more))
    assert {info.title for info in (*STAGES.values(), more)} < {one.get_text() for one in texts}
    assert "Proof reads SRCNN baseline, Evaluation." in figure.get_label()


def test_the_first_picture_comes_early(run_dir: Path) -> None:
    head = (run_dir / "report.html").read_text().partition('class="tiles"')[0]
    assert head.count('src="data:image') == 5 and len(head) < 1.5 * 4e6 / 8, "within 1.5 s at 4 Mbit/s"


def test_an_image_is_stored_once(page: BeautifulSoup) -> None:
    sources = Counter(image["src"] for image in page.find_all("img"))
    assert max(sources.values()) == 1
    assert len(page.select(".panel")) == 3 * 5, "the median gain, the largest and the smallest"
    assert page.select_one("#fig-grid_builtin_chelsea")["data-view"] == "builtin/chelsea"


def test_the_viewer_holds_whole_images_of_all_methods_without_loss_on_request(page: BeautifulSoup, fresh: Path) -> None:
    whole = BeautifulSoup(build_report(fresh, whole=True)[0].read_text(), "html.parser")
    held = whole.find(id="viewer-images")
    assert held["data-keys"].split("\n") == [f"builtin/{image}" for image in IMAGES]
    data = json.loads(held.string)
    assert data["note"] == ""
    for one in data["images"]:
        assert [version["method"] for version in one["versions"]] == ["lr", "bicubic", "srcnn", "warmup", "srgan", "hr"]
        for version in one["versions"]:
            file = fresh / "evaluation/images" / version["method"] / f"{one['key']}.png"
            shown = base64.b64decode(version["source"].partition(";base64,")[2])
            assert len(shown) <= file.stat().st_size
            with Image.open(io.BytesIO(shown)) as ours, Image.open(file) as original:
                assert np.array_equal(np.asarray(ours.convert("RGB")), np.asarray(original.convert("RGB")))
    assert [item["data-view"] for item in page.select(".gallery li")] == held["data-keys"].split("\n")


def test_the_viewer_has_crops_and_says_so(page: BeautifulSoup, fresh: Path) -> None:
    data = json.loads(page.find(id="viewer-images").string)
    assert data["note"] in page.select_one(".gallery-box").text and "a part of 3 of 3 test images" in data["note"]
    for one in data["images"]:
        versions = {version["method"]: version["source"] for version in one["versions"]}
        images = {
            method: Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) for method, uri in versions.items()
        }
        assert images["hr"].size == (one["width"], one["height"]) == (224, 224) and images["lr"].size == (56, 56)
        with Image.open(fresh / f"evaluation/images/hr/{one['key']}.png") as whole:
            assert cut_of(np.asarray(whole.convert("RGB")), np.asarray(images["hr"].convert("RGB"))), "without loss"


def cut_of(whole: np.ndarray, part: np.ndarray) -> bool:
    """Whether a part is in an image pixel by pixel."""
    rows, columns = (whole.shape[axis] - part.shape[axis] + 1 for axis in (0, 1))
    places = itertools.product(range(rows), range(columns))
    return any(np.array_equal(whole[y : y + len(part), x : x + part.shape[1]], part) for y, x in places)


def test_images_that_find_no_room_are_named(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("srgan_report.report.viewer.MOST", 1)
    page = BeautifulSoup(build_report(fresh)[0].read_text(), "html.parser")
    assert len(json.loads(page.find(id="viewer-images").string)["images"]) == 1
    assert "a part of 1 of 3 test images" in page.select_one(".gallery-box").text


def test_code_waits_for_its_button_and_noise_is_not_shown(page: BeautifulSoup) -> None:
    assert page.select(".highlight") and all(code.find_parent(class_="code") for code in page.select(".highlight"))
    assert "hidden-from-the-report" not in page.text
    assert "step 400/400: done" in page.text and "step 1/400" not in page.text, "of a progress bar its last state"


def test_appendix_tells_how_to_do_it_again(page: BeautifulSoup) -> None:
    appendix = page.select_one(".appendix")
    assert appendix.find("pre").text == "srgan run params/demo.yaml -p adversarial.adversarial_weight=1e-3"
    assert [mark.text for mark in appendix.select("table mark")] == ["0.001"]
    row = appendix.find("mark", string="0.001").find_parent("tr")
    assert [cell.text for cell in row.find_all(["th", "td"])][:3] == ["adversarial_weight", "0.001", "0.005"]
    assert "0123456789abcdef" in appendix.text and "torch" in appendix.text


def test_the_same_folder_gives_the_same_bytes(run_dir: Path) -> None:
    before = [(run_dir / name).read_bytes() for name in REPORT]
    assert all(pdf.startswith(b"%PDF") for pdf in before[1:])
    assert [path.read_bytes() for path in build_report(run_dir)] == before


def test_what_was_not_computed_is_said(fresh: Path) -> None:
    write_scores(fresh, lpips=False)
    page = BeautifulSoup(build_report(fresh)[0].read_text(), "html.parser")
    cells = page.select("#tab-results td.missing")
    assert [(cell.text, cell["rowspan"]) for cell in cells] == [("not computed", "7")]
    assert "LPIPS" not in page.select_one(".example figcaption").text, "examples are then chosen by PSNR"


@pytest.mark.slow
def test_a_run_without_crops_or_warnings(fresh: Path) -> None:
    for folder in ("viewer", "images"):
        (fresh / "evaluation" / folder / "index.json").unlink()
    write_manifest(fresh / "data", {**manifest_of(fresh / "data"), "warnings": []})
    page = BeautifulSoup(build_report(fresh)[0].read_text(), "html.parser")
    assert not page.select(".panel") and not page.find(id="warnings")
    assert (
        "Largest gain over bicubic by LPIPS (alex): chelsea" in page.text and "No stage warned of anything" in page.text
    )


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "no such run folder"),
        ("warmup/03_warmup.ipynb", "stage 'warmup' of this run is not finished"),
        ("manifest.json", "missing"),
        ("metrics.csv", "missing"),
        ("evaluation/conclusion.txt", "missing"),
        ("evaluation/viewer/builtin__coffee__srgan.png", "not there; run stage evaluation again"),
    ],
)
def test_names_what_is_missing(fresh: Path, path: str, message: str) -> None:
    gone = fresh / path
    gone.rename(fresh.parent / "elsewhere")
    with pytest.raises(ReportError, match=re.escape(str(gone.parent if "viewer" in path else gone))) as caught:
        build_report(fresh)
    assert message in str(caught.value)
    assert not (fresh / "report.html").exists()


def test_names_a_broken_manifest(fresh: Path) -> None:
    (fresh / "srcnn/manifest.json").write_text("{")
    with pytest.raises(ReportError, match=r"srcnn/manifest\.json: not valid JSON"):
        build_report(fresh)


def test_import_is_cheap() -> None:
    heavy = "torch", "nbconvert", "nbformat", "pandas", "matplotlib", "pypandoc", "typst", "bs4"
    code = f"import sys, srgan_report.report; print([m for m in {heavy} if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_report_and_archive_are_made_again_together(fresh: Path) -> None:
    write_manifest(fresh, {**manifest_of(fresh), "content": "of what was there before"})
    (fresh / "notes.txt").write_text("the user's")
    assert [file.name for file in assemble_again(fresh)] == [*REPORT, ARCHIVE]
    with zipfile.ZipFile(fresh / ARCHIVE) as archive:
        [member] = [name for name in archive.namelist() if name.endswith("/report.html")]
        assert archive.read(member) == (fresh / "report.html").read_bytes()
        assert not any("notes" in name for name in archive.namelist()), "no file of the run"
    assert "content" not in manifest_of(fresh), "the next run looks again"
    recorded = manifest_of(fresh)["outputs"]
    assert recorded == {name: sha256_file(fresh / name) for name in (*TOP_LEVEL, *REPORT, ARCHIVE)}


def test_a_report_that_fails_leaves_the_manifest_alone(fresh: Path) -> None:
    before = (fresh / "manifest.json").read_bytes()
    (fresh / "evaluation/metrics.csv").unlink()
    with pytest.raises(OutputsChanged) as error:
        assemble_again(fresh)
    assert error.value.files == ["evaluation/metrics.csv"]
    assert (fresh / "manifest.json").read_bytes() == before


def manifest_of(folder: Path) -> dict[str, Any]:
    manifest = read_manifest(folder)
    assert manifest is not None
    return manifest


@pytest.mark.slow
def test_the_report_of_one_s_own_photographs_opens_with_them(fresh: Path) -> None:
    manifest = read_manifest(fresh)
    manifest["parameters"]["shared"]["dataset"] = "folder"
    write_manifest(fresh, manifest)
    page = run_content(read_run(fresh)).main
    gallery, finding = page.select_one(".gallery"), page.select_one(".finding")
    assert len(page.select(".gallery")) == 1
    assert gallery.find_next(class_="finding") is finding and page.select_one("h1").find_next("ul") is gallery
    shown = [item["data-view"] for item in gallery.select("li")]
    assert shown == [f"builtin/{image}" for image in IMAGES]
    assert "made small and enlarged 4× by SRGAN" in gallery.find_previous("p").text


def test_lr_images_are_copied_for_methods_of_one_s_own(run_dir: Path, tmp_path: Path) -> None:
    files = export_lr(run_dir, tmp_path / "lr")
    assert {file.relative_to(tmp_path / "lr").as_posix() for file in files} == {
        f"builtin/{name}.png" for name in IMAGES
    }
    for file in files:
        assert file.read_bytes() == (run_dir / "evaluation/images/lr/builtin" / file.name).read_bytes()
    with pytest.raises(LayoutError) as refused:
        export_lr(run_dir, tmp_path / "lr")
    assert refused.value.path == tmp_path / "lr"


def test_changed_lr_images_are_not_given_to_anyone(fresh: Path, tmp_path: Path) -> None:
    (fresh / f"evaluation/images/lr/builtin/{IMAGES[0]}.png").write_bytes(b"another")
    with pytest.raises(OutputsChanged) as refused:
        export_lr(fresh, tmp_path / "lr")
    assert refused.value.files == [f"evaluation/images/lr/builtin/{IMAGES[0]}.png"]
    assert not (tmp_path / "lr").exists()
