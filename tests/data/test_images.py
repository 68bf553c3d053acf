import numpy as np
import pytest
from PIL import Image, ImageCms

from srgan_lib.data.folders import image_files
from srgan_lib.data.images import (
    ImageError,
    ProfileError,
    crop_to_multiple,
    is_srgb,
    read_image,
    read_photo,
    to_srgb,
    write_image,
)
from srgan_lib.data.sources import find_photos
from tests import icc

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)
COLOURS = np.random.default_rng(0).integers(20, 236, (12, 16, 3), dtype=np.uint8)


def test_png_round_trip(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    write_image(tmp_path / "new" / "a.png", image)
    assert np.array_equal(read_image(tmp_path / "new" / "a.png"), image)
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["a.png"]


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "webp", "jpg"])
def test_formats(tmp_path, suffix):
    image = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    Image.fromarray(image).save(tmp_path / f"a.{suffix}", quality=100)
    assert np.abs(read_image(tmp_path / f"a.{suffix}").astype(int) - image).max() <= 2


def test_grey_becomes_rgb(tmp_path):
    write_image(tmp_path / "a.png", RAMP)
    image = read_image(tmp_path / "a.png")
    assert image.shape == (16, 16, 3) and image.dtype == np.uint8
    assert all(np.array_equal(image[..., c], RAMP) for c in range(3))


def test_palette_becomes_rgb(tmp_path):
    colours = np.random.default_rng(0).integers(0, 256, (4, 3)).astype(np.uint8)
    rgb = colours[np.arange(64).reshape(8, 8) % 4]
    palette = Image.fromarray(rgb).quantize(4)
    assert palette.mode == "P"
    palette.save(tmp_path / "a.png")
    assert np.array_equal(read_image(tmp_path / "a.png"), rgb)


def test_transparency_is_composited_on_white(tmp_path):
    rgba = np.zeros((2, 3, 4), np.uint8)
    rgba[0, :, 3] = 255, 128, 0
    write_image(tmp_path / "a.png", rgba)
    assert read_image(tmp_path / "a.png")[0, :, 0].tolist() == [0, 127, 255]


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_are_scaled(tmp_path, suffix):
    deep = np.array([[0, 128, 129, 32768, 65406, 65407, 65535]], np.uint16)
    Image.fromarray(deep).save(tmp_path / f"a.{suffix}")
    assert read_image(tmp_path / f"a.{suffix}")[0, :, 1].tolist() == [0, 0, 1, 128, 254, 255, 255]


def test_floats_in_the_unit_range_are_scaled(tmp_path):
    Image.fromarray(np.array([[0, 0.5, 1]], np.float32)).save(tmp_path / "a.tif")
    assert read_image(tmp_path / "a.tif")[0, :, 2].tolist() == [0, 128, 255]


def test_floats_without_a_known_range_are_refused(tmp_path):
    Image.fromarray(np.array([[0, 700]], np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(ImageError, match=r"a\.tif: .*save the image with 8 or 16 bits"):
        read_image(tmp_path / "a.tif")


def test_cmyk_is_converted(tmp_path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=100)
    red = read_image(tmp_path / "a.jpg")[4, 4]
    assert red[0] > 250 and red[1] < 5 and red[2] < 5


def test_exif_orientation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn clockwise to view
    Image.fromarray(RAMP[:8]).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_image(tmp_path / "a.png")[..., 0], np.rot90(RAMP[:8], -1))


def test_truncated_file_is_named(tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)).save(
        tmp_path / "whole.jpg"
    )
    (tmp_path / "half.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:1500])
    with pytest.raises(ImageError, match=r"half\.jpg: cannot be read .*truncated.*replace the file"):
        read_image(tmp_path / "half.jpg")


def test_other_files_are_named(tmp_path):
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(ImageError, match=r"text\.png: cannot be read \(not an image"):
        read_image(tmp_path / "text.png")
    with pytest.raises(ImageError, match=r"missing\.png: no such file"):
        read_image(tmp_path / "missing.png")


def test_image_files_are_sorted_and_only_images(tmp_path):
    for name in ("b.PNG", "a.jpeg", ".hidden.png", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    assert [p.name for p in image_files(tmp_path)] == ["a.jpeg", "b.PNG"]
    with pytest.raises(ImageError, match="no such folder"):
        image_files(tmp_path / "nowhere")


def test_crop_to_multiple_keeps_the_top_left():
    image = np.arange(7 * 9).reshape(7, 9)
    assert np.array_equal(crop_to_multiple(image, 4), image[:4, :8])
    with pytest.raises(ImageError, match="9×7 pixels; it needs at least 8×8"):
        crop_to_multiple(image, 8)


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
