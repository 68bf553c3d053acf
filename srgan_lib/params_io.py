"""Reading parameters into the schema: files, overlays, overrides, and errors in words that help."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from srgan_lib.formatting import value_text
from srgan_lib.layout import COMPARISON, STAGES
from srgan_lib.params import OWN_CLASS, ComparisonParams, ParameterError, Params, Section, Shared


def check(document: Mapping[str, Any], source: str = "parameters") -> Params:
    """Validate a params document.

    Parameters
    ----------
    document : mapping with ``shared`` and stage sections, each optional.
    source : what to call it in error messages, e.g. the file's name.

    Raises
    ------
    ParameterError
        Naming every wrong parameter and what is allowed.
    """
    try:
        return Params.model_validate(document)
    except ValidationError as error:
        raise refusal(error, Params, source) from None


def check_stage(name: str, flat: Mapping[str, Any]) -> Params:
    """Validate the flat parameters of one stage (the route of a notebook's parameters cell)."""
    shared = {key: value for key, value in flat.items() if key in Shared.model_fields}
    own = {key: value for key, value in flat.items() if key not in Shared.model_fields}
    published = {"published": own.pop("published")} if name == "evaluation" and "published" in own else {}
    return check({"shared": shared, name: own, **published}, f"parameters of stage {name!r}")


def read(path: Path, overrides: tuple[str, ...] = (), overlays: tuple[Path, ...] = ()) -> Params:
    """Read a params file, merge overlays over it, apply ``stage.name=value`` overrides, validate.

    Raises
    ------
    ParameterError
        For a file that is missing or no YAML mapping, and for every wrong parameter.
    """
    return check(read_document(path, overrides, overlays), str(path))


def read_document(path: Path, overrides: tuple[str, ...] = (), overlays: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Read what :func:`read` validates: a params file with overlays and overrides merged over it."""
    document: dict[str, Any] = {}
    for file in (path, *overlays):
        document = merge(document, load_yaml(Path(file)))
    for text in overrides:
        document = merge(document, _override(text))
    return document


def describe() -> Iterator[tuple[str, str, str, str]]:
    """List the schema's rows as (name, default, allowed, meaning), for ``srgan params``; notebook 06 comes last."""
    sections: dict[str, type[Section]] = {name: Params.section(name) for name in ("shared", *STAGES)}
    for section, model in {**sections, COMPARISON.name: ComparisonParams}.items():
        properties = model.model_json_schema()["properties"]
        for name, field in model.model_fields.items():
            yield f"{section}.{name}", value_text(field.default), _allowed(properties[name]), field.description or ""


def load_yaml(path: Path) -> dict[str, Any]:
    """Read a params file as sections, each a mapping.

    Raises
    ------
    ParameterError
        For a file that is missing or no YAML mapping.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        there = sorted(p.name for p in path.parent.glob("*.yaml")) if path.parent.is_dir() else []
        raise ParameterError(
            f"{path}: no such params file; {path.parent} has {', '.join(there) or 'none'}", path=path
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, IsADirectoryError) as error:
        raise ParameterError(f"{path}: not a YAML file: {error}", path=path) from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ParameterError(
            f"{path}: expected sections such as 'shared:' and 'warmup:', found {type(document).__name__}", path=path
        )
    return {section: {} if content is None else content for section, content in document.items()}


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two levels deep: sections are merged, values (lists and mappings too) are replaced."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = {**merged[key], **value} if both else value
    return merged


def _override(text: str) -> dict[str, Any]:
    """Parse ``stage.name=value``; a bare ``name=value`` sets it in every section that has it."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ParameterError(
            f"-p {text}: expected stage.name=value, for example adversarial.adversarial_weight=1e-3", parameter=name
        )
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ParameterError(f"-p {text}: the value is not YAML: {error}", parameter=name) from None
    return nest(name.strip(), parsed, f"-p {text}")


def nest(name: str, value: Any, source: str) -> dict[str, Any]:
    """Nest a parameter as a params document: ``stage.name``, or a bare ``name`` in every section that has it.

    Raises
    ------
    ParameterError
        For a bare name that no section has; ``source`` begins the message.
    """
    section, dot, key = name.partition(".")
    if dot:
        return {section: {key: value}}
    holders = [s for s in ("shared", *STAGES) if name in Params.section(s).model_fields]
    if not holders:
        known = _all_names()
        raise ParameterError(
            f"{source}: no section has a parameter {name!r}{_nearest(name, known)}", parameter=name, allowed=known
        )
    return {holder: {name: value} for holder in holders}


def refusal(error: ValidationError, model: type[BaseModel], source: str, fields: str = "section") -> ParameterError:
    """Turn pydantic's errors into one with a sentence per wrong parameter, naming it and what is allowed.

    Parameters
    ----------
    error : of validating a ``model``.
    source : what to call the document in the message, e.g. the file's name.
    fields : what to call a field of ``model``.
    """
    sentences: list[tuple[str, str, Sequence[str]]] = []  # parameter, sentence, what is allowed
    bounds: dict[tuple[str, str], list[str]] = {}  # a union refuses a value once per branch
    for item in error.errors():
        path = [str(part) for part in item["loc"] if not _is_union_tag(str(part))]
        name = ".".join(path).removesuffix(".[key]")
        if item["type"] == "extra_forbidden":
            kind, known = f"parameter of {path[0]!r}" if len(path) > 1 else fields, _allowed_at(path, model)
            sentences.append((name, f"{name}: unknown {kind}{_nearest(path[-1], known)}", known))
        elif item["type"] == "missing":
            sentences.append((name, f"{name}: is missing", ()))
        elif item["type"] == "value_error":  # raised by a validator, whose message begins with the parameter's name
            sentence = ".".join([*path, str(item.get("ctx", {})["error"])])
            sentences.append((sentence.partition(":")[0], sentence, ()))
        else:
            message = item["msg"].removeprefix("Input should be ").removeprefix("String should ")
            message = message.replace(f"match pattern '{OWN_CLASS}'", "FILE.py:Class, your own")
            bounds.setdefault((name, f"{name}: {item['input']!r} is not allowed; it should be "), []).append(message)
    sentences += [(name, start + " or ".join(allowed), allowed) for (name, start), allowed in bounds.items()]
    message = f"{source}: " + "\n".join(sentence for _, sentence, _ in sentences)
    return ParameterError(message, parameter=sentences[0][0], allowed=sentences[0][2])


def _allowed_at(path: list[str], model: type[BaseModel]) -> list[str]:
    """List the names that are allowed beside the last one of ``path``."""
    for part in path[:-1]:
        if not part.isdigit():  # a place in a list
            annotation = model.model_fields[part].annotation
            inner = next(iter(get_args(annotation)), annotation)
            assert isinstance(inner, type) and issubclass(inner, BaseModel)
            model = inner
    return list(model.model_fields)


def _is_union_tag(part: str) -> bool:
    """Return whether pydantic put this part into an error's path for a branch of a union."""
    return bool(re.match(r"(literal|constrained|list\[|function|int$|float$|str$|bool$|none$)", part))


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else f"; allowed: {', '.join(known)}"


def _all_names() -> list[str]:
    return sorted({n for s in ("shared", *STAGES) for n in Params.section(s).model_fields})


def _allowed(schema: Mapping[str, Any]) -> str:
    """Describe the bounds of one parameter from its JSON schema."""
    if "anyOf" in schema:
        return " or ".join(_allowed(part) for part in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if schema.get("pattern") == OWN_CLASS:
        return "FILE.py:Class"
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    words = {"null": "none", "array": "list", "object": "mapping", "string": "text", "boolean": "true | false"}
    bounds = " and ".join(f"{sign} {schema[key]:g}" for key, sign in signs.items() if key in schema)
    kind = words.get(schema.get("type", ""), schema.get("type", "any"))
    if kind == "list" and "items" in schema:
        kind = f"list of {_allowed(schema['items'])}"
    return f"{kind} {bounds}".strip()
