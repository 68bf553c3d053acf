import io
import os
import resource
import struct
import subprocess
import sys
import zlib
from contextlib import contextmanager

import numpy as np
import pytest
import pyvips
from PIL import Image

from srgan_lib.data.images import ImageError
from srgan_lib.errors import StorageError
from srgan_report.upscaling import writing
from srgan_report.upscaling.formats import Maker, Output, check_size, losses, without_effect
from srgan_report.upscaling.photograph import (
    Animation,
    fill_invisible,
    hold_to_range,
    read_animation,
    write_animation,
)
from srgan_report.upscaling.reading import LARGEST, read_header, read_photograph
from srgan_report.upscaling.writing import write_pages
from tests import icc

SMOOTH = np.stack(np.meshgrid(np.linspace(40, 200, 60), np.linspace(60, 180, 48), indexing="xy"), -1)
SMOOTH = np.dstack([SMOOTH, SMOOTH.mean(axis=2)]).astype(np.uint8)


def save_vips(path, pixels, kind, **options):
    pyvips.Image.new_from_array(pixels).copy(interpretation=kind).write_to_file(str(path), **options)


def copy(source, target, **how):
    """Write what was read, in two strips."""
    photo = read_photograph(source)
    pixels = photo.srgb[..., :1] if photo.header.is_grey else photo.srgb
    pixels = pixels if photo.alpha is None else np.dstack([pixels, photo.alpha])
    write_pages(target, [([pixels[:17], pixels[17:]], photo)], 1, Output(**how))
    return photo


def exif(orientation=1):
    data = Image.Exif()
    data[0x0112], data[0x010F] = orientation, "Camera"
    data.get_ifd(0x8769)[0x9003] = "2020:01:01 00:00:00"
    data.get_ifd(0x8769)[0x927C] = b"maker's own note"
    data.get_ifd(0x8825)[1] = "N"
    data.get_ifd(0x8825)[2] = (50.0, 30.0, 15.5)
    return data


@pytest.mark.parametrize("target", ["png", "tif"])
@pytest.mark.parametrize(
    ("pixels", "kind"),
    [
        (SMOOTH[..., 0], "b-w"),
        (SMOOTH[..., 0].astype(np.uint16) * 257 + 3, "grey16"),
        (SMOOTH, "srgb"),
        (SMOOTH.astype(np.uint16) * 257 + 3, "rgb16"),
        (np.dstack([SMOOTH, SMOOTH[..., 1]]), "srgb"),
        (np.dstack([SMOOTH, SMOOTH[..., 1]]).astype(np.uint16) * 257 + 3, "rgb16"),
        (SMOOTH[..., :2], "b-w"),
    ],
    ids=["grey", "grey16", "rgb", "rgb16", "rgba", "rgba16", "grey and alpha"],
)
def test_channels_and_depth_are_kept_bit_for_bit(tmp_path, pixels, kind, target):
    save_vips(tmp_path / "a.png", pixels, kind)
    copy(tmp_path / "a.png", tmp_path / f"b.{target}")
    back = pyvips.Image.new_from_file(str(tmp_path / f"b.{target}"))
    assert np.array_equal(back.numpy(), pixels)
    assert back.interpretation == kind
    assert [path.name for path in tmp_path.iterdir() if path.name[0] == "."] == []


@pytest.mark.parametrize("target", ["jpg", "webp", "avif"])
def test_lossy_formats_are_close_and_say_what_they_lose(tmp_path, target):
    save_vips(tmp_path / "a.png", SMOOTH.astype(np.uint16) * 257, "rgb16")
    copy(tmp_path / "a.png", tmp_path / f"b.{target}")
    back = read_photograph(tmp_path / f"b.{target}").srgb
    assert abs(back / np.iinfo(back.dtype).max * 255 - SMOOTH).mean() < 3
    (loss,) = losses(tmp_path / f"b.{target}", depth=16, has_alpha=False, frames=1, left_out=0)
    assert "16 bits" in loss


def test_quality_and_lossless(tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 60, 3), dtype=np.uint8)).save(tmp_path / "a.png")
    sizes = []
    for quality in (30, 95):
        copy(tmp_path / "a.png", tmp_path / f"{quality}.jpg", quality=quality)
        sizes.append((tmp_path / f"{quality}.jpg").stat().st_size)
    assert sizes[0] < sizes[1] / 2
    for suffix in ("webp", "avif"):
        photo = copy(tmp_path / "a.png", tmp_path / f"a.{suffix}", lossless=True)
        difference = read_photograph(tmp_path / f"a.{suffix}").srgb.astype(int) - photo.srgb
        assert abs(difference).max() <= (0 if suffix == "webp" else 2)
    assert without_effect(".png", quality=3, lossless=True) == ["--quality", "--lossless"]
    assert without_effect(".webp", quality=3, lossless=True) == ["--quality"]
    assert without_effect(".jpg", quality=3, lossless=False) == []


@pytest.mark.parametrize("target", ["png", "jpg", "webp", "tif", "avif"])
def test_metadata_are_kept_upright(tmp_path, target):
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    profile = icc.profile(icc.ADOBE)
    Image.fromarray(SMOOTH).save(
        tmp_path / "a.jpg", exif=exif(6), dpi=(300, 300), xmp=xmp, icc_profile=profile, quality=98
    )
    copy(tmp_path / "a.jpg", tmp_path / f"b.{target}", quality=98)
    with Image.open(tmp_path / f"b.{target}") as result, Image.open(tmp_path / "a.jpg") as original:
        assert result.size == (48, 60)
        turned = np.rot90(np.asarray(original), -1).astype(int)
        assert abs(turned - np.asarray(result.convert("RGB"))).mean() < 2.5
        found = result.getexif()
        assert found.get(0x0112, 1) == 1
        assert found[0x010F] == "Camera"
        assert found.get_ifd(0x8769)[0x927C] == b"maker's own note"
        assert found.get_ifd(0x8825)[2] == (50.0, 30.0, 15.5)
        assert result.info["icc_profile"] == profile
        if target in ("png", "jpg", "tif"):
            assert [float(value) for value in result.info["dpi"]] == pytest.approx([300, 300], abs=0.1)
    written = pyvips.Image.new_from_file(str(tmp_path / f"b.{target}")).get("xmp-data")
    assert b'tiff:Orientation="1"' in written


XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="uuid:1" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="kept"
  xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:AISystemUsed="old"
  Iptc4xmpExt:CityName="kept, too">
<Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture</Iptc4xmpExt:DigitalSourceType>
<Iptc4xmpExt:AISystemVersionUsed rdf:resource="old"/><Iptc4xmpExt:AISystemUsed/><dc:format>image/jpeg</dc:format>
</rdf:Description></rdf:RDF></x:xmpmeta>"""
MAKER = Maker('tom & "jerry".pth', "0" * 64)


@pytest.mark.parametrize("target", ["png", "jpg", "webp", "tif", "avif"])
@pytest.mark.parametrize("xmp", [None, XMP, b"no XMP"])
def test_an_image_says_that_a_network_has_made_it(tmp_path, target, xmp):
    Image.fromarray(SMOOTH).save(tmp_path / "a.jpg", **({"xmp": xmp} if xmp else {}))
    copy(tmp_path / "a.jpg", tmp_path / f"b.{target}", maker=MAKER)
    copy(tmp_path / f"b.{target}", tmp_path / f"c.{target}", maker=MAKER)  # enlarged once more
    for name in "bc":
        with Image.open(tmp_path / f"{name}.{target}") as result:
            if target == "png":  # libvips writes zTXt, where Pillow expects iTXt
                result.info["xmp"] = result.info["XML:com.adobe.xmp"].encode()
            found = result.getxmp()["xmpmeta"]["RDF"]["Description"]
        *former, made = found if isinstance(found, list) else [found]
        assert made["DigitalSourceType"].endswith("/digitalsourcetype/compositeWithTrainedAlgorithmicMedia")
        assert (made["AISystemUsed"], made["AISystemVersionUsed"]) == MAKER
        assert made["about"] == ("uuid:1" if xmp == XMP else "")
        assert not any(key in one for one in former for key in ("DigitalSourceType", *made) if key != "about")
        if xmp == XMP:
            assert (former[0]["source"], former[0]["CityName"], former[0]["format"]) == (
                "kept",
                "kept, too",
                "image/jpeg",
            )


@pytest.mark.parametrize("target", ["png", "jpg", "tif"])
def test_nothing_is_said_of_a_network_where_there_was_none_or_it_is_not_wanted(tmp_path, target):
    Image.fromarray(SMOOTH).save(tmp_path / "a.png")
    for name, how in {"stripped": {"maker": MAKER, "strip": True}, "by bicubic": {}}.items():
        copy(tmp_path / "a.png", tmp_path / f"{name}.{target}", **how)
        assert b"DigitalSourceType" not in (tmp_path / f"{name}.{target}").read_bytes()


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_an_animation_says_that_a_network_has_made_it(tmp_path, suffix):
    frames = [np.dstack([SMOOTH, np.full(SMOOTH.shape[:2], 255, np.uint8)])] * 2
    write_animation(tmp_path / f"a.{suffix}", Animation(frames, [40, 40], 0), Output(maker=MAKER))
    with Image.open(tmp_path / f"a.{suffix}") as result:
        assert result.getxmp()["xmpmeta"]["RDF"]["Description"]["AISystemUsed"] == MAKER.name


def test_exif_of_a_tiff(tmp_path):
    Image.fromarray(SMOOTH).save(tmp_path / "a.png")
    Image.fromarray(SMOOTH).save(tmp_path / "b.jpg", exif=exif())
    copy(tmp_path / "b.jpg", tmp_path / "c.tif")
    copy(tmp_path / "c.tif", tmp_path / "d.tif")
    copy(tmp_path / "d.tif", tmp_path / "e.jpg")
    for name in ("c.tif", "d.tif", "e.jpg"):
        with Image.open(tmp_path / name) as result:
            assert result.getexif()[0x010F] == "Camera"
            assert result.getexif().get_ifd(0x8825)[1] == "N"
    assert np.array_equal(read_photograph(tmp_path / "d.tif").srgb, read_photograph(tmp_path / "b.jpg").srgb)
    copy(tmp_path / "a.png", tmp_path / "f.tif")
    with Image.open(tmp_path / "f.tif") as result:
        assert 0x8769 not in result.getexif()


def test_strip_leaves_only_the_profile(tmp_path):
    Image.fromarray(SMOOTH).save(
        tmp_path / "a.jpg", exif=exif(), dpi=(300, 300), xmp=b"<x/>", icc_profile=icc.profile(icc.P3)
    )
    copy(tmp_path / "a.jpg", tmp_path / "b.png", strip=True)
    with Image.open(tmp_path / "b.png") as result:
        assert dict(result.getexif()) == {}
        assert not {"dpi", "xmp", "XML:com.adobe.xmp"} & set(result.info) or result.info["dpi"] != (300, 300)
        assert result.info["icc_profile"] == icc.profile(icc.P3)


def test_nothing_is_made_up_where_there_is_no_metadata(tmp_path):
    Image.fromarray(SMOOTH).save(tmp_path / "a.png")
    copy(tmp_path / "a.png", tmp_path / "b.jpg")
    with Image.open(tmp_path / "b.jpg") as result:
        assert dict(result.getexif()) == {}


@pytest.mark.parametrize("suffix", ["bmp", "heic"])
def test_files_for_pillow(tmp_path, suffix):
    image = Image.fromarray(SMOOTH)
    if suffix == "heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
        image.save(tmp_path / "a.heic", exif=exif(), quality=95)
    else:
        image.save(tmp_path / "a.bmp")
    photo = copy(tmp_path / f"a.{suffix}", tmp_path / "b.png")
    assert abs(photo.srgb.astype(int) - SMOOTH).mean() < 3
    with Image.open(tmp_path / "b.png") as result:
        assert (0x010F in result.getexif()) == (suffix == "heic")


def test_floats_are_read_in_the_unit_range_only(tmp_path):
    save_vips(tmp_path / "a.tif", (SMOOTH / 255).astype(np.float32), "multiband")
    photo = read_photograph(tmp_path / "a.tif")
    assert photo.header.depth == 16
    assert abs(photo.srgb / 257 - SMOOTH).max() < 0.01
    save_vips(tmp_path / "b.tif", SMOOTH.astype(np.float32), "multiband")
    with pytest.raises(ImageError) as refused:
        read_photograph(tmp_path / "b.tif")
    assert refused.value.path == tmp_path / "b.tif"


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("profile", [b"no profile", bytes(600), icc.profile(icc.GREY)])
def test_a_profile_that_cannot_be_used_is_noted(tmp_path, suffix, profile):
    Image.fromarray(SMOOTH).save(tmp_path / f"a.{suffix}", icc_profile=profile)
    photo = read_photograph(tmp_path / f"a.{suffix}")
    assert np.array_equal(photo.srgb, SMOOTH)
    assert len(photo.notes) == 1 and photo.profile is None


def bomb(path, side=60_000):
    """A PNG whose header promises more than its few bytes can hold."""
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    line = zlib.compress(bytes(1 + side // 8))
    chunks = ((b"IHDR", header), (b"IDAT", line), (b"IEND", b""))
    data = b"".join(struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)


def test_a_bomb_is_refused_by_its_header(tmp_path):
    bomb(tmp_path / "bomb.png")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for read in (read_header, read_photograph):
        with pytest.raises(ImageError, match="--allow-large"):
            read(tmp_path / "bomb.png")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB; decoded it has 3.6 GB
    header = read_header(tmp_path / "bomb.png", allow_large=True)
    assert header.width * header.height > LARGEST


def test_damaged_and_foreign_files_are_named(tmp_path):
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(buffer, "JPEG")
    files = {
        "text.png": b"no image",
        "empty.jpg": b"",
        "half.jpg": buffer.getvalue()[:1500],
        "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        "hidden.png": b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        "bad.bmp": b"BM",
        "bad.heic": b"no image",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ImageError) as refused:
            read_photograph(tmp_path / name)
        assert refused.value.path == tmp_path / name, name
        assert len(str(refused.value).splitlines()) == 1
    with pytest.raises(ImageError, match="no such file"):
        read_header(tmp_path / "missing.png")


def test_sizes_are_checked_beforehand(tmp_path):
    for name, side in (("a.webp", 16_384), ("a.jpg", 65_536), ("a.avif", 16_385)):
        with pytest.raises(ImageError):
            check_size(tmp_path / name, side, 10)
        check_size(tmp_path / name, side - 1, 10)
    check_size(tmp_path / "a.tif", 100_000, 100_000)


def test_an_error_between_strips_leaves_nothing(tmp_path):
    def strips():
        yield SMOOTH[:20]
        raise KeyError

    Image.fromarray(SMOOTH).save(tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()
    with pytest.raises(KeyError):
        write_pages(tmp_path / "a.png", [(strips(), read_photograph(tmp_path / "a.png"))], 1, Output())
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp"])
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, monkeypatch, suffix):
    @contextmanager
    def full(_path):
        (tmp_path / f"disk.{suffix}").symlink_to("/dev/full")
        yield tmp_path / f"disk.{suffix}"

    monkeypatch.setattr(writing, "atomic_path", full)
    noise = np.random.default_rng(0).integers(0, 256, (4800, 60, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    with pytest.raises(StorageError) as failed:
        write_pages(tmp_path / f"a.{suffix}", [([noise], read_photograph(tmp_path / "noise.png"))], 1, Output())
    assert failed.value.path == tmp_path / f"a.{suffix}"
    assert not (tmp_path / f"a.{suffix}").exists()


def test_colours_in_the_invisible_come_from_around(tmp_path):
    colours = np.full((40, 60, 3), (200, 80, 40), np.uint8)
    alpha = np.zeros((40, 60), np.uint8)
    alpha[10:20, 10:25] = 255
    alpha[30:, 40:] = 1
    colours[alpha == 0] = 0
    filled = fill_invisible(colours, alpha)
    assert np.array_equal(filled, np.full_like(colours, (200, 80, 40)))
    assert np.array_equal(fill_invisible(colours, np.full_like(alpha, 255)), colours)
    assert np.array_equal(fill_invisible(colours, np.zeros_like(alpha)), colours)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_transparency_is_held_between_its_neighbours(scale):
    alpha = np.random.default_rng(0).choice(np.array([0, 255], np.uint8), (12, 9))
    wild = np.random.default_rng(1).integers(0, 256, (12 * scale, 9 * scale), dtype=np.uint8)
    whole = hold_to_range(wild, alpha, 0, scale)
    parts = [hold_to_range(wild[a:b], alpha, a, scale) for a, b in ((0, 2 * scale), (2 * scale, 12 * scale))]
    assert np.array_equal(np.concatenate(parts), whole)
    for row, column in np.ndindex(whole.shape):
        y, x = ((place + scale // 2) // scale for place in (row, column))
        around = alpha[max(y - 1, 0) : y + 1, max(x - 1, 0) : x + 1]
        assert around.min() <= whole[row, column] <= around.max()


@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
def test_animations_keep_frames_and_timing(tmp_path, suffix):
    frames = [np.dstack([np.roll(SMOOTH, 9 * shift, 1), np.full((48, 60), 255, np.uint8)]) for shift in range(3)]
    for number, frame in enumerate(frames):
        frame[5:15, 10 + number : 20 + number, 3] = 0
    animation = Animation(iter(frames), [100, 200, 300], 2)
    write_animation(tmp_path / f"a.{suffix}", animation, Output(lossless=True))
    header = read_header(tmp_path / f"a.{suffix}")
    assert (header.frames, header.has_alpha, header.width, header.height) == (3, True, 60, 48)
    found = read_animation(tmp_path / f"a.{suffix}")
    assert (found.durations, found.loops) == (animation.durations, animation.loops)
    for frame, back in zip(frames, found.frames, strict=True):
        assert np.array_equal(back[..., 3], frame[..., 3])
        visible = frame[..., 3] > 0
        assert abs(back[visible].astype(int) - frame[visible]).mean() < (0.01 if suffix != "gif" else 6)


def test_writing_takes_memory_for_strips_not_for_the_image(tmp_path):
    """30 megapixels, 90 MB as an array, are written within a fraction of that."""
    Image.new("RGB", (50, 60)).save(tmp_path / "small.png")
    code = f"""
import resource
from pathlib import Path
import numpy as np
from srgan_report.upscaling.formats import Output
from srgan_report.upscaling.reading import read_photograph
from srgan_report.upscaling.writing import write_pages

folder, strip = Path({str(tmp_path)!r}), np.zeros((250, 5000, 3), np.uint8)
photo = read_photograph(folder / "small.png")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
write_pages(folder / "a.tif", [((strip for _ in range(24)), photo)], 100, Output())
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    grown = int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert grown < 60_000
    assert read_header(tmp_path / "a.tif").height == 6000
