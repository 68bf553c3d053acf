"""How close a super-resolved image is to its original: pixel by pixel, by features, by spectra.

Measures take images of one size, H×W×3 unless they say otherwise: uint8, or floats of which ``data_range`` says what
they span, 1 for [0,1] or 255 for [0,255]. They raise

- ``ValueError`` for other images, and for floats whose range is not said or plainly wrong, see
  :func:`~srgan_lib.data.levels.in_levels`;
- ``ImageError`` for images of unequal sizes;
- ``MetricUnavailable`` for images that are too small, and where the weights of a network are not on this disk.
"""
