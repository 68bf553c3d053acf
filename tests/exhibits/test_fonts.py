"""Names in any script are drawn by a font that has them, or escaped: never as boxes."""

import warnings
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from srgan_lib.log import listening
from srgan_report.exhibits import fonts, markup
from srgan_report.exhibits.plotting import new_figure, show_image
from srgan_report.report.images import Images
from srgan_report.report.paper import typeset


def make_font(folder, family, text):
    """Write a font with a square for each character of a text."""
    pen = TTGlyphPen(None)
    corners = [(100, 0), (100, 700), (800, 700), (800, 0)]
    pen.moveTo(corners[0])
    for corner in corners[1:]:
        pen.lineTo(corner)
    pen.closePath()
    square = pen.glyph()
    names = {ord(character): f"u{ord(character):X}" for character in text}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap(names)
    builder.setupGlyf(dict.fromkeys([".notdef", *names.values()], square))
    builder.setupHorizontalMetrics(dict.fromkeys([".notdef", *names.values()], (900, 100)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular", "psName": f"{family}-Regular"})
    builder.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    path = folder / f"{family}-Regular.ttf"
    builder.save(path)
    return path


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine with matplotlib's fonts, and those whose families and characters are given."""

    def install(**families):
        made = [str(make_font(tmp_path, family, text)) for family, text in families.items()]
        monkeypatch.setattr(fonts.font_manager, "findSystemFonts", lambda: made)
        for cached in (fonts.font_with, fonts._installed, fonts._warn):
            cached.cache_clear()
        return [Path(font) for font in made]

    yield install
    for cached in (fonts.font_with, fonts._installed, fonts._warn):
        cached.cache_clear()


#: A name, how figures show it, and how the PDF does, on a machine that has one font, for kana.
NAMES = [
    ("astronaut", "astronaut", "astronaut"),
    ("été Ångström ß λ Ж", "été Ångström ß λ Ж", "été Ångström ß λ Ж"),
    ("さくら", "さくら", "さくら"),
    ("寝顔", r"\u{5BDD}\u{9854}", r"\u{5BDD}\u{9854}"),
    ("さ寝", r"さ\u{5BDD}", r"さ\u{5BDD}"),
    ("שלום", "שלום", "שלום"),
    ("مرحبا", "مرحبا", "مرحبا"),
    ("\U0001f600", "\U0001f600", "\U0001f600"),  # which DejaVu Sans has
    ("\U0001f469\u200d\U0001f4bb", "\\u{1F469}\u200d\\u{1F4BB}", "\\u{1F469}\u200d\\u{1F4BB}"),
    ("한국", r"\u{D55C}\u{AD6D}", r"\u{D55C}\u{AD6D}"),
    ("नमस्ते"[0], r"\u{928}", r"\u{928}"),
    ("× ↑ ≥", "× ↑ ≥", "× ↑ ≥"),
    ("𝑥", r"\u{1D465}", "𝑥"),  # typst has a font for mathematics
    ("\U00020000", r"\u{20000}", r"\u{20000}"),
    ("$a$ and $\\frac$", "$a$ and $\\frac$", "$a$ and $\\frac$"),
]


@pytest.mark.parametrize(("name", "drawn", "on_paper"), NAMES)
def test_no_name_is_drawn_as_boxes(name, drawn, on_paper, machine):
    (kana,) = machine(Kana="さくら")
    figure, axes = new_figure(height=1.5, width=2)
    show_image(axes, [[0, 1]], name)
    figure.suptitle(f"{name}: 30 dB")
    axes.text(0, 0, name)
    with listening((said := []).append), warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of a glyph that is missing
        markup.render(figure, "png")
        markup.render(figure, "svg")
        assert fonts.for_paper(name)[0] == on_paper
    assert [axes.get_title(loc="center"), figure.get_suptitle(), axes.texts[0].get_text()] == [
        drawn,
        f"{drawn}: 30 dB",
        drawn,
    ]
    assert len(said) == (r"\u{" in drawn), "once"
    assert (kana in fonts.for_paper(name)[1]) == ("さ" in name)


def test_a_font_that_is_there_draws_instead_of_the_escape(machine):
    def drawn():
        figure, axes = new_figure(height=1.5, width=2)
        show_image(axes, [[0, 1]], "寝")
        return markup.render(figure, "svg"), axes.get_title(loc="center")

    machine()
    without, escaped = drawn()
    machine(Han="寝")
    having, shown = drawn()
    assert (escaped, shown) == (r"\u{5BDD}", "寝")
    assert having != without


def test_the_pdf_takes_the_font_that_it_needs(machine):
    page = "<html><head><title>t</title><meta name='date' content='2026-01-01'></head><body><p>{}</p></body></html>"
    machine(Han="寝")
    ordinary = [typeset(page.format(text), Images()) for text in ("sleeping", r"\u{5BDD}", "寝")]
    machine()
    again = [typeset(page.format(text), Images()) for text in ("sleeping", r"\u{5BDD}", "寝")]
    assert again[:2] == ordinary[:2], "what needs no font is as before"
    assert again[2] == again[1] != ordinary[2]
    assert b"Han-Regular" in ordinary[2] and b"Han-Regular" not in ordinary[0]
