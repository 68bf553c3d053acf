"""One file from a real web server: resumed, verified, tried elsewhere, refused."""

import ast
import errno
import hashlib
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from srgan_lib import downloads
from srgan_lib.downloads import BLOCK, DownloadError, download, offline

CONTENT = np.random.default_rng(0).bytes(5 * BLOCK + 123)
CHECKSUM = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "cache" / "weights.pth"


def files(target):
    """What lies in the target's folder but locks."""
    return sorted(path.name for path in target.parent.iterdir() if path.suffix != ".lock")


def test_a_file_is_downloaded_once(server, target, capsys):
    server.files["w"] = CONTENT
    assert download([server.url("w")], target, CHECKSUM) == target
    assert target.read_bytes() == CONTENT and files(target) == ["weights.pth"]
    assert "weights.pth: 100%" in capsys.readouterr().err
    download([server.url("w")], target, CHECKSUM)
    assert len(server.requests) == 1


def test_a_broken_download_is_resumed(server, target):
    server.files["w"], server.cuts = CONTENT, 2
    download([server.url("w")], target, CHECKSUM)
    starts = [int(wanted[6:-1]) if wanted else 0 for _, wanted in server.requests]
    assert len(starts) == 3 and starts[0] == 0 and all(a < b for a, b in pairwise(starts))
    assert target.read_bytes() == CONTENT


def test_a_download_given_up_is_resumed_by_the_next_run(server, target, monkeypatch):
    server.files["w"], server.cuts = CONTENT, 1
    received = len(CONTENT) // 2
    with (
        monkeypatch.context() as patched,
        pytest.raises(DownloadError, match=rf"{received:,} bytes are here, run again"),
    ):
        patched.setattr(downloads, "TRIES", 1)
        download([server.url("w")], target, CHECKSUM)
    download([server.url("w")], target, CHECKSUM)
    assert server.requests[-1][1] == f"bytes={received}-" and target.read_bytes() == CONTENT


def test_a_server_that_never_gets_further_is_given_up(server, target):
    server.files["w"], server.cuts = CONTENT, 10_000
    with pytest.raises(DownloadError, match="breaks off"):
        download([server.url("w")], target, CHECKSUM)
    assert len(server.requests) < 50


def test_a_server_without_ranges_starts_anew(server, target):
    server.files["w"], server.cuts, server.ranges = CONTENT, 1, False
    download([server.url("w")], target, CHECKSUM)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize(("part", "requests"), [(b"x" * 2 * len(CONTENT), 2), (CONTENT, 1)])
def test_a_part_as_long_as_the_file_or_longer(server, target, part, requests):
    """A whole one is taken; one that is no beginning of the file is begun anew."""
    server.files["w"] = CONTENT
    target.parent.mkdir()
    target.with_name("weights.pth.part").write_bytes(part)
    download([server.url("w")], target, CHECKSUM)
    assert target.read_bytes() == CONTENT and len(server.requests) == requests


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_a_wrong_file_is_refused_and_not_kept(server, target, kind):
    server.files["w"] = b"another"
    checksum = f"{kind}:{hashlib.new(kind, CONTENT).hexdigest()[:8]}"
    with pytest.raises(DownloadError, match=rf"gives another file than expected .*{checksum}"):
        download([server.url("w")], target, checksum)
    assert files(target) == []
    server.files["w"] = CONTENT
    download([server.url("w")], target, checksum)


def test_mirrors_are_tried_in_turn(server, target):
    server.files |= {"wrong": b"another", "good": CONTENT}
    download([server.url("gone"), server.url("wrong"), server.url("good")], target, CHECKSUM)
    assert [path for path, _ in server.requests] == ["/gone", "/wrong", "/good"]


def test_a_missing_file_is_not_asked_for_again(server, target):
    with pytest.raises(DownloadError, match="answers 404 Not Found"):
        download([server.url("w")], target, CHECKSUM)
    assert len(server.requests) == 1


def test_nobody_answers(target, monkeypatch):
    monkeypatch.delenv("SRGAN_OFFLINE", raising=False)
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1:9/w cannot be reached"):
        download(["http://127.0.0.1:9/w"], target, CHECKSUM)  # the discard port: nobody listens


def test_a_disk_without_room_is_noticed_first(server, target):
    server.files["w"] = CONTENT
    with pytest.raises(DownloadError, match=r"weights\.pth needs .* GB and the disk of .* free some room"):
        download([server.url("w")], target, CHECKSUM, size=2 * shutil.disk_usage(target.parents[1]).total)
    assert server.requests == [] and files(target) == []


def test_a_disk_that_is_full_meanwhile(server, target, monkeypatch):
    def full(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    server.files["w"] = CONTENT
    monkeypatch.setattr(downloads, "_receive", full)
    with pytest.raises(DownloadError, match="the disk is full; free some space"):
        download([server.url("w")], target, CHECKSUM)


@pytest.mark.parametrize(
    ("headers", "body", "words"),
    [
        ({}, b"x" * (len(CONTENT) + 2 * downloads.SLACK), "sends more than"),  # no Content-Length, and no end
        ({"Content-Length": "10000000000"}, b"x" * (len(CONTENT) + 2 * downloads.SLACK), "sends more than"),
        ({"Content-Length": "many"}, CONTENT, ""),
        ({"Content-Length": "9" * 500}, CONTENT, None),  # the end of the connection is a break
        ({"Content-Length": "3"}, CONTENT, "another file"),
        ({"Transfer-Encoding": "chunked"}, b"no chunk\r\n", "breaks off"),
        ({"Location": "http://[broken"}, b"", "breaks off"),
        ({"Location": "/w"}, b"", "TooManyRedirects"),
    ],
)
def test_whatever_a_server_answers(server, target, headers, body, words, monkeypatch):
    monkeypatch.setattr(downloads, "PAUSE", 0)
    server.answers["w"] = (302 if "Location" in headers else 200, headers, body)
    if words == "":
        assert download([server.url("w")], target, CHECKSUM, len(CONTENT)).read_bytes() == CONTENT
    else:
        with pytest.raises(DownloadError, match=words):
            download([server.url("w")], target, CHECKSUM, len(CONTENT))
        assert not target.exists()
    left = sum(file.stat().st_size for file in target.parent.iterdir())
    assert left <= len(CONTENT) + downloads.SLACK


def test_a_server_that_is_too_slow_is_given_up(server, target, monkeypatch):
    server.files["w"] = CONTENT
    monkeypatch.setattr(downloads, "PATIENCE", 0)
    monkeypatch.setattr(downloads, "SLOWEST", 10**12)
    with pytest.raises(DownloadError, match=r"sends less than .* bytes a second; [\d,]+ bytes are here, run again"):
        download([server.url("w")], target, CHECKSUM)
    assert len(server.requests) == 1 and files(target) == ["weights.pth.part"]


def test_a_server_that_knows_no_range_at_all(server, target):
    server.answers["w"] = (416, {}, b"")
    with pytest.raises(DownloadError, match="answers 416"):
        download([server.url("w")], target, CHECKSUM)


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("/nowhere")])
def test_a_lock_that_is_none(server, target, make):
    server.files["w"] = CONTENT
    target.parent.mkdir()
    make(target.parent / ".weights.pth.lock")
    with pytest.raises(DownloadError, match=r"\.weights\.pth\.lock: a (folder, where|symbolic link)"):
        download([server.url("w")], target, CHECKSUM)


@pytest.mark.parametrize("value", ["1", "true", "yes"])
def test_offline_nothing_is_asked_for(value, server, target, monkeypatch):
    monkeypatch.setenv("SRGAN_OFFLINE", value)
    with pytest.raises(DownloadError, match="SRGAN_OFFLINE forbids downloads"):
        download([server.url("w")], target, CHECKSUM)
    assert server.requests == []


@pytest.mark.parametrize(("value", "expected"), [(None, False), ("", False), ("0", False), ("1", True)])
def test_what_forbids_downloads(value, expected, monkeypatch):
    monkeypatch.delenv("SRGAN_OFFLINE", raising=False)
    if value is not None:
        monkeypatch.setenv("SRGAN_OFFLINE", value)
    assert offline() is expected


def test_no_other_module_uses_the_network():
    library = Path(downloads.__file__).parent
    clients = {"ftplib", "http", "pooch", "requests", "urllib", "urllib3"}
    users = set()
    for file in library.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if clients & {name.partition(".")[0] for name in names}:
                users.add(file.relative_to(library).as_posix())
    assert users == {"downloads.py"}
