"""Figures, tables and sentences that the notebooks show."""
