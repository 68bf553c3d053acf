"""Scripts of the maintainers: writing the notebooks, publishing the reference models."""
