"""One list of references for the report, gathered from the notebooks' own, with links from where they are cited."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bs4 import BeautifulSoup, Tag

from srgan_lib.report.prose import prose_strings

HEADING = "References"


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
    html = f'<details class="fold"><summary><h3 id="references">{HEADING}</h3></summary><ul class="references">{rows}</ul></details>'
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
