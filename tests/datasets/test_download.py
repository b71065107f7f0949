import hashlib
from urllib.error import ContentTooShortError, HTTPError, URLError

import pytest

from sklearn_crossmodal.datasets._download import RemoteFile, check_sha256, download

CONTENT = bytes(range(256)) * 40
AGAIN = pytest.warns(UserWarning, match="trying again")


@pytest.fixture
def remote(server):
    server.files["/data.bin"] = CONTENT
    return RemoteFile("data.bin", f"{server.url}/data.bin", hashlib.sha256(CONTENT).hexdigest())


def ranges(server):
    return [wanted for _, wanted in server.requests]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_arrives_whole_and_alone(remote, server, tmp_path):
    path = download(remote, tmp_path)
    assert path == tmp_path / "data.bin"
    assert path.read_bytes() == CONTENT
    assert names(tmp_path) == ["data.bin"]
    assert ranges(server) == [None]


def test_a_download_that_is_cut_off_goes_on_where_it_was(remote, server, tmp_path):
    server.cuts = [1000, 500]
    with AGAIN as warned:
        path = download(remote, tmp_path, delay=0)
    assert path.read_bytes() == CONTENT
    assert ranges(server) == [None, "bytes=1000-", "bytes=1500-"]
    assert f"{len(CONTENT) - 1000} bytes before the end" in str(warned[0].message)


def test_a_server_that_cannot_send_a_rest_sends_all_again(remote, server, tmp_path):
    server.ranges, server.cuts = False, [1000]
    with AGAIN:
        path = download(remote, tmp_path, delay=0)
    assert path.read_bytes() == CONTENT
    assert ranges(server) == [None, "bytes=1000-"]


def test_what_came_is_kept_for_the_next_call_when_tries_are_over(remote, server, tmp_path):
    server.cuts = [1000, 500]
    with AGAIN, pytest.raises(ContentTooShortError, match="Call again to go on .* by hand into"):
        download(remote, tmp_path, n_retries=1, delay=0)
    assert names(tmp_path) == ["data.bin.part"]
    assert download(remote, tmp_path).read_bytes() == CONTENT
    assert ranges(server) == [None, "bytes=1000-", "bytes=1500-"]
    assert names(tmp_path) == ["data.bin"]


def test_a_file_that_is_not_the_one_expected_is_not_kept(remote, server, tmp_path):
    server.files["/data.bin"] = CONTENT[::-1]
    with pytest.raises(OSError, match="sent a file of the sha256 .*, expected .*; it was not kept"):
        download(remote, tmp_path)
    assert names(tmp_path) == []
    assert len(server.requests) == 1


def test_a_part_of_another_version_is_thrown_away(remote, server, tmp_path):
    (tmp_path / "data.bin.part").write_bytes(b"another" * 100)
    assert download(remote, tmp_path).read_bytes() == CONTENT
    assert ranges(server) == ["bytes=700-", None]


@pytest.mark.parametrize("part", [CONTENT, CONTENT + b"more"], ids=["whole", "too long"])
def test_a_part_that_nothing_is_left_of_is_judged_by_its_checksum(part, remote, server, tmp_path):
    (tmp_path / "data.bin.part").write_bytes(part)
    assert download(remote, tmp_path).read_bytes() == CONTENT
    assert len(server.requests) == (1 if part == CONTENT else 2)


def test_a_file_that_the_server_does_not_have_is_asked_for_once(remote, server, tmp_path):
    server.files.clear()
    with pytest.raises(HTTPError, match=f"404(.|\n)*download {remote.url} by hand into"):
        download(remote, tmp_path)
    assert len(server.requests) == 1
    assert names(tmp_path) == []


@pytest.mark.parametrize("code", [429, 503])
def test_a_server_that_is_busy_is_asked_again(code, remote, server, tmp_path):
    server.refusals = [code]
    with AGAIN:
        assert download(remote, tmp_path, delay=0).read_bytes() == CONTENT


def test_nobody_at_home_is_an_error_that_says_what_to_do(server, tmp_path):
    unused = RemoteFile("data.bin", "http://127.0.0.1:9/data.bin", "")
    with AGAIN as warned, pytest.raises(URLError, match="by hand into"):
        download(unused, tmp_path, n_retries=2, delay=0)
    assert len(warned) == 2


def test_a_file_of_unknown_length_arrives(remote, server, tmp_path):
    server.tells_length = False
    assert download(remote, tmp_path).read_bytes() == CONTENT


def test_a_file_of_unknown_length_that_is_cut_off_is_asked_for_again(remote, server, tmp_path):
    server.tells_length, server.cuts = False, [1000]
    with AGAIN:
        assert download(remote, tmp_path, delay=0).read_bytes() == CONTENT
    assert ranges(server) == [None, "bytes=1000-"]


def test_a_file_of_unknown_length_that_is_another_is_an_error_in_the_end(server, tmp_path):
    server.tells_length, server.files["/data.bin"] = False, b"another"
    other = RemoteFile("data.bin", f"{server.url}/data.bin", "0" * 64)
    with AGAIN, pytest.raises(ContentTooShortError, match="of another file"):
        download(other, tmp_path, n_retries=2, delay=0)


def test_an_error_of_the_disk_is_not_tried_again(remote, server, tmp_path):
    with pytest.raises(FileNotFoundError):
        download(remote, tmp_path / "nowhere")
    assert len(server.requests) == 1


def test_a_bar_is_shown_where_it_is_asked_for(server, tmp_path, capsys):
    content = bytes(5 * 2**20)
    server.files["/zeros"] = content
    zeros = RemoteFile("zeros", f"{server.url}/zeros", hashlib.sha256(content).hexdigest())
    download(zeros, tmp_path)
    assert capsys.readouterr().err == ""
    download(zeros, tmp_path, verbose=1)
    shown = capsys.readouterr().err
    assert "zeros: 100%" in shown
    assert "5/5" in shown
    assert "MiB/s" in shown


def test_a_file_that_is_there_is_checked(tmp_path):
    path = tmp_path / "data.bin"
    path.write_bytes(CONTENT)
    check_sha256(path, RemoteFile("", "", hashlib.sha256(CONTENT).hexdigest()))
    with pytest.raises(OSError, match=r"data\.bin has the sha256 .*, expected 00: remove it"):
        check_sha256(path, RemoteFile("", "http://a/b", "00"))
