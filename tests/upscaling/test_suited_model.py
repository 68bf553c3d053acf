import io
import logging

import numpy as np
import pytest
from PIL import Image

from srgan_lib.data.resize import imresize
from srgan_lib.files import sha256_file
from srgan_lib.models.shipped import shipped_models
from srgan_report.upscaling.suited_model import FOR_OTHERS, jpeg_quality, suited_model, suited_network


@pytest.fixture
def clean(photograph):
    """A photograph as clean as a reduced one is."""
    return imresize(photograph("astronaut"), 1 / 3)


def compressed(image, quality, **options):
    """The pixels of a JPEG."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality, **options)
    return np.asarray(Image.open(file))


def noisy(image, sigma):
    """The image with noise of each channel's own."""
    return np.clip(image + np.random.default_rng(0).normal(0, sigma, image.shape), 0, 255).round().astype(np.uint8)


#: By what was done to a clean photograph: the pixels, the file's name with options, the model and words of the reason.
IMAGES = {
    "nothing": (lambda clean: clean, ("a.png", {}), "srgan", "no compression"),
    "nothing, 64 pixels": (lambda clean: clean[60:124, 60:124], ("a.png", {}), "srgan", "no compression"),
    "enlarged": (lambda clean: imresize(clean, 2), ("a.png", {}), "srgan", "no compression"),
    "JPEG 75": (lambda clean: clean, ("a.jpg", {"quality": 75}), "photo", "JPEG of quality 75"),
    "JPEG 90, full chroma": (lambda clean: clean, ("a.jpg", {"quality": 90, "subsampling": 0}), "photo", "quality 90"),
    "named otherwise": (lambda clean: clean, ("a.png", {"format": "JPEG", "quality": 50}), "photo", "quality 50"),
    "grey JPEG": (lambda clean: clean[..., 1], ("a.jpg", {"quality": 60}), "photo", "quality 60"),
    "JPEG, then PNG": (lambda clean: compressed(clean, 92), ("a.png", {}), "photo", "blocks"),
    "JPEG, cut, then PNG": (lambda clean: compressed(clean, 80)[3:, 5:], ("a.png", {}), "photo", "blocks"),
    "JPEG 60, then 99": (lambda clean: compressed(clean, 60), ("a.jpg", {"quality": 99}), "photo", "blocks"),
    "AVIF": (lambda clean: clean, ("a.avif", {"quality": 70}), "photo", "AVIF"),
    "noise": (lambda clean: noisy(clean, 6), ("a.png", {}), "photo", "noisy (σ about"),
    "a little noise": (lambda clean: noisy(clean, 1), ("a.png", {}), "srgan", "no compression or noise"),
    "a small JPEG, then PNG": (lambda clean: compressed(clean, 50)[:40, :40], ("a.png", {}), "srgan", "too small"),
    "one colour": (lambda clean: np.full_like(clean, 128), ("a.png", {}), "srgan", "no compression"),
}


@pytest.mark.parametrize(("change", "file", "model", "reason"), IMAGES.values(), ids=IMAGES)
def test_the_model_is_chosen_by_what_the_image_shows(clean, tmp_path, change, file, model, reason):
    name, options = file
    Image.fromarray(change(clean)).save(tmp_path / name, **options)
    choice = suited_model(tmp_path / name)
    assert choice.model == model and reason in choice.reason


@pytest.mark.parametrize("quality", [25, 50, 75, 96])
def test_the_quality_is_the_one_that_the_file_was_saved_with(clean, quality):
    file = io.BytesIO()
    Image.fromarray(clean).save(file, "JPEG", quality=quality)
    assert jpeg_quality(Image.open(file).quantization[0]) == pytest.approx(quality, abs=0.7)


def test_the_choice_is_told_in_a_line(clean, tmp_path, caplog):
    Image.fromarray(clean).save(tmp_path / "a.jpg", quality=75)
    with caplog.at_level(logging.INFO):
        network, maker = suited_network(tmp_path / "a.jpg")
    assert network.scale == 4
    assert maker == (FOR_OTHERS, sha256_file(shipped_models()[FOR_OTHERS]))
    assert caplog.messages == ["a.jpg: enlarged by photo (a JPEG of quality 75); --model takes another"]
