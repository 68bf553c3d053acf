"""Named sets: fetched, unpacked and checked."""

import hashlib
import io
import re
import tarfile
import zipfile
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from srgan_lib.data import named_sets, sources
from srgan_lib.data.named_sets import SETS, Archive, NamedSet, Part, fetch_set
from srgan_lib.data.sources import DatasetMissing, find_photos
from srgan_lib.downloads import DownloadError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.delenv("SRGAN_OFFLINE", raising=False)
    monkeypatch.delenv("SRGAN_DATA", raising=False)
    for module in (named_sets, sources):
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
    monkeypatch.setitem(named_sets.SETS, "Faces", faces(server.url("faces.zip")))
    with pytest.raises(DatasetMissing) as missing:
        find_photos("Faces", scale=4)
    assert missing.value.name == "Faces" and server.requests == [], "finding does not download"
    fetch_set(named_sets.SETS["Faces"])
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
    fetch_set(NamedSet("B", "", 2, (archive,), (Part("train"), Part("val", "test"))))
    assert names(cache) == ["B/train/1.png", "B/val/2.png"]


def test_names_that_lead_outside_stay_inside(server, cache):
    server.files["faces.zip"] = zipped(["../../Faces_HR/a.png", "/etc/Faces_HR/b.png"])
    fetch_set(faces(server.url("faces.zip"), content=server.files["faces.zip"]))
    assert names(cache.parent) == [f"cache/{name}" for name in FACES]


def test_a_broken_download_is_continued(server, cache):
    server.files["faces.zip"], server.cuts = CONTENT, 2
    fetch_set(faces(server.url("faces.zip")))
    starts = [int(wanted[6:-1]) if wanted else 0 for _, wanted in server.requests]
    assert len(starts) == 3 and starts[0] == 0 and all(a < b for a, b in pairwise(starts))
    assert names(cache) == FACES


def test_a_set_that_another_process_fetched_meanwhile_is_taken(server, cache):
    (cache / "Faces" / "HR").mkdir(parents=True)
    assert fetch_set(faces(server.url("faces.zip"))) == cache / "Faces" and server.requests == []


def test_a_cache_that_cannot_be_written(server, cache):
    cache.parent.mkdir(exist_ok=True)
    cache.write_text("a file")
    with pytest.raises(DownloadError, match=r"Faces: \S+cache: already there; move it away"):
        fetch_set(faces(server.url("faces.zip")))


def test_an_interrupted_unpacking_keeps_what_was_downloaded(server, cache, monkeypatch):
    server.files["faces.zip"] = CONTENT

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(named_sets, "_unpack", interrupt)
        fetch_set(faces(server.url("faces.zip")))
    assert names(cache) == ["downloads/Faces-faces.zip"]
    fetch_set(faces(server.url("faces.zip")))
    assert len(server.requests) == 1 and names(cache) == FACES


def test_a_wrong_file_is_refused_and_not_kept(server, cache):
    server.files["faces.zip"] = zipped(["Faces_HR/x.png", "Faces_HR/y.png"])
    with pytest.raises(
        DownloadError, match=r"gives another file than expected .*put its 2 images into \$SRGAN_DATA/Faces/HR"
    ):
        fetch_set(faces(server.url("faces.zip")))
    assert names(cache) == []
    server.files["faces.zip"] = CONTENT
    fetch_set(faces(server.url("faces.zip")))


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
    with pytest.raises(DownloadError, match=message):
        fetch_set(faces(server.url("faces.zip"), checksum=False))
    assert names(cache) == []


def test_offline_nothing_is_asked_for(server, monkeypatch):
    monkeypatch.setenv("SRGAN_OFFLINE", "1")
    with pytest.raises(
        DownloadError, match=r"SRGAN_OFFLINE forbids downloads; or get it from http.*\$SRGAN_DATA/Faces/HR"
    ):
        fetch_set(faces(server.url("faces.zip")))
    assert server.requests == []


def test_the_catalogue_is_whole():
    assert set(SETS) == {"bsds400", "BSDS500", "imagenet1000", "DIV2K", "CelebA", "Set5", "Set14", "BSD100", "Urban100"}
    for name, named in SETS.items():
        assert named.name == name and named.images > 0 and named.archives
        filled = {folder for archive in named.archives for folder in archive.folders.values()}
        assert filled == ({part.folder for part in named.parts} or {"HR"})
        for archive in named.archives:
            assert all(url.startswith("https://") for url in archive.urls)
            assert archive.checksum is None or re.fullmatch(r"md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}", archive.checksum)
            assert archive.checksum or re.search(r"/(resolve|archive)/[0-9a-f]{40}(/|\.zip)", archive.urls[0])
