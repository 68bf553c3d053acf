"""The report of a run: one self-contained ``report.html``, and ``report.pdf`` with ``report_appendix.pdf``, the same.

The five executed notebooks become one document between a summary that opens with the answer and an appendix::

    load_run ──> summary, viewer, flow ──┐
    load_run ──> notebooks ──────────────┼──> postprocess ──> page ──> report.html, paper ──> PDF
    load_run ──> appendix ───────────────┘
"""
