"""The appendix: every parameter, hashes and code of a run, glossary and references, with links from the prose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Any

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString
from nbformat import NotebookNode

from srgan_lib.formatting import value_text
from srgan_lib.layout import STAGES
from srgan_lib.params import Params
from srgan_report.report.load_run import FinishedRun

PARAMETERS = {"parameters", "injected-parameters"}  # tags of the cells whose values the tables show
#: Each term as the prose writes it, with its meaning; of longer terms that hold a shorter one the longer comes first.
TERMS = {
    "LR": "low resolution: the small image that a method enlarges",
    "HR": "high resolution: the original photograph, which a method should restore",
    "SR": "super-resolved: what a method makes of the LR image",
    "PSNR": "peak signal-to-noise ratio in decibels: how small the squared error of the pixels is; 1 dB more is an "
    "error a fifth smaller; higher is better",
    "SSIM": "structural similarity: likeness of brightness, contrast and structure in small windows, at most 1; "
    "higher is better",
    "LPIPS": "learned perceptual image patch similarity: distance between the features that a network trained to "
    "recognise objects has of two images; lower is better",
    "NIQE": "natural image quality evaluator: how far an image's statistics are from those of photographs, without the "
    "original; lower is better",
    "VGG-19": "a network trained to recognise objects, whose features the content term of the training compares",
    "SRCNN": "super-resolution convolutional neural network (Dong et al.): three layers on the bicubic enlargement",
    "SRResNet": "super-resolution residual network (Ledig et al.): the generator of SRGAN before adversarial training",
    "SRGAN": "super-resolution generative adversarial network (Ledig et al.): a generator trained against a "
    "discriminator",
    "bicubic": "enlargement by cubic interpolation of the neighbouring pixels: the baseline of all differences",
    "warm-up": "the first training of the generator, without a discriminator, and the network that it gives",
    "adversarial": "of a training: against a discriminator, which learns to tell the generator's images from "
    "photographs",
    "discriminator": "the network that learns to tell the generator's images from photographs; it is needed in "
    "training only",
    "generator": "the network that makes the SR image",
    "EMA": "exponential moving average of the weights over the last steps of a training",
    "held-out": "kept from training: photographs that only judge",
    "self-ensemble": "the mean of what a network makes of an image in all eight flips and turns",
}
HEADING = "References"  #: of the notebooks' own lists, and of the one in the appendix
#: Elements whose text is no prose.
_OUTSIDE = ["a", "code", "pre", "math", "h1", "h2", "h3", "h4", "button", "figure", "summary", "header", "details"]


def context(run: FinishedRun, book: NotebookNode) -> dict[str, Any]:
    """What the appendix's template shows."""
    listed = hashes(run)
    shown = [(path, value) for path, value in listed if not path.startswith("evaluation/images/")]
    return {
        "parameters": parameters(run),
        "hashes": shown,
        "image_files": len(listed) - len(shown),
        "code": code(run, book),
    }


def parameters(run: FinishedRun) -> dict[str, list[dict[str, Any]]]:
    """All parameters by section: ``changed`` where the run sets one, ``default`` empty where that is the value."""
    sections = {}
    for section in ("shared", *STAGES):
        fields = Params.section(section).model_fields
        sections[section] = [
            {
                "name": name,
                "value": value_text(value),
                "default": value_text(default) if value != (default := fields[name].get_default()) else "",
                "changed": f"{section}.{name}" in run.manifest["changed"],
                "meaning": fields[name].description or "",
            }
            for name, value in run.manifest["parameters"][section].items()
        ]
    return sections


def hashes(run: FinishedRun) -> list[tuple[str, str]]:
    """Every result file of the run and its SHA-256, by its path in the run's folder."""
    return [
        (f"{stage.info.name}/{path}", value)
        for stage in run.stages
        for path, value in stage.manifest["outputs"].items()
    ]


def code(run: FinishedRun, book: NotebookNode) -> list[tuple[str, str]]:
    """The code of each notebook, for the printed report, where it cannot be folded into its place."""
    cells = [
        cell for cell in book.cells if cell.cell_type == "code" and not PARAMETERS & set(cell.metadata.get("tags", []))
    ]
    sources = {stage.info: [c.source for c in cells if c.metadata["stage"] == stage.info.name] for stage in run.stages}
    return [(info.notebook, "\n\n".join(pieces)) for info, pieces in sources.items()]


def add_glossary(page: BeautifulSoup) -> None:
    """Link each chapter's first use of a term to a list in the appendix, which holds the terms that are used."""
    appendix = page.select_one(".appendix")
    if appendix is None:
        return
    used: set[str] = set()
    for strings in _by_chapter(page):
        used |= _link_first_uses(page, strings)
    if used:
        rows = "".join(
            f'<dt id="{_anchor(term)}">{escape(term)}</dt><dd>{escape(TERMS[term])}</dd>'
            for term in sorted(used, key=str.lower)
        )
        html = (
            '<details class="fold"><summary><h3 id="glossary">Glossary</h3></summary>'
            f'<dl class="glossary">{rows}</dl></details>'
        )
        appendix.append(BeautifulSoup(html, "html.parser"))


def _by_chapter(page: BeautifulSoup) -> list[list[NavigableString]]:
    chapters: dict[int, list[NavigableString]] = {}
    for string in prose_strings(page):
        heading = string.find_previous("h2")
        chapters.setdefault(id(heading), []).append(string)
    return list(chapters.values())


def _link_first_uses(page: BeautifulSoup, strings: list[NavigableString]) -> set[str]:
    waiting = dict(TERMS)
    found = set()
    pattern = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, TERMS))})(?![\w-])")
    for string in strings:
        pieces: list[str | Tag] = []
        end = 0
        for match in pattern.finditer(string):
            term = match[1]
            if term not in waiting:
                continue
            meaning = waiting.pop(term)
            found.add(term)
            link = page.new_tag(
                "a", attrs={"class": "term", "href": f"#{_anchor(term)}", "title": meaning}, string=term
            )
            pieces += [string[end : match.start()], link]
            end = match.end()
        if pieces:
            string.replace_with(*pieces, string[end:])
    return found


def _anchor(term: str) -> str:
    return f"term-{term.lower()}"


@dataclass(frozen=True)
class Reference:
    """An entry: its first author's surname, its year and title, and all of it as the notebook has it, in HTML."""

    surname: str
    year: str
    title: str
    html: str

    @property
    def anchor(self) -> str:
        """The entry's id; works of one author and year share it with a letter of their title."""
        initials = "".join(word[0] for word in re.findall(r"\w+", self.title)[:4])
        return f"ref-{re.sub(r'[^a-z]+', '-', self.surname.lower())}-{self.year}-{initials.lower()}"


def gather_references(page: BeautifulSoup) -> None:
    """Move the lists under the notebooks' headings *References* into one in the appendix, and link what cites them."""
    appendix = page.select_one(".appendix")
    entries: dict[str, Reference] = {}
    for heading in page.find_all("h3", string=HEADING):
        items = heading.find_next_sibling("ul")
        if appendix is None or items is None:
            continue
        for item in items.find_all("li"):
            reference = read_reference(item)
            entries.setdefault(reference.title.lower(), reference)
        heading.decompose()
        items.decompose()
    if appendix is None or not entries:
        return
    ordered = sorted(entries.values(), key=lambda one: (one.surname.lower(), one.year))
    _link_citations(page, ordered)
    rows = "".join(f'<li id="{one.anchor}">{one.html}</li>' for one in ordered)
    html = (
        f'<details class="fold"><summary><h3 id="references">{HEADING}</h3></summary>'
        f'<ul class="references">{rows}</ul></details>'
    )
    appendix.append(BeautifulSoup(html, "html.parser"))


def read_reference(item: Tag) -> Reference:
    """Read an entry such as ``C. Dong, K. He, "Title", TPAMI 2016: remark.``"""
    text = item.get_text()
    author = re.split(r",| et al\.| and ", text, maxsplit=1)[0]
    surname = re.sub(r"^(?:[^\W\d_]\.[ -]?)+", "", author).strip()
    years = re.findall(r"\b(?:19|20)\d\d\b", text)
    title = re.search(r"[\"“](.+?)[\"”]", text.replace("\n", " "))
    return Reference(surname, years[-1] if years else "", title[1] if title else text, item.decode_contents())


def _link_citations(page: BeautifulSoup, references: list[Reference]) -> None:
    """Link ``Surname …, year`` where prose has it."""
    for one in references:
        pattern = re.compile(
            rf"(?<!\w){re.escape(one.surname)}(?: et al\.| and [A-Z][\w-]+)?(?:, | \()(?:[A-Z]\w+, )?{one.year}"
        )
        for string in prose_strings(page):
            if found := pattern.search(string):
                link = page.new_tag("a", attrs={"class": "cite", "href": f"#{one.anchor}"}, string=found[0])
                string.replace_with(string[: found.start()], link, string[found.end() :])


def prose_strings(page: BeautifulSoup) -> list[NavigableString]:
    """List the texts of the chapters' paragraphs and lists."""
    return [
        string
        for element in page.select("main p, main li")
        if element.find_parent(class_=["appendix", "gallery"]) is None and element.find_parent(_OUTSIDE) is None
        for string in element.find_all(string=True)
        if string.find_parent(_OUTSIDE) is None and string.find_parent(["p", "li"]) is element
    ]
