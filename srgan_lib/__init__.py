"""The science of srgan-report: photographs, networks, metrics, training and evaluation.

The names below are loaded when they are asked for, so that a metric does not wait for PyTorch:

>>> import srgan_lib
>>> hr = srgan_lib.read_image("photo.png")
>>> lr = srgan_lib.imresize(hr, 1 / 4)
>>> sr = srgan_lib.upscale(lr, "srgan")
>>> srgan_lib.psnr(sr, hr)  # doctest: +SKIP
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
