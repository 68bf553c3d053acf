"""The page's prose: its text outside headings, links, code, captions and formulas."""

from __future__ import annotations

from bs4 import BeautifulSoup
from bs4.element import NavigableString

_OUTSIDE = ["a", "code", "pre", "math", "h1", "h2", "h3", "h4", "button", "figure", "summary", "header", "details"]


def prose_strings(page: BeautifulSoup) -> list[NavigableString]:
    """List the texts of the chapters' paragraphs and lists."""
    return [
        string
        for element in page.select("main p, main li")
        if element.find_parent(class_=["appendix", "gallery"]) is None and element.find_parent(_OUTSIDE) is None
        for string in element.find_all(string=True)
        if string.find_parent(_OUTSIDE) is None and string.find_parent(["p", "li"]) is element
    ]
