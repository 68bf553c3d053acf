"""Manifests: what a stage or a run has computed, written last and in one step, and sealed by the hash of its own text.

The seal is the SHA-256 of the file with zeros in its place, as in the files with weights. A manifest that is no JSON, or
of which a byte has changed, counts as not there.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from srgan_lib.files import write_atomic

NAME = "manifest.json"
ZEROS = "0" * 64

logger = logging.getLogger(__name__)


def write_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    """Write a folder's manifest in one step, with its seal at the end."""
    text = json.dumps({**content, "seal": ZEROS}, indent=1, ensure_ascii=False) + "\n"
    before, _, after = text.rpartition(ZEROS)
    write_atomic(folder / NAME, f"{before}{hashlib.sha256(text.encode()).hexdigest()}{after}")


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Read a folder's manifest, without its seal; none where it is missing or, with a warning that names it, broken."""
    path = folder / NAME
    try:
        content = _unsealed(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except IsADirectoryError:
        content = None
    if content is None:
        logger.warning("%s is broken, was changed, or is of an earlier version; it counts as not there", path)
    return content


def _unsealed(text: bytes) -> dict[str, Any] | None:
    """Parse a manifest's text; none if it is not as it was written."""
    try:
        content = json.loads(text)
        seal = content.pop("seal")
        zeroed = ZEROS.encode().join(text.rsplit(seal.encode(), 1))
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):  # no JSON, or not of ours
        return None
    return content if hashlib.sha256(zeroed).hexdigest() == seal else None
