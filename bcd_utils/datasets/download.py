"""Downloads that resume, are checked by SHA-256 and are unpacked whole or not at all."""

from __future__ import annotations

import os
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bcd_utils.utils.cache import owned
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import atomic_folder, read_json, sha256_of_file, write_json, write_text

if TYPE_CHECKING:
    import requests

CONNECT_AND_READ_SECONDS = (10, 30)
CHUNK_BYTES = 64 * 1024
OTHER_ARCHIVES = {
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard file",
}
PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"P5", b"P6", b"RIFF")
DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error)


def download(url: str, folder: Path, name: str, *, sha256: str | None = None, advice: str) -> Path:
    """Fetch ``url`` as ``folder/name``, or check the file that is already there.

    An interrupted download stays in ``name.part`` and is resumed by the next call if the server still
    has the same version of the file. The SHA-256 is kept in ``name.sha256``, as ``sha256sum`` reads it.
    A file put there by hand is taken as it is and its SHA-256 recorded.

    Parameters
    ----------
    url : str
        Where to fetch the file; not contacted when ``folder/name`` exists.
    folder : Path
        Where to put it; made if missing.
    name : str
        The file's name in ``folder``.
    sha256 : str, optional
        The SHA-256 that the file must have.
    advice : str
        Where to get the file by hand and where to put it, for the user whose download fails.

    Returns
    -------
    Path
        ``folder/name``.

    Raises
    ------
    StudyError
        If the file cannot be fetched, does not have the known or recorded SHA-256, or cannot be written.
    """
    path = Path(folder) / name
    with owned(path):
        if not path.exists():
            _retrieve(url, path, sha256, advice)
        _check_and_record_sha256(path, sha256)
    return path


def unpack(archive: Path, folder: Path, again: str) -> Path:
    """Unpack a zip or tar file into ``folder``; a folder that is already there is returned as it is.

    What kind of file it is, its content says, not its name.

    Parameters
    ----------
    archive, folder : Path
    again : str
        What to do where the archive is no good.

    Raises
    ------
    StudyError
        If the archive is missing, damaged or of another kind, has a member that would land outside
        ``folder`` or (in a tar file) is a link or device, or if ``folder`` cannot be written.
    """
    archive, folder = Path(archive), Path(folder)
    if folder.exists():
        return folder
    with owned(folder):
        if not folder.exists():
            _unpack(archive, folder, again)
    return folder


def _unpack(archive: Path, folder: Path, again: str) -> None:
    try:
        with atomic_folder(folder) as temporary:
            if zipfile.is_zipfile(archive):
                _extract_zip(archive, temporary, again)
            elif tarfile.is_tarfile(archive):
                _extract_tar(archive, temporary, again)
            else:
                raise _no_archive(archive, again)
    # zipfile raises RuntimeError for a password or an unknown compression, and ValueError or OSError for
    # offsets outside the file; a full disk is a StudyError by now.
    except (*DAMAGED, EOFError, ValueError, RuntimeError, OSError) as error:
        if "password" in str(error):
            problem = f"{archive} is encrypted"
            raise StudyError(
                problem, "unpack it with its password, and name the folder in its place"
            ) from None
        raise StudyError(
            f"{archive} cannot be unpacked, it is missing or damaged ({error})", again
        ) from error


def _no_archive(archive: Path, again: str) -> StudyError:
    """Why a file is neither a zip nor a tar file, and what to do."""
    with open(archive, "rb") as file:
        start = file.read(16)
    kind = next((kind for magic, kind in OTHER_ARCHIVES.items() if start.startswith(magic)), None)
    if kind:
        fix = "unpack it with the program that made it, and name the folder in its place"
        return StudyError(f"{archive} is {kind}, which is not unpacked here", fix)
    if start.startswith(b"PK"):
        return StudyError(f"{archive} cannot be unpacked, it is a zip file without its end", again)
    if any(start.startswith(magic) for magic in PICTURES):
        return StudyError(f"{archive} is one picture", "name the folder that holds the pictures")
    return StudyError(f"{archive} cannot be unpacked, it is no zip or tar file", again)


def _extract_zip(archive: Path, folder: Path, again: str) -> None:
    with zipfile.ZipFile(archive) as members:
        for member in members.infolist():
            _refuse_unless(_lands_inside(member.filename, folder), archive, member.filename, again)
            member.filename = member.filename.replace("\\", "/")  # as some programs for Windows write it
            members.extract(member, folder)


def _extract_tar(archive: Path, folder: Path, again: str) -> None:
    with tarfile.open(archive) as members:
        members.extraction_filter = lambda member, _: member  # early releases of Python 3.11 have no other
        for member in members:  # a second pass would decompress everything again
            plain = member.isfile() or member.isdir()
            _refuse_unless(plain and _lands_inside(member.name, folder), archive, member.name, again)
            members.extract(member, folder, set_attrs=False)
        while members.fileobj.read(CHUNK_BYTES):  # to the end, where compression keeps its checksum
            pass


def _lands_inside(member: str, folder: Path) -> bool:
    return (folder / member.replace("\\", "/")).resolve().is_relative_to(folder.resolve())


def _refuse_unless(safe: bool, archive: Path, member: str, again: str) -> None:
    if not safe:
        raise StudyError(
            f"{archive} is unsafe: its member {member!r} would be written outside its folder, or is a link",
            again,
        )


def _retrieve(url: str, path: Path, sha256: str | None, advice: str) -> None:
    import pooch
    import requests

    part = path.with_name(f"{path.name}.part")

    def resuming_downloader(url: str, output_file: str, _: Any) -> None:
        _fetch(url, part)
        os.replace(part, output_file)
        _note_beside(part).unlink(missing_ok=True)

    path.parent.mkdir(parents=True, exist_ok=True)
    # pooch's own error for a folder that may not be written has no errno for `disk_errors` to see.
    with tempfile.TemporaryFile(dir=path.parent):
        pass
    # A record left by a deleted file says nothing about the file about to come.
    _record_beside(path).unlink(missing_ok=True)
    pooch.get_logger().setLevel("ERROR")
    try:
        pooch.retrieve(url, sha256, fname=path.name, path=path.parent, downloader=resuming_downloader)
    except requests.RequestException as error:
        fix = advice.rstrip(".")
        if part.exists() and _note_beside(part).exists():
            megabytes = part.stat().st_size / 1e6
            fix += f". Or run the same command again: it resumes from the {megabytes:.1f} MB kept in {part}"
        raise StudyError(f"{url} could not be downloaded: {_reason(error)}", fix) from error
    except ValueError as error:
        problem = f"{url} gave a file without the expected SHA-256 {sha256}; it was not kept as {path}"
        raise StudyError(problem, advice) from error


def _fetch(url: str, part: Path) -> None:
    """Complete ``part`` with what is missing of ``url``, or fetch it anew if it is of another version."""
    import requests
    from tqdm import tqdm

    noted = read_json(_note_beside(part)) or {}
    present = part.stat().st_size if part.exists() and noted.get("url") == url else 0
    # The bytes on disk must be the bytes a Range counts, so no compression on the way.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={present}-"} if present else {})
    with requests.get(url, headers=headers, stream=True, timeout=CONNECT_AND_READ_SECONDS) as response:
        remote = _remote_version(url, response)
        if present and response.status_code == 416 and (remote["size"] or noted["size"]) == present:
            return
        # No If-Range is sent: a 206 that answers one may leave out the Last-Modified compared here.
        follows_on = response.headers.get("Content-Range", "").startswith(f"bytes {present}-")
        changed = response.status_code == 416 or (
            response.status_code == 206 and not (follows_on and remote == noted)
        )
        if present and changed:
            part.unlink()
            return _fetch(url, part)
        # Some hosts answer 202 and a page of their own while they prepare the file.
        if response.status_code not in (200, 206):
            raise requests.HTTPError(response=response)
        if response.status_code == 200:
            present = 0
            part.unlink(missing_ok=True)
            _note_beside(part).unlink(missing_ok=True)
            if remote["version"]:
                write_json(_note_beside(part), remote)
        shown = {"unit": "B", "unit_scale": True, "disable": None}  # None: on a terminal only
        with (
            tqdm(total=remote["size"], initial=present, desc=part.stem, **shown) as bar,
            open(part, "ab") as file,
        ):
            for chunk in response.iter_content(CHUNK_BYTES):
                file.write(chunk)
                bar.update(len(chunk))
    if remote["size"] not in (None, part.stat().st_size):
        raise requests.exceptions.ChunkedEncodingError(f"{part} is not {remote['size']} bytes long")


def _remote_version(url: str, response: requests.Response) -> dict[str, Any]:
    """What tells one version of the remote file from another, in a form JSON keeps."""
    headers = response.headers
    if headers.get("Content-Encoding", "identity") != "identity":
        return {"url": url, "version": None, "size": None}
    strong_etag = None if headers.get("ETag", "W/").startswith("W/") else headers["ETag"]
    partial = response.status_code in (206, 416)
    size = headers.get("Content-Range" if partial else "Content-Length", "").rpartition("/")[2]
    return {
        "url": url,
        "version": strong_etag or headers.get("Last-Modified"),
        "size": int(size) if size.isdigit() else None,
    }


def _reason(error: requests.RequestException) -> str:
    from requests import exceptions

    if isinstance(error, exceptions.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    reasons = {
        exceptions.Timeout: "the server did not answer in time",
        exceptions.ChunkedEncodingError: "the connection broke before the end of the file",
        exceptions.ConnectionError: "the server cannot be reached or stopped sending",
    }
    return next((reason for kind, reason in reasons.items() if isinstance(error, kind)), str(error))


def _check_and_record_sha256(path: Path, sha256: str | None) -> None:
    record = _record_beside(path)
    recorded = record.read_text(encoding="utf-8").partition(" ")[0] if record.exists() else None
    actual = sha256_of_file(path)
    expected = sha256 or recorded
    if expected is not None and actual != expected.lower():
        source = "the expected one" if sha256 else f"the one recorded in {record.name}"
        problem = f"{path} is damaged or another file: its SHA-256 {actual} is not {source} ({expected})"
        raise StudyError(problem, f"delete {path} and run the same command again to download it anew")
    if recorded != actual:
        write_text(record, f"{actual}  {path.name}\n")


def _record_beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _note_beside(part: Path) -> Path:
    """The file that says which version of the remote file ``part`` belongs to."""
    return part.with_name(f"{part.name}.json")
