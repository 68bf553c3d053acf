"""Reading parameters into the schema: files, overlays, overrides, and errors in words that help."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
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
#: What pydantic puts into an error's path for a branch of a union.
UNION_TAG = re.compile(r"(literal|constrained|list\[|function|int$|float$|str$|bool$|none$)")


def check(document: Mapping[str, Any], source: str = "parameters", origins: Mapping[str, str] | None = None) -> Params:
    """Validate a params document: ``shared`` and stage sections, each optional.

    Error messages name where a parameter comes from by ``origins``, as of :class:`Document`, or by ``source``.

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
    """Validate parameters that people have written in files and options, as :func:`check`."""
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


def describe() -> Iterator[tuple[str, str, str, str]]:
    """List the schema's rows as (name, default, allowed, meaning), for ``srgan params``; notebook 06 comes last."""
    sections: dict[str, type[Section]] = {name: Params.section(name) for name in ("shared", *STAGES)}
    for section, model in {**sections, COMPARISON.name: ComparisonParams}.items():
        properties = model.model_json_schema()["properties"]
        for name, field in model.model_fields.items():
            yield f"{section}.{name}", value_text(field.default), _allowed(properties[name]), field.description or ""


def parse_override(text: str) -> Document:
    """Parse ``stage.name=value``; a bare ``name=value`` sets it in every section that has it."""
    name, equals, value = text.partition("=")
    option = f"-p {shortened(text)}"
    if not equals:
        raise ParameterError(
            f"{option}: expected stage.name=value, for example adversarial.adversarial_weight=1e-3", parameter=name
        )
    return nest(name.strip(), parse_yaml(value, option)[0], option)


def nest(name: str, value: Any, source: str) -> Document:
    """Nest a parameter as a document: ``stage.name``, or a bare ``name`` in every section that has it."""
    section, dot, key = name.partition(".")
    if dot:
        return Document({section: {key: value}}, {f"{section}.{key}": source})
    fields = {section: Params.section(section).model_fields for section in ("shared", *STAGES)}
    holders = [section for section, known in fields.items() if name in known]
    if not holders:
        nearest = _nearest(name, sorted(set[str]().union(*fields.values())))
        raise ParameterError(f"{source}: no section has a parameter {brief(name)}{nearest}", parameter=name)
    return Document({one: {name: value} for one in holders}, {f"{one}.{name}": source for one in holders})


def refusal(
    error: ValidationError,
    model: type[BaseModel],
    source: str,
    fields: str = "section",
    origins: Mapping[str, str] | None = None,
) -> ParameterError:
    """Turn pydantic's errors of a model into one with a sentence per wrong parameter, naming it and what is allowed.

    ``fields`` is what the message calls the model's fields; ``source`` and ``origins`` are as of :func:`check`.
    """
    found: dict[tuple[str, str], list[str]] = {}  # parameter and sentence; its end, since a union refuses per branch
    for item in error.errors():
        unknown = item["type"] == "extra_forbidden"  # then the name may look like pydantic's for a branch of a union
        path = [str(part) for part in item["loc"] if unknown or not UNION_TAG.match(str(part))]
        name = ".".join(path).removesuffix(".[key]")
        shown, ends = shortened(name, 100), []
        if unknown:
            kind = f"parameter of {path[0]!r}" if len(path) > 1 else fields
            sentence = f"{shown}: unknown {kind}{_nearest(path[-1], _allowed_at(path, model))}"
        elif item["type"] == "missing":
            sentence = f"{name}: is missing"
        elif item["type"] == "value_error":  # raised by a validator, whose message begins with the parameter's name
            sentence = ".".join([*path, str(item.get("ctx", {})["error"])])
            name = sentence.partition(":")[0]
        else:
            message = item["msg"].removeprefix("Input should be ").removeprefix("String should ")
            message = re.sub(r"a valid dictionary or instance of \w+", "a mapping of names to values", message)
            message = message.replace(f"match pattern '{OWN_CLASS}'", "FILE.py:Class, your own")
            sentence, ends = f"{shown}: {brief(item['input'])} is not allowed; it should be ", [message]
        found.setdefault((name, sentence), []).extend(ends)
    sentences = [(name, sentence + " or ".join(ends)) for (name, sentence), ends in found.items()]
    lines = [
        f"{_origin(name, sentence, origins or {}, source)}: {shortened(sentence, 1500)}"
        for name, sentence in sentences[:MOST]
    ]
    if len(sentences) > MOST:
        lines.append(f"and {len(sentences) - MOST} more")
    return ParameterError("\n".join(lines), parameter=sentences[0][0])


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
