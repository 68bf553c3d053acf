"""Where a report stands on paper: the pages of figures, of the text before them, of headings; how full pages are."""

import io
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import typst
from PIL import Image

ASK = """
#context [#metadata((
  texts: query(<text-of>).map(one => one.location().page()),
  captions: query(<caption-of>).map(one => (one.value, one.location().page())),
  headings: query(heading).map(one => (repr(one.at("label", default: none)), one.location().page())),
))<places>]
"""
FIGURE, NAME = re.compile(r"#figure\("), re.compile(r"<((?:fig|tab)-[^>]+)>$")


@dataclass(frozen=True)
class Layout:
    """A file that was set: by name, the page of each figure and how many pages it is after the end of its text."""

    figures: dict[str, int]
    #: From the end of the text before it: -1 where that text begins on the figure's page and ends on the next.
    distances: dict[str, int]
    headings: dict[str, int]
    full: list[float]  # by page, how much of its height is used


def layout(source: Path) -> Layout:
    """Set a Typst file that ``paper.write_source`` has written, and ask where things are."""
    lines, names = source.read_text(encoding="utf-8").splitlines(), []
    before = 0
    for number, line in enumerate(lines):
        if FIGURE.match(line):
            later = range(number, len(lines))
            ends = next(one for one in later if lines[one].startswith(")") or lines[one] == "  )")
            caption = next((one for one in range(number, ends) if lines[one].endswith("caption: [")), None)
            name = next((found[1] for one in lines[ends : ends + 2] if (found := NAME.search(one))), None)
            if caption is None or name is None:
                continue
            lines[caption] += f"#metadata({len(names)})<caption-of>"
            lines[before] += "#metadata(none)<text-of>"
            names.append(name)
        elif re.match(r"[\w`]|#(emph|strong|link|raw)\b", line):
            before = number
    marked = source.with_name("marked.typ")
    marked.write_text("\n".join(lines) + ASK, encoding="utf-8")
    found = json.loads(
        typst.query(marked, "<places>", root=source.parent, ignore_system_fonts=True, field="value", one=True)
    )
    captions = {names[index]: page for index, page in found["captions"]}
    distances = {name: captions[name] - page for name, page in zip(names, found["texts"], strict=True)}
    headings = {label.strip("<>"): page for label, page in found["headings"]}
    pages = typst.compile(source, root=source.parent, ignore_system_fonts=True, format="png", ppi=24)
    pages = pages if isinstance(pages, list) else [pages]
    return Layout(captions, distances, headings, [_full(page) for page in pages])


def _full(png: bytes) -> float:
    """The share of a page's height, in bands of some 5 mm, that is not empty, without header and footer."""
    with Image.open(io.BytesIO(png)) as image:
        ink = (np.asarray(image.convert("L")) < 200).any(axis=1)
    text = ink[round(len(ink) * 22 / 297) : round(len(ink) * 277 / 297)]
    return float(np.mean([band.any() for band in np.array_split(text, 50)]))
