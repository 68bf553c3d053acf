"""The report's parts on their own: the summary, formulas, images and the page as Typst."""

import base64
import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_markdown_cell
from PIL import Image

from srgan_report.report.build import shorten_folders
from srgan_report.report.images import Images
from srgan_report.report.load_run import FinishedRun, ReportError, Scores
from srgan_report.report.notebooks import export, placeholder, set_formulas
from srgan_report.report.page import ReportContent, screen_page
from srgan_report.report.postprocess import postprocess
from srgan_report.report.summary import examples, results
from srgan_report.report.viewer import PART, ViewedImage, Viewer, textured_place


def scores_of(
    psnr: dict[str, float], lpips: dict[str, float], dataset: str = "builtin", interval: float = 0.01
) -> Scores:
    rows, summary = [], []
    for method in psnr:
        values = {"psnr_y": psnr[method], "ssim_y": 0.8, "lpips_alex": lpips.get(method)}
        for image, shift in (("a", 0.02), ("b", -0.02)):
            rows.append(
                {
                    "dataset": dataset,
                    "image": image,
                    "method": method,
                    **{k: "" if v is None else str(v + shift * (method == "srgan")) for k, v in values.items()},
                }
            )
        for metric, value in values.items():
            difference = (
                None
                if value is None or "bicubic" not in psnr
                else value - {"psnr_y": psnr["bicubic"], "ssim_y": 0.8, "lpips_alex": lpips.get("bicubic", 0)}[metric]
            )
            low, high = ("", "") if difference is None else (str(difference - interval), str(difference + interval))
            summary.append(
                {
                    "dataset": dataset,
                    "method": method,
                    "metric": metric,
                    "mean": "" if value is None else str(value),
                    "difference": "" if difference is None else str(difference),
                    "difference_low": low,
                    "difference_high": high,
                }
            )
    return Scores(rows, summary, "builtin")


PSNR = {"bicubic": 26.5, "warmup": 27.3, "srgan": 26.1}


def test_examples_are_ranked_by_gain_and_need_both_methods() -> None:
    best, worst = examples(scores_of(PSNR, {"bicubic": 0.4, "warmup": 0.35, "srgan": 0.28}))
    assert (best.image, worst.image) == ("b", "a")
    assert (
        best.text
        == "SRGAN against bicubic: LPIPS (alex) 0.260 against 0.400 (better), PSNR-Y 26.08 against 26.50 dB (worse)"
    )
    assert [e.image for e in examples(scores_of(PSNR, {}))] == ["a", "b"], "by PSNR where LPIPS was not computed"
    assert examples(scores_of({"warmup": 27.3}, {})) == []


def test_a_partly_missing_column_says_so_cell_by_cell() -> None:
    rows = results(scores_of(PSNR, {"srgan": 0.2}), "builtin")
    assert [[cell.text for cell in row.cells][2:] for row in rows] == [["not computed"], ["not computed"], ["0.200"]]
    assert rows[2].cells[2].best and not rows[0].cells[2].best


def test_the_table_marks_the_best_of_the_run_not_of_the_models_that_come_with_the_package():
    scores = scores_of(PSNR | {"reference_srresnet": 29.0}, {"bicubic": 0.4, "warmup": 0.35, "srgan": 0.28})
    rows = {row.label: row for row in results(scores, "builtin")}
    assert rows["warm-up"].cells[0].best and not rows["reference SRResNet"].cells[0].best


@pytest.mark.parametrize(
    ("tex", "selector", "text"),
    [
        (r"\frac{1}{N} \sum_i x_i", "mfrac", "1N"),
        (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "mtable", "a=bc=d"),
        (r"\begin{align*} a &= b \\ c &= d \end{align*}", "mtable", "a=bc=d"),
        (r"\begin{equation} a = b \end{equation}", "mrow", "a=b"),
        (r"x \sim p", "mo", "∼"),
        (r"\log D(x)", 'mi[mathvariant="normal"]', "log"),
        ("a < b", "annotation", "a < b"),
        (r"\unknown{x}", "code.tex", r"\unknown{x}"),
        ("x^", "code.tex", "x^"),
    ],
)
def test_formulas(tex: str, selector: str, text: str) -> None:
    page = BeautifulSoup(
        f"<p>before {placeholder('y', display=False)} {placeholder(tex, display=True)}</p>", "html.parser"
    )
    set_formulas(page)
    first, second = page.p.find_all(["math", "code"], recursive=False)
    assert first["display"] == "inline" and first.mi.text == "y"
    assert second.name == "code" or second["display"] == "block"
    assert BeautifulSoup(f"<div>{second}</div>", "html.parser").select_one(selector).text == text


def test_images_are_kept_once_and_come_back() -> None:
    images = Images()
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" height="72pt" width="144pt"></svg>'
    html = f'<img src="data:image/svg+xml;base64,{base64.b64encode(svg).decode()}">'
    named = images.take_from(html + html)
    name = BeautifulSoup(named, "html.parser").img["src"]
    assert named == f'<img src="{name}">' * 2
    assert images.size(name) == (192, 96)
    assert images.embed(named) == html + html


@pytest.mark.parametrize(
    ("mode", "mime"), [("RGB", "webp"), ("RGBA", "webp"), ("L", "webp"), ("P", "webp"), ("I;16", "png")]
)
def test_a_png_is_embedded_smaller_with_the_same_pixels(mode: str, mime: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 4, (64, 48, 4), np.uint8)
    image = (
        Image.fromarray(pixels[..., 0].astype(np.uint16) * 200)
        if mode == "I;16"
        else Image.fromarray(pixels).convert(mode)
    )
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=0)
    images = Images()
    found = images.embed(images.add(buffer.getvalue(), "image/png"))
    assert found.startswith(f"data:image/{mime};base64,")
    with Image.open(io.BytesIO(base64.b64decode(found.partition(",")[2]))) as shown:
        assert np.array_equal(np.asarray(shown.convert("RGBA")), np.asarray(image.convert("RGBA"))) or mode == "I;16"


@pytest.mark.parametrize("middle", [(60, 200), (180, 100)])
def test_a_strip_shows_texture_rather_than_an_edge(middle: tuple[int, int]) -> None:
    pixels = np.full((256, 256), 90, np.uint8)
    pixels[:, 128:] = 230  # the strongest edge there is
    half = PART // 2
    rows, columns = (slice(place - half, place + half) for place in middle)
    pixels[rows, columns] += np.random.default_rng(0).integers(0, 25, (PART, PART), np.uint8)
    hr = Image.fromarray(pixels)
    found = textured_place(hr, hr.resize((64, 64), Image.Resampling.BICUBIC))
    assert np.abs(np.subtract(found[::-1], middle)).max() <= 8


def test_a_strip_of_a_tiny_image_is_its_middle() -> None:
    tiny = Image.new("L", (12, 8))
    assert textured_place(tiny, tiny.resize((3, 2))) == (4, 4)


def test_each_grid_opens_the_crops_of_its_own_image():
    """Sets share names, names begin or end like others, and an id cannot have every letter."""
    named = [
        ("Set5", "img_001"),
        ("BSD100", "img_001"),
        ("folder", "11"),
        ("folder", "1"),
        ("folder", "東京"),
        ("folder", "大阪"),
    ]
    viewer = Viewer([ViewedImage(*name, (1, 1), {}) for name in named], whole=True, total=len(named))
    figures = "".join(
        f'<figure class="srgan" id="fig-{kind}_{dataset}_{image}"></figure>'
        for kind in ("grid", "patch")
        for dataset, image in reversed(named)
    )
    page = postprocess(f'<main>{figures}<div class="appendix"></div></main>', {}, Images(), viewer)
    for dataset, image in named:
        for kind in ("grid", "patch"):
            assert page.find(id=f"fig-{kind}_{dataset}_{image}")["data-view"] == f"{dataset}/{image}"


def test_references_are_gathered_once_and_linked_from_where_they_are_cited():
    dong = '<li>C. Dong, K. He, "Image Super-Resolution", TPAMI 2016.</li>'
    page = postprocess(
        f"<main><h2>One</h2><p>SRCNN (Dong et al., 2016) came first.</p><h3>References</h3><ul>{dong}</ul>"
        f"<h2>Two</h2><p>As Ledig et al. (2017) say.</p><h3>References</h3><ul>{dong}<li>C. Ledig et al., "
        '"Photo-Realistic Images", CVPR 2017.</li></ul><section class="appendix"></section></main>',
        {},
        Images(),
    )
    listed = page.select(".references li")
    assert [item.text.split(",")[0] for item in listed] == ["C. Dong", "C. Ledig et al."]
    assert [(link.text, link["href"]) for link in page.select("a.cite")] == [
        ("Dong et al., 2016", f"#{listed[0]['id']}"),
        ("Ledig et al. (2017", f"#{listed[1]['id']}"),
    ]
    assert len(page.find_all("h3", string="References")) == 1


def test_a_term_is_explained_where_each_chapter_first_uses_it_and_in_a_list():
    page = postprocess(
        "<main><h2>One</h2><p>LPIPS of SR and HR; <code>LPIPS</code>.</p><p>LPIPS again, LPIPS-like.</p><h2>Two</h2>"
        '<p>LPIPS.</p><section class="appendix"></section></main>',
        {},
        Images(),
    )
    assert [link.text for link in page.select("a.term")] == ["LPIPS", "SR", "HR", "LPIPS"]
    assert [term["id"] for term in page.select(".glossary dt")] == ["term-hr", "term-lpips", "term-sr"]
    assert all(page.find(id=link["href"][1:]) and link["title"] for link in page.select("a.term"))


def test_headings_without_anything_below_them_are_left_out():
    page = postprocess(
        "<main><h2>One</h2><h3>Empty</h3><h3>Full</h3><h4>Part</h4><p>Text.</p><h4>Last</h4>"
        '<details class="code">code</details><section class="appendix"></section></main>',
        {},
        Images(),
    )
    assert [heading.text for heading in page.select("h3, h4")] == ["Full", "Part"]


def test_a_section_that_goes_on_in_further_cells_is_folded_whole():
    cells = "<div><h3>Try this</h3><p>one</p></div><div><div><p>two</p></div></div><div><ol><li>three</li></ol></div>"
    page = postprocess(f"<main><section>{cells}<div><h3>After</h3><p>four</p></div></section></main>", {}, Images())
    [folded] = page.select("details.fold")
    assert folded.get_text(" ", strip=True) == "Try this one two three"
    assert page.get_text(" ", strip=True) == "Try this one two three After four"


@pytest.mark.parametrize(
    ("folder", "generator", "command"),
    [
        ("results/demo", "srresnet", "--checkpoint results/demo/srgan_final.safetensors"),
        (
            "results/mine",
            "nets/my_net.py:MyNet",
            "--checkpoint results/mine/srgan_final.safetensors --code results/mine/warmup/code/my_net.py",
        ),
        (
            "results/sweeps/s/run-1",
            "/home/me/my net.py:N",
            "--checkpoint results/sweeps/s/run-1/srgan_final.safetensors "
            "--code 'results/sweeps/s/run-1/warmup/code/my net.py'",
        ),
    ],
)
def test_the_command_that_enlarges_by_a_run_s_network_has_all_that_it_takes(folder, generator, command):
    manifest = {"parameters": {"warmup": {"generator": generator}}}
    run = FinishedRun(Path("/project") / folder, manifest, "", [], scores_of({}, {}), [], [])
    assert " ".join(run.upscaling) == command


@pytest.mark.parametrize("found", [True, False])
def test_nbconvert_s_templates_are_found_outside_jupyter_s_prefixes(found, monkeypatch):
    """As after pip install --user, or with the system's site-packages."""
    monkeypatch.setattr("nbconvert.exporters.templateexporter.jupyter_path", lambda *_: [])
    cells = [new_markdown_cell("# A heading", metadata={"stage": "data"})]
    if found:
        assert "A heading" in export(cells)
        return
    monkeypatch.setattr("srgan_report.report.notebooks.metadata.files", lambda _: None)
    with pytest.raises(ReportError, match="pip install --force-reinstall nbconvert"):
        export(cells)


@pytest.mark.parametrize(
    ("folder", "html", "becomes"),
    [
        ("/home/me/birds", '<span>"/home/me/birds"</span>', '<span>"…/birds"</span>'),
        ("/home/me/birds", "<p>/home/me/birds/a.png is small</p>", "<p>…/birds/a.png is small</p>"),
        ("/home/me/birds", "<code>srgan run -p image_folder=/home/me/birds</code>", None),
        ("/home/me/birds", "<p>/home/me/birds2, /mnt/home/me/birds</p>", None),
        ("../birds", "<p>../birds and ../../birds</p>", "<p>…/birds and ../../birds</p>"),
        ("/p", "<p>n/p of /p</p>", "<p>n/p of …/p</p>"),
        ("birds", "<p>birds</p>", None),
        ("/a\x1b/b", "<p>/a\\x1b/b</p>", "<p>…/b</p>"),
        (None, "<p>None</p>", None),
    ],
)
def test_folders_of_the_user_are_named_in_full_only_in_the_command(folder, html, becomes):
    shared = {"image_folder": folder, "lr_folder": None}
    manifest = {"parameters": {"shared": shared}, "command": f"srgan run -p image_folder={folder}"}
    page = BeautifulSoup(f"<main>{html}</main>", "html.parser")
    shorten_folders(page, SimpleNamespace(manifest=manifest))
    assert str(page) == f"<main>{becomes or html}</main>"


def test_contents_leave_out_the_section_that_each_notebook_has(tmp_path: Path) -> None:
    chapters = "".join(
        f'<h2 id="{name}">{name}</h2><h3 id="{name}-own">Of {name}</h3><h3 id="{name}-try-this">Try this</h3>'
        for name in ("data", "srcnn")
    )
    main = BeautifulSoup(f"<main>{chapters}</main>", "html.parser").select("main")[0]
    page = screen_page(ReportContent("A study", "Found.", "2026-01-01", main, Images(), tmp_path))
    links = [link.get_text() for link in BeautifulSoup(page, "html.parser").select("#contents a")]
    assert links == ["data", "Of data", "srcnn", "Of srcnn"]
