"""ICC profiles written from the definitions of their colour spaces, and what their numbers mean."""

import struct

import numpy as np

#: Red, green and blue in XYZ, adapted to D50, and the exponent; Adobe RGB (1998), SMPTE RP 431 with D65 (Display P3).
ADOBE = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)), 563 / 256
P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)), 2.2
#: sRGB, whose curve is no power; grey of gamma 2.2.
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410)), None
GREY = None, 2.2
WHITE = (0.9642, 1.0, 0.8249)


def profile(space) -> bytes:
    """A version 2 display profile: three primaries with a gamma, or grey from the gamma alone."""
    primaries, gamma = space
    text = b"test\0"
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78),
        b"cprt": b"text" + bytes(4) + b"CC0\0",
        b"wtpt": _xyz(WHITE),
    }
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))
    if primaries:
        for colour, primary in zip(b"rgb", primaries, strict=True):
            tags[bytes([colour]) + b"XYZ"], tags[bytes([colour]) + b"TRC"] = _xyz(primary), curve
    else:
        tags[b"kTRC"] = curve
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data
    size = start + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"test", 0x02100000, b"mntr", b"RGB " if primaries else b"GRAY", b"XYZ ")
    header += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _xyz(WHITE)[8:]
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def lab(values: np.ndarray, space) -> np.ndarray:
    """CIE Lab (D50) of h×w×3 in a colour space, or h×w in a grey one; values in [0,1]."""
    xyz = (linear(values, space) @ np.array(space[0])) if space[0] else linear(values, space)[..., None] * WHITE
    ratio = np.maximum(xyz / WHITE, 0)
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def linear(values: np.ndarray, space) -> np.ndarray:
    """Values in proportion to light; sRGB has a curve of its own."""
    if space[1] is None:
        return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return values ** space[1]


def from_srgb(srgb: np.ndarray, space) -> np.ndarray:
    """What another colour space, or a grey one, calls the colours of h×w×3 sRGB; all in [0,1]."""
    if space is SRGB:
        return srgb
    xyz = linear(srgb, SRGB) @ np.array(SRGB[0])
    light = xyz @ np.linalg.inv(space[0]) if space[0] else xyz[..., 1]
    return np.clip(light, 0, 1) ** (1 / space[1])


def _xyz(values) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))
