"""Photographs by several networks, side by side on one page."""

import shlex

import numpy as np
import pytest
import pyvips
from bs4 import BeautifulSoup
from click.testing import CliRunner
from PIL import Image
from skimage import data

from srgan_lib.data.images import ImageError
from srgan_lib.models.srresnet import SRResNet
from srgan_report.cli import main
from srgan_report.report.side_by_side import AREA, textured_part, write_comparison

NETWORKS = {name: SRResNet(channels=4, blocks=1, global_skip="bicubic") for name in ("srgan", "photo", "my/own.pth")}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A clean image, a JPEG with a name that would break a page, one of 16 bits, a tiny one."""
    folder = tmp_path_factory.mktemp("photos")
    paths = [folder / name for name in ("clean.png", "<b> & 'q'.jpg", "deep.tif", "tiny.png")]
    picture = Image.fromarray(data.astronaut()).resize((200, 180))
    picture.save(paths[0])
    picture.save(paths[1], quality=60)
    deep = np.asarray(picture).astype(np.uint16) * 257
    pyvips.Image.new_from_array(deep).copy(interpretation="rgb16").write_to_file(str(paths[2]))
    picture.crop((40, 40, 60, 52)).save(paths[3])
    return paths


@pytest.fixture(scope="module")
def page(photos, tmp_path_factory):
    steps = []
    target = tmp_path_factory.mktemp("page") / "page.html"
    write_comparison(target, photos, NETWORKS, lambda *step: steps.append(step))
    total = len(photos) * len(NETWORKS)
    assert steps == [(done, total) for done in range(1, total + 1)]
    return target


def test_each_photograph_by_every_network_the_suggested_one_first(page, photos):
    html = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    figures, texts = html.select("figure.example"), [part.get_text() for part in html.select("h2 + p")]
    assert [heading.contents[0] for heading in html.select("h2[id^=photo-]")] == [path.name for path in photos]
    for figure, suggested in zip(figures, ["srgan", "photo", "srgan", "srgan"], strict=True):
        names = [panel["data-method"] for panel in figure.select(".panel")]
        assert names[0] == suggested and names[-1] == "bicubic" and {*names} == {*NETWORKS, "bicubic"}
    assert "Suggested: photo, a JPEG of quality 60" in texts[1]
    assert (
        html.select("pre")[1].get_text()
        == shlex.join(["srgan", "upscale", str(photos[1]), "<b> & 'q'_x4.png"]) + " --model photo"
    )
    measured = [row.find_all("td")[-1].get_text() for row in html.select("table tbody tr")]
    assert "–" not in measured[:9] and measured[9:] == ["–"] * 3, "NIQE of what is large enough"


def test_photographs_of_one_name_are_told_apart(photos, tmp_path):
    for place in ("a/x", "b/x"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "p.png").write_bytes(photos[-1].read_bytes())
    target = tmp_path / "page.html"
    write_comparison(target, sorted(tmp_path.rglob("p.png")), {"srgan": NETWORKS["srgan"]}, lambda *_: None)
    figures = BeautifulSoup(target.read_text(encoding="utf-8"), "html.parser").select("figure[data-view]")
    assert len({figure["data-view"] for figure in figures}) == 2


def test_the_part_with_most_fine_detail_is_shown():
    picture = np.full((400, 600, 3), 90, np.uint8)
    picture[260:340, 420:500] = np.random.default_rng(0).integers(0, 256, (80, 80, 3))
    part = textured_part(picture)
    assert part.shape == (AREA, AREA, 3) and (part != 90).sum() > 0.9 * 3 * 80**2
    assert textured_part(picture[:50, :70]).shape == (50, 70, 3)


def test_what_cannot_be_read_is_refused_before_anything_is_computed(photos, tmp_path):
    (tmp_path / "no.png").write_text("no image")
    with pytest.raises(ImageError) as refused:
        write_comparison(tmp_path / "a.html", [photos[0], tmp_path / "no.png"], {"srgan": None}, lambda *_: None)
    assert refused.value.path == tmp_path / "no.png"


def test_the_command(photos, tmp_path):
    def compare(*words):
        return CliRunner().invoke(main, ["compare", *map(str, words)])

    target = tmp_path / "page.html"
    assert compare(photos[-1], "--to", target).exit_code == 0
    text, models = target.read_text(encoding="utf-8"), ("photo", "srgan", "compact", "srresnet", "srcnn")
    assert all(f'<th scope="row">{name}</th>' in text for name in models)
    for words in ((photos[-1], "--to", target), (photos[-1], "--to", tmp_path / "page.png"), (), (tmp_path, "--force")):
        assert compare(*words).exit_code == 2
    assert target.read_text(encoding="utf-8") == text


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_in_a_browser(browser, page, width):
    context = browser.new_context(viewport={"width": width, "height": 844}, offline=True)
    shown, complaints = context.new_page(), []
    shown.on("console", lambda message: complaints.append(message.text))
    shown.on("pageerror", lambda error: complaints.append(str(error)))
    shown.goto(page.as_uri())
    assert shown.evaluate("document.documentElement.scrollWidth") == width
    shown.get_by_role("button", name="Look closer at clean.png").click()
    assert shown.locator("dialog .pane img").count() == len(NETWORKS) + 1
    assert not shown.get_by_label("What is drawn").is_visible(), "there is no original"
    shown.keyboard.press("m")
    assert shown.locator("dialog .pane img").count() == len(NETWORKS) + 1
    context.close()
    assert complaints == []
