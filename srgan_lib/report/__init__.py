"""The report of a run: one self-contained ``report.html``, and ``report.pdf`` of the same content.

The five executed notebooks become one document between a front that opens with the answer and an appendix::

    folder, scores ──> front, plates ──┐
    folder ──> book (five notebooks) ──┼──> page ──> report.html
    folder, book ──> appendix ─────────┘        └──> paper ──> report.pdf
"""
