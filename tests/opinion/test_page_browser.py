"""The page of a study in a browser with the network cut: by keyboard and touch, pixels, resuming, accessibility.

Run by ``make test-browser``.
"""

import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from srgan_report.opinion.answers import read_answers
from srgan_report.opinion.stimuli import find_images
from srgan_report.opinion.study import PAGE, Study, plan
from tests.conftest import SWITCHES
from tests.opinion_example import make_example, make_light_run

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESKTOP = {"viewport": {"width": 1280, "height": 800}}


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    made = {}
    for kind in ("rating", "pairs"):
        run_dir = make_light_run(tmp_path_factory.mktemp("opinion") / kind)
        made[kind] = run_dir, make_example(run_dir, kind=kind, question="original")
    return made


@pytest.fixture
def show(browser: Any, studies):
    """Opens a study's page; at the end, whatever it asked other hosts for or complained of is an error."""
    complaints: list[str] = []
    contexts = []

    def show(kind: str = "rating", mark: str = "", **options: Any) -> Any:
        context = browser.new_context(offline=True, accept_downloads=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda r: r.url.startswith(("data:", "file:")) or complaints.append(r.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto((studies[kind][0] / PAGE).as_uri() + mark)
        return page

    yield show
    for context in contexts:
        context.close()
    assert complaints == []


def begin(page: Any, number: int) -> None:
    page.locator("#number").fill(str(number))
    page.get_by_role("button", name="Begin", exact=True).click()
    if page.locator("#examples").is_visible():
        page.get_by_role("button", name="Begin voting").click()


def wait(page: Any, number: int) -> None:
    """Wait until a vote counts."""
    page.wait_for_selector(f"#stage[data-ready='{number}']")


def saved(page: Any, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the file").click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file


@pytest.mark.parametrize("kind", ["rating", "pairs"])
def test_a_rater_votes_by_keyboard_and_sends_a_good_file(show, studies, tmp_path, kind):
    study = studies[kind][1]
    page = show(kind, **DESKTOP)
    begin(page, 3)
    trials = plan(study, 3)
    for number in range(len(trials)):
        wait(page, number)
        page.keyboard.press(str(1 + number % 5) if kind == "rating" else ("ArrowLeft", "ArrowRight")[number % 2])
    answers = read_answers(saved(page, tmp_path), study)
    assert answers.rater == 3 and len(answers.answers) == len(trials)
    assert [one.vote for one in answers.answers[:4]] == ([1, 2, 3, 4] if kind == "rating" else [1, 2, 1, 2])


@pytest.mark.parametrize("kind", ["rating", "pairs"])
def test_a_rater_votes_by_touch(show, studies, tmp_path, kind):
    study = studies[kind][1]
    page = show(kind, **PHONE, device_scale_factor=3)
    begin(page, 5)
    trials = plan(study, 5)
    for number in range(len(trials)):
        wait(page, number)
        button = page.locator("#answers button").nth(number % (5 if kind == "rating" else 2))
        box = button.bounding_box()
        assert box["width"] >= 44 and box["height"] >= 44 and box["y"] + box["height"] <= 844
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert len(read_answers(saved(page, tmp_path), study).answers) == len(trials)


def shows_the_pixels_of_the_study(page: Any, run_dir: Path, study: Study, ratio: float) -> None:
    """Vote three times, and compare what is on the screen with the images, each pixel a square of device pixels."""
    begin(page, 1)
    images = find_images([run_dir], 4)
    for number, (code,) in enumerate(plan(study, 1)[:3]):
        wait(page, number)
        box = page.locator("#stage img").bounding_box()
        screen = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
        left, top, side = (round(box[name] * ratio) for name in ("x", "y", "width"))
        image, method = study.key()[code]
        wanted = images.crop(study.images[image], method, 64)
        times = side // 64
        assert side == 64 * times and times == max(1, round(ratio))
        assert np.array_equal(screen[top : top + side, left : left + side], wanted.repeat(times, 0).repeat(times, 1))
        page.keyboard.press("3")


@pytest.mark.parametrize("options", [DESKTOP, PHONE])
@pytest.mark.parametrize("ratio", [1, 2, 3])
def test_images_appear_pixel_by_pixel(show, studies, options, ratio):
    shows_the_pixels_of_the_study(show(**options, device_scale_factor=ratio), *studies["rating"], ratio)


def test_images_appear_pixel_by_pixel_on_a_screen_of_150_per_cent(browser, studies):
    """The browser has the ratio: Playwright's lays a page out in CSS pixels, and only a real one in device pixels."""
    switches = [
        f"--{switch}" for switch in (*SWITCHES.split(), "force-device-scale-factor=1.5", "window-size=1280,900")
    ]
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    real = browser.browser_type.launch(executable_path=chromium, args=switches)
    page = real.new_page(no_viewport=True)
    page.goto((studies["rating"][0] / PAGE).as_uri())
    assert page.evaluate("devicePixelRatio") == 1.5
    shows_the_pixels_of_the_study(page, *studies["rating"], 1.5)
    real.close()


def test_it_goes_on_where_it_was(show, studies):
    page = show(**DESKTOP)
    begin(page, 2)
    for number in range(4):
        wait(page, number)
        page.keyboard.press("2")
    wait(page, 4)
    page.keyboard.press("Backspace")
    wait(page, 3)
    page.reload()
    assert "3 of" in page.locator("#been").inner_text() or "3 times" in page.locator("#been").inner_text()
    page.get_by_role("button", name="Continue").click()
    wait(page, 3)
    page.reload()
    page.get_by_role("button", name="Begin as somebody else").click()
    assert page.locator("#number").is_visible()


def test_the_number_may_stand_in_the_address(show):
    assert show(mark="#7", **DESKTOP).locator("#number").input_value() == "7"


def test_the_code_of_a_link_is_in_the_file_and_remembered_by_itself(show, studies, tmp_path):
    page = show(mark="#rater=anna-1&number=7", **DESKTOP)
    assert "anna-1" in page.locator("#who").inner_text() and not page.locator("#ask").is_visible()
    page.get_by_role("button", name="Begin", exact=True).click()
    page.get_by_role("button", name="Begin voting").click()
    for number in range(len(plan(studies["rating"][1], 7))):
        wait(page, number)
        page.keyboard.press("1")
    answers = read_answers(saved(page, tmp_path), studies["rating"][1])
    assert (answers.rater, answers.code) == (7, "anna-1") and not page.locator("#next").is_visible()
    with page.expect_navigation():
        page.evaluate("location.hash = 'rater=bob&number=2'")
    assert "bob" in page.locator("#who").inner_text() and page.locator("#begin").is_visible()


def test_what_is_no_code_is_not_taken(show):
    page = show(mark="#rater=%3Cb%3E&number=7", **DESKTOP)
    assert not page.locator("#who").is_visible() and page.locator("#number").input_value() == "7"


def test_a_vote_before_the_picture_is_there_does_not_count(show):
    page = show(**DESKTOP)
    begin(page, 1)
    wait(page, 0)
    page.evaluate("for (let i = 0; i < 5; i++) document.dispatchEvent(new KeyboardEvent('keydown', {key: '4'}))")
    assert page.locator("#left").inner_text().startswith("2 of")


def test_digest_is_sha256(show):
    import hashlib

    page = show(**DESKTOP)
    for text in ("", "abc", "a" * 55, "b" * 56, "ü€" * 100):
        assert page.evaluate("text => sha256(text)", text) == hashlib.sha256(text.encode()).hexdigest()


def test_what_is_saved_holds_nothing_else(show, studies, tmp_path):
    page = show(**DESKTOP)
    begin(page, 1)
    for number in range(len(plan(studies["rating"][1], 1))):
        wait(page, number)
        page.keyboard.press("1")
    content = json.loads(saved(page, tmp_path).read_text())
    assert set(content) == {
        "format",
        "version",
        "study",
        "rater",
        "code",
        "session",
        "simulated",
        "screen",
        "answers",
        "digest",
    }
    assert set(content["screen"]) == {"ratio", "width", "height", "touch"}
    assert json.loads(page.locator("#text").input_value()) == content


@pytest.mark.parametrize("options", [DESKTOP, PHONE])
@pytest.mark.parametrize("kind", ["rating", "pairs"])
def test_every_part_is_accessible(show, options, kind):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    page = show(kind, **options)

    def serious() -> list[str]:
        found = axe.run(page).response["violations"]
        return [one["id"] for one in found if one["impact"] in ("serious", "critical")]

    assert serious() == []
    page.get_by_role("button", name="Begin", exact=True).click()
    if kind == "rating":
        assert serious() == []
        page.get_by_role("button", name="Begin voting").click()
    wait(page, 0)
    assert serious() == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    votes = int(re.search(r"of (\d+)", page.locator("#left").inner_text())[1])
    for number in range(votes):
        wait(page, number)
        page.keyboard.press("2")
    page.wait_for_selector("#end:not([hidden])")
    assert serious() == []
