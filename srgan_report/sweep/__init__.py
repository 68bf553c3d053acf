"""Sweeps: many runs planned together, computed once where they agree, and compared in one report.

The modules in the order in which a sweep passes through them::

    definition ──> expansion ──> planning ──> execution, cluster ──> report
                                                                        └── notebook 06:
                                                        comparison, statistics, findings, exhibits
"""
