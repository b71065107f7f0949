"""A file from a server: whole or not at all, going on where an earlier download was cut off."""

from __future__ import annotations

import hashlib
import time
import warnings
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse, IncompleteRead
from pathlib import Path
from typing import NamedTuple
from urllib.error import ContentTooShortError, HTTPError, URLError
from urllib.request import Request, urlopen

from sklearn_crossmodal.utils._progress import progress

__all__ = ["RemoteFile", "check_sha256", "download"]

_CHUNK = 2**20
#: Seconds without a byte after which a connection counts as cut off.
_TIMEOUT = 60
#: What another try may mend. An error of the disk, also an OSError, is none of them.
_PASSING = (URLError, TimeoutError, ConnectionError, HTTPException)
#: Answers of a server below 500 that mean: not now.
_BUSY = {408, 425, 429}
_NOTHING_LEFT = 416


class RemoteFile(NamedTuple):
    """A file on a server: its name here, where it is, and the checksum of what it must hold."""

    filename: str
    url: str
    sha256: str


def download(
    remote: RemoteFile, folder: Path, *, n_retries: int = 3, delay: float = 1.0, verbose: int = 0
) -> Path:
    """Download a file into a folder, and return its path.

    What has come is in ``<filename>.part`` until all is there and the checksum is right. The next
    try, also of a later call, goes on from it if the server can.

    Parameters
    ----------
    remote : RemoteFile
        The file.
    folder : Path
        Where to put it.
    n_retries : int, default=3
        How often to try again after a connection was cut off or refused.
    delay : float, default=1.0
        Seconds before another try.
    verbose : int, default=0
        Above 0 a bar shows how far it is.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    OSError
        If the server cannot be reached or has no such file, or if what came is not the file.
    """
    part = folder / f"{remote.filename}.part"
    while True:
        try:
            _receive_whole(remote, part, verbose)
            return part.replace(folder / remote.filename)
        except _PASSING as error:
            if n_retries == 0 or _is_final(error):
                error.add_note(
                    f"Call again to go on from where it stopped; or download {remote.url} by hand "
                    f"into {folder}."
                )
                raise
            warnings.warn(f"{remote.url}: {error}; trying again.", stacklevel=2)
        n_retries -= 1
        time.sleep(delay)


def check_sha256(path: Path, remote: RemoteFile) -> None:
    """Raise OSError if a file is not the one that a server is known to have.

    Parameters
    ----------
    path : Path
        Of the file.
    remote : RemoteFile
        What it must be.
    """
    found = _sha256(path)
    if found != remote.sha256:
        raise OSError(
            f"{path} has the sha256 {found}, expected {remote.sha256}: remove it, and it is "
            f"downloaded from {remote.url}."
        )


def _receive_whole(remote: RemoteFile, part: Path, verbose: int) -> None:
    """Bring a part to the whole file; raise OSError, without the part, if it is another file."""
    resumed = part.exists()
    is_whole = _receive(remote, part, verbose)
    found = _sha256(part)
    if found == remote.sha256:
        return
    if not (is_whole or resumed):
        raise ContentTooShortError("cut off, or of another file: no length was told", part)
    part.unlink()
    if not resumed:
        raise OSError(
            f"{remote.url} sent a file of the sha256 {found}, expected {remote.sha256}; it was "
            f"not kept. Get the file from elsewhere, and put it into {part.parent}."
        )
    _receive_whole(remote, part, verbose)  # what was there may be of another version of the file


def _receive(remote: RemoteFile, part: Path, verbose: int) -> bool:
    """Append to a part what it lacks; write it anew where the server sends all from the start.

    Return whether all has come, False where the server did not tell how much that is.
    """
    start = part.stat().st_size if part.exists() else 0
    request = Request(remote.url, headers={"Range": f"bytes={start}-"} if start else {})
    try:
        response = urlopen(request, timeout=_TIMEOUT)
    except HTTPError as error:
        error.close()
        if error.code != _NOTHING_LEFT:
            raise
        return True  # whether the part is the whole file, its checksum tells
    is_told = response.length is not None
    with response, part.open("ab" if _goes_on(response, start) else "wb") as file:
        n_chunks = -(-(response.length or 0) // _CHUNK)
        chunks = _chunks(response)
        for chunk in progress(
            chunks, total=n_chunks, label=remote.filename, verbose=verbose, unit="MiB"
        ):
            file.write(chunk)
    if response.length:
        raise ContentTooShortError(f"cut off, {response.length} bytes before the end", part)
    return is_told


def _goes_on(response: HTTPResponse, start: int) -> bool:
    """Return whether a response holds the rest of a file, from the byte asked for."""
    sent = response.headers.get("Content-Range", "")
    return response.status == 206 and sent.startswith(f"bytes {start}-")


def _chunks(response: HTTPResponse) -> Iterator[bytes]:
    try:
        while chunk := response.read(_CHUNK):
            yield chunk
    except IncompleteRead as error:
        yield error.partial  # what came before the cut is kept
        raise


def _is_final(error: Exception) -> bool:
    return isinstance(error, HTTPError) and error.code < 500 and error.code not in _BUSY


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
