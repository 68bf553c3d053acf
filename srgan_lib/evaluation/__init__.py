"""Measuring, comparing and drawing conclusions."""
