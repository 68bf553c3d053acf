"""Text in any script, in figures and on paper: by fonts that this machine has, else escaped as ``\\u{1F600}``.

No font has the characters of all scripts, and where none has one, a box is drawn that nobody can read.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from matplotlib import font_manager, get_data_path
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

logger = logging.getLogger(__name__)

#: Joiners and selectors, which have no glyph of their own.
_WITHOUT_GLYPH = re.compile("[\\s\u200c-\u200f\ufe00-\ufe0f]")
#: Scripts and pictures for which the PDF needs a font besides its own; mathematical letters it has.
_BEYOND_PAPER = re.compile(
    "[\u0590-\u1dff\u2e80-\ud7ff\uf900-\ufdff\ufe10-\ufffd\U00010000-\U0001d3ff\U0001d800-\U0010ffff]"
)


def complete(figure: Figure) -> None:
    """Give each text of a figure fonts for its characters; those of no font are escaped, which a warning says once.

    Dollars in it are dollars, but in matplotlib's own numbers at axes.
    """
    own = characters(font_manager.findfont(FontProperties()))
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if "$" in text.get_text() and r"\mathdefault" not in text.get_text():
            text.set_parse_math(False)
        shown, fonts = _with_fonts(text.get_text(), lambda character: ord(character) in own, scalable=True)
        if fonts:
            text.set_fontfamily([*text.get_fontfamily(), *map(_family, fonts)])
        if shown != text.get_text():
            text.set_text(shown)


def for_paper(text: str) -> tuple[str, list[Path]]:
    """Escape the characters of a page that no font has, and list the font files that it needs besides typst's own."""
    return _with_fonts(text, lambda character: not _BEYOND_PAPER.match(character), scalable=False)


def _with_fonts(text: str, has: Callable[[str], bool], *, scalable: bool) -> tuple[str, list[Path]]:
    missing = sorted({one for one in set(text) if not (has(one) or _WITHOUT_GLYPH.match(one))})
    found = {character: font_with(character, scalable) for character in missing}
    for character in (one for one, font in found.items() if font is None):
        _warn()
        text = text.replace(character, f"\\u{{{ord(character):X}}}")
    return text, sorted({font for font in found.values() if font})


@cache
def _family(font: Path) -> str:
    """Make a font file known to matplotlib, and name its family."""
    font_manager.fontManager.addfont(font)
    return FT2Font(str(font)).family_name


@cache
def font_with(character: str, scalable: bool = True) -> Path | None:
    """Find a font file with a character, the same each time; None where this machine has none.

    Where it is to be ``scalable``, fonts of coloured pictures do not count.
    """
    for font in _installed():
        if ord(character) in characters(font) and (FT2Font(font).scalable or not scalable):
            return Path(font)
    return None


@cache
def _warn() -> None:
    logger.warning(
        "names have characters that no font on this machine has; figures and report.pdf show their codes, such as "
        "\\u{1F600}. Fonts with them are, for instance, those called Noto"
    )


@cache
def characters(font: str) -> frozenset[int]:
    """Read which characters a font file has; none where it cannot be read."""
    try:
        return frozenset(FT2Font(font).get_charmap())
    except (OSError, RuntimeError, NotImplementedError):
        return frozenset()


@cache
def _installed() -> list[str]:
    """List font files: matplotlib's, then the system's, regular ones first."""
    system: Iterable[str] = font_manager.findSystemFonts()
    bundled = [str(Path(get_data_path(), "fonts", "ttf", f"{name}.ttf")) for name in ("DejaVuSans", "DejaVuSansMono")]
    return bundled + sorted(system, key=lambda path: ("regular" not in path.lower(), path))
