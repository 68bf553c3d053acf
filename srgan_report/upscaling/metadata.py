"""EXIF, XMP, IPTC and DPI, on their way from one image to another in the fields of libvips.

What a network has enlarged says so in XMP, in words of the IPTC Photo Metadata Standard 2025.1: its digital source type
is a photograph composed with elements by trained algorithms, and it names the network and its weights.

libvips neither reads nor writes EXIF in TIFF files: tags of the first directory and two directories below it.
"""

from __future__ import annotations

import io
import re
import struct
from pathlib import Path
from typing import Any, BinaryIO
from xml.sax.saxutils import quoteattr

import pyvips
from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from srgan_lib.formatting import printable
from srgan_report.upscaling.formats import Maker

_DIRECTORIES = (0x8769, 0x8825)  #: Exif and GPS, by the tag that points to them
#: Description, make, model, software, date, artist and copyright: what of the first directory is not about pixels.
_TEXTS = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298)
_ASCII, _LONG = 2, 4
_ORIENTATION = re.compile(rb"(tiff:Orientation(?:=[\"']|>))[2-8]")

_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
_NAMES = rb"Iptc4xmpExt:(?:DigitalSourceType|AISystemUsed|AISystemVersionUsed)"
#: Those properties as attributes and as elements.
_FORMER = re.compile(
    rb"\s+%s\s*=\s*(?:\"[^\"]*\"|'[^']*')|<(%s)\b[^>]*(?:/>|(?<!/)>.*?</\1\s*>)" % (_NAMES, _NAMES), re.DOTALL
)
_ABOUT = re.compile(rb"rdf:about\s*=\s*(\"[^\"]*\"|'[^']*')")
_PACKET = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)


def with_bytes(image: pyvips.Image, name: str, content: Any) -> pyvips.Image:
    """Set a field to bytes (pyvips's own type hint forgets them), in a copy: an image may be another's, too."""
    image = image.copy()
    image.set_type(pyvips.GValue.blob_type, name, content)
    return image


def with_metadata(image: pyvips.Image, source: pyvips.Image) -> pyvips.Image:
    """Copy EXIF, XMP, IPTC and DPI of another image, with the orientation that the rows have: upright."""
    image = _with_fields(image.copy(xres=source.xres, yres=source.yres), source)
    image.set_type(pyvips.GValue.gint_type, "orientation", 1)
    if source.get_typeof("xmp-data"):
        xmp: Any = source.get("xmp-data")
        image = with_bytes(image, "xmp-data", _ORIENTATION.sub(rb"\g<1>1", xmp))
    return image


def with_maker(image: pyvips.Image, maker: Maker) -> pyvips.Image:
    """Say in an image's XMP that a network has enlarged it, and which."""
    xmp: Any = image.get("xmp-data") if image.get_typeof("xmp-data") else b""
    return with_bytes(image, "xmp-data", marked(xmp, maker))


def marked(xmp: bytes, maker: Maker) -> bytes:
    """Add to an XMP packet that a network has made the image, in place of what it says of that so far.

    Where there is no RDF in UTF-8 to add it to, so that hardly a program reads it, there is a new packet.
    """
    end = b"</rdf:RDF>"
    packet = _FORMER.sub(b"", xmp) if end in xmp else _PACKET
    about = _ABOUT.search(packet)  # all descriptions of a packet are of one thing
    values = {"DigitalSourceType": _SOURCE_TYPE, "AISystemUsed": maker.name, "AISystemVersionUsed": maker.sha256}
    told = " ".join(f"Iptc4xmpExt:{name}={quoteattr(printable(value))}" for name, value in values.items())
    description = (
        f'<rdf:Description xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" {told} rdf:about='
    ).encode() + (about[1] if about else b'""')
    before, _, after = packet.rpartition(end)
    return before + description + b"/>" + end + after


def with_exif(image: pyvips.Image, exif: bytes) -> pyvips.Image:
    """Add EXIF, which libvips takes apart only while it reads a file."""
    carrier = io.BytesIO()
    Image.new("L", (1, 1)).save(carrier, "PNG", exif=exif)
    return _with_fields(image, pyvips.Image.new_from_buffer(carrier.getvalue(), ""))


def _with_fields(image: pyvips.Image, source: pyvips.Image) -> pyvips.Image:
    image = image.copy()
    for name in source.get_fields():
        if name.startswith("exif-") or name in ("xmp-data", "iptc-data", "resolution-unit"):
            image.set_type(source.get_typeof(name), name, source.get(name))
    return image


def read_exif(path: Path) -> bytes:
    """Read a TIFF file's EXIF as other formats hold it; empty if there is none, or only libvips knows its pixels."""
    try:
        image = Image.open(path)
    except UnidentifiedImageError:
        return b""
    with image:
        found, exif = image.getexif(), Image.Exif()
        for tag in _TEXTS:
            if tag in found:
                exif[tag] = found[tag]
        for tag in _DIRECTORIES:
            exif.get_ifd(tag).update(found.get_ifd(tag))
        return exif.tobytes() if len(exif) or any(exif.get_ifd(tag) for tag in _DIRECTORIES) else b""


def append_exif(path: Path, data: bytes) -> None:
    """Add EXIF, as other formats hold it, to a little-endian TIFF file of one page.

    The new first directory stands at the end of the file, and holds the entries of the old one, too. A file of more
    than 4 GB (BigTIFF) is left as it is.
    """
    exif = Image.Exif()
    exif.load(data)
    with path.open("r+b") as file:
        if file.read(4) != b"II*\0":
            return
        file.seek(struct.unpack("<I", file.read(4))[0])
        entries = [file.read(12) for _ in range(struct.unpack("<H", file.read(2))[0])]
        known = {struct.unpack("<H", entry[:2])[0] for entry in entries}
        file.write(bytes(file.seek(0, 2) % 2))
        for tag in _TEXTS:
            if tag in exif and tag not in known:
                text = str(exif[tag]).encode() + b"\0"
                place = text.ljust(4, b"\0") if len(text) <= 4 else struct.pack("<I", _append(file, text))
                entries.append(struct.pack("<HHI", tag, _ASCII, len(text)) + place)
        for tag in _DIRECTORIES:
            if values := exif.get_ifd(tag):
                directory = ImageFileDirectory_v2(prefix=b"II")
                directory.update(values)
                position = _append(file, directory.tobytes(file.tell()))
                entries.append(struct.pack("<HHII", tag, _LONG, 1, position))
        entries.sort(key=lambda entry: struct.unpack("<H", entry[:2])[0])
        position = _append(file, struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4))
        file.seek(4)
        file.write(struct.pack("<I", position))


def _append(file: BinaryIO, content: bytes) -> int:
    """Write at the end, on an even byte as TIFF wants it, and tell where."""
    position = file.tell()
    file.write(content + bytes(len(content) % 2))
    return position
