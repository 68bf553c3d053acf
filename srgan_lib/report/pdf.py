"""The page on paper: HTML through pandoc to Typst, or printed by Chromium."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from srgan_lib.files import atomic_path
from srgan_lib.report.errors import ReportError
from srgan_lib.report.images import Images

TEMPLATE = Path(__file__).with_name("template")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")


def render_pdf(html: str, images: Images) -> bytes:
    """A composed page as PDF; the same page gives the same bytes.

    The filter ``pdf.lua`` turns marked parts of the page into calls of the functions in ``pdf.typ``.
    """
    import pypandoc
    import typst

    body = pypandoc.convert_text(
        html,
        "typst",
        format="html",
        extra_args=[f"--lua-filter={TEMPLATE / 'pdf.lua'}", f"--template={TEMPLATE / 'pdf.typ'}", "--wrap=none"],
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        images.write(folder)
        (folder / "report.typ").write_text(body, encoding="utf-8")
        return typst.compile(folder / "report.typ", root=folder, ignore_system_fonts=True, timestamp=0)


def print_page(html: Path, pdf: Path) -> None:
    """Print a page with Chromium.

    Raises
    ------
    ReportError
        Where there is no Chromium or it fails.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise ReportError("PDF engine 'chromium': no Chromium or Chrome on PATH; install one or use 'typst'")
    with atomic_path(pdf) as target, tempfile.TemporaryDirectory() as profile:
        # The sandbox does not work for root, and the page is ours and asks no host for anything.
        quiet = (
            "no-sandbox disable-gpu no-first-run disable-background-networking disable-component-update disable-sync"
        )
        switches = [*quiet.split(), "no-pdf-header-footer", f"user-data-dir={profile}", f"print-to-pdf={target}"]
        command = [browser, "--headless", *(f"--{switch}" for switch in switches), html.resolve().as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        except subprocess.TimeoutExpired:
            raise ReportError(f"{browser} did not print {html} within five minutes; use the engine 'typst'") from None
        if done.returncode or not target.stat().st_size:
            raise ReportError(f"{browser} could not print {html}: {done.stderr.strip()[-300:]}")
