"""Photographs: finding, reading, splitting, degrading and cropping them."""
