"""Stages, fingerprints, the runner and the report."""
