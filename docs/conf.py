"""The documentation as a site: ``make docs`` writes ``build/docs/index.html``."""

project = "srgan-report"
html_title = "srgan-report"
html_show_copyright = False
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.mathjax", "numpydoc"]
html_theme = "furo"
exclude_patterns = ["examples"]
templates_path = ["templates"]

myst_heading_anchors = 3
autosummary_generate = True
autodoc_typehints = "none"  # the docstrings say what parameters are; signatures hold the types
numpydoc_show_class_members = False
