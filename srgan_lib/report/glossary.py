"""The report's glossary: what each term means, in a list and where a chapter first uses it."""

from __future__ import annotations

import re
from html import escape

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

from srgan_lib.report.prose import prose_strings

#: Each term as the prose writes it, with its meaning; of longer terms that hold a shorter one the longer comes first.
TERMS = {
    "LR": "low resolution: the small image that a method enlarges",
    "HR": "high resolution: the original photograph, which a method should restore",
    "SR": "super-resolved: what a method makes of the LR image",
    "PSNR": "peak signal-to-noise ratio in decibels: how small the squared error of the pixels is; 1 dB more is an error a "
    "fifth smaller; higher is better",
    "SSIM": "structural similarity: likeness of brightness, contrast and structure in small windows, at most 1; higher is better",
    "LPIPS": "learned perceptual image patch similarity: distance between the features that a network trained to recognise "
    "objects has of two images; lower is better",
    "NIQE": "natural image quality evaluator: how far an image's statistics are from those of photographs, without the "
    "original; lower is better",
    "VGG-19": "a network trained to recognise objects, whose features the content term of the training compares",
    "SRCNN": "super-resolution convolutional neural network (Dong et al.): three layers on the bicubic enlargement",
    "SRResNet": "super-resolution residual network (Ledig et al.): the generator of SRGAN before adversarial training",
    "SRGAN": "super-resolution generative adversarial network (Ledig et al.): a generator trained against a discriminator",
    "bicubic": "enlargement by cubic interpolation of the neighbouring pixels: the baseline of all differences",
    "warm-up": "the first training of the generator, without a discriminator, and the network that it gives",
    "adversarial": "of a training: against a discriminator, which learns to tell the generator's images from photographs",
    "discriminator": "the network that learns to tell the generator's images from photographs; it is needed in training only",
    "generator": "the network that makes the SR image",
    "EMA": "exponential moving average of the weights over the last steps of a training",
    "held-out": "kept from training: photographs that only judge",
    "self-ensemble": "the mean of what a network makes of an image in all eight flips and turns",
}


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
        html = f'<details class="fold"><summary><h3 id="glossary">Glossary</h3></summary><dl class="glossary">{rows}</dl></details>'
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
