"""Measured ratios: this library against plain code, in one run. ``make bench``, or ``python -m benchmarks --help``."""
