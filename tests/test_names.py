"""One name stands for one thing, and docstrings name what exists."""

import ast
import re
from collections import Counter
from pathlib import Path

import srgan_lib
import srgan_report

FILES = [file for package in (srgan_lib, srgan_report) for file in Path(package.__path__[0]).rglob("*.py")]
TREES = [ast.parse(file.read_text(encoding="utf-8")) for file in FILES]


def test_no_two_classes_have_one_name():
    names = Counter(node.name for tree in TREES for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    assert len(names) > 50
    assert [name for name, count in names.items() if count > 1] == []


def test_docstrings_describe_parameters_that_exist():
    documented = {node: described(node) for tree in TREES for node in ast.walk(tree) if isinstance(node, DEFINITIONS)}
    assert sum(map(len, documented.values())) > 100
    unknown = {node.name: names - accepted(node) for node, names in documented.items() if names - accepted(node)}
    assert unknown == {}


DEFINITIONS = (ast.FunctionDef, ast.ClassDef)


def described(node):
    """The names in the section Parameters of a docstring."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w+\n-+\n|\Z)", ast.get_docstring(node) or "", re.M | re.S)
    entries = re.findall(r"^([\w*]+(?:, [\w*]+)*) : ", section[1], re.M) if section else []
    return {name.strip(" *") for entry in entries for name in entry.split(",")}


def accepted(node):
    """What a function, or the class's constructor, takes."""
    if isinstance(node, ast.ClassDef):
        made = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
        if not made:
            return {one.target.id for one in node.body if isinstance(one, ast.AnnAssign)}
        node = made[0]
    every = node.args
    arguments = [*every.posonlyargs, *every.args, *every.kwonlyargs, every.vararg, every.kwarg]
    return {argument.arg for argument in arguments if argument}
