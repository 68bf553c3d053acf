"""Image files for enlarging: read with all that they hold, and written as they were.

Unlike :func:`srgan_lib.data.images.read_image`, which gives training and evaluation plain 8-bit sRGB, the modules here
keep colour profile, bit depth, transparency, metadata and animation. libvips (pyvips) reads, converts and writes in
strips; Pillow reads what it does not know, and animations.
"""
