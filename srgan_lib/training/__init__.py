"""Losses, the training loop and its checkpoints."""
