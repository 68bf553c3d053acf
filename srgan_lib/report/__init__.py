"""The report of a run: one self-contained ``report.html``, and ``report.pdf`` of the same content.

The five executed notebooks become one document between a summary that opens with the answer and an appendix::

    load_run, scores ──> summary, crops ────────┐
    load_run ──> merge_notebooks ──> export ────┼──> content, postprocess ──> page ──> report.html
    load_run ──> appendix ──────────────────────┘                              └──> pdf ──> report.pdf
"""
