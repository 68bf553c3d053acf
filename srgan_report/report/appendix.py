"""The appendix: every parameter, hashes and code of a run, glossary and references, with links from the prose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from itertools import groupby
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


def context(run: FinishedRun, cells: list[NotebookNode]) -> dict[str, Any]:
    """What the appendix's template shows."""
    files = {
        f"{stage.info.name}/{path}": value for stage in run.stages for path, value in stage.manifest["outputs"].items()
    }
    shown = [(path, value) for path, value in files.items() if not path.startswith("evaluation/images/")]
    return {
        "parameters": parameters(run),
        "hashes": shown,
        "image_files": len(files) - len(shown),
        "code": code(run, cells),
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


def code(run: FinishedRun, cells: list[NotebookNode]) -> list[tuple[str, str]]:
    """The code of each notebook, for the printed report, where it cannot be folded into its place."""
    sources: dict[str, list[str]] = {stage.info.name: [] for stage in run.stages}
    for cell in cells:
        if cell.cell_type == "code" and not PARAMETERS & set(cell.metadata.get("tags", [])):
            sources[cell.metadata["stage"]].append(cell.source)
    return [(stage.info.notebook, "\n\n".join(sources[stage.info.name])) for stage in run.stages]


def add_glossary(page: BeautifulSoup) -> None:
    """Link each chapter's first use of a term to a list in the appendix, which holds the terms that are used."""
    if page.select_one(".appendix") is None:
        return
    used: set[str] = set()
    for _, chapter in groupby(prose_strings(page), lambda string: id(string.find_previous("h2"))):
        used |= _link_first_uses(page, list(chapter))
    rows = [
        f'<dt id="{_anchor(term)}">{escape(term)}</dt><dd>{escape(TERMS[term])}</dd>'
        for term in sorted(used, key=str.lower)
    ]
    _append_folded(page, "glossary", "Glossary", "dl", rows)


def _append_folded(page: BeautifulSoup, name: str, heading: str, tag: str, rows: list[str]) -> None:
    """Put a list of class ``name`` at the end of the appendix, if it has rows."""
    if rows:
        summary = f'<summary><h3 id="{name}">{heading}</h3></summary>'
        html = f'<details class="fold">{summary}<{tag} class="{name}">{"".join(rows)}</{tag}></details>'
        page.select(".appendix")[0].append(BeautifulSoup(html, "html.parser"))


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
            attributes = {"class": "term", "href": f"#{_anchor(term)}", "title": meaning}
            link = page.new_tag("a", attrs=attributes, string=term)
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
    if page.select_one(".appendix") is None:
        return
    entries: dict[str, Reference] = {}
    for heading in page.find_all("h3", string=HEADING):
        if items := heading.find_next_sibling("ul"):
            for reference in map(read_reference, items.find_all("li")):
                entries.setdefault(reference.title.lower(), reference)
            heading.decompose()
            items.decompose()
    ordered = sorted(entries.values(), key=lambda one: (one.surname.lower(), one.year))
    _link_citations(page, ordered)
    rows = [f'<li id="{one.anchor}">{one.html}</li>' for one in ordered]
    _append_folded(page, "references", HEADING, "ul", rows)


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
