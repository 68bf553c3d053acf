"""Finish a report's main part: numbers, ids, captions, formulas, links, and boxes that scroll."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from bs4 import BeautifulSoup, Tag
from mistune.util import striptags

from srgan_lib.layout import NOTEBOOKS
from srgan_report.report.appendix import add_glossary, gather_references
from srgan_report.report.images import NAME, Images
from srgan_report.report.notebooks import set_formulas
from srgan_report.report.viewer import Viewer

#: Figures to look up rather than to read, by how their ids begin: folded on the screen.
LOOKED_UP = (
    *("src-", "fig-network", "fig-feature_maps", "fig-degradations", "fig-sizes", "fig-crops", "fig-term_shares"),
    *("tab-layers", "tab-split", "tab-alignment", "tab-speed", "tab-psnr_", "tab-ssim_", "tab-lpips_", "tab-vif_"),
)
OVERVIEWS = ("fig-grid_", "fig-pairs")  #: whole photographs, drawn smaller than they are
SECTIONS = ("Try this", "Kinds of measure")  #: that are folded whole
SHOWN = 2  #: comparison grids, and patches, that are not folded
KINDS = {"srgan-table": "Table", "srgan-listing": "Listing"}  #: what is no figure, by its class
NUMBER = re.compile(r"^\s*\d+\s*[.:)·–—-]?\s+")


def postprocess(
    html: str, bylines: Mapping[str, str], images: Images, viewer: Viewer | None = None, gallery: str = ""
) -> Tag:
    """Number chapters, figures and tables, and make the page complete in itself.

    Parameters
    ----------
    html : one ``<main>`` element, images by name.
    bylines : of the chapters that are numbered, in order, by the ids of their headings; empty for none.
    viewer : the images that comparison grids and patches open.
    gallery : HTML to put under the heading of the evaluation's images.
    """
    page = BeautifulSoup(html, "html.parser")
    _drop_foreign(page)
    if gallery:
        _place_gallery(page, gallery)
    gather_references(page)
    _leave_out_empty_sections(page)
    add_glossary(page)
    _unique_ids(page)
    _number_chapters(page, bylines)
    set_formulas(page)
    _complete_figures(page, images)
    if viewer and viewer.images:
        _open_figures(page, viewer)
    _set_headings(page)
    _fold(page)
    _box_what_is_wide(page)
    _mend_links(page)
    return page.select("main")[0]


def _drop_foreign(page: BeautifulSoup) -> None:
    """Drop what asks for a file or runs a script, and what speaks to who runs notebooks one by one."""
    # Of an image its description stays. Who runs notebooks is told which files were written and what is next.
    for element in page.select("main script, main link, main iframe, main object, main embed, .srgan-finish"):
        element.decompose()
    for image in page.find_all("img"):
        if not NAME.fullmatch(_attribute(image, "src")):
            image.replace_with(_attribute(image, "alt"))


def _leave_out_empty_sections(page: BeautifulSoup) -> None:
    """A heading with nothing below it but another heading of its level or above says nothing; its code stays."""
    for heading in reversed(page.select("main h3, main h4")):
        following = next((one for one in heading.find_all_next() if _shows(one)), None)
        if following is None or (following.name in ("h2", "h3", "h4") and following.name <= heading.name):
            heading.decompose()


def _shows(element: Tag) -> bool:
    """Whether an element is a heading or content that a reader sees."""
    if element.find_parent(class_="code"):
        return False
    return element.name in ("h2", "h3", "h4", "p", "li", "table", "img", "pre", "dl", "math")


def _unique_ids(page: BeautifulSoup) -> None:
    seen: Counter[str] = Counter()
    for element in page.find_all(id=True):
        name = _attribute(element, "id")
        seen[name] += 1
        if seen[name] > 1:
            element["id"] = f"{name}-{seen[name]}"


def _number_chapters(page: BeautifulSoup, bylines: Mapping[str, str]) -> None:
    """Chapters are numbered by their place, and say which notebook they are and how long it took."""
    for index, (anchor, byline) in enumerate(bylines.items(), 1):
        heading = page.find("h2", id=anchor)
        if heading is None:
            continue
        if first := heading.find(string=True):
            first.replace_with(NUMBER.sub("", str(first)))
        heading.insert(0, page.new_tag("span", attrs={"class": "number"}, string=f"{index}"), " ")
        if byline:
            attributes = {"class": "byline", "data-paper": "byline"}
            heading.insert_after(page.new_tag("div", attrs=attributes, string=byline))


def _complete_figures(page: BeautifulSoup, images: Images) -> None:
    """Each figure and table gets its number and its origin; images get their size, so that the page does not jump."""
    count: Counter[str] = Counter()
    for image in page.find_all("img"):
        image["alt"] = striptags(_attribute(image, "alt"))  # it may repeat a caption, which may hold HTML
        if (size := images.size(_attribute(image, "src"))) and not image.has_attr("width"):
            image["width"], image["height"] = map(str, size)
    for image in page.select(", ".join(f"figure[id^={name}] img" for name in OVERVIEWS)):
        images.take_as_overview(_attribute(image, "src"))
    for figure in page.select("figure.srgan"):
        kind = next((kind for name, kind in KINDS.items() if name in figure["class"]), "Figure")
        count[kind] += 1
        caption = figure.find("figcaption")
        if caption is None:
            caption = page.new_tag("figcaption")
            figure.append(caption)
        caption.insert(0, page.new_tag("b", attrs={"class": "label"}, string=f"{kind} {count[kind]}."), " ")
        source, stage = _attribute(figure, "data-source"), NOTEBOOKS.get(_attribute(figure, "data-stage"))
        made = " ".join(filter(None, [source and f"from {source}", stage and f"by notebook {stage.notebook}"]))
        if made:
            caption.extend([" ", page.new_tag("span", attrs={"class": "source"}, string=f"Made {made}.")])


def _open_figures(page: BeautifulSoup, viewer: Viewer) -> None:
    """Comparison grids and patches know the image that the viewer shows for them."""
    for one in viewer.images:
        for kind in ("grid", "patch", "patch_middle"):
            if figure := page.find("figure", id=f"fig-{kind}_{one.dataset}_{one.image}"):
                figure["data-view"] = one.key


def _place_gallery(page: BeautifulSoup, gallery: str) -> None:
    """The gallery stands under the heading of the evaluation's images, after its first paragraph; else at the end."""
    box = BeautifulSoup(gallery, "html.parser")
    heading = page.find(id="evaluation-images")
    if heading and (first := heading.find_next("p")):
        first.insert_after(box)
    else:
        page.select(".appendix")[0].insert_before(box)


def _fold(page: BeautifulSoup) -> None:
    """Fold what is looked up, some sections, and all pictures of a kind but the first and the last."""
    for figure in page.select("figure.srgan[id]"):
        if _attribute(figure, "id").startswith(LOOKED_UP) and figure.find_parent("details") is None:
            caption = figure.select("figcaption")[0].get_text(" ", strip=True).partition(". Made ")[0]
            _wrapped(page, [figure], _shortened(caption))
    for kind in ("fig-grid_", "fig-patch_"):
        pictures = [one for one in page.select(f"figure[id^={kind}]") if one.find_parent("details") is None]
        if len(pictures) > SHOWN:
            between = f"{len(pictures) - SHOWN} more images, between the largest gain and the smallest"
            _wrapped(page, pictures[1:-1], between)
    for heading in [one for one in page.find_all("h3") if one.get_text() in SECTIONS]:
        if section := _section(heading):
            _wrapped(page, section, heading)


def _section(heading: Tag) -> list[Tag]:
    """List what follows a heading, in its cell and in those after it, up to what holds another section's heading."""
    found: list[Tag] = []
    place: Tag | None = heading
    while place and place.name != "main":
        for one in place.find_next_siblings():
            if one.name in ("h2", "h3") or one.find(["h2", "h3"]):
                return found
            found.append(one)
        place = place.parent
    return found


def _wrapped(page: BeautifulSoup, elements: Sequence[Tag], summary: str | Tag) -> None:
    """Put elements into one box that is folded, where the first of them stands."""
    box, line = page.new_tag("details", attrs={"class": "fold"}), page.new_tag("summary")
    elements[0].insert_before(box)
    line.append(summary)
    box.extend([line, *elements])


def _shortened(text: str) -> str:
    """Keep a caption's number and what comes before its first colon, comma or full stop, without half a parenthesis."""
    label, _, rest = text.partition(". ")
    first = re.split(r"[.:;,](?= )", rest)[0]
    return f"{label}. {first if first.count('(') == first.count(')') else first.rpartition(' (')[0]}"


def _set_headings(page: BeautifulSoup) -> None:
    """Headings of tables stand over their numbers, and break neither inside a name nor before an arrow."""
    for table in page.select("figure.srgan-table table"):
        cells = table.select("tbody tr:first-child > *")
        for heading, cell in zip(table.select("thead tr:last-child th"), cells, strict=False):
            if "num" in cell.get_attribute_list("class"):
                heading["class"] = "num"
            if heading.string:
                words = heading.string.replace("-", "\N{NON-BREAKING HYPHEN}")
                heading.string = re.sub(" (?=[↑↓])", "\N{NO-BREAK SPACE}", words)


def _box_what_is_wide(page: BeautifulSoup) -> None:
    """What is wide scrolls inside its own box, which the keyboard reaches."""
    for number, table in enumerate(page.find_all("table"), 1):
        box = table.find_parent(class_="scroll") or table.wrap(page.new_tag("div", attrs={"class": "scroll"}))
        box.attrs |= {"tabindex": "0", "role": "region", "aria-label": _label(box) or f"Small table {number}"}
    # A chart is seen whole, or as wide as it is on request, in its box.
    for image in page.select("figure.srgan > img"):
        chart = {"class": "scroll chart", "tabindex": "0", "role": "region", "aria-label": _label(image)}
        image.wrap(page.new_tag("div", attrs={**chart, "style": _attribute(image, "style")}))
    for wide in page.select("pre, math[display=block]"):
        wide["tabindex"] = "0"


def _mend_links(page: BeautifulSoup) -> None:
    """Links inside the page lead somewhere; links to files beside it become text, since the page travels alone.

    Those of class ``beside`` stay: a comparison lies beside the runs that it compares.
    """
    inside = {f"#{_attribute(element, 'id')}" for element in page.find_all(id=True)}
    for link in page.find_all("a", href=True):
        target, beside = _attribute(link, "href"), "beside" in link.get_attribute_list("class")
        if not (target in inside or beside or re.match(r"https?://|mailto:", target)):
            link.unwrap()


def _label(element: Tag) -> str:
    """The number of the figure or table that an element is in, such as ``Figure 3``; empty where there is none."""
    figure = element.find_parent("figure")
    label = figure.find("b", class_="label") if figure else None
    return label.get_text().rstrip(".") if label else ""


def _attribute(element: Tag, name: str) -> str:
    """An attribute's text; empty where the element has none."""
    return " ".join(str(value) for value in element.get_attribute_list(name))
