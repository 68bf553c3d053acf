"""Enlarging photographs, as files and folders, with all that they hold; and writing the networks for other programs.

Unlike :func:`srgan_lib.data.images.read_image`, which gives training and evaluation plain 8-bit sRGB, the modules here
keep colour profile, bit depth, transparency, metadata and animation. libvips (pyvips) reads, converts and writes in
strips; Pillow reads what it does not know, and animations.

A photograph passes :mod:`.reading`, :mod:`.photograph` and :mod:`.writing`.
"""
