"""Data sets that are downloaded once, and then loaded from a cache folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from importlib import resources
from numbers import Integral, Real
from pathlib import Path
from typing import NamedTuple

import numpy as np
from filelock import FileLock  # a dependency of torch
from sklearn.datasets import get_data_home
from sklearn.utils import Bunch, check_random_state

from sklearn_crossmodal.data import MultiModalFrame
from sklearn_crossmodal.datasets._cifar10 import CLASS_NAMES, load_images, read_cifar10, save_images
from sklearn_crossmodal.datasets._download import RemoteFile, check_sha256, download
from sklearn_crossmodal.datasets._imdb import SENTIMENTS, load_reviews, read_imdb, save_reviews
from sklearn_crossmodal.utils import import_optional
from sklearn_crossmodal.utils._sklearn import Interval, StrOptions, validate_params

__all__ = ["fetch_cifar10_imdb"]

FOLDER = "cifar10_imdb"

#: The downloaded archives, by modality.
ARCHIVES = {
    "image": RemoteFile(
        "cifar-10-python.tar.gz",
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    ),
    "text": RemoteFile(
        "aclImdb_v1.tar.gz",
        "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
        "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
    ),
}


class _Source(NamedTuple):
    """Functions that read the archive of a modality, and save and load its arrays."""

    read: Callable
    save: Callable
    load: Callable


_SOURCES = {
    "image": _Source(read_cifar10, save_images, load_images),
    "text": _Source(read_imdb, save_reviews, load_reviews),
}


@validate_params(
    {
        "data_home": [str, os.PathLike, None],
        "split": [StrOptions({"train", "test"}), None],
        "download_if_missing": ["boolean"],
        "random_state": ["random_state"],
        "as_frame": ["boolean"],
        "return_X_y": ["boolean"],
        "n_retries": [Interval(Integral, 0, None, closed="left")],
        "delay": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def fetch_cifar10_imdb(
    *,
    data_home=None,
    split=None,
    download_if_missing=True,
    random_state=0,
    as_frame=False,
    return_X_y=False,
    n_retries=3,
    delay=1.0,
    verbose=0,
):
    """Load CIFAR-10 images and IMDB reviews, paired at random (classification of each).

    Two independent data sets [1]_, [2]_, to demonstrate a network with two inputs. Each split of
    each set is shuffled with `random_state`, and the k-th image is paired with the k-th review, up
    to the length of the shorter set. **A pair contains no information**: image and review are
    independent, so neither can be predicted from the other better than by chance.

    =================   ======================================
    Classes             10 of images, 2 of reviews
    Samples total       35 000 (25 000 train, 10 000 test)
    Modalities          ``image``, ``text``
    =================   ======================================

    The archives, 170 MB and 84 MB, are downloaded if needed, and converted once. Later calls load
    the arrays in the folder ``cifar10_imdb`` of `data_home`, 250 MB.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder of data sets; None means that of scikit-learn, see
        :func:`sklearn.datasets.get_data_home`. It, or its folder ``cifar10_imdb``, may contain the
        archives ``cifar-10-python.tar.gz`` and ``aclImdb_v1.tar.gz``. Instead of these it may
        contain a subset of the data: ``cifar10.npz`` with arrays ``image_train``, ``y_train``,
        ``image_test``, ``y_test``, and ``imdb_train.parquet`` and ``imdb_test.parquet`` with
        columns ``text`` and ``label``.
    split : {"train", "test"}, default=None
        The rows to load; None loads all of them, those of train first. Pairs are within a split.
    download_if_missing : bool, default=True
        If False, raise an OSError if a file is missing, instead of downloading it.
    random_state : int, RandomState instance or None, default=0
        Seed of the pairing and the order. Pass an int for the same pairs in each call.
    as_frame : bool, default=False
        If True, `data` and `target` are pandas DataFrames.
    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.
    n_retries : int, default=3
        Number of retries after an interrupted download. A retry, like the next call, resumes the
        download if the server supports it.
    delay : float, default=1.0
        Seconds between retries.
    verbose : int, default=0
        Above 0, show a progress bar.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes.

        data : MultiModalFrame or DataFrame of shape (n_samples, 2)
            ``image``: RGB pixels from 0 to 255, uint8 of shape (n_samples, 32, 32, 3), in a
            DataFrame a `ModalityArray`. ``text``: one str per sample, line breaks as ``<br />``.
        target : ndarray or DataFrame of shape (n_samples, 2), int
            The class of each image, 0 to 9, and the sentiment of each review, 0 or 1.
        target_names : dict of str to ndarray
            ``image_class`` and ``sentiment``, the columns of `target`, with the names of classes.
        feature_names : list of str
            The two modalities.
        frame : DataFrame of shape (n_samples, 4) or None
            `data` and `target` in one table. Only present when `as_frame=True`.
        split : ndarray of shape (n_samples,), str
            "train" or "test".
        DESCR : str
            The full description.

    (data, target) : tuple if `return_X_y` is True
        `data` and `target` as described above.

    Raises
    ------
    OSError
        If a file is missing and `download_if_missing` is False, if it cannot be downloaded, or if
        its checksum is wrong. For a failed download a note explains how to download by hand.
    ImportError
        If `as_frame=True` or the reviews are in parquet, and pandas is not installed.

    See Also
    --------
    load_emoji : Matching images and texts, bundled with the package.

    Notes
    -----
    Archives are read in memory, without extracting files. From the pickles of CIFAR-10 only dicts,
    lists, numbers, strings and arrays of bytes are loaded.

    References
    ----------
    .. [1] A. Krizhevsky (2009). "Learning multiple layers of features from tiny images". Technical
           report, University of Toronto.
    .. [2] A. L. Maas et al. (2011). "Learning word vectors for sentiment analysis". ACL, 142-150.
           https://aclanthology.org/P11-1015

    Examples
    --------
    >>> from sklearn_crossmodal.datasets import fetch_cifar10_imdb
    >>> X, y = fetch_cifar10_imdb(split="train", return_X_y=True)  # doctest: +SKIP
    >>> X["image"].shape, X["text"].shape, y.shape  # doctest: +SKIP
    ((25000, 32, 32, 3), (25000,), (25000, 2))

    Without a download, the error names the missing file:

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     fetch_cifar10_imdb(data_home=folder, download_if_missing=False)
    Traceback (most recent call last):
    ...
    OSError: cifar-10-python.tar.gz is not in ..., and download_if_missing is False. ...
    """
    home = Path(get_data_home(data_home))
    fetch = partial(download, n_retries=n_retries, delay=delay, verbose=verbose)
    sets = [_splits_of(one, home, fetch if download_if_missing else None) for one in ARCHIVES]
    rows = _pairs(sets, check_random_state(random_state))
    kept = list(rows) if split is None else [split]
    (images, classes), (texts, sentiments) = _take(sets, {name: rows[name] for name in kept})

    data = MultiModalFrame({"image": images, "text": texts})
    target = np.column_stack([classes, sentiments]).astype(np.int64)
    target_names = {"image_class": np.array(CLASS_NAMES), "sentiment": np.array(SENTIMENTS)}
    frame = None
    if as_frame:
        pandas = import_optional("pandas", extra="dataframes", purpose="as_frame=True")
        data, target = data.to_pandas(), pandas.DataFrame(target, columns=list(target_names))
        frame = pandas.concat([data, target], axis=1)
    if return_X_y:
        return data, target
    description = resources.files("sklearn_crossmodal.datasets").joinpath("data/cifar10_imdb.rst")
    return Bunch(
        data=data,
        target=target,
        target_names=target_names,
        feature_names=["image", "text"],
        frame=frame,
        split=np.repeat(kept, [len(rows[name][0]) for name in kept]),
        DESCR=description.read_text(encoding="utf-8"),
    )


def _pairs(sets, rng):
    """Return, for each split, the shuffled rows of each set: rows at the same place are a pair."""
    rows = {}
    for name in ("train", "test"):
        lengths = [len(labels) for _, labels in (splits[name] for splits in sets)]
        rows[name] = [rng.permutation(length)[: min(lengths)] for length in lengths]
    return rows


def _take(sets, rows):
    """Yield, for each set, the values and labels of these rows of the splits."""
    for place, splits in enumerate(sets):
        taken = [[column[order[place]] for column in splits[name]] for name, order in rows.items()]
        yield tuple(map(np.concatenate, zip(*taken, strict=True)))


def _splits_of(modality, home, fetch):
    """Return the splits of one set, from its arrays if they exist, else from its archive."""
    remote, source = ARCHIVES[modality], _SOURCES[modality]
    folders = [home / FOLDER, home]
    for folder in folders:
        if (splits := source.load(folder)) is not None:
            return splits
    paths = [folder / remote.filename for folder in folders]
    archive = next((path for path in paths if path.exists()), None)
    if archive is None and fetch is None:
        raise OSError(
            f"{remote.filename} is not in {home}, and download_if_missing is False. Set it to "
            f"True, or download {remote.url} by hand into {home}."
        )
    folder = home / FOLDER
    folder.mkdir(exist_ok=True)
    with FileLock(folder / f"{remote.filename}.lock"):
        if source.load(folder) is None:  # None unless another process has saved it
            _make_arrays(remote, source, archive, folder, fetch)
        return source.load(folder)


def _make_arrays(remote, source, archive, folder, fetch):
    """Convert an archive to arrays, and remove the archive if it was downloaded here."""
    if archive is not None:
        check_sha256(archive, remote)
        source.save(folder, source.read(archive))
        return
    archive = fetch(remote, folder)
    source.save(folder, source.read(archive))
    archive.unlink()
