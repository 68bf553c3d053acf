"""A figure or table with all that a notebook needs to show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Exhibit:
    """What a notebook shows under one caption.

    Attributes
    ----------
    content : the figure, or the rows of the table.
    name : unique in the notebook.
    caption : what it shows and what to look for; may hold inline HTML.
    source : the stage's file with the values shown, if there is one.
    options : how it is shown: ``vector`` of a figure, ``best`` and ``formats`` of a table.
    """

    content: Figure | pandas.DataFrame
    name: str
    caption: str
    source: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
