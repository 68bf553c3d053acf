"""Enlarging, measuring, comparing and drawing conclusions."""
