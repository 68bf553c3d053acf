"""The base of all sections of a params file, and the error that a wrong parameter raises."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from srgan_lib.errors import InputError

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")  # what neither a report nor a file name can hold
Fraction = Annotated[float, Field(gt=0, lt=1)]
Range = Annotated[list[float], Field(min_length=2, max_length=2)]


def parameter(default: Any, meaning: str, **bounds: Any) -> Any:
    """Declare a parameter (``...``: it has no default), with the bounds of :func:`pydantic.Field`."""
    return Field(default, description=meaning, **bounds)


class ParameterError(InputError, ValueError):
    """A parameter that is unknown, of the wrong type, out of range or impossible with another.

    ``parameter`` is its name, e.g. ``warmup.steps``, where several are wrong that of the first; empty for a whole file.
    ``allowed`` is each value or bound that is allowed, in words; empty where only the message says it.
    """

    def __init__(
        self, message: str, *, parameter: str = "", allowed: Iterable[str] = (), path: str | Path | None = None
    ) -> None:
        super().__init__(message, path=path)
        self.parameter = parameter
        self.allowed = tuple(allowed)


def _types(annotation: Any) -> set[Any]:
    """Collect the types that an annotation is made of."""
    inner = get_args(annotation)
    return set().union(*map(_types, inner)) if inner else {annotation}


def _scalars(value: Any) -> list[Any]:
    """List the values in lists and mappings, keys too."""
    if isinstance(value, Mapping):
        value = [*value, *value.values()]
    return [scalar for part in value for scalar in _scalars(part)] if isinstance(value, list | tuple) else [value]


class Section(BaseModel):
    """Base of all sections: unknown names are refused, values are checked, instances are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _as_people_mean_it(cls, values: Any) -> Any:
        """Read ``none``, as it is printed everywhere, as YAML's ``null`` where a parameter can be null.

        Refused are ``true`` where a number is meant, which Python takes for 1, and characters that nobody can type.
        """
        if not isinstance(values, Mapping):
            return values
        given = dict(values)
        for name, field in cls.model_fields.items():
            types = _types(field.annotation)
            if given.get(name) == "none" and NoneType in get_args(field.annotation):
                given[name] = None
            if any(isinstance(kind, type) and issubclass(kind, Section) for kind in types):
                continue
            for scalar in _scalars(given.get(name)):
                if isinstance(scalar, bool) and not {bool, Any} & types:
                    raise ValueError(f"{name}: {str(scalar).lower()} is for switches; give a value of another kind")
                if isinstance(scalar, str) and (found := _CONTROL.search(scalar)):
                    raise ValueError(f"{name}: has the control character {found[0]!r}; leave it out")
        return given
