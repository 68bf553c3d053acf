"""Put into sentences what pydantic refuses: which parameter is wrong, where it is set, and what is allowed."""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Mapping, Sequence
from string import Template
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from srgan_lib.formatting import listed, shortened
from srgan_lib.params import Params
from srgan_lib.params.evaluation import METHOD_NAME
from srgan_lib.params.section import ParameterError
from srgan_lib.params.shared import DEVICE
from srgan_lib.params.training import OWN_CLASS, VGG_LAYER

_BRIEF = reprlib.Repr()
_BRIEF.maxlevel, _BRIEF.maxstring, _BRIEF.maxother = 3, 80, 80
MOST = 20  #: wrong parameters that one message names
MOST_ALLOWED = 12  #: names that a message lists as allowed
#: What pydantic puts into an error's path for a branch of a union.
UNION_TAG = re.compile(r"(literal|constrained|list\[|function|int$|float$|str$|bool$|none$)")
#: What a value should be, by the beginning of the type of pydantic's error.
KINDS = {
    "int_": "a whole number",
    "float_": "a number",
    "bool_": "true or false",
    "string_type": "a text; put it into quotes, '\"like this\"'",
    "invalid_key": "a text",
    "list_": "a list, such as [a, b]",
    "dict_": "a mapping of names to values, such as {a: 1}",
    "model_": "a mapping of names to values, such as {a: 1}",
    "too_short": "of length at least $min_length",
    "too_long": "of length at most $max_length",
}
#: What a text should be, by the pattern that it does not match.
PATTERNS = {
    OWN_CLASS: "FILE.py:Class, your own",
    VGG_LAYER: "a layer of VGG-19, such as relu2_2 or conv5_4",
    DEVICE: "auto, cpu, cuda or cuda:N",
    METHOD_NAME: "a name of letters, digits, spaces and ._+-, which begins with a letter or digit",
}


def refusal(
    error: ValidationError,
    model: type[BaseModel],
    source: str,
    fields: str = "section",
    origins: Mapping[str, str] | None = None,
) -> ParameterError:
    """Turn pydantic's errors of a model into one with a sentence per wrong parameter, naming it and what is allowed.

    ``fields`` is what the message calls the model's fields; ``source`` and ``origins`` are as of
    :func:`srgan_report.params_file.check`.
    """
    found: dict[tuple[str, str, str], list[str]] = {}  # parameter, where, sentence; its end, as a union has branches
    for item in error.errors():
        unknown = item["type"] == "extra_forbidden"  # then the name may look like pydantic's for a branch of a union
        path = [str(part) for part in item["loc"] if unknown or not UNION_TAG.match(str(part))]
        name = ".".join(path).removesuffix(".[key]")
        shown, ends, together = shortened(name, 100), [], ""
        if unknown:
            kind = f"parameter of {path[0]!r}" if len(path) > 1 else fields
            sentence = f"{shown}: unknown {kind}{_instead(path, model)}"
        elif item["type"] == "missing":
            sentence = f"{name}: is missing"
        elif item["type"] == "value_error":  # raised by a validator, whose message begins with the parameter's name
            sentence = together = ".".join([*path, str(item.get("ctx", {})["error"])])
            name = sentence.partition(":")[0]
        else:
            given = "nothing is given" if item["input"] is None else f"{brief(item['input'])} is not allowed"
            sentence, ends = f"{shown}: {given}; it should be ", [_expected(item, path)]
        where = _origin(name, together, origins or {}, source)
        found.setdefault((name, where, sentence), []).extend(ends)
    lines = [
        f"{where}: {shortened(sentence + ' or '.join(dict.fromkeys(ends)), 1500)}"
        for (_, where, sentence), ends in found.items()
    ]
    if len(lines) > MOST:
        lines[MOST:] = [f"and {len(lines) - MOST} more"]
    return ParameterError("\n".join(lines), parameter=next(iter(found))[0])


def brief(value: Any) -> str:
    """Write a value as Python does, cut where it is long: what a person has typed, in a message."""
    return _BRIEF.repr(value)


def nearest(name: str, known: Sequence[str]) -> str:
    """Suggest the nearest of the known names, whatever the case of its letters; else name them, if they are few."""
    folded = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {folded[close[0]]!r}?"
    return f"; allowed: {', '.join(known)}" if len(known) <= MOST_ALLOWED else "; srgan params lists all"


def _expected(item: Any, path: Sequence[str]) -> str:
    """Say what a refused value should be."""
    kind, given, context = item["type"], item["input"], item.get("ctx", {})
    if kind in ("list_type", "dict_type") and isinstance(given, str):
        if given.lstrip().startswith(("[", "{")):
            what = "a list" if kind == "list_type" else "a mapping"
            return f"{what}, not a text; papermill takes one by -y '{path[-1]}: {shortened(given, 100)}'"
        given = shortened(given, 100)
        return f"a list, such as [{given}]" if kind == "list_type" else f"a mapping, such as {{{given}: 1}}"
    if kind == "string_pattern_mismatch" and context["pattern"] in PATTERNS:
        return PATTERNS[context["pattern"]]
    words = next((words for sign, words in KINDS.items() if kind.startswith(sign)), None)
    return Template(words).substitute(context) if words else str(item["msg"]).removeprefix("Input should be ")


def _origin(name: str, together: str, origins: Mapping[str, str], source: str) -> str:
    """Say where a wrong parameter comes from; of several that do not fit ``together``, the one set last is to blame."""
    words = set(re.findall(r"\w+", together))
    named = [one for one in origins if "." in one and set(one.split(".")) <= words]
    section, _, rest = name.partition(".")
    own = [f"{section}.{rest.partition('.')[0]}", section]
    inside = [] if rest else [one for one in origins if one.startswith(f"{section}.")]  # of an unknown section
    return next((origins[one] for one in (*reversed(named), *own, *reversed(inside)) if one in origins), source)


def _instead(path: Sequence[str], model: type[BaseModel]) -> str:
    """Say which name was meant by the last one of ``path``, or where a parameter of that name is."""
    name, known = path[-1], model
    for part in path[:-1]:
        if not part.isdigit():  # a place in a list
            annotation = known.model_fields[part].annotation
            inner = next(iter(get_args(annotation)), annotation)
            assert isinstance(inner, type) and issubclass(inner, BaseModel)
            known = inner
    if model is Params and len(path) == 2 and (holders := Params.holders(name.lower())):
        return f"; {name.lower()!r} is one of {listed([repr(one) for one in holders])}"
    return nearest(name, list(known.model_fields))
