import math

import numpy as np
import pytest
import pyvips
import tifffile
import torch
from PIL import Image
from skimage import data
from skimage.color import deltaE_ciede2000

from srgan_lib.data.images import ImageError, read_image, write_image
from srgan_lib.data.resize import imresize
from srgan_lib.models import shipped
from srgan_lib.models.files import load_model
from srgan_lib.models.srresnet import SRResNet
from srgan_lib.models.tiled_inference import NotFinite, upscale
from srgan_report.outputs import OutputError
from srgan_report.upscaling import photograph as photograph_module
from srgan_report.upscaling import writing
from srgan_report.upscaling.formats import Maker, Output
from srgan_report.upscaling.photograph import read_animation, upscale_file
from srgan_report.upscaling.reading import read_header
from tests import icc


def photograph(height=64, width=80):
    return np.ascontiguousarray(data.astronaut()[100 : 100 + height, 180 : 180 + width])


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def save(path, values, kind, profile=None, **options):
    """Write values in [0,1] as 8 or 16 bits."""
    most, dtype = (65535, np.uint16) if "16" in kind else (255, np.uint8)
    image = pyvips.Image.new_from_array(np.rint(values * most).astype(dtype)).copy(interpretation=kind)
    if profile:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    image.write_to_file(str(path), **options)


def with_alpha(values):
    y, x = np.mgrid[: values.shape[0], : values.shape[1]]
    disc = np.clip((900 - (y - 32.0) ** 2 - (x - 40.0) ** 2) / 200, 0, 1)
    return np.dstack([values, disc])


#: By name: the file, its colour space, its kind in libvips, whether it has a profile, transparency, and is turned.
FILES = {
    "sRGB": ("a.png", icc.SRGB, "srgb"),
    "untagged": ("b.jpg", icc.SRGB, "srgb"),
    "Adobe RGB": ("c.jpg", icc.ADOBE, "srgb"),
    "Display P3": ("d.webp", icc.P3, "srgb"),
    "grey, 8 bit": ("e.png", icc.GREY, "b-w"),
    "grey, 16 bit": ("f.tif", icc.GREY, "grey16"),
    "CMYK": ("g.tif", icc.SRGB, "cmyk"),
    "palette": ("h.png", icc.SRGB, "palette"),
    "RGBA": ("i.png", icc.SRGB, "srgb"),
    "RGB, 16 bit": ("j.tif", icc.ADOBE, "rgb16"),
    "RGBA, 16 bit": ("k.png", icc.P3, "rgb16"),
    "turned": ("l.jpg", icc.ADOBE, "srgb"),
}


def make(folder, name):
    """Write one of the test files, and give its path."""
    file, space, kind = FILES[name]
    srgb, path = photograph() / 255, folder / file
    values = icc.from_srgb(srgb, space)
    values = with_alpha(values) if "RGBA" in name else values
    profile = None if space is icc.SRGB else icc.profile(space)
    quality = {"Q": 98} if path.suffix in (".jpg", ".webp") else {}
    if kind == "cmyk":
        image = pyvips.Image.new_from_array(np.rint(srgb * 255).astype(np.uint8)).copy(interpretation="srgb")
        image.icc_transform("cmyk").tiffsave(str(path))
    elif kind == "palette":
        Image.fromarray(photograph()).quantize(64).save(path)
    elif name == "turned":
        exif = Image.Exif()
        exif[0x0112], exif[0x010F] = 8, "Camera"
        turned = np.ascontiguousarray(np.rot90(np.rint(255 * values), -1)).astype(np.uint8)
        Image.fromarray(turned).save(path, exif=exif, dpi=(240, 240), icc_profile=profile, quality=98)
    else:
        save(path, values, kind, profile, **quality)
    return path


def colours(path, space):
    """CIE Lab of the numbers in a file, by the definition of the space, and its transparency."""
    image = pyvips.Image.new_from_file(str(path)).autorot()
    if image.interpretation == "cmyk":
        image = image.icc_transform("srgb", embedded=True, black_point_compensation=True)
    values = image.numpy() / (65535 if image.format == "ushort" else 255)
    alpha = values[..., -1] if image.hasalpha() else None
    values = values if alpha is None else values[..., :-1]
    values = values[..., 0] if values.ndim == 3 and values.shape[2] == 1 else values
    return values, alpha, space


def mean_difference(source, result, space):
    """Mean ΔE2000 between a file and its enlargement made small again, on white where they are transparent."""
    found = []
    for path, factor in ((source, None), (result, 1 / 4)):
        values, alpha, _ = colours(path, space)
        if alpha is not None:
            values = values * alpha[..., None] + 1 - alpha[..., None]
        values = values if factor is None else np.clip(imresize(values, factor), 0, 1)
        found.append(icc.lab(values, space))
    return float(deltaE_ciede2000(*found).mean())


def check(folder, name, model):
    source = make(folder, name)
    target = folder / f"{source.stem}_4{'.png' if source.suffix == '.tif' else '.tif'}"
    upscale_file(model, source, target)
    _, space, kind = FILES[name]
    was, now = (pyvips.Image.new_from_file(str(path)) for path in (source, target))
    assert now.width, now.height == (320, 256)
    assert now.format == was.format, "bit depth"
    assert now.hasalpha() == was.hasalpha()
    assert now.bands == (3 if kind == "cmyk" else was.bands)
    profile = "icc-profile-data"
    if kind == "cmyk" or space is icc.SRGB:
        assert not now.get_typeof(profile)
    else:
        assert now.get(profile) == icc.profile(space)
    return mean_difference(source, target, space)


@pytest.mark.parametrize("name", FILES)
def test_colours_depth_and_channels_are_kept(tmp_path, bicubic, name):
    assert check(tmp_path, name, bicubic) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("model", ["srresnet", "srgan"])
def test_colours_are_kept_by_the_shipped_networks(tmp_path, model):
    network, _ = load_model(shipped.shipped_models()[model])
    found = {name: check(tmp_path, name, network) for name in FILES}
    print(found)
    assert max(found.values()) <= 1


def test_the_network_sees_srgb_whatever_the_profile(tmp_path):
    """A network that depends on the numbers gives the same colours for the same photograph in two colour spaces."""
    torch.manual_seed(0)
    network = SRResNet(channels=8, blocks=2, global_skip="bicubic")
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight)
    lab = []
    for name in ("sRGB", "RGB, 16 bit"):
        source = make(tmp_path, name)
        upscale_file(network, source, tmp_path / f"{source.stem}_4.png", output=Output(to_srgb=True))
        lab.append(icc.lab(colours(tmp_path / f"{source.stem}_4.png", icc.SRGB)[0], icc.SRGB))
    assert deltaE_ciede2000(*lab).mean() < 0.5


def test_to_srgb_leaves_the_profile(tmp_path, bicubic):
    source = make(tmp_path, "Display P3")
    upscale_file(bicubic, source, tmp_path / "o.png", output=Output(to_srgb=True))
    with Image.open(tmp_path / "o.png") as result:
        assert "icc_profile" not in result.info
        small = imresize(np.asarray(result), 1 / 4)
    assert abs(small.astype(int) - photograph()).mean() < 3


def test_metadata_come_along_unless_stripped(tmp_path, bicubic):
    source = make(tmp_path, "turned")
    upscale_file(bicubic, source, tmp_path / "o.jpg")
    upscale_file(bicubic, source, tmp_path / "s.jpg", output=Output(strip=True))
    with Image.open(tmp_path / "o.jpg") as kept, Image.open(tmp_path / "s.jpg") as stripped:
        assert kept.size == stripped.size == (320, 256)
        assert kept.getexif()[0x010F] == "Camera" and kept.getexif()[0x0112] == 1
        assert kept.info["dpi"] == pytest.approx((240, 240))
        assert dict(stripped.getexif()) == {}


def test_a_cut_out_has_no_fringe_on_any_ground(tmp_path, bicubic):
    """Colours under transparency, black here, do not leak into the edge."""
    rgba = np.dstack([np.full((40, 48, 3), (220, 120, 60), np.uint8), np.zeros((40, 48), np.uint8)])
    rgba[8:30, 10:38, 3] = 255
    rgba[rgba[..., 3] == 0] = 0
    Image.fromarray(rgba).save(tmp_path / "a.png")
    upscale_file(bicubic, tmp_path / "a.png", tmp_path / "o.png")
    result = np.asarray(Image.open(tmp_path / "o.png"))
    assert result[..., 3].min() == 0 and result[..., 3].max() == 255
    assert len(np.unique(result[..., 3])) > 2, "the edge is smooth"
    assert np.array_equal(np.unique(result[..., :3].reshape(-1, 3), axis=0), [[220, 120, 60]])
    assert (result[36:116, 44:148, 3] == 255).all()


def test_a_palette_with_transparency_and_one_bit(tmp_path, bicubic):
    palette = Image.fromarray(photograph()).quantize(16)
    palette.save(tmp_path / "p.png", transparency=3)
    upscale_file(bicubic, tmp_path / "p.png", tmp_path / "po.png")
    assert Image.open(tmp_path / "po.png").mode == "RGBA"
    Image.fromarray(photograph()[..., 0] > 128).save(tmp_path / "b.png")
    upscale_file(bicubic, tmp_path / "b.png", tmp_path / "bo.png")
    assert Image.open(tmp_path / "bo.png").mode == "L"


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_animations_are_enlarged_frame_by_frame(tmp_path, bicubic, suffix, caplog):
    frames = [Image.fromarray(np.roll(photograph(24, 32), 4 * shift, 1)) for shift in range(3)]
    frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:], duration=[100, 200, 300], loop=0)
    upscale_file(bicubic, tmp_path / f"a.{suffix}", tmp_path / f"o.{suffix}")
    found = read_animation(tmp_path / f"o.{suffix}")
    assert found.durations == [100, 200, 300]
    for frame, result in zip(frames, found.frames, strict=True):
        assert result.shape == (96, 128, 4)
        assert abs(imresize(result[..., :3], 1 / 4).astype(int) - np.asarray(frame)).mean() < 12
    upscale_file(bicubic, tmp_path / f"a.{suffix}", tmp_path / "first.tif")
    assert any("first of 3 frames" in text for text in caplog.messages)
    assert read_image(tmp_path / "first.tif").shape == (96, 128, 3)


def test_what_is_lost_is_said(tmp_path, bicubic, caplog):
    upscale_file(bicubic, make(tmp_path, "RGBA, 16 bit"), tmp_path / "o.jpg")
    assert any("transparency" in text for text in caplog.messages)
    assert any("16 bits" in text for text in caplog.messages)
    assert tuple(read_image(tmp_path / "o.jpg")[0, 0]) == pytest.approx((255, 255, 255), abs=3), "laid on white"
    caplog.clear()
    upscale_file(bicubic, make(tmp_path, "CMYK"), tmp_path / "o.png")
    assert any("CMYK" in text for text in caplog.messages)


@pytest.mark.parametrize("suffix", ["png", "tif", "gif", "webp"])
@pytest.mark.parametrize("damage", [1e30, math.inf, -math.inf, math.nan])
def test_what_is_no_number_is_not_written(tmp_path, suffix, damage):
    network = SRResNet(channels=4, blocks=1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(damage)
    write_image(tmp_path / "in.png", noise(20, 20))
    with pytest.raises(NotFinite):
        upscale_file(network, tmp_path / "in.png", tmp_path / f"out.{suffix}")
    assert [path.name for path in tmp_path.iterdir()] == ["in.png"]


def test_nothing_is_overwritten_without_force_and_the_original_never(tmp_path, bicubic):
    write_image(tmp_path / "in.png", noise(20, 20))
    write_image(tmp_path / "out.png", noise(4, 4))
    with pytest.raises(OutputError, match="--force"):
        upscale_file(bicubic, tmp_path / "in.png", tmp_path / "out.png")
    assert read_image(tmp_path / "out.png").shape == (4, 4, 3)
    upscale_file(bicubic, tmp_path / "in.png", tmp_path / "out.png", force=True)
    assert np.array_equal(read_image(tmp_path / "out.png"), upscale(noise(20, 20), bicubic))
    with pytest.raises(OutputError, match="original"):
        upscale_file(bicubic, tmp_path / "in.png", tmp_path / "in.png", force=True)
    assert np.array_equal(read_image(tmp_path / "in.png"), noise(20, 20))


def test_a_result_too_wide_for_its_format_is_refused_before_it_is_computed(tmp_path):
    class Idle(SRResNet):
        def forward(self, lr):
            raise AssertionError("computed")

    write_image(tmp_path / "in.png", np.zeros((4, 4096, 3), np.uint8))
    with pytest.raises(ImageError) as refused:
        upscale_file(Idle(channels=4, blocks=1), tmp_path / "in.png", tmp_path / "out.webp")
    assert refused.value.path == tmp_path / "out.webp"
    assert not (tmp_path / "out.webp").exists()


def test_names_of_any_kind(tmp_path, bicubic):
    for name in ("with space", 'it\'s "quoted"', "two\nlines", "-dash", "[n=2]", "ümlaut 日本"):
        write_image(tmp_path / f"{name}.png", noise(8, 8))
        upscale_file(bicubic, tmp_path / f"{name}.png", tmp_path / f"{name}_4.jpg")
        assert read_image(tmp_path / f"{name}_4.jpg").shape == (32, 32, 3)


MAKER = Maker("srcnn", "0" * 64)


def test_all_pages_of_a_tiff_are_enlarged_each_in_its_own_kind(tmp_path, bicubic, caplog):
    kinds = {"rgb": noise(18, 20), "grey": noise(9, 31)[..., 0].astype(np.uint16) * 257, "rgba": noise(24, 12, seed=2)}
    pages = [
        pyvips.Image.new_from_array(pixels).copy(interpretation=kind)
        for pixels, kind in zip(kinds.values(), ("srgb", "grey16", "srgb"), strict=True)
    ]
    pages[2] = pages[2].bandjoin(128)
    sources = [tmp_path / f"{kind}.tif" for kind in kinds]
    for page, path in zip(pages, sources, strict=True):
        page.tiffsave(str(path))
        upscale_file(bicubic, path, path.with_suffix(".TIFF"), output=Output(maker=MAKER))
    with tifffile.TiffWriter(tmp_path / "all.tif") as file:
        for number, path in enumerate(sources):
            pixels = tifffile.imread(path)
            more = {"photometric": "rgb", "extrasamples": ["unassalpha"][: number // 2]} if pixels.ndim == 3 else {}
            file.write(pixels, metadata=None, description="kept" * (not number), **more)
    upscale_file(bicubic, tmp_path / "all.tif", tmp_path / "sr" / "all.tiff", output=Output(maker=MAKER))
    assert not caplog.messages and [path.name for path in (tmp_path / "sr").iterdir()] == ["all.tiff"]
    written = tmp_path / "sr" / "all.tiff"
    assert read_header(written).pages == 3 and Image.open(written).getexif()[0x010E] == "kept"
    for number, path in enumerate(sources):
        alone = pyvips.Image.new_from_file(str(path.with_suffix(".TIFF")))
        page = pyvips.Image.new_from_file(str(written), page=number)
        assert page.interpretation == alone.interpretation and page.get("xmp-data") == alone.get("xmp-data")
        assert np.array_equal(page.numpy(), alone.numpy())


@pytest.mark.parametrize("fails_at", [0, 1, 2])
def test_a_tiff_of_which_a_page_is_damaged_leaves_no_file(tmp_path, bicubic, fails_at):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for page in range(3):
            odd = page == fails_at
            file.write(np.zeros((16, 16, 3), np.uint8) if not odd else np.full((16, 16), 7, np.float32), metadata=None)
    with pytest.raises(ImageError) as error:
        upscale_file(bicubic, tmp_path / "a.tif", tmp_path / "sr" / "b.tif")
    assert error.value.path == tmp_path / "a.tif" and not [path for path in tmp_path.rglob("*b*")]


def test_pages_beyond_what_a_tiff_holds_are_refused(tmp_path, bicubic, monkeypatch):
    monkeypatch.setattr(writing, "_LARGEST_TIFF", 3000)
    frames = [Image.fromarray(noise(16, 16, seed=seed)) for seed in range(2)]
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:])
    with pytest.raises(ImageError, match="files of their own"):
        upscale_file(bicubic, tmp_path / "a.tif", tmp_path / "b.tif")
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


def test_pages_of_more_pixels_than_are_decoded_unasked(tmp_path, bicubic, monkeypatch):
    frames = [Image.fromarray(noise(16, 16, seed=seed)) for seed in range(3)]
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:])
    monkeypatch.setattr(photograph_module, "LARGEST", 2 * 16 * 16)
    with pytest.raises(ImageError, match="3 pages.*--allow-large"):
        upscale_file(bicubic, tmp_path / "a.tif", tmp_path / "b.tif")
    upscale_file(bicubic, tmp_path / "a.tif", tmp_path / "b.tif", allow_large=True)
    assert read_header(tmp_path / "b.tif").pages == 3
