"""Reading parameters into the schema: files, overlays, overrides, and errors in words that help."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from srgan_lib.formatting import brief, shortened, value_text
from srgan_lib.layout import COMPARISON, STAGES
from srgan_lib.params import ComparisonParams, Params
from srgan_lib.params.section import ParameterError, Section
from srgan_lib.params.shared import Shared
from srgan_lib.params.training import OWN_CLASS
from srgan_report.yaml_document import Document, load_yaml, parse_yaml

MOST = 20  #: wrong parameters that one message names


def check(document: Mapping[str, Any], source: str = "parameters", origins: Mapping[str, str] | None = None) -> Params:
    """Validate a params document.

    Parameters
    ----------
    document : mapping with ``shared`` and stage sections, each optional.
    source : what to call it in error messages, e.g. the file's name.
    origins : where parameters come from, see :class:`Document`; default: all from ``source``.

    Raises
    ------
    ParameterError
        Naming every wrong parameter and what is allowed.
    """
    try:
        return Params.model_validate(document)
    except ValidationError as error:
        raise refusal(error, Params, source, origins=origins) from None


def check_stage(name: str, flat: Mapping[str, Any]) -> Params:
    """Validate the flat parameters of one stage (the route of a notebook's parameters cell)."""
    shared = {key: value for key, value in flat.items() if key in Shared.model_fields}
    own = {key: value for key, value in flat.items() if key not in Shared.model_fields}
    published = {"published": own.pop("published")} if name == "evaluation" and "published" in own else {}
    return check({"shared": shared, name: own, **published}, f"parameters of stage {name!r}")


def check_document(document: Document, source: str) -> Params:
    """Validate parameters that people have written in files and options.

    Parameters
    ----------
    source : what to call the document in error messages, where a parameter comes from none of its origins.

    Raises
    ------
    ParameterError
        Naming every wrong parameter with what is allowed and where it comes from.
    """
    shared = document.values.get("shared")
    if isinstance(shared, Mapping) and "run_dir" in shared:
        origin = document.origins.get("shared.run_dir", source)
        raise ParameterError(
            f"{origin}: shared.run_dir: is for notebooks run by hand; "
            "here --run names the folder, and --results where it is",
            parameter="shared.run_dir",
        )
    return check(document.values, source, document.origins)


def read(
    path: Path, overrides: tuple[str, ...] = (), overlays: tuple[Path, ...] = (), limits: Path | None = None
) -> Params:
    """Read a params file, merge overlays over it, apply ``stage.name=value`` overrides, validate.

    Parameters
    ----------
    limits : a params file whose numbers are the most that the files may ask for; see :func:`lowered`.

    Raises
    ------
    ParameterError
        For a file that is missing or no YAML mapping, and for every wrong parameter.
    """
    return check_document(read_document(path, overrides, overlays, limits), str(path))


def read_document(
    path: Path, overrides: tuple[str, ...] = (), overlays: tuple[Path, ...] = (), limits: Path | None = None
) -> Document:
    """Read what :func:`read` validates: a params file with overlays and overrides merged over it."""
    document = Document()
    for file in (path, *overlays):
        document = document.merged(load_yaml(Path(file)))
    if limits is not None:
        document = lowered(document, load_yaml(limits))
    for text in overrides:
        document = document.merged(parse_override(text))
    return document


def lowered(document: Document, limits: Document) -> Document:
    """Lower the numbers of a document, or the defaults in their place, that exceed those of another; all else stays."""
    values: dict[str, dict[str, Any]] = {}
    for section, most in limits.values.items():
        given = document.values.get(section)
        for name, limit in most.items():
            default = Params.section(section).model_fields[name].default
            value = given.get(name, default) if isinstance(given, Mapping) else default
            if _is_number(limit) and _is_number(value) and value > limit:
                values.setdefault(section, {})[name] = limit
    names = [f"{section}.{name}" for section, lower in values.items() for name in lower]
    return document.merged(Document(values, {name: limits.origins[name] for name in names}))


def describe() -> Iterator[tuple[str, str, str, str]]:
    """List the schema's rows as (name, default, allowed, meaning), for ``srgan params``; notebook 06 comes last."""
    sections: dict[str, type[Section]] = {name: Params.section(name) for name in ("shared", *STAGES)}
    for section, model in {**sections, COMPARISON.name: ComparisonParams}.items():
        properties = model.model_json_schema()["properties"]
        for name, field in model.model_fields.items():
            yield f"{section}.{name}", value_text(field.default), _allowed(properties[name]), field.description or ""


def parse_override(text: str) -> Document:
    """Parse ``stage.name=value``; a bare ``name=value`` sets it in every section that has it.

    Raises
    ------
    ParameterError
        For another form, a value that is no YAML, and a bare name that no section has.
    """
    name, equals, value = text.partition("=")
    option = f"-p {shortened(text)}"
    if not equals:
        raise ParameterError(
            f"{option}: expected stage.name=value, for example adversarial.adversarial_weight=1e-3", parameter=name
        )
    return nest(name.strip(), parse_yaml(value, option)[0], option)


def nest(name: str, value: Any, source: str) -> Document:
    """Nest a parameter as a document: ``stage.name``, or a bare ``name`` in every section that has it.

    Parameters
    ----------
    source : where the parameter comes from.

    Raises
    ------
    ParameterError
        For a bare name that no section has.
    """
    section, dot, key = name.partition(".")
    if dot:
        return Document({section: {key: value}}, {f"{section}.{key}": source})
    holders = [s for s in ("shared", *STAGES) if name in Params.section(s).model_fields]
    if not holders:
        known = sorted({one for s in ("shared", *STAGES) for one in Params.section(s).model_fields})
        raise ParameterError(
            f"{source}: no section has a parameter {brief(name)}{_nearest(name, known)}", parameter=name, allowed=known
        )
    return Document(
        {holder: {name: value} for holder in holders}, dict.fromkeys((f"{holder}.{name}" for holder in holders), source)
    )


def refusal(
    error: ValidationError,
    model: type[BaseModel],
    source: str,
    fields: str = "section",
    origins: Mapping[str, str] | None = None,
) -> ParameterError:
    """Turn pydantic's errors into one with a sentence per wrong parameter, naming it and what is allowed.

    Parameters
    ----------
    error : of validating a ``model``.
    source : what to call the document in the message, e.g. the file's name.
    fields : what to call a field of ``model``.
    origins : where parameters come from, see :class:`Document`; default: all from ``source``.
    """
    sentences: list[tuple[str, str, Sequence[str]]] = []  # parameter, sentence, what is allowed
    bounds: dict[tuple[str, str], list[str]] = {}  # a union refuses a value once per branch
    for item in error.errors():
        whole = item["type"] == "extra_forbidden"  # the name itself may look like pydantic's for a branch of a union
        path = [str(part) for part in item["loc"] if whole or not _is_union_tag(str(part))]
        name = ".".join(path).removesuffix(".[key]")
        if item["type"] == "extra_forbidden":
            kind, known = f"parameter of {path[0]!r}" if len(path) > 1 else fields, _allowed_at(path, model)
            sentences.append((name, f"{shortened(name, 100)}: unknown {kind}{_nearest(path[-1], known)}", known))
        elif item["type"] == "missing":
            sentences.append((name, f"{name}: is missing", ()))
        elif item["type"] == "value_error":  # raised by a validator, whose message begins with the parameter's name
            sentence = ".".join([*path, str(item.get("ctx", {})["error"])])
            sentences.append((sentence.partition(":")[0], sentence, ()))
        else:
            message = item["msg"].removeprefix("Input should be ").removeprefix("String should ")
            message = re.sub(r"a valid dictionary or instance of \w+", "a mapping of names to values", message)
            message = message.replace(f"match pattern '{OWN_CLASS}'", "FILE.py:Class, your own")
            bounds.setdefault(
                (name, f"{shortened(name, 100)}: {brief(item['input'])} is not allowed; it should be "), []
            ).append(message)
    sentences += [(name, start + " or ".join(allowed), allowed) for (name, start), allowed in bounds.items()]
    lines = [
        f"{_origin(name, sentence, origins or {}, source)}: {shortened(sentence, 1500)}"
        for name, sentence, _ in sentences[:MOST]
    ]
    if len(sentences) > MOST:
        lines.append(f"and {len(sentences) - MOST} more")
    return ParameterError("\n".join(lines), parameter=sentences[0][0], allowed=sentences[0][2])


def _origin(name: str, sentence: str, origins: Mapping[str, str], source: str) -> str:
    """Say where a wrong parameter comes from; of several that do not fit together, the one set last is to blame."""
    words = set(re.findall(r"\w+", sentence))
    named = [one for one in origins if "." in one and set(one.split(".")) <= words]
    section, _, rest = name.partition(".")
    own = f"{section}.{rest.partition('.')[0]}"
    return next((origins[one] for one in (*reversed(named), own, section) if one in origins), source)


def _allowed_at(path: list[str], model: type[BaseModel]) -> list[str]:
    """List the names that are allowed beside the last one of ``path``."""
    for part in path[:-1]:
        if not part.isdigit():  # a place in a list
            annotation = model.model_fields[part].annotation
            inner = next(iter(get_args(annotation)), annotation)
            assert isinstance(inner, type) and issubclass(inner, BaseModel)
            model = inner
    return list(model.model_fields)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_union_tag(part: str) -> bool:
    """Return whether pydantic put this part into an error's path for a branch of a union."""
    return bool(re.match(r"(literal|constrained|list\[|function|int$|float$|str$|bool$|none$)", part))


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else f"; allowed: {', '.join(known)}"


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
