"""What every metric takes and refuses, from one table: a new public function without an entry fails."""

import importlib
import pkgutil
from functools import partial

import numpy as np
import pytest
import torch
import torchvision

from srgan_lib import metrics
from srgan_lib.data.images import ImageError
from srgan_lib.data.levels import COLOUR, GREY
from srgan_lib.metrics.fidelity import lr_psnr, ms_ssim, psnr, ssim, ssim_daala, vifp
from srgan_lib.metrics.flat_noise import flat_noise
from srgan_lib.metrics.measure import measure
from srgan_lib.metrics.niqe import niqe
from srgan_lib.metrics.perceptual import content_distance, lpips_distance
from srgan_lib.metrics.spectra import grid_artefact, log_spectral_distance, spectral_evenness
from srgan_lib.models.features import VGGFeatures

PAIR, SINGLE = ("sr", "hr"), ("image",)
#: By name: how it is called, the shapes that it takes, and the names of its images.
TAKE_IMAGES = {
    "perceptual.content_distance": (partial(content_distance, layer="relu2_2"), [COLOUR], PAIR),
    "perceptual.lpips_distance": (lpips_distance, [COLOUR], PAIR),
    "measure.measure": (partial(measure, border=4, names=["psnr_y", "ssim_rgb", "lr_psnr"]), [COLOUR], PAIR),
    "flat_noise.flat_noise": (flat_noise, [COLOUR], PAIR),
    "niqe.niqe": (niqe, [COLOUR], SINGLE),
    "fidelity.lr_psnr": (partial(lr_psnr, scale=4), [COLOUR], PAIR),
    "fidelity.psnr": (psnr, [GREY, COLOUR], PAIR),
    "spectra.grid_artefact": (grid_artefact, [COLOUR], PAIR),
    "spectra.log_spectral_distance": (log_spectral_distance, [COLOUR], PAIR),
    "spectra.spectral_evenness": (spectral_evenness, [COLOUR], PAIR),
    "fidelity.ms_ssim": (ms_ssim, [GREY], PAIR),
    "fidelity.ssim": (ssim, [GREY, COLOUR], PAIR),
    "fidelity.ssim_daala": (ssim_daala, [GREY], PAIR),
    "fidelity.vifp": (vifp, [GREY], PAIR),
}
#: What gives no score: frequencies, windows, a network, and the spectrum of levels, which figures draw.
NO_SCORE = {
    f"spectra.{name}" for name in ("grid_frequencies", "hann", "high_frequencies", "radial_power", "ring_kernel")
}
NO_SCORE |= {"perceptual.load_lpips"}
CASES = [(name, shape) for name, (_, shapes, _) in TAKE_IMAGES.items() for shape in shapes]
PAIR_CASES = [(name, shape) for name, shape in CASES if TAKE_IMAGES[name][2] == PAIR]

#: By what is wrong: what is made of a uint8 image, and the range that is said of it.
WRONG = {
    "[0,1] unsaid": (lambda image: image / 255, None),
    "[0,255] unsaid": (lambda image: image.astype(np.float32), None),
    "[0,1] as [0,255]": (lambda image: image / 255, 255),
    "[0,1] with overshoot as [0,255]": (lambda image: image / 240, 255),
    "[0,255] as [0,1]": (lambda image: image.astype(float), 1),
    "uint8 as [0,1]": (lambda image: image, 1),
    "[-1,1] as [0,1]": (lambda image: image / 127.5 - 1, 1),
    "not clipped": (lambda image: image / 255 * 1.6, 1),
    "[0,255] not clipped": (lambda image: image * 1.6, 255),
    "another range": (lambda image: image / 255 * 100, 100),
    "one NaN": (lambda image: with_one(np.nan, image), 1),
    "one infinity": (lambda image: with_one(np.inf, image), 255),
    "bool": (lambda image: image > 127, None),
    "int16": (lambda image: image.astype(np.int16), None),
    "int64 and a range": (lambda image: image.astype(np.int64), 255),
    "uint16": (lambda image: image.astype(np.uint16) * 257, None),
    "complex": (lambda image: image + 0j, 255),
    "tensor": (torch.from_numpy, None),
    "list": (lambda image: image.tolist(), None),
    "batch": (lambda image: np.stack([np.moveaxis(np.atleast_3d(image), -1, 0)] * 2), None),
    "channels first": (lambda image: np.moveaxis(np.atleast_3d(image), -1, 0), None),
    "one channel": (lambda image: np.atleast_3d(image)[..., :1], None),
    "four channels": (lambda image: np.stack([image[..., 0] if image.ndim == 3 else image] * 4, axis=-1), None),
    "a row": (lambda image: image[0, ..., 0] if image.ndim == 3 else image[0], None),
    "no pixels": (lambda image: image[:0], None),
}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A folder with networks of seeded weights."""
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("weights")
    torch.save(torchvision.models.AlexNet().features.state_dict(), folder / "alexnet_features.pth")
    torch.save(VGGFeatures(["relu2_2"], "random").layers.state_dict(), folder / "vgg19_features_to_relu2_2.pth")
    return folder


@pytest.fixture(autouse=True)
def networks(weights, monkeypatch):
    for name in ("SRGAN_WEIGHTS", "TORCH_HOME"):
        monkeypatch.setenv(name, str(weights))


def with_one(value, image):
    image = image / 255
    image[7, 7] = value
    return image


def uint8_images(shape, roles):
    """One image for each role, of which every second is the first with half the contrast."""
    image = np.random.default_rng(0).integers(0, 256, (192, 200, 3), dtype=np.uint8)
    image = image if shape == COLOUR else image[..., 0]
    return dict(zip(roles, [image // 2 + np.uint8(40), image], strict=False))


def values(name, images, **keywords):
    function, _, _ = TAKE_IMAGES[name]
    found = function(**images, **keywords)
    return list(found.values()) if isinstance(found, dict) else [found]


def test_every_public_function_is_in_the_table():
    public = set()
    for module in pkgutil.iter_modules(metrics.__path__):
        members = vars(importlib.import_module(f"{metrics.__name__}.{module.name}")).items()
        own = {name: value for name, value in members if getattr(value, "__module__", "").endswith(f".{module.name}")}
        public |= {
            f"{module.name}.{name}"
            for name, value in own.items()
            if callable(value) and not isinstance(value, type) and not name.startswith("_")
        }
    assert public == TAKE_IMAGES.keys() | NO_SCORE


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_floats_in_either_range_score_as_uint8(name, shape):
    images = uint8_images(shape, TAKE_IMAGES[name][2])
    expected = values(name, images)
    assert np.isfinite(expected).all()
    assert values(name, images, data_range=255) == expected
    for dtype, data_range in [(np.float64, 1), (np.float32, 1), (np.float64, 255), (np.float16, 255)]:
        floats = {role: (image * (data_range / 255)).astype(dtype) for role, image in images.items()}
        assert values(name, floats, data_range=data_range) == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_arrays_are_only_read_whatever_their_order_in_memory(name, shape):
    images = uint8_images(shape, TAKE_IMAGES[name][2])
    expected = values(name, images)
    for data_range in (1, 255):
        floats = {role: np.asfortranarray(image * (data_range / 255)) for role, image in images.items()}
        for image in floats.values():
            image.flags.writeable = False
        assert values(name, floats, data_range=data_range) == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("name", "shape"), CASES)
def test_what_could_be_read_wrongly_is_refused(name, shape, wrong):
    spoil, data_range = WRONG[wrong]
    roles = TAKE_IMAGES[name][2]
    for role in roles:
        images = uint8_images(shape, roles)
        bad = spoil(images[role])
        if data_range in (1, 255):
            images = {other: image * (data_range / 255) for other, image in images.items()}
        with pytest.raises(ValueError, match=rf"^{name.partition('.')[2]}: ({role}|data_range) "):
            values(name, images | {role: bad}, data_range=data_range)


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_grey_and_colour_are_not_taken_for_each_other(name, shape):
    _, shapes, roles = TAKE_IMAGES[name]
    other = uint8_images(COLOUR if shape == GREY else GREY, roles)
    if len(shapes) == 1:
        with pytest.raises(ValueError, match=f" {roles[0]} has shape"):
            values(name, other)
    for role in roles[1:]:
        with pytest.raises(ValueError, match="has shape"):
            values(name, uint8_images(shape, roles) | {role: other[role]})


@pytest.mark.parametrize(("name", "shape"), PAIR_CASES)
@pytest.mark.parametrize("cut", [np.s_[:-1], np.s_[:, 1:], np.s_[:1, :1]])
def test_images_of_unequal_sizes_are_refused(name, shape, cut):
    images = uint8_images(shape, PAIR)
    with pytest.raises(ImageError, match=f"^{name.partition('.')[2]}: sr has .* and hr "):
        values(name, images | {"hr": images["hr"][cut]})
