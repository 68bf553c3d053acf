"""What all downloads share: whether the user allows them, where they go, and their progress bar."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

if TYPE_CHECKING:
    from tqdm import tqdm


def offline() -> bool:
    """Whether ``SRGAN_OFFLINE`` forbids downloads: set to anything but nothing and 0."""
    return os.environ.get("SRGAN_OFFLINE", "0") not in ("", "0")


def download_bar(name: str, total: int | None, already: int = 0) -> tqdm:
    """A bar in bytes, in a terminal or a notebook; a context manager.

    Parameters
    ----------
    name : of the file.
    total : its bytes; None: unknown.
    already : bytes that an earlier attempt left here.
    """
    from tqdm.auto import tqdm

    return tqdm(desc=name, total=total, initial=already, unit="B", unit_scale=True, unit_divisor=1024, mininterval=0.5)


def cache_folder() -> Path:
    """Where downloaded sets are kept: this project's folder in the user's cache."""
    return platformdirs.user_cache_path("srgan-report")
