"""Mathematics for pages without scripts: TeX to MathML."""

from __future__ import annotations

import html
import re

# latex2mathml knows `split`, which looks like `aligned`; numbered displays need no number here.
ENVIRONMENTS = {
    "aligned": "split",
    "align": "split",
    "align*": "split",
    "gather": "split",
    "gather*": "split",
    "eqnarray": "split",
    "eqnarray*": "split",
}
UNWRAPPED = ("equation", "equation*", "displaymath")
# What latex2mathml 3.81 writes, and what TeX means: \sim relates, and \log has space around it.
FUNCTIONS = "arg|arccos|arcsin|arctan|cos|cosh|det|dim|exp|ker|lg|ln|log|sin|sinh|tan|tanh"
MENDED = (
    (re.compile("<mi>&#x0007E;</mi>"), "<mo>&#x0223C;</mo>"),
    (re.compile(f"<mi>({FUNCTIONS})</mi>"), r'<mo lspace="0.167em" rspace="0.167em">\1</mo>'),
)
LEFT_OVER = re.compile(r"\\|>&(?:amp;)?<")


def to_mathml(tex: str, *, display: bool, annotate: bool = False) -> str:
    """One formula as MathML; where TeX holds what cannot be converted, the TeX itself as code.

    Parameters
    ----------
    tex : without its dollars.
    display : on a line of its own.
    annotate : keep the TeX inside, for programs that read it rather than MathML.
    """
    from latex2mathml.converter import convert

    source = _plain_environments(tex.strip())
    try:
        mathml = convert(source, display="block" if display else "inline")
    except Exception:  # the library has a dozen exceptions, all of which mean: this TeX is not for it
        mathml = "\\"
    if LEFT_OVER.search(mathml):
        return f'<code class="tex">{html.escape(tex.strip())}</code>'
    for pattern, replacement in MENDED:
        mathml = pattern.sub(replacement, mathml)
    if annotate:
        note = f'<annotation encoding="application/x-tex">{html.escape(source)}</annotation>'
        opening, content = mathml.removesuffix("</math>").split(">", 1)
        mathml = f"{opening}><semantics>{content}{note}</semantics></math>"
    return mathml


def _plain_environments(tex: str) -> str:
    for name in UNWRAPPED:
        tex = tex.replace(rf"\begin{{{name}}}", "").replace(rf"\end{{{name}}}", "")
    return re.sub(r"\\(begin|end)\{([a-z]+\*?)\}", lambda m: rf"\{m[1]}{{{ENVIRONMENTS.get(m[2], m[2])}}}", tex)
