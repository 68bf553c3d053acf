"""Stages with their fingerprints and manifests, and the runner that executes them."""
