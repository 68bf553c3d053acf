"""Whatever a file or a server gives, each reader of foreign bytes returns or raises an error for people.

As many contents of each kind as ``test_properties.py`` tries.
"""

import contextlib
import copy
import hashlib
import io
import json
import pickle
import struct
import tarfile
import threading
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from hypothesis import strategies as st
from PIL import Image

from srgan_lib import downloads
from srgan_lib.data import named_sets
from srgan_lib.data.images import read_image
from srgan_lib.data.named_sets import Archive, NamedSet, fetch_set
from srgan_lib.downloads import download
from srgan_lib.errors import SrganError
from srgan_lib.models.backbones import read_backbone
from srgan_lib.models.containers import check_pickle, kind_of
from srgan_lib.models.generators import build_generator
from srgan_lib.params.evaluation import Opinion
from srgan_report.opinion.answers import Answer, new_answers, pool, vote_table
from srgan_report.opinion.study import Study, plan
from srgan_report.pipeline.manifests import compare, read_manifest, write_manifest
from srgan_report.upscaling import unpickle
from srgan_report.upscaling.community import load_network
from srgan_report.upscaling.reading import read_header
from tests.robustness.test_properties import CONFIG, FEW, MANY, damaged, image, json_values, try_all
from tests.server import Server

STUDY = Study(
    design=Opinion(),
    methods=("bicubic", "srgan", "hr"),
    images=(("a", "b"), ("a", "c")),
    fingerprint="f",
    salt="0" * 32,
)
FIELDS = ("format", "version", "study", "rater", "session", "simulated", "screen", "answers", "digest", "more")


@cache
def answers() -> dict[str, Any]:
    """A whole file of answers."""
    votes = [Answer(shown=list(trial), vote=3, ms=900) for trial in plan(STUDY, 1)]
    return json.loads(new_answers(STUDY.id, 1, "0" * 16, votes, width=9).text())


@st.composite
def changed_answers(draw: st.DrawFn) -> bytes:
    """Answers with a field or two that are otherwise, and the digest that fits them, where there is one."""
    content = copy.deepcopy(answers())
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=2)):
        content[name] = draw(json_values)
    for name in draw(st.lists(st.sampled_from(("shown", "vote", "ms")), max_size=2)):
        if isinstance(content["answers"], list) and content["answers"] and isinstance(content["answers"][0], dict):
            content["answers"][0][name] = draw(json_values | st.integers(min_value=10**30))
    with contextlib.suppress(LookupError, TypeError, AttributeError):
        votes = ";".join(f"{'+'.join(one['shown'])}:{one['vote']}:{one['ms']}" for one in content["answers"])
        text = "|".join(map(str, (content["study"], content["rater"], content["session"], "false", votes)))
        content["digest"] = hashlib.sha256(text.encode(errors="replace")).hexdigest()
    return json.dumps(content).encode()


@st.composite
def tiffs(draw: st.DrawFn) -> bytes:
    """A TIFF of which entries of the directory are replaced."""
    form = draw(st.sampled_from([None, "tiff_lzw", "tiff_deflate", "jpeg", "packbits"]))
    file = io.BytesIO()
    Image.new(draw(st.sampled_from(["L", "RGB", "1", "RGBA"] if form != "jpeg" else ["RGB"])), (24, 24)).save(
        file, "TIFF", compression=form
    )
    content = bytearray(file.getvalue())
    start = struct.unpack_from("<I", content, 4)[0]
    count = struct.unpack_from("<H", content, start)[0]
    for _ in range(draw(st.integers(1, 3))):
        place = start + 2 + 12 * draw(st.integers(0, count - 1))
        tag = draw(
            st.sampled_from([struct.unpack_from("<H", content, place)[0], 256, 257, 258, 259, 273, 277, 278, 279])
        )
        numbers = st.sampled_from([0, 1, 2, 3, 24, 65535, 2**31, 2**32 - 1]) | st.integers(0, 2**32 - 1)
        struct.pack_into("<HHII", content, place, tag, draw(st.integers(0, 18)), draw(numbers), draw(numbers))
    return bytes(content)


def saved(content: Any, *, legacy: bool = False) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=not legacy)
    return file.getvalue()


STATE = {f"{n}.weight": torch.zeros(2, 3) for n in range(3)}
PICKLES = [saved(STATE), saved(STATE, legacy=True), saved({"params": STATE, "step": [1, None, 2.0]}), pickle.dumps([1])]
MODEL = safetensors.torch.save(build_generator(CONFIG).state_dict())


@st.composite
def tensors(draw: st.DrawFn) -> bytes:
    """A safetensors file without this project's metadata, with names and shapes of many networks."""
    names = (
        "conv_first.weight",
        "body.0.weight",
        "model.0.weight",
        "params",
        "x",
        "layers.0.blocks.99.w",
        "head.0.weight",
    )
    shape = st.lists(st.sampled_from([0, 1, 3, 4, 9]), max_size=4)
    made = draw(st.dictionaries(st.sampled_from(names) | st.text(max_size=6), shape, max_size=4))
    return safetensors.torch.save({name: torch.zeros(size) for name, size in made.items()})


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    """Zip and tar files whose members lead anywhere."""
    names = (
        st.sampled_from(["F/a.png", "../F/a.png", "/F/b.png", "F/../../b.png", "F", "F/.png", "F\\c.png"]) | st.text()
    )
    members = draw(st.lists(st.tuples(names, st.binary(max_size=9)), max_size=4))
    file = io.BytesIO()
    if draw(st.booleans()):
        with zipfile.ZipFile(file, "w", draw(st.sampled_from([0, 8, 12, 14]))) as packed:
            for name, content in members:
                with contextlib.suppress(ValueError, IndexError):
                    packed.writestr(name, content)
    else:
        with tarfile.open(fileobj=file, mode=f"w:{draw(st.sampled_from(['', 'gz', 'xz', 'bz2']))}") as packed:
            for name, content in members:
                member = tarfile.TarInfo(name.encode(errors="replace").decode())
                member.type = draw(
                    st.sampled_from([tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
                )
                member.size, member.linkname = len(content) * (member.type == tarfile.REGTYPE), "/etc/passwd"
                packed.addfile(member, io.BytesIO(content))
    return file.getvalue()


HEADERS = ("Content-Length", "Content-Range", "Transfer-Encoding", "Content-Encoding", "Location", "Connection", "X")
VALUES = (
    "0",
    "3",
    "-1",
    "999",
    "bytes 0-2/3",
    "bytes */0",
    "chunked",
    "gzip",
    "/f",
    "http://[",
    "file:///etc/passwd",
    "",
)
http_answers = st.tuples(
    st.sampled_from([200, 206, 204, 301, 302, 400, 404, 416, 500]),
    st.dictionaries(st.sampled_from(HEADERS), st.sampled_from(VALUES) | st.text("0aé;=/ ", max_size=9), max_size=3),
    st.binary(max_size=99),
)
sealed = st.dictionaries(
    st.sampled_from(("outputs", "stage", "parameters", "fingerprint", "command", "stages", "summary")), json_values
)


class Reader:
    """What a content is given to; one method a kind."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder, self.server = folder, server

    def answers(self, content: bytes) -> None:
        (self.folder / "a.json").write_bytes(content)
        found = pool([self.folder / "a.json"], STUDY)
        vote_table(STUDY, found.kept)
        for kept in found.kept.values():
            kept.text()

    def manifest(self, content: Any) -> None:
        if isinstance(content, bytes):
            (self.folder / "manifest.json").write_bytes(content)
            assert read_manifest(self.folder) is None
        else:
            with contextlib.suppress(TypeError):
                write_manifest(self.folder, content)
            compare(self.folder, read_manifest(self.folder))

    def tiff(self, content: bytes) -> None:
        path = self.folder / "a.tif"
        path.write_bytes(content)
        for read in (read_image, read_header):
            with contextlib.suppress(SrganError):
                read(path)

    def pickle(self, content: bytes) -> None:
        path = self.folder / "a.pth"
        path.write_bytes(content)
        with contextlib.suppress(SrganError):
            read_backbone(path, STATE)
        with contextlib.suppress(SrganError, SystemExit):  # as its process ends
            if kind_of(path) == "pickle":
                check_pickle(path)
                unpickle.tensors_of(unpickle.read(str(path)))

    def safetensors(self, content: bytes) -> None:
        path = self.folder / "a.safetensors"
        path.write_bytes(content)
        with contextlib.suppress(SrganError):
            load_network(path)

    def archive(self, content: bytes) -> None:
        target = named_sets.cache_folder() / "downloads" / "F-f.zip"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        with contextlib.suppress(SrganError):
            fetch_set(
                NamedSet("F", "", 2, (Archive(("http://127.0.0.1:9/f.zip",), None, {"F": "HR"}),), checksum="md5:")
            )
        assert not target.exists()

    def http(self, content: Any) -> None:
        self.server.answers["f"] = content
        with contextlib.suppress(SrganError):
            download([self.server.url("f")], self.folder / "f", "sha256:0", 50)
        (self.folder / "f.part").unlink(missing_ok=True)


KINDS: dict[str, st.SearchStrategy[Any]] = {
    "answers": changed_answers() | damaged(st.just(json.dumps(answers()).encode())),
    "manifest": sealed | damaged(st.just(b'{"outputs": {"a": "0"}, "seal": "00"}')),
    "tiff": tiffs() | damaged(st.just(image("TIFF"))),
    "pickle": damaged(st.sampled_from(PICKLES)),
    "safetensors": tensors() | damaged(st.just(MODEL)),
    "archive": archives() | damaged(archives()),
    "http": http_answers,
}


@pytest.fixture
def reader(tmp_path, server, monkeypatch):
    monkeypatch.delenv("SRGAN_OFFLINE", raising=False)
    monkeypatch.setattr(named_sets, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(downloads, "PAUSE", 0)
    monkeypatch.setattr(downloads, "TIMEOUT", (1, 1))
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    return Reader(tmp_path / "in", server)


def try_kind(kind: str, count: int, reader: Reader) -> None:
    try_all(count, KINDS[kind], getattr(reader, kind))
    outside = {path for path in reader.folder.parent.iterdir()} - {reader.folder, reader.folder.parent / "cache"}
    assert not outside, "a file outside"


@pytest.mark.parametrize("kind", KINDS)
def test_a_few_contents(kind, reader):
    try_kind(kind, FEW, reader)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_contents(kind, reader):
    try_kind(kind, MANY, reader)
