import numpy as np
import pytest
from PIL import Image, ImageCms

from srgan_lib.data.images import read_image, read_photo
from srgan_lib.data.profiles import ProfileError, is_srgb, to_srgb
from srgan_lib.data.sources import find_photos
from tests import icc

COLOURS = np.random.default_rng(0).integers(20, 236, (12, 16, 3), dtype=np.uint8)


def stored(space):
    """The colours as a file in another colour space holds them."""
    return np.rint(255 * icc.from_srgb(COLOURS / 255, space)).astype(np.uint8)


@pytest.mark.parametrize("space", [icc.ADOBE, icc.P3], ids=["Adobe RGB", "Display P3"])
@pytest.mark.parametrize("alpha", [False, True])
def test_an_embedded_profile_decides_the_colours(tmp_path, space, alpha):
    image = Image.fromarray(stored(space))
    if alpha:
        image.putalpha(255)
    image.save(tmp_path / "a.png", icc_profile=icc.profile(space))
    difference = abs(read_image(tmp_path / "a.png").astype(int) - COLOURS)
    assert difference.mean() < 0.5 and difference.max() < 6  # 8 bits of a wider space round more
    assert np.array_equal(read_image(tmp_path / "a.png", use_profile=False), stored(space))
    assert abs(stored(space).astype(int) - COLOURS).max() > 5


def test_a_grey_profile(tmp_path):
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    linear_light = icc.profile((None, 1.0))
    Image.fromarray(grey).save(tmp_path / "a.png", icc_profile=linear_light)
    middle = read_image(tmp_path / "a.png")[8, 0]
    assert middle == pytest.approx([188] * 3, abs=1)  # half the light in sRGB


def test_srgb_stays_bit_for_bit(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert is_srgb(profile, "RGB")
    assert not is_srgb(icc.profile(icc.ADOBE), "RGB")
    Image.fromarray(COLOURS).save(tmp_path / "a.png", icc_profile=profile)
    assert np.array_equal(read_image(tmp_path / "a.png"), COLOURS)


@pytest.mark.parametrize("profile", [b"no profile", icc.profile(icc.GREY)], ids=["broken", "of another kind"])
def test_a_profile_that_cannot_be_used_is_warned_of(tmp_path, caplog, profile):
    Image.fromarray(COLOURS).save(tmp_path / "a.png", icc_profile=profile)
    assert np.array_equal(read_image(tmp_path / "a.png"), COLOURS)
    (warning,) = caplog.messages
    assert "a.png" in warning and "taken for sRGB" in warning
    with pytest.raises(ProfileError):
        to_srgb(Image.fromarray(COLOURS), profile)


def test_the_built_in_photographs_keep_the_numbers_that_their_figures_were_computed_on():
    for photo in find_photos("builtin", scale=4):
        with Image.open(photo.path) as image:
            if image.info.get("icc_profile"):
                assert np.array_equal(read_photo(photo), np.asarray(image))
