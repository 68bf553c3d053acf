"""Figures and tables with their captions, and the HTML that notebooks show and reports are made of."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from srgan_lib.formatting import printable

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure
    from PIL import Image


def once(text: str) -> Iterator[str]:
    """Give a text that explains several captions to the first of them, and nothing to the others."""
    return chain([text], repeat(""))


def caption(*parts: str) -> str:
    """Join the finding of this run and what explains the figure, without what is empty."""
    return " ".join(filter(None, parts))


@dataclass(frozen=True)
class Exhibit:
    """What a notebook shows under one caption."""

    content: Figure | pandas.DataFrame
    name: str  #: unique in the notebook
    caption: str  #: what this run shows, then what to look for; may hold inline HTML
    source: str = ""  #: the stage's file with the values shown, if there is one
    #: How it is shown: ``vector`` of a figure, ``best`` and ``formats`` of a table.
    options: Mapping[str, Any] = field(default_factory=dict)


class Html(str):
    """A table's cell that is HTML already."""


def render(figure: Figure, kind: str) -> bytes:
    """Render a figure as bytes that are the same each time (no dates, no random ids)."""
    import matplotlib

    from srgan_report.exhibits import fonts

    fonts.complete(figure)
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "srgan", "svg.fonttype": "path"}):
        figure.savefig(buffer, format=kind, dpi=160, metadata={"Date": None} if kind == "svg" else {"Software": None})
    return buffer.getvalue()


def image(figure: Figure, data: bytes, mime: str, alt: str) -> str:
    """Write a rendered figure as an image element, its data embedded.

    Its style says what a page cannot see: ``--inches``, the natural width, beyond which it is not stretched, and
    ``--around``, the figure without its photographs, whose colours a dark page may turn.
    """
    style = f"--inches: {figure.get_figwidth():.2f}"
    corners = [one.get_position().corners() for one in figure.axes if one.images]
    if corners:
        holes = [[low, (low[0], high[1]), high, (high[0], low[1]), low] for low, *_, high in corners]
        points = [(x, 1 - y) for hole in holes for x, y in [(-0.1, 1.1), *hole, (-0.1, 1.1)]]
        outline = [*points, (-0.1, -0.1), (1.1, -0.1), (1.1, 1.1), (-0.1, 1.1), (-0.1, -0.1)]  # edges are not smoothed
        style += f"; --around: polygon(evenodd, {', '.join(f'{x:.2%} {y:.2%}' for x, y in outline)})"
    return f'<img alt="{html.escape(alt)}" style="{style}" src="{data_uri(data, mime)}">'


def chart(figure: Figure) -> str:
    """Write a figure as an image element, drawn in lines (SVG) and described in its own words."""
    return image(figure, render(figure, "svg"), "image/svg+xml", str(figure.get_label()))


def page_text(html: str) -> str:
    """Finish a page: names that have got into it anyhow turn no direction of writing round and command no terminal."""
    return printable(html, keep="\n\t\r")


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """Encode a picture as the content of a file; ``options`` are those of Pillow for the kind."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def data_uri(data: bytes, mime: str) -> str:
    """Return an address that holds the data itself."""
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def listing(code: str) -> str:
    """Python code as HTML, its words marked for the report's colours."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return highlight(code, PythonLexer(), HtmlFormatter(cssclass="highlight"))


def captioned(identity: str, body: str, caption: str, *, stage: str = "", source: str = "") -> str:
    """A figure with its caption, which may hold inline HTML.

    Where ``identity`` begins with ``tab`` it is a table, with ``src`` a listing of code. ``stage`` is whose notebook
    shows it, and ``source`` the file with the full figures, relative to the run's folder.
    """
    kind = {"tab": "srgan srgan-table", "src": "srgan srgan-listing"}.get(identity[:3], "srgan")
    origin = f' data-stage="{stage}"' if stage else ""
    origin += f' data-source="{html.escape(source)}"' if source else ""
    head = f'<figure class="{kind}" id="{html.escape(identity)}"{origin}>'
    return f"{head}{body}<figcaption>{caption}</figcaption></figure>"


def table(
    frame: pandas.DataFrame,
    name: str,
    best: Mapping[str, float | None] | None = None,
    formats: Mapping[str, str] | None = None,
) -> str:
    """Write a table in a box that scrolls where it is wider than the page, and that the keyboard reaches.

    Numbers stand to the right, and missing values are a dash. ``name`` is the box's, in words or joined by ``_``;
    ``best`` the value of a column that is set in bold, with all that is written like it; ``formats`` are by column,
    e.g. ``{"psnr_y": ".2f"}``.
    """
    columns = {}
    for column in frame.columns:
        spec, most = (formats or {}).get(column, ""), (best or {}).get(column)
        columns[column] = [
            _cell(value, spec, most is not None and _text(value, spec) == _text(most, spec)) for value in frame[column]
        ]
    head = "".join(f'<th scope="col">{html.escape(str(column))}</th>' for column in frame.columns)
    rows = "".join(f"<tr>{''.join(row)}</tr>" for row in zip(*columns.values(), strict=True))
    box = f'<div class="scroll" tabindex="0" role="region" aria-label="{html.escape(name.replace("_", " "))}">'
    return f"{box}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"


def _cell(value: Any, spec: str, strong: bool) -> str:
    if value is None or value != value:
        return '<td class="num">–</td>'
    if isinstance(value, str):
        return f"<td>{value if isinstance(value, Html) else html.escape(value)}</td>"
    text = _text(value, spec)
    return f'<td class="num">{f"<strong>{text}</strong>" if strong else text}</td>'


def _text(value: Any, spec: str) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    text = format(value, spec or ("" if isinstance(value, int) else ".4g"))
    return text.lstrip("-") if not text.strip("-0.") else text.replace("-", "\N{MINUS SIGN}")  # no minus before zero
