"""The terms of a loss: what each is called and how it looks in every figure."""

from __future__ import annotations

import pandas

from srgan_lib.methods import Style

TERMS = {
    "loss": Style("sum", "#000000", "o", "-"),
    "pixel": Style("pixel", "#0072B2", "s", (0, (6, 2))),
    "content": Style("content (VGG-19)", "#D55E00", "^", (0, (4, 1, 1, 1))),
    "adversarial": Style("adversarial", "#009E73", "D", (0, (2, 1))),
    "grid": Style("grid penalty", "#CC79A7", "X", (0, (1, 1))),
    "evenness": Style("evenness penalty", "#5D3A9B", "h", (0, (3, 1, 1, 1))),
    "mesh": Style("mesh penalty", "#999933", "*", (0, (3, 2))),
    "style": Style("style (Gram)", "#56B4E9", "v", (0, (5, 1, 1, 1, 1, 1))),
    "histogram": Style("histogram (VGG-19)", "#E69F00", "<", (0, (1, 2))),
    "colour_histogram": Style("colour histogram", "#8C5A1E", ">", (0, (7, 1, 1, 1))),
    "feature_matching": Style("feature matching", "#6E6E6E", "P", (0, (4, 2))),
}


def term_style(term: str) -> Style:
    """Return the style of a term of the loss; a loss of the user's own is called like its class."""
    return TERMS.get(term, Style(term, "#CC79A7", "v", (0, (1, 1))))


def weighted_terms(curve: pandas.DataFrame) -> list[str]:
    """List the terms whose weighted values the rows of ``loss_curve.csv`` hold."""
    return [name.removesuffix("_weighted") for name in curve.columns if name.endswith("_weighted")]


def shares(curve: pandas.DataFrame) -> pandas.DataFrame:
    """Compute each weighted term's share of the loss in per cent, by the size of the terms, beside the step."""
    terms = weighted_terms(curve)
    sizes = curve[[f"{name}_weighted" for name in terms]].abs().set_axis(terms, axis=1)
    return sizes.div(sizes.sum(axis=1), axis=0).mul(100).assign(step=curve["step"])
