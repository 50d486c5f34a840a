"""Downloads against a real HTTP server on this machine, with the faults that real ones show."""

from __future__ import annotations

import errno
import hashlib
import http.server
import io
import random
import shutil
import socket
import subprocess
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import pytest

from bcd_utils.datasets import download as module
from bcd_utils.datasets.download import download, unpack
from bcd_utils.utils.errors import StudyError

AGAIN = "get it again"
ADVICE = "get images.zip from the publisher's page and put it in the data folder"
OLD = random.Random(1).randbytes(700_000)
NEW = random.Random(2).randbytes(700_000)
CUT = 400_000


class FileServer(http.server.ThreadingHTTPServer):
    """Serves ``content`` under every path and keeps what it was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), FileHandler)
        self.content = OLD
        self.headers: dict[str, str] = {"ETag": '"old"'}
        self.status: int | None = None
        self.honours_range = True
        self.tells_size = True
        self.seconds_before_body = 0.0
        self.cut_next_after: int | None = None
        self.ranges: list[str | None] = []
        self.bytes_sent: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/images.zip"

    def handle_error(self, request, client_address) -> None:
        """A client that hung up is expected here."""


class FileHandler(http.server.BaseHTTPRequestHandler):
    server: FileServer

    def do_GET(self) -> None:
        server, wanted = self.server, self.headers.get("Range")
        server.ranges.append(wanted)
        content, start, status = server.content, 0, 200
        if wanted and server.honours_range:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            status = 206 if start < len(content) else 416
        status = server.status or status
        body = content[start:]
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if status == 416:
            self.send_header("Content-Range", f"bytes */{len(content)}")
        if server.tells_size:
            self.send_header("Content-Length", str(len(body)))
        for key, value in server.headers.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.flush()
        time.sleep(server.seconds_before_body)
        body = body[: server.cut_next_after]
        server.cut_next_after = None
        server.bytes_sent.append(len(body))
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with FileServer() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


def get(server: FileServer, folder: Path, **options) -> Path:
    return download(server.url, folder, "images.zip", advice=ADVICE, **options)


def interrupt(server: FileServer, folder: Path) -> StudyError:
    """A first download that the server cuts after ``CUT`` bytes."""
    server.cut_next_after = CUT
    with pytest.raises(StudyError) as caught:
        get(server, folder)
    return caught.value


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.suffix != ".lock"}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_complete_download_is_recorded_and_silent(server, tmp_path, capfd):
    path = get(server, tmp_path / "raw")
    assert path == tmp_path / "raw" / "images.zip"
    assert path.read_bytes() == OLD
    assert (tmp_path / "raw" / "images.zip.sha256").read_text() == f"{sha256(OLD)}  images.zip\n"
    assert names_in(tmp_path / "raw") == {"images.zip", "images.zip.sha256"}
    assert server.ranges == [None]
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum here")
def test_sha256sum_reads_the_record(server, tmp_path):
    get(server, tmp_path)
    command = ["sha256sum", "--strict", "--check", "images.zip.sha256"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0


@pytest.mark.parametrize("known", [None, sha256(OLD), sha256(OLD).upper()])
def test_second_call_needs_no_network(server, tmp_path, known):
    get(server, tmp_path, sha256=known)
    get(server, tmp_path, sha256=known)
    assert len(server.ranges) == 1


def test_file_put_there_by_hand_is_recorded(server, tmp_path):
    (tmp_path / "images.zip").write_bytes(NEW)
    get(server, tmp_path)
    assert server.ranges == []
    assert (tmp_path / "images.zip.sha256").read_text() == f"{sha256(NEW)}  images.zip\n"


@pytest.mark.parametrize("known", [None, sha256(OLD)])
def test_changed_local_file_is_refused(server, tmp_path, known):
    path = get(server, tmp_path, sha256=known)
    path.write_bytes(NEW)
    with pytest.raises(StudyError) as caught:
        get(server, tmp_path, sha256=known)
    assert str(path) in caught.value.problem
    assert f"delete {path}" in caught.value.fix
    assert path.read_bytes() == NEW


def test_known_sha256_outranks_the_record(server, tmp_path):
    get(server, tmp_path).write_bytes(NEW)
    get(server, tmp_path, sha256=sha256(NEW))
    assert (tmp_path / "images.zip.sha256").read_text().startswith(sha256(NEW))


def test_deleted_file_is_fetched_anew_whatever_its_old_record(server, tmp_path):
    get(server, tmp_path).unlink()
    server.content = NEW
    assert get(server, tmp_path).read_bytes() == NEW
    assert (tmp_path / "images.zip.sha256").read_text().startswith(sha256(NEW))


def test_download_with_another_sha256_is_not_kept(server, tmp_path):
    with pytest.raises(StudyError) as caught:
        get(server, tmp_path, sha256=sha256(NEW))
    assert server.url in caught.value.problem
    assert sha256(NEW) in caught.value.problem
    assert names_in(tmp_path) == set()


@pytest.mark.parametrize("headers", [{"ETag": '"v"'}, {"Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}])
def test_cut_download_resumes_with_the_rest_only(server, tmp_path, headers):
    server.headers = headers
    error = interrupt(server, tmp_path)
    part = tmp_path / "images.zip.part"
    kept = part.stat().st_size
    assert 0 < kept <= CUT
    assert part.read_bytes() == OLD[:kept]
    assert server.url in error.problem and "broke" in error.problem
    assert ADVICE in error.fix and str(part) in error.fix
    assert not (tmp_path / "images.zip").exists()

    assert get(server, tmp_path).read_bytes() == OLD
    assert server.ranges == [None, f"bytes={kept}-"]
    assert server.bytes_sent[1] == len(OLD) - kept
    assert names_in(tmp_path) == {"images.zip", "images.zip.sha256"}


@pytest.mark.parametrize(
    "changes",
    [
        {"content": NEW, "headers": {"ETag": '"new"'}},
        {"content": NEW + b"longer"},
        {"content": NEW[:1000], "headers": {"ETag": '"new"'}},
    ],
    ids=["another version", "another size", "shorter than the part"],
)
def test_changed_remote_file_starts_anew(server, tmp_path, changes):
    interrupt(server, tmp_path)
    for attribute, value in changes.items():
        setattr(server, attribute, value)
    assert get(server, tmp_path).read_bytes() == server.content
    assert server.ranges[1] is not None and server.ranges[2:] == [None]


def test_part_of_another_url_starts_anew(server, tmp_path):
    interrupt(server, tmp_path)
    server.content = NEW
    path = download(server.url + "?other", tmp_path, "images.zip", advice=ADVICE)
    assert path.read_bytes() == NEW
    assert server.ranges == [None, None]


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"weak"'}])
def test_part_of_unknown_version_starts_anew(server, tmp_path, headers):
    server.headers = headers
    error = interrupt(server, tmp_path)
    assert "resumes" not in error.fix
    server.content = NEW
    assert get(server, tmp_path).read_bytes() == NEW
    assert server.ranges == [None, None]


def test_server_that_ignores_range_starts_anew(server, tmp_path):
    server.honours_range = False
    interrupt(server, tmp_path)
    assert get(server, tmp_path).read_bytes() == OLD
    assert len(server.ranges) == 2 and server.ranges[1] is not None


def test_complete_part_is_finished_without_its_content(server, tmp_path):
    interrupt(server, tmp_path)
    (tmp_path / "images.zip.part").write_bytes(OLD)
    assert get(server, tmp_path).read_bytes() == OLD
    assert server.ranges == [None, f"bytes={len(OLD)}-"]
    assert names_in(tmp_path) == {"images.zip", "images.zip.sha256"}


def test_file_of_unknown_size_is_fetched(server, tmp_path):
    server.tells_size = False
    assert get(server, tmp_path).read_bytes() == OLD


@pytest.mark.parametrize("status", [202, 404, 416, 503])
def test_http_error_names_url_and_advice(server, tmp_path, status):
    server.status = status
    with pytest.raises(StudyError) as caught:
        get(server, tmp_path)
    assert server.url in caught.value.problem and str(status) in caught.value.problem
    assert caught.value.fix == ADVICE
    assert names_in(tmp_path) == set()


def test_http_error_keeps_the_part(server, tmp_path):
    interrupt(server, tmp_path)
    kept = (tmp_path / "images.zip.part").read_bytes()
    server.status = 503
    with pytest.raises(StudyError) as caught:
        get(server, tmp_path)
    assert "resumes" in caught.value.fix
    assert (tmp_path / "images.zip.part").read_bytes() == kept
    server.status = None
    assert get(server, tmp_path).read_bytes() == OLD


def test_port_where_nobody_listens(server, tmp_path):
    with socket.socket() as bound_but_not_listening:
        bound_but_not_listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound_but_not_listening.getsockname()[1]}/images.zip"
        with pytest.raises(StudyError) as caught:
            download(url, tmp_path, "images.zip", advice=ADVICE)
    assert url in caught.value.problem and "reached" in caught.value.problem
    assert caught.value.fix == ADVICE


def test_unknown_host(server, tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    url = "http://nowhere.invalid/images.zip"
    with pytest.raises(StudyError) as caught:
        download(url, tmp_path, "images.zip", advice=ADVICE)
    assert url in caught.value.problem and caught.value.fix == ADVICE


def test_silent_server_times_out(server, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CONNECT_AND_READ_SECONDS", (0.3, 0.3))
    server.seconds_before_body = 1
    started = time.monotonic()
    with pytest.raises(StudyError) as caught:
        get(server, tmp_path)
    assert time.monotonic() - started < 1
    assert server.url in caught.value.problem and ADVICE in caught.value.fix


@pytest.mark.parametrize(
    "code, words", [(errno.ENOSPC, "disk is full"), (errno.EACCES, "may not be written")]
)
def test_folder_that_takes_no_file(server, tmp_path, monkeypatch, code, words):
    def refuse(*_, **__):
        raise OSError(code, "refused")

    monkeypatch.setattr(module, "open", refuse, raising=False)
    with pytest.raises(StudyError, match=words) as caught:
        get(server, tmp_path)
    assert str(tmp_path) in caught.value.problem


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path.with_suffix(".zip"), "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path.with_suffix(".zip")


def make_tar(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path.with_suffix(".tar.gz"), "w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path.with_suffix(".tar.gz")


both_kinds = pytest.mark.parametrize("make", [make_zip, make_tar])


@both_kinds
def test_unpacks_all_members(tmp_path, make):
    archive = make(tmp_path / "a", {"benign/1.png": b"one", "readme.txt": b"two"})
    folder = unpack(archive, tmp_path / "deep" / "images", AGAIN)
    assert folder == tmp_path / "deep" / "images"
    assert (folder / "benign" / "1.png").read_bytes() == b"one"
    assert (folder / "readme.txt").read_bytes() == b"two"
    assert names_in(tmp_path / "deep") == {"images"}


@pytest.mark.parametrize("name", ["a.tar", "a.tgz", "a.TAR.BZ2", "a.tbz2", "a.zip", "a"])
def test_a_tar_file_is_told_by_its_content(tmp_path, name):
    made = make_tar(tmp_path / "made", {"1.png": b"one"})
    with tarfile.open(tmp_path / name, f"w:{'bz2' if 'b' in name.lower() else ''}") as archive:
        archive.add(made, "1.png")
    assert names_in(unpack(tmp_path / name, tmp_path / "images", AGAIN)) == {"1.png"}


def test_existing_folder_is_left_alone(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    assert unpack(tmp_path / "missing.zip", folder, AGAIN) == folder
    assert names_in(folder) == set()


@both_kinds
@pytest.mark.parametrize("member", ["../evil.txt", "a/../../evil.txt", "/tmp/evil.txt", "..\\evil.txt"])
def test_member_outside_the_folder_is_refused(tmp_path, make, member):
    archive = make(tmp_path / "a", {"good.txt": b"good", member: b"evil"})
    with pytest.raises(StudyError) as caught:
        unpack(archive, tmp_path / "images", AGAIN)
    assert str(archive) in caught.value.problem and repr(member) in caught.value.problem
    assert names_in(tmp_path) == {archive.name}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_a_link_in_a_tar_file_is_refused(tmp_path, kind):
    member = tarfile.TarInfo("link")
    member.type, member.linkname = kind, "/etc/passwd"
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.addfile(member)
    with pytest.raises(StudyError, match="a.tar is unsafe: its member 'link'"):
        unpack(tmp_path / "a.tar", tmp_path / "images", AGAIN)
    assert names_in(tmp_path) == {"a.tar"}


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def hollowed(content: bytes) -> bytes:
    """The start is lost but the directory at the end is whole."""
    return content[len(content) // 2 :]


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def no_archive(content: bytes) -> bytes:
    return b"<html>Please log in</html>"


@both_kinds
@pytest.mark.parametrize("damage", [truncated, hollowed, flipped, no_archive])
def test_a_damaged_archive_leaves_nothing(tmp_path, make, damage):
    noise = random.Random(1).randbytes(5000)
    archive = make(tmp_path / "a", {"1.png": b"first", "2.png": noise})
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(StudyError) as caught:
        unpack(archive, tmp_path / "images", AGAIN)
    assert str(archive) in caught.value.problem
    assert caught.value.fix == AGAIN
    assert names_in(tmp_path) == {archive.name}


def test_backslashes_of_a_zip_file_are_folders(tmp_path):
    archive = make_zip(tmp_path / "a", {"benign\\1.png": b"one"})
    folder = unpack(archive, tmp_path / "images", AGAIN)
    assert (folder / "benign" / "1.png").read_bytes() == b"one"


@pytest.mark.parametrize(
    ("content", "problem", "fix"),
    [
        (b"Rar!\x1a\x07\x01\x00", "is a RAR archive", "name the folder in its place"),
        (b"7z\xbc\xaf\x27\x1c....", "is a 7-Zip archive", "name the folder in its place"),
        (b"\x89PNG\r\n\x1a\n", "is one picture", "name the folder that holds the pictures"),
        (b"PK\x03\x04" + bytes(40), "a zip file without its end", AGAIN),
        (b"", "is no zip or tar file", AGAIN),
    ],
)
def test_what_is_no_archive_is_told_for_what_it_is_and_kept(tmp_path, content, problem, fix):
    path = tmp_path / "BUSI.zip"
    path.write_bytes(content)
    with pytest.raises(StudyError) as caught:
        unpack(path, tmp_path / "images", AGAIN)
    assert problem in caught.value.problem and fix in caught.value.fix and "delete" not in caught.value.fix
    assert path.read_bytes() == content


@pytest.mark.parametrize("name", ["missing.zip", "missing.tar.gz"])
def test_missing_archive(tmp_path, name):
    with pytest.raises(StudyError, match=name):
        unpack(tmp_path / name, tmp_path / "images", AGAIN)
