import hashlib
import io
import os
import pickle
import struct
import tarfile
import threading
import warnings
from urllib.error import HTTPError

import numpy as np
import pytest

from sklearn_crossmodal.data import MultiModalFrame
from sklearn_crossmodal.datasets import _fetchers, fetch_cifar10_imdb
from sklearn_crossmodal.datasets._archive import read_members
from sklearn_crossmodal.datasets._cifar10 import read_batch, read_cifar10
from sklearn_crossmodal.datasets._download import RemoteFile
from sklearn_crossmodal.datasets._imdb import read_imdb

CIFAR, IMDB = "cifar-10-python.tar.gz", "aclImdb_v1.tar.gz"
BATCHES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
PER_BATCH = 4


def short(string):
    return b"U" + bytes([len(string)]) + string


def python2_pickle(images, labels):
    """Return a batch as Python 2 pickled those of CIFAR-10, opcode by opcode."""
    pixels = images.transpose(0, 3, 1, 2).tobytes()
    n = struct.pack("<i", len(images))
    return b"".join(
        [
            b"\x80\x02}(" + short(b"batch_label") + short(b"training batch 1 of 5"),
            short(b"labels") + b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e",
            short(b"data") + b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n",
            b"K\x00\x85" + short(b"b") + b"\x87R(K\x01J" + n + b"M\x00\x0c\x86",
            b"cnumpy\ndtype\n" + short(b"u1") + b"K\x00K\x01\x87R(K\x03" + short(b"|"),
            b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T",
            struct.pack("<i", len(pixels)) + pixels + b"tb",
            short(b"filenames") + b"](" + short(b"a.png") * len(images) + b"eu.",
        ]
    )


def tar_gz(files):
    """Return an archive; a `TarInfo` in place of content is put in as it is."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as archive:
        for name, content in files.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
                continue
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return written.getvalue()


def draw_batches():
    rng = np.random.default_rng(0)
    for place, name in enumerate(BATCHES):
        images = rng.integers(0, 256, (PER_BATCH, 32, 32, 3), dtype=np.uint8)
        images[:, 0, 0, 0] = np.arange(PER_BATCH) + PER_BATCH * place  # tells which one it is
        yield name, images, (np.arange(PER_BATCH) + place) % 10


def cifar_files():
    files = {"batches.meta": b"no pickle: it is not read"}
    files |= {name: python2_pickle(images, labels) for name, images, labels in draw_batches()}
    return {f"cifar-10-batches-py/{name}": content for name, content in files.items()}


def imdb_files():
    reviews = {
        f"aclImdb/{split}/{sentiment}/{number}_{stars}.txt": f"{split} {sentiment} {number} é"
        for split, n in [("train", 13), ("test", 3)]
        for sentiment, stars in [("pos", 9), ("neg", 2)]
        for number in range(n)
    }
    reviews |= {"aclImdb/train/unsup/0_0.txt": "unlabelled", "aclImdb/README": "read me"}
    return {name: text.encode() for name, text in reviews.items()}


@pytest.fixture(scope="module")
def archives():
    return {CIFAR: tar_gz(cifar_files()), IMDB: tar_gz(imdb_files())}


def publish(monkeypatch, server, archives):
    """Let the fetcher take archives from the server for those of the authors."""
    server.files |= {f"/{name}": content for name, content in archives.items()}
    table = {
        modality: RemoteFile(
            name, f"{server.url}/{name}", hashlib.sha256(archives[name]).hexdigest()
        )
        for modality, name in [("image", CIFAR), ("text", IMDB)]
    }
    monkeypatch.setattr(_fetchers, "ARCHIVES", table)


@pytest.fixture
def published(monkeypatch, server, archives):
    publish(monkeypatch, server, archives)
    return server


def asked_for(server):
    return [path.removeprefix("/") for path, _ in server.requests]


def names(folder):
    return sorted(path.name for path in folder.rglob("*") if path.suffix != ".lock")


# Fetching


def test_each_row_is_an_image_and_a_review_with_their_own_labels(published, tmp_path):
    pairs = fetch_cifar10_imdb(data_home=tmp_path)
    assert isinstance(pairs.data, MultiModalFrame)
    assert list(pairs.data) == pairs.feature_names == ["image", "text"]
    # 20 and 4 images, 26 and 6 reviews: 20 pairs to train on, 4 to test.
    assert pairs.split.tolist() == ["train"] * 20 + ["test"] * 4
    assert pairs.data["image"].shape == (24, 32, 32, 3)
    assert pairs.data["image"].dtype == np.uint8
    images = np.concatenate([images for _, images, _ in draw_batches()])
    labels = np.concatenate([labels for _, _, labels in draw_batches()])
    for image, text, (image_class, sentiment), split in zip(
        pairs.data["image"], pairs.data["text"], pairs.target, pairs.split, strict=True
    ):
        which = image[0, 0, 0]
        np.testing.assert_array_equal(image, images[which])
        assert image_class == labels[which]
        assert (which >= 20) == (split == "test")
        assert text.split()[:2] == [split, ["neg", "pos"][sentiment]]
        assert text.endswith("é")
    assert len(set(pairs.data["image"][:, 0, 0, 0])) == 24
    assert len(set(pairs.data["text"])) == 24


def test_names_of_classes_stand_beside_the_columns_of_the_target(published, tmp_path):
    pairs = fetch_cifar10_imdb(data_home=tmp_path)
    assert list(pairs.target_names) == ["image_class", "sentiment"]
    assert pairs.target_names["image_class"][[0, 3, 9]].tolist() == ["airplane", "cat", "truck"]
    assert pairs.target_names["sentiment"].tolist() == ["negative", "positive"]
    assert "independent" in pairs.DESCR


def test_both_sets_are_put_into_orders_of_their_own(published, tmp_path):
    def orders(**params):
        data = fetch_cifar10_imdb(data_home=tmp_path, split="train", **params).data
        images = data["image"][:, 0, 0, 0].tolist()
        return images, [text.split()[1:3] for text in data["text"]]

    first, again, other = orders(), orders(random_state=0), orders(random_state=1)
    assert first == again
    assert first[0] != other[0]
    assert first[1] != other[1]
    partners = [dict(zip(images, map(tuple, texts))) for images, texts in (first, other)]
    assert partners[0] != partners[1]
    # All negative reviews come first in the archive; among the first rows there are both.
    assert {sentiment for sentiment, _ in first[1][:10]} == {"neg", "pos"}


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_split_has_the_rows_that_it_has_among_all(split, published, tmp_path):
    every = fetch_cifar10_imdb(data_home=tmp_path)
    X, y = fetch_cifar10_imdb(data_home=tmp_path, split=split, return_X_y=True)
    rows = every.split == split
    np.testing.assert_array_equal(X["image"], every.data["image"][rows])
    assert X["text"].tolist() == every.data["text"][rows].tolist()
    np.testing.assert_array_equal(y, every.target[rows])


def test_a_second_call_neither_downloads_nor_parses(published, tmp_path, monkeypatch):
    first = fetch_cifar10_imdb(data_home=tmp_path)
    assert asked_for(published) == [CIFAR, IMDB]
    assert names(tmp_path) == ["cifar10.npz", "cifar10_imdb", "imdb.npz"]
    monkeypatch.setattr(tarfile, "open", None)
    second = fetch_cifar10_imdb(data_home=tmp_path, download_if_missing=False)
    assert asked_for(published) == [CIFAR, IMDB]
    np.testing.assert_array_equal(first.data["image"], second.data["image"])
    assert first.data["text"].tolist() == second.data["text"].tolist()
    np.testing.assert_array_equal(first.target, second.target)


def test_as_frame_holds_the_same(published, tmp_path):
    pandas = pytest.importorskip("pandas")
    arrays = fetch_cifar10_imdb(data_home=tmp_path)
    frames = fetch_cifar10_imdb(data_home=tmp_path, as_frame=True)
    assert isinstance(frames.target, pandas.DataFrame)
    assert list(frames.frame.columns) == ["image", "text", "image_class", "sentiment"]
    np.testing.assert_array_equal(np.stack(list(frames.data["image"])), arrays.data["image"])
    assert frames.data["text"].tolist() == arrays.data["text"].tolist()
    np.testing.assert_array_equal(frames.target, arrays.target)


def test_without_a_download_what_is_missing_is_an_error(published, tmp_path):
    with pytest.raises(OSError, match=f"{CIFAR} is not in .*by hand into {tmp_path}"):
        fetch_cifar10_imdb(data_home=tmp_path, download_if_missing=False)
    assert published.requests == []
    assert names(tmp_path) == []


@pytest.mark.parametrize("folder", [".", "cifar10_imdb"])
def test_archives_that_were_downloaded_by_hand_are_read_and_kept(
    folder, published, archives, tmp_path
):
    (tmp_path / folder).mkdir(exist_ok=True)
    for name, content in archives.items():
        (tmp_path / folder / name).write_bytes(content)
    pairs = fetch_cifar10_imdb(data_home=tmp_path, download_if_missing=False)
    assert pairs.data.shape == (24, 2)
    assert published.requests == []
    assert {CIFAR, IMDB, "cifar10.npz", "imdb.npz"} <= set(names(tmp_path))


def test_an_archive_that_is_not_the_published_one_is_refused_and_kept(published, tmp_path):
    (tmp_path / CIFAR).write_bytes(b"half of it")
    with pytest.raises(OSError, match="has the sha256 .*, expected .*: remove it"):
        fetch_cifar10_imdb(data_home=tmp_path)
    assert (tmp_path / CIFAR).read_bytes() == b"half of it"


def test_a_transfer_that_is_cut_off_goes_on(published, archives, tmp_path):
    published.cuts = [100]
    with pytest.warns(UserWarning, match=f"{CIFAR}.* cut off.*; trying again"):
        pairs = fetch_cifar10_imdb(data_home=tmp_path, delay=0)
    assert pairs.data.shape == (24, 2)
    assert published.requests[:2] == [(f"/{CIFAR}", None), (f"/{CIFAR}", "bytes=100-")]


def test_what_was_done_before_an_error_is_not_done_again(published, tmp_path):
    content = published.files.pop(f"/{IMDB}")
    with pytest.raises(HTTPError, match=f"404(.|\n)*{IMDB} by hand into"):
        fetch_cifar10_imdb(data_home=tmp_path)
    published.files[f"/{IMDB}"] = content
    fetch_cifar10_imdb(data_home=tmp_path)
    assert asked_for(published) == [CIFAR, IMDB, IMDB]


def test_two_calls_at_once_download_once(published, tmp_path):
    published.delay = 0.2
    found = []

    def call():
        found.append(fetch_cifar10_imdb(data_home=tmp_path).target)

    threads = [threading.Thread(target=call) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(*found)
    assert sorted(asked_for(published)) == [IMDB, CIFAR]


# Other forms


@pytest.mark.parametrize("folder", [".", "cifar10_imdb"])
def test_a_subset_in_npz_and_parquet_is_read_in_place(folder, published, tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    subset = tmp_path / folder
    subset.mkdir(exist_ok=True)
    images = np.arange(5, dtype=np.uint8)[:, None, None, None] + np.zeros((1, 32, 32, 3), np.uint8)
    labels = np.arange(5, dtype=np.int16)
    arrays = {"image_train": images, "y_train": labels, "image_test": images[:2]}
    np.savez(subset / "cifar10.npz", **arrays, y_test=labels[:2], class_names=np.array(["a"]))
    for split, n in [("train", 4), ("test", 3)]:
        texts = [f"{split} {i % 2}" for i in range(n)]
        table = pandas.DataFrame({"text": texts, "label": np.arange(n) % 2, "stars": 1})
        table.to_parquet(subset / f"imdb_{split}.parquet")
    before = sorted(tmp_path.rglob("*"))
    pairs = fetch_cifar10_imdb(data_home=tmp_path, download_if_missing=False)
    assert sorted(tmp_path.rglob("*")) == before
    assert pairs.split.tolist() == ["train"] * 4 + ["test"] * 2
    assert pairs.target.dtype == np.int64
    np.testing.assert_array_equal(pairs.data["image"][:, 5, 5, 1], pairs.target[:, 0])
    said = [f"{split} {label}" for split, label in zip(pairs.split, pairs.target[:, 1])]
    assert pairs.data["text"].tolist() == said


def test_arrays_that_are_pickles_are_not_loaded(published, tmp_path):
    objects = np.array([{"a": 1}], dtype=object)
    names = ["image_train", "y_train", "image_test", "y_test"]
    np.savez(tmp_path / "cifar10.npz", **dict.fromkeys(names, objects))
    with pytest.raises(OSError, match=r"cifar10\.npz cannot be read: ValueError. Remove the file"):
        fetch_cifar10_imdb(data_home=tmp_path)


@pytest.mark.parametrize("share", [0, 0.3, 0.9])
@pytest.mark.parametrize("name", ["cifar10.npz", "imdb.npz"])
def test_a_file_that_is_broken_is_named(published, tmp_path, name, share):
    fetch_cifar10_imdb(data_home=tmp_path)
    (path,) = tmp_path.rglob(name)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(OSError, match=f"{name} cannot be read: .*Remove the file"):
        fetch_cifar10_imdb(data_home=tmp_path)


def test_arrays_that_do_not_belong_together_are_named(published, tmp_path):
    images, labels = np.zeros((3, 32, 32, 3), np.uint8), np.zeros((2, 1), int)
    arrays = {"image_train": images, "y_train": labels, "image_test": images, "y_test": labels}
    np.savez(tmp_path / "cifar10.npz", **arrays)
    with pytest.raises(ValueError, match=r"cifar10\.npz holds arrays of \[3, 2\] rows"):
        fetch_cifar10_imdb(data_home=tmp_path)


def test_a_file_without_the_arrays_is_named(published, tmp_path):
    np.savez(tmp_path / "cifar10.npz", image_train=np.zeros(3))
    with pytest.raises(ValueError, match=r"cifar10\.npz holds no arrays .*y_train.*: remove the"):
        fetch_cifar10_imdb(data_home=tmp_path)


# Archives


def test_a_batch_reads_as_a_plain_unpickler_would_read_it():
    _, images, labels = next(draw_batches())
    content = python2_pickle(images, labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy 2 has moved what the pickle asks for
        plain = pickle.loads(content, encoding="bytes")
    found, found_labels = read_batch(content)
    np.testing.assert_array_equal(found, images)
    np.testing.assert_array_equal(found_labels, labels)
    np.testing.assert_array_equal(plain[b"data"], images.transpose(0, 3, 1, 2).reshape(-1, 3072))
    assert plain[b"labels"] == labels.tolist()


class Calls:
    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def file_that_a_batch_makes(path):
    """Return a batch that is all right but for the name of a file, which is a command."""
    _, images, labels = next(draw_batches())
    command = b"cposix\nsystem\n" + short(f"touch {path}".encode()) + b"\x85R"
    return python2_pickle(images, labels).replace(short(b"a.png"), command, 1)


def pickle_of(data):
    return pickle.dumps({b"data": data, b"labels": [1]}, protocol=4)


ATTACKS = {
    "a file name": (file_that_a_batch_makes, "posix.system"),
    "system": (lambda path: pickle_of(Calls(os.system, f"touch {path}")), "posix.system"),
    "eval": (lambda path: pickle_of(Calls(eval, f"open({str(path)!r}, 'w')")), "builtins.eval"),
    "open": (lambda path: pickle_of(Calls(open, str(path), "w")), "io.open"),
    "an array": (lambda path: pickle_of(np.zeros(2)), r"numpy\._core\.multiarray\._reconstruct"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_pickle_that_asks_for_more_is_refused_and_runs_nothing(name, tmp_path):
    attack, named = ATTACKS[name]
    path = tmp_path / "was_here"
    with pytest.raises(pickle.UnpicklingError, match=f"{named}, which no batch of CIFAR-10 needs"):
        read_batch(attack(path))
    assert not path.exists()


def test_the_attacks_would_work_on_a_plain_unpickler(tmp_path):
    path = tmp_path / "was_here"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pickle.loads(file_that_a_batch_makes(path), encoding="bytes")
    assert path.exists()


def test_an_array_of_anything_but_bytes_is_refused():
    _, images, labels = next(draw_batches())
    content = python2_pickle(images, labels).replace(short(b"u1"), short(b"O8"))
    with pytest.raises(pickle.UnpicklingError, match="dtype b'O8' in place of pixels"):
        read_batch(content)


def test_a_pickle_of_something_else_is_no_batch():
    for other in (["data"], {b"data": [1, 2], b"labels": [1]}):
        with pytest.raises(ValueError, match="no batch of CIFAR-10"):
            read_batch(pickle.dumps(other, protocol=4))


def test_a_hostile_archive_runs_nothing_and_leaves_nothing(monkeypatch, server, archives, tmp_path):
    path = tmp_path / "was_here"
    files = cifar_files() | {"cifar-10-batches-py/data_batch_2": file_that_a_batch_makes(path)}
    publish(monkeypatch, server, archives | {CIFAR: tar_gz(files)})
    with pytest.raises(pickle.UnpicklingError):
        fetch_cifar10_imdb(data_home=tmp_path)
    assert not path.exists()
    assert "cifar10.npz" not in names(tmp_path)


def test_members_that_lead_out_of_the_archive_are_not_followed(tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("secret")
    link = tarfile.TarInfo("aclImdb/train/pos/7_7.txt")
    link.type, link.linkname = tarfile.SYMTYPE, str(outside)
    files = imdb_files()
    files |= {"link": link, "../climbed.txt": b"up", str(tmp_path / "absolute.txt"): b"here"}
    files["aclImdb/train/pos/../../../../climbed.txt"] = b"up"
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    archive = folder / IMDB
    archive.write_bytes(tar_gz(files))
    before = names(tmp_path)
    assert len(read_imdb(archive)["train"][0]) == 26
    assert b"secret" not in dict(read_members(archive, lambda name: True)).values()
    assert names(tmp_path) == before


@pytest.mark.parametrize("prefix", ["", "./"])
def test_batches_and_reviews_are_in_order_whatever_that_of_the_archive(prefix, tmp_path):
    for name, files in [(CIFAR, cifar_files()), (IMDB, imdb_files())]:
        backwards = {f"{prefix}{key}": files[key] for key in reversed(files)}
        (tmp_path / name).write_bytes(tar_gz(backwards))
    images, _ = read_cifar10(tmp_path / CIFAR)["train"]
    assert images[:, 0, 0, 0].tolist() == list(range(20))
    texts, labels = read_imdb(tmp_path / IMDB)["train"]
    assert [text.split()[2] for text in texts] == [str(i) for i in range(13)] * 2
    assert labels.tolist() == [0] * 13 + [1] * 13


def test_an_archive_that_lacks_a_part_is_named(tmp_path):
    files = cifar_files()
    del files["cifar-10-batches-py/data_batch_3"]
    (tmp_path / CIFAR).write_bytes(tar_gz(files))
    with pytest.raises(ValueError, match=r"lacks \['cifar-10-batches-py/data_batch_3'\]"):
        read_cifar10(tmp_path / CIFAR)
    files = {name: text for name, text in imdb_files().items() if "test" not in name}
    (tmp_path / IMDB).write_bytes(tar_gz(files))
    with pytest.raises(ValueError, match=r"lacks reviews of \['test'\]"):
        read_imdb(tmp_path / IMDB)


def test_the_published_checksums_are_sha256_and_the_addresses_secure():
    for remote in _fetchers.ARCHIVES.values():
        assert len(bytes.fromhex(remote.sha256)) == 32
        assert remote.url.startswith("https://")
        assert remote.url.endswith(remote.filename)
