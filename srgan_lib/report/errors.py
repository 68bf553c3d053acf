"""The error of the report."""

from __future__ import annotations

from srgan_lib.errors import InputError


class ReportError(InputError):
    """A run folder that no report can be made of, or a program that the PDF needs and is not there."""
