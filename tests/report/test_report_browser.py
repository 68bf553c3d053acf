"""The report in a browser with the network cut: first screen, contents, viewer, themes, phone, print, accessibility.

Run by ``make test-browser``.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from srgan_report.report.build import build_report
from tests.report_example import make_run

pytestmark = pytest.mark.browser

Open = Callable[..., Any]

#: Waits for the first paint, which may come after the page has loaded, and gives its time in milliseconds.
FIRST_PAINT = """() => new Promise(done => new PerformanceObserver((list, observer) => {
    const [entry] = list.getEntriesByName("first-contentful-paint");
    if (entry) { observer.disconnect(); done(entry.startTime); }
}).observe({type: "paint", buffered: true}))"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_report(make_run(tmp_path_factory.mktemp("results") / "demo"))[0]


@pytest.fixture
def show(browser: Any, report: Path) -> Iterator[Open]:
    """Opens the report; at the end, whatever it asked other hosts for or complained of is an error."""
    complaints: list[str] = []
    contexts = []

    def show(width: int = 1280, height: int = 800, **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda r: r.url.startswith(("data:", "file:")) or complaints.append(r.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(report.as_uri())
        return page

    yield show
    for context in contexts:
        context.close()
    assert complaints == []


def drawn(page: Any) -> list[tuple[str, str, str]]:
    """Size and place of every image in the viewer."""
    return page.eval_on_selector_all(
        ".pane img", "all => all.map(i => [i.style.width, i.style.translate, i.style.imageRendering])"
    )


def zoom_of(page: Any) -> int:
    return int(page.locator("dialog .zoomed").inner_text().removesuffix(" %"))


@pytest.mark.parametrize(
    ("width", "height", "parts"),
    [(1280, 800, ("h1", ".finding", ".typical .panels", ".tiles")), (390, 844, ("h1", ".finding", ".typical .panels"))],
)
def test_first_screen_shows_the_result(show: Open, width: int, height: int, parts: tuple[str, ...]) -> None:
    page = show(width, height)
    for part in parts:
        box = page.locator(part).first.bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= height, part
    window, image = (page.locator(f".typical .window{inner}").first.bounding_box() for inner in ("", " img"))
    assert image["width"] == 3 * 96 and image["x"] < window["x"], "at 300 %, the middle of it"
    assert page.locator(".typical .panel b").all_inner_texts() == [
        *("input (LR)", "bicubic", "warm-up", "SRGAN", "original (HR)")
    ]


def test_size_and_first_paint(show: Open, report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report.stat().st_size < 8e6
    with capsys.disabled():
        print(f"\n{report.stat().st_size / 1e6:.1f} MB, first paint after {show().evaluate(FIRST_PAINT):.0f} ms")


def test_contents_follow_the_scroll(show: Open) -> None:
    page = show()
    for chapter in ("adversarial", "data"):
        page.evaluate("id => document.getElementById(id).scrollIntoView()", chapter)
        page.wait_for_selector(f"nav a[href='#{chapter}'][aria-current]")
    assert page.locator("nav a[aria-current]").count() == 1


def test_viewer_zooms_and_moves_all_versions_together(show: Open) -> None:
    page = show()
    button = page.locator(".look").first
    button.click()
    assert page.locator(".pane").count() == 6 and zoom_of(page) == 300
    assert len(set(map(tuple, drawn(page)))) == 1
    size = "all => new Set(all.map(e => `${e.clientWidth} ${e.clientHeight}`)).size"
    assert page.locator(".pane").evaluate_all(size) == 1
    whole = "all => all.every(e => e.scrollWidth <= e.clientWidth && e.scrollHeight <= e.clientHeight)"
    assert page.locator(".stage figcaption").evaluate_all(whole), "no label is cut"
    before = zoom_of(page)
    box = page.locator(".pane").nth(4).bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.wheel(0, -900)
    assert zoom_of(page) > before
    zoomed = drawn(page)
    assert len(set(map(tuple, zoomed))) == 1 and zoomed[0][2] == "pixelated"
    page.mouse.down()
    page.mouse.move(middle[0] - 60, middle[1] - 40)
    page.mouse.up()
    moved = drawn(page)
    assert len(set(map(tuple, moved))) == 1 and moved != zoomed
    page.keyboard.press("ArrowLeft")
    assert drawn(page) != moved
    page.keyboard.press("1")
    assert zoom_of(page) == 100 and drawn(page)[0][0] == "224px"
    page.keyboard.press("-")
    assert [one[2] for one in drawn(page)] == ["pixelated", *["auto"] * 5], "smoothed only below 100 %, and LR never"
    page.keyboard.press("Escape")
    page.wait_for_function("() => !document.querySelector('dialog[open]')")
    assert button.evaluate("e => e === document.activeElement"), "focus returns to where it was"


def test_viewer_compares_any_two_versions(show: Open) -> None:
    page = show()
    page.locator("#fig-grid_builtin_astronaut img").click()
    page.keyboard.press("b")
    assert page.locator("dialog figcaption b").all_inner_texts() == ["bicubic", "SRGAN"]
    page.get_by_label("Version on the right").select_option(label="HR")
    page.get_by_label("Version on the left").select_option(label="LR")
    assert page.locator("dialog figcaption b").all_inner_texts() == ["LR", "HR"]
    clip = "e => getComputedStyle(e).clipPath"
    assert page.locator(".layer").evaluate(clip) == "inset(0px 0px 0px 50%)"
    page.locator(".divider").press("Home")
    assert page.locator(".layer").evaluate(clip) == "inset(0px 0px 0px 0%)"
    box = page.locator(".pane").bounding_box()
    page.mouse.move(box["x"] + 3, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 100)
    page.mouse.up()
    assert page.locator(".layer").evaluate(clip).startswith("inset(0px 0px 0px 7")
    page.keyboard.press("b")
    assert page.locator(".pane").count() == 6


def test_viewer_turns_to_the_next_image_flickers_and_maps_differences(show: Open) -> None:
    page = show()
    page.locator(".gallery button").first.click()
    assert page.locator("dialog h2").inner_text() == "astronaut"
    page.keyboard.press("n")
    assert page.locator("dialog h2").inner_text() == "chelsea" and page.locator(".place").inner_text() == "2 / 3"
    page.get_by_role("button", name="Previous image").click()
    assert page.locator("dialog h2").inner_text() == "astronaut"
    page.get_by_label("What is drawn").select_option(label="Error against HR")
    page.wait_for_selector("canvas[data-drawn=error]")
    assert page.locator(".pane canvas").count() == 4 and page.locator(".pane img").count() == 2
    assert "32 levels of luminance" in page.locator(".legend").inner_text()
    total = """e => e.getContext("2d").getImageData(0, 0, e.width, e.height).data.reduce((a, b) => a + b, 0)"""
    errors = [page.locator(f".pane canvas[data-method={name}]").evaluate(total) for name in ("bicubic", "warmup")]
    assert errors[0] > errors[1], "bicubic is further from HR"
    page.locator("dialog h2").click()  # away from the list
    page.keyboard.press("m")
    page.keyboard.press("b")
    clip = "e => getComputedStyle(e).clipPath"
    page.keyboard.down(" ")
    assert page.locator(".layer").evaluate(clip) == "inset(0px 0px 0px 0%)"
    page.keyboard.up(" ")
    assert page.locator(".layer").evaluate(clip) == "inset(0px 0px 0px 100%)"
    page.keyboard.press("b")
    page.locator(".versions summary").click()
    page.locator(".boxes label").first.click()
    assert page.locator(".pane").count() == 5


def test_viewer_by_touch(show: Open) -> None:
    page = show(390, 844, has_touch=True, is_mobile=True, device_scale_factor=2)
    page.locator(".look").first.tap()
    seen = """() => [100, 290].map(x => document.elementFromPoint(x, 300).closest("figure").querySelector("b").textContent)"""
    assert set(page.evaluate(seen)) == {"HR", "SRGAN"}
    page.locator(".stage").evaluate("e => e.scrollTo(0, 0)")
    assert set(page.evaluate(seen)) == {"HR", "LR"}
    before = zoom_of(page)
    box = page.locator(".pane").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    client = page.context.new_cdp_session(page)
    for kind, apart in (("touchStart", 20), ("touchMove", 40), ("touchMove", 60)):
        points = [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert zoom_of(page) > 2 * before
    assert len(set(map(tuple, drawn(page)))) == 1
    page.wait_for_timeout(400)  # a tap in the same tenth of a second as the pinch is to Chromium a part of that
    page.get_by_role("button", name="Close", exact=True).tap()
    page.wait_for_function("() => !document.querySelector('dialog[open]')")


def test_phone_scrolls_only_downwards(show: Open) -> None:
    page = show(390, 844, has_touch=True, is_mobile=True)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = false })")
    page.locator("#contents summary").tap()
    page.locator("nav a[href='#evaluation']").tap()
    page.wait_for_selector("nav a[href='#evaluation'][aria-current]", state="attached")
    assert page.locator("#here").inner_text() == "5 Evaluation"
    assert page.locator("#contents").get_attribute("open") is None


def test_a_phone_shows_every_figure_whole_and_larger_on_request(show: Open) -> None:
    page = show(390, 844, has_touch=True, is_mobile=True)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    wider = """() => [...document.querySelectorAll("body *")].filter(e => e.getClientRects().length
        && e.getBoundingClientRect().right > innerWidth && !e.closest(".window, pre, math, dialog, .skip")
        && !e.closest(".scroll:has(table)")).map(e => e.outerHTML.slice(0, 200))"""
    assert page.evaluate(wider) == []
    chart = page.locator("#fig-loss_curve")
    chart.get_by_role("button", name="larger").tap()
    assert chart.locator("img").bounding_box()["width"] > 500
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_tables_are_sorted_filtered_and_taken_away(show: Open) -> None:
    page = show(accept_downloads=True)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    table = page.locator("#tab-per_image")
    column = "e => [...e.querySelectorAll('tbody tr:not([hidden]) td:nth-child(3)')].map(td => Number(td.textContent))"
    table.get_by_role("button", name="PSNR‑Y").click()
    best_first = table.evaluate(column)
    assert best_first == sorted(best_first, reverse=True) and len(best_first) == 21
    table.get_by_role("button", name="PSNR‑Y").click()
    assert table.evaluate(column) == best_first[::-1]
    table.get_by_role("searchbox").fill("srgan chelsea")
    assert len(table.evaluate(column)) == 1 and table.locator("output").inner_text() == "1 of 21 rows"
    with page.expect_download() as saved:
        table.get_by_role("button", name="save metrics.csv").click()
    assert saved.value.path().read_text().startswith("dataset,image,method,psnr_y")
    page.locator("#tab-results").get_by_role("button", name="copy as LaTeX").click()
    latex = page.evaluate("navigator.clipboard.readText()")
    assert latex.count(r"\\") == 8 and r"\textbf{28.40}" in latex and r"\begin{tabular}{lrrr}" in latex
    page.locator(".copied .copy").first.click()
    assert page.evaluate("navigator.clipboard.readText()").startswith("srgan run params/demo.yaml")


def test_a_link_to_what_is_folded_opens_it(show: Open) -> None:
    page = show()
    assert not page.locator("#parameters").evaluate("e => e.closest('details').open")
    page.locator("nav a[href='#parameters']").click()
    page.wait_for_function("() => document.getElementById('parameters').closest('details').open")


@pytest.mark.parametrize("width", [390, 768])
def test_the_first_table_is_seen_whole_on_small_screens(show: Open, width: int) -> None:
    page = show(width, 844)
    box = page.locator("#tab-results .scroll").first
    assert box.evaluate("e => e.scrollWidth <= e.clientWidth + 1")
    smallest = """() => Math.min(...[...document.querySelectorAll("main *")].filter(e => [...e.childNodes].some(
        n => n.nodeType === 3 && n.data.trim()) && e.getClientRects().length && !e.closest("math")).map(
        e => parseFloat(getComputedStyle(e).fontSize)))"""
    assert page.evaluate(smallest) >= 11


def test_dark_turns_drawings_and_leaves_photographs(show: Open) -> None:
    page = show(color_scheme="dark")
    colour = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(colour)
    turned = "e => getComputedStyle(e).filter.startsWith('invert')"
    assert page.locator("#fig-loss_curve img").evaluate(turned)
    assert not page.locator("#fig-grid_builtin_chelsea img").evaluate(turned)
    assert not page.locator(".window img").first.evaluate(turned)
    page.get_by_role("button", name="Light").click()
    assert page.evaluate(colour) == "rgb(255, 255, 255)" != dark
    assert not page.locator("#fig-loss_curve img").evaluate(turned)


def test_print_and_no_scripts_show_all_versions(show: Open) -> None:
    page = show()
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator(".example .panel img").first.is_visible() and not page.locator("nav").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    plain = show(java_script_enabled=False)
    assert plain.locator("header .panel img").count() == 5
    assert all(image.is_visible() for image in plain.locator("header .panel img").all())
    assert plain.locator(".look, dialog").count() == 0 and plain.locator(".code").first.is_visible()


def test_one_button_shows_all_code(show: Open) -> None:
    page = show()
    code = page.locator(".code")
    assert code.count() > 5 and not code.first.is_visible()
    page.get_by_role("button", name="Show code").click()
    assert code.first.is_visible() and code.last.is_visible()
    page.get_by_role("button", name="Hide code").click()
    assert not code.first.is_visible()


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}, {"width": 390, "height": 844}])
def test_accessibility(show: Open, options: dict[str, Any]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    page = show(**options)

    def findings() -> list[tuple[str, str]]:
        return [(v["id"], v["nodes"][0]["html"][:200]) for v in axe.run(page).response["violations"]]

    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    assert findings() == []
    page.locator(".look").first.click()
    assert findings() == []
    page.keyboard.press("b")
    assert findings() == []
