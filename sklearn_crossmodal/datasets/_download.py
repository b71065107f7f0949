"""Download a file with retries, resuming, and verification of its checksum."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse, IncompleteRead
from pathlib import Path
from typing import NamedTuple
from urllib.error import ContentTooShortError, HTTPError, URLError
from urllib.request import Request, urlopen

from sklearn_crossmodal.utils._progress import progress
from sklearn_crossmodal.utils._validation import warn

__all__ = ["RemoteFile", "check_sha256", "download"]

_CHUNK = 2**20
#: Seconds without a byte after which a connection times out.
_TIMEOUT = 60
#: Errors that are retried. Errors of the disk, which are OSErrors too, are not among them.
_TRANSIENT_ERRORS = (URLError, TimeoutError, ConnectionError, HTTPException)
#: HTTP status codes below 500 that are retried.
_RETRY_STATUS = {408, 425, 429}
#: HTTP status code of a range that starts after the end of the file.
_RANGE_NOT_SATISFIABLE = 416


# Not pooch: after an interrupted transfer it starts again, and does not resume.
class RemoteFile(NamedTuple):
    """A file on a server: its local name, its URL, and its SHA-256 checksum."""

    filename: str
    url: str
    sha256: str


def download(
    remote: RemoteFile, folder: Path, *, n_retries: int = 3, delay: float = 1.0, verbose: int = 0
) -> Path:
    """Download a file into a folder, and return its path.

    Data are written to ``<filename>.part`` until the file is complete and its checksum verified. A
    retry, or a later call, resumes the download if the server supports it. Raise OSError if the
    server cannot be reached or has no such file, or if the checksum is wrong.
    """
    part = folder / f"{remote.filename}.part"
    while True:
        try:
            _receive_whole(remote, part, verbose)
            return part.replace(folder / remote.filename)
        except _TRANSIENT_ERRORS as error:
            if n_retries == 0 or _is_final(error):
                error.add_note(
                    f"Call again to go on from where it stopped; or download {remote.url} by hand "
                    f"into {folder}."
                )
                raise
            warn(f"{remote.url}: {error}; trying again.")
        n_retries -= 1
        time.sleep(delay)


def check_sha256(path: Path, remote: RemoteFile) -> None:
    """Raise OSError if the checksum of a file is wrong."""
    found = _sha256(path)
    if found != remote.sha256:
        raise OSError(
            f"{path} has the sha256 {found}, expected {remote.sha256}: remove it, and it is "
            f"downloaded from {remote.url}."
        )


def _receive_whole(remote: RemoteFile, part: Path, verbose: int) -> None:
    """Complete a partial file; if its checksum is wrong, delete it and raise OSError."""
    resumed = part.exists()
    is_whole = _receive(remote, part, verbose)
    found = _sha256(part)
    if found == remote.sha256:
        return
    if not (is_whole or resumed):
        raise ContentTooShortError("cut off, or of another file: the length is unknown", part)
    part.unlink()
    if not resumed:
        raise OSError(
            f"{remote.url} sent a file of the sha256 {found}, expected {remote.sha256}; it was "
            f"not kept. Get the file from elsewhere, and put it into {part.parent}."
        )
    _receive_whole(remote, part, verbose)  # the partial file may be of another version: restart


def _receive(remote: RemoteFile, part: Path, verbose: int) -> bool:
    """Append the rest of the file to a part; overwrite it if the server sends the whole file.

    Return whether the file is known to be complete, False if the server sent no length.
    """
    start = part.stat().st_size if part.exists() else 0
    request = Request(remote.url, headers={"Range": f"bytes={start}-"} if start else {})
    try:
        response = urlopen(request, timeout=_TIMEOUT)
    except HTTPError as error:
        error.close()
        if error.code != _RANGE_NOT_SATISFIABLE:
            raise
        return True  # nothing left to receive; the caller verifies the checksum
    is_length_known = response.length is not None
    with response, part.open("ab" if _is_rest(response, start) else "wb") as file:
        n_chunks = -(-(response.length or 0) // _CHUNK)
        chunks = _chunks(response)
        for chunk in progress(
            chunks, total=n_chunks, label=remote.filename, verbose=verbose, unit="MiB"
        ):
            file.write(chunk)
    if response.length:
        raise ContentTooShortError(f"cut off, {response.length} bytes before the end", part)
    return is_length_known


def _is_rest(response: HTTPResponse, start: int) -> bool:
    """Return whether a response is the rest of a file from byte `start`."""
    sent = response.headers.get("Content-Range", "")
    return response.status == 206 and sent.startswith(f"bytes {start}-")


def _chunks(response: HTTPResponse) -> Iterator[bytes]:
    try:
        while chunk := response.read(_CHUNK):
            yield chunk
    except IncompleteRead as error:
        yield error.partial  # keep the data received before the interruption
        raise


def _is_final(error: Exception) -> bool:
    return isinstance(error, HTTPError) and error.code < 500 and error.code not in _RETRY_STATUS


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
