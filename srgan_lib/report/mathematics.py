"""Set a page's formulas as MathML, all by one call of pandoc, so that the page needs no script for them."""

from __future__ import annotations

import html
import json

from bs4 import BeautifulSoup

PLACEHOLDER = "tex-formula"  #: the element that holds a formula's TeX until :func:`set_formulas`


def placeholder(tex: str, *, display: bool) -> str:
    """Mark a formula in HTML for :func:`set_formulas`.

    Parameters
    ----------
    tex : without its dollars.
    display : on a line of its own.
    """
    return f'<{PLACEHOLDER} display="{"block" if display else "inline"}">{html.escape(tex.strip())}</{PLACEHOLDER}>'


def set_formulas(page: BeautifulSoup) -> None:
    """Replace the marked formulas by MathML that carries its TeX; TeX that pandoc cannot read is shown as code."""
    import pypandoc

    marked = page.find_all(PLACEHOLDER)
    if not marked:
        return
    blocks = [
        _paragraph(formula.text, "DisplayMath" if formula["display"] == "block" else "InlineMath") for formula in marked
    ]
    document = json.dumps({"pandoc-api-version": [1, 23], "meta": {}, "blocks": blocks})
    mathml = pypandoc.convert_text(document, "html", format="json", extra_args=["--mathml", "--wrap=none", "--quiet"])
    converted = BeautifulSoup(mathml, "html.parser")
    for fence in converted.find_all("mo", form=True, string="∥"):
        fence.string = "‖"  # the former is a relation too, with space around it
    for formula, paragraph in zip(marked, converted.find_all("p"), strict=True):
        formula.replace_with(paragraph.math or page.new_tag("code", attrs={"class": "tex"}, string=formula.text))


def _paragraph(tex: str, kind: str) -> dict[str, object]:
    """One formula as a block of pandoc's document tree."""
    return {"t": "Para", "c": [{"t": "Math", "c": [{"t": kind}, tex]}]}
