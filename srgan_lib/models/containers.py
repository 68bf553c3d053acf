"""What holds weights, told by its bytes whatever its name, and how much of it is read. This module imports no torch."""

from __future__ import annotations

import pickletools
import re
import zipfile
from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path
from typing import IO, Literal

from srgan_lib.errors import InputError
from srgan_lib.files import check_regular

LARGEST = 4 * 2**30  #: bytes of a file with weights
LARGEST_HEADER = 16 * 2**20  #: bytes that name the tensors of a safetensors file
MOST_INSTRUCTIONS = 1_000_000  #: of a pickle, as far as its tensors are named; a network's have some ten thousand
#: What to do about a file that holds more than weights.
WAY_ON = "in the program that made it save the weights alone: torch.save(model.state_dict(), 'weights.pth')"
_UNPACK = "unpack it and give the file with weights in it"
#: How files begin that are no weights of PyTorch, what they are, and what to do.
_OTHERS = (
    (rb"\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf|Rar!|\x28\xb5\x2f\xfd", f"a compressed file; {_UNPACK}"),
    (rb".{257}ustar", f"a tar archive; {_UNPACK}, or, where PyTorch before 2017 wrote it, {WAY_ON}"),
    (rb"\s*<", "a web page: a link led to a page in place of the file; download the file itself in a browser"),
    (
        rb"version https://git-lfs",
        "a pointer of Git LFS in place of the file; run 'git lfs pull', or download the file",
    ),
    (rb"7767517", "a network for ncnn, as Upscayl and waifu2x use it; take the .pth file that it was made from"),
    (rb"\x89HDF", "an HDF5 file, as Keras writes; take a network for PyTorch"),
    (rb"\x08[\x01-\x0f]\x12", "an ONNX graph; take the .pth file that it was made from"),
    (rb"GGUF|.{4}TFL3", "a network of another kind of program; take one for PyTorch"),
    (rb"\Z", "empty; download it again"),
)


class CheckpointError(InputError):
    """A file with weights that is damaged, or does not belong to what it is wanted for."""


def kind_of(path: Path) -> Literal["safetensors", "pickle"]:
    """Tell how a file holds weights; a :class:`CheckpointError` says what another file is, and what to do with it."""
    try:
        check_regular(path, LARGEST)
        with Path(path).open("rb") as file:
            start = file.read(512)
            if start.startswith(b"PK\x03\x04"):
                _check_zip(path, file)
                return "pickle"
    except OSError as error:
        raise CheckpointError.at(path, f"cannot be read: {error.strerror or error}") from None
    if start[8:9] == b"{" and (size := int.from_bytes(start[:8], "little")) < 2**40:
        if size > LARGEST_HEADER:
            names = f"names its tensors in {size:,} bytes, and at most {LARGEST_HEADER:,} are read"
            raise CheckpointError.at(path, f"damaged, or no network: it {names}")
        return "safetensors"
    if re.match(rb"\x80[\x02-\x05]", start):
        return "pickle"
    for pattern, problem in _OTHERS:
        if re.match(pattern, start, re.DOTALL):
            raise CheckpointError.at(path, problem)
    raise CheckpointError.at(
        path, "not a file with weights (.safetensors, or PyTorch's .pth), or damaged; download or write it again"
    )


def check_pickle(path: Path) -> None:
    """Refuse, before it is unpickled, a file of kind ``pickle`` that would become far more than it is."""
    try:
        with path.open("rb") as file:
            if zipfile.is_zipfile(file):
                with zipfile.ZipFile(file) as archive:
                    names = [name for name in archive.namelist() if name.endswith("data.pkl")]
                    with archive.open(names[0]) as pickle:
                        _count_instructions(path, [pickle])
            else:
                file.seek(0)
                _count_instructions(path, [file] * 5)  # in one file: what it is, the system, the names, the keys
    except CheckpointError:
        raise
    except Exception as error:  # a damaged archive or pickle raises errors of any kind
        raise CheckpointError.at(path, f"damaged ({type(error).__name__}); download or write it again") from None


def _check_zip(path: Path, file: IO[bytes]) -> None:
    """Tell PyTorch's archives from others: nothing in them is compressed, so that none becomes more than it is."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except Exception as error:  # as above
        raise CheckpointError.at(path, f"a damaged archive ({error}); download or write it again") from None
    names = [member.filename for member in members]
    if not any(name.endswith("data.pkl") for name in names):
        raise CheckpointError.at(path, f"a zip archive; {_UNPACK}")
    if any(name.endswith("constants.pkl") for name in names):
        raise CheckpointError.at(path, f"a TorchScript program, and no program in a file of weights is run; {WAY_ON}")
    if sum(member.file_size for member in members) > path.stat().st_size:
        raise CheckpointError.at(
            path, f"would unpack to more than it is, and PyTorch compresses nothing: not written by it; {WAY_ON}"
        )


def _count_instructions(path: Path, pickles: Iterable[IO[bytes]]) -> None:
    """Go through pickles without doing what they say."""
    instructions = chain.from_iterable(map(pickletools.genops, pickles))
    if next(islice(instructions, MOST_INSTRUCTIONS, None), None):
        raise CheckpointError.at(
            path, f"its pickle has more than {MOST_INSTRUCTIONS:,} instructions, so it holds other things; {WAY_ON}"
        )
