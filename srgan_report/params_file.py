"""Reading parameters into the schema: files, overlays, overrides; and listing all that there are."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from srgan_lib.formatting import shortened, value_text
from srgan_lib.layout import COMPARISON, STAGES
from srgan_lib.params import ComparisonParams, Params
from srgan_lib.params.section import ParameterError, Section
from srgan_lib.params.shared import Shared
from srgan_lib.params.training import OWN_CLASS
from srgan_report.refusals import brief, nearest, refusal
from srgan_report.yaml_document import Document, load_yaml, parse_yaml


def check(document: Mapping[str, Any], source: str = "parameters", origins: Mapping[str, str] | None = None) -> Params:
    """Validate a params document: ``shared`` and stage sections, each optional.

    A :class:`ParameterError` names every wrong parameter and what is allowed, and where the parameter comes from by
    ``origins``, as of :class:`Document`, or by ``source``.
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
    """Validate parameters that people have written in files and options, as :func:`check`."""
    shared = document.values.get("shared")
    if isinstance(shared, Mapping) and "run_dir" in shared:
        origin = document.origins.get("shared.run_dir", source)
        here = "here --run names the folder, and --results where it is"
        problem = f"{origin}: shared.run_dir: is for notebooks run by hand; {here}"
        raise ParameterError(problem, parameter="shared.run_dir")
    return check(document.values, source, document.origins)


def read(
    path: Path, overrides: tuple[str, ...] = (), overlays: tuple[Path, ...] = (), limits: Path | None = None
) -> Params:
    """Read a params file, merge overlays over it, apply ``stage.name=value`` overrides, validate.

    The numbers in the params file ``limits`` are the most that the files may ask for; see :func:`lowered`. A file that
    is missing or no YAML mapping is a ParameterError, too.
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
    for section, most in limits.values.items():
        for name, limit in most.items():
            given = document.values.get(section)
            default = Params.section(section).model_fields[name].default
            value = given.get(name, default) if isinstance(given, Mapping) else default
            numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (limit, value))
            if numbers and value > limit:
                document = document.merged(nest(f"{section}.{name}", limit, limits.origins[f"{section}.{name}"]))
    return document


Row = tuple[str, str, str, str]


def describe() -> Iterator[Row]:
    """List the schema's rows as (name, default, allowed, meaning), for ``srgan params``; notebook 06 comes last."""
    title = Params.model_fields["title"]
    yield "title", title.default, "text", title.description or ""
    sections: dict[str, type[Section]] = {name: Params.section(name) for name in ("shared", *STAGES)}
    for section, model in {**sections, COMPARISON.name: ComparisonParams}.items():
        properties = model.model_json_schema()["properties"]
        for name, field in model.model_fields.items():
            yield f"{section}.{name}", value_text(field.default), _allowed(properties[name]), field.description or ""


def described(pattern: str) -> list[Row]:
    """Select the rows whose name holds a text or is of a pattern such as ``adversarial_w*``; none is an error."""
    rows, wanted = list(describe()), pattern.lower()
    found = [row for row in rows if wanted in row[0]]
    found = found or [row for row in rows if any(fnmatch.fnmatchcase(name, wanted) for name in (row[0], _key(row[0])))]
    if not found:
        hint = nearest(wanted, [row[0] if "." in wanted else _key(row[0]) for row in rows])
        raise ParameterError(f"no parameter has {brief(pattern)} in its name{hint}", parameter=pattern)
    return found


def _key(name: str) -> str:
    """Leave the section out of a parameter's name."""
    return name.rpartition(".")[2]


def parse_override(text: str) -> Document:
    """Parse ``stage.name=value``; a bare ``name=value`` sets it in every section that has it."""
    name, equals, value = text.partition("=")
    option = f"-p {shortened(text)}"
    if not equals or not re.fullmatch(r"[^.]+(\.[^.]+)?", name.strip()):
        raise ParameterError(
            f"{option}: expected stage.name=value, for example adversarial.adversarial_weight=1e-3", parameter=name
        )
    return nest(name.strip(), parse_yaml(value, option)[0], option)


def nest(name: str, value: Any, source: str) -> Document:
    """Nest a parameter as a document: ``stage.name``, ``title``, or a bare ``name`` in every section that has it."""
    section, dot, key = name.partition(".")
    if dot:
        return Document({section: {key: value}}, {f"{section}.{key}": source})
    if name in Params.model_fields:  # the title, or a whole section
        return Document({name: value}, {name: source})
    holders = Params.holders(name)
    if not holders:
        hint = nearest(
            name, ["title", *(key for section in ("shared", *STAGES) for key in Params.section(section).model_fields)]
        )
        raise ParameterError(f"{source}: no section has a parameter {brief(name)}{hint}", parameter=name)
    return Document({one: {name: value} for one in holders}, {f"{one}.{name}": source for one in holders})


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
