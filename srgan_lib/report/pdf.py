"""Set the paper page as PDF: HTML through pandoc to Typst."""

from __future__ import annotations

import tempfile
from pathlib import Path

from srgan_lib.report.images import Images

TEMPLATE = Path(__file__).with_name("template")


def render_pdf(html: str, images: Images) -> bytes:
    """Set a page rendered for paper as PDF; the same page gives the same bytes.

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
        images.write(folder, html)
        (folder / "report.typ").write_text(body, encoding="utf-8")
        return typst.compile(folder / "report.typ", root=folder, ignore_system_fonts=True, timestamp=0)
