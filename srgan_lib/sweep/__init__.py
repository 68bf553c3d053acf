"""Sweeps: many runs planned together, computed once where they agree, and compared in one report."""
