"""A file of which a part is missing is refused, or read whole: never enlarged in part without a word."""

import struct

import numpy as np
import pytest
import pyvips
import tifffile
from PIL import Image

from srgan_lib.data.images import SUFFIXES as TRAINED_ON
from srgan_lib.data.images import ImageError, read_image
from srgan_report.upscaling.photograph import read_animation, upscale_file
from srgan_report.upscaling.reading import read_header, read_photograph

Y, X = np.mgrid[:48, :60]
RGB = (np.dstack([X * 4, Y * 5, (X + Y) * 2]) + np.random.default_rng(0).integers(0, 8, (48, 60, 3))).astype(np.uint8)
RGBA = np.dstack([RGB, (X * 4).astype(np.uint8)])
DEEP = RGB.astype(np.uint16) * 257 + 3
FRAMES = [Image.fromarray(np.roll(RGB, 5 * shift, 1)) for shift in range(3)]


def by_pillow(mode="RGB", **options):
    image = Image.fromarray(RGBA).convert(mode) if mode != "I;16" else Image.fromarray(DEEP[..., 0])
    return lambda path: image.save(path, **options)


def by_vips(pixels=RGB, kind="srgb", **options):
    image = pyvips.Image.new_from_array(pixels).copy(interpretation=kind)
    return lambda path: image.write_to_file(str(path), **options)


def by_tifffile(pixels=RGB, **options):
    return lambda path: tifffile.imwrite(path, pixels, **{"photometric": "rgb", "rowsperstrip": 8, **options})


def pages(byteorder="<", bigtiff=False, **options):
    def write(path):
        with tifffile.TiffWriter(path, byteorder=byteorder, bigtiff=bigtiff) as file:
            for frame in FRAMES:
                file.write(np.asarray(frame), photometric="rgb", **options)

    return write


def several(path):
    FRAMES[0].save(path, save_all=True, append_images=FRAMES[1:])


def heic(path):
    pytest.importorskip("pillow_heif").register_heif_opener()
    FRAMES[0].save(path, quality=90)


def run_length_bmp(path):
    """A BMP of runs of one pixel, which Pillow reads and does not write."""
    pixels = np.asarray(FRAMES[0].quantize(16))[::-1]
    body = b"".join(b"".join(b"\1%c" % value for value in row) + b"\0\0" for row in pixels) + b"\0\1"
    colours = b"".join(bytes((value, value, value, 0)) for value in range(256))
    head = struct.pack("<IiiHHIIiiII", 40, 60, 48, 1, 8, 1, len(body), 0, 0, 256, 0)
    path.write_bytes(b"BM" + struct.pack("<IHHI", 1078 + len(body), 0, 0, 1078) + head + colours + body)


#: By file name: what writes it. After the dash the ending, before it the mode.
FILES = {
    **{f"{mode}-.png": by_pillow(mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")},
    "rgb16-.png": by_vips(DEEP, "rgb16"),
    "interlaced-.png": by_vips(interlace=True),
    "not compressed-.png": by_vips(compression=0),
    **{f"{mode}-.jpg": by_pillow(mode, quality=92) for mode in ("L", "RGB", "CMYK")},
    "progressive-.jpg": by_pillow(progressive=True, quality=92),
    "restarts-.jpg": by_pillow(restart_marker_rows=1, quality=92),
    "lossy-.webp": by_pillow(),
    "lossless-.webp": by_pillow(lossless=True),
    "transparent-.webp": by_pillow("RGBA"),
    **{f"{mode}-.bmp": by_pillow(mode) for mode in ("1", "L", "P", "RGB", "RGBA")},
    "runs-.bmp": run_length_bmp,
    "8 bit-.avif": by_vips(Q=90),
    "12 bit-.avif": by_vips(DEEP, "rgb16", bitdepth=12),
    "transparent-.avif": by_vips(RGBA),
    "photo-.heic": heic,
    "still-.gif": by_pillow("P"),
    **{f"animated-.{kind}": several for kind in ("gif", "png", "webp")},
    **{f"{mode}-.tif": by_pillow(mode) for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "I;16")},
    **{f"{kind}-.tif": by_pillow(compression=kind) for kind in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")},
    **{f"{kind}-.tif": by_pillow("1", compression=kind) for kind in ("group3", "group4")},
    "float-.tif": by_vips((RGB / 255).astype(np.float32), "multiband"),
    "rgb16-.tif": by_vips(DEEP, "rgb16"),
    "large-.tif": by_vips(bigtiff=True),
    "strips-.tif": by_tifffile(),
    "120×120-.tif": by_tifffile(np.resize(RGB, (120, 120, 3))),
    "planes-.tif": by_tifffile(np.ascontiguousarray(RGB.transpose(2, 0, 1)), planarconfig="separate"),
    "big-endian-.tif": by_tifffile(byteorder=">"),
    "big-endian tiles-.tif": by_tifffile(byteorder=">", tile=(16, 16)),
    "tiles-.tif": by_tifffile(tile=(16, 16)),
    "compressed tiles-.tif": by_tifffile(tile=(16, 16), compression="zlib"),
    "large tiles-.tif": by_tifffile(tile=(16, 16), bigtiff=True),
    "large strips-.tif": by_tifffile(bigtiff=True),
    "compressed-.tif": by_tifffile(compression="zlib"),
    "pages-.tif": several,
    "pages of tiles-.tif": pages(tile=(16, 16)),
    "big-endian pages-.tif": pages(byteorder=">"),
    "large pages-.tif": pages(bigtiff=True, compression="zlib"),
}  # fmt: skip


def to_enlarge(path):
    """What ``srgan upscale`` sees of a file: of an animation all frames, of a TIFF all pages."""
    header = read_header(path)
    if header.frames > 1:
        return [frame.tobytes() for frame in read_animation(path, header.frames).frames]
    photos = [read_photograph(path, page=page) for page in range(header.pages if path.suffix == ".tif" else 1)]
    return [(photo.srgb.tobytes(), None if photo.alpha is None else photo.alpha.tobytes()) for photo in photos]


def to_measure(path):
    """What ``srgan evaluate`` and ``run`` see of a file."""
    return read_image(path).tobytes()


def check_cuts(path, read, step):
    content, whole = path.read_bytes(), read(path)
    refused = 0
    for size in range(0, len(content), step):
        path.write_bytes(content[:size])
        try:
            assert read(path) == whole, f"{path.name} of {len(content)} bytes, cut after {size}"
        except ImageError as error:
            refused += 1
            assert error.path == path and len(str(error).splitlines()) == 1
    assert refused, "the cut at its beginning at least"


@pytest.mark.parametrize(
    "name", ["strips-.tif", "120×120-.tif", "tiles-.tif", "pages of tiles-.tif", "animated-.gif", "animated-.webp"]
)
def test_half_a_file_is_refused(tmp_path, name):
    FILES[name](tmp_path / name)
    check_cuts(tmp_path / name, to_enlarge, (tmp_path / name).stat().st_size // 4)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_anywhere(tmp_path, name):
    path = tmp_path / name
    for read in (to_enlarge, *([to_measure] if path.suffix in TRAINED_ON and name != "float-.tif" else [])):
        FILES[name](path)
        check_cuts(path, read, 64)


@pytest.mark.parametrize("suffix", ["tif", "heic", "png"])
@pytest.mark.parametrize("pages", [2, 3])
def test_pages_that_are_left_out_are_said(tmp_path, bicubic, caplog, suffix, pages):
    source = tmp_path / f"a.{suffix}"
    if suffix == "heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
    FRAMES[0].save(source, save_all=True, append_images=FRAMES[1:pages])
    upscale_file(bicubic, source, tmp_path / ("o.png" if suffix == "tif" else "o.tif"))
    words = f"{pages - 1} of {pages} pages {'is' if pages == 2 else 'are'} left out"
    frames_are_left_out = suffix == "png"
    assert any(words in text for text in caplog.messages) != frames_are_left_out
    assert any(f"first of {pages} frames" in text for text in caplog.messages) == frames_are_left_out
    assert f"{pages} {'frames' if suffix == 'png' else 'pages'}" in str(read_header(source))
