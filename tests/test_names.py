"""One name stands for one thing."""

import ast
from collections import Counter
from pathlib import Path

import srgan_lib


def test_no_two_classes_have_one_name():
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in Path(srgan_lib.__file__).parent.rglob("*.py")]
    names = Counter(node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    assert len(names) > 50
    assert [name for name, count in names.items() if count > 1] == []
