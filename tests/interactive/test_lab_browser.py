"""Each notebook run from top to bottom in JupyterLab by a person's means: commands, sliders, upload, interruption.

Run by ``make test-browser``.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scripts.write_notebooks import parameters_cell
from srgan_lib.layout import STAGES
from tests.project import tiny_values

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
PATIENCE = 240_000.0  #: milliseconds
OUTPUTS = """() => [...jupyterapp.shell.currentWidget.content.model.cells].filter(cell => cell.type === 'code')
    .flatMap(cell => cell.outputs.toJSON())"""
#: Does not wait for the end, as the command's promise would.
RUN_ALL = "() => { jupyterapp.commands.execute('notebook:run-all-cells') }"
READY = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the notebooks, small enough to run in seconds by the values in their parameters cells."""
    folder = tmp_path_factory.mktemp("lab")
    for name in ("notebooks", "params"):
        shutil.copytree(ROOT / name, folder / name)
    for stage in STAGES:
        set_parameters(folder, stage, {**tiny_values(stage), "grids": 2})  # two images to choose from
    return folder


@pytest.fixture(scope="module")
def lab(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab on that copy."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = tmp_path_factory.mktemp("jupyter")
    settings = home / "settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"windowingMode": "none"}')  # cells that are scrolled away stay on the page
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "SRGAN_OFFLINE": "1",
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser"]
    options = [f"--ServerApp.port={port}", "--IdentityProvider.token=", f"--ServerApp.root_dir={project}"]
    with (home / "log").open("w") as log:
        server = subprocess.Popen([*command, *options], env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}/lab"
    try:
        wait_for(address, server, home / "log")
        yield address
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def show(browser: Any, lab: str) -> Iterator[Open]:
    """Opens a notebook and, unless told otherwise, runs all its cells."""
    contexts = []

    def show(stage: str, run: bool = True) -> Any:
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{lab}/workspaces/{stage}{len(contexts)}/tree/notebooks/{STAGES[stage].notebook}.ipynb")
        page.wait_for_function(READY)
        if run:
            page.evaluate(RUN_ALL)
        return page

    yield show
    for context in contexts:
        context.close()


def set_parameters(project: Path, stage: str, values: dict[str, Any]) -> None:
    """Write values into the parameters cell of a notebook, as a person would type them."""
    import nbformat

    path = project / "notebooks" / f"{STAGES[stage].notebook}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    lines = parameters_cell(stage).splitlines()
    for name, value in values.items():
        lines = [f"{name} = {value!r}" if line.startswith(f"{name} = ") else line for line in lines]
    next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])).source = "\n".join(lines)
    nbformat.write(notebook, path)


def wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start: {log.read_text()}")


def wait_until_finished(page: Any) -> None:
    """Until the last cell has said what was written; an error on the way ends the test."""
    page.wait_for_function(
        f"() => ({OUTPUTS})().some(output => output.ename || JSON.stringify(output).includes('srgan-finish'))"
    )
    errors = [output["ename"] + ": " + output["evalue"] for output in page.evaluate(OUTPUTS) if "ename" in output]
    assert errors == []


def panel(page: Any, description: str) -> Any:
    """The panel that has a control of that description."""
    return page.locator(".widget-vbox", has=page.get_by_text(description, exact=True)).last


def sources(box: Any) -> list[str]:
    return box.locator("img").evaluate_all("all => all.map(image => image.src)")


def changes(box: Any, act: Callable[[], Any]) -> list[str]:
    """The panel's pictures after something was done to it, which must have changed them."""
    before = sources(box)
    act()
    for _ in range(400):
        after = sources(box)
        if after and after != before:
            return after
        box.page.wait_for_timeout(100)
    pytest.fail("the pictures did not change")


def test_data_exploration_has_sliders_for_degradation_and_scale(show: Open) -> None:
    page = show("data")
    wait_until_finished(page)
    box = panel(page, "degradation")
    assert box.locator("figcaption").all_inner_texts()[1] == "LR 48×48"
    changes(box, lambda: box.locator("select").nth(1).select_option("realistic"))
    changes(box, lambda: box.locator(".noUi-handle").first.press("ArrowLeft"))
    assert box.locator("figcaption").all_inner_texts()[1] == "LR 64×64"
    changes(box, lambda: box.locator(".noUi-handle").last.press("End"))
    changes(box, lambda: box.locator("select").first.select_option(index=2))


@pytest.mark.parametrize("stage", ["srcnn", "warmup", "adversarial"])
def test_training_shows_how_far_it_is(stage: str, show: Open, project: Path) -> None:
    page = show(stage)
    wait_until_finished(page)
    bar = page.locator("progress")
    assert bar.get_attribute("value") == bar.get_attribute("max") == "3"
    assert "done in" in bar.locator("xpath=..").inner_text()
    assert (project / "results/notebook" / stage / "manifest.json").exists()


def test_evaluation_is_there_to_be_explored(show: Open, project: Path, tmp_path: Path) -> None:
    page = show("evaluation")
    wait_until_finished(page)

    box = panel(page, "pixels shown")
    changes(box, lambda: box.locator("select").first.select_option(index=1))
    shown = changes(box, lambda: box.locator("select").nth(1).select_option(["bicubic", "SRCNN", "warm-up"]))
    assert len(shown) == 5
    changes(box, lambda: box.locator(".noUi-handle").last.press("End"))
    changes(box, lambda: box.locator(".noUi-handle").first.press("Home"))

    box = panel(page, "adversarial")
    assert re.search(r"0% adversarial [\d.]+ dB", box.locator("figcaption").first.inner_text())
    changes(box, lambda: box.locator(".noUi-handle").press("End"))
    assert re.search(r"100% adversarial [\d.]+ dB", box.locator("figcaption").first.inner_text())

    image = tmp_path / "mine.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)).save(image)
    box = panel(page, "file")
    with page.expect_file_chooser() as chooser:
        box.get_by_role("button").click()
    changes(box, lambda: chooser.value.set_files(image))
    own = project / "results/notebook/evaluation/own"
    assert Image.open(own / "mine_srgan.png").size == (240, 160)
    box.locator("input[type=text]").fill("no/such/file.png")
    box.locator("input[type=text]").press("Enter")
    page.get_by_text("no/such/file.png: no such file").wait_for()

    page.get_by_role("button", name="Choose the images").click()
    page.get_by_role("button", name="begin").click()
    for number in (1, 2, 3):
        page.get_by_text(re.compile(rf"\({number} of \d+\)")).wait_for()
        page.wait_for_timeout(400)  # sooner it would be taken for a double click
        page.get_by_role("button", name="3 fair").click()
    page.get_by_text(re.compile(r"\(4 of \d+\)")).wait_for()
    (answers,) = (project / "results/notebook").glob("opinion_*.json")
    assert [answer["vote"] for answer in json.loads(answers.read_text())["answers"]] == [3, 3, 3]


def test_interrupting_the_kernel_saves_and_says_how_to_go_on(show: Open, project: Path) -> None:
    set_parameters(project, "srcnn", {**tiny_values("srcnn"), "steps": 100_000})
    page = show("srcnn")
    page.wait_for_function("() => document.querySelector('progress')?.max > 3")  # training has begun
    page.evaluate("jupyterapp.commands.execute('notebook:interrupt-kernel')")
    page.get_by_text("run the same again to go on from there").first.wait_for()
    (stopped,) = [output for output in page.evaluate(OUTPUTS) if "ename" in output]
    assert stopped["ename"] == "Interrupted" and len(stopped["traceback"]) == 1
    step = int(re.search(r"stopped after step (\d+)", stopped["evalue"])[1])
    assert list((project / "results/notebook/srcnn/checkpoints").iterdir())

    page.wait_for_function(READY)
    page.evaluate(RUN_ALL)
    page.wait_for_function("step => document.querySelector('progress')?.value > step", arg=step)
    assert "stopped after" not in page.locator(".jp-Notebook").inner_text()
    page.evaluate("jupyterapp.commands.execute('notebook:interrupt-kernel')")
    page.get_by_text("run the same again to go on from there").first.wait_for()
