import hashlib
import io
import re
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from srgan_lib.data import catalogue, downloads, sources
from srgan_lib.data.catalogue import SETS, Archive, NamedSet, Part
from srgan_lib.data.downloads import BLOCK, download
from srgan_lib.data.photos import DatasetError
from srgan_lib.data.sources import find_photos


class Server(ThreadingHTTPServer):
    """Serves ``files``; the first ``cuts`` answers break off half-way; ``requests`` are (path, Range)."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.requests, self.cuts, self.ranges = {}, [], 0, True

    def url(self, name):
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        wanted = self.headers.get("Range")
        self.server.requests.append((self.path, wanted))
        content = self.server.files.get(self.path[1:])
        if content is None:
            self.send_error(404)
            return
        start = int(re.match(r"bytes=(\d+)-", wanted)[1]) if wanted and self.server.ranges else 0
        if start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        rest = content[start:]
        if self.server.cuts:
            self.server.cuts -= 1
            rest = rest[: len(rest) // 2]
        self.wfile.write(rest)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(downloads, "PAUSE", 0)
    with Server() as running:
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.delenv("SRGAN_OFFLINE", raising=False)
    monkeypatch.delenv("SRGAN_DATA", raising=False)
    for module in (downloads, sources):
        monkeypatch.setattr(module, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


def png(seed):
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (150, 150, 3)).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def zipped(names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for seed, name in enumerate(names):
            archive.writestr(name, png(seed))
    return file.getvalue()


def tarred(names):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for seed, name in enumerate(names):
            content = png(seed)
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


CONTENT = zipped(["Faces_HR/a.png", "Faces_HR/b.png", "Faces_HR/readme.txt", "other/c.png"])


def faces(*urls, content=CONTENT, images=2, checksum=True):
    md5 = "md5:" + hashlib.md5(content).hexdigest() if checksum else None
    return NamedSet("Faces", "http://home.example", images, (Archive(urls, md5, {"Faces_HR": "HR"}),))


def names(folder):
    """All files under a folder but locks."""
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"
    )


FACES = ["Faces/HR/a.png", "Faces/HR/b.png"]


def test_a_set_is_fetched_once_and_unpacked(server, cache, monkeypatch, capsys):
    server.files["faces.zip"] = CONTENT
    monkeypatch.setitem(catalogue.SETS, "Faces", faces(server.url("faces.zip")))
    photos = find_photos("Faces", scale=4)
    assert [photo.image for photo in photos] == ["a", "b"]
    assert "Faces-faces.zip: 100%" in capsys.readouterr().err
    assert names(cache) == FACES
    assert find_photos("Faces", scale=4) == photos and len(server.requests) == 1


def test_tar_archives_and_the_sets_own_folders(server, cache):
    content = tarred(
        ["./BSR/data/images/train/1.png", "./BSR/data/images/val/2.png", "./BSR/data/images/.3.png", "../../evil.png"]
    )
    server.files["bsr.tgz"] = content
    archive = Archive((server.url("bsr.tgz"),), None, {"images/train": "train", "images/val": "val"})
    download(NamedSet("B", "", 2, (archive,), (Part("train"), Part("val", "test"))))
    assert names(cache) == ["B/train/1.png", "B/val/2.png"]


def test_names_that_lead_outside_stay_inside(server, cache):
    server.files["faces.zip"] = zipped(["../../Faces_HR/a.png", "/etc/Faces_HR/b.png"])
    download(faces(server.url("faces.zip"), content=server.files["faces.zip"]))
    assert names(cache.parent) == [f"cache/{name}" for name in FACES]


def test_a_broken_download_is_continued(server, cache):
    server.files["faces.zip"], server.cuts = CONTENT, 2
    download(faces(server.url("faces.zip")))
    starts = [int(wanted[6:-1]) if wanted else 0 for _, wanted in server.requests]
    assert len(starts) == 3 and starts[0] == 0 and all(a < b for a, b in pairwise(starts))
    assert names(cache) == FACES


def test_a_download_given_up_is_continued_by_the_next_run(server, cache, monkeypatch):
    monkeypatch.setattr(downloads, "TRIES", 1)
    server.files["faces.zip"], server.cuts = CONTENT, 1
    received = len(CONTENT) // 2 // BLOCK * BLOCK
    with pytest.raises(DatasetError, match=rf"breaks off .*; {received:,} bytes are here, run again to continue"):
        download(faces(server.url("faces.zip")))
    download(faces(server.url("faces.zip")))
    assert server.requests[-1][1] == f"bytes={received}-"


def test_a_server_that_never_gets_further_is_given_up(server, monkeypatch):
    server.files["faces.zip"], server.cuts = CONTENT, 10_000
    with pytest.raises(DatasetError, match="breaks off"):
        download(faces(server.url("faces.zip")))
    assert len(server.requests) < 50


def test_a_server_without_ranges_starts_anew(server, cache):
    server.files["faces.zip"], server.cuts, server.ranges = CONTENT, 1, False
    download(faces(server.url("faces.zip")))
    assert names(cache) == FACES


def test_a_part_that_is_no_beginning_starts_anew(server, cache):
    server.files["faces.zip"] = CONTENT
    (cache / "downloads").mkdir(parents=True)
    (cache / "downloads" / "Faces-faces.zip.part").write_bytes(b"x" * 2 * len(CONTENT))
    download(faces(server.url("faces.zip")))
    assert [wanted for _, wanted in server.requests] == [f"bytes={2 * len(CONTENT)}-", None]


def test_a_part_that_is_whole_is_taken(server, cache):
    server.files["faces.zip"] = CONTENT
    (cache / "downloads").mkdir(parents=True)
    (cache / "downloads" / "Faces-faces.zip.part").write_bytes(CONTENT)
    download(faces(server.url("faces.zip")))
    assert len(server.requests) == 1 and names(cache) == FACES


def test_a_set_that_another_process_fetched_meanwhile_is_taken(server, cache):
    (cache / "Faces" / "HR").mkdir(parents=True)
    assert download(faces(server.url("faces.zip"))) == cache / "Faces" and server.requests == []


def test_a_cache_that_cannot_be_written(server, cache):
    cache.parent.mkdir(exist_ok=True)
    cache.write_text("a file")
    with pytest.raises(DatasetError, match=r"Faces: cannot write to \S+cache .*free some room there"):
        download(faces(server.url("faces.zip")))


def test_an_interrupted_unpacking_keeps_what_was_downloaded(server, cache, monkeypatch):
    server.files["faces.zip"] = CONTENT

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(downloads.shutil, "copyfileobj", interrupt)
        download(faces(server.url("faces.zip")))
    assert names(cache) == ["downloads/Faces-faces.zip"]
    download(faces(server.url("faces.zip")))
    assert len(server.requests) == 1 and names(cache) == FACES


def test_a_wrong_file_is_refused_and_not_kept(server, cache):
    server.files["faces.zip"] = zipped(["Faces_HR/x.png", "Faces_HR/y.png"])
    with pytest.raises(
        DatasetError, match=r"gives another file than expected .*put its 2 images into \$SRGAN_DATA/Faces/HR"
    ):
        download(faces(server.url("faces.zip")))
    assert names(cache) == []
    server.files["faces.zip"] = CONTENT
    download(faces(server.url("faces.zip")))


def test_a_missing_file_is_not_asked_for_again(server):
    with pytest.raises(DatasetError, match=r"faces\.zip answers 404 Not Found"):
        download(faces(server.url("faces.zip")))
    assert len(server.requests) == 1


def test_mirrors_are_tried_in_turn(server, cache):
    server.files |= {"wrong.zip": b"another", "good.zip": CONTENT}
    download(faces(server.url("gone.zip"), server.url("wrong.zip"), server.url("good.zip")))
    assert [path for path, _ in server.requests] == ["/gone.zip", "/wrong.zip", "/good.zip"]
    assert names(cache) == FACES


def test_nobody_answers(monkeypatch):
    monkeypatch.setattr(downloads, "PAUSE", 0)
    with pytest.raises(DatasetError, match=r"127\.0\.0\.1:9/faces\.zip cannot be reached"):
        download(faces("http://127.0.0.1:9/faces.zip"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>sorry</html>", "is no archive"),
        (CONTENT[:-300], "is no archive"),
        (zipped(["Faces_HR/a.png"]), "hold 1 images, not 2"),
    ],
)
def test_without_a_checksum_the_content_is_checked(server, cache, content, message):
    server.files["faces.zip"] = content
    with pytest.raises(DatasetError, match=message):
        download(faces(server.url("faces.zip"), checksum=False))
    assert names(cache) == []


@pytest.mark.parametrize("value", ["1", "true", "yes"])
def test_offline_nothing_is_asked_for(value, server, monkeypatch):
    monkeypatch.setenv("SRGAN_OFFLINE", value)
    with pytest.raises(
        DatasetError, match=r"SRGAN_OFFLINE forbids downloads\. Get it from http.*\$SRGAN_DATA/Faces/HR"
    ):
        download(faces(server.url("faces.zip")))
    assert server.requests == []


def test_the_catalogue_is_whole():
    assert set(SETS) == {"bsds400", "BSDS500", "DIV2K", "CelebA", "Set5", "Set14", "BSD100", "Urban100"}
    for name, named in SETS.items():
        assert named.name == name and named.images > 0 and named.archives
        filled = {folder for archive in named.archives for folder in archive.folders.values()}
        assert filled == set(named.folders)
        for archive in named.archives:
            assert all(url.startswith("https://") for url in archive.urls)
            assert archive.checksum is None or re.fullmatch(r"md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}", archive.checksum)
            assert archive.checksum or re.search(r"/resolve/[0-9a-f]{40}/", archive.urls[0])
