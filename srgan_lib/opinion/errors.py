"""The error of opinion studies."""

from __future__ import annotations

from srgan_lib.errors import InputError


class OpinionError(InputError):
    """A study that cannot be made as asked, or answers of which no scores can be computed."""
