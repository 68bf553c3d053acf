"""Read YAML as people meant it: no key twice, no aliases that grow without bound, and the line of every parameter.

A plain word is a number, ``true``, ``false`` or ``null`` where YAML 1.2 and a person agree on it, and else a text,
which the schema reads: ``010`` is ten, not YAML 1.1's eight, ``1:30`` is no number, ``1e-3`` is one, and ``yes`` and a
date are texts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import yaml

from srgan_lib.files import read_bounded
from srgan_lib.formatting import shortened, shortlist
from srgan_lib.params.section import ParameterError

LARGEST_FILE = 1_000_000  #: bytes
LARGEST = 100_000  #: values in one document, with its aliases written out
DEEPEST = 50  #: lists and mappings in one another
TAG = "tag:yaml.org,2002:"
#: What PyYAML says of the most common slips, and what a colleague would say.
IN_WORDS = {
    "'\\t'": "a tab, which indents nothing in YAML; use spaces",
    "<block end>": "not indented like the lines that it belongs to",
    "mapping values are not allowed": "a colon too many: indent the line like those beside it, or quote the text",
    "another document": "a second document begins ('---'); keep one",
}


@dataclass(frozen=True)
class Document:
    """Parameters as written, not yet validated: sections, each a mapping.

    Origins say by section and by ``section.name`` where it comes from, e.g. ``params/demo.yaml, line 3``; what was set
    last comes last.
    """

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)

    def merged(self, over: Document) -> Document:
        """Put another document over this one: sections are merged, values (lists and mappings too) are replaced."""
        values = dict(self.values)
        for key, value in over.values.items():
            both = isinstance(value, Mapping) and isinstance(values.get(key), Mapping)
            values[key] = {**values[key], **value} if both else value
        kept = {name: origin for name, origin in self.origins.items() if name not in over.origins}
        return Document(values, kept | over.origins)


def load_yaml(path: Path) -> Document:
    """Read a params file as sections; one that is missing, no YAML or no mapping is a ParameterError."""
    text = problem = ""
    try:
        text = read_bounded(path, LARGEST_FILE).decode()
    except FileNotFoundError:
        there = sorted(p.name for p in path.parent.glob("*.yaml")) if path.parent.is_dir() else []
        has = f"{path.parent} has {shortlist(there)}" if there else "srgan init writes those that come with the package"
        problem = f"no such params file; {has}"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        problem = "not a YAML file in UTF-8; save it in that encoding"
    except ValueError as error:  # a NUL in the path
        problem = f"cannot be read: {error}"
    values, lines = parse_yaml(text, str(path))
    if not isinstance(values, dict | None):
        problem = f"expected sections such as 'shared:' and 'warmup:', found {type(values).__name__}"
    if problem:
        raise ParameterError.at(path, f"{problem}")
    sections = {section: {} if content is None else content for section, content in (values or {}).items()}
    return Document(sections, {name: f"{path}, line {line}" for name, line in lines.items()})


def parse_yaml(text: str, source: str) -> tuple[Any, dict[str, int]]:
    """Read YAML: its value, and the lines of the keys of the first two levels, by ``section`` and ``section.name``.

    A ParameterError refuses what is no YAML, a key given twice, aliases that stand for more than ``LARGEST`` values,
    and what is nested more than ``DEEPEST`` deep.
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None, {}
        return loader.construct_document(node), _lines(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f", line {mark.line + 1}" if mark and "\n" in text else ""
        said = f"{error.problem or error.context}"
        problem = next((words for sign, words in IN_WORDS.items() if sign in said), said)
        raise ParameterError(f"{source}{place}: not YAML: {shortened(problem)}") from None
    except yaml.reader.ReaderError as error:
        place = f", line {text.count(chr(10), 0, error.position) + 1}" if "\n" in text else ""
        raise ParameterError(f"{source}{place}: not YAML: has the control character {chr(error.character)!r}") from None
    except Exception as error:  # PyYAML raises whatever it stumbles over in a value, such as a number of 5000 digits
        raise ParameterError(f"{source}: not YAML: {shortened(error)}") from None


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which takes no key twice, and follows neither nesting nor aliases without bound.

    Every key is a text, and a value is plain data: a text, a number, true, false, null, a list or a mapping.
    """

    yaml_implicit_resolvers: ClassVar = {}  # pyright: ignore[reportIncompatibleVariableOverride]
    yaml_constructors: ClassVar = {
        f"{TAG}{kind}": yaml.SafeLoader.yaml_constructors[f"{TAG}{kind}"]
        for kind in ("null", "bool", "str", "seq", "map")
    }

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = self.count = 0  # of the values so far, aliases written out
        self.counts: dict[yaml.Node | None, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Build the node of the next value, and count the values in it."""
        is_alias, mark, before = self.check_event(yaml.AliasEvent), self.peek_event().start_mark, self.count
        self.depth += 1
        if self.depth > DEEPEST:
            raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        if is_alias and node not in self.counts:
            raise yaml.MarkedYAMLError(problem="an alias to what it is in", problem_mark=mark)
        self.count += self.counts[node] if is_alias else 1
        if self.count > LARGEST:
            raise yaml.MarkedYAMLError(problem=f"aliases stand for more than {LARGEST} values", problem_mark=mark)
        self.counts.setdefault(node, self.count - before)
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Build the node of a mapping, whose keys must differ."""
        node = super().compose_mapping_node(anchor)
        lines: dict[str, int] = {}
        for key, _ in node.value:
            problem = ""
            if not isinstance(key, yaml.ScalarNode):
                problem = "a list or a mapping where a name is expected"
            elif key.value in lines:
                problem = f"{key.value!r} is given twice, first in line {lines[key.value]}; keep one of them"
            if problem:
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            lines[key.value] = key.start_mark.line + 1
            if key.tag != f"{TAG}merge":
                key.tag = f"{TAG}str"
        return node

    def refuse(self, node: yaml.Node) -> NoReturn:
        """Refuse a tag that no plain value has, such as ``!!python/name:os.system``."""
        tag = node.tag.replace(TAG, "!!")
        raise yaml.MarkedYAMLError(problem=f"the tag {tag} is not read; leave it out", problem_mark=node.start_mark)


for kind, first, pattern in (
    ("null", "~nN", r"~|null|Null|NULL"),
    ("null", "", ""),
    ("bool", "tTfF", "true|True|TRUE|false|False|FALSE"),
    ("int", "-+0123456789", r"[-+]?(0|[1-9]\d*)"),
    ("float", "-+.0123456789", r"[-+]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][-+]?\d+)?"),
    ("merge", "<", "<<"),
):
    _Loader.add_implicit_resolver(f"{TAG}{kind}", re.compile(rf"^({pattern})$"), list(first) or [""])
_Loader.add_constructor(f"{TAG}int", lambda _, node: int(node.value))
_Loader.add_constructor(f"{TAG}float", lambda _, node: float(node.value))
_Loader.add_constructor(None, _Loader.refuse)


def _lines(node: yaml.Node) -> dict[str, int]:
    """Find the lines of the keys of the first two levels."""
    lines: dict[str, int] = {}
    for section, content in node.value if isinstance(node, yaml.MappingNode) else ():
        lines[str(section.value)] = section.start_mark.line + 1
        for name, _ in content.value if isinstance(content, yaml.MappingNode) else ():
            lines[f"{section.value}.{name.value}"] = name.start_mark.line + 1
    return lines
